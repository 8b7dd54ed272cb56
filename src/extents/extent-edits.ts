// What changes extents in a leaf store: mapping, cutting, splitting and joining, in units. Neighbours that continue each
// other are made one record, as xfs_bmap_add_extent_hole_real does (fs/xfs/libxfs/xfs_bmap.c).
import type { Cursor, LeafStore } from './leaf-store.js';

export function holds(store: LeafStore, at: Cursor, key: number, end: number, target: number, state: number): boolean {
  const from = store.key(at);
  if (from > key || store.endAt(at) < end || store.state(at) !== state) return false;
  const is = store.target(at);
  return target < 0 ? is < 0 : is >= 0 && is + key - from === target;
}

/** Would an extent at `key` be the same extent as the one at `at`, were both one record? */
export function continues(store: LeafStore, at: Cursor, key: number, target: number, state: number): boolean {
  const words = store.arena.words;
  const body = store.bodyIndex(at);
  const is = words[body + 1]!;
  return (
    words[store.keyIndex(at)]! + words[body]! === key &&
    words[body + 2] === state &&
    target === (is < 0 ? -1 : is + words[body]!)
  );
}

/** Maps a hole; `at` is the first extent behind it. Returns where the mapping went. */
export function join(store: LeafStore, at: Cursor, key: number, size: number, target: number, state: number): Cursor {
  const before = store.before(at);
  if (before >= 0 && continues(store, before, key, target, state)) {
    store.arena.words[store.bodyIndex(before)]! += size;
    if (at >= 0) joinBefore(store, at);
    return before;
  }
  if (at < 0 || store.key(at) !== key + size || store.state(at) !== state)
    return store.place(at, key, size, target, state);
  if (store.target(at) !== (target < 0 ? -1 : target + size)) return store.place(at, key, size, target, state);
  const body = store.bodyIndex(at);
  store.setKey(at, key);
  store.arena.words[body]! += size;
  store.arena.words[body + 1] = target;
  return at;
}

/** Makes one record of `at` and the one before if they continue each other. Returns where `at` is now. */
export function joinBefore(store: LeafStore, at: Cursor): Cursor {
  const before = store.before(at);
  if (before < 0 || !continues(store, before, store.key(at), store.target(at), store.state(at))) return at;
  store.arena.words[store.bodyIndex(before)]! += store.arena.words[store.bodyIndex(at)]!;
  store.drop(at, store.endAt(at));
  return before;
}

/** Maps [key, end) over what is there; `at` as for `cut`. Returns where the mapping went. */
export function replace(store: LeafStore, at: Cursor, key: number, end: number, target: number, state: number): Cursor {
  const inside = cutHead(store, at, key, end);
  if (inside < 0 || store.endAt(inside) > end)
    return join(store, cutTail(store, inside, end), key, end - key, target, state);
  // A record that would go is written over: that saves moving its leaf down and up again.
  cutTail(store, store.next(inside), end);
  const body = store.bodyIndex(inside);
  store.setKey(inside, key);
  store.arena.words[body] = end - key;
  store.arena.words[body + 1] = target;
  store.arena.words[body + 2] = state;
  const here = joinBefore(store, inside);
  const behind = store.next(here);
  if (behind >= 0) joinBefore(store, behind);
  return here;
}

/** Empties [key, end); `at` is the first extent ending after `key`, and begins before `end`. Returns the first one behind. */
export function cut(store: LeafStore, at: Cursor, key: number, end: number): Cursor {
  return cutTail(store, cutHead(store, at, key, end), end);
}

/** Ends an extent that reaches over `key` there, and returns the first one beginning at or behind `key`. */
function cutHead(store: LeafStore, at: Cursor, key: number, end: number): Cursor {
  if (store.key(at) >= key) return at;
  const head = store.endAt(at) > end ? store.before(split(store, at, end)) : at;
  store.arena.words[store.bodyIndex(head)] = key - store.key(head);
  return store.next(head);
}

/** Empties from the extent `at` to `end`, and returns the first one behind. */
function cutTail(store: LeafStore, at: Cursor, end: number): Cursor {
  const behind = at >= 0 && store.endAt(at) <= end ? store.drop(at, end) : at;
  if (behind < 0 || store.key(behind) >= end) return behind;
  const body = store.bodyIndex(behind);
  const by = end - store.key(behind);
  store.setKey(behind, end);
  store.arena.words[body]! -= by;
  if (store.arena.words[body + 1]! >= 0) store.arena.words[body + 1]! += by;
  return behind;
}

/** Cuts the extent `at` in two at `key`; returns the second part. The two continue each other until the caller acts. */
export function split(store: LeafStore, at: Cursor, key: number): Cursor {
  const body = store.bodyIndex(at);
  const head = key - store.key(at);
  const tail = store.arena.words[body]! - head;
  const target = store.arena.words[body + 1]!;
  store.arena.words[body] = head;
  return store.place(store.next(at), key, tail, target < 0 ? -1 : target + head, store.arena.words[body + 2]!);
}

/** Moves every extent from `at` on by so many units. */
export function shift(store: LeafStore, at: Cursor, by: number): void {
  let i = at & 63;
  for (let leaf = at >>> 6; leaf < store.leaves; leaf++, i = 0) {
    const base = store.base(leaf);
    const stop = base + store.used(leaf);
    for (let k = base + i; k < stop; k++) store.arena.words[k]! += by;
    store.arena.words[store.dirAt + leaf] = store.arena.words[base]!;
  }
}
