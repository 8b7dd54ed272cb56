// Prices fitted to columns whose law is known, and to a recording against its own quantiles taken another way.

import { expect, test } from 'vitest';
import { reference } from '../../src/costs/index.js';
import { calibrate } from '../../src/fitting/calibrate.js';
import { type EventColumns, Op } from '../../src/model/events.js';
import fc from '../support/fast-check.js';

interface Row {
  readonly op: number;
  readonly bytes: number;
  readonly ns: number;
  readonly result?: number;
}

/** The columns that the fit looks at. */
function columns(rows: readonly Row[]): EventColumns {
  return {
    rows: rows.length,
    op: Uint8Array.from(rows, ({ op }) => op),
    flags: new Uint16Array(rows.length),
    result: Int16Array.from(rows, ({ result = 0 }) => result),
    length: Float64Array.from(rows, ({ bytes }) => bytes),
    latencyNs: Float64Array.from(rows, ({ ns }) => ns),
  } as unknown as EventColumns;
}

const PAGE = 4096;

test('a line through the lengths gives the fixed part and the part per byte back, whatever a few slow calls took', () => {
  const law = fc.record({
    fixedNs: fc.integer({ min: 100, max: 100_000 }),
    perPage: fc.integer({ min: 1, max: 5000 }),
    slow: fc.integer({ min: 1, max: 1e9 }),
  });
  fc.assert(
    fc.property(law, ({ fixedNs, perPage, slow }) => {
      const rows = [1, 4, 16, 64].flatMap((pages) =>
        Array.from({ length: 21 }, (_, i) => ({
          op: Op.read,
          bytes: pages * PAGE,
          ns: fixedNs + pages * perPage + (i < 9 ? slow : 0),
        })),
      );
      const { fitted, file } = calibrate(columns(rows), 'x', reference);
      expect(fitted.map(({ step }) => step)).toEqual(['read']);
      const { read } = file.prices;
      expect(read!.fixedNs).toBeCloseTo(fixedNs, -Math.log10(fixedNs) + 4);
      expect(read!.nsPerByte * PAGE).toBeCloseTo(perPage, -Math.log10(perPage) + 4);
    }),
  );
});

test('of one length only, the price per byte stays and the median comes out', () => {
  const rows = Array.from({ length: 41 }, (_, i) => ({ op: Op.write, bytes: PAGE, ns: 5000 + 10 * i }));
  const { fitted, file, kept } = calibrate(columns(rows), 'x', reference);
  const { write } = file.prices;
  expect(write!.nsPerByte).toBe(reference.prices.write.nsPerByte);
  expect(write!.fixedNs + PAGE * write!.nsPerByte).toBeCloseTo(5200, 1);
  // Order statistics of 41 values: the 14th and the 28th.
  expect(fitted[0]).toMatchObject({ rows: 41, medianNs: 5200, medianFromNs: 5130, medianToNs: 5270 });
  expect(kept).toContain('read');
  expect(kept).not.toContain('write');
});

test('few operations, failed ones and the work of refused ones do not tell a price', () => {
  const many = (row: Row, count: number): Row[] => Array<Row>(count).fill(row);
  const { file } = calibrate(
    columns([
      ...many({ op: Op.fsync, bytes: 0, ns: 1000 }, 19),
      ...many({ op: Op.read, bytes: PAGE, ns: 7, result: -14 }, 50),
      ...many({ op: Op.truncate, bytes: 0, ns: 900, result: -26 }, 30),
      ...many({ op: Op.open, bytes: 0, ns: -1 }, 30),
    ]),
    'x',
    reference,
  );
  expect(Object.keys(file.prices)).toEqual(['refuse']);
  expect(file.prices.refuse).toMatchObject({ fixedNs: 900, nsPerByte: 0, basis: 'measured' });
});
