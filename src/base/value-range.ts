// What values a column holds, so that it can be written in the narrowest type that holds them all.
import { columnKernel, KERNEL_ROWS } from './column-kernel.js';

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

  floats(values: Float64Array, from: number, to: number): void {
    for (let at = from; at < to; at += KERNEL_ROWS) {
      const { least, most, bits } = columnKernel().floatsRange(values.subarray(at, Math.min(to, at + KERNEL_ROWS)));
      this.#stretch(least, most);
      this.#bits |= bits;
    }
  }

  naturals(values: Uint32Array, from: number, to: number): void {
    this.#bits |= 1;
    for (let at = from; at < to; at += KERNEL_ROWS) {
      const { least, most } = columnKernel().naturalsRange(values.subarray(at, Math.min(to, at + KERNEL_ROWS)));
      this.#stretch(least, most);
    }
  }

  /** As `naturals`. */
  halves(values: Uint16Array, from: number, to: number): void {
    this.#bits |= 1;
    for (let at = from; at < to; at += KERNEL_ROWS) {
      const { least, most } = columnKernel().halvesRange(values.subarray(at, Math.min(to, at + KERNEL_ROWS)));
      this.#stretch(least, most);
    }
  }

  #stretch(least: number, most: number): void {
    if (least < this.least) this.least = least;
    if (most > this.most) this.most = most;
  }
}

const MOST_UNIT = 2 ** 30;
