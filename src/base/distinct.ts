// The distinct numbers of a column, as long as they are few.

const LATELY = 64;

export class DistinctNumbers {
  readonly #most: number;
  readonly #known = new Set<number>();
  #list: readonly number[] = [];
  /** Numbers that were added lately, by some of their bits: a set takes much longer to say that it knows one. */
  readonly #lately = new Float64Array(LATELY).fill(Number.NaN);

  /** More than `most` are too many. */
  constructor(most: number) {
    this.#most = most;
  }

  /** In order, the same list as long as nothing is added; null where there are too many. */
  get list(): readonly number[] | null {
    if (this.#known.size > this.#most) return null;
    if (this.#list.length !== this.#known.size) this.#list = [...this.#known].sort((a, b) => a - b);
    return this.#list;
  }

  // hot
  add(value: number): void {
    const slot = ((value >>> 12) ^ value) & (LATELY - 1);
    if (value === this.#lately[slot]) return;
    this.#lately[slot] = value;
    if (this.#known.size <= this.#most) this.#known.add(value);
  }
}
