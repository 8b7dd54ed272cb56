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

  /** Two methods, because a loop that has met many element types is many times slower. */
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
  naturals(values: Uint32Array | Uint16Array, from: number, to: number): void {
    let { least, most } = this;
    for (let i = from; i < to; i++) {
      const value = values[i]!;
      if (value < least) least = value;
      if (value > most) most = value;
    }
    this.least = least;
    this.most = most;
    this.#bits |= 1;
  }
}

const MOST_UNIT = 2 ** 30;
