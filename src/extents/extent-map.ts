// The block map of one file: file offset -> (length, device address, state). Two levels, as the in-core extent tree of
// XFS (fs/xfs/libxfs/xfs_iext_tree.c) in miniature: a sorted directory over leaves of up to 64 records.
import type { Bytes } from '../model/units.js';

/** Place of an extent: directory position * 64 + record. Valid until the next change; -1 is none. */
export type Cursor = number;

/** State of an extent: one of the first three, plus the bit `reflinked` (blocks shared with another file or range). */
export const State = { written: 0, unwritten: 1, delalloc: 2, reflinked: 4 } as const;

/** Bits of `summary`. `reflinked` is written and shared (a write copies), `written` is written and not shared. */
export const Holding = { written: 1, unwritten: 2, hole: 4, reflinked: 8, delalloc: 16 } as const;

/** Holding by state; 0 marks what is no state. Only written data is worth telling shared from not shared. */
const HOLDING = Uint8Array.of(1, 2, 16, 0, 8, 2, 16, 0);

/** Largest block number of a narrow map; the search subtracts two of them, and the difference must stay an int32. */
const LIMIT = 2 ** 31 - 1;
/** Records in a full-size leaf. A map with one leaf keeps it at 4 or 16 while that is enough: most files are small. */
const LEAF = 64;
const HALF = LEAF / 2;
/** Up to so many records move faster by a loop than by `copyWithin`. */
const SHORT = 6;

type Words = Int32Array | Float64Array;
const NO_INTS = new Int32Array(0);
const NO_FLOATS = new Float64Array(0);

/**
 * All arguments and results are bytes. Inside, offsets and addresses are blocks of `unitBytes` in an Int32Array (narrow),
 * or, once an argument was no multiple of the unit or beyond 2^31-1 blocks, bytes in a Float64Array (wide), for good.
 *
 * A leaf of `room` records is `room` keys, then `room` bodies (length, address, state): the search touches keys only.
 * The directory is `dirRoom` first keys, then `dirRoom` words `slot * 128 + records`, slot being the leaf's place in `words`.
 */
export class ExtentMap {
  private unit: number;
  private perByte: number;
  private isWide: boolean;
  private words: Words;
  private dir: Words;
  private dirRoom = 0;
  private leaves = 0;
  private room = 0;
  /** Slots handed out so far; those given back form a chain through their first word. */
  private slots = 0;
  private freeSlot = -1;
  private extents = 0;
  private changes = 0;

  /** A unit that is no power of two up to 2^30 makes the map wide from the start: only powers of two divide exactly. */
  constructor(unitBytes = 4096) {
    this.isWide = !(unitBytes >= 1 && unitBytes <= 2 ** 30 && (unitBytes & (unitBytes - 1)) === 0);
    this.unit = this.isWide ? 1 : unitBytes;
    this.perByte = 1 / this.unit;
    this.words = this.isWide ? NO_FLOATS : NO_INTS;
    this.dir = this.words;
  }

  /** Extents, neighbours that continue each other counted as one. */
  get count(): number {
    return this.extents;
  }

  /** Grows by one with every call that changed the map. */
  get seq(): number {
    return this.changes;
  }

  get wide(): boolean {
    return this.isWide;
  }

  /** End of the last extent; 0 when there is none. */
  get end(): Bytes {
    return this.extents === 0 ? 0 : this.endAt(this.last()) * this.unit;
  }

  /** First extent ending after `offset`, or -1. */
  seek(offset: Bytes): Cursor {
    const x = offset * this.perByte;
    if (this.isWide) return x >= 0 ? this.findWide(x) : -1;
    return x >= 0 && x <= LIMIT ? this.findNarrow(x | 0) : -1;
  }

  next(at: Cursor): Cursor {
    const leaf = at >>> 6;
    if ((at & 63) + 1 < this.used(leaf)) return at + 1;
    return leaf + 1 < this.leaves ? (leaf + 1) << 6 : -1;
  }

  offset(at: Cursor): Bytes {
    return this.words[this.keyIndex(at)]! * this.unit;
  }

  length(at: Cursor): Bytes {
    return this.words[this.bodyIndex(at)]! * this.unit;
  }

  /** -1: none. */
  addr(at: Cursor): Bytes {
    const addr = this.words[this.bodyIndex(at) + 1]!;
    return addr < 0 ? -1 : addr * this.unit;
  }

  state(at: Cursor): number {
    return this.words[this.bodyIndex(at) + 2]!;
  }

  /** Device address of one byte; -1 in a hole and where no address was given yet. */
  addrAt(offset: Bytes): Bytes {
    const at = this.seek(offset);
    if (at < 0) return -1;
    const words = this.words;
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
    let holding = 0;
    const at = this.seek(offset);
    if (at < 0) return Holding.hole;
    const { words, room } = this;
    let i = at & 63;
    for (let leaf = at >>> 6; leaf < this.leaves; leaf++, i = 0) {
      const used = this.used(leaf);
      const base = this.base(leaf);
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
    if (!isRange(offset, length) || !HOLDING[state] || !Number.isSafeInteger(addr)) return;
    const mapped = addr >= 0 && (state & 3) !== State.delalloc;
    if (mapped && !isRange(addr, length)) return;
    this.widenUnless(offset, length, mapped ? addr : 0);
    const key = offset * this.perByte;
    const size = length * this.perByte;
    const end = key + size;
    const target = mapped ? addr * this.perByte : -1;
    const at = this.find(key);
    if (at < 0 || this.key(at) >= end) this.join(at, key, size, target, state);
    else if (this.holds(at, key, end, target, state)) return;
    else this.tidy(this.replace(at, key, end, target, state) >>> 6);
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
    this.tidyAround(this.cut(at, key, key + size * this.perByte));
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
        if (this.key(at) < key) at = this.split(at, key);
        if (this.endAt(at) > end) at = this.before(this.split(at, end));
        this.words[this.bodyIndex(at) + 2] = state;
      }
      at = this.joinBefore(at);
    }
    if (at >= 0) at = this.joinBefore(at);
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
    if (this.key(at) < key + by) at = this.cut(at, key, key + by);
    if (at >= 0) {
      this.shift(at, -by);
      at = this.joinBefore(at);
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
    if (this.key(at) < key) at = this.split(at, key);
    this.shift(at, length * this.perByte);
    this.changes++;
  }

  clear(): void {
    if (this.extents === 0) return;
    this.reset();
    this.changes++;
  }

  /** An independent map with the same contents and `seq`. */
  copy(): ExtentMap {
    const twin = new ExtentMap(this.unit);
    twin.perByte = this.perByte;
    twin.isWide = this.isWide;
    twin.words = this.words.slice();
    twin.dir = this.dir.slice();
    twin.dirRoom = this.dirRoom;
    twin.leaves = this.leaves;
    twin.room = this.room;
    twin.slots = this.slots;
    twin.freeSlot = this.freeSlot;
    twin.extents = this.extents;
    twin.changes = this.changes;
    return twin;
  }

  mappedBytes(): Bytes {
    let sum = 0;
    for (let leaf = 0; leaf < this.leaves; leaf++) {
      const body = this.base(leaf) + this.room;
      for (let i = this.used(leaf) - 1; i >= 0; i--) sum += this.words[body + 3 * i]!;
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
      if (this.dir[leaf] !== this.words[this.base(leaf)])
        return `leaf ${leaf} begins elsewhere than the directory says`;
      seen.add(this.dir[this.dirRoom + leaf]! >>> 7);
      records += used;
      for (let i = 0; i < used; i++) {
        const at = (leaf << 6) | i;
        const place = `extent at ${this.offset(at)}`;
        if (!(this.length(at) > 0)) return `${place} is empty`;
        if (this.key(at) < reached) return `${place} overlaps the one before or is out of order`;
        if (!HOLDING[this.state(at)]) return `${place} has state ${this.state(at)}`;
        if (!this.isWide && this.endAt(at) > LIMIT) return `${place} ends beyond ${LIMIT} blocks`;
        const before = this.before(at);
        if (before >= 0 && this.continues(before, this.key(at), this.target(at), this.state(at))) {
          return `${place} continues the one before`;
        }
        reached = this.endAt(at);
      }
    }
    for (let slot = this.freeSlot; slot >= 0 && !seen.has(slot); slot = this.words[slot * 4 * this.room]!)
      seen.add(slot);
    if (records !== this.extents) return `${records} records, but the count is ${this.extents}`;
    if (seen.size !== this.slots) return `${seen.size} leaves used or free of ${this.slots}`;
    return '';
  }

  // From here on: offsets, lengths and addresses in units.

  private used(leaf: number): number {
    return this.dir[this.dirRoom + leaf]! & 127;
  }

  private base(leaf: number): number {
    return (this.dir[this.dirRoom + leaf]! >>> 7) * 4 * this.room;
  }

  private keyIndex(at: Cursor): number {
    return this.base(at >>> 6) + (at & 63);
  }

  private bodyIndex(at: Cursor): number {
    return this.base(at >>> 6) + this.room + 3 * (at & 63);
  }

  private key(at: Cursor): number {
    return this.words[this.keyIndex(at)]!;
  }

  private endAt(at: Cursor): number {
    return this.words[this.keyIndex(at)]! + this.words[this.bodyIndex(at)]!;
  }

  private target(at: Cursor): number {
    return this.words[this.bodyIndex(at) + 1]!;
  }

  private last(): Cursor {
    return this.leaves === 0 ? -1 : ((this.leaves - 1) << 6) | (this.used(this.leaves - 1) - 1);
  }

  /** The extent before `at`; the last one for -1. */
  private before(at: Cursor): Cursor {
    if (at < 0) return this.last();
    if ((at & 63) !== 0) return at - 1;
    const leaf = (at >>> 6) - 1;
    return leaf < 0 ? -1 : (leaf << 6) | (this.used(leaf) - 1);
  }

  /** First extent ending after unit `x`, or -1. */
  private find(x: number): Cursor {
    return this.isWide ? this.findWide(x) : this.findNarrow(x | 0);
  }

  /** hot: apart from `findWide`, so that each sees one kind of array and of number. */
  private findNarrow(x: number): Cursor {
    const leaves = this.leaves;
    if (leaves === 0) return -1;
    const words = this.words as Int32Array;
    const dir = this.dir as Int32Array;
    const room = this.room;
    const leaf = lastUpTo(dir, 0, leaves, x);
    const info = dir[this.dirRoom + leaf]!;
    const base = (info >>> 7) * 4 * room;
    const used = info & 127;
    const i = lastUpTo(words, base, used, x);
    if (words[base + i]! + words[base + room + 3 * i]! > x) return (leaf << 6) | i;
    if (i + 1 < used) return (leaf << 6) | (i + 1);
    return leaf + 1 < leaves ? (leaf + 1) << 6 : -1;
  }

  private findWide(x: number): Cursor {
    const leaves = this.leaves;
    if (leaves === 0) return -1;
    const words = this.words as Float64Array;
    const leaf = lastUpToWide(this.dir as Float64Array, 0, leaves, x);
    const base = this.base(leaf);
    const used = this.used(leaf);
    const i = lastUpToWide(words, base, used, x);
    if (words[base + i]! + words[base + this.room + 3 * i]! > x) return (leaf << 6) | i;
    if (i + 1 < used) return (leaf << 6) | (i + 1);
    return leaf + 1 < leaves ? (leaf + 1) << 6 : -1;
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

  private holds(at: Cursor, key: number, end: number, target: number, state: number): boolean {
    const from = this.key(at);
    if (from > key || this.endAt(at) < end || this.state(at) !== state) return false;
    const is = this.target(at);
    return target < 0 ? is < 0 : is >= 0 && is + key - from === target;
  }

  /** Would an extent at `key` be the same extent as the one at `at`, were both one record? */
  private continues(at: Cursor, key: number, target: number, state: number): boolean {
    const words = this.words;
    const body = this.bodyIndex(at);
    const is = words[body + 1]!;
    return (
      words[this.keyIndex(at)]! + words[body]! === key &&
      words[body + 2] === state &&
      target === (is < 0 ? -1 : is + words[body]!)
    );
  }

  /** Maps a hole; `at` is the first extent behind it. Returns where the mapping went. */
  private join(at: Cursor, key: number, size: number, target: number, state: number): Cursor {
    const before = this.before(at);
    if (before >= 0 && this.continues(before, key, target, state)) {
      this.words[this.bodyIndex(before)]! += size;
      if (at >= 0) this.joinBefore(at);
      return before;
    }
    if (at < 0 || this.key(at) !== key + size || this.state(at) !== state)
      return this.place(at, key, size, target, state);
    if (this.target(at) !== (target < 0 ? -1 : target + size)) return this.place(at, key, size, target, state);
    const body = this.bodyIndex(at);
    this.setKey(at, key);
    this.words[body]! += size;
    this.words[body + 1] = target;
    return at;
  }

  /** Makes one record of `at` and the one before if they continue each other. Returns where `at` is now. */
  private joinBefore(at: Cursor): Cursor {
    const before = this.before(at);
    if (before < 0 || !this.continues(before, this.key(at), this.target(at), this.state(at))) return at;
    this.words[this.bodyIndex(before)]! += this.words[this.bodyIndex(at)]!;
    this.drop(at, this.endAt(at));
    return before;
  }

  /** Maps [key, end) over what is there; `at` as for `cut`. Returns where the mapping went. */
  private replace(at: Cursor, key: number, end: number, target: number, state: number): Cursor {
    const inside = this.cutHead(at, key, end);
    if (inside < 0 || this.endAt(inside) > end)
      return this.join(this.cutTail(inside, end), key, end - key, target, state);
    // A record that would go is written over: that saves moving its leaf down and up again.
    this.cutTail(this.next(inside), end);
    const body = this.bodyIndex(inside);
    this.setKey(inside, key);
    this.words[body] = end - key;
    this.words[body + 1] = target;
    this.words[body + 2] = state;
    const here = this.joinBefore(inside);
    const behind = this.next(here);
    if (behind >= 0) this.joinBefore(behind);
    return here;
  }

  /** Empties [key, end); `at` is the first extent ending after `key`, and begins before `end`. Returns the first one behind. */
  private cut(at: Cursor, key: number, end: number): Cursor {
    return this.cutTail(this.cutHead(at, key, end), end);
  }

  /** Ends an extent that reaches over `key` there, and returns the first one beginning at or behind `key`. */
  private cutHead(at: Cursor, key: number, end: number): Cursor {
    if (this.key(at) >= key) return at;
    const head = this.endAt(at) > end ? this.before(this.split(at, end)) : at;
    this.words[this.bodyIndex(head)] = key - this.key(head);
    return this.next(head);
  }

  /** Empties from the extent `at` to `end`, and returns the first one behind. */
  private cutTail(at: Cursor, end: number): Cursor {
    const behind = at >= 0 && this.endAt(at) <= end ? this.drop(at, end) : at;
    if (behind < 0 || this.key(behind) >= end) return behind;
    const body = this.bodyIndex(behind);
    const by = end - this.key(behind);
    this.setKey(behind, end);
    this.words[body]! -= by;
    if (this.words[body + 1]! >= 0) this.words[body + 1]! += by;
    return behind;
  }

  /** Cuts the extent `at` in two at `key`; returns the second part. The two continue each other until the caller acts. */
  private split(at: Cursor, key: number): Cursor {
    const body = this.bodyIndex(at);
    const head = key - this.key(at);
    const tail = this.words[body]! - head;
    const target = this.words[body + 1]!;
    this.words[body] = head;
    return this.place(this.next(at), key, tail, target < 0 ? -1 : target + head, this.words[body + 2]!);
  }

  private setKey(at: Cursor, key: number): void {
    this.words[this.keyIndex(at)] = key;
    if ((at & 63) === 0) this.dir[at >>> 6] = key;
  }

  /** Moves every extent from `at` on by so many units. */
  private shift(at: Cursor, by: number): void {
    let i = at & 63;
    for (let leaf = at >>> 6; leaf < this.leaves; leaf++, i = 0) {
      const base = this.base(leaf);
      const stop = base + this.used(leaf);
      for (let k = base + i; k < stop; k++) this.words[k]! += by;
      this.dir[leaf] = this.words[base]!;
    }
  }

  /** Puts a record before `at` (-1: behind the last) and returns where it went. */
  private place(at: Cursor, key: number, size: number, target: number, state: number): Cursor {
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
  private drop(at: Cursor, end: number): Cursor {
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
  private tidy(leaf: number): void {
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
  private tidyAround(at: Cursor): void {
    const leaf = at < 0 ? this.leaves - 1 : at >>> 6;
    this.tidy(leaf);
    if (leaf > 0) this.tidy(leaf - 1);
  }

  private reset(): void {
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

  /** Both ranges must be whole blocks that end by LIMIT; `| 0` tells a whole int32 from everything else. */
  private widenUnless(offset: Bytes, length: Bytes, addr: Bytes): void {
    if (this.isWide) return;
    const key = offset * this.perByte;
    const size = length * this.perByte;
    const target = addr * this.perByte;
    const whole = (key | 0) === key && (size | 0) === size && (target | 0) === target;
    if (!whole || key + size > LIMIT || target + size > LIMIT) this.widen();
  }

  private widen(): void {
    const { words, dir, room, unit, leaves } = this;
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
    this.unit = this.perByte = 1;
    this.words = to;
    this.dir = toDir;
    this.slots = leaves;
    this.freeSlot = -1;
  }
}

const isRange = (offset: number, length: number): boolean =>
  Number.isSafeInteger(offset) &&
  Number.isSafeInteger(offset + length) &&
  Number.isSafeInteger(length) &&
  offset >= 0 &&
  length > 0;

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
