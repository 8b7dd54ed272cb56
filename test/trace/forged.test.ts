// Bundles are input like any other: a table that fits its checksum may still be anything; more of them: npm run soak:formats.
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RecordBatch, Schema, Table, tableFromIPC, tableToIPC } from 'apache-arrow';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Random } from '../../src/base/random.js';
import { writeBundle } from '../../src/trace/bundle.js';
import { readBundle } from '../../src/trace/bundle-reader.js';
import { ingest } from '../../src/trace/ingest.js';
import { forged, putTable, tablesOf, troubleIn } from '../support/forged.js';

const RUNS = 60;
/** Words of the metadata of a table that is otherwise sound. */
const COUNTS = [0x7fff_ffff, -1];
const HANG_MS = 10_000;
let folder: string;
let whole: string;
let work: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sealtrace-forged-'));
  whole = join(folder, 'whole.sealtrace');
  work = join(folder, 'work.sealtrace');
  const recording = join(import.meta.dirname, '..', '..', 'traces', 'ftrace', 'xfs-movers.report.txt.gz');
  writeBundle((await ingest([recording])).trace, whole);
  cpSync(whole, work, { recursive: true });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Reads the bundle with another table in it, and puts the table back. */
function troubleOf(file: string, bytes: Buffer): string {
  putTable(work, file, bytes);
  const began = performance.now();
  const found = troubleIn(work);
  const took = performance.now() - began;
  putTable(work, file, readFileSync(join(whole, file)));
  return found === '' && took > HANG_MS ? `it took ${took} ms` : found;
}

test('a count in the directory or in a message that the bytes cannot hold', () => {
  const found: string[] = [];
  // Of records the schema and the dictionary, which stand first.
  for (const [file, most] of [
    ['lost.arrow', Number.POSITIVE_INFINITY],
    ['records.arrow', 3000],
  ] as const) {
    const bytes = readFileSync(join(whole, file));
    for (let at = 8; at + 4 <= Math.min(bytes.length, most); at += 4)
      for (const count of COUNTS) {
        // Values of columns may be what they are.
        if (bytes.readInt32LE(at) > 512 || bytes.readInt32LE(at) < 1) continue;
        const damaged = Buffer.from(bytes);
        damaged.writeInt32LE(count, at);
        const wrong = troubleOf(file, damaged);
        if (wrong !== '') found.push(`${file} at ${at}: ${wrong}`);
      }
  }
  expect(found).toEqual([]);
}, 120_000);

test('a table that does not say how many rows it has', () => {
  const bytes = readFileSync(join(whole, 'records.arrow'));
  const renamed = Buffer.from(bytes);
  renamed.write('Rows', bytes.indexOf('rows'));
  putTable(work, 'records.arrow', renamed);
  expect(() => readBundle(work)).toThrow(
    'its "rows" is "missing"; expected a whole number; ingest the recording again',
  );
  putTable(work, 'records.arrow', bytes);
});

const SILLY = [
  'null',
  '3',
  '"x"',
  '[null]',
  '[[{}]]',
  '{"a":null}',
  '-1',
  'x',
  '9007199254740993',
  '[{"offsetNs":"x"}]',
];

test('JSON beside the columns that is something else', () => {
  const found: string[] = [];
  for (const file of tablesOf(whole)) {
    const { schema, batches } = tableFromIPC(readFileSync(join(whole, file)));
    for (const key of schema.metadata.keys())
      for (const silly of SILLY) {
        const other = new Schema(schema.fields, new Map([...schema.metadata, [key, silly]]), schema.dictionaries);
        const table = new Table(other, ...batches.map(({ data }) => new RecordBatch(other, data)));
        const wrong = troubleOf(file, Buffer.from(tableToIPC(table, 'file')));
        if (wrong !== '') found.push(`${file}: ${key} ${silly}: ${wrong}`);
      }
  }
  expect(found).toEqual([]);
}, 120_000);

test(`${RUNS} changes of each table at random`, () => {
  const random = new Random(20_261_130);
  const found: string[] = [];
  for (const file of tablesOf(whole))
    for (let run = 0; run < RUNS; run++) {
      const wrong = troubleOf(file, forged(readFileSync(join(whole, file)), random));
      if (wrong !== '') found.push(`${file}, ${run}: ${wrong}`);
    }
  expect(found).toEqual([]);
  expect(readBundle(work).columns.rows).toBe(readBundle(whole).columns.rows);
}, 240_000);
