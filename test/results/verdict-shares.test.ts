import { expect, test } from 'vitest';
import { Answers } from '../../src/engine/answers.js';
import type { LaneResult } from '../../src/engine/result.js';
import { Verdict } from '../../src/model/policy.js';
import { agrees, together, verdictShares, wilson } from '../../src/results/verdict-shares.js';

test('Wilson intervals are those of scipy.stats.binomtest(...).proportion_ci(method="wilson") (1.17)', () => {
  for (const [count, of, low, high] of [
    [0, 20, 0, 0.16112515805281935],
    [3, 50, 0.020614970348973957, 0.1621709168883817],
    [50, 50, 0.9286524008666412, 1],
    [81, 263, 0.2552885198782742, 0.36620957698280004],
  ] as const) {
    expect(wilson(count, of)[0]).toBeCloseTo(low, 6);
    expect(wilson(count, of)[1]).toBeCloseTo(high, 6);
  }
});

/** Row by row: a verdict, or none. */
const lane = (verdicts: readonly (number | null)[]): LaneResult => {
  const answers = new Answers(verdicts.length);
  for (const [row, verdict] of verdicts.entries()) if (verdict !== null) answers.set(row, verdict, 0);
  return { policy: { name: 'p' }, answers } as unknown as LaneResult;
};
const rows = (n: number, denied: (i: number) => boolean) =>
  lane(Array.from({ length: n }, (_, i) => (denied(i) ? Verdict.deny : Verdict.proceed)));

test('shares are of the operations that were decided', () => {
  const { operations, shares } = verdictShares(lane([null, Verdict.deny, Verdict.proceed, null, Verdict.wait]), 1);
  expect(operations).toBe(3);
  expect(shares.deny).toMatchObject({ count: 1, share: 1 / 3 });
  expect(shares.wait).toMatchObject({ count: 1 });
  expect(shares.recall).toMatchObject({ count: 0, low: 0 });
});

test('refusals in bursts have a wider interval than the same number spread evenly', () => {
  const width = (one: LaneResult): number => {
    const { low, high } = verdictShares(one, 1).shares.deny!;
    return high - low;
  };
  const even = width(rows(4000, (i) => i % 10 === 0));
  expect(width(rows(4000, (i) => i % 1000 < 100))).toBeGreaterThan(2 * even);
});

test('equal shares agree, different ones do not, and none agrees with one in few', () => {
  const deny = (one: LaneResult) => verdictShares(one, 1).shares.deny!;
  expect(agrees(deny(rows(2000, (i) => i % 10 === 0)), deny(rows(2000, (i) => i % 10 === 5)))).toBe(true);
  expect(agrees(deny(rows(2000, (i) => i % 10 === 0)), deny(rows(2000, (i) => i % 5 === 0)))).toBe(false);
  expect(agrees(deny(rows(30, () => false)), deny(rows(30, (i) => i === 3)))).toBe(true);
});

test('several makings together have the interval of all, and the share of the first', () => {
  const shares = [4, 5, 20].map((of) =>
    verdictShares(
      rows(2000, (i) => i % of === 0),
      1,
    ),
  );
  const deny = together(shares).shares.deny!;
  expect(deny.share).toBe(shares[0]!.shares.deny!.share);
  expect(deny.low).toBe(shares[2]!.shares.deny!.low);
  expect(deny.high).toBe(shares[0]!.shares.deny!.high);
  expect(together(shares.slice(0, 1))).toEqual(shares[0]);
});
