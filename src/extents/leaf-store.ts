// The storage of an extent map: records in leaves of up to sixteen, all in an arena. The layout is that of the in-core extent tree of
// XFS (fs/xfs/libxfs/xfs_iext_tree.c) in miniature.
import { type Arena, PIECE } from './arena.js';
import { dropLeaf, noDirectory, tidy } from './fewer-leaves.js';
import { LeafHead } from './leaf-head.js';
import { floorOf } from './leaf-search.js';
import {
  BEFORE,
  baseIn,
  copyFirst,
  DIR_AT,
  DIR_ROOM,
  dirOf,
  ENTRIES,
  EXTENTS,
  FORM,
  firstLeaf,
  GROUP,
  isNear,
  LEAF,
  leafWords,
  leavesOf,
  makeRoom,
  mayTake,
  OWN,
  ROOM,
  setFirst,
  strideOf,
} from './leaves.js';
import { give } from './pieces.js';

/** Place of an extent: (group * 64 + leaf) * 16 + record. Valid until the next change; -1 is none. */
export type Cursor = number;

/** Largest address of a narrow store, in units. */
export const LIMIT = 2 ** 31 - 1;
/** Largest offset: a length beside its state is an int32 too. */
export const OFFSET_LIMIT = 2 ** 29 - 1;

/**
 * Offsets, lengths and addresses are in units; what a unit is, the map knows. Outside this file the fields are for reading.
 *
 * A leaf of `room` records is `room` keys, then `room` bodies: the search touches keys only. A directory of `dirRoom` entries is as
 * many first keys, then as many words `place / PIECE * 128 + records`, place being the leaf's in the arena; of groups: `+ leaves`.
 */
export class LeafStore extends LeafHead {
  /** Place of the entry of the group; -1 where there are none. */
  private topOf(at: Cursor): number {
    return this.isGrouped ? this.dirAt + (at >>> 10) : -1;
  }

  private infoAt(at: Cursor): number {
    const top = this.topOf(at);
    return dirOf(this.memory, this.head, top) + strideOf(this.memory, this.head, top) + ((at >>> 4) & 63);
  }

  /** Place of the leaf. */
  base(at: Cursor): number {
    return baseIn(this.memory[this.infoAt(at)]!);
  }

  /** Records of the leaf. */
  used(at: Cursor): number {
    return this.memory[this.infoAt(at)]! & 127;
  }

  /** First key of the leaf, as its directory has it, and of its group, as that one's has it. */
  firstKeys(at: Cursor): readonly [number, number] {
    const top = this.topOf(at);
    const dirAt = dirOf(this.memory, this.head, top);
    return [this.memory[dirAt + ((at >>> 4) & 63)]!, this.memory[top < 0 ? dirAt : top]!];
  }

  private keyIndex(at: Cursor): number {
    return this.base(at) + (at & 15);
  }

  private bodyIndex(at: Cursor): number {
    return this.base(at) + this.room + this.width * (at & 15);
  }

  key(at: Cursor): number {
    return this.memory[this.keyIndex(at)]!;
  }

  size(at: Cursor): number {
    const first = this.memory[this.bodyIndex(at)]!;
    return this.isWide ? first : first >>> 3;
  }

  endAt(at: Cursor): number {
    return this.key(at) + this.size(at);
  }

  target(at: Cursor): number {
    return this.memory[this.bodyIndex(at) + 1]!;
  }

  state(at: Cursor): number {
    const body = this.bodyIndex(at);
    return this.isWide ? this.memory[body + 2]! : this.memory[body]! & 7;
  }

  setBody(at: Cursor, size: number, target: number, state: number): void {
    const words = this.memory;
    const body = this.bodyIndex(at);
    words[body] = this.isWide ? size : (size << 3) | state;
    words[body + 1] = target;
    if (this.isWide) words[body + 2] = state;
  }

  setSize(at: Cursor, size: number): void {
    this.setBody(at, size, this.target(at), this.state(at));
  }

  setKey(at: Cursor, key: number): void {
    this.memory[this.keyIndex(at)] = key;
    if ((at & 15) === 0) this.setFirst(at, key);
  }

  private setFirst(at: Cursor, key: number): void {
    const top = this.topOf(at);
    setFirst(this.memory, dirOf(this.memory, this.head, top), top, (at >>> 4) & 63, key);
  }

  /** First record. */
  first(): Cursor {
    return this.entries === 0 ? -1 : 0;
  }

  /** The same where its leaf is a piece of its own. */
  private firstFar(): Cursor {
    return this.room < LEAF ? -1 : this.first();
  }

  last(): Cursor {
    return this.entries === 0 ? -1 : this.lastOf(this.isGrouped ? this.entries - 1 : 0);
  }

  /** Last record of a group. */
  private lastOf(group: number): Cursor {
    const leaf = (group << 10) | ((leavesOf(this.memory, this.head, this.topOf(group << 10)) - 1) << 4);
    return leaf | (this.used(leaf) - 1);
  }

  /** The extent before `at`; the last one for -1. */
  before(at: Cursor): Cursor {
    if (at <= 0) return at < 0 ? this.last() : -1;
    if ((at & 15) !== 0) return at - 1;
    if ((at & 1023) === 0) return this.lastOf((at >>> 10) - 1);
    return at - 16 + this.used(at - 16) - 1;
  }

  next(at: Cursor): Cursor {
    return (at & 15) + 1 < this.used(at) ? at + 1 : this.nextLeaf(at);
  }

  /** First record of the next leaf, or -1. */
  nextLeaf(at: Cursor): Cursor {
    const leaf = (at >>> 4) + 1;
    if ((leaf & 63) !== 0 && (leaf & 63) < leavesOf(this.memory, this.head, this.topOf(at))) return leaf << 4;
    const group = (at >>> 10) + 1;
    return this.isGrouped && group < this.entries ? group << 10 : -1;
  }

  /** First extent ending after unit `x`, or -1. */
  find(x: number): Cursor {
    const at = floorOf(this, x);
    return at < 0 || this.endAt(at) > x ? at : this.next(at);
  }

  /** Puts a record where its key goes, and returns where that is. */
  place(key: number, size: number, target: number, state: number): Cursor {
    this.reserve();
    const { head } = this;
    if (this.entries === 0) firstLeaf(this.memory, head);
    let at = this.entries === 1 && this.extents === 0 ? 0 : floorOf(this, key);
    while (this.used(at) === this.room) {
      makeRoom(this.memory, head, this.topOf(at), (at >>> 4) & 63, key);
      at = floorOf(this, key);
    }
    if (this.extents > 0 && this.key(at) < key) at++;
    this.move(at, at + 1, this.used(at) - (at & 15));
    this.memory[this.keyIndex(at)] = key;
    this.memory[this.infoAt(at)]! += 1;
    this.setBody(at, size, target, state);
    if ((at & 15) === 0) this.setFirst(at, key);
    this.set(EXTENTS, this.extents + 1);
    return at;
  }

  /** Room for any one change by leaves.ts or narrow.ts. */
  protected reserve(): void {
    this.arena.reserve(mayTake(this.memory, this.head));
  }

  /** Takes out the records from `from` on that end by `end`, and returns the first one that stays behind them. */
  drop(from: Cursor, end: number): Cursor {
    const key = this.key(from);
    let at = from;
    while (at >= 0 && this.endAt(at) <= end) {
      const used = this.used(at);
      const first = at & 15;
      let stop = first;
      while (stop < used && this.endAt(at - first + stop) <= end) stop++;
      this.set(EXTENTS, this.extents - (stop - first));
      if (stop - first === used) dropLeaf(this.memory, this.head, this.topOf(at), (at >>> 4) & 63);
      else {
        this.move(at - first + stop, at, used - stop);
        this.memory[this.infoAt(at)]! -= stop - first;
        if (first === 0) this.setFirst(at, this.key(at));
      }
      // Not `find`: the record before may reach over it by now.
      at = floorOf(this, key);
      if (at >= 0 && this.key(at) < key) at = this.next(at);
    }
    return at;
  }

  /** Moves records inside a leaf. */
  private move(from: Cursor, to: Cursor, count: number): void {
    const { memory: words, width } = this;
    const keys = this.base(to);
    const bodies = keys + this.room;
    words.copyWithin(keys + (to & 15), keys + (from & 15), keys + (from & 15) + count);
    words.copyWithin(bodies + width * (to & 15), bodies + width * (from & 15), bodies + width * ((from & 15) + count));
  }

  /** A removal before `at` (-1: at the end) may have thinned out that leaf and the one before. */
  tidyAround(at: Cursor): void {
    const { head } = this;
    const here = at < 0 ? this.last() : at;
    if (here < 0) return;
    // The one before first: what becomes of it leaves the key of the other where it is found.
    const key = this.key(here);
    const before = this.before(here & ~15);
    if (before >= 0) tidy(this.memory, head, this.topOf(before), (before >>> 4) & 63);
    const there = floorOf(this, key);
    tidy(this.memory, head, this.topOf(there), (there >>> 4) & 63);
  }

  /** Makes this empty store the same as another of the same arena. */
  protected takeAll(from: LeafStore): void {
    const { head } = from;
    for (const field of [ROOM, EXTENTS, FORM, DIR_ROOM, ENTRIES]) this.set(field, from.memory[head + field]!);
    if (from.room < LEAF) {
      copyFirst(this.memory, head, this.head);
      return;
    }
    if (!isNear(from.memory, head)) this.set(DIR_AT, this.arena.take(2 * from.dirRoom));
    this.copyPieces(this.dirAt, from.dirAt, from.dirRoom, from.entries, from.isGrouped);
  }

  /** Copies a directory to `to`, and everything that it tells of. */
  private copyPieces(to: number, from: number, stride: number, count: number, areGroups: boolean): void {
    const size = areGroups ? 2 * GROUP : leafWords(LEAF, this.width);
    for (let i = 0; i < count; i++) {
      const piece = this.arena.take(size);
      // The arena may have grown.
      const words = this.memory;
      const info = words[from + stride + i]!;
      words[to + i] = words[from + i]!;
      words[to + stride + i] = (piece / PIECE) * 128 + (info & 127);
      if (areGroups) this.copyPieces(piece, baseIn(info), GROUP, info & 127, false);
      else words.copyWithin(piece, baseIn(info), baseIn(info) + size);
    }
  }

  /** Gives the room of all records back to the arena, and is empty. */
  reset(): void {
    const { head, memory: words } = this;
    const leaf = leafWords(LEAF, this.width);
    for (let at = this.firstFar(); at >= 0; at = this.nextLeaf(at)) give(words, this.base(at), leaf);
    if (this.isGrouped)
      for (let group = 0; group < this.entries; group++) give(words, dirOf(words, head, this.dirAt + group), 2 * GROUP);
    this.set(EXTENTS, 0);
    noDirectory(words, head);
  }

  /** Gives back the head as well; nobody may ask it for anything any more. */
  dissolve(): void {
    this.reset();
    this.arena.give(this.head - BEFORE, OWN);
  }

  /** Words of the arena that it has. */
  get words(): number {
    const directory = isNear(this.memory, this.head) ? 0 : 2 * this.dirRoom;
    let words = OWN + directory + (this.isGrouped ? this.entries * 2 * GROUP : 0);
    for (let at = this.firstFar(); at >= 0; at = this.nextLeaf(at)) words += leafWords(LEAF, this.width);
    return words;
  }

  /** Goes over to bytes in an arena of floating-point numbers, for good; `unit` is the bytes of a unit so far. */
  protected widen(unit: number, arena: Arena): void {
    const records: number[] = [];
    for (let at = this.first(); at >= 0; at = this.next(at)) {
      const target = this.target(at);
      records.push(this.key(at) * unit, this.size(at) * unit, target < 0 ? -1 : target * unit, this.state(at));
    }
    const { changes } = this;
    this.dissolve();
    this.goTo(arena, changes);
    for (let i = 0; i < records.length; i += 4)
      this.place(records[i]!, records[i + 1]!, records[i + 2]!, records[i + 3]!);
  }
}
