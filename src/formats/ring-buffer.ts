// The kernel's ring-buffer pages of one CPU, as recorders copy them: pages into records with absolute times.
// Sources: include/linux/ring_buffer.h, kernel/trace/ring_buffer.c, libtraceevent kbuffer-parse.c, events/header_page.
import { viewOf } from '../base/byte-cursor.js';
import type { PageLayout } from './kernel-metadata.js';
import { RecordKernel, type Rows } from './record-kernel.js';
import { FROM, HEAD, TO } from './record-kernel-code.js';

/** Whole pages in order; null at the end. A last page may be cut. */
export type PageSource = () => Uint8Array | null;

const PADDING = 29;
const TIME_EXTEND = 30;
const TIME_STAMP = 31;
const TIME_BITS = 2 ** 27;
/** Flags and size in a page's commit word. */
const MISSED_EVENTS = 0x80000000;
const MISSED_STORED = 0x40000000;
const COMMIT_MASK = 0x07ffffff;
/** An absolute stamp has 59 bits; those above come from the page. */
const STAMP_MASK = (1n << 59n) - 1n;

export class CpuPages {
  readonly cpu: number;
  /** The current record: bytes [from, to) and its time after `base`. Where it is row `row` of `rows`, see `locate`. */
  bytes: Uint8Array = new Uint8Array(0);
  view: DataView = new DataView(new ArrayBuffer(0));
  from = 0;
  to = 0;
  time = 0;
  /** -1 for one that the kernel did not read. */
  row = -1;
  readonly rows: Rows | null;
  /** Records lost before the current one, and before the next: -1 none, 0 some. */
  lost = -1;
  pendingLoss = -1;
  /** Records may be missing where a page ends, which no page tells. */
  drops = false;
  /** The first trouble with a page, and its place in the pages of this CPU; empty when there is none. */
  damage = '';
  damageAt = 0;
  #bytesBefore: number;
  readonly #pages: PageSource;
  readonly #layout: PageLayout;
  readonly #pageSize: number;
  readonly #little: boolean;
  readonly #base: (pageTime: bigint) => bigint;
  /** Time zero, once a page was there, in two words; a bigint takes a hundred times as long. */
  #baseHigh = Number.NaN;
  #baseLow = Number.NaN;
  /** End of the records of this page, start of the next page, place of the next record. */
  #end = 0;
  #next = 0;
  #at = 0;
  /** Where the page's own time stands. */
  #pageTimeAt = 0;
  readonly #kernel: RecordKernel | null;
  /** Memory of the kernel for a page that is elsewhere; from a place among the bytes to the one in its memory, and is all of the page there? */
  readonly #memory: Uint8Array | null;
  #toMemory = 0;
  #isThere = false;
  /** The bytes are in the kernel's memory themselves. */
  #isOwn = false;
  /** Rows that were read ahead, and the time of the last of all. */
  #ahead = 0;
  #aheadNs = 0;

  /** `start` is the place of the first page; `base` gives time zero; it is asked with the time of the first page. */
  constructor(
    cpu: number,
    pages: PageSource,
    start: number,
    layout: PageLayout,
    pageSize: number,
    little: boolean,
    base: (pageTime: bigint) => bigint,
    kernel: RecordKernel | null = null,
  ) {
    this.cpu = cpu;
    this.#pages = pages;
    this.#bytesBefore = start;
    this.#layout = layout;
    this.#pageSize = pageSize;
    this.#little = little;
    this.#base = base;
    this.#kernel = kernel;
    this.rows = kernel?.rows() ?? null;
    this.#memory = kernel?.input(pageSize) ?? null;
  }

  /** What a kernel needs of memory for the pages of a CPU. */
  static readonly kernelBytes = (pageSize: number): number =>
    RecordKernel.rowsBytes + RecordKernel.inputBytes(pageSize);

  /** Goes to the next record; false at the end. */
  // hot
  next(): boolean {
    const row = this.row + 1;
    if (row < this.#ahead) return this.#row(row);
    if (this.#ahead > 0) this.time = this.#aheadNs;
    this.#ahead = 0;
    this.row = -1;
    return this.#step();
  }

  /** Rows up to here were read ahead. */
  get ahead(): number {
    return this.#ahead;
  }

  /** Goes that many rows further, all of them read ahead. */
  skip(rows: number): void {
    this.row += rows;
    this.time = this.rows!.times[this.row]!;
  }

  /** Says where in `bytes` the record of a row is. */
  locate(): void {
    if (this.rows === null) return;
    this.from = this.rows.heads[this.row * HEAD + FROM]! - this.#toMemory;
    this.to = this.rows.heads[this.row * HEAD + TO]! - this.#toMemory;
  }

  // hot
  #row(row: number): boolean {
    this.row = row;
    this.time = this.rows!.times[row]!;
    this.lost = this.pendingLoss;
    this.pendingLoss = -1;
    return true;
  }

  /** Reads plain records ahead; false where the next one is not plain. */
  #scan(): boolean {
    if (!this.#isThere) return false;
    const toMemory = this.#toMemory;
    const { address } = this.rows!;
    const { run } = this.#kernel!;
    this.#ahead = run.scanPage(address, this.#at + toMemory, this.#end + toMemory, this.time);
    this.#at = this.#kernel!.reached - toMemory;
    this.#aheadNs = this.#kernel!.now;
    if (this.#ahead === 0) this.time = this.#aheadNs;
    return this.#ahead > 0;
  }

  /** The kernel gets a copy of a page that is not in its memory. */
  #place(start: number): void {
    const memory = this.#memory;
    this.#isThere = false;
    if (memory === null || !this.#little) return;
    if (this.#isOwn) this.#toMemory = this.bytes.byteOffset;
    else if (this.#end - start > memory.length) return;
    else {
      memory.set(this.bytes.subarray(start, this.#end));
      this.#toMemory = memory.byteOffset - start;
    }
    this.#isThere = true;
  }

  #step(): boolean {
    const little = this.#little;
    for (;;) {
      let at = this.#at;
      if (at + 4 > this.#end) {
        if (!this.#page()) return false;
        continue;
      }
      if (this.#scan()) return this.#row(0);
      at = this.#at;
      if (at + 4 > this.#end) continue;
      const word = this.view.getUint32(at, little);
      const type = little ? word & 31 : word >>> 27;
      const delta = little ? word >>> 5 : word & 0x7ffffff;
      at += 4;
      if (type > 0 && type < PADDING) {
        this.time += delta;
        if (this.#give(at, type * 4)) return true;
        continue;
      }
      if (at + 4 > this.#end) {
        this.#cut(at);
        continue;
      }
      const second = this.view.getUint32(at, little);
      at += 4;
      if (type === 0) {
        this.time += delta;
        // The length counts its own word and is rounded up to words.
        // No bits: a damaged length may have 32 of them.
        if (this.#give(at, Math.ceil(Math.max(second - 4, 0) / 4) * 4)) return true;
      } else if (type === PADDING) {
        this.time += delta;
        // Without a delta the rest of the page is empty.
        this.#at = delta === 0 || second < 4 ? this.#end : at - 4 + second;
      } else {
        if (type === TIME_EXTEND) this.time += second * TIME_BITS + delta;
        else if (type === TIME_STAMP) this.#absolute(BigInt(second) * BigInt(TIME_BITS) + BigInt(delta));
        this.#at = at;
      }
    }
  }

  #give(from: number, length: number): boolean {
    if (from + length > this.#end) {
      this.#cut(from);
      return false;
    }
    this.from = from;
    this.to = from + length;
    this.#at = this.to;
    this.lost = this.pendingLoss;
    this.pendingLoss = -1;
    return true;
  }

  #absolute(stamp: bigint): void {
    const pageTime = this.view.getBigUint64(this.#pageTimeAt, this.#little);
    this.time = Number((pageTime & ~STAMP_MASK) + stamp - this.#base(pageTime));
  }

  /** Time of the page that stands at `at` in the bytes, after time zero. */
  #timeOf(at: number): number {
    const little = this.#little;
    const high = this.view.getUint32(little ? at + 4 : at, little);
    const low = this.view.getUint32(little ? at : at + 4, little);
    if (Number.isNaN(this.#baseHigh)) {
      const base = this.#base((BigInt(high) << 32n) + BigInt(low));
      this.#baseHigh = Number(base >> 32n);
      this.#baseLow = Number(base & 0xffffffffn);
    }
    return (high - this.#baseHigh) * 4294967296 + (low - this.#baseLow);
  }

  #cut(at: number): void {
    this.#damaged(at, 'expected a whole record, found the end of its page');
    this.#at = this.#end;
  }

  #damaged(at: number, what: string): void {
    if (this.damage !== '') return;
    this.damage = what;
    this.damageAt = this.#bytesBefore + at;
  }

  /** Opens the next page; false when there is none. */
  #page(): boolean {
    if (this.#next >= this.bytes.length) {
      this.#bytesBefore += this.bytes.length;
      const block = this.#pages();
      if (block === null) {
        this.bytes = new Uint8Array(0);
        return false;
      }
      this.bytes = block;
      this.#isOwn = this.#kernel?.holds(block) === true;
      this.view = viewOf(block);
      this.#next = 0;
    }
    const start = this.#next;
    const { timeOffset, commitOffset, commitSize, dataOffset } = this.#layout;
    const available = Math.min(this.bytes.length - start, this.#pageSize);
    this.#next = start + available;
    this.#at = this.#end = this.#next;
    this.#isThere = false;
    if (available < dataOffset || available < Math.max(timeOffset + 8, commitOffset + commitSize)) {
      this.#damaged(start, `expected a page of ${this.#pageSize} bytes, found ${available} bytes`);
      return true;
    }
    const little = this.#little;
    this.#pageTimeAt = start + timeOffset;
    this.time = this.#timeOf(this.#pageTimeAt);
    const low = commitSize === 8 && !little ? 4 : 0;
    const commit = this.view.getUint32(start + commitOffset + low, little);
    this.#at = start + dataOffset;
    this.#end = this.#at + (commit & COMMIT_MASK);
    if (this.#end > this.#next) {
      this.#damaged(start, `expected ${commit & COMMIT_MASK} bytes of records, found ${available - dataOffset}`);
      this.#end = this.#next;
    }
    this.#place(start);
    // A buffer that keeps what is in it drops what comes where the next page is not read yet (rb_move_tail(), kernel/trace/ring_buffer.c).
    if (this.drops) this.pendingLoss = Math.max(0, this.pendingLoss);
    if ((commit & MISSED_EVENTS) !== 0) this.#missed((commit & MISSED_STORED) !== 0);
    return true;
  }

  #missed(stored: boolean): void {
    const at = this.#end;
    const size = this.#layout.commitSize;
    let count = 0;
    if (stored && at + size <= this.#next) {
      const low = size === 8 && !this.#little ? 4 : 0;
      count = this.view.getUint32(at + low, this.#little);
    }
    this.pendingLoss = Math.max(0, this.pendingLoss) + count;
  }
}
