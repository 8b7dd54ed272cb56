// Ranges of a narrow map emptied, and what that has in common with mapping them (narrow.ts). Compiled twice, as that one is.
import { dropLeaf, tidy } from './fewer-leaves.js';
import {
  baseIn,
  DIR_AT,
  dirOf,
  ENTRIES,
  EXTENTS,
  GROUP,
  isGrouped,
  LEAF,
  leavesOf,
  makeRoom,
  ROOM,
  setFirst,
  strideOf,
} from './leaves.js';
import {
  type i32,
  lastInGroup,
  lastInLeaf,
  lastUpTo,
  moveDown,
  moveUp,
  touchInfos,
  type Words,
} from './narrow-words.js';

/** What a change says. */
export const UNCHANGED: i32 = 0;
export const CHANGED: i32 = 1;
/** Inside: the leaf is full. */
export const FULL: i32 = -2;

/** Bits of the word that has a length and a state. */
export const STATE: i32 = 7;
/** Behind every key. */
const NO_MORE: i32 = 2147483647;

export function cutUnits(words: Words, head: i32, key: i32, end: i32): i32 {
  let outcome = UNCHANGED;
  let from = key;
  while (words[head + ENTRIES]! > 0) {
    const top = topFor(words, head, from);
    const dirAt = dirOf(words, head, top);
    const leaves = leavesOf(words, head, top);
    const leaf = lastInGroup(words, dirAt, leaves, from);
    // The next one is looked for by its first key, because leaves may be joined meanwhile.
    const next = nextKey(words, head, top, dirAt, leaves, leaf);
    const one = cutInLeaf(words, head, top, dirAt, leaf, from, end);
    if (one === FULL) {
      makeRoomFor(words, head, from);
      continue;
    }
    if (one === CHANGED) outcome = CHANGED;
    if (next >= end) break;
    from = next;
  }
  return outcome;
}

function cutInLeaf(words: Words, head: i32, top: i32, dirAt: i32, leaf: i32, key: i32, end: i32): i32 {
  const infoAt = dirAt + strideOf(words, head, top) + leaf;
  const info = words[infoAt]!;
  const base = baseIn(info);
  const used = info & 127;
  const room = words[head + ROOM]!;
  const bodies = base + room;

  let i = lastInLeaf(words, base, used, key);
  const body = bodies + 2 * i;
  const from = words[base + i]!;
  const tag = words[body]!;
  const reach = from + (tag >>> 3);
  let cut = false;
  if (from < key) {
    i++;
    cut = reach > key;
    if (reach > end) {
      if (used === room) return FULL;
      moveUp(words, base, room, i, i + 1, used);
      const is = words[body + 1]!;
      words[body] = ((key - from) << 3) | (tag & STATE);
      words[base + i] = end;
      words[body + 2] = ((reach - end) << 3) | (tag & STATE);
      words[body + 3] = is < 0 ? -1 : is + (end - from);
      words[infoAt] = info + 1;
      words[head + EXTENTS] = words[head + EXTENTS]! + 1;
      return CHANGED;
    }
    if (cut) words[body] = ((key - from) << 3) | (tag & STATE);
  }
  const j = endingBehind(words, base, bodies, i, used, end);
  const gone = j - i;
  const cutsRight = j < used && words[base + j]! < end;
  if (cutsRight) cutFront(words, base + j, bodies + 2 * j, end);
  if (gone > 0) {
    words[head + EXTENTS] = words[head + EXTENTS]! - gone;
    if (gone === used) {
      dropLeaf(words, head, top, leaf);
      return CHANGED;
    }
    moveDown(words, base, room, j, i, used);
    words[infoAt] = info - gone;
  }
  if (i === 0) setFirst(words, dirAt, top, leaf, words[base]!);
  if (gone > 0 && used - gone <= LEAF / 4) tidy(words, head, top, leaf);
  return cut || cutsRight || gone > 0 ? CHANGED : UNCHANGED;
}

/** Place of the first key of the group in which `x` goes; -1: there are no groups. */
// @inline
export function topFor(words: Words, head: i32, x: i32): i32 {
  if (!isGrouped(words, head)) return -1;
  const dirAt = words[head + DIR_AT]!;
  const top = dirAt + lastUpTo(words, dirAt, words[head + ENTRIES]!, x);
  touchInfos(words, dirOf(words, head, top) + GROUP);
  return top;
}

export function makeRoomFor(words: Words, head: i32, key: i32): void {
  const top = topFor(words, head, key);
  makeRoom(words, head, top, lastUpTo(words, dirOf(words, head, top), leavesOf(words, head, top), key), key);
}

/** First key of the next leaf. */
// @inline
export function nextKey(words: Words, head: i32, top: i32, dirAt: i32, leaves: i32, leaf: i32): i32 {
  if (leaf + 1 < leaves) return words[dirAt + leaf + 1]!;
  return top < 0 || top + 1 === words[head + DIR_AT]! + words[head + ENTRIES]! ? NO_MORE : words[top + 1]!;
}

/** The first record from `i` on that ends behind `end`. */
// @inline
export function endingBehind(words: Words, base: i32, bodies: i32, i: i32, used: i32, end: i32): i32 {
  let j = i;
  while (j < used && words[base + j]! + (words[bodies + 2 * j]! >>> 3) <= end) j++;
  return j;
}

/** Takes what lies before `end` from a record. */
export function cutFront(words: Words, keyAt: i32, body: i32, end: i32): void {
  const by = end - words[keyAt]!;
  const is = words[body + 1]!;
  words[keyAt] = end;
  words[body] = words[body]! - (by << 3);
  if (is >= 0) words[body + 1] = is + by;
}
