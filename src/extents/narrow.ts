// Look-ups and changes of one narrow map: few functions, everything in local variables, nothing asked twice. This file is compiled
// twice: as it is, and by scripts/extent-kernel.mjs to WebAssembly, where `Words` is the memory; so it holds to what AssemblyScript
// understands as well. Both do the same, word for word.
import {
  CHANGES,
  DIR_AT,
  DIR_ROOM,
  dropLeaf,
  EXTENTS,
  has,
  LEAVES,
  makeRoom,
  ROOM,
  SMALLEST,
  take,
  tidy,
} from './narrow-leaves.js';
import { foretouch, type i32, lastInLeaf, lastUpTo, moveDown, moveUp, type Words } from './narrow-words.js';

/** What a change says; GENERAL: it is one for extent-edits.ts, which finds the map as consistent as it was. */
export const UNCHANGED: i32 = 0;
export const CHANGED: i32 = 1;
export const GENERAL: i32 = -1;
/** Inside this file: the leaf is full. */
const FULL: i32 = -2;

/** Leaves that are changed one by one; more at once go the general way. */
const MOST_LEAVES: i32 = 4;
const KIND: i32 = 3;
const DELALLOC: i32 = 2;

/** hot: address of unit `x`, or -1. */
export function addrIn(words: Words, head: i32, x: i32): i32 {
  const leaves = words[head + LEAVES]!;
  if (leaves === 0) return -1;
  const dirAt = words[head + DIR_AT]!;
  const leaf = leaves === 1 ? 0 : lastUpTo(words, dirAt, leaves, x);
  const info = words[dirAt + words[head + DIR_ROOM]! + leaf]!;
  const base = (info >>> 7) << 4;
  const used = info & 127;
  const bodies = base + words[head + ROOM]!;
  foretouch(words, dirAt + leaf, bodies, words[head + ROOM]!, used, x);
  const i = lastInLeaf(words, base, used, x);
  const inside = x - words[base + i]!;
  const body = bodies + 3 * i;
  if (inside < 0 || inside >= words[body]!) return -1;
  const addr = words[body + 1]!;
  return addr < 0 || (words[body + 2]! & KIND) === DELALLOC ? -1 : addr + inside;
}

/** hot: maps the `size` units from `key` on; `target` -1: without an address. */
export function mapIn(words: Words, head: i32, key: i32, size: i32, target: i32, state: i32): i32 {
  let outcome = mapInLeaf(words, head, key, size, target, state);
  // A leaf may have to be split, and one behind it to be emptied first; twice each at most.
  for (let tries = 0; outcome === FULL && tries < 4; tries++) {
    if (!makeRoom(words, head, key)) return GENERAL;
    outcome = mapInLeaf(words, head, key, size, target, state);
  }
  if (outcome === CHANGED) words[head + CHANGES] = words[head + CHANGES]! + 1;
  return outcome === FULL ? GENERAL : outcome;
}

/** hot: empties the units from `key` up to `end`. */
export function cutIn(words: Words, head: i32, key: i32, end: i32): i32 {
  const outcome = cutLeaves(words, head, key, end);
  if (outcome === CHANGED) words[head + CHANGES] = words[head + CHANGES]! + 1;
  return outcome;
}

function mapInLeaf(words: Words, head: i32, key: i32, size: i32, target: i32, state: i32): i32 {
  const leaves = words[head + LEAVES]!;
  if (leaves === 0) return mapFirst(words, head, key, size, target, state);
  const dirAt = words[head + DIR_AT]!;
  const leaf = leaves === 1 ? 0 : lastUpTo(words, dirAt, leaves, key);
  const infoAt = dirAt + words[head + DIR_ROOM]! + leaf;
  const info = words[infoAt]!;
  const base = (info >>> 7) << 4;
  const used = info & 127;
  const room = words[head + ROOM]!;
  const bodies = base + room;
  const end = key + size;
  foretouch(words, dirAt + leaf, bodies, room, used, key);

  // `i`: the first record that does not begin before the range. `meets`: the one before reaches up to the range or into it.
  let i = lastInLeaf(words, base, used, key);
  let body = bodies + 3 * i;
  let from = words[base + i]!;
  let reach = from + words[body]!;
  let meets = false;
  let joinsLeft = false;
  if (from < key) {
    i++;
    meets = reach >= key;
    if (meets) {
      const is = words[body + 1]!;
      joinsLeft = words[body + 2] === state && (is < 0 ? target < 0 : target === is + (key - from));
      if (joinsLeft && reach >= end) return UNCHANGED;
      if (reach > end) {
        // In the middle of one record: it becomes three.
        if (used + 2 > room) return FULL;
        moveUp(words, base, room, i, i + 2, used);
        words[body] = key - from;
        words[base + i] = key;
        words[body + 3] = size;
        words[body + 4] = target;
        words[body + 5] = state;
        words[base + i + 1] = end;
        words[body + 6] = reach - end;
        words[body + 7] = is < 0 ? -1 : is + (end - from);
        words[body + 8] = words[body + 2]!;
        words[infoAt] = info + 2;
        words[head + EXTENTS] = words[head + EXTENTS]! + 2;
        return CHANGED;
      }
    }
  } else if (from === key) {
    if (reach >= end && words[body + 2] === state && words[body + 1] === target) return UNCHANGED;
    if (i > 0) {
      const before = words[base + i - 1]!;
      const left = body - 3;
      meets = before + words[left]! === key;
      joinsLeft = meets && continues(words, left, key - before, target, state);
    } else if (leaf > 0 && lastContinues(words, infoAt - 1, room, key, target, state)) return GENERAL;
  }

  // What the range covers goes; what it cuts behind, or meets there, stays.
  let j = i;
  body = bodies + 3 * i;
  while (j < used) {
    from = words[base + j]!;
    reach = from + words[body]!;
    if (reach > end) break;
    j++;
    body += 3;
  }
  let joinsRight = false;
  if (j < used) {
    if (from <= end && words[body + 2] === state) {
      const is = words[body + 1]!;
      joinsRight = is < 0 ? target < 0 : target >= 0 && is + (end - from) === target + size;
    }
  } else if (leaf + 1 < leaves) {
    const next = words[dirAt + leaf + 1]!;
    if (next < end) {
      if (cutLeaves(words, head, next, end) !== CHANGED) return GENERAL;
      return mapInLeaf(words, head, key, size, target, state);
    }
    if (next === end) {
      const right = ((words[infoAt + 1]! >>> 7) << 4) + room;
      const is = words[right + 1]!;
      if (words[right + 2] === state && (is < 0 ? target < 0 : target >= 0 && is === target + size)) return GENERAL;
    }
  }

  const grown = (joinsLeft ? 0 : 1) - (joinsRight ? 1 : 0) - (j - i);
  if (used + grown > room) return FULL;
  if (j < used && from < end && !joinsRight) cutFront(words, base + j, body, end);
  const stop = joinsRight ? j + 1 : j;
  const to = joinsRight ? reach : end;
  let own = bodies + 3 * i;
  if (joinsLeft) {
    words[own - 3] = to - words[base + i - 1]!;
    if (stop > i) moveDown(words, base, room, stop, i, used);
  } else {
    if (meets) words[own - 3] = key - words[base + i - 1]!;
    if (stop === i) moveUp(words, base, room, i, i + 1, used);
    else if (stop > i + 1) moveDown(words, base, room, stop, i + 1, used);
    words[base + i] = key;
    words[own++] = to - key;
    words[own++] = target;
    words[own] = state;
  }
  if (i === 0) words[dirAt + leaf] = words[base]!;
  // Where there is no next leaf, its place tells where this one ends, more or less: for `foretouch`.
  if (i === used && leaf + 1 === leaves && leaves < words[head + DIR_ROOM]!) words[dirAt + leaves] = end;
  if (grown !== 0) {
    words[infoAt] = info + grown;
    words[head + EXTENTS] = words[head + EXTENTS]! + grown;
    if (grown < 0) tidy(words, head, leaf);
  }
  return CHANGED;
}

/** The first extent of a map. */
function mapFirst(words: Words, head: i32, key: i32, size: i32, target: i32, state: i32): i32 {
  if (!has(words, 4 * SMALLEST)) return GENERAL;
  const base = take(words, 4 * SMALLEST);
  words[base] = key;
  words[base + SMALLEST] = size;
  words[base + SMALLEST + 1] = target;
  words[base + SMALLEST + 2] = state;
  const dirAt = words[head + DIR_AT]!;
  words[dirAt] = key;
  words[dirAt + 1] = key + size;
  words[dirAt + words[head + DIR_ROOM]!] = (base << 3) + 1;
  words[head + LEAVES] = 1;
  words[head + ROOM] = SMALLEST;
  words[head + EXTENTS] = 1;
  return CHANGED;
}

/** Leaf by leaf, as long as they are few. */
function cutLeaves(words: Words, head: i32, key: i32, end: i32): i32 {
  let outcome = UNCHANGED;
  let from = key;
  while (true) {
    const leaves = words[head + LEAVES]!;
    if (leaves === 0) return outcome;
    const dirAt = words[head + DIR_AT]!;
    const leaf = leaves === 1 ? 0 : lastUpTo(words, dirAt, leaves, from);
    if (leaf + MOST_LEAVES < leaves && words[dirAt + leaf + MOST_LEAVES]! < end) return GENERAL;
    // The next one is looked for by its first key, because leaves may be joined meanwhile.
    const next = leaf + 1 < leaves ? words[dirAt + leaf + 1]! : end;
    const one = cutInLeaf(words, head, leaf, from, end);
    if (one === GENERAL) return GENERAL;
    if (one === FULL) {
      if (!makeRoom(words, head, from)) return GENERAL;
      continue;
    }
    if (one === CHANGED) outcome = CHANGED;
    if (next >= end) return outcome;
    from = next;
  }
}

function cutInLeaf(words: Words, head: i32, leaf: i32, key: i32, end: i32): i32 {
  const dirAt = words[head + DIR_AT]!;
  const infoAt = dirAt + words[head + DIR_ROOM]! + leaf;
  const info = words[infoAt]!;
  const base = (info >>> 7) << 4;
  const used = info & 127;
  const room = words[head + ROOM]!;
  const bodies = base + room;

  let i = lastInLeaf(words, base, used, key);
  let body = bodies + 3 * i;
  let from = words[base + i]!;
  let reach = from + words[body]!;
  let cut = false;
  if (from < key) {
    i++;
    cut = reach > key;
    if (reach > end) {
      if (used === room) return FULL;
      moveUp(words, base, room, i, i + 1, used);
      const is = words[body + 1]!;
      words[body] = key - from;
      words[base + i] = end;
      words[body + 3] = reach - end;
      words[body + 4] = is < 0 ? -1 : is + (end - from);
      words[body + 5] = words[body + 2]!;
      words[infoAt] = info + 1;
      words[head + EXTENTS] = words[head + EXTENTS]! + 1;
      return CHANGED;
    }
  }
  let j = i;
  body = bodies + 3 * i;
  while (j < used) {
    from = words[base + j]!;
    reach = from + words[body]!;
    if (reach > end) break;
    j++;
    body += 3;
  }
  const gone = j - i;
  const cutsRight = j < used && from < end;
  if (cut) words[bodies + 3 * (i - 1)] = key - words[base + i - 1]!;
  if (cutsRight) cutFront(words, base + j, body, end);
  if (gone > 0) {
    words[head + EXTENTS] = words[head + EXTENTS]! - gone;
    if (gone === used) {
      dropLeaf(words, head, leaf);
      return CHANGED;
    }
    moveDown(words, base, room, j, i, used);
    words[infoAt] = info - gone;
  }
  if (i === 0) words[dirAt + leaf] = words[base]!;
  if (gone > 0) tidy(words, head, leaf);
  return cut || cutsRight || gone > 0 ? CHANGED : UNCHANGED;
}

/** Is what is mapped by `body`, `inside` units behind its beginning, this mapping? */
function continues(words: Words, body: i32, inside: i32, target: i32, state: i32): boolean {
  const is = words[body + 1]!;
  return words[body + 2] === state && (is < 0 ? target < 0 : target === is + inside);
}

/** Does the last record of the leaf of that directory entry end at `key` and continue there? */
function lastContinues(words: Words, infoAt: i32, room: i32, key: i32, target: i32, state: i32): boolean {
  const info = words[infoAt]!;
  const base = (info >>> 7) << 4;
  const last = (info & 127) - 1;
  const body = base + room + 3 * last;
  const size = words[body]!;
  return words[base + last]! + size === key && continues(words, body, size, target, state);
}

/** Takes what lies before `end` from a record. */
function cutFront(words: Words, keyAt: i32, body: i32, end: i32): void {
  const by = end - words[keyAt]!;
  const is = words[body + 1]!;
  words[keyAt] = end;
  words[body] = words[body]! - by;
  if (is >= 0) words[body + 1] = is + by;
}
