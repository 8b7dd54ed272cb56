// Bytes that were seen before, compared four at a time.

/** What bytes beyond those at hand may be read, though not used. */
export const SLACK = 4;

export class KnownBytes {
  readonly length: number;
  private readonly words: Int32Array;
  /** Which bits of the last word count. */
  private readonly mask: number;

  constructor(bytes: Uint8Array) {
    this.length = bytes.length;
    this.words = wordsOf(bytes);
    this.mask = maskOf(bytes.length);
  }

  // hot
  /** Are they at `at`? `view` must reach SLACK bytes further than they do. */
  isAt(view: DataView, at: number): boolean {
    const { words } = this;
    let i = words.length - 1;
    if (i < 0) return true;
    // What differs usually does so at its end.
    if (((view.getInt32(at + 4 * i, true) ^ words[i]!) & this.mask) !== 0) return false;
    for (i--; i >= 0; i--) if (view.getInt32(at + 4 * i, true) !== words[i]!) return false;
    return true;
  }
}

/** Little-endian words, the last one filled up with zeros. */
export function wordsOf(bytes: Uint8Array): Int32Array {
  const words = new Int32Array((bytes.length + 3) >> 2);
  for (let i = 0; i < bytes.length; i++) words[i >> 2]! |= bytes[i]! << (8 * (i & 3));
  return words;
}

/** Which bits of the last word of so many bytes are theirs. */
export const maskOf = (length: number): number => ((length & 3) === 0 ? -1 : (1 << (8 * (length & 3))) - 1);
