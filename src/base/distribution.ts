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

/** Cards of one deck that are laid out one by one; of a larger deck only the counts are kept. */
const MOST_CARDS = 1 << 16;

/**
 * Draws in which each value comes as often as its count says: decks of values, dealt out one after another, each in random
 * order, then from the first again.
 */
export class Decks {
  readonly #counts: readonly Float64Array[];
  /** By deck: a card for each time a value comes, those still to be dealt first; empty where there are too many. */
  readonly #cards: readonly Uint32Array[];
  #deck = -1;
  #open: Uint32Array = new Uint32Array(0);
  #left: Float64Array = new Float64Array(0);
  #total = 0;

  /** Counts are whole, not negative, and not all zero in any deck. */
  constructor(counts: readonly (readonly number[])[]) {
    this.#counts = counts.map((deck) => Float64Array.from(deck));
    this.#cards = this.#counts.map(cardsOf);
  }

  /** The deck that the next value comes from. */
  get deck(): number {
    if (this.#total === 0) this.#next();
    return this.#deck;
  }

  /** A place in that deck. */
  // hot
  draw(random: Random): number {
    if (this.#total === 0) this.#next();
    const cards = this.#open;
    if (cards.length === 0) return this.#drawCounted(random);
    const last = --this.#total;
    const at = last === 0 ? 0 : random.below(last + 1);
    const card = cards[at]!;
    cards[at] = cards[last]!;
    cards[last] = card;
    return card;
  }

  // hot
  #drawCounted(random: Random): number {
    const left = this.#left;
    let rest = left.length === 1 ? 0 : Math.floor(random.uniform() * this.#total);
    let at = 0;
    while (rest >= left[at]!) rest -= left[at++]!;
    left[at]!--;
    this.#total--;
    return at;
  }

  #next(): void {
    this.#deck = this.#deck + 1 === this.#counts.length ? 0 : this.#deck + 1;
    const counts = this.#counts[this.#deck]!;
    this.#open = this.#cards[this.#deck]!;
    // All cards are still there, in another order.
    this.#total = this.#open.length;
    if (this.#total > 0) return;
    this.#left = Float64Array.from(counts);
    for (const count of counts) this.#total += count;
  }
}

function cardsOf(counts: Float64Array): Uint32Array {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total > MOST_CARDS) return new Uint32Array(0);
  const cards = new Uint32Array(total);
  let at = 0;
  counts.forEach((count, place) => {
    cards.fill(place, at, at + count);
    at += count;
  });
  return cards;
}
