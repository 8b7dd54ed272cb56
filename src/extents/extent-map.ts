// The block map of one file: file offset -> (length, device address, state). Two levels, as the in-core extent tree of
// XFS (fs/xfs/libxfs/xfs_iext_tree.c) in miniature: leaf-store.ts keeps the records, extent-edits.ts changes them.
import type { Bytes } from '../model/units.js';
import { Arena } from './arena.js';
import { brokenInvariant } from './broken-invariant.js';
import { cut, holds, join, joinBefore, replace, shift, split } from './extent-edits.js';
import { Head } from './leaf-head.js';
import { findNarrow, findWide, holdingAt } from './leaf-search.js';
import { type Cursor, LeafStore, LIMIT } from './leaf-store.js';
import { addrIn, cutIn, GENERAL, mapIn } from './narrow.js';
import { HOLDING, Holding, State } from './states.js';

export type { Cursor } from './leaf-store.js';
export { Holding, State } from './states.js';

/** By power of two: tables, because a field with a fraction is an object of its own, and one more place to wait for. */
const UNIT = Float64Array.from({ length: 31 }, (_, shift) => 2 ** shift);
const PER_BYTE = UNIT.map((unit) => 1 / unit);

/**
 * All arguments and results are bytes. Inside, offsets and addresses are blocks of `unitBytes` in an Int32Array (narrow),
 * or, once an argument was no multiple of the unit or beyond 2^31-1 blocks, bytes in a Float64Array (wide), for good.
 */
export class ExtentMap extends LeafStore {
  /**
   * A unit that is no power of two up to 2^30 makes the map wide from the start: only powers of two divide exactly. Who shares
   * an arena among maps clears those that go, or their room is lost.
   */
  constructor(unitBytes = 4096, arena = new Arena()) {
    const isWide = !(unitBytes >= 1 && unitBytes <= 2 ** 30 && (unitBytes & (unitBytes - 1)) === 0);
    super(isWide ? new Arena(true) : arena);
    this.shift = isWide ? 0 : 31 - Math.clz32(unitBytes);
  }

  private get unit(): number {
    return UNIT[this.shift]!;
  }

  private get perByte(): number {
    return PER_BYTE[this.shift]!;
  }

  private changed(): void {
    this.set(Head.changes, this.changes + 1);
  }

  /** Extents, neighbours that continue each other counted as one. */
  get count(): number {
    return this.extents;
  }

  /** Grows by one with every call that changed the map. */
  get seq(): number {
    return this.changes;
  }

  /** End of the last extent; 0 when there is none. */
  get end(): Bytes {
    return this.extents === 0 ? 0 : this.endAt(this.last()) * this.unit;
  }

  /** First extent ending after `offset`, or -1. */
  seek(offset: Bytes): Cursor {
    const x = offset * this.perByte;
    if (this.isWide) return x >= 0 ? findWide(this, x) : -1;
    return x >= 0 && x <= LIMIT ? findNarrow(this, x | 0) : -1;
  }

  offset(at: Cursor): Bytes {
    return this.arena.words[this.keyIndex(at)]! * this.unit;
  }

  length(at: Cursor): Bytes {
    return this.arena.words[this.bodyIndex(at)]! * this.unit;
  }

  /** -1: none. */
  addr(at: Cursor): Bytes {
    const addr = this.arena.words[this.bodyIndex(at) + 1]!;
    return addr < 0 ? -1 : addr * this.unit;
  }

  /** Device address of one byte; -1 in a hole and where no address was given yet. */
  addrAt(offset: Bytes): Bytes {
    const { arena } = this;
    if (arena.isWide) return this.wideAddrAt(offset);
    const x = offset * this.perByte;
    if (!(x >= 0 && x <= LIMIT)) return -1;
    const unit = x | 0;
    const { kernel } = arena;
    const addr =
      kernel === null ? addrIn(arena.words as Int32Array, this.head, unit) : kernel.addrIn(0, this.head, unit);
    return addr < 0 ? -1 : (addr + (x - unit)) * this.unit;
  }

  /** What the range holds, as bits of `Holding`; beyond the last extent is hole. 0 for an empty range. */
  summary(offset: Bytes, length: Bytes): number {
    if (!(offset >= 0) || !(length > 0)) return 0;
    const end = Math.ceil((offset + length) * this.perByte);
    let reached = Math.floor(offset * this.perByte);
    if (!this.isWide)
      return reached > LIMIT ? Holding.hole : holdingAt(this.arena.words as Int32Array, this.head, reached, end);
    let holding = 0;
    for (let at = this.seek(offset); at >= 0; at = this.next(at)) {
      const key = this.key(at);
      if (key > reached) holding |= Holding.hole;
      if (key >= end) return holding;
      holding |= HOLDING[this.state(at)]!;
      reached = this.endAt(at);
      if (reached >= end) return holding;
    }
    return holding | Holding.hole;
  }

  /** Maps the range, over whatever was there. `addr` -1: none yet. */
  insert(offset: Bytes, length: Bytes, addr: Bytes, state: number): void {
    const { arena } = this;
    if (!HOLDING[state]) return;
    const perByte = this.perByte;
    const key = offset * perByte;
    const size = length * perByte;
    const target = addr >= 0 && (state & 3) !== State.delalloc ? addr * perByte : -1;
    // `| 0` tells a whole int32 from everything else.
    if (
      !arena.isWide &&
      (key | 0) === key &&
      (size | 0) === size &&
      (target | 0) === target &&
      key >= 0 &&
      size > 0 &&
      key + size <= LIMIT &&
      target + size <= LIMIT &&
      Number.isSafeInteger(addr)
    ) {
      const { kernel } = arena;
      const outcome =
        kernel === null
          ? mapIn(arena.words as Int32Array, this.head, key, size, target, state)
          : kernel.mapIn(0, this.head, key, size, target, state);
      if (outcome !== GENERAL) return;
    }
    this.insertGenerally(offset, length, addr, state);
  }

  private insertGenerally(offset: Bytes, length: Bytes, addr: Bytes, state: number): void {
    if (!isRange(offset, length) || !Number.isSafeInteger(addr)) return;
    const mapped = addr >= 0 && (state & 3) !== State.delalloc;
    if (mapped && !isRange(addr, length)) return;
    this.widenUnless(offset, length, mapped ? addr : 0);
    const key = offset * this.perByte;
    const size = length * this.perByte;
    const end = key + size;
    const target = mapped ? addr * this.perByte : -1;
    const at = this.find(key);
    if (at < 0 || this.key(at) >= end) join(this, at, key, size, target, state);
    else if (holds(this, at, key, end, target, state)) return;
    else this.tidy(replace(this, at, key, end, target, state) >>> 6);
    this.changed();
  }

  /** Makes a hole; `length` may be Infinity. */
  remove(offset: Bytes, length: Bytes): void {
    const { arena } = this;
    if (!arena.isWide) {
      const perByte = this.perByte;
      const key = offset * perByte;
      const end = Math.min(LIMIT, key + length * perByte);
      if ((key | 0) === key && (end | 0) === end && key >= 0 && key < end) {
        const { kernel } = arena;
        const outcome =
          kernel === null
            ? cutIn(arena.words as Int32Array, this.head, key, end)
            : kernel.cutIn(0, this.head, key, end);
        if (outcome !== GENERAL) return;
      }
    }
    this.removeGenerally(offset, length);
  }

  private removeGenerally(offset: Bytes, length: Bytes): void {
    const size = this.reach(offset, length);
    if (size === 0) return;
    const at = this.seek(offset);
    if (this.offset(at) >= offset + size) return;
    this.widenUnless(offset, size, 0);
    const key = offset * this.perByte;
    this.tidyAround(cut(this, at, key, key + size * this.perByte));
    this.changed();
  }

  /** Gives what is mapped in the range another state; addresses stay, holes stay holes. */
  convert(offset: Bytes, length: Bytes, state: number): void {
    const size = this.reach(offset, length);
    if (size === 0 || !HOLDING[state] || !this.differs(offset, offset + size, state)) return;
    this.widenUnless(offset, size, 0);
    const key = offset * this.perByte;
    const end = key + size * this.perByte;
    let at = this.find(key);
    for (; at >= 0 && this.key(at) < end; at = this.next(at)) {
      if (this.state(at) !== state) {
        if (this.key(at) < key) at = split(this, at, key);
        if (this.endAt(at) > end) at = this.before(split(this, at, end));
        this.arena.words[this.bodyIndex(at) + 2] = state;
      }
      at = joinBefore(this, at);
    }
    if (at >= 0) at = joinBefore(this, at);
    this.tidyAround(at);
    this.changed();
  }

  /** Takes the range out of the file; everything behind it moves down. */
  collapse(offset: Bytes, length: Bytes): void {
    const size = this.reach(offset, length);
    if (size === 0) return;
    this.widenUnless(offset, size, 0);
    const key = offset * this.perByte;
    const by = size * this.perByte;
    let at = this.find(key);
    if (this.key(at) < key + by) at = cut(this, at, key, key + by);
    if (at >= 0) {
      shift(this, at, -by);
      at = joinBefore(this, at);
    }
    this.tidyAround(at);
    this.changed();
  }

  /** Opens a hole: everything from `offset` on moves up by `length`. */
  insertHole(offset: Bytes, length: Bytes): void {
    if (!isRange(offset, length) || !isRange(this.end, length) || offset >= this.end) return;
    this.widenUnless(offset, length, 0);
    // The last address does not move, but the last end does.
    this.widenUnless(this.end, length, 0);
    const key = offset * this.perByte;
    let at = this.find(key);
    if (this.key(at) < key) at = split(this, at, key);
    shift(this, at, length * this.perByte);
    this.changed();
  }

  /** Nothing is mapped any more, and all room is given back. */
  clear(): void {
    if (this.extents === 0) return;
    this.reset();
    this.changed();
  }

  /** An independent map with the same contents and `seq`. */
  copy(): ExtentMap {
    const twin = new ExtentMap(this.unit, this.arena);
    twin.become(this);
    return twin;
  }

  /** Makes an empty map the same as another, in that one's arena. */
  protected become(other: ExtentMap): void {
    this.shift = other.shift;
    this.set(Head.changes, other.changes);
    this.takeAll(other);
  }

  mappedBytes(): Bytes {
    let sum = 0;
    for (let leaf = 0; leaf < this.leaves; leaf++) {
      const body = this.base(leaf) + this.room;
      for (let i = this.used(leaf) - 1; i >= 0; i--) sum += this.arena.words[body + 3 * i]!;
    }
    return sum * this.unit;
  }

  /** '' or the first broken invariant. For tests and debugging; walks everything. */
  check(): string {
    return brokenInvariant(this);
  }

  /** How much of the range lies before the end of the map, in bytes: what there is to do; 0 for nonsense. */
  private reach(offset: Bytes, length: Bytes): Bytes {
    if (!Number.isSafeInteger(offset) || offset < 0 || !(length > 0)) return 0;
    const left = this.end - offset;
    if (left <= 0) return 0;
    if (length >= left) return left;
    return Number.isInteger(length) ? length : 0;
  }

  /** Does an extent of another state begin in, or reach into, these bytes? */
  private differs(offset: Bytes, end: Bytes, state: number): boolean {
    for (let at = this.seek(offset); at >= 0 && this.offset(at) < end; at = this.next(at)) {
      if (this.state(at) !== state) return true;
    }
    return false;
  }

  private wideAddrAt(offset: Bytes): Bytes {
    const at = this.seek(offset);
    if (at < 0) return -1;
    const inside = offset - this.offset(at);
    const addr = this.addr(at);
    return inside < 0 || addr < 0 || (this.state(at) & 3) === State.delalloc ? -1 : addr + inside;
  }

  /** Both ranges must be whole blocks that end by LIMIT; `| 0` tells a whole int32 from everything else. */
  private widenUnless(offset: Bytes, length: Bytes, addr: Bytes): void {
    if (this.isWide) return;
    const key = offset * this.perByte;
    const size = length * this.perByte;
    const target = addr * this.perByte;
    const whole = (key | 0) === key && (size | 0) === size && (target | 0) === target;
    if (!whole || key + size > LIMIT || target + size > LIMIT) {
      this.widen(this.unit);
      this.shift = 0;
    }
  }
}

const isRange = (offset: number, length: number): boolean =>
  Number.isSafeInteger(offset) &&
  Number.isSafeInteger(offset + length) &&
  Number.isSafeInteger(length) &&
  offset >= 0 &&
  length > 0;
