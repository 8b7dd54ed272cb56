// The search in a leaf store: the directory first, then the keys of one leaf, as xfs_iext_lookup_extent does
// (fs/xfs/libxfs/xfs_iext_tree.c), but each step halves the keys that are left.
import { Head } from './leaf-head.js';
import type { Cursor, LeafStore } from './leaf-store.js';
import { HOLDING, Holding } from './states.js';

/** hot: apart from `findWide`, so that each sees one kind of array and of number. */
export const findNarrow = (store: LeafStore, x: number): Cursor =>
  findAt(store.arena.words as Int32Array, store.head, x);

/** hot: in a narrow store of which only the words are at hand. */
export function findAt(words: Int32Array, head: number, x: number): Cursor {
  const leaves = words[head + Head.leaves]!;
  if (leaves === 0) return -1;
  const dirAt = words[head]!;
  const leaf = lastUpTo(words, dirAt, leaves, x);
  const info = words[dirAt + words[head + Head.dirRoom]! + leaf]!;
  const base = (info >>> 7) << 4;
  const used = info & 127;
  const i = lastUpTo(words, base, used, x);
  if (words[base + i]! + words[base + words[head + Head.room]! + 3 * i]! > x) return (leaf << 6) | i;
  if (i + 1 < used) return (leaf << 6) | (i + 1);
  return leaf + 1 < leaves ? (leaf + 1) << 6 : -1;
}

/** hot: what the units from `from` up to `end` hold, as bits of `Holding`; the range is not empty. */
export function holdingAt(words: Int32Array, head: number, from: number, end: number): number {
  const at = findAt(words, head, from);
  if (at < 0) return Holding.hole;
  const leaves = words[head + Head.leaves]!;
  const room = words[head + Head.room]!;
  const infos = words[head]! + words[head + Head.dirRoom]!;
  let reached = from;
  let holding = 0;
  let i = at & 63;
  for (let leaf = at >>> 6; leaf < leaves; leaf++, i = 0) {
    const info = words[infos + leaf]!;
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

/** hot: index of the last key <= x, or 0. The sign of the difference is the step's mask: a branch would miss half the time. */
export function lastUpTo(keys: Int32Array, base: number, count: number, x: number): number {
  let at = base;
  let n = count;
  while (n > 1) {
    const half = n >>> 1;
    at += half & ((keys[at + half]! - x - 1) >> 31);
    n -= half;
  }
  return at - base;
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
