// The block map of one file: file offset -> (length, device address, state). Two levels, as the in-core extent tree of
// XFS (fs/xfs/libxfs/xfs_iext_tree.c) in miniature: leaf-store.ts keeps the records, extent-edits.ts changes them.
import type { Bytes } from '../model/units.js';
import { Arena } from './arena.js';
import { continues, cut, holds, join, joinBefore, replace, shift, split } from './extent-edits.js';
import { findNarrow, findWide, holdingAt } from './leaf-search.js';
import { type Cursor, LeafStore, LIMIT } from './leaf-store.js';
import { HOLDING, Holding, State } from './states.js';

export type { Cursor } from './leaf-store.js';
export { Holding, State } from './states.js';

/**
 * All arguments and results are bytes. Inside, offsets and addresses are blocks of `unitBytes` in an Int32Array (narrow),
 * or, once an argument was no multiple of the unit or beyond 2^31-1 blocks, bytes in a Float64Array (wide), for good.
 */
export class ExtentMap extends LeafStore {
  private unit: number;
  private perByte: number;
  private changes = 0;

  /**
   * A unit that is no power of two up to 2^30 makes the map wide from the start: only powers of two divide exactly. Who shares
   * an arena among maps clears those that go, or their room is lost.
   */
  constructor(unitBytes = 4096, arena = new Arena()) {
    const isWide = !(unitBytes >= 1 && unitBytes <= 2 ** 30 && (unitBytes & (unitBytes - 1)) === 0);
    super(isWide ? new Arena(true) : arena);
    this.unit = isWide ? 1 : unitBytes;
    this.perByte = 1 / this.unit;
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
    const at = this.seek(offset);
    if (at < 0) return -1;
    const { words } = this.arena;
    const base = this.base(at >>> 6);
    const inside = offset - words[base + (at & 63)]! * this.unit;
    if (inside < 0) return -1;
    const body = base + this.room + 3 * (at & 63);
    const addr = words[body + 1]!;
    return addr < 0 || (words[body + 2]! & 3) === State.delalloc ? -1 : addr * this.unit + inside;
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
    if (!isRange(offset, length) || !HOLDING[state] || !Number.isSafeInteger(addr)) return;
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
    this.changes++;
  }

  /** Makes a hole; `length` may be Infinity. */
  remove(offset: Bytes, length: Bytes): void {
    const size = this.reach(offset, length);
    if (size === 0) return;
    const at = this.seek(offset);
    if (this.offset(at) >= offset + size) return;
    this.widenUnless(offset, size, 0);
    const key = offset * this.perByte;
    this.tidyAround(cut(this, at, key, key + size * this.perByte));
    this.changes++;
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
    this.changes++;
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
    this.changes++;
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
    this.changes++;
  }

  /** Nothing is mapped any more, and all room is given back. */
  clear(): void {
    if (this.extents === 0) return;
    this.reset();
    this.changes++;
  }

  /** An independent map with the same contents and `seq`. */
  copy(): ExtentMap {
    const twin = new ExtentMap(this.unit, this.arena);
    twin.become(this);
    return twin;
  }

  /** Makes an empty map the same as another, in that one's arena. */
  protected become(other: ExtentMap): void {
    this.unit = other.unit;
    this.perByte = other.perByte;
    this.changes = other.changes;
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
    let records = 0;
    let reached = 0;
    const seen = new Set<number>();
    for (let leaf = 0; leaf < this.leaves; leaf++) {
      const used = this.used(leaf);
      if (used < 1 || used > this.room) return `leaf ${leaf} has ${used} of ${this.room} records`;
      if (this.arena.words[this.dirAt + leaf] !== this.arena.words[this.base(leaf)])
        return `leaf ${leaf} begins elsewhere than the directory says`;
      seen.add(this.base(leaf));
      records += used;
      for (let i = 0; i < used; i++) {
        const at = (leaf << 6) | i;
        const place = `extent at ${this.offset(at)}`;
        if (!(this.length(at) > 0)) return `${place} is empty`;
        if (this.key(at) < reached) return `${place} overlaps the one before or is out of order`;
        if (!HOLDING[this.state(at)]) return `${place} has state ${this.state(at)}`;
        if (!this.isWide && this.endAt(at) > LIMIT) return `${place} ends beyond ${LIMIT} blocks`;
        const before = this.before(at);
        if (before >= 0 && continues(this, before, this.key(at), this.target(at), this.state(at))) {
          return `${place} continues the one before`;
        }
        reached = this.endAt(at);
      }
    }
    if (records !== this.extents) return `${records} records, but the count is ${this.extents}`;
    if (seen.size !== this.leaves) return `${this.leaves} leaves lie in ${seen.size} places`;
    return '';
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

  /** Both ranges must be whole blocks that end by LIMIT; `| 0` tells a whole int32 from everything else. */
  private widenUnless(offset: Bytes, length: Bytes, addr: Bytes): void {
    if (this.isWide) return;
    const key = offset * this.perByte;
    const size = length * this.perByte;
    const target = addr * this.perByte;
    const whole = (key | 0) === key && (size | 0) === size && (target | 0) === target;
    if (!whole || key + size > LIMIT || target + size > LIMIT) {
      this.widen(this.unit);
      this.unit = this.perByte = 1;
    }
  }
}

const isRange = (offset: number, length: number): boolean =>
  Number.isSafeInteger(offset) &&
  Number.isSafeInteger(offset + length) &&
  Number.isSafeInteger(length) &&
  offset >= 0 &&
  length > 0;
