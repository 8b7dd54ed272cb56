// The search in a leaf store: the directory first, then the keys of one leaf, as xfs_iext_lookup_extent does
// (fs/xfs/libxfs/xfs_iext_tree.c), but each step halves the keys that are left.
import type { Cursor, LeafStore } from './leaf-store.js';

/** hot: apart from `findWide`, so that each sees one kind of array and of number. */
export function findNarrow(store: LeafStore, x: number): Cursor {
  const leaves = store.leaves;
  if (leaves === 0) return -1;
  const words = store.arena.words as Int32Array;
  const dirAt = store.dirAt;
  const leaf = lastUpTo(words, dirAt, leaves, x);
  const info = words[dirAt + store.dirRoom + leaf]!;
  const base = (info >>> 7) << 4;
  const used = info & 127;
  const i = lastUpTo(words, base, used, x);
  if (words[base + i]! + words[base + store.room + 3 * i]! > x) return (leaf << 6) | i;
  if (i + 1 < used) return (leaf << 6) | (i + 1);
  return leaf + 1 < leaves ? (leaf + 1) << 6 : -1;
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
function lastUpTo(keys: Int32Array, base: number, count: number, x: number): number {
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
