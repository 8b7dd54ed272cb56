// Kolmogorov-Smirnov distances: how far two samples, or a sample and a formula, are apart at most (N. Smirnov 1948).

/** The largest difference of the two empirical distribution functions; equal values count once. */
export function distanceOfSamples(first: readonly number[], second: readonly number[]): number {
  const a = Float64Array.from(first).sort();
  const b = Float64Array.from(second).sort();
  let most = 0;
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    const at = Math.min(a[i]!, b[j]!);
    while (i < a.length && a[i]! <= at) i++;
    while (j < b.length && b[j]! <= at) j++;
    most = Math.max(most, Math.abs(i / a.length - j / b.length));
  }
  return most;
}

/** Distance of a sorted sample from a distribution function without steps. */
export function distanceFrom(sorted: ArrayLike<number>, cdf: (x: number) => number): number {
  const n = sorted.length;
  let most = 0;
  for (let i = 0; i < n; i++) {
    const at = cdf(sorted[i]!);
    most = Math.max(most, at - i / n, (i + 1) / n - at);
  }
  return most;
}

/**
 * Two samples of one distribution are farther apart than this in a share `alpha` of all cases: Smirnov's asymptotic
 * formula c(alpha) sqrt((n + m) / nm), c(alpha) = sqrt(-ln(alpha / 2) / 2).
 */
export const criticalDistance = (n: number, m: number, alpha: number): number =>
  Math.sqrt((-Math.log(alpha / 2) / 2) * ((n + m) / (n * m)));

/** Of the normal distribution, by the error function's rational approximation 7.1.26 of Abramowitz and Stegun (error below 1.5e-7). */
export function normalCdf(x: number): number {
  const z = Math.abs(x) / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * z);
  const series = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  const half = (series * Math.exp(-z * z)) / 2;
  return x >= 0 ? 1 - half : half;
}
