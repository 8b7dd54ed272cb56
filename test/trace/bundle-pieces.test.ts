// Pieces of a bundle: each is as it was written until the next is asked for, whoever else reads, and in memory that is used again.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Flag } from '../../src/model/events.js';
import type { Trace } from '../../src/model/trace.js';
import { BATCH_ROWS } from '../../src/trace/arrow-table.js';
import { writeBundle } from '../../src/trace/bundle.js';
import { openBundle } from '../../src/trace/bundle-reader.js';
import { newBuilder } from './support.js';

/** Five batches; the second begins with the other half of an operation. */
const ROWS = 4 * BATCH_ROWS + 100;
let folder: string;
let trace: Trace;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sealtrace-pieces-'));
  const builder = newBuilder();
  const { events, records } = builder.startSource('long.txt', 'test', 1);
  for (let i = 0; i < ROWS; i++) {
    events.timeNs = i;
    events.opId = i === BATCH_ROWS ? i : i + 1;
    events.flags = i === BATCH_ROWS ? Flag.second : 0;
    events.offset = i * 3;
    events.row = i + 1;
    events.commit();
    Object.assign(records, { kind: records.kindId('k', false), timeNs: i, cpu: i % 7, row: i + 1 }).commit();
  }
  trace = builder.finish();
  writeBundle(trace, join(folder, 'x.sealtrace'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Columns = Trace['columns'] | Trace['records'];

/** Is every column of the piece that of the trace from row `first` on? */
function isFrom(piece: Columns, whole: Columns, first: number): boolean {
  return Object.entries(piece).every(([name, column]: [string, number | Uint8Array]) => {
    const expected = (whole as unknown as Record<string, Uint8Array>)[name]!;
    return typeof column === 'number' || column.every((value, i) => value === expected[first + i]);
  });
}

test('readers in turns', () => {
  const parts = openBundle(join(folder, 'x.sealtrace'));
  const inner = (): number => {
    let rows = 0;
    for (const piece of parts.batches()) {
      expect(isFrom(piece, trace.columns, rows)).toBe(true);
      rows += piece.rows;
    }
    return rows;
  };
  let rows = 0;
  for (const piece of parts.batches()) {
    // Another one reads meanwhile, beside the last piece as well.
    expect(inner()).toBe(ROWS);
    expect(isFrom(piece, trace.columns, rows)).toBe(true);
    rows += piece.rows;
  }
  expect(rows).toBe(ROWS);
  rows = 0;
  for (const piece of parts.records()) {
    expect(isFrom(piece, trace.records, rows)).toBe(true);
    rows += piece.rows;
  }
  expect(rows).toBe(ROWS);
});

test('memory is used again', () => {
  const parts = openBundle(join(folder, 'x.sealtrace'));
  const memories = new Set<ArrayBufferLike>();
  const passes = 3;
  for (let pass = 0; pass < passes; pass++) for (const { offset } of parts.batches()) memories.add(offset.buffer);
  // Two in turns, and in each pass one for the batch that the halves of the operation are joined in.
  expect(memories.size).toBe(2 + passes);
});
