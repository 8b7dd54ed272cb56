// Kolmogorov-Smirnov: the largest distance between a sample and the distribution it is said to come from.

export function distance(sample: readonly number[], cdf: (x: number) => number): number {
  const sorted = Float64Array.from(sample).sort();
  const n = sorted.length;
  let most = 0;
  for (let i = 0; i < n; ) {
    let next = i + 1;
    while (next < n && sorted[next] === sorted[i]) next++;
    const at = cdf(sorted[i]!);
    // Left of a step of a discrete distribution its value is that of the last point before; equal values count once.
    const before = cdf(below(sorted[i]!));
    most = Math.max(most, Math.abs(before - i / n), Math.abs(next / n - at));
    i = next;
  }
  return most;
}

/** Distances above this come by chance once in a thousand samples (asymptotic formula: sqrt(-ln(alpha / 2) / 2)). */
export const limit = (n: number): number => Math.sqrt(-Math.log(0.0005) / 2) / Math.sqrt(n);

/** The next smaller number, near enough for a step function. */
const below = (x: number): number => x - Math.max(Math.abs(x), 1) * 1e-12;

export const exponentialCdf =
  (mean: number) =>
  (x: number): number =>
    x <= 0 ? 0 : 1 - Math.exp(-x / mean);

export const paretoCdf =
  (least: number, shape: number) =>
  (x: number): number =>
    x <= least ? 0 : 1 - (least / x) ** shape;

export const normalCdf = (x: number): number => (1 + erf(x / Math.SQRT2)) / 2;

export const logNormalCdf =
  (median: number, sigma: number) =>
  (x: number): number =>
    x <= 0 ? 0 : normalCdf(Math.log(x / median) / sigma);

/** Ranks 0 to count - 1 with weights 1 / (rank + 1)^exponent. */
export function zipfCdf(count: number, exponent: number): (x: number) => number {
  const sums: number[] = [];
  let sum = 0;
  for (let k = 1; k <= count; k++) {
    sum += k ** -exponent;
    sums.push(sum);
  }
  return (x) => (x < 0 ? 0 : sums[Math.min(count - 1, Math.floor(x))]! / sum);
}

/** By its power series, which is exact to a double for the |x| below 6 that samples reach. */
function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum) && n < 400; n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}
