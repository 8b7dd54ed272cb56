// A number for each pair of numbers of any size, in the order in which they are first asked for: a hash table with open addressing
// in typed arrays, of a quarter of the memory that maps of maps take.

const TWO_32 = 2 ** 32;

export class PairTable {
  /** Pairs known. */
  size = 0;
  /** By slot: the pair's number + 1, 0 for an empty slot. */
  #slots = new Uint32Array(64);
  /** Two a number. */
  #keys = new Float64Array(2 * 32);

  /** Its number; -1 where it was not added. */
  find(a: number, b: number): number {
    return this.#slots[this.#slotOf(a, b)]! - 1;
  }

  /** Its number; `size` grows when it was not known. */
  add(a: number, b: number): number {
    const slot = this.#slotOf(a, b);
    const known = this.#slots[slot]! - 1;
    if (known >= 0) return known;
    const number = this.size++;
    if (2 * this.size > this.#keys.length) {
      const keys = new Float64Array(2 * this.#keys.length);
      keys.set(this.#keys);
      this.#keys = keys;
    }
    this.#keys[2 * number] = a;
    this.#keys[2 * number + 1] = b;
    this.#slots[slot] = number + 1;
    if (2 * this.size >= this.#slots.length) this.#spread();
    return number;
  }

  first(number: number): number {
    return this.#keys[2 * number]!;
  }

  second(number: number): number {
    return this.#keys[2 * number + 1]!;
  }

  /** Where it is, or would be. */
  #slotOf(a: number, b: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let at = hash(a, b) & mask; ; at = (at + 1) & mask) {
      const number = slots[at]! - 1;
      if (number < 0 || (same(this.first(number), a) && same(this.second(number), b))) return at;
    }
  }

  #spread(): void {
    const slots = new Uint32Array(2 * this.#slots.length);
    const mask = slots.length - 1;
    for (let number = 0; number < this.size; number++) {
      let at = hash(this.first(number), this.second(number)) & mask;
      while (slots[at] !== 0) at = (at + 1) & mask;
      slots[at] = number + 1;
    }
    this.#slots = slots;
  }
}

/** What damage makes of numbers may be none; it equals itself here, as in a map. */
const same = (a: number, b: number): boolean => a === b || (Number.isNaN(a) && Number.isNaN(b));

/** The finisher of MurmurHash3 over a sum of multiples. */
function hash(a: number, b: number): number {
  let h = Math.imul(a, 0x9e3779b1) + Math.imul(b, 0x85ebca77) + Math.imul(Math.floor(b / TWO_32), 0xc2b2ae3d);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
