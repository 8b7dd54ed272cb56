// Room for the leaves and directories of many extent maps in one typed array, handed out in pieces of a few sizes and taken
// back. Maps that are used by turns share one: a look-up then meets only what it looks for in the caches, and no heads of arrays.

import { Kernel } from './narrow-kernel.js';
import { give, LIMIT, TOP, take, USED, WIDTH } from './pieces.js';

/** Words of the smallest piece, a cache line of a narrow arena; the size and the place of every piece are multiples of it. */
export const PIECE = 16;
/** A directory entry has 25 bits for the place of a leaf, in such pieces. */
const MOST = 2 ** 25 * PIECE;
/** Where the first piece begins: what the arena is lies before it. */
const FIRST = 3 * PIECE;
const START = 9 * PIECE;
/** Words that may be read behind a piece: the kernel compares keys by cache lines. */
const BEHIND = 64;
/** A narrow arena that grows beyond so many words goes over to the kernel's memory: many small ones would be dear. */
const KERNEL_FROM = 2 ** 16;
/** The same of an arena for many maps, of which a program has few. */
export const SHARED_KERNEL_FROM = 2 ** 12;
/**
 * Words of a first kernel at least. What nobody has touched of its memory is not there; but V8 collects garbage when many words more are
 * promised, and calls of a kernel that follows another are not compiled into their callers.
 */
const KERNEL_WORDS = 2 ** 21;
const NONE = -1;

/** Words beside the key: length * 8 + state and address of a narrow record; length, address and state of a wide one. */
const Width = { narrow: 2, wide: 3 } as const;

export class Arena {
  readonly isWide: boolean;
  /** Another array whenever it has grown. */
  words: Int32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;
  /** narrow.ts in WebAssembly, which works on these words; null: it does not, and narrow.ts itself does, or they are wide. */
  kernel: Kernel | null = null;
  private readonly kernelFrom: number;

  /** Wide: numbers that an int32 does not hold. `kernelFrom`: words from which on a kernel works for it. */
  constructor(isWide = false, kernelFrom = isWide ? Number.POSITIVE_INFINITY : KERNEL_FROM) {
    this.isWide = isWide;
    this.kernelFrom = kernelFrom;
    this.words = isWide ? new Float64Array(START + BEHIND) : new Int32Array(START + BEHIND);
    this.words.fill(NONE, 0, USED);
    this.words[TOP] = FIRST;
    this.words[LIMIT] = START;
    this.words[WIDTH] = isWide ? Width.wide : Width.narrow;
  }

  /** In the memory of a kernel from the beginning. */
  static on(kernel: Kernel): Arena {
    const arena = new Arena();
    arena.moveTo(kernel.words, kernel);
    return arena;
  }

  /** Words in use. */
  get used(): number {
    return this.words[USED]!;
  }

  /** Place of a piece of `size` words, of which there are few sizes, all multiples of `PIECE`; what it holds is left over from before. */
  take(size: number): number {
    this.reserve(size);
    return take(this.words as Int32Array, size);
  }

  /** So many words can be taken without asking; afterwards `words` may be another array. */
  reserve(size: number): void {
    const top = this.words[TOP]! + size;
    if (top > this.words[LIMIT]!) this.grow(top);
  }

  give(at: number, size: number): void {
    give(this.words as Int32Array, at, size);
  }

  private grow(top: number): void {
    if (top > MOST) throw new RangeError(`block maps need more than ${MOST} words: more extents than can be replayed`);
    const limit = this.words[LIMIT]!;
    // What nobody has touched of the memory of a kernel is not there: it may well be larger.
    const kernel =
      top < this.kernelFrom ? null : Kernel.make(Math.min(Math.max(KERNEL_WORDS, 16 * limit, top), MOST) + BEHIND);
    const size = Math.max(2 * limit, top) + BEHIND;
    this.moveTo(kernel?.words ?? (this.isWide ? new Float64Array(size) : new Int32Array(size)), kernel);
  }

  private moveTo(words: Arena['words'], kernel: Kernel | null): void {
    this.kernel = kernel;
    words.set(this.words);
    this.words = words;
    this.words[LIMIT] = words.length - BEHIND;
  }
}
