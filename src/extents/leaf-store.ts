// The storage of an extent map: a sorted directory over leaves of up to 64 records, all in two typed arrays. The layout is
// that of the in-core extent tree of XFS (fs/xfs/libxfs/xfs_iext_tree.c) in miniature.
import { findNarrow, findWide } from './leaf-search.js';

/** Place of an extent: directory position * 64 + record. Valid until the next change; -1 is none. */
export type Cursor = number;

/** Largest block number of a narrow store; the search subtracts two of them, and the difference must stay an int32. */
export const LIMIT = 2 ** 31 - 1;
/** Records in a full-size leaf. A map with one leaf keeps it at 4 or 16 while that is enough: most files are small. */
const LEAF = 64;
const HALF = LEAF / 2;
/** Up to so many records move faster by a loop than by `copyWithin`. */
const SHORT = 6;

type Words = Int32Array | Float64Array;
const NO_INTS = new Int32Array(0);
const NO_FLOATS = new Float64Array(0);

/**
 * Offsets, lengths and addresses are in units; what a unit is, the map knows. Outside this file the fields are for
 * reading, and the contents of `words` and `dir` also for changing records in place.
 *
 * A leaf of `room` records is `room` keys, then `room` bodies (length, address, state): the search touches keys only.
 * The directory is `dirRoom` first keys, then `dirRoom` words `slot * 128 + records`, slot being the leaf's place in `words`.
 */
export class LeafStore {
  isWide: boolean;
  words: Words;
  dir: Words;
  dirRoom = 0;
  leaves = 0;
  room = 0;
  /** Slots handed out so far; those given back form a chain through their first word. */
  slots = 0;
  freeSlot = -1;
  extents = 0;

  constructor(isWide: boolean) {
    this.isWide = isWide;
    this.words = isWide ? NO_FLOATS : NO_INTS;
    this.dir = this.words;
  }

  copy(): LeafStore {
    const twin = new LeafStore(this.isWide);
    twin.words = this.words.slice();
    twin.dir = this.dir.slice();
    twin.dirRoom = this.dirRoom;
    twin.leaves = this.leaves;
    twin.room = this.room;
    twin.slots = this.slots;
    twin.freeSlot = this.freeSlot;
    twin.extents = this.extents;
    return twin;
  }

  used(leaf: number): number {
    return this.dir[this.dirRoom + leaf]! & 127;
  }

  base(leaf: number): number {
    return (this.dir[this.dirRoom + leaf]! >>> 7) * 4 * this.room;
  }

  keyIndex(at: Cursor): number {
    return this.base(at >>> 6) + (at & 63);
  }

  bodyIndex(at: Cursor): number {
    return this.base(at >>> 6) + this.room + 3 * (at & 63);
  }

  key(at: Cursor): number {
    return this.words[this.keyIndex(at)]!;
  }

  endAt(at: Cursor): number {
    return this.words[this.keyIndex(at)]! + this.words[this.bodyIndex(at)]!;
  }

  target(at: Cursor): number {
    return this.words[this.bodyIndex(at) + 1]!;
  }

  state(at: Cursor): number {
    return this.words[this.bodyIndex(at) + 2]!;
  }

  last(): Cursor {
    return this.leaves === 0 ? -1 : ((this.leaves - 1) << 6) | (this.used(this.leaves - 1) - 1);
  }

  /** The extent before `at`; the last one for -1. */
  before(at: Cursor): Cursor {
    if (at < 0) return this.last();
    if ((at & 63) !== 0) return at - 1;
    const leaf = (at >>> 6) - 1;
    return leaf < 0 ? -1 : (leaf << 6) | (this.used(leaf) - 1);
  }

  next(at: Cursor): Cursor {
    const leaf = at >>> 6;
    if ((at & 63) + 1 < this.used(leaf)) return at + 1;
    return leaf + 1 < this.leaves ? (leaf + 1) << 6 : -1;
  }

  /** First extent ending after unit `x`, or -1. */
  find(x: number): Cursor {
    return this.isWide ? findWide(this, x) : findNarrow(this, x | 0);
  }

  setKey(at: Cursor, key: number): void {
    this.words[this.keyIndex(at)] = key;
    if ((at & 63) === 0) this.dir[at >>> 6] = key;
  }

  /** Puts a record before `at` (-1: behind the last) and returns where it went. */
  place(at: Cursor, key: number, size: number, target: number, state: number): Cursor {
    if (this.leaves === 0) this.addLeaf(0);
    let leaf = at < 0 ? this.leaves - 1 : at >>> 6;
    let i = at < 0 ? this.used(leaf) : at & 63;
    if (i === 0 && leaf > 0) i = this.used(--leaf);
    if (this.used(leaf) === this.room) {
      if (this.room < LEAF) this.enlarge();
      else if (i === LEAF && leaf === this.leaves - 1) {
        // Files are mostly written forwards: leave full leaves behind, not half ones.
        this.addLeaf(++leaf);
        i = 0;
      } else {
        this.halve(leaf);
        if (i > HALF) {
          leaf++;
          i -= HALF;
        }
      }
    }
    const words = this.words;
    const base = this.base(leaf);
    const body = base + this.room + 3 * i;
    this.move(base, i, i + 1, this.used(leaf) - i);
    words[base + i] = key;
    words[body] = size;
    words[body + 1] = target;
    words[body + 2] = state;
    this.dir[this.dirRoom + leaf]!++;
    if (i === 0) this.dir[leaf] = key;
    this.extents++;
    return (leaf << 6) | i;
  }

  /** Takes out the records from `at` on that end by `end`, and returns the first one that stays behind them. */
  drop(at: Cursor, end: number): Cursor {
    const words = this.words;
    const room = this.room;
    let leaf = at >>> 6;
    let i = at & 63;
    let left = false;
    let gone = 0;
    for (; leaf < this.leaves; leaf++, i = 0) {
      const used = this.used(leaf);
      const base = this.base(leaf);
      let stop = i;
      while (stop < used && words[base + stop]! + words[base + room + 3 * stop]! <= end) stop++;
      this.extents -= stop - i;
      if (stop - i === used) {
        this.giveBack(leaf);
        gone++;
        continue;
      }
      if (stop > i) {
        this.move(base, stop, i, used - stop);
        this.dir[this.dirRoom + leaf]! -= stop - i;
        if (i === 0) this.dir[leaf] = words[base]!;
      }
      left = stop < used;
      if (left) break;
    }
    if (gone > 0) this.dropLeaves(leaf - gone, gone);
    return left ? ((leaf - gone) << 6) | i : -1;
  }

  /** Moves records inside a leaf. */
  private move(base: number, from: number, to: number, count: number): void {
    const words = this.words;
    const body = base + this.room;
    if (count > SHORT) {
      words.copyWithin(base + to, base + from, base + from + count);
      words.copyWithin(body + 3 * to, body + 3 * from, body + 3 * (from + count));
    } else if (to > from) {
      for (let i = count - 1; i >= 0; i--) words[base + to + i] = words[base + from + i]!;
      for (let i = 3 * count - 1; i >= 0; i--) words[body + 3 * to + i] = words[body + 3 * from + i]!;
    } else {
      for (let i = 0; i < count; i++) words[base + to + i] = words[base + from + i]!;
      for (let i = 0; i < 3 * count; i++) words[body + 3 * to + i] = words[body + 3 * from + i]!;
    }
  }

  /** Puts an empty leaf into the directory. */
  private addLeaf(at: number): void {
    if (this.room === 0) this.enlarge();
    const stride = 4 * this.room;
    let slot = this.freeSlot;
    if (slot >= 0) this.freeSlot = this.words[slot * stride]!;
    else {
      slot = this.slots++;
      if (this.slots * stride > this.words.length) this.grow((this.slots + (this.slots >> 1)) * stride);
    }
    if (this.leaves === this.dirRoom) this.growDirectory();
    this.dir.copyWithin(at + 1, at, this.leaves);
    this.dir.copyWithin(this.dirRoom + at + 1, this.dirRoom + at, this.dirRoom + this.leaves);
    this.dir[this.dirRoom + at] = slot * 128;
    this.leaves++;
  }

  private giveBack(leaf: number): void {
    this.words[this.base(leaf)] = this.freeSlot;
    this.freeSlot = this.dir[this.dirRoom + leaf]! >>> 7;
  }

  private dropLeaves(from: number, count: number): void {
    this.dir.copyWithin(from, from + count, this.leaves);
    this.dir.copyWithin(this.dirRoom + from, this.dirRoom + from + count, this.dirRoom + this.leaves);
    this.leaves -= count;
    if (this.leaves === 0) this.reset();
  }

  /** Moves the upper half of a full leaf into a new one behind it. */
  private halve(leaf: number): void {
    this.addLeaf(leaf + 1);
    const from = this.base(leaf);
    const to = this.base(leaf + 1);
    this.words.copyWithin(to, from + HALF, from + LEAF);
    this.words.copyWithin(to + LEAF, from + LEAF + 3 * HALF, from + 4 * LEAF);
    this.dir[this.dirRoom + leaf]! -= HALF;
    this.dir[this.dirRoom + leaf + 1]! += HALF;
    this.dir[leaf + 1] = this.words[to]!;
  }

  /** Empties a sparse leaf into the one before it: many removals must not leave a directory of nearly empty leaves. */
  tidy(leaf: number): void {
    if (this.leaves < 2 || leaf >= this.leaves || this.used(leaf) > LEAF / 4) return;
    const right = leaf === 0 ? 1 : leaf;
    const left = right - 1;
    const kept = this.used(left);
    const moved = this.used(right);
    if (kept + moved > (3 * LEAF) / 4) return;
    const from = this.base(right);
    const to = this.base(left);
    this.words.copyWithin(to + kept, from, from + moved);
    this.words.copyWithin(to + LEAF + 3 * kept, from + LEAF, from + LEAF + 3 * moved);
    this.dir[this.dirRoom + left]! += moved;
    this.giveBack(right);
    this.dropLeaves(right, 1);
  }

  /** A removal before `at` (-1: at the end) may have thinned out that leaf and the one before. */
  tidyAround(at: Cursor): void {
    const leaf = at < 0 ? this.leaves - 1 : at >>> 6;
    this.tidy(leaf);
    if (leaf > 0) this.tidy(leaf - 1);
  }

  reset(): void {
    this.words = this.isWide ? NO_FLOATS : NO_INTS;
    this.dir = this.words;
    this.dirRoom = this.leaves = this.room = this.slots = this.extents = 0;
    this.freeSlot = -1;
  }

  /** Next size of the only leaf. */
  private enlarge(): void {
    const old = this.words;
    const from = this.room;
    this.room = from === 0 ? 4 : from * 4;
    this.words = this.fresh(4 * this.room);
    this.words.set(old.subarray(0, from));
    this.words.set(old.subarray(from, 4 * from), this.room);
  }

  private grow(length: number): void {
    const old = this.words;
    this.words = this.fresh(length);
    this.words.set(old);
  }

  private growDirectory(): void {
    const old = this.dir;
    const from = this.dirRoom;
    this.dirRoom = from === 0 ? 1 : from * 2;
    this.dir = this.fresh(2 * this.dirRoom);
    this.dir.set(old.subarray(0, from));
    this.dir.set(old.subarray(from), this.dirRoom);
  }

  private fresh(length: number): Words {
    return this.isWide ? new Float64Array(length) : new Int32Array(length);
  }

  /** Goes over to bytes in Float64Arrays, for good; `unit` is the bytes of a unit so far. */
  widen(unit: number): void {
    const { words, dir, room, leaves } = this;
    const to = new Float64Array(leaves * 4 * room);
    const toDir = new Float64Array(dir.length);
    for (let leaf = 0; leaf < leaves; leaf++) {
      const base = this.base(leaf);
      const used = this.used(leaf);
      const at = leaf * 4 * room;
      for (let i = 0; i < used; i++) {
        const body = base + room + 3 * i;
        const toBody = at + room + 3 * i;
        to[at + i] = words[base + i]! * unit;
        to[toBody] = words[body]! * unit;
        to[toBody + 1] = words[body + 1]! < 0 ? -1 : words[body + 1]! * unit;
        to[toBody + 2] = words[body + 2]!;
      }
      toDir[leaf] = dir[leaf]! * unit;
      toDir[this.dirRoom + leaf] = leaf * 128 + used;
    }
    this.isWide = true;
    this.words = to;
    this.dir = toDir;
    this.slots = leaves;
    this.freeSlot = -1;
  }
}
