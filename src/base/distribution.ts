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

/** Values of a source are drawn a block at a time, and blocks grow with use. */
const FIRST_BLOCK = 8;
const LAST_BLOCK = 32;

/** Writes values to `from`, `from` + `stride` and so on, before `to`. */
export type Fill = (block: Float64Array, from: number, to: number, stride: number, random: Random) => void;

/**
 * Values drawn ahead: who draws one looks into an array, and the work of one kind is done in one go. The values come in the
 * order in which they were drawn, whoever takes them.
 */
export class Draws {
  readonly fill: Fill;
  #block = new Float64Array(0);
  #at = 0;

  constructor(fill: Fill) {
    this.fill = fill;
  }

  // hot
  next(random: Random): number {
    if (this.#at === this.#block.length) this.#draw(random);
    return this.#block[this.#at++]!;
  }

  #draw(random: Random): void {
    const { length } = this.#block;
    if (length < LAST_BLOCK) this.#block = new Float64Array(length === 0 ? FIRST_BLOCK : length * 2);
    this.fill(this.#block, 0, this.#block.length, 1, random);
    this.#at = 0;
  }
}

/** How values are drawn. */
export function drawsOf(one: Distribution): Draws {
  switch (one.is) {
    case 'values':
      return one.values.length === 1 ? always(one.values[0]!) : dealt(new Decks([one.counts]), [one.values]);
    case 'quantiles':
      return fromQuantiles(one);
    case 'exponential':
      return new Draws((block, from, to, stride, random) => {
        for (let at = from; at < to; at += stride) block[at] = random.exponential(one.mean);
      });
    case 'lognormal':
      return new Draws((block, from, to, stride, random) => {
        for (let at = from; at < to; at += stride) block[at] = random.logNormal(one.median, one.sigma);
      });
    case 'pareto':
      return new Draws((block, from, to, stride, random) => {
        for (let at = from; at < to; at += stride) block[at] = random.pareto(one.least, one.shape);
      });
  }
}

const always = (value: number): Draws =>
  new Draws((block, from, to, stride) => {
    for (let at = from; at < to; at += stride) block[at] = value;
  });

/** Values dealt from decks: by deck, what each place stands for. */
export function dealt(decks: Decks, values: readonly (readonly number[])[]): Draws {
  const tables = values.map((deck) => Float64Array.from(deck));
  return new Draws((block, from, to, stride, random) => decks.deal(tables, block, from, to, stride, random));
}

function fromQuantiles(one: Quantiles): Draws {
  const points = Float64Array.from(one.points);
  const tail = Float64Array.from(one.tail);
  const table = { points, tail };
  const steps = points.length - 1;
  const plain = tail.length === 0 ? steps : steps - 1;
  return new Draws((block, from, to, stride, random) => {
    for (let at = from; at < to; at += stride) {
      const share = random.uniform();
      const place = share * steps;
      const low = Math.floor(place);
      // Nearly all are on the straight lines before the last one.
      if (low < plain) block[at] = points[low]! + (place - low) * (points[low + 1]! - points[low]!);
      else block[at] = quantile(table, share);
    }
  });
}

type Quantiles = Extract<Distribution, { is: 'quantiles' }>;

interface Table {
  readonly points: ArrayLike<number>;
  readonly tail: ArrayLike<number>;
}

/**
 * Of a table with n + 1 points, `points[i]` is the value at i / n. `tail` halves the last step again and again, so that the
 * few largest values, which make most of a sum, keep their place: the first is at 1 - 1 / 2n, the next at 1 - 1 / 4n.
 */
// hot
export function quantile({ points, tail }: Table, share: number): number {
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

  /** As a `Fill`; `values`: by deck, what each place of it stands for. */
  // hot
  deal(
    values: readonly Float64Array[],
    block: Float64Array,
    from: number,
    to: number,
    stride: number,
    random: Random,
  ): void {
    for (let at = from; at < to; ) {
      if (this.#total === 0) this.#next();
      const cards = this.#open;
      const table = values[this.#deck]!;
      if (cards.length === 0) {
        block[at] = table[this.#drawCounted(random)]!;
        at += stride;
        continue;
      }
      let total = this.#total;
      for (; total > 0 && at < to; at += stride) {
        const last = --total;
        const place = last === 0 ? 0 : random.below(last + 1);
        const card = cards[place]!;
        cards[place] = cards[last]!;
        cards[last] = card;
        block[at] = table[card]!;
      }
      this.#total = total;
    }
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
