// The block map of one file: file offset -> (length, device address, state). Two levels, as the in-core extent tree of
// XFS (fs/xfs/libxfs/xfs_iext_tree.c) in miniature: leaf-store.ts keeps the records, extent-edits.ts changes them.
import type { Bytes } from '../model/units.js';
import { continues, cut, holds, join, joinBefore, replace, shift, split } from './extent-edits.js';
import { findNarrow, findWide } from './leaf-search.js';
import { type Cursor, LeafStore, LIMIT } from './leaf-store.js';

export type { Cursor } from './leaf-store.js';

/**
 * State of an extent: one of the first three, which are those of XFS (fs/xfs/libxfs/xfs_bmap.h: XFS_EXT_NORM,
 * XFS_EXT_UNWRITTEN, DELAYSTARTBLOCK), plus the bit `reflinked` (blocks shared with another file or range).
 */
export const State = { written: 0, unwritten: 1, delalloc: 2, reflinked: 4 } as const;

/** Bits of `summary`. `reflinked` is written and shared (a write copies), `written` is written and not shared. */
export const Holding = { written: 1, unwritten: 2, hole: 4, reflinked: 8, delalloc: 16 } as const;

/** Holding by state; 0 marks what is no state. Only written data is worth telling shared from not shared. */
const HOLDING = Uint8Array.of(1, 2, 16, 0, 8, 2, 16, 0);

/**
 * All arguments and results are bytes. Inside, offsets and addresses are blocks of `unitBytes` in an Int32Array (narrow),
 * or, once an argument was no multiple of the unit or beyond 2^31-1 blocks, bytes in a Float64Array (wide), for good.
 */
export class ExtentMap {
  private unit: number;
  private perByte: number;
  private store: LeafStore;
  private changes = 0;

  /** A unit that is no power of two up to 2^30 makes the map wide from the start: only powers of two divide exactly. */
  constructor(unitBytes = 4096) {
    const isWide = !(unitBytes >= 1 && unitBytes <= 2 ** 30 && (unitBytes & (unitBytes - 1)) === 0);
    this.unit = isWide ? 1 : unitBytes;
    this.perByte = 1 / this.unit;
    this.store = new LeafStore(isWide);
  }

  /** Extents, neighbours that continue each other counted as one. */
  get count(): number {
    return this.store.extents;
  }

  /** Grows by one with every call that changed the map. */
  get seq(): number {
    return this.changes;
  }

  get wide(): boolean {
    return this.store.isWide;
  }

  /** End of the last extent; 0 when there is none. */
  get end(): Bytes {
    const { store } = this;
    return store.extents === 0 ? 0 : store.endAt(store.last()) * this.unit;
  }

  /** First extent ending after `offset`, or -1. */
  seek(offset: Bytes): Cursor {
    const { store } = this;
    const x = offset * this.perByte;
    if (store.isWide) return x >= 0 ? findWide(store, x) : -1;
    return x >= 0 && x <= LIMIT ? findNarrow(store, x | 0) : -1;
  }

  next(at: Cursor): Cursor {
    return this.store.next(at);
  }

  offset(at: Cursor): Bytes {
    return this.store.words[this.store.keyIndex(at)]! * this.unit;
  }

  length(at: Cursor): Bytes {
    return this.store.words[this.store.bodyIndex(at)]! * this.unit;
  }

  /** -1: none. */
  addr(at: Cursor): Bytes {
    const addr = this.store.words[this.store.bodyIndex(at) + 1]!;
    return addr < 0 ? -1 : addr * this.unit;
  }

  state(at: Cursor): number {
    return this.store.state(at);
  }

  /** Device address of one byte; -1 in a hole and where no address was given yet. */
  addrAt(offset: Bytes): Bytes {
    const { store } = this;
    const at = this.seek(offset);
    if (at < 0) return -1;
    const words = store.words;
    const base = store.base(at >>> 6);
    const inside = offset - words[base + (at & 63)]! * this.unit;
    if (inside < 0) return -1;
    const body = base + store.room + 3 * (at & 63);
    const addr = words[body + 1]!;
    return addr < 0 || (words[body + 2]! & 3) === State.delalloc ? -1 : addr * this.unit + inside;
  }

  /** What the range holds, as bits of `Holding`; beyond the last extent is hole. 0 for an empty range. */
  summary(offset: Bytes, length: Bytes): number {
    const { store } = this;
    if (!(offset >= 0) || !(length > 0)) return 0;
    const end = Math.ceil((offset + length) * this.perByte);
    let reached = Math.floor(offset * this.perByte);
    let holding = 0;
    const at = this.seek(offset);
    if (at < 0) return Holding.hole;
    const { words, room } = store;
    let i = at & 63;
    for (let leaf = at >>> 6; leaf < store.leaves; leaf++, i = 0) {
      const used = store.used(leaf);
      const base = store.base(leaf);
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

  /** Maps the range, over whatever was there. `addr` -1: none yet. */
  insert(offset: Bytes, length: Bytes, addr: Bytes, state: number): void {
    const { store } = this;
    if (!isRange(offset, length) || !HOLDING[state] || !Number.isSafeInteger(addr)) return;
    const mapped = addr >= 0 && (state & 3) !== State.delalloc;
    if (mapped && !isRange(addr, length)) return;
    this.widenUnless(offset, length, mapped ? addr : 0);
    const key = offset * this.perByte;
    const size = length * this.perByte;
    const end = key + size;
    const target = mapped ? addr * this.perByte : -1;
    const at = store.find(key);
    if (at < 0 || store.key(at) >= end) join(store, at, key, size, target, state);
    else if (holds(store, at, key, end, target, state)) return;
    else store.tidy(replace(store, at, key, end, target, state) >>> 6);
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
    this.store.tidyAround(cut(this.store, at, key, key + size * this.perByte));
    this.changes++;
  }

  /** Gives what is mapped in the range another state; addresses stay, holes stay holes. */
  convert(offset: Bytes, length: Bytes, state: number): void {
    const { store } = this;
    const size = this.reach(offset, length);
    if (size === 0 || !HOLDING[state] || !this.differs(offset, offset + size, state)) return;
    this.widenUnless(offset, size, 0);
    const key = offset * this.perByte;
    const end = key + size * this.perByte;
    let at = store.find(key);
    for (; at >= 0 && store.key(at) < end; at = this.next(at)) {
      if (this.state(at) !== state) {
        if (store.key(at) < key) at = split(store, at, key);
        if (store.endAt(at) > end) at = store.before(split(store, at, end));
        store.words[store.bodyIndex(at) + 2] = state;
      }
      at = joinBefore(store, at);
    }
    if (at >= 0) at = joinBefore(store, at);
    store.tidyAround(at);
    this.changes++;
  }

  /** Takes the range out of the file; everything behind it moves down. */
  collapse(offset: Bytes, length: Bytes): void {
    const { store } = this;
    const size = this.reach(offset, length);
    if (size === 0) return;
    this.widenUnless(offset, size, 0);
    const key = offset * this.perByte;
    const by = size * this.perByte;
    let at = store.find(key);
    if (store.key(at) < key + by) at = cut(store, at, key, key + by);
    if (at >= 0) {
      shift(store, at, -by);
      at = joinBefore(store, at);
    }
    store.tidyAround(at);
    this.changes++;
  }

  /** Opens a hole: everything from `offset` on moves up by `length`. */
  insertHole(offset: Bytes, length: Bytes): void {
    const { store } = this;
    if (!isRange(offset, length) || !isRange(this.end, length) || offset >= this.end) return;
    this.widenUnless(offset, length, 0);
    // The last address does not move, but the last end does.
    this.widenUnless(this.end, length, 0);
    const key = offset * this.perByte;
    let at = store.find(key);
    if (store.key(at) < key) at = split(store, at, key);
    shift(store, at, length * this.perByte);
    this.changes++;
  }

  clear(): void {
    if (this.store.extents === 0) return;
    this.store.reset();
    this.changes++;
  }

  /** An independent map with the same contents and `seq`. */
  copy(): ExtentMap {
    const twin = new ExtentMap(this.unit);
    twin.store = this.store.copy();
    twin.changes = this.changes;
    return twin;
  }

  mappedBytes(): Bytes {
    const { store } = this;
    let sum = 0;
    for (let leaf = 0; leaf < store.leaves; leaf++) {
      const body = store.base(leaf) + store.room;
      for (let i = store.used(leaf) - 1; i >= 0; i--) sum += store.words[body + 3 * i]!;
    }
    return sum * this.unit;
  }

  /** '' or the first broken invariant. For tests and debugging; walks everything. */
  check(): string {
    const { store } = this;
    let records = 0;
    let reached = 0;
    const seen = new Set<number>();
    for (let leaf = 0; leaf < store.leaves; leaf++) {
      const used = store.used(leaf);
      if (used < 1 || used > store.room) return `leaf ${leaf} has ${used} of ${store.room} records`;
      if (store.dir[leaf] !== store.words[store.base(leaf)])
        return `leaf ${leaf} begins elsewhere than the directory says`;
      seen.add(store.dir[store.dirRoom + leaf]! >>> 7);
      records += used;
      for (let i = 0; i < used; i++) {
        const at = (leaf << 6) | i;
        const place = `extent at ${this.offset(at)}`;
        if (!(this.length(at) > 0)) return `${place} is empty`;
        if (store.key(at) < reached) return `${place} overlaps the one before or is out of order`;
        if (!HOLDING[this.state(at)]) return `${place} has state ${this.state(at)}`;
        if (!store.isWide && store.endAt(at) > LIMIT) return `${place} ends beyond ${LIMIT} blocks`;
        const before = store.before(at);
        if (before >= 0 && continues(store, before, store.key(at), store.target(at), this.state(at))) {
          return `${place} continues the one before`;
        }
        reached = store.endAt(at);
      }
    }
    for (let slot = store.freeSlot; slot >= 0 && !seen.has(slot); slot = store.words[slot * 4 * store.room]!)
      seen.add(slot);
    if (records !== store.extents) return `${records} records, but the count is ${store.extents}`;
    if (seen.size !== store.slots) return `${seen.size} leaves used or free of ${store.slots}`;
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
    if (this.store.isWide) return;
    const key = offset * this.perByte;
    const size = length * this.perByte;
    const target = addr * this.perByte;
    const whole = (key | 0) === key && (size | 0) === size && (target | 0) === target;
    if (!whole || key + size > LIMIT || target + size > LIMIT) {
      this.store.widen(this.unit);
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
