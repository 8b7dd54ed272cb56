// Which blocks of files are known to be written, and shared with nobody: one bit each, beside the block maps. Most writes go to blocks
// that are there already, and to see that takes one word here, where it takes half a dozen cache lines in a map. A bit that is not set
// says nothing: the map does.

import { ANYWHERE, type Room } from '../base/room.js';

/** Words of the smallest piece: the first 512 blocks of a file. */
const SMALLEST = 16;
/** Blocks of a file further out have no bits. */
export const MOST_BLOCKS = 2 ** 20;
const NONE = -1;

export class WrittenBlocks {
  words: Int32Array<ArrayBuffer>;
  private readonly room: Room;
  private top = 0;
  /** By power of two: the first free piece; each has the place of the next in its first word. */
  private readonly free = new Int32Array(32).fill(NONE);

  constructor(room = ANYWHERE) {
    this.room = room;
    this.words = room.int32(256 * SMALLEST);
  }

  /** Place of a piece of cleared words, a power of two of them. */
  take(size: number): number {
    const power = 31 - Math.clz32(size);
    const at = this.free[power]!;
    if (at !== NONE) {
      this.free[power] = this.words[at]!;
      this.words.fill(0, at, at + size);
      return at;
    }
    const fresh = this.top;
    this.top += size;
    if (this.top > this.words.length) {
      const words = this.room.int32(Math.max(this.top, 2 * this.words.length));
      words.set(this.words);
      this.words = words;
    }
    return fresh;
  }

  give(at: number, size: number): void {
    const power = 31 - Math.clz32(size);
    this.words[at] = this.free[power]!;
    this.free[power] = at;
  }

  /** A larger piece with the same bits in it. */
  enlarge(at: number, size: number, larger: number): number {
    const fresh = this.take(larger);
    if (size > 0) {
      this.words.copyWithin(fresh, at, at + size);
      this.give(at, size);
    }
    return fresh;
  }
}

/** Words that have bits for the blocks before this one. */
export const wordsFor = (end: number): number => Math.max(SMALLEST, 2 ** (32 - Math.clz32(((end + 31) >>> 5) - 1)));

/** hot: are all blocks from `from` up to `end` known to be written? */
export function areWritten(words: Int32Array, at: number, from: number, end: number): boolean {
  for (let block = from; block < end; ) {
    const bit = block & 31;
    const mask = maskOf(bit, end - block);
    if ((words[at + (block >>> 5)]! & mask) !== mask) return false;
    block += 32 - bit;
  }
  return true;
}

export function mark(words: Int32Array, at: number, from: number, end: number, written: boolean): void {
  for (let block = from; block < end; ) {
    const bit = block & 31;
    const mask = maskOf(bit, end - block);
    if (written) words[at + (block >>> 5)]! |= mask;
    else words[at + (block >>> 5)]! &= ~mask;
    block += 32 - bit;
  }
}

/** Bits of one word from `bit` on, at most so many. */
const maskOf = (bit: number, many: number): number => (many >= 32 - bit ? -1 << bit : ((1 << many) - 1) << bit);
