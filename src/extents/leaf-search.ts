// The search in a leaf store: the directory first, then the keys of one leaf, as xfs_iext_lookup_extent does
// (fs/xfs/libxfs/xfs_iext_tree.c), but each step halves the keys that are left.
import type { Cursor, LeafStore } from './leaf-store.js';
import { baseIn, DIR_AT, DIR_ROOM, dirOf, ENTRIES, GROUP, isGrouped, leavesOf, ROOM, strideOf } from './leaves.js';
import { lastUpTo } from './narrow-words.js';
import { HOLDING, Holding } from './states.js';

/** Last record that does not begin behind `x`; the first one where all do; -1 where there is none. */
export const floorOf = ({ arena, head, isWide }: LeafStore, x: number): Cursor =>
  isWide
    ? floorIn(arena.words as Int32Array, head, x, lastUpToWide)
    : floorIn(arena.words as Int32Array, head, x | 0, lastUpTo);

function floorIn(words: Int32Array, head: number, x: number, search: typeof lastUpTo): Cursor {
  const dirAt = words[head + DIR_AT]!;
  const entries = words[head + ENTRIES]!;
  if (entries === 0) return -1;
  const group = isGrouped(words, head) ? search(words, dirAt, entries, x) : 0;
  const top = isGrouped(words, head) ? dirAt + group : -1;
  const leavesAt = dirOf(words, head, top);
  const leaf = search(words, leavesAt, leavesOf(words, head, top), x);
  const info = words[leavesAt + strideOf(words, head, top) + leaf]!;
  return (group << 10) | (leaf << 4) | search(words, baseIn(info), info & 127, x);
}

function lastUpToWide(keys: Int32Array, base: number, count: number, x: number): number {
  let at = base;
  let n = count;
  while (n > 1) {
    const half = n >>> 1;
    if (keys[at + half]! <= x) at += half;
    n -= half;
  }
  return at - base;
}

/** hot: what the units from `from` up to `end` hold in a narrow store of which only the head is at hand, as bits of `Holding`. */
export function holdingAt(words: Int32Array, head: number, from: number, end: number): number {
  let leaves = words[head + ENTRIES]!;
  if (leaves === 0) return Holding.hole;
  let dirAt = words[head + DIR_AT]!;
  let stride = words[head + DIR_ROOM]!;
  const room = words[head + ROOM]!;
  let top = -1;
  let lastTop = -1;
  if (isGrouped(words, head)) {
    lastTop = dirAt + leaves - 1;
    top = dirAt + lastUpTo(words, dirAt, leaves, from);
    const info = words[top + stride]!;
    dirAt = baseIn(info);
    leaves = info & 127;
  }
  const dirRoom = stride;
  if (top >= 0) stride = GROUP;
  let leaf = lastUpTo(words, dirAt, leaves, from);
  let reached = from;
  let holding = 0;
  let i = -1;
  while (true) {
    const info = words[dirAt + stride + leaf]!;
    const base = baseIn(info);
    const used = info & 127;
    i = i < 0 ? lastUpTo(words, base, used, from) : 0;
    for (let body = base + room + 2 * i; i < used; i++, body += 2) {
      const key = words[base + i]!;
      const tag = words[body]!;
      // The first one may end before the range.
      if (key + (tag >>> 3) <= reached) continue;
      if (key > reached) holding |= Holding.hole;
      if (key >= end) return holding;
      holding |= HOLDING[tag & 7]!;
      reached = key + (tag >>> 3);
      if (reached >= end) return holding;
    }
    leaf++;
    if (leaf < leaves) continue;
    if (top === lastTop) return holding | Holding.hole;
    const group = words[++top + dirRoom]!;
    dirAt = baseIn(group);
    leaves = group & 127;
    leaf = 0;
  }
}

/** The same of any store, from the extent `first` on. */
export function holdingFrom(store: LeafStore, first: Cursor, from: number, end: number): number {
  let reached = from;
  let holding = 0;
  for (let at = first; at >= 0; at = store.next(at)) {
    const key = store.key(at);
    if (key > reached) holding |= Holding.hole;
    if (key >= end) return holding;
    holding |= HOLDING[store.state(at)]!;
    reached = store.endAt(at);
    if (reached >= end) return holding;
  }
  return holding | Holding.hole;
}
