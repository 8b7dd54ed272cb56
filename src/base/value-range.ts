// What values a column holds, so that it can be written in the narrowest type that holds them all.

/** Least and greatest value, and a power of two that divides all that are not negative. */
export class ValueRange {
  least = Number.POSITIVE_INFINITY;
  most = Number.NEGATIVE_INFINITY;
  /** Every bit that is set in the low 31 bits of any value that is not negative. */
  #bits = 0;

  /** At most 2^30. */
  get unit(): number {
    return this.#bits === 0 ? MOST_UNIT : this.#bits & -this.#bits;
  }

  /** These values as well. */
  static of(least: number, most: number): ValueRange {
    const range = new ValueRange();
    range.least = least;
    range.most = most;
    range.#bits = 1;
    return range;
  }

  /** A method for each element type, because a loop that has met many of them is many times slower. */
  // hot
  floats(values: Float64Array, from: number, to: number): void {
    let { least, most } = this;
    let bits = this.#bits;
    for (let i = from; i < to; i++) {
      const value = values[i]!;
      if (value < least) least = value;
      if (value > most) most = value;
      if (value >= 0) bits |= value & (MOST_UNIT * 2 - 1);
    }
    this.least = least;
    this.most = most;
    this.#bits = bits;
  }

  // hot
  naturals(values: Uint32Array, from: number, to: number): void {
    this.#bits |= 1;
    if (from === to) return;
    // Compared with one another only, they stay integers.
    let least = values[from]!;
    let most = least;
    for (let i = from + 1; i < to; i++) {
      const value = values[i]!;
      if (value < least) least = value;
      else if (value > most) most = value;
    }
    this.#stretch(least, most);
  }

  /** As `naturals`. Sources and CPUs: most are those of the row before. */
  // hot
  halves(values: Uint16Array, from: number, to: number): void {
    this.#bits |= 1;
    if (from === to) return;
    let last = values[from]!;
    this.#stretch(last, last);
    for (let i = from + 1; i < to; i++) {
      const value = values[i]!;
      if (value === last) continue;
      last = value;
      this.#stretch(last, last);
    }
  }

  #stretch(least: number, most: number): void {
    if (least < this.least) this.least = least;
    if (most > this.most) this.most = most;
  }
}

const MOST_UNIT = 2 ** 30;
