// The search in a leaf store: the directory first, then the keys of one leaf, as xfs_iext_lookup_extent does
// (fs/xfs/libxfs/xfs_iext_tree.c), but each step halves the keys that are left.
import { Head } from './leaf-head.js';
import type { Cursor, LeafStore } from './leaf-store.js';
import { lastUpTo } from './narrow-words.js';
import { HOLDING, Holding } from './states.js';

/** hot: apart from `findWide`, so that each sees one kind of array and of number. */
export const findNarrow = ({ arena, dirAt, dirRoom, leaves, room }: LeafStore, x: number): Cursor =>
  findIn(arena.words as Int32Array, dirAt, dirRoom, leaves, room, x);

function findIn(words: Int32Array, dirAt: number, dirRoom: number, leaves: number, room: number, x: number): Cursor {
  if (leaves === 0) return -1;
  const leaf = lastUpTo(words, dirAt, leaves, x);
  const info = words[dirAt + dirRoom + leaf]!;
  const base = (info >>> 7) << 4;
  const used = info & 127;
  const i = lastUpTo(words, base, used, x);
  if (words[base + i]! + words[base + room + 3 * i]! > x) return (leaf << 6) | i;
  if (i + 1 < used) return (leaf << 6) | (i + 1);
  return leaf + 1 < leaves ? (leaf + 1) << 6 : -1;
}

/** hot: what the units from `from` up to `end` hold in a narrow store of which only the head is at hand, as bits of `Holding`. */
export function holdingAt(words: Int32Array, head: number, from: number, end: number): number {
  const dirAt = words[head]!;
  const dirRoom = words[head + Head.dirRoom]!;
  const leaves = words[head + Head.leaves]!;
  const room = words[head + Head.room]!;
  const at = findIn(words, dirAt, dirRoom, leaves, room, from);
  if (at < 0) return Holding.hole;
  let reached = from;
  let holding = 0;
  let i = at & 63;
  for (let leaf = at >>> 6; leaf < leaves; leaf++, i = 0) {
    const info = words[dirAt + dirRoom + leaf]!;
    const base = (info >>> 7) << 4;
    const used = info & 127;
    for (let body = base + room + 3 * i; i < used; i++, body += 3) {
      const key = words[base + i]!;
      if (key > reached) holding |= Holding.hole;
      if (key >= end) return holding;
      holding |= HOLDING[words[body + 2]!]!;
      reached = key + words[body]!;
      if (reached >= end) return holding;
    }
  }
  return holding | Holding.hole;
}

export function findWide(store: LeafStore, x: number): Cursor {
  const leaves = store.leaves;
  if (leaves === 0) return -1;
  const words = store.arena.words as Float64Array;
  const leaf = lastUpToWide(words, store.dirAt, leaves, x);
  const base = store.base(leaf);
  const used = store.used(leaf);
  const i = lastUpToWide(words, base, used, x);
  if (words[base + i]! + words[base + store.room + 3 * i]! > x) return (leaf << 6) | i;
  if (i + 1 < used) return (leaf << 6) | (i + 1);
  return leaf + 1 < leaves ? (leaf + 1) << 6 : -1;
}

function lastUpToWide(keys: Float64Array, base: number, count: number, x: number): number {
  let at = base;
  let n = count;
  while (n > 1) {
    const half = n >>> 1;
    if (keys[at + half]! <= x) at += half;
    n -= half;
  }
  return at - base;
}
