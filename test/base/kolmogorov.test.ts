// Distances against a naive count and against printed tables.
import { expect, test } from 'vitest';
import { criticalDistance, distanceFrom, distanceOfSamples, normalCdf } from '../../src/base/kolmogorov.js';
import { Random } from '../../src/base/random.js';

test('two samples: the largest gap of the two step functions, counted value by value', () => {
  const random = new Random(5);
  for (let round = 0; round < 200; round++) {
    const sample = (): number[] => Array.from({ length: 1 + random.below(40) }, () => random.below(12));
    const [a, b] = [sample(), sample()];
    const share = (of: readonly number[], x: number): number => of.filter((one) => one <= x).length / of.length;
    const naive = Math.max(...[...a, ...b].map((x) => Math.abs(share(a, x) - share(b, x))));
    expect(distanceOfSamples(a, b)).toBeCloseTo(naive, 12);
  }
});

test('the figures of scipy.stats.ks_2samp and ks_1samp (1.17) for fixed samples', () => {
  const a = [0.61, 0.29, 0.06, 0.59, -1.73, -0.74, 0.51, -0.56, 0.39, 1.64, 0.05, -0.06, 0.64, -0.82, 0.37, 1.77];
  const b = [1.09, -1.28, 2.36, 1.31, 1.05, -0.32, -0.4, 1.06, -2.47];
  expect(distanceOfSamples(a, b)).toBeCloseTo(0.4305555555555556, 12);
  expect(distanceFrom(Float64Array.from(a).sort(), normalCdf)).toBeCloseTo(0.22607781734589316, 6);
});

test('critical distances are those of the printed tables: 1.358 and 1.628 for one sample, 5 % and 1 %', () => {
  // The second sample is as good as infinite.
  expect(criticalDistance(100, 1e12, 0.05)).toBeCloseTo(0.1358, 4);
  expect(criticalDistance(100, 1e12, 0.01)).toBeCloseTo(0.1628, 4);
  // Two samples of 50: 1.36 sqrt(100 / 2500).
  expect(criticalDistance(50, 50, 0.05)).toBeCloseTo(0.2716, 4);
});

test('the normal distribution is that of the printed table', () => {
  for (const [x, p] of [
    [0, 0.5],
    [1, 0.8413447],
    [1.96, 0.9750021],
    [-2.5, 0.0062097],
    [4, 0.9999683],
  ] as const)
    expect(Math.abs(normalCdf(x) - p)).toBeLessThan(2e-7);
});
