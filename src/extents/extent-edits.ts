// What changes extents in a leaf store: mapping, cutting, splitting and joining, in units. Neighbours that continue each
// other are made one record, as xfs_bmap_add_extent_hole_real does (fs/xfs/libxfs/xfs_bmap.c).
import type { Cursor, LeafStore } from './leaf-store.js';

function holds(store: LeafStore, at: Cursor, key: number, end: number, target: number, state: number): boolean {
  const from = store.key(at);
  if (from > key || store.endAt(at) < end || store.state(at) !== state) return false;
  const is = store.target(at);
  return target < 0 ? is < 0 : is >= 0 && is + key - from === target;
}

/** Would an extent at `key` be the same extent as the one at `at`, were both one record? */
export function continues(store: LeafStore, at: Cursor, key: number, target: number, state: number): boolean {
  const is = store.target(at);
  const size = store.size(at);
  return store.key(at) + size === key && store.state(at) === state && target === (is < 0 ? -1 : is + size);
}

/** Maps [key, end), over whatever was there. False: that is how it was. */
export function put(store: LeafStore, key: number, end: number, target: number, state: number): boolean {
  const at = store.find(key);
  if (at < 0 || store.key(at) >= end) join(store, at, key, end - key, target, state);
  else if (holds(store, at, key, end, target, state)) return false;
  else store.tidyAround(replace(store, at, key, end, target, state));
  return true;
}

/** Gives what is mapped in [key, end) another state, and returns the first extent behind. */
export function restate(store: LeafStore, key: number, end: number, state: number): Cursor {
  let at = store.find(key);
  for (; at >= 0 && store.key(at) < end; at = store.next(at)) {
    if (store.state(at) !== state) {
      if (store.key(at) < key) at = split(store, at, key);
      if (store.endAt(at) > end) at = store.before(split(store, at, end));
      store.setBody(at, store.size(at), store.target(at), state);
    }
    at = joinBefore(store, at);
  }
  return at >= 0 ? joinBefore(store, at) : at;
}

/** Maps a hole; `at` is the first extent behind it. Returns where the mapping went. */
function join(store: LeafStore, at: Cursor, key: number, size: number, target: number, state: number): Cursor {
  const before = store.before(at);
  if (before >= 0 && continues(store, before, key, target, state)) {
    store.setSize(before, store.size(before) + size);
    if (at >= 0) joinBefore(store, at);
    return store.find(key);
  }
  if (at < 0 || store.key(at) !== key + size || store.state(at) !== state) return store.place(key, size, target, state);
  if (store.target(at) !== (target < 0 ? -1 : target + size)) return store.place(key, size, target, state);
  store.setKey(at, key);
  store.setBody(at, store.size(at) + size, target, state);
  return at;
}

/** Makes one record of `at` and the one before if they continue each other. Returns where `at` is now. */
export function joinBefore(store: LeafStore, at: Cursor): Cursor {
  const before = store.before(at);
  if (before < 0 || !continues(store, before, store.key(at), store.target(at), store.state(at))) return at;
  const from = store.key(before);
  store.setSize(before, store.size(before) + store.size(at));
  store.drop(at, store.endAt(at));
  return store.find(from);
}

/** Maps [key, end) over what is there; `at` as for `cut`. Returns where the mapping went. */
function replace(store: LeafStore, at: Cursor, key: number, end: number, target: number, state: number): Cursor {
  const inside = cutHead(store, at, key, end);
  if (inside < 0 || store.endAt(inside) > end)
    return join(store, cutTail(store, inside, end), key, end - key, target, state);
  // A record that would go is written over: that saves moving its leaf down and up again.
  const first = store.key(inside);
  cutTail(store, store.next(inside), end);
  const own = store.find(first);
  store.setKey(own, key);
  store.setBody(own, end - key, target, state);
  const behind = store.next(joinBefore(store, own));
  if (behind >= 0) joinBefore(store, behind);
  return store.find(key);
}

/** Empties [key, end); `at` is the first extent ending after `key`, and begins before `end`. Returns the first one behind. */
export function cut(store: LeafStore, at: Cursor, key: number, end: number): Cursor {
  return cutTail(store, cutHead(store, at, key, end), end);
}

/** Ends an extent that reaches over `key` there, and returns the first one beginning at or behind `key`. */
function cutHead(store: LeafStore, at: Cursor, key: number, end: number): Cursor {
  if (store.key(at) >= key) return at;
  const head = store.endAt(at) > end ? store.before(split(store, at, end)) : at;
  store.setSize(head, key - store.key(head));
  return store.next(head);
}

/** Empties from the extent `at` to `end`, and returns the first one behind. */
function cutTail(store: LeafStore, at: Cursor, end: number): Cursor {
  const behind = at >= 0 && store.endAt(at) <= end ? store.drop(at, end) : at;
  if (behind < 0 || store.key(behind) >= end) return behind;
  const by = end - store.key(behind);
  const target = store.target(behind);
  store.setKey(behind, end);
  store.setBody(behind, store.size(behind) - by, target < 0 ? -1 : target + by, store.state(behind));
  return behind;
}

/** Cuts the extent `at` in two at `key`; returns the second part. The two continue each other until the caller acts. */
export function split(store: LeafStore, at: Cursor, key: number): Cursor {
  const head = key - store.key(at);
  const tail = store.size(at) - head;
  const target = store.target(at);
  store.setSize(at, head);
  return store.place(key, tail, target < 0 ? -1 : target + head, store.state(at));
}

/** Moves every extent from `at` on by so many units. */
export function shift(store: LeafStore, at: Cursor, by: number): void {
  for (let each = at; each >= 0; each = store.next(each)) store.setKey(each, store.key(each) + by);
}
