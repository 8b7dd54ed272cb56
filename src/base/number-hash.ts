// One number for several: equal lists give equal ones, and two different lists practically never do (52 bits).
// The two halves are mixed as MurmurHash3 mixes its words.

const bits = new Float64Array(1);
const halves = new Uint32Array(bits.buffer);

export class NumberHash {
  #a = 0x2f0b4c47;
  #b = 0x6e85b1d3;

  start(): this {
    this.#a = 0x2f0b4c47;
    this.#b = 0x6e85b1d3;
    return this;
  }

  /** NaN equals NaN, and 0 equals -0. */
  // hot
  add(value: number): this {
    bits[0] = value + 0;
    if (Number.isNaN(value)) {
      halves[0] = 0;
      halves[1] = 0x7ff80000;
    }
    this.#a = mixed(mixed(this.#a, halves[0]!), halves[1]!);
    this.#b = mixed(mixed(this.#b, halves[1]!), halves[0]!);
    return this;
  }

  get value(): number {
    return (finished(this.#a) & 0xfffff) * 2 ** 32 + finished(this.#b);
  }
}

function mixed(hash: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51);
  k = (k << 15) | (k >>> 17);
  const h = hash ^ Math.imul(k, 0x1b873593);
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
}

function finished(hash: number): number {
  let h = hash ^ (hash >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
