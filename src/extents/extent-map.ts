// The block map of one file: file offset -> (length, device address, state). A tree of two or three levels, as the in-core extent tree
// of XFS (fs/xfs/libxfs/xfs_iext_tree.c) in miniature: leaf-store.ts keeps the records; narrow.ts maps and cuts those of narrow maps,
// extent-edits.ts everything else.
import type { Bytes } from '../model/units.js';
import { Arena } from './arena.js';
import { brokenInvariant } from './broken-invariant.js';
import { cut, joinBefore, put, restate, shift, split } from './extent-edits.js';
import { holdingAt, holdingFrom } from './leaf-search.js';
import { type Cursor, LeafStore, LIMIT, OFFSET_LIMIT } from './leaf-store.js';
import { CHANGES } from './leaves.js';
import { addrIn, cutIn, mapIn } from './narrow.js';
import { HOLDING, Holding, State } from './states.js';

export type { Cursor } from './leaf-store.js';
export { Holding, State } from './states.js';

/** By power of two: tables, because a field with a fraction is an object of its own, and one more place to wait for. */
const UNIT = Float64Array.from({ length: 31 }, (_, shift) => 2 ** shift);
const PER_BYTE = UNIT.map((unit) => 1 / unit);

/**
 * All arguments and results are bytes. Inside, offsets and addresses are blocks of `unitBytes` in an Int32Array (narrow),
 * or, once an argument was no multiple of the unit, an offset beyond 2^29-1 blocks or an address beyond 2^31-1, bytes in a Float64Array (wide), for good.
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
    this.set(CHANGES, this.changes + 1);
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
    return x >= 0 && (x <= LIMIT || this.isWide) ? this.find(this.isWide ? x : x | 0) : -1;
  }

  offset(at: Cursor): Bytes {
    return this.key(at) * this.unit;
  }

  length(at: Cursor): Bytes {
    return this.size(at) * this.unit;
  }

  /** -1: none. */
  addr(at: Cursor): Bytes {
    const addr = this.target(at);
    return addr < 0 ? -1 : addr * this.unit;
  }

  /** Device address of one byte; -1 in a hole and where no address was given yet. */
  addrAt(offset: Bytes): Bytes {
    const { kernel } = this.arena;
    if (kernel !== null) {
      const addr = kernel.addrAt(0, this.head, offset);
      if (addr >= -1) return addr;
    }
    return this.addrByItself(offset);
  }

  /** The same without a kernel. */
  private addrByItself(offset: Bytes): Bytes {
    if (this.isWide) return this.wideAddrAt(offset);
    const x = offset * this.perByte;
    const addr = x >= 0 && x <= LIMIT ? addrIn(this.memory, this.head, x | 0) : -1;
    return addr < 0 ? -1 : (addr + (x - (x | 0))) * this.unit;
  }

  /** What the range holds, as bits of `Holding`; beyond the last extent is hole. 0 for an empty range. */
  summary(offset: Bytes, length: Bytes): number {
    if (!(offset >= 0) || !(length > 0)) return 0;
    const end = Math.ceil((offset + length) * this.perByte);
    const reached = Math.floor(offset * this.perByte);
    if (!this.isWide)
      return reached > LIMIT ? Holding.hole : holdingAt(this.arena.words as Int32Array, this.head, reached, end);
    return holdingFrom(this, this.seek(offset), reached, end);
  }

  /** Maps the range, over whatever was there. `addr` -1: none yet. */
  insert(offset: Bytes, length: Bytes, addr: Bytes, state: number): void {
    const { kernel } = this.arena;
    // So small that it is compiled into its callers: numbers that are no int32 are objects in a call. Whatever is not usual goes the
    // other way; 5 has the bits of the states that are with an address.
    if (kernel === null || (state & 5) !== state || kernel.mapAt(0, this.head, offset, length, addr, state) < 0)
      this.insertByItself(offset, length, addr, state);
  }

  private insertByItself(offset: Bytes, length: Bytes, addr: Bytes, state: number): void {
    const perByte = this.perByte;
    const key = offset * perByte;
    const size = length * perByte;
    const target = addr >= 0 && (state & 3) !== State.delalloc ? addr * perByte : -1;
    const isNarrow =
      (key | 0) === key &&
      (size | 0) === size &&
      (target | 0) === target &&
      key >= 0 &&
      size > 0 &&
      key + size <= OFFSET_LIMIT &&
      target + size <= LIMIT;
    if (!HOLDING[state] || !Number.isSafeInteger(addr)) return;
    if (!isNarrow || this.isWide) this.insertWide(offset, length, addr, state);
    else this.mapUnits(key, size, target, state);
  }

  private mapUnits(key: number, size: number, target: number, state: number): void {
    this.reserve();
    const { kernel } = this.arena;
    if (kernel === null) mapIn(this.memory, this.head, key, size, target, state);
    else kernel.mapIn(0, this.head, key, size, target, state);
  }

  private insertWide(offset: Bytes, length: Bytes, addr: Bytes, state: number): void {
    if (!isRange(offset, length)) return;
    const mapped = addr >= 0 && (state & 3) !== State.delalloc;
    if (mapped && !isRange(addr, length)) return;
    if (!this.isWide) this.goWide();
    if (put(this, offset, offset + length, mapped ? addr : -1, state)) this.changed();
  }

  /** Makes a hole; `length` may be Infinity. */
  remove(offset: Bytes, length: Bytes): void {
    const { kernel } = this.arena;
    if (kernel === null || kernel.cutAt(0, this.head, offset, length) < 0) this.removeByItself(offset, length);
  }

  private removeByItself(offset: Bytes, length: Bytes): void {
    const perByte = this.perByte;
    const key = offset * perByte;
    const end = Math.min(OFFSET_LIMIT, key + length * perByte);
    if ((key | 0) !== key || (end | 0) !== end || !(key >= 0 && key < end) || this.isWide) {
      this.removeWide(offset, length);
      return;
    }
    this.reserve();
    const { kernel } = this.arena;
    if (kernel === null) cutIn(this.memory, this.head, key, end);
    else kernel.cutIn(0, this.head, key, end);
  }

  private removeWide(offset: Bytes, length: Bytes): void {
    const size = this.reach(offset, length);
    if (size === 0) return;
    const at = this.seek(offset);
    if (this.offset(at) >= offset + size) return;
    this.widenUnless(offset, size);
    const key = offset * this.perByte;
    this.tidyAround(cut(this, at < 0 ? at : this.find(key), key, key + size * this.perByte));
    this.changed();
  }

  /** Gives what is mapped in the range another state; addresses stay, holes stay holes. */
  convert(offset: Bytes, length: Bytes, state: number): void {
    const size = this.reach(offset, length);
    if (size === 0 || !HOLDING[state] || !this.differs(offset, offset + size, state)) return;
    this.widenUnless(offset, size);
    const key = offset * this.perByte;
    const end = key + size * this.perByte;
    this.tidyAround(restate(this, key, end, state));
    this.changed();
  }

  /** Takes the range out of the file; everything behind it moves down. */
  collapse(offset: Bytes, length: Bytes): void {
    const size = this.reach(offset, length);
    if (size === 0) return;
    this.widenUnless(offset, size);
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
    this.widenUnless(offset, length);
    // The last address does not move, but the last end does.
    this.widenUnless(this.end, length);
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
    this.set(CHANGES, other.changes);
    this.takeAll(other);
  }

  mappedBytes(): Bytes {
    let sum = 0;
    for (let at = this.first(); at >= 0; at = this.next(at)) sum += this.size(at);
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

  /** The range must be whole blocks that end by OFFSET_LIMIT; `| 0` tells a whole int32 from everything else. */
  private widenUnless(offset: Bytes, length: Bytes): void {
    if (this.isWide) return;
    const key = offset * this.perByte;
    const size = length * this.perByte;
    if ((key | 0) !== key || (size | 0) !== size || key + size > OFFSET_LIMIT) this.goWide();
  }

  private goWide(): void {
    this.widen(this.unit, new Arena(true));
    this.shift = 0;
  }
}

const isRange = (offset: number, length: number): boolean =>
  Number.isSafeInteger(offset) &&
  Number.isSafeInteger(offset + length) &&
  Number.isSafeInteger(length) &&
  offset >= 0 &&
  length > 0;
