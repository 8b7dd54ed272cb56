// Rows in pages against plain arrays, however few pages may stay in memory; lists of numbers by one number; steps of stamps.

import { expect, test } from 'vitest';
import { NumberHash } from '../../src/base/number-hash.js';
import { PagedColumns } from '../../src/base/paged-columns.js';
import { Spill } from '../../src/trace/spill.js';
import { StampSteps } from '../../src/trace/stamp-steps.js';
import fc from '../support/fast-check.js';

const { MASK } = PagedColumns;
const ROWS = 20_000;

test('pages that went to the store come back as they were last written', () => {
  const step = fc.record({ row: fc.nat(ROWS - 1), value: fc.integer({ min: 1, max: 1e9 }), isWrite: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), fc.integer({ min: 1, max: 3 }), (steps, most) => {
      const store = new Spill(undefined, 1 << 16);
      try {
        const paged = new PagedColumns({ wide: Float64Array, signed: Int32Array, byte: Uint8Array }, store, most);
        while (paged.length < ROWS) paged.add();
        const plain = new Map<number, number>();
        for (const { row, value, isWrite } of steps) {
          const known = plain.get(row) ?? 0;
          const at = paged.of(row);
          expect([at.wide[row & MASK], at.signed[row & MASK], at.byte[row & MASK]]).toEqual([
            known / 2,
            0 - known,
            known & 255,
          ]);
          if (!isWrite) continue;
          const to = paged.change(row);
          to.wide[row & MASK] = value / 2;
          to.signed[row & MASK] = 0 - value;
          to.byte[row & MASK] = value;
          plain.set(row, value);
        }
      } finally {
        store.close();
      }
    }),
    { numRuns: 40 },
  );
});

test('a hash tells lists apart, and NaN and both zeros are one each', () => {
  const hash = new NumberHash();
  const of = (...values: number[]): number => values.reduce((h, value) => h.add(value), hash.start()).value;
  expect(of(0, Number.NaN)).toBe(of(-0, Number.NaN));
  expect(of(1, 2)).not.toBe(of(2, 1));
  expect(of(1)).not.toBe(of(1, 0));
  const seen = new Set<number>();
  for (let i = 0; i < 300; i++) for (let k = 0; k < 300; k++) seen.add(of(i * 4096, k));
  expect(seen.size).toBe(90_000);
  // Any bit will do to choose some of them.
  expect([...seen].filter((value) => value % 16 === 0).length / 90_000).toBeCloseTo(1 / 16, 2);
  expect([...seen].every(Number.isSafeInteger)).toBe(true);
});

test.each([
  [[1_234_567, 9_876_543], 0n, 1],
  [[1_234_000, 9_876_000], 0n, 1000],
  [[234_000, 8_876_000], 1_000_000n, 1000],
  [[4_000_000, 8_000_000], 0n, 4_000_000],
  [[0, 30_000_000], 0n, 10_000_000],
  [[-3_000_000, 7_000_000], 13_000_000n, 10_000_000],
  [[], 0n, 1],
])('stamps %j from %s keep steps of %i ns', (stamps, origin, step) => {
  const steps = new StampSteps();
  for (const ns of stamps) steps.add(ns);
  expect(StampSteps.longest([steps], origin)).toBe(step);
});
