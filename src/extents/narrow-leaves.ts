// The leaves of one narrow map and the pieces of its arena: given room, split, evened out, joined and dropped. Compiled twice, as
// narrow.ts is.
import { copyDown, copyUp, type i32, lastUpTo, moveDown, moveUp, powerOf, type Words } from './narrow-words.js';

/** Words of a head: where the directory is, its room, leaves, records of a leaf, extents, changes so far; then its first directory. */
export const DIR_AT: i32 = 0;
export const DIR_ROOM: i32 = 1;
export const LEAVES: i32 = 2;
export const ROOM: i32 = 3;
export const EXTENTS: i32 = 4;
export const CHANGES: i32 = 5;
export const HEAD: i32 = 6;
/** Leaves that the directory behind the head has room for. */
export const NEAR: i32 = 5;
/** Records of the smallest leaf, and of one of full size; the only leaf of a map has as much room as it needs, for most files are small. */
export const SMALLEST: i32 = 4;
export const LEAF: i32 = 64;
/** A leaf that is written forwards is left with so many: the first change inside it should not have to split it. */
const LEFT_BEHIND: i32 = 56;
/** A leaf with no more takes some from a full neighbour before that one is split: the fuller they are, the less memory to wait for. */
const SPACIOUS: i32 = 52;

/** Words at the beginning of an arena: free pieces by power of two, then how much is in use, the end of the pieces, and how far they may go. */
export const USED: i32 = 32;
export const TOP: i32 = 33;
export const LIMIT: i32 = 34;

/** Place of a piece of `size` words, a power of two, of an arena that has room for it; what it holds is left over from before. */
export function take(words: Words, size: i32): i32 {
  const power = powerOf(size);
  const at = words[power]!;
  words[USED] = words[USED]! + size;
  if (at >= 0) {
    words[power] = words[at]!;
    return at;
  }
  const fresh = words[TOP]!;
  words[TOP] = fresh + size;
  return fresh;
}

/** Is there room behind all pieces for one more? */
export function has(words: Words, size: i32): boolean {
  return words[TOP]! + size <= words[LIMIT]!;
}

export function give(words: Words, at: i32, size: i32): void {
  const power = powerOf(size);
  words[USED] = words[USED]! - size;
  words[at] = words[power]!;
  words[power] = at;
}

/** Makes room in the leaf in which `key` goes; false: the general way has to. */
export function makeRoom(words: Words, head: i32, key: i32): boolean {
  if (!has(words, 4 * LEAF)) return false;
  const room = words[head + ROOM]!;
  if (room < LEAF) {
    const infoAt = words[head + DIR_AT]! + words[head + DIR_ROOM]!;
    const old = (words[infoAt]! >>> 7) << 4;
    const used = words[infoAt]! & 127;
    const to = take(words, 8 * room);
    copyDown(words, old, to, used);
    copyDown(words, old + room, to + 2 * room, 3 * used);
    words[infoAt] = (to << 3) + used;
    words[head + ROOM] = 2 * room;
    give(words, old, 4 * room);
    return true;
  }
  const leaves = words[head + LEAVES]!;
  if (leaves === words[head + DIR_ROOM]! && !growDirectory(words, head)) return false;
  const dirAt = words[head + DIR_AT]!;
  const leaf = lastUpTo(words, dirAt, leaves, key);
  const infoAt = dirAt + words[head + DIR_ROOM]! + leaf;
  const info = words[infoAt]!;
  const base = (info >>> 7) << 4;
  const used = info & 127;
  if (leaf > 0 && (words[infoAt - 1]! & 127) <= SPACIOUS) {
    lend(words, dirAt, infoAt, leaf, (used - (words[infoAt - 1]! & 127)) >>> 1);
    return true;
  }
  if (leaf + 1 < leaves && (words[infoAt + 1]! & 127) <= SPACIOUS) {
    borrow(words, dirAt, infoAt, leaf, (used - (words[infoAt + 1]! & 127)) >>> 1);
    return true;
  }
  const isLast = leaf === leaves - 1 && words[base + used - 1]! <= key;
  const kept = isLast ? LEFT_BEHIND : LEAF / 2;
  const to = take(words, 4 * LEAF);
  copyDown(words, base + kept, to, used - kept);
  copyDown(words, base + LEAF + 3 * kept, to + LEAF, 3 * (used - kept));
  copyUp(words, dirAt + leaf + 1, dirAt + leaf + 2, leaves - leaf - 1);
  copyUp(words, infoAt + 1, infoAt + 2, leaves - leaf - 1);
  words[dirAt + leaf + 1] = words[to]!;
  words[infoAt + 1] = (to << 3) + used - kept;
  words[infoAt] = info - (used - kept);
  words[head + LEAVES] = leaves + 1;
  return true;
}

/** Moves the first records of a leaf to the end of the one before. */
function lend(words: Words, dirAt: i32, infoAt: i32, leaf: i32, count: i32): void {
  const info = words[infoAt]!;
  const base = (info >>> 7) << 4;
  const before = words[infoAt - 1]!;
  const to = (before >>> 7) << 4;
  const kept = before & 127;
  copyDown(words, base, to + kept, count);
  copyDown(words, base + LEAF, to + LEAF + 3 * kept, 3 * count);
  moveDown(words, base, LEAF, count, 0, info & 127);
  words[infoAt - 1] = before + count;
  words[infoAt] = info - count;
  words[dirAt + leaf] = words[base]!;
}

/** Moves the last records of a leaf to the beginning of the next one. */
function borrow(words: Words, dirAt: i32, infoAt: i32, leaf: i32, count: i32): void {
  const info = words[infoAt]!;
  const base = (info >>> 7) << 4;
  const kept = (info & 127) - count;
  const next = words[infoAt + 1]!;
  const to = (next >>> 7) << 4;
  moveUp(words, to, LEAF, 0, count, next & 127);
  copyDown(words, base + kept, to, count);
  copyDown(words, base + LEAF + 3 * kept, to + LEAF, 3 * count);
  words[infoAt + 1] = next + count;
  words[infoAt] = info - count;
  words[dirAt + leaf + 1] = words[to]!;
}

/** Leaves room for the new leaf in the arena as well. */
function growDirectory(words: Words, head: i32): boolean {
  const from = words[head + DIR_AT]!;
  const old = words[head + DIR_ROOM]!;
  const dirRoom = old === NEAR ? 8 : 2 * old;
  if (!has(words, 2 * dirRoom + 4 * LEAF)) return false;
  const to = take(words, 2 * dirRoom);
  copyDown(words, from, to, old);
  copyDown(words, from + old, to + dirRoom, old);
  words[head + DIR_AT] = to;
  words[head + DIR_ROOM] = dirRoom;
  if (old > NEAR) give(words, from, 2 * old);
  return true;
}

/** Empties a sparse leaf into the one before it: many removals must not leave a directory of nearly empty leaves. */
export function tidy(words: Words, head: i32, leaf: i32): void {
  const leaves = words[head + LEAVES]!;
  const infos = words[head + DIR_AT]! + words[head + DIR_ROOM]!;
  if (leaves < 2 || (words[infos + leaf]! & 127) > LEAF / 4) return;
  const right = leaf === 0 ? 1 : leaf;
  const info = words[infos + right - 1]!;
  const kept = info & 127;
  const moved = words[infos + right]! & 127;
  if (kept + moved > (3 * LEAF) / 4) return;
  const from = (words[infos + right]! >>> 7) << 4;
  const to = (info >>> 7) << 4;
  copyDown(words, from, to + kept, moved);
  copyDown(words, from + LEAF, to + LEAF + 3 * kept, 3 * moved);
  words[infos + right - 1] = info + moved;
  dropLeaf(words, head, right);
}

/** Takes a leaf out of the directory; with the last one all room is given back. */
export function dropLeaf(words: Words, head: i32, leaf: i32): void {
  const leaves = words[head + LEAVES]! - 1;
  const dirAt = words[head + DIR_AT]!;
  const dirRoom = words[head + DIR_ROOM]!;
  const infoAt = dirAt + dirRoom + leaf;
  give(words, (words[infoAt]! >>> 7) << 4, 4 * words[head + ROOM]!);
  words[head + LEAVES] = leaves;
  if (leaves > 0) {
    copyDown(words, dirAt + leaf + 1, dirAt + leaf, leaves - leaf);
    copyDown(words, infoAt + 1, infoAt, leaves - leaf);
    return;
  }
  words[head + ROOM] = 0;
  if (dirRoom === NEAR) return;
  give(words, dirAt, 2 * dirRoom);
  words[head + DIR_AT] = head + HEAD;
  words[head + DIR_ROOM] = NEAR;
}
