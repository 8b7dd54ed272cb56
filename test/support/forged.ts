// Bundles whose tables were changed by somebody who knows how to write their checksums: what is read of them has to be a trace, or be
// refused with words.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Random } from '../../src/base/random.js';
import { UserError } from '../../src/model/issue.js';
import { writeBundle } from '../../src/trace/bundle.js';
import { readBundle } from '../../src/trace/bundle-reader.js';
import { ingest } from '../../src/trace/ingest.js';
import { writeNdjson } from '../../src/trace/ndjson-writer.js';
import { mutated, type Recording } from './mutations.js';

/** Counts and offsets that readers loop over or fall out of their memory with. */
const WORDS = [0, 1, -1, 2, 7, 8, 64, 255, 65_536, 2 ** 24, 2 ** 30, 2 ** 31 - 1, -(2 ** 31)];
/** What libraries say, or the engine. */
export const LEAKS =
  /undefined|Cannot read|Cannot convert|is not a function|is not iterable|Invalid|out of bounds|\bNaN\b/;

/** The same bytes with a few numbers in their places that are something else. */
export function forged(bytes: Buffer, random: Random): Buffer {
  if (random.below(3) === 0) return mutated(bytes, random);
  const out = Buffer.from(bytes);
  for (let left = 1 + random.below(3); left > 0; left--) {
    const at = 4 * random.below(Math.floor(out.length / 4) || 1);
    if (at + 4 > out.length) continue;
    const known = out.readInt32LE(at);
    const value = random.below(3) === 0 ? known + 4 * (random.below(9) - 4) : WORDS[random.below(WORDS.length)]!;
    out.writeInt32LE(value | 0, at);
  }
  return out;
}

/** Puts a table into a bundle, with the checksum it should have. */
export function putTable(bundle: string, file: string, bytes: Buffer): void {
  writeFileSync(join(bundle, file), bytes);
  const sums = JSON.parse(readFileSync(join(bundle, 'checksums.json'), 'utf8')) as Record<string, number>;
  writeFileSync(join(bundle, 'checksums.json'), JSON.stringify({ ...sums, [file]: crc32(bytes) }));
}

export const tablesOf = (bundle: string): string[] =>
  readdirSync(bundle)
    .filter((name) => name.endsWith('.arrow'))
    .sort();

/** What is wrong with how a bundle is read; empty where nothing is. */
export function troubleIn(bundle: string): string {
  try {
    for (const text of writeNdjson(readBundle(bundle))) if (text.length < 0) return text;
    return '';
  } catch (error) {
    if (!(error instanceof UserError)) return error instanceof Error ? (error.stack ?? error.message) : String(error);
    return LEAKS.test(error.message) ? error.message : '';
  }
}

/** The same of the bundle of a recording, one of whose tables is forged. */
export async function troubleForged({ bytes }: Recording, random: Random, folder: string): Promise<string> {
  const input = join(folder, 'whole');
  const bundle = join(folder, 'forged.sealtrace');
  writeFileSync(input, bytes);
  try {
    writeBundle((await ingest([input])).trace, bundle);
  } catch (error) {
    if (error instanceof UserError) return '';
    throw error;
  }
  const tables = tablesOf(bundle);
  const file = tables[random.below(tables.length)]!;
  putTable(bundle, file, forged(readFileSync(join(bundle, file)), random));
  const found = troubleIn(bundle);
  return found === '' ? '' : `${file}: ${found}`;
}
