// Recordings that were damaged at random, the same ones for the same seed: what is read of them has to be a trace that can be written
// and read again, or be refused with words. Whatever else is thrown is a defect.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Random } from '../../src/base/random.js';
import { UserError } from '../../src/model/issue.js';
import type { Trace } from '../../src/model/trace.js';
import { writeBundleParts } from '../../src/trace/bundle.js';
import { readBundle } from '../../src/trace/bundle-reader.js';
import { type IngestOptions, ingestParts } from '../../src/trace/ingest.js';
import { writeNdjson } from '../../src/trace/ndjson-writer.js';

export interface Recording {
  readonly name: string;
  readonly bytes: Buffer;
}

const NO_RECORDING = /\.(md|sh|c|py|bt|json)$/;

/** All recordings below a folder that are of at most so many bytes, unpacked. */
export function recordingsIn(folder: string, most: number): Recording[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !NO_RECORDING.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => ({ name: relative(folder, path), bytes: unpacked(path) }))
    .filter(({ bytes }) => bytes.length > 0 && bytes.length <= most);
}

function unpacked(path: string): Buffer {
  const bytes = readFileSync(path);
  return path.endsWith('.gz') ? gunzipSync(bytes) : bytes;
}

const SIGNS = '0123456789-.<>[](){}",:= \n\t';
const MOST_CHANGES = 6;

/** The same bytes after a few changes: some are other ones, some are gone, some are there twice. */
export function mutated(bytes: Buffer, random: Random): Buffer {
  let out = Buffer.from(bytes);
  for (let left = 1 + random.below(MOST_CHANGES); left > 0 && out.length > 0; left--) {
    const at = random.below(out.length);
    const kind = random.below(6);
    if (kind === 0) out[at] = random.below(256);
    else if (kind === 1) out[at]! ^= 1 << random.below(8);
    else if (kind === 2) out.fill(random.below(2) * 255, at, Math.min(out.length, at + 1 + random.below(16)));
    else if (kind === 3) out = Buffer.concat([out.subarray(0, at), out.subarray(at + random.below(200))]);
    else if (kind === 4) {
      const from = random.below(out.length);
      out = Buffer.concat([out.subarray(0, at), out.subarray(from, from + random.below(300)), out.subarray(at)]);
    } else
      for (let i = at; i < Math.min(out.length, at + 12); i++) out[i] = SIGNS.charCodeAt(random.below(SIGNS.length));
  }
  return out;
}

const RUNS_OF = [...` \t01aA-_.:=,()[]{}<>"\\/+|#`, '1 ', 'a ', '- ', '1.', ', ', 'a=', '<1', '\\"', '" ', ' [0', '0x'];
const FIRST_BYTES = 20_000;

/** With as many bytes of one or two characters put in near the beginning: a pattern that is tried in each place of them never ends. */
export function stretched(bytes: Buffer, length: number, random: Random): Buffer {
  const unit = RUNS_OF[random.below(RUNS_OF.length)]!;
  const at = random.below(Math.min(bytes.length, FIRST_BYTES));
  return Buffer.concat([bytes.subarray(0, at), Buffer.from(unit.repeat(length / unit.length)), bytes.subarray(at)]);
}

/** What is wrong with how the bytes are read; empty where nothing is. `folder` is for what is written. */
export async function trouble(bytes: Buffer, folder: string): Promise<string> {
  const input = join(folder, 'damaged');
  writeFileSync(input, bytes);
  return troubleWith([input], {}, folder);
}

/** The same of recordings that are joined, or read with more than their bytes. */
export async function troubleWith(inputs: readonly string[], options: IngestOptions, folder: string): Promise<string> {
  const bundle = join(folder, 'damaged.sealtrace');
  try {
    const { parts, close } = await ingestParts(inputs, { ...options, scratch: folder });
    try {
      writeBundleParts(parts, bundle);
    } finally {
      close();
    }
  } catch (error) {
    return error instanceof UserError ? '' : said(error);
  }
  try {
    return oddLine(readBundle(bundle));
  } catch (error) {
    return `its bundle is not read: ${said(error)}`;
  }
}

/** Of the plain form, the first line that is no JSON, or in which a number is none. */
function oddLine(trace: Trace): string {
  for (const text of writeNdjson(trace))
    for (const line of text.split('\n')) {
      if (line === '') continue;
      const { off, len, size, ns } = JSON.parse(line) as Readonly<Record<string, number | null>>;
      if ([off, len, size, ns].some((value) => (value ?? 0) < 0) || /"dev":"NaN|"ino":"NaN/.test(line)) return line;
    }
  return '';
}

const said = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error));
