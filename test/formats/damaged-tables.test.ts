// Damage of every kind to block traces, logs and tables: nothing throws, hangs or grows, and what was valid is kept.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import * as registry from '../../src/formats/index.js';
import { parseMap } from '../../src/formats/table-columns.js';
import { UserError } from '../../src/model/issue.js';
import type { Format } from '../../src/model/trace.js';
import { STACK, sealtrace } from '../cli/support.js';
import { LEAKS } from '../support/forged.js';
import { bundledFile, facts, type ReadResult, readFormat } from '../support/read-format.js';

const { arrow, arrowStream, blkparse, blktrace, csv, fioIolog, ndjsonTable, parquet } = registry;
const publicFolder = join(import.meta.dirname, '..', '..', '..', 'shared', 'traces', 'public');

const SMALL: readonly (readonly [name: string, format: Format, bytes: Uint8Array])[] = [
  ['blktrace', blktrace, bundledFile('blktrace/loop-ext4.blktrace.gz').subarray(0, 1200)],
  ['blkparse', blkparse, bundledFile('blktrace/loop-ext4.blkparse.txt.gz').subarray(0, 1200)],
  ['fio-iolog', fioIolog, bundledFile('fio/two-files-v3.iolog')],
  ['csv', csv, bundledFile('tables/requests.csv')],
  ['ndjson-table', ndjsonTable, bundledFile('tables/requests.ndjson')],
  ['arrow', arrow, bundledFile('tables/requests.arrow')],
  ['arrow with lz4', arrow, bundledFile('tables/requests-lz4.arrow')],
  ['arrow-stream with zstd', arrowStream, bundledFile('tables/requests-zstd.arrows')],
  ['parquet', parquet, bundledFile('tables/requests.parquet')],
];

/** Far more than any of these takes on a busy machine, far less than a loop over a false count. */
const HANG_MS = 10_000;

describe('cut at every byte', () => {
  test.each(SMALL)('%s', async (_, format, bytes) => {
    const whole = facts((await readFormat(format, bytes)).trace).length;
    let most = 0;
    for (let length = 0; length < bytes.length; length++) {
      const { trace, intact } = await readFormat(format, bytes.subarray(0, length));
      const { records } = trace.sources[0]!;
      expect(records).toBeLessThanOrEqual(bytes.length / 10);
      expect(trace.columns.rows).toBeLessThanOrEqual(whole);
      // Damage is told, and told with a reason.
      if (intact[0] !== true) expect(trace.issues.length).toBeGreaterThan(0);
      most = Math.max(most, trace.columns.rows);
    }
    // A directory at the end is needed for anything at all; what is read front to back loses its last row at most.
    expect(most).toBeGreaterThanOrEqual(format === parquet || format === arrow ? 0 : whole - 1);
  });
});

test('a number of another type in the header of a Parquet page is told in words', async () => {
  const bytes = Buffer.from(bundledFile('tables/requests.parquet'));
  // Behind the magic the first page says its type; a boolean instead shifts what follows.
  bytes[4] = 0x11;
  const { trace } = await readFormat(parquet, bytes);
  expect(trace.issues[0]!.text).toContain('a page claims no number of the 126 bytes left of its column');
});

/** Small, fast, seeded (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe('wrong bytes anywhere', () => {
  test.each(SMALL)('%s', async (_, format, bytes) => {
    const random = randomOf(7);
    for (let i = 0; i < 200; i++) {
      const damaged = bytes.slice();
      for (let n = 0; n < 1 + (i % 4); n++) damaged[Math.floor(random() * damaged.length)] = Math.floor(random() * 256);
      const began = performance.now();
      const { trace } = await readFormat(format, damaged);
      expect(performance.now() - began).toBeLessThan(HANG_MS);
      expect(trace.sources[0]!.records).toBeLessThanOrEqual(bytes.length);
      // What a library meets with is told in words of ours.
      for (const { text } of trace.issues) expect(text).not.toMatch(LEAKS);
    }
  });
});

function filesUnder(path: string): string[] {
  const folder = join(publicFolder, path);
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((name) => statSync(name).isFile());
}

const hasPublic = existsSync(join(publicFolder, 'arrow-ipc-fuzz'));
describe.skipIf(!hasPublic)('public damaged files (SKIPPED: ../shared/traces/public is missing)', () => {
  test.each([
    ['arrow-ipc-fuzz', 83],
    ['csv-fuzz', 5],
    ['parquet-bad', 6],
  ])('%s: a clean error each', async (folder, count) => {
    const paths = filesUnder(folder).filter((path) => !path.endsWith('.gitattributes'));
    expect(paths).toHaveLength(count);
    for (const path of paths) {
      const { code, err } = await sealtrace(['inspect', path]);
      expect([path, code]).toEqual([path, 3]);
      expect(err).toMatch(/expected /);
      expect(err).not.toMatch(STACK);
    }
  });

  test('the same when a map makes the damaged batches be read', async () => {
    const options = { columns: parseMap('time=1,op=1,off=1') };
    for (const path of [...filesUnder('arrow-ipc-fuzz'), ...filesUnder('parquet-bad'), ...filesUnder('csv-fuzz')]) {
      const bytes = new Uint8Array(readFileSync(path));
      const found = Object.values(registry).find((format) => format.sniff(bytes.subarray(0, 4096)));
      const began = performance.now();
      const read = await readFormat(found ?? csv, bytes, options).catch((error: unknown) => error);
      expect(performance.now() - began).toBeLessThan(HANG_MS);
      // A schema without any column leaves the map without what it names.
      if (read instanceof Error) expect(read).toBeInstanceOf(UserError);
      else expect((read as ReadResult).trace.sources[0]!.records).toBeLessThanOrEqual(bytes.length * 8);
    }
  });
});
