// The storage of an extent map: a sorted directory over leaves of up to 64 records, all in an arena. The layout is
// that of the in-core extent tree of XFS (fs/xfs/libxfs/xfs_iext_tree.c) in miniature.
import { Arena, PIECE } from './arena.js';
import { Head, LeafHead } from './leaf-head.js';
import { findNarrow, findWide } from './leaf-search.js';
import { LEAF, NEAR, SMALLEST } from './narrow-leaves.js';

/** Place of an extent: directory position * 64 + record. Valid until the next change; -1 is none. */
export type Cursor = number;

/** Largest block number of a narrow store; the search subtracts two of them, and the difference must stay an int32. */
export const LIMIT = 2 ** 31 - 1;
const HALF = LEAF / 2;
/** Up to so many records move faster by a loop than by `copyWithin`. */
const SHORT = 6;

/**
 * Offsets, lengths and addresses are in units; what a unit is, the map knows. Outside this file the fields are for
 * reading, and the contents of the arena's words also for changing records in place.
 *
 * A leaf of `room` records is `room` keys, then `room` bodies (length, address, state): the search touches keys only.
 * The directory is `dirRoom` first keys, then `dirRoom` words `place / PIECE * 128 + records`, place being the leaf's in the arena.
 */
export class LeafStore extends LeafHead {
  /** Makes this empty store the same as another of the same arena. */
  protected takeAll(from: LeafStore): void {
    this.set(Head.room, from.room);
    for (let leaf = 0; leaf < from.leaves; leaf++) {
      this.addLeaf(leaf);
      const { words } = this.arena;
      const base = from.base(leaf);
      words.copyWithin(this.base(leaf), base, base + 4 * this.room);
      words[this.dirAt + leaf] = words[from.dirAt + leaf]!;
      words[this.dirAt + this.dirRoom + leaf]! += from.used(leaf);
    }
    this.set(Head.extents, from.extents);
  }

  used(leaf: number): number {
    return this.arena.words[this.dirAt + this.dirRoom + leaf]! & 127;
  }

  base(leaf: number): number {
    return (this.arena.words[this.dirAt + this.dirRoom + leaf]! >>> 7) * PIECE;
  }

  keyIndex(at: Cursor): number {
    return this.base(at >>> 6) + (at & 63);
  }

  bodyIndex(at: Cursor): number {
    return this.base(at >>> 6) + this.room + 3 * (at & 63);
  }

  key(at: Cursor): number {
    return this.arena.words[this.keyIndex(at)]!;
  }

  endAt(at: Cursor): number {
    return this.arena.words[this.keyIndex(at)]! + this.arena.words[this.bodyIndex(at)]!;
  }

  target(at: Cursor): number {
    return this.arena.words[this.bodyIndex(at) + 1]!;
  }

  state(at: Cursor): number {
    return this.arena.words[this.bodyIndex(at) + 2]!;
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
    const { words } = this.arena;
    words[this.keyIndex(at)] = key;
    if ((at & 63) === 0) words[this.dirAt + (at >>> 6)] = key;
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
    const { words } = this.arena;
    const base = this.base(leaf);
    const body = base + this.room + 3 * i;
    this.move(base, i, i + 1, this.used(leaf) - i);
    words[base + i] = key;
    words[body] = size;
    words[body + 1] = target;
    words[body + 2] = state;
    words[this.dirAt + this.dirRoom + leaf]!++;
    if (i === 0) words[this.dirAt + leaf] = key;
    this.set(Head.extents, this.extents + 1);
    return (leaf << 6) | i;
  }

  /** Takes out the records from `at` on that end by `end`, and returns the first one that stays behind them. */
  drop(at: Cursor, end: number): Cursor {
    const { words } = this.arena;
    const room = this.room;
    let leaf = at >>> 6;
    let i = at & 63;
    let left = false;
    let gone = 0;
    let dropped = 0;
    for (; leaf < this.leaves; leaf++, i = 0) {
      const used = this.used(leaf);
      const base = this.base(leaf);
      let stop = i;
      while (stop < used && words[base + stop]! + words[base + room + 3 * stop]! <= end) stop++;
      dropped += stop - i;
      if (stop - i === used) {
        this.arena.give(base, 4 * room);
        gone++;
        continue;
      }
      if (stop > i) {
        this.move(base, stop, i, used - stop);
        words[this.dirAt + this.dirRoom + leaf]! -= stop - i;
        if (i === 0) words[this.dirAt + leaf] = words[base]!;
      }
      left = stop < used;
      if (left) break;
    }
    this.set(Head.extents, this.extents - dropped);
    if (gone > 0) this.dropLeaves(leaf - gone, gone);
    return left ? ((leaf - gone) << 6) | i : -1;
  }

  /** Moves records inside a leaf. */
  private move(base: number, from: number, to: number, count: number): void {
    const { words } = this.arena;
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
    if (this.room === 0) this.set(Head.room, SMALLEST);
    if (this.leaves === this.dirRoom) this.growDirectory();
    const place = this.arena.take(4 * this.room);
    const { words } = this.arena;
    const { dirAt, dirRoom, leaves } = this;
    words.copyWithin(dirAt + at + 1, dirAt + at, dirAt + leaves);
    words.copyWithin(dirAt + dirRoom + at + 1, dirAt + dirRoom + at, dirAt + dirRoom + leaves);
    words[dirAt + dirRoom + at] = (place / PIECE) * 128;
    this.set(Head.leaves, leaves + 1);
  }

  private dropLeaves(from: number, count: number): void {
    const { dirAt, dirRoom, leaves } = this;
    const { words } = this.arena;
    words.copyWithin(dirAt + from, dirAt + from + count, dirAt + leaves);
    words.copyWithin(dirAt + dirRoom + from, dirAt + dirRoom + from + count, dirAt + dirRoom + leaves);
    this.set(Head.leaves, leaves - count);
    if (leaves === count) this.reset();
  }

  /** Moves the upper half of a full leaf into a new one behind it. */
  private halve(leaf: number): void {
    this.addLeaf(leaf + 1);
    const { words } = this.arena;
    const from = this.base(leaf);
    const to = this.base(leaf + 1);
    words.copyWithin(to, from + HALF, from + LEAF);
    words.copyWithin(to + LEAF, from + LEAF + 3 * HALF, from + 4 * LEAF);
    const { dirAt, dirRoom } = this;
    words[dirAt + dirRoom + leaf]! -= HALF;
    words[dirAt + dirRoom + leaf + 1]! += HALF;
    words[dirAt + leaf + 1] = words[to]!;
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
    const { words } = this.arena;
    words.copyWithin(to + kept, from, from + moved);
    words.copyWithin(to + LEAF + 3 * kept, from + LEAF, from + LEAF + 3 * moved);
    words[this.dirAt + this.dirRoom + left]! += moved;
    this.arena.give(from, 4 * LEAF);
    this.dropLeaves(right, 1);
  }

  /** A removal before `at` (-1: at the end) may have thinned out that leaf and the one before. */
  tidyAround(at: Cursor): void {
    const leaf = at < 0 ? this.leaves - 1 : at >>> 6;
    this.tidy(leaf);
    if (leaf > 0) this.tidy(leaf - 1);
  }

  /** Gives the room of all records back to the arena, and is empty. */
  reset(): void {
    const { arena, room } = this;
    for (let leaf = 0; leaf < this.leaves; leaf++) arena.give(this.base(leaf), 4 * room);
    if (this.dirRoom > NEAR) arena.give(this.dirAt, 2 * this.dirRoom);
    this.begin();
  }

  /** Gives back the head as well; nobody may ask it for anything any more. */
  dissolve(): void {
    this.reset();
    this.arena.give(this.head, PIECE);
  }

  /** Words of the arena that it has. */
  get words(): number {
    return PIECE + this.leaves * 4 * this.room + (this.dirRoom > NEAR ? 2 * this.dirRoom : 0);
  }

  /** Next size of the only leaf. */
  private enlarge(): void {
    const old = this.room;
    const from = this.base(0);
    const to = this.arena.take(8 * old);
    const { words } = this.arena;
    words.copyWithin(to, from, from + old);
    words.copyWithin(to + 2 * old, from + old, from + 4 * old);
    words[this.dirAt + this.dirRoom] = (to / PIECE) * 128 + this.used(0);
    this.arena.give(from, 4 * old);
    this.set(Head.room, 2 * old);
  }

  private growDirectory(): void {
    const { dirAt: from, dirRoom: old, leaves } = this;
    const dirRoom = old === NEAR ? PIECE / 2 : old * 2;
    const dirAt = this.arena.take(2 * dirRoom);
    const { words } = this.arena;
    words.copyWithin(dirAt, from, from + leaves);
    words.copyWithin(dirAt + dirRoom, from + old, from + old + leaves);
    this.set(Head.dirAt, dirAt);
    this.set(Head.dirRoom, dirRoom);
    if (old > NEAR) this.arena.give(from, 2 * old);
  }

  /** Goes over to bytes in an arena of floating-point numbers, for good; `unit` is the bytes of a unit so far. */
  protected widen(unit: number): void {
    const { arena: from, dirAt: fromDir, dirRoom: fromRoom, leaves, room, extents, changes, head: fromHead } = this;
    const { words } = from;
    const to = new Arena(true);
    this.goTo(to, changes);
    this.set(Head.room, room);
    for (let leaf = 0; leaf < leaves; leaf++) {
      this.addLeaf(leaf);
      const info = words[fromDir + fromRoom + leaf]!;
      const old = (info >>> 7) * PIECE;
      const base = this.base(leaf);
      const used = info & 127;
      for (let i = 0; i < used; i++) {
        const body = old + room + 3 * i;
        const toBody = base + room + 3 * i;
        to.words[base + i] = words[old + i]! * unit;
        to.words[toBody] = words[body]! * unit;
        to.words[toBody + 1] = words[body + 1]! < 0 ? -1 : words[body + 1]! * unit;
        to.words[toBody + 2] = words[body + 2]!;
      }
      to.words[this.dirAt + leaf] = words[fromDir + leaf]! * unit;
      to.words[this.dirAt + this.dirRoom + leaf]! += used;
      from.give(old, 4 * room);
    }
    if (fromRoom > NEAR) from.give(fromDir, 2 * fromRoom);
    from.give(fromHead, PIECE);
    this.set(Head.extents, extents);
  }
}
