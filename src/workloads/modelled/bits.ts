// Sets of cells as bits, 32 in a word: where whole runs of a file's cells are looked for and changed at once.

/** The first bit of [from, to) that is set, or `to`. */
// hot
export function nextBit(bits: Uint32Array, from: number, to: number): number {
  if (from >= to) return to;
  const last = (to - 1) >>> 5;
  let word = from >>> 5;
  let left = bits[word]! & (-1 << (from & 31));
  while (left === 0 && word < last) {
    word++;
    left = bits[word]!;
  }
  return left === 0 ? to : Math.min(to, word * 32 + 31 - Math.clz32(left & -left));
}

/** The first bit of [from, to) that is not set, or `to`. */
// hot
export function nextZero(bits: Uint32Array, from: number, to: number): number {
  if (from >= to) return to;
  const last = (to - 1) >>> 5;
  let word = from >>> 5;
  let left = ~bits[word]! & (-1 << (from & 31));
  while (left === 0 && word < last) {
    word++;
    left = ~bits[word]!;
  }
  return left === 0 ? to : Math.min(to, word * 32 + 31 - Math.clz32(left & -left));
}

/** How many bits of [from, to) are set. */
// hot
export function countBits(bits: Uint32Array, from: number, to: number): number {
  let count = 0;
  for (let at = from; at < to; at = (at | 31) + 1) {
    let word = bits[at >>> 5]! & (-1 << (at & 31));
    if ((at | 31) >= to) word &= -1 >>> (31 - ((to - 1) & 31));
    word -= (word >>> 1) & 0x55555555;
    word = (word & 0x33333333) + ((word >>> 2) & 0x33333333);
    count += Math.imul((word + (word >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
  }
  return count;
}

/** `count` bits from `from` on go to `to`; the two ranges may overlap. */
// hot
export function moveBits(bits: Uint32Array, from: number, to: number, count: number): void {
  if (count <= 0) return;
  const first = to >>> 5;
  const last = (to + count - 1) >>> 5;
  const back = to > from;
  for (let i = 0; i <= last - first; i++) {
    const word = back ? last - i : first + i;
    const at = from + word * 32 - to;
    const low = word === first ? -1 << (to & 31) : -1;
    const high = word === last ? -1 >>> (31 - ((to + count - 1) & 31)) : -1;
    bits[word] = (bits[word]! & ~(low & high)) | (bitsAt(bits, at) & low & high);
  }
}

/** 32 bits from `at` on; what lies outside the words is 0. */
function bitsAt(bits: Uint32Array, at: number): number {
  const word = at >> 5;
  const shift = at & 31;
  const right = word >= 0 && word < bits.length ? bits[word]! >>> shift : 0;
  const left = shift > 0 && word + 1 < bits.length ? bits[word + 1]! << (32 - shift) : 0;
  return right | left;
}

/** Bits [from, to) of 32 a word become those of `value`: 0 or -1. */
// hot
export function mark(bits: Uint32Array, from: number, to: number, value: number): void {
  if (from >= to) return;
  const first = from >>> 5;
  const last = (to - 1) >>> 5;
  for (let word = first; word <= last; word++) {
    const low = word === first ? -1 << (from & 31) : -1;
    const high = word === last ? -1 >>> (31 - ((to - 1) & 31)) : -1;
    bits[word] = (bits[word]! & ~(low & high)) | (value & low & high);
  }
}
