// Seeded random numbers: sfc32 (C. Doty-Humphrey, PractRand 0.95) and the distributions that workloads draw from.
// Only log, exp and sqrt are used: V8 computes them in its own code (fdlibm), pow and cos not always, and the same seed
// must give the same bytes everywhere.

const TWO_32 = 2 ** 32;
/** As many steps as PractRand takes before the first number is given out. */
const WARM_UP = 12;

export class Random {
  /** a, b, c, counter: in an array, because fields beyond 31 bits would be boxed at every step. */
  readonly #state = new Int32Array(4);
  #spare = Number.NaN;

  /** `seed` is a whole number up to 2^53-1; streams of one seed are independent of each other. */
  constructor(seed: number, stream = 0) {
    this.#state.set([stream, seed | 0, Math.floor(seed / TWO_32) | 0, 1]);
    for (let i = 0; i < WARM_UP; i++) this.next();
  }

  /** 32 bits, as a signed integer. */
  // hot
  next(): number {
    const s = this.#state;
    const b = s[1]!;
    const c = s[2]!;
    const out = (s[0]! + b + s[3]!) | 0;
    s[3] = s[3]! + 1;
    s[0] = b ^ (b >>> 9);
    s[1] = c + (c << 3);
    s[2] = ((c << 21) | (c >>> 11)) + out;
    return out;
  }

  /** Uniform in (0, 1), never an end of it. */
  uniform(): number {
    return ((this.next() >>> 0) + 0.5) / TWO_32;
  }

  /** A whole number from 0 to `count` - 1; `count` up to 2^31. */
  below(count: number): number {
    return Math.floor(this.uniform() * count);
  }

  chance(share: number): boolean {
    return this.uniform() < share;
  }

  exponential(mean: number): number {
    return -mean * Math.log(this.uniform());
  }

  /** Standard normal (G. Marsaglia's polar method, which needs no cosine). */
  normal(): number {
    if (!Number.isNaN(this.#spare)) {
      const kept = this.#spare;
      this.#spare = Number.NaN;
      return kept;
    }
    for (;;) {
      const x = 2 * this.uniform() - 1;
      const y = 2 * this.uniform() - 1;
      const square = x * x + y * y;
      if (square >= 1 || square === 0) continue;
      const scale = Math.sqrt((-2 * Math.log(square)) / square);
      this.#spare = y * scale;
      return x * scale;
    }
  }

  /** `sigma` is the standard deviation of the logarithm. */
  logNormal(median: number, sigma: number): number {
    return median * Math.exp(sigma * this.normal());
  }

  /** No value is below `least`; the mean exists for a shape above 1. */
  pareto(least: number, shape: number): number {
    return least * Math.exp(-Math.log(this.uniform()) / shape);
  }
}
