import { expect, test } from 'vitest';
import { Alias, zipfWeights } from '../../src/base/alias.js';
import { Random } from '../../src/base/random.js';
import { distance, exponentialCdf, limit, logNormalCdf, normalCdf, paretoCdf, zipfCdf } from '../support/kolmogorov.js';

// Made with PractRand's sfc32 in C: a = stream, b and c = the seed's halves, counter = 1, twelve steps thrown away.
test.each([
  [1, 0, [2012149540, 1872316204, 1707632675, 1779833415, 2026416846, 1661539736]],
  [0x1f * 2 ** 32 + 0x89abcdef, 0, [244288290, 2554520993, 2435436351, 2676660782, 1345004449, 2460455785]],
  [1, 7, [3883026957, 1871482743, 293495159, 1387450123, 3253788798, 4050586378]],
])('sfc32 of seed %i, stream %i', (seed, stream, golden) => {
  const random = new Random(seed, stream);
  expect(golden.map(() => random.next() >>> 0)).toEqual(golden);
});

test('a million numbers of sfc32', () => {
  const random = new Random(1);
  let all = 0;
  for (let i = 0; i < 1e6; i++) all ^= random.next();
  expect(all >>> 0).toBe(2385715467);
});

const N = 20_000;
const draw = (make: () => number): number[] => Array.from({ length: N }, make);

test.each([
  ['uniform', (r: Random) => r.uniform(), (x: number) => Math.min(1, Math.max(0, x))],
  ['exponential', (r: Random) => r.exponential(250), exponentialCdf(250)],
  ['normal', (r: Random) => r.normal(), normalCdf],
  ['log-normal', (r: Random) => r.logNormal(20, 0.8), logNormalCdf(20, 0.8)],
  ['Pareto', (r: Random) => r.pareto(3, 1.5), paretoCdf(3, 1.5)],
] as const)('%s is drawn as its formula says, and no other', (_, make, cdf) => {
  for (const seed of [1, 2, 3]) {
    const random = new Random(seed, 5);
    const sample = draw(() => make(random));
    expect(distance(sample, cdf)).toBeLessThan(limit(N));
    // The measure is sharp enough to see a change of 5 %.
    expect(
      distance(
        sample.map((x) => x * 1.05 + 0.02),
        cdf,
      ),
    ).toBeGreaterThan(limit(N));
  }
});

test.each([
  [1, 0],
  [2, 1],
  [100, 0],
  [1000, 0.99],
  [50, 2.5],
])('Zipf over %i ranks with exponent %f', (count, exponent) => {
  const random = new Random(11);
  const alias = new Alias(zipfWeights(count, exponent));
  const sample = draw(() => alias.pick(random));
  expect(distance(sample, zipfCdf(count, exponent))).toBeLessThan(limit(N));
});

test('weights of nought are never drawn, and there must be others', () => {
  const random = new Random(3);
  const alias = new Alias([0, 1, 0, 3, 0]);
  const counts = [0, 0, 0, 0, 0];
  for (let i = 0; i < N; i++) counts[alias.pick(random)]!++;
  expect([counts[0], counts[2], counts[4]]).toEqual([0, 0, 0]);
  expect(counts[3]! / N).toBeCloseTo(0.75, 1);
  expect(() => new Alias([0, 0])).toThrow('positive sum');
});

test('streams of one seed differ, and so do seeds beyond 32 bits', () => {
  const first = (seed: number, stream: number): number => new Random(seed, stream).next();
  const all = [first(1, 0), first(1, 1), first(2, 0), first(2 ** 32 + 1, 0), first(2 ** 40 + 1, 0)];
  expect(new Set(all).size).toBe(all.length);
});
