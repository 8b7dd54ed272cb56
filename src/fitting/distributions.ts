// A sample as a distribution: the few values it has, a family that fits it, or its quantiles.
import { mean, medianSorted, quantileSorted, standardDeviation } from 'simple-statistics';
import type { Distribution } from '../base/distribution.js';
import { distanceFrom, normalCdf } from '../base/kolmogorov.js';

/** So many different values are kept as they are. */
const MOST_VALUES = 48;
/** Steps of a table of quantiles. */
const STEPS = 64;
/** A family has to fit at least so many values, and to be this near (Kolmogorov-Smirnov). */
const LEAST_FITTED = 100;
const NEAR_ENOUGH = 0.03;
/** Over the root of their number: what chance does to values of the family itself (H. Lilliefors, JASA 62, 1967; 5 %). */
const BY_CHANCE = 0.886;
/** And its mean this near to theirs: sums of gaps must not run away. */
const MEAN_NEAR = 0.1;

export function distributionOf(sample: readonly number[]): Distribution {
  const sorted = [...sample].sort((a, b) => a - b);
  const counts = new Map<number, number>();
  for (const value of sorted) counts.set(value, (counts.get(value) ?? 0) + 1);
  if (counts.size <= MOST_VALUES) return { is: 'values', values: [...counts.keys()], counts: [...counts.values()] };
  return familyOf(sorted) ?? quantilesOf(sorted);
}

export const distributionOrNull = (sample: readonly number[]): Distribution | null =>
  sample.length === 0 ? null : distributionOf(sample);

function quantilesOf(sorted: number[]): Distribution {
  const points = Array.from({ length: STEPS + 1 }, (_, i) => rounded(quantileSorted(sorted, i / STEPS)));
  const halves = Math.max(0, Math.floor(Math.log2(sorted.length / STEPS)));
  const tail = Array.from({ length: halves }, (_, i) => rounded(quantileSorted(sorted, 1 - 2 ** -(i + 1) / STEPS)));
  return { is: 'quantiles', points, tail };
}

/** Six digits: more would tell of the recording, not of the workload. */
const rounded = (value: number): number => (Number.isInteger(value) ? value : Number(value.toPrecision(6)));

function familyOf(sorted: number[]): Distribution | null {
  const least = sorted[0]!;
  if (sorted.length < LEAST_FITTED || !(least > 0)) return null;
  const logs = sorted.map(Math.log);
  const average = mean(sorted);
  const median = Math.exp(medianSorted(logs));
  const sigma = standardDeviation(logs);
  const shape = 1 / (mean(logs) - logs[0]!);
  const families: readonly Family[] = [
    { one: { is: 'exponential', mean: rounded(average) }, mean: average, cdf: (x) => 1 - Math.exp(-x / average) },
    {
      one: { is: 'lognormal', median: rounded(median), sigma: rounded(sigma) },
      mean: median * Math.exp(sigma ** 2 / 2),
      cdf: (x) => normalCdf(Math.log(x / median) / sigma),
    },
    {
      one: { is: 'pareto', least, shape: rounded(shape) },
      mean: shape > 1 ? (least * shape) / (shape - 1) : Number.POSITIVE_INFINITY,
      cdf: (x) => 1 - (least / x) ** shape,
    },
  ];
  const near = families.filter((family) => Math.abs(family.mean / average - 1) <= MEAN_NEAR);
  const ranked = near.map(({ one, cdf }) => ({ one, distance: distanceFrom(sorted, cdf) }));
  const bound = Math.max(NEAR_ENOUGH, BY_CHANCE / Math.sqrt(sorted.length));
  const best = ranked.sort((a, b) => a.distance - b.distance)[0];
  return best !== undefined && best.distance <= bound ? best.one : null;
}

interface Family {
  readonly one: Distribution;
  readonly mean: number;
  readonly cdf: (x: number) => number;
}
