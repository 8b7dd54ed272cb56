// The loop of the extent map benchmark (test/bench), which is that of its C++ peers: it calls block maps as the kernel of plain rows
// does, in which replays have them. Compiled by the benchmark, with what the maps are made of; no part of the program.

/** Checksum of the answers. */
let sum: i32 = 0;

/** A stream is of int32s: file * 4 + kind, offset, length and address of each operation (test/bench/extent-map-stream.ts). */
const OPERATION: i32 = 16;
const IS_LOOKUP: i32 = 0;
const IS_MAP: i32 = 1;
const WRITTEN: i32 = 0;
/** Operations after which the size of the arena is looked at again. */
const STRETCH: i32 = 4096;

/**
 * Does the operations at the bytes from `from` up to `to`; `heads` has where the map of each file is. Returns the place of the first one
 * that is not done, because the arena has to grow before.
 */
export function work(heads: i32, from: i32, to: i32): i32 {
  const words = changetype<Words>(0);
  let at = from;
  while (at < to) {
    let stop = min(to, at + STRETCH * OPERATION);
    if (words[TOP] >= LARGE) {
      stop = min(to, at + AHEAD * OPERATION);
      ask(words, heads, at, stop);
    }
    at = workOn(words, heads, at, stop);
    if (at < stop) break;
  }
  return at;
}

// @inline
function workOn(words: Words, heads: i32, from: i32, to: i32): i32 {
  let answers = sum;
  let at = from;
  for (; at < to; at += OPERATION) {
    const what = load<i32>(at);
    const head = load<i32>(heads + (what & ~3));
    const key = load<i32>(at, 4);
    const kind = what & 3;
    if (kind === IS_LOOKUP) answers = answers * 31 + addrIn(words, head, key);
    else {
      const outcome =
        kind === IS_MAP
          ? mapIn(words, head, key, load<i32>(at, 8), load<i32>(at, 12), WRITTEN)
          : cutIn(words, head, key, key + load<i32>(at, 8));
      if (outcome === GENERAL) break;
    }
  }
  sum = answers;
  return at;
}

/** Fetches what some operations will ask for. */
function ask(words: Words, heads: i32, from: i32, to: i32): void {
  for (let at = from, i = 0; at < to; at += OPERATION, i++) askHead(words, i, load<i32>(heads + (load<i32>(at) & ~3)));
  for (let at = from, i = 0; at < to; at += OPERATION, i++) askGroup(words, i, load<i32>(at, 4));
  for (let at = from, i = 0; at < to; at += OPERATION, i++) askLeaf(words, i, load<i32>(at, 4));
}

export function checksum(): i32 {
  return sum;
}
