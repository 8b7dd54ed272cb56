// A number for each triple of whole numbers, in the order in which they are first asked for: a hash table with open addressing in
// typed arrays. Looking one up allocates nothing, which a Map with keys made of three numbers would.

export class TripleTable {
  /** Triples known. */
  size = 0;
  /** By slot: the triple's number + 1, 0 for an empty slot. */
  private slots = new Uint32Array(64);
  /** Three a number. */
  private keys = new Uint32Array(3 * 32);

  /** Its number; `size` grows when it was not known. All three are below 2^32. */
  find(a: number, b: number, c: number): number {
    const mask = this.slots.length - 1;
    for (let at = hash(a, b, c) & mask; ; at = (at + 1) & mask) {
      const number = this.slots[at]! - 1;
      if (number < 0) return this.add(at, a, b, c);
      const key = 3 * number;
      if (this.keys[key] === a && this.keys[key + 1] === b && this.keys[key + 2] === c) return number;
    }
  }

  private add(slot: number, a: number, b: number, c: number): number {
    const number = this.size++;
    if (3 * this.size > this.keys.length) {
      const keys = new Uint32Array(2 * this.keys.length);
      keys.set(this.keys);
      this.keys = keys;
    }
    this.keys[3 * number] = a;
    this.keys[3 * number + 1] = b;
    this.keys[3 * number + 2] = c;
    this.slots[slot] = number + 1;
    if (2 * this.size >= this.slots.length) this.spread();
    return number;
  }

  private spread(): void {
    const { keys } = this;
    const slots = new Uint32Array(2 * this.slots.length);
    const mask = slots.length - 1;
    for (let number = 0; number < this.size; number++) {
      let at = hash(keys[3 * number]!, keys[3 * number + 1]!, keys[3 * number + 2]!) & mask;
      while (slots[at] !== 0) at = (at + 1) & mask;
      slots[at] = number + 1;
    }
    this.slots = slots;
  }
}

/** The finisher of MurmurHash3 over a sum of multiples. */
function hash(a: number, b: number, c: number): number {
  let h = Math.imul(a, 0x9e3779b1) + Math.imul(b, 0x85ebca77) + Math.imul(c, 0xc2b2ae3d);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
