// Look-ups and changes of one narrow map: few functions, everything in local variables, nothing asked twice. This file is compiled
// twice: as it is, and by scripts/extent-kernel.mjs to WebAssembly, where `Words` is the memory; so it holds to what AssemblyScript
// understands as well. Both do the same, word for word.
// Beside its key a record is two words: length * 8 + state, and address.
import { tidy } from './fewer-leaves.js';
import {
  BEFORE,
  baseIn,
  CHANGES,
  DIR_AT,
  DIR_ROOM,
  dirOf,
  ENTRIES,
  EXTENTS,
  firstLeaf,
  GROUP,
  infoBefore,
  infoBehind,
  isGrouped,
  LEAF,
  leavesOf,
  mayTake,
  ROOM,
  setFirst,
  strideOf,
} from './leaves.js';
import {
  CHANGED,
  cutFront,
  cutUnits,
  endingBehind,
  FULL,
  makeRoomFor,
  nextKey,
  STATE,
  topFor,
  UNCHANGED,
} from './narrow-cut.js';
import {
  type i32,
  lastInGroup,
  lastInLeaf,
  lastUpTo,
  moveDown,
  moveUp,
  touch,
  touchBodies,
  touchInfos,
  type Words,
} from './narrow-words.js';
import { LIMIT, TOP } from './pieces.js';

/** A change says this instead of CHANGED or UNCHANGED where the arena has to grow before; nothing was changed. */
export const GENERAL: i32 = -1;

/** Of a state: set in no other. */
const DELALLOC_BIT: i32 = 1;

/** hot: address of unit `x`, or -1. */
export function addrIn(words: Words, head: i32, x: i32): i32 {
  const place = placeIn(words, head, x);
  if (place < 0) return -1;
  const body = bodyAt(words, head, place);
  const inside = x - words[place]!;
  return (words[body + 1]! + inside) | noneHere(words, body, inside);
}

/** Place of the last key <= `x`, or of the first one; -1: there is none. A leaf lies where the low four bits of a place tell the record. */
// @inline
export function placeIn(words: Words, head: i32, x: i32): i32 {
  touch(words, head - BEFORE);
  let dirAt = words[head + DIR_AT]!;
  let stride = words[head + DIR_ROOM]!;
  let leaves = words[head + ENTRIES]!;
  if (isGrouped(words, head)) {
    const group = words[dirAt + stride + lastUpTo(words, dirAt, leaves, x)]!;
    dirAt = baseIn(group);
    stride = GROUP;
    leaves = group & 127;
    touchInfos(words, dirAt + GROUP);
  }
  if (leaves === 0) return -1;
  // Also where there is but one: a branch would be waited for.
  const info = words[dirAt + stride + lastInGroup(words, dirAt, leaves, x)]!;
  const base = baseIn(info);
  touchBodies(words, base);
  return base + lastInLeaf(words, base, info & 127, x);
}

// @inline
export function bodyAt(words: Words, head: i32, place: i32): i32 {
  return place + words[head + ROOM]! + (place & 15);
}

/**
 * -1 where a record says nothing of the unit `inside` it, else 0. No branch, because holes are where nobody expects them: the sign of what
 * tells of one is the mask.
 */
// @inline
export function noneHere(words: Words, body: i32, inside: i32): i32 {
  const tag = words[body]!;
  return (inside | ((tag >>> 3) - 1 - inside) | words[body + 1]! | -((tag >>> DELALLOC_BIT) & 1)) >> 31;
}

/** hot: maps the `size` units from `key` on; `target` -1: without an address. */
export function mapIn(words: Words, head: i32, key: i32, size: i32, target: i32, state: i32): i32 {
  touch(words, head - BEFORE);
  if (words[TOP]! + mayTake(words, head) > words[LIMIT]!) return GENERAL;
  const outcome = mapUnits(words, head, key, size, target, state);
  words[head + CHANGES] = words[head + CHANGES]! + outcome;
  return outcome;
}

/** hot: empties the units from `key` up to `end`. */
export function cutIn(words: Words, head: i32, key: i32, end: i32): i32 {
  touch(words, head - BEFORE);
  if (words[TOP]! + mayTake(words, head) > words[LIMIT]!) return GENERAL;
  const outcome = cutUnits(words, head, key, end);
  words[head + CHANGES] = words[head + CHANGES]! + outcome;
  return outcome;
}

function mapUnits(words: Words, head: i32, key: i32, size: i32, target: i32, state: i32): i32 {
  while (true) {
    const outcome = mapInLeaf(words, head, key, size, target, state);
    if (outcome !== FULL) return outcome;
    makeRoomFor(words, head, key);
  }
}

function mapInLeaf(words: Words, head: i32, key: i32, size: i32, target: i32, state: i32): i32 {
  if (words[head + ENTRIES] === 0) return mapFirst(words, head, key, size, target, state);
  const top = topFor(words, head, key);
  const dirAt = dirOf(words, head, top);
  const leaves = leavesOf(words, head, top);
  const leaf = lastInGroup(words, dirAt, leaves, key);
  const infoAt = dirAt + strideOf(words, head, top) + leaf;
  const info = words[infoAt]!;
  const base = baseIn(info);
  const used = info & 127;
  const room = words[head + ROOM]!;
  const bodies = base + room;
  const end = key + size;
  touchBodies(words, base);

  // `i`: the first record that does not begin before the range. `meets`: the one before reaches up to the range or into it.
  let i = lastInLeaf(words, base, used, key);
  let body = bodies + 2 * i;
  let from = words[base + i]!;
  let tag = words[body]!;
  let reach = from + (tag >>> 3);
  let meets = false;
  let joinsLeft = false;
  if (from < key) {
    i++;
    meets = reach >= key;
    if (meets) {
      const is = words[body + 1]!;
      joinsLeft = (tag & STATE) === state && (is < 0 ? target < 0 : target === is + (key - from));
      if (joinsLeft && reach >= end) return UNCHANGED;
      if (reach > end) {
        // In the middle of one record: it becomes three.
        if (used + 2 > room) return FULL;
        moveUp(words, base, room, i, i + 2, used);
        words[body] = ((key - from) << 3) | (tag & STATE);
        words[base + i] = key;
        words[body + 2] = (size << 3) | state;
        words[body + 3] = target;
        words[base + i + 1] = end;
        words[body + 4] = ((reach - end) << 3) | (tag & STATE);
        words[body + 5] = is < 0 ? -1 : is + (end - from);
        words[infoAt] = info + 2;
        words[head + EXTENTS] = words[head + EXTENTS]! + 2;
        return CHANGED;
      }
    }
  } else if (from === key) {
    if (reach >= end && (tag & STATE) === state && words[body + 1] === target) return UNCHANGED;
    if (i > 0) {
      const before = words[base + i - 1]!;
      const left = words[body - 2]!;
      meets = before + (left >>> 3) === key;
      joinsLeft = meets && continues(left, words[body - 1]!, key - before, target, state);
    } else {
      const joined = joinBefore(words, head, infoBefore(words, head, top, leaf), key, size, target, state);
      if (joined !== UNCHANGED) return joined;
    }
  }

  // What the range covers goes; what it cuts behind, or meets there, stays.
  const j = endingBehind(words, base, bodies, i, used, end);
  let joinsRight = false;
  body = bodies + 2 * j;
  if (j < used) {
    from = words[base + j]!;
    tag = words[body]!;
    reach = from + (tag >>> 3);
    if (from <= end && (tag & STATE) === state) {
      const is = words[body + 1]!;
      joinsRight = is < 0 ? target < 0 : target >= 0 && is + (end - from) === target + size;
    }
  } else {
    const next = nextKey(words, head, top, dirAt, leaves, leaf);
    if (next < end) {
      cutUnits(words, head, next, end);
      return mapInLeaf(words, head, key, size, target, state);
    }
    if (next === end) {
      const joined = joinBehind(words, head, infoBehind(words, head, top, leaf), key, size, target, state);
      if (joined !== UNCHANGED) return joined;
    }
  }

  const grown = (joinsLeft ? 0 : 1) - (joinsRight ? 1 : 0) - (j - i);
  if (used + grown > room) return FULL;
  if (j < used && from < end && !joinsRight) cutFront(words, base + j, body, end);
  const stop = joinsRight ? j + 1 : j;
  const to = joinsRight ? reach : end;
  const own = bodies + 2 * i;
  if (joinsLeft) {
    words[own - 2] = ((to - words[base + i - 1]!) << 3) | state;
    if (stop > i) moveDown(words, base, room, stop, i, used);
  } else {
    if (meets) words[own - 2] = ((key - words[base + i - 1]!) << 3) | (words[own - 2]! & STATE);
    if (stop === i) moveUp(words, base, room, i, i + 1, used);
    else if (stop > i + 1) moveDown(words, base, room, stop, i + 1, used);
    words[base + i] = key;
    words[own] = ((to - key) << 3) | state;
    words[own + 1] = target;
  }
  if (i === 0) setFirst(words, dirAt, top, leaf, words[base]!);
  if (grown !== 0) {
    words[infoAt] = info + grown;
    words[head + EXTENTS] = words[head + EXTENTS]! + grown;
    if (grown < 0 && used + grown <= LEAF / 4) tidy(words, head, top, leaf);
  }
  return CHANGED;
}

/** The first extent of a map. */
function mapFirst(words: Words, head: i32, key: i32, size: i32, target: i32, state: i32): i32 {
  const base = firstLeaf(words, head);
  words[base] = key;
  const body = base + words[head + ROOM]!;
  words[body] = (size << 3) | state;
  words[body + 1] = target;
  addRecord(words, head);
  return CHANGED;
}

/** The only leaf of a map has a record more. */
function addRecord(words: Words, head: i32): void {
  const infoAt = words[head + DIR_AT]! + strideOf(words, head, -1);
  words[infoAt] = words[infoAt]! + 1;
  words[head + EXTENTS] = words[head + EXTENTS]! + 1;
}

/** Where the range continues the last record of the leaf before, that one is taken out and mapped with it. */
function joinBefore(words: Words, head: i32, infoAt: i32, key: i32, size: i32, target: i32, state: i32): i32 {
  if (infoAt < 0) return UNCHANGED;
  const info = words[infoAt]!;
  const last = (info & 127) - 1;
  const base = baseIn(info);
  const body = base + words[head + ROOM]! + 2 * last;
  const from = words[base + last]!;
  const tag = words[body]!;
  if (from + (tag >>> 3) !== key || !continues(tag, words[body + 1]!, key - from, target, state)) return UNCHANGED;
  cutUnits(words, head, from, key);
  return mapUnits(words, head, from, key - from + size, target < 0 ? -1 : target - (key - from), state);
}

/** The same of the first record of the next leaf, which begins where the range ends. */
function joinBehind(words: Words, head: i32, infoAt: i32, key: i32, size: i32, target: i32, state: i32): i32 {
  const base = baseIn(words[infoAt]!);
  const body = base + words[head + ROOM]!;
  const tag = words[body]!;
  const is = words[body + 1]!;
  if ((tag & STATE) !== state || (is < 0 ? target >= 0 : target < 0 || is !== target + size)) return UNCHANGED;
  const more = tag >>> 3;
  cutUnits(words, head, key + size, key + size + more);
  return mapUnits(words, head, key, size + more, target, state);
}

/** Is what is mapped by a record, `inside` units behind its beginning, this mapping? */
// @inline
function continues(tag: i32, is: i32, inside: i32, target: i32, state: i32): boolean {
  return (tag & STATE) === state && (is < 0 ? target < 0 : target === is + inside);
}
