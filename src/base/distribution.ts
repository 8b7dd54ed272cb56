// Distributions as data, and draws from them: a table of values, a table of quantiles, or a family by its parameters.
import type { Random } from './random.js';

export type Distribution =
  /** Each value as often as its count says, whole numbers: so often in every so many draws. */
  | { readonly is: 'values'; readonly values: readonly number[]; readonly counts: readonly number[] }
  /** Values at equal steps of probability from 0 to 1 and, of the last step, at its halves: straight lines between them. */
  | { readonly is: 'quantiles'; readonly points: readonly number[]; readonly tail: readonly number[] }
  | { readonly is: 'exponential'; readonly mean: number }
  /** `sigma` is the standard deviation of the logarithm. */
  | { readonly is: 'lognormal'; readonly median: number; readonly sigma: number }
  /** Its mean exists for a shape above 1. */
  | { readonly is: 'pareto'; readonly least: number; readonly shape: number };

export type Draw = (random: Random) => number;

/** How values are drawn. */
export function drawFrom(one: Distribution): Draw {
  switch (one.is) {
    case 'values': {
      const { values, counts } = one;
      if (values.length === 1) return () => values[0]!;
      const decks = new Decks([counts]);
      return (random) => values[decks.draw(random)]!;
    }
    case 'quantiles':
      return (random) => quantile(one, random.uniform());
    case 'exponential':
      return (random) => random.exponential(one.mean);
    case 'lognormal':
      return (random) => random.logNormal(one.median, one.sigma);
    case 'pareto':
      return (random) => random.pareto(one.least, one.shape);
  }
}

type Quantiles = Extract<Distribution, { is: 'quantiles' }>;

/**
 * Of a table with n + 1 points, `points[i]` is the value at i / n. `tail` halves the last step again and again, so that the
 * few largest values, which make most of a sum, keep their place: the first is at 1 - 1 / 2n, the next at 1 - 1 / 4n.
 */
// hot
export function quantile({ points, tail }: Quantiles, share: number): number {
  const steps = points.length - 1;
  const place = share * steps;
  const low = Math.min(steps - 1, Math.floor(place));
  if (low < steps - 1 || tail.length === 0) return points[low]! + (place - low) * (points[low + 1]! - points[low]!);
  let from = points[low]!;
  let rest = place - low;
  for (let i = 0; i < tail.length; i++) {
    if (rest < 0.5) return from + 2 * rest * (tail[i]! - from);
    from = tail[i]!;
    rest = 2 * rest - 1;
  }
  return from + rest * (points[steps]! - from);
}

/**
 * Draws in which each value comes as often as its count says: decks of values, dealt out one after another, each in random
 * order, then from the first again.
 */
export class Decks {
  readonly #counts: readonly (readonly number[])[];
  #deck = -1;
  #left: Float64Array = new Float64Array(0);
  #total = 0;

  /** Counts are whole, not negative, and not all zero in any deck. */
  constructor(counts: readonly (readonly number[])[]) {
    this.#counts = counts;
  }

  /** The deck that the next value comes from. */
  get deck(): number {
    if (this.#total === 0) this.#open();
    return this.#deck;
  }

  /** A place in that deck. */
  // hot
  draw(random: Random): number {
    if (this.#total === 0) this.#open();
    const left = this.#left;
    let rest = left.length === 1 ? 0 : Math.floor(random.uniform() * this.#total);
    let at = 0;
    while (rest >= left[at]!) rest -= left[at++]!;
    left[at]!--;
    this.#total--;
    return at;
  }

  #open(): void {
    this.#deck = (this.#deck + 1) % this.#counts.length;
    const counts = this.#counts[this.#deck]!;
    if (this.#left.length !== counts.length) this.#left = new Float64Array(counts.length);
    this.#left.set(counts);
    for (const count of counts) this.#total += count;
  }
}
