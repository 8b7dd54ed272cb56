// The pieces of an arena: handed out and taken back. Compiled twice, as narrow.ts is.
import { type i32, powerOf, type Words } from './narrow-words.js';

/**
 * Words at the beginning of an arena: free pieces by size, then how much is in use, the end of the pieces, how far they may go, and the words
 * of a record beside its key.
 */
export const USED: i32 = 32;
export const TOP: i32 = 33;
export const LIMIT: i32 = 34;
export const WIDTH: i32 = 35;
/** Room for what wasm/extent-ahead.ts notes down, eight words. */
export const ASKED: i32 = 36;
/** Sizes are powers of two but for that of a full narrow leaf, three cache lines: its free pieces have a list that no power needs. */
const FULL_LEAF: i32 = 48;
const FULL_LEAVES: i32 = 31;

// @inline
function listOf(size: i32): i32 {
  return size === FULL_LEAF ? FULL_LEAVES : powerOf(size);
}

/** Place of a piece of `size` words of an arena that has room for it; what it holds is left over from before. */
export function take(words: Words, size: i32): i32 {
  const list = listOf(size);
  const at = words[list]!;
  words[USED] = words[USED]! + size;
  if (at >= 0) {
    words[list] = words[at]!;
    return at;
  }
  const fresh = words[TOP]!;
  words[TOP] = fresh + size;
  return fresh;
}

export function give(words: Words, at: i32, size: i32): void {
  const list = listOf(size);
  words[USED] = words[USED]! - size;
  words[at] = words[list]!;
  words[list] = at;
}
