// perf.data is read block by block into memory that is used again as soon as no record in it waits: every record must still
// be what it was when it is delivered.
import { expect, test } from 'vitest';
import type { PerfFile } from '../../src/formats/perf-file.js';
import { Kind } from '../../src/formats/perf-kinds.js';
import { PerfQueue } from '../../src/formats/perf-queue.js';
import { PerfStream } from '../../src/formats/perf-stream.js';

const SIZE = 64;
const RECORDS = 120_000;
/** Of each round, a half comes late: in the order of perf's buffers, one CPU behind the other. */
const ROUND = 30_000;
const STEP_NS = 1000;

test('records that wait over several blocks are delivered as they are', () => {
  const bytes = recording();
  const offered = new Set<Uint8Array>();
  let again = 0;
  const file = {
    size: bytes.length,
    read(offset: number, length: number, memory?: Uint8Array): Uint8Array {
      const found = bytes.subarray(offset, offset + length);
      if (memory === undefined) return found;
      if (offered.has(memory)) again++;
      offered.add(memory);
      // Nothing is left of what was read before.
      memory.fill(0xff);
      memory.set(found);
      return memory.subarray(0, found.length);
    },
  };
  const delivered: number[] = [];
  const wrong: number[] = [];
  const queue = new PerfQueue((kind, { view }, from, to) => {
    const { time } = queue;
    const ends = view.getFloat64(from + 8, true) === time && view.getFloat64(to - 8, true) === time;
    if (kind !== Kind.sample || to - from !== SIZE || !ends) wrong.push(time);
    delivered.push(time);
  });
  const perf = { dataAt: 0, dataEnd: bytes.length, little: true } as unknown as PerfFile;
  new PerfStream(file, perf, {
    record: (kind, block, view, from, to) => queue.add(view.getFloat64(from + 8, true), kind, block, view, from, to),
    round: () => queue.round(),
    holds: (block) => queue.holds(block),
  }).run();
  queue.end();
  expect(wrong).toEqual([]);
  expect(delivered).toEqual(Array.from({ length: RECORDS }, (_, i) => i * STEP_NS));
  expect(again).toBeGreaterThan(0);
});

/** Samples that hold their time at their beginning and at their end, and the ends of rounds. */
function recording(): Uint8Array {
  const rounds = RECORDS / ROUND;
  const bytes = new Uint8Array(RECORDS * SIZE + rounds * 8);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < ROUND; i++) {
      const time = STEP_NS * (round * ROUND + (i < ROUND / 2 ? 2 * i : 2 * i - ROUND + 1));
      view.setUint32(at, Kind.sample, true);
      view.setUint16(at + 6, SIZE, true);
      view.setFloat64(at + 8, time, true);
      view.setFloat64(at + SIZE - 8, time, true);
      at += SIZE;
    }
    view.setUint32(at, Kind.finishedRound, true);
    view.setUint16(at + 6, 8, true);
    at += 8;
  }
  return bytes;
}

/** What a queue delivers of records of these times and texts; `-` ends a round. */
function orderOf(...records: readonly string[]) {
  const found: string[] = [];
  const queue = new PerfQueue(
    (kind, { bytes }, from, to) =>
      found.push(`${new TextDecoder().decode(bytes.subarray(from, to))}${kind === Kind.again ? ' again' : ''}`),
    null,
    () => true,
  );
  for (const record of records) {
    if (record === '-') queue.round();
    else {
      const bytes = new TextEncoder().encode(record);
      queue.add(Number.parseInt(record, 10), Kind.sample, bytes, new DataView(bytes.buffer), 0, bytes.length);
    }
  }
  queue.end();
  return { found, late: queue.late, doubled: queue.doubled };
}

test('a record that was stamped and not written yet while two short rounds went by stands where its time says', () => {
  const records = [
    '9380000 a',
    '-',
    '9400000 b',
    '-',
    '9420000 c',
    '-',
    '9440000 d',
    '-',
    '9376000 e',
    '-',
    '9500000 f',
  ];
  expect(orderOf(...records)).toEqual({
    found: ['9376000 e', '9380000 a', '9400000 b', '9420000 c', '9440000 d', '9500000 f'],
    late: 0,
    doubled: 0,
  });
});

test('what the recorder wrote twice is told to be the record before; another of the same time is not', () => {
  const records = ['9380000 a', '9390000 b', '9380000 a', '9390000 b', '9390000 c', '-', '9400000 a'];
  expect(orderOf(...records)).toMatchObject({
    found: ['9380000 a', '9380000 a again', '9390000 b', '9390000 b again', '9390000 c', '9400000 a'],
    doubled: 2,
  });
});
