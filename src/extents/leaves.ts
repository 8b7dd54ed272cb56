// The leaves of one map: where they are, and how they are given room. A leaf is sixteen records, so
// that its keys are one cache line; a directory is the first keys of up to 64 leaves; where there are more, it is one of groups, which
// are such directories. Compiled twice, as narrow.ts is; as it is, it works for wide maps too, and so takes no key for an int32.
import { copyDown, copyUp, type i32, type Words } from './narrow-words.js';
import { give, take, WIDTH } from './pieces.js';

/**
 * Words of a head: where its directory is, the entries this has room for, its entries, records of a leaf, extents, changes so far, its form,
 * and where the leaf is that lies before the head. There, in the same piece, the few records of a small file are: its first
 * leaf, whose keys are its directory as well; of a larger one its directory is there, as long as there is room.
 */
export const DIR_AT: i32 = 0;
export const DIR_ROOM: i32 = 1;
export const ENTRIES: i32 = 2;
export const ROOM: i32 = 3;
export const EXTENTS: i32 = 4;
export const CHANGES: i32 = 5;
export const FORM: i32 = 6;
const OWN_INFO: i32 = 7;
/** Bits of a form: are the entries groups? Above it the bytes of a unit, as a power of two. */
const GROUPED: i32 = 1;
export const SHIFT: i32 = 1;
/** Words before a head, and with it. */
export const BEFORE: i32 = 24;
export const OWN: i32 = 32;
/** Leaves that the directory before the head has room for, and that of the next size. */
const NEAR: i32 = 12;
const FAR: i32 = 32;
/** Records of a leaf of full size. */
export const LEAF: i32 = 16;
/** Leaves of a group at most. */
export const GROUP: i32 = 64;
/** A leaf that is written forwards is left with so many: the first change inside it should not have to split it. */
const LEFT_BEHIND: i32 = 14;
/** A leaf with no more takes some from a full neighbour before that one is split: the fuller they are, the less memory to wait for. */
const SPACIOUS: i32 = 12;

/**
 * Words that a change of a map may take from its arena at most: of one with one leaf, another leaf; else a leaf, a larger directory and a
 * group, three times over, because it may go on in the leaves on both sides.
 */
export function mayTake(words: Words, head: i32): i32 {
  const dirRoom = words[head + DIR_ROOM]!;
  if (isGrouped(words, head) || dirRoom === GROUP) return 768 + 12 * dirRoom;
  return words[head + ENTRIES]! < 2 ? 64 : 192 + 12 * dirRoom;
}

// @inline
export function isGrouped(words: Words, head: i32): boolean {
  return (words[head + FORM]! & GROUPED) !== 0;
}

export function setGrouped(words: Words, head: i32, grouped: i32): void {
  words[head + FORM] = (words[head + FORM]! & ~GROUPED) | grouped;
}

/** Words of the piece that is a leaf. */
// @inline
export function leafWords(room: i32, width: i32): i32 {
  return (room * (1 + width) + 15) & ~15;
}

// --- where things are: `top` is the place of a group's first key in the directory of groups, -1 where there are no groups

/** Place of the directory of leaves. */
// @inline
export function dirOf(words: Words, head: i32, top: i32): i32 {
  return top < 0 ? words[head + DIR_AT]! : baseIn(words[top + words[head + DIR_ROOM]!]!);
}

/** How far behind its first key the place of a leaf is told. */
// @inline
export function strideOf(words: Words, head: i32, top: i32): i32 {
  return top < 0 ? words[head + DIR_ROOM]! : GROUP;
}

// @inline
export function leavesOf(words: Words, head: i32, top: i32): i32 {
  return top < 0 ? words[head + ENTRIES]! : words[top + words[head + DIR_ROOM]!]! & 127;
}

// @inline
export function baseIn(info: i32): i32 {
  return (info >>> 7) << 4;
}

// @inline
export function addLeaves(words: Words, head: i32, top: i32, count: i32): void {
  const at = top < 0 ? head + ENTRIES : top + words[head + DIR_ROOM]!;
  words[at] = words[at]! + count;
}

/** Place where the next leaf is told of; -1: there is none. */
export function infoBehind(words: Words, head: i32, top: i32, leaf: i32): i32 {
  if (leaf + 1 < leavesOf(words, head, top)) return dirOf(words, head, top) + strideOf(words, head, top) + leaf + 1;
  if (top < 0 || top + 1 === words[head + DIR_AT]! + words[head + ENTRIES]!) return -1;
  return dirOf(words, head, top + 1) + GROUP;
}

/** Place where the leaf before is told of; -1: there is none. */
export function infoBefore(words: Words, head: i32, top: i32, leaf: i32): i32 {
  if (leaf > 0) return dirOf(words, head, top) + strideOf(words, head, top) + leaf - 1;
  if (top < 0 || top === words[head + DIR_AT]!) return -1;
  return dirOf(words, head, top - 1) + GROUP + leavesOf(words, head, top - 1) - 1;
}

/** A leaf begins elsewhere now. */
// @inline
export function setFirst(words: Words, dirAt: i32, top: i32, leaf: i32, key: i32): void {
  words[dirAt + leaf] = key;
  if (leaf === 0 && top >= 0) words[top] = key;
}

// --- room

/** As a map begins. */
export function noLeaves(words: Words, head: i32): void {
  words[head + DIR_AT] = head - BEFORE;
  words[head + DIR_ROOM] = BEFORE + OWN_INFO;
  words[head + ENTRIES] = 0;
  words[head + ROOM] = 0;
  setGrouped(words, head, 0);
}

/** The first leaf of a map, empty. */
export function firstLeaf(words: Words, head: i32): i32 {
  const base = head - BEFORE;
  words[head + OWN_INFO] = base << 3;
  words[head + ENTRIES] = 1;
  words[head + ROOM] = words[WIDTH] === 2 ? BEFORE / 3 : BEFORE / 4;
  return base;
}

/** The same leaf for another map. */
export function copyFirst(words: Words, from: i32, to: i32): void {
  copyDown(words, from - BEFORE, to - BEFORE, BEFORE);
  words[to + OWN_INFO] = ((to - BEFORE) << 3) + (words[from + OWN_INFO]! & 127);
}

/** Does the directory lie before the head? */
// @inline
export function isNear(words: Words, head: i32): boolean {
  return words[head + DIR_AT] === head - BEFORE;
}

/** Makes room in a full leaf for a record at `key`, or takes a step towards it. */
export function makeRoom(words: Words, head: i32, top: i32, leaf: i32, key: i32): void {
  if (words[head + ROOM]! < LEAF) {
    enlarge(words, head);
    return;
  }
  const dirAt = dirOf(words, head, top);
  const stride = strideOf(words, head, top);
  const leaves = leavesOf(words, head, top);
  const infoAt = dirAt + stride + leaf;
  const used = words[infoAt]! & 127;
  if (leaf > 0 && (words[infoAt - 1]! & 127) <= SPACIOUS)
    lend(words, dirAt, infoAt, leaf, (used - (words[infoAt - 1]! & 127)) >>> 1);
  else if (leaf + 1 < leaves && (words[infoAt + 1]! & 127) <= SPACIOUS)
    borrow(words, dirAt, infoAt, leaf, (used - (words[infoAt + 1]! & 127)) >>> 1);
  else if (leaves === stride) makeRoomForLeaf(words, head, top);
  else splitLeaf(words, head, top, leaf, key);
}

/** The first leaf becomes one of full size, and leaves its place to the directory; the first key is there. */
function enlarge(words: Words, head: i32): void {
  const width = words[WIDTH]!;
  const from = head - BEFORE;
  const used = words[head + OWN_INFO]! & 127;
  const to = take(words, leafWords(LEAF, width));
  copyDown(words, from, to, used);
  copyDown(words, from + words[head + ROOM]!, to + LEAF, width * used);
  words[from + NEAR] = (to << 3) + used;
  words[head + DIR_ROOM] = NEAR;
  words[head + ROOM] = LEAF;
}

/** Another directory, where that of leaves is full. */
function makeRoomForLeaf(words: Words, head: i32, top: i32): void {
  const entries = words[head + ENTRIES]!;
  if (top < 0 && entries === GROUP) {
    // It becomes a group.
    const from = words[head + DIR_AT]!;
    const at = take(words, 16);
    words[at] = words[from]!;
    words[at + 8] = (from << 3) + GROUP;
    words[head + DIR_AT] = at;
    words[head + DIR_ROOM] = 8;
    words[head + ENTRIES] = 1;
    setGrouped(words, head, GROUPED);
  } else if (entries === words[head + DIR_ROOM]!) growDirectory(words, head);
  else splitGroup(words, head, top);
}

function growDirectory(words: Words, head: i32): void {
  const from = words[head + DIR_AT]!;
  const old = words[head + DIR_ROOM]!;
  const room = isNear(words, head) ? FAR : 2 * old;
  const to = take(words, 2 * room);
  copyDown(words, from, to, old);
  copyDown(words, from + old, to + room, old);
  if (!isNear(words, head)) give(words, from, 2 * old);
  words[head + DIR_AT] = to;
  words[head + DIR_ROOM] = room;
}

/** Puts an entry behind one of a directory that has room for it. */
function insertEntry(words: Words, keyAt: i32, stride: i32, behind: i32, key: i32, info: i32): void {
  copyUp(words, keyAt + 1, keyAt + 2, behind);
  copyUp(words, keyAt + stride + 1, keyAt + stride + 2, behind);
  words[keyAt + 1] = key;
  words[keyAt + stride + 1] = info;
}

function splitGroup(words: Words, head: i32, top: i32): void {
  const from = dirOf(words, head, top);
  const end = words[head + DIR_AT]! + words[head + ENTRIES]!;
  // Files are mostly written forwards.
  const kept = top + 1 === end ? GROUP - 8 : GROUP / 2;
  const to = take(words, 2 * GROUP);
  copyDown(words, from + kept, to, GROUP - kept);
  copyDown(words, from + GROUP + kept, to + GROUP, GROUP - kept);
  addLeaves(words, head, top, kept - GROUP);
  insertEntry(words, top, words[head + DIR_ROOM]!, end - top - 1, words[to]!, (to << 3) + GROUP - kept);
  words[head + ENTRIES] = words[head + ENTRIES]! + 1;
}

function splitLeaf(words: Words, head: i32, top: i32, leaf: i32, key: i32): void {
  const dirAt = dirOf(words, head, top);
  const stride = strideOf(words, head, top);
  const leaves = leavesOf(words, head, top);
  const width = words[WIDTH]!;
  const infoAt = dirAt + stride + leaf;
  const info = words[infoAt]!;
  const base = baseIn(info);
  const used = info & 127;
  const isLast = infoBehind(words, head, top, leaf) < 0 && words[base + used - 1]! <= key;
  const kept = isLast ? LEFT_BEHIND : LEAF / 2;
  const to = take(words, leafWords(LEAF, width));
  copyDown(words, base + kept, to, used - kept);
  copyDown(words, base + LEAF + width * kept, to + LEAF, width * (used - kept));
  insertEntry(words, dirAt + leaf, stride, leaves - leaf - 1, words[to]!, (to << 3) + used - kept);
  words[infoAt] = info - (used - kept);
  addLeaves(words, head, top, 1);
}

/** Moves the first records of a leaf to the end of the one before. */
function lend(words: Words, dirAt: i32, infoAt: i32, leaf: i32, count: i32): void {
  const width = words[WIDTH]!;
  const info = words[infoAt]!;
  const base = baseIn(info);
  const before = words[infoAt - 1]!;
  const to = baseIn(before);
  const kept = before & 127;
  const left = (info & 127) - count;
  copyDown(words, base, to + kept, count);
  copyDown(words, base + LEAF, to + LEAF + width * kept, width * count);
  copyDown(words, base + count, base, left);
  copyDown(words, base + LEAF + width * count, base + LEAF, width * left);
  words[infoAt - 1] = before + count;
  words[infoAt] = info - count;
  // There is a leaf before it in this directory: it is not the first of a group.
  words[dirAt + leaf] = words[base]!;
}

/** Moves the last records of a leaf to the beginning of the next one. */
function borrow(words: Words, dirAt: i32, infoAt: i32, leaf: i32, count: i32): void {
  const width = words[WIDTH]!;
  const info = words[infoAt]!;
  const base = baseIn(info);
  const kept = (info & 127) - count;
  const next = words[infoAt + 1]!;
  const to = baseIn(next);
  const there = next & 127;
  copyUp(words, to, to + count, there);
  copyUp(words, to + LEAF, to + LEAF + width * count, width * there);
  copyDown(words, base + kept, to, count);
  copyDown(words, base + LEAF + width * kept, to + LEAF, width * count);
  words[infoAt + 1] = next + count;
  words[infoAt] = info - count;
  words[dirAt + leaf + 1] = words[to]!;
}
