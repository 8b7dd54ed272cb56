// What narrow.ts is written in: the words of an arena, and how keys are found and words moved among them. Where narrow.ts is
// compiled to WebAssembly, wasm/extent-words.ts takes the place of this file.
export type i32 = number;
export type Words = Int32Array;

/** Up to so many words move faster by a loop than by `copyWithin`. */
const SHORT = 16;

/** hot: index of the last key <= x, or 0. The sign of the difference is the step's mask: a branch would miss half the time. */
export function lastUpTo(keys: Words, base: i32, count: i32, x: i32): i32 {
  let at = base;
  let n = count;
  while (n > 1) {
    const half = n >>> 1;
    at += half & ((keys[at + half]! - x - 1) >> 31);
    n -= half;
  }
  return at - base;
}

/** The same of up to 64 keys. */
export const lastInGroup = lastUpTo;

/** The same of up to 16 keys. */
export const lastInLeaf = lastUpTo;

/** Words to a higher place; the two may lie over each other. */
export function copyUp(words: Words, from: i32, to: i32, count: i32): void {
  if (count > SHORT) words.copyWithin(to, from, from + count);
  else for (let i = count - 1; i >= 0; i--) words[to + i] = words[from + i]!;
}

/** Words to a lower place, or to one apart. */
export function copyDown(words: Words, from: i32, to: i32, count: i32): void {
  if (count > SHORT) words.copyWithin(to, from, from + count);
  else for (let i = 0; i < count; i++) words[to + i] = words[from + i]!;
}

/** Moves the records of a leaf from `from` up to `used` on to `to`, which lies behind. */
export function moveUp(words: Words, base: i32, room: i32, from: i32, to: i32, used: i32): void {
  const bodies = base + room;
  copyUp(words, base + from, base + to, used - from);
  copyUp(words, bodies + 2 * from, bodies + 2 * to, 2 * (used - from));
}

/** The same, `to` lies before. */
export function moveDown(words: Words, base: i32, room: i32, from: i32, to: i32, used: i32): void {
  const bodies = base + room;
  copyDown(words, base + from, base + to, used - from);
  copyDown(words, bodies + 2 * from, bodies + 2 * to, 2 * (used - from));
}

export const powerOf = (size: i32): i32 => 31 - Math.clz32(size);

/** Words that will be asked for soon: JavaScript has no way to say so. */
export function touch(_words: Words, _at: i32): void {}

/** The same of the bodies of a leaf. */
export const touchBodies = touch;

/** The same of what a group tells of its leaves. */
export const touchInfos = touch;
