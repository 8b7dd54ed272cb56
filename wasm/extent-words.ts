// The words of an arena as the memory of WebAssembly, for src/extents/narrow.ts: stands for src/extents/narrow-words.ts there.

/** Place 0 of the memory is word 0; nobody makes one. */
@final
export class Words {
  @inline
  @operator('[]')
  get(at: i32): i32 {
    return load<i32>(at << 2);
  }

  @inline
  @operator('[]=')
  set(at: i32, value: i32): void {
    store<i32>(at << 2, value);
  }
}

const LINE: i32 = 16;

/** Index of the last of at most 64 keys <= x, or -1: the first key of each cache line tells the line, whose keys are compared at once. */
// @inline
function inLines(first: i32, n: i32, x: i32): i32 {
  const from = first << 2;
  // All lines at once, whichever it will be.
  load<i32>(from);
  const next = x + 1;
  const line =
    (((load<i32>(from, 4 * LINE) - next) & (LINE - n)) >>> 31) +
    (((load<i32>(from, 8 * LINE) - next) & (2 * LINE - n)) >>> 31) +
    (((load<i32>(from, 12 * LINE) - next) & (3 * LINE - n)) >>> 31);
  return inLine(first + (line << 4), min<i32>(n - (line << 4), LINE), x) + (line << 4);
}

/** Of at most 16 keys, all compared at once: -1 where none is so small. */
// @inline
function inLine(first: i32, n: i32, x: i32): i32 {
  const at = first << 2;
  const sought = i32x4.splat(x);
  const low = i16x8.narrow_i32x4_s(i32x4.gt_s(v128.load(at), sought), i32x4.gt_s(v128.load(at, 16), sought));
  const high = i16x8.narrow_i32x4_s(i32x4.gt_s(v128.load(at, 32), sought), i32x4.gt_s(v128.load(at, 48), sought));
  const beyond = i8x16.bitmask(i8x16.narrow_i16x8_s(low, high));
  // What lies behind the keys is compared as well, and not looked at.
  return ctz(beyond | (1 << n)) - 1;
}

/** The same of any number of keys: by quarters down to 64, because three keys that are fetched at once are one wait. */
// @inline
export function lastUpTo(keys: Words, base: i32, count: i32, x: i32): i32 {
  const next = x + 1;
  let first = base;
  let n = count;
  while (n > 4 * LINE) {
    const quarter = n >>> 2;
    const at = first + quarter;
    const behind =
      ((keys[at] - next) >>> 31) + ((keys[at + quarter] - next) >>> 31) + ((keys[at + 2 * quarter] - next) >>> 31);
    first += behind * quarter;
    n -= 3 * quarter;
  }
  return atLeast0(first - base + inLines(first, n, x));
}

// @inline
export function lastInGroup(_keys: Words, base: i32, count: i32, x: i32): i32 {
  return atLeast0(inLines(base, count, x));
}

// @inline
export function lastInLeaf(_keys: Words, base: i32, count: i32, x: i32): i32 {
  return atLeast0(inLine(base, count, x));
}

// @inline
function atLeast0(i: i32): i32 {
  return i + (i >>> 31);
}

/** Fetches what will be asked for while something else is still sought: one wait for memory instead of two. */
// @inline
export function touch(_words: Words, at: i32): void {
  load<i32>(at << 2);
}

// @inline
export function touchInfos(_words: Words, at: i32): void {
  load<i32>(at << 2);
  load<i32>(at << 2, 4 * LINE);
  load<i32>(at << 2, 8 * LINE);
  load<i32>(at << 2, 12 * LINE);
}

// @inline
export function touchBodies(_words: Words, base: i32): void {
  load<i32>(base << 2, 4 * LINE);
  load<i32>(base << 2, 8 * LINE);
}

const LONG: i32 = 256;

/** Words to a higher place: the last ones first, because the two may lie over each other. */
// @inline
export function copyUp(words: Words, from: i32, to: i32, count: i32): void {
  let n = count;
  if (n > LONG) {
    memory.copy(to << 2, from << 2, n << 2);
    return;
  }
  for (; n >= 4; n -= 4) v128.store((to + n - 4) << 2, v128.load((from + n - 4) << 2));
  while (n > 0) {
    n--;
    words[to + n] = words[from + n];
  }
}

/** Words to a lower place, or to one apart. */
// @inline
export function copyDown(words: Words, from: i32, to: i32, count: i32): void {
  if (count > LONG) {
    memory.copy(to << 2, from << 2, count << 2);
    return;
  }
  let n = 0;
  for (; n + 4 <= count; n += 4) v128.store((to + n) << 2, v128.load((from + n) << 2));
  for (; n < count; n++) words[to + n] = words[from + n];
}

export function moveUp(words: Words, base: i32, room: i32, from: i32, to: i32, used: i32): void {
  copyUp(words, base + from, base + to, used - from);
  copyUp(words, base + room + 2 * from, base + room + 2 * to, 2 * (used - from));
}

export function moveDown(words: Words, base: i32, room: i32, from: i32, to: i32, used: i32): void {
  copyDown(words, base + from, base + to, used - from);
  copyDown(words, base + room + 2 * from, base + room + 2 * to, 2 * (used - from));
}

export function powerOf(size: i32): i32 {
  return 31 - clz(size);
}
