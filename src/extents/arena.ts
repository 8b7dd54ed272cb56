// Room for the leaves and directories of many extent maps in one typed array, handed out in pieces of a power of two and taken
// back. Maps that are used by turns share one: a look-up then meets only what it looks for in the caches, and no heads of arrays.

/** Words of the smallest piece, a cache line of a narrow arena; the place of every piece is a multiple of it. */
export const PIECE = 16;
/** A directory entry has 25 bits for the place of a leaf, in such pieces. */
const MOST = 2 ** 25 * PIECE;
const START = 4 * PIECE;
const NONE = -1;

export class Arena {
  readonly isWide: boolean;
  words: Int32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;
  /** Words in use. */
  used = 0;
  private top = 0;
  /** By power of two: the first free piece; each has the place of the next in its first word. */
  private readonly free = new Int32Array(32).fill(NONE);

  /** Wide: numbers that an int32 does not hold. */
  constructor(isWide = false) {
    this.isWide = isWide;
    this.words = isWide ? new Float64Array(START) : new Int32Array(START);
  }

  /** Place of a piece of `size` words, a power of two from `PIECE` up; what it holds is left over from before. */
  take(size: number): number {
    const power = 31 - Math.clz32(size);
    const at = this.free[power]!;
    this.used += size;
    if (at !== NONE) {
      this.free[power] = this.words[at]!;
      return at;
    }
    const fresh = this.top;
    this.top += size;
    if (this.top > this.words.length) this.grow();
    return fresh;
  }

  give(at: number, size: number): void {
    const power = 31 - Math.clz32(size);
    this.used -= size;
    this.words[at] = this.free[power]!;
    this.free[power] = at;
  }

  private grow(): void {
    if (this.top > MOST)
      throw new RangeError(`block maps need more than ${MOST} words: more extents than can be replayed`);
    const bigger = Math.max(2 * this.words.length, this.top);
    const words = this.isWide ? new Float64Array(bigger) : new Int32Array(bigger);
    words.set(this.words);
    this.words = words;
  }
}
