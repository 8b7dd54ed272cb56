// Draws from any list of weights in constant time: the alias method (A. Walker 1977, in M. Vose's form of 1991).
import type { Random } from './random.js';

export class Alias {
  readonly #keep: Float64Array;
  readonly #other: Uint32Array;

  /** Weights are not negative, and not all zero. */
  constructor(weights: ArrayLike<number>) {
    const n = weights.length;
    let sum = 0;
    for (let i = 0; i < n; i++) sum += weights[i]!;
    if (!(sum > 0) || !Number.isFinite(sum)) throw new Error(`weights must have a positive sum, found ${sum}`);
    this.#keep = Float64Array.from({ length: n }, (_, i) => (weights[i]! * n) / sum);
    this.#other = Uint32Array.from({ length: n }, (_, i) => i);
    const small: number[] = [];
    const large: number[] = [];
    for (let i = 0; i < n; i++) (this.#keep[i]! < 1 ? small : large).push(i);
    while (small.length > 0 && large.length > 0) {
      const poor = small.pop()!;
      const rich = large.at(-1)!;
      this.#other[poor] = rich;
      this.#keep[rich] = this.#keep[rich]! + this.#keep[poor]! - 1;
      if (this.#keep[rich]! < 1) small.push(large.pop()!);
    }
    // What rounding left over is a certain choice.
    for (const i of [...small, ...large]) this.#keep[i] = 1;
  }

  /** An index, as often as its weight says. */
  // hot
  pick(random: Random): number {
    const i = random.below(this.#keep.length);
    return random.uniform() < this.#keep[i]! ? i : this.#other[i]!;
  }
}

/** Weight of rank k is 1 / k^exponent (Zipf); 0 is uniform. */
export function zipfWeights(count: number, exponent: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => Math.exp(-exponent * Math.log(i + 1)));
}
