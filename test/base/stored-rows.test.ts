// Rows and numbers that are kept partly in memory and partly in a file, against plain arrays.

import { describe, expect, it } from 'vitest';
import { ColumnLog } from '../../src/base/column-log.js';
import { PagedNumbers } from '../../src/base/paged-numbers.js';
import { SortedLog } from '../../src/base/sorted-log.js';
import { Spill } from '../../src/trace/spill.js';
import fc from '../support/fast-check.js';

const SHAPE = { timeNs: Float64Array, id: Uint32Array, small: Int16Array, bits: Uint8Array };

/** Nothing stays in memory. */
const onDisk = (): Spill => new Spill(undefined, 0);

/** How many blocks were asked for. */
class CountingStore extends Spill {
  gets = 0;

  override get(place: number, into: Uint8Array): void {
    this.gets++;
    super.get(place, into);
  }
}

interface Row {
  readonly timeNs: number;
  readonly id: number;
}

function added(log: SortedLog<typeof SHAPE>, rows: readonly Row[]): void {
  for (const { timeNs, id } of rows) {
    const i = log.add();
    log.at.timeNs[i] = timeNs;
    log.at.id[i] = id;
    log.at.small[i] = -(id % 30_000);
    log.at.bits[i] = id % 2;
  }
}

interface Run {
  readonly rows: number;
  readonly from: number;
  readonly step: number;
  readonly back: number;
  /** One of so many rows comes as late as a row can. */
  readonly lateOf: number;
}

/** Rising times, a little out of order and some of them much too late. */
const timesOf = ({ rows, from, step, back, lateOf }: Run): readonly number[] =>
  Array.from(
    { length: rows },
    (_, i) => from + (i % lateOf === lateOf - 1 ? i % 11 : i * step - (i % 7 === 0 ? back : 0)),
  );

/** Such runs one after the other: what assembly writes. */
const runs = fc
  .array(
    fc.record({
      rows: fc.nat(60_000),
      from: fc.nat(50_000),
      step: fc.nat(3),
      back: fc.nat(40),
      lateOf: fc.constantFrom(2, 3, 50, 5000, 1e9),
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map((shapes) => shapes.flatMap(timesOf))
  .map((times) => times.map((timeNs, id): Row => ({ timeNs, id })));

describe('SortedLog', () => {
  it('gives what a stable sort gives, in batches that keep pairs together', () => {
    fc.assert(
      fc.property(runs, fc.integer({ min: 1, max: 70_000 }), (rows, most) => {
        const store = onDisk();
        const log = new SortedLog(SHAPE, store);
        added(log, rows);
        expect(log.length).toBe(rows.length);
        const expected = [...rows].sort((a, b) => a.timeNs - b.timeNs || a.id - b.id);
        for (const _ of [1, 2]) {
          let next = 0;
          let wrong = 0;
          for (const { rows: count, at } of log.batches(most, (columns, row) => columns.bits[row] === 1)) {
            if (rows.length > 0 && at.bits[0] === 1 && next > 0) wrong++;
            for (let i = 0; i < count; i++) {
              const { timeNs, id } = expected[next++]!;
              if (at.timeNs[i] !== timeNs || at.id[i] !== id || at.small[i] !== -(id % 30_000)) wrong++;
            }
            // A batch is its reader's.
            at.timeNs.fill(-1);
          }
          expect([next, wrong]).toEqual([rows.length, 0]);
        }
        store.close();
      }),
      { numRuns: 25 },
    );
  });

  it.each([
    ['a little out of order', 1e9],
    ['some much too late', 100],
    ['many much too late', 2],
  ])('tells where rows went and where they come from: %s', (_, lateOf) => {
    const times = timesOf({ rows: 90_000, from: 0, step: 1, back: 9, lateOf });
    const numbers = new Map<number, number>();
    const log = new SortedLog(SHAPE, onDisk(), (place, rows, added) => {
      for (let i = 0; i < rows; i++) numbers.set(place + i, added[i]!);
    });
    added(
      log,
      times.map((timeNs, id) => ({ timeNs, id })),
    );
    for (const { rows: count, at, places } of log.batches(1000, () => false, true))
      for (let i = 0; i < count; i++) if (numbers.get(places[i]!) !== at.id[i]) throw new Error(`row ${at.id[i]}`);
    expect(numbers.size).toBe(90_000);
  });

  it('has few blocks at hand where each block has a row that is as old as the first, in either of two runs', () => {
    const store = new CountingStore();
    const log = new SortedLog(SHAPE, store);
    const run = { rows: 400_000, from: 0, step: 1, back: 9, lateOf: 3000 };
    const times = [...timesOf(run), ...timesOf(run)];
    added(
      log,
      times.map((timeNs, id) => ({ timeNs, id })),
    );
    const [first] = log.batches(5000, () => false);
    expect(first!.rows).toBe(5000);
    expect(store.gets).toBeLessThan(20);
  });

  it('has one batch without rows when there are none', () => {
    const batches = [...new SortedLog(SHAPE, onDisk()).batches(10, () => false)];
    expect(batches.map(({ rows }) => rows)).toEqual([0]);
  });
});

describe('ColumnLog', () => {
  it.each([0, 1, 99, 100, 101, 1000, 1234])('gives back %i rows, as often as asked', (rows) => {
    const log = new ColumnLog({ id: Uint32Array, half: Uint16Array }, onDisk(), 100);
    for (let id = 0; id < rows; id++) {
      const i = log.add();
      log.at.id[i] = id * 3;
      log.at.half[i] = id & 0xffff;
    }
    for (const _ of [1, 2]) {
      const found = Array.from(log.blocks(), ({ rows: count, at }) => Array.from(at.id.subarray(0, count))).flat();
      expect(found).toEqual(Array.from({ length: rows }, (_, id) => id * 3));
    }
  });
});

describe('PagedNumbers', () => {
  it('is an array, however far apart its places are', () => {
    const place = fc.oneof(fc.nat(3_000_000), fc.integer({ min: 0, max: 2 ** 32 - 1 }));
    fc.assert(
      fc.property(fc.array(fc.tuple(place, fc.nat(2 ** 31)), { maxLength: 600 }), (sets) => {
        const numbers = new PagedNumbers(onDisk());
        const expected = new Map<number, number>();
        for (const [at, value] of sets) {
          if (numbers.get(at) !== (expected.get(at) ?? 0)) throw new Error(`${at} holds ${numbers.get(at)}`);
          numbers.set(at, value);
          expected.set(at, value);
        }
        for (const [at, value] of expected) expect(numbers.get(at)).toBe(value);
      }),
      { numRuns: 30 },
    );
  });
});

describe('Spill', () => {
  it('gives back what was put and replaced, in memory and in the file', () => {
    const store = new Spill(undefined, 5000);
    const pieces = Array.from({ length: 20 }, (_, i) => new Uint8Array(1000).fill(i));
    const places = pieces.map((bytes) => store.put(bytes));
    for (const i of [1, 15]) store.replace(places[i]!, new Uint8Array(1000).fill(100 + i));
    const read = places.map((place) => {
      const bytes = new Uint8Array(1000);
      store.get(place, bytes);
      return new Set(bytes);
    });
    expect(read.map((values) => [...values])).toEqual(pieces.map((_, i) => [i === 1 || i === 15 ? 100 + i : i]));
  });

  it('says what to do where it cannot write', () => {
    const store = new Spill('/nowhere/at/all', 0);
    expect(() => store.put(new Uint8Array(1))).toThrow(/temporary file in \/nowhere\/at\/all: ENOENT.*TMPDIR/);
  });
});
