// The blocks of one modelled file: cells of equal size, each with a state and an address.
import type { Random } from '../../base/random.js';
import { type Bytes, UNKNOWN } from '../../model/units.js';
import { countBits, mark, moveBits, nextBit, nextZero } from './bits.js';
import type { Space } from './space.js';

/**
 * States of a cell. `faulted` is written as well, but was a hole or unwritten until a page fault filled it: where a policy refuses such a
 * fault, the next one meets what it met.
 */
export const Cell = { hole: 0, unwritten: 1, written: 2, shared: 3, faulted: 4 } as const;
const STATES = 5;
/** What is looked for beside a state: written, by whatever. */
export const WRITTEN_SOMEHOW = 5;
export const isWritten = (state: number): boolean => state === Cell.written || state === Cell.faulted;
/** Blocks whose address the trace does not say: never handed out again. */
const SOMEWHERE = -2;
/** Looks for a place that is asked for, and for one anywhere before the next one will do. */
const TRIES = 64;
const LOOKS = 9;

export class Cells {
  readonly cellBytes: Bytes;
  /** i_size. */
  bytes: Bytes = 0;
  readonly #space: Space;
  readonly #state: Uint8Array;
  readonly #addr: Float64Array;
  /** Which cells are in a state, by state and for `WRITTEN_SOMEHOW`: 32 cells a word. */
  readonly #bits: readonly Uint32Array[];
  /** Cells within the size, by state. */
  readonly #having = new Uint32Array(STATES);
  #length = 0;
  /** From here on all cells are holes. */
  #top = 0;

  constructor(space: Space, cells: number, cellBytes: Bytes) {
    this.#space = space;
    this.cellBytes = cellBytes;
    this.#state = new Uint8Array(cells);
    this.#addr = new Float64Array(cells).fill(SOMEWHERE);
    this.#bits = Array.from({ length: STATES + 1 }, () => new Uint32Array((cells + 31) >>> 5));
    this.#bits[Cell.hole]!.fill(2 ** 32 - 1);
  }

  get mostBytes(): Bytes {
    return this.#state.length * this.cellBytes;
  }

  /** Cells that the file has. */
  get length(): number {
    return this.#length;
  }

  state(cell: number): number {
    return this.#state[cell]!;
  }

  addr(cell: number): Bytes {
    return this.#addr[cell]!;
  }

  /** Are any within the size in this state? */
  has(state: number): boolean {
    if (state === WRITTEN_SOMEHOW) return this.#having[Cell.written]! + this.#having[Cell.faulted]! > 0;
    return this.#having[state]! > 0;
  }

  // hot
  put(cell: number, state: number, addr: Bytes): void {
    const had = this.#state[cell]!;
    this.#addr[cell] = addr;
    if (had === state) return;
    if (cell < this.#length) {
      this.#having[had]!--;
      this.#having[state]!++;
    }
    this.#state[cell] = state;
    this.#mark(had, cell, cell + 1, 0);
    this.#mark(state, cell, cell + 1, -1);
    if (state !== Cell.hole && cell >= this.#top) this.#top = cell + 1;
  }

  /** All cells of [from, to) get a state, and addresses from `addr` on (below 0: all the same). */
  // hot
  #set(from: number, to: number, state: number, addr: Bytes): void {
    for (let cell = from; cell < to; ) {
      const had = this.#state[cell]!;
      const end = had === state ? this.#after(state, cell, to) : this.#change(cell, to, had, state);
      cell = end;
    }
    if (addr < 0) this.#addr.fill(addr, from, to);
    else for (let cell = from; cell < to; cell++) this.#addr[cell] = addr + (cell - from) * this.cellBytes;
    if (state !== Cell.hole && to > this.#top) this.#top = to;
  }

  /** The cells from `from` on that are in one state get another; returns where they end. */
  // hot
  #change(from: number, most: number, had: number, state: number): number {
    const to = this.#after(had, from, most);
    const inside = Math.min(to, this.#length) - from;
    if (inside > 0) {
      this.#having[had]! -= inside;
      this.#having[state]! += inside;
    }
    this.#state.fill(state, from, to);
    this.#mark(had, from, to, 0);
    this.#mark(state, from, to, -1);
    return to;
  }

  // hot
  #mark(state: number, from: number, to: number, value: number): void {
    mark(this.#bits[state]!, from, to, value);
    if (isWritten(state)) mark(this.#bits[WRITTEN_SOMEHOW]!, from, to, value);
  }

  resize(bytes: Bytes): void {
    const before = this.#length;
    this.bytes = Math.min(bytes, this.mostBytes);
    const after = Math.min(this.#state.length, Math.ceil(this.bytes / this.cellBytes));
    this.#length = after;
    // Behind the last block there are holes only.
    const from = Math.min(before, after, this.#top);
    const to = Math.min(Math.max(before, after), this.#top);
    const sign = after > before ? 1 : -1;
    for (let cell = from; cell < to; cell++) this.#having[this.#state[cell]!]! += sign;
    this.#having[Cell.hole]! += after - before - sign * (to - from);
  }

  /** Gives the blocks of whole cells back. */
  // hot
  free(from: number, to: number): void {
    const end = Math.min(to, this.#top);
    for (let cell = from; cell < end; ) {
      const had = this.#state[cell]!;
      const runEnd = this.#after(had, cell, end);
      if (had !== Cell.shared && had !== Cell.hole) this.#give(cell, runEnd);
      cell = runEnd;
    }
    if (from < end) this.#set(from, end, Cell.hole, SOMEWHERE);
    if (to >= this.#top && from < this.#top) this.#top = from;
  }

  cut(bytes: Bytes): void {
    this.free(Math.ceil(bytes / this.cellBytes), this.#state.length);
    this.resize(bytes);
  }

  /** Holes of a range get blocks, the others the state; returns the address of `offset` in the new run, -1 where nothing was a hole. */
  // hot
  fill(offset: Bytes, length: Bytes, state: number): Bytes {
    const { cellBytes } = this;
    const from = Math.floor(offset / cellBytes);
    const to = Math.min(this.#state.length, Math.ceil((offset + length) / cellBytes));
    let base = UNKNOWN;
    if (this.#next(Cell.hole, from, to) < to) base = this.#space.take((to - from) * cellBytes);
    else if (this.#whole(state, from, to)) return UNKNOWN;
    for (let cell = from; cell < to; ) {
      const end = this.#after(this.#state[cell]!, cell, to);
      this.#fillRun(cell, end, state, base < 0 ? -1 : base + (cell - from) * cellBytes);
      cell = end;
    }
    return base < 0 ? UNKNOWN : base + offset - from * cellBytes;
  }

  /** Of cells that are in one state: holes take the new blocks, the others give those meant for them back. */
  // hot
  #fillRun(from: number, to: number, state: number, addr: Bytes): void {
    const had = this.#state[from]!;
    if (had === Cell.hole) return this.#set(from, to, state, addr);
    if (addr >= 0) this.#space.give(addr, (to - from) * this.cellBytes);
    if (!isWritten(state)) return;
    if (had === Cell.unwritten || had === Cell.faulted) {
      this.#change(from, to, had, state);
    } else if (had === Cell.shared) this.#set(from, to, state, SOMEWHERE);
  }

  /** Blocks of these cells go back, neighbours as one. */
  // hot
  #give(from: number, to: number): void {
    const addr = this.#addr;
    for (let cell = from; cell < to; ) {
      let end = cell + 1;
      while (end < to && addr[end] === addr[end - 1]! + this.cellBytes) end++;
      this.#space.give(addr[cell]!, (end - cell) * this.cellBytes);
      cell = end;
    }
  }

  /** The whole range counts as written but never written to. */
  zero(offset: Bytes, length: Bytes): void {
    const to = Math.min(this.length, Math.floor((offset + length) / this.cellBytes));
    for (let cell = Math.ceil(offset / this.cellBytes); cell < to; cell++) {
      const state = this.#state[cell]!;
      const own = state === Cell.unwritten || isWritten(state);
      this.put(cell, Cell.unwritten, own ? this.#addr[cell]! : SOMEWHERE);
    }
  }

  punch(offset: Bytes, length: Bytes): void {
    const to = Math.floor((offset + length) / this.cellBytes);
    this.free(Math.ceil(offset / this.cellBytes), Math.min(to, this.#state.length));
  }

  /** Copies on write: no cell of the range is shared any more. */
  unshare(from: number, to: number): void {
    const end = Math.min(to, this.length);
    for (let cell = this.#next(Cell.shared, from, end); cell < end; cell = this.#next(Cell.shared, cell + 1, end))
      this.put(cell, Cell.written, SOMEWHERE);
  }

  /** Of cells that are all shared: the clone is gone, they are the file's own again. */
  makeOwn(from: number, to: number): void {
    this.#change(from, to, Cell.shared, Cell.written);
  }

  collapse(from: number, count: number): void {
    this.free(from, Math.min(from + count, this.length));
    this.#move(from + count, from);
    this.resize(Math.max(0, this.bytes - count * this.cellBytes));
  }

  insert(from: number, count: number): void {
    this.free(Math.max(from, this.#state.length - count), this.#state.length);
    this.resize(this.bytes + count * this.cellBytes);
    this.#move(from, from + count);
  }

  /** The cells from `from` on go to `to`; what they leave are holes. */
  #move(from: number, to: number): void {
    const cells = this.#state.length;
    const top = this.#top;
    const end = Math.min(cells, to + Math.max(0, top - from));
    const first = Math.min(from, to);
    const last = Math.max(top, end);
    if (first >= top) return;
    const [left, right] = to < from ? [end, top] : [from, Math.min(to, cells)];
    const inside = Math.min(last, this.#length);
    this.#bits.forEach((bits, state) => {
      const before = countBits(bits, first, inside);
      moveBits(bits, from, to, end - to);
      mark(bits, left, right, state === Cell.hole ? -1 : 0);
      if (state < STATES) this.#having[state]! += countBits(bits, first, inside) - before;
    });
    this.#state.copyWithin(to, from, top);
    this.#addr.copyWithin(to, from, top);
    this.#state.fill(Cell.hole, left, right);
    this.#addr.fill(SOMEWHERE, left, right);
    this.#top = end;
  }

  /** Two ranges of cells change places. */
  swap(from: number, other: Cells, at: number, count: number): void {
    const most = Math.min(count, Math.max(this.#top - from, other.#top - at));
    for (let i = 0; i < most; i++) {
      const state = this.state(from + i);
      const addr = this.addr(from + i);
      this.put(from + i, other.state(at + i), other.addr(at + i));
      other.put(at + i, state, addr);
    }
  }

  /** A range becomes a clone of another file's. */
  clone(from: number, target: Cells, at: number, count: number): void {
    target.free(at, at + count);
    const last = from + Math.min(count, this.#top - from);
    for (let cell = from; cell < last; ) {
      const own = this.#state[cell]!;
      const end = this.#after(own, cell, last);
      const state = own === Cell.unwritten ? Cell.unwritten : Cell.shared;
      if (own !== Cell.hole) {
        target.#set(at + cell - from, at + end - from, state, SOMEWHERE);
        this.#change(cell, end, own, state);
      }
      cell = end;
    }
  }

  /** A place near `offset` whose cells are all of a state (unless `whole`: the first one is); -1 where there is none. */
  // hot
  find(offset: Bytes, length: Bytes, state: number, whole: boolean): Bytes {
    const { cellBytes } = this;
    const cells = this.#length;
    if (!this.has(state)) return UNKNOWN;
    const first = Math.floor(offset / cellBytes);
    if (this.#fits(first, Math.ceil((offset + length) / cellBytes), state, whole)) return offset;
    const many = Math.max(1, Math.ceil(length / cellBytes));
    const start = first % cells;
    const found = this.#search(state, start, cells, many, whole);
    const place = found < 0 ? this.#search(state, 0, start, many, whole) : found;
    return place < 0 ? UNKNOWN : place * cellBytes;
  }

  /** `offset` if its cell is of a state, or a cell anywhere that is; -1 where there is none. */
  // hot
  findOne(offset: Bytes, state: number, random: Random): Bytes {
    if (!this.has(state)) return UNKNOWN;
    const bits = this.#bits[state]!;
    const cells = this.#length;
    let cell = Math.floor(offset / this.cellBytes);
    for (let tries = 0; tries < LOOKS; tries++) {
      if (cell < cells && ((bits[cell >>> 5]! >>> (cell & 31)) & 1) === 1)
        return tries === 0 ? offset : cell * this.cellBytes;
      cell = random.below(cells);
    }
    const ahead = this.#next(state, cell, cells);
    const from = ahead < cells ? ahead : this.#next(state, 0, cell);
    return (from + random.below(this.#after(state, from, cells) - from)) * this.cellBytes;
  }

  /** The first place in [from, to) where `many` cells fit, among the first runs; -1 where there is none. */
  #search(state: number, from: number, to: number, many: number, whole: boolean): number {
    let cell = this.#next(state, from, to);
    for (let tries = 0; tries < TRIES && cell < to; tries++) {
      if (this.#fits(cell, cell + many, state, whole)) return cell;
      // The rest of a run that is too short is shorter still.
      cell = this.#next(state, this.#after(state, cell, to), to);
    }
    return -1;
  }

  #fits(from: number, to: number, state: number, whole: boolean): boolean {
    if (to > this.#length) return false;
    return whole ? this.#whole(state, from, to) : this.#state[from] === state;
  }

  #whole(state: number, from: number, to: number): boolean {
    return this.#after(state, from, to) >= to;
  }

  /** The first cell of a state in [from, to), or `to`. */
  // hot
  #next(state: number, from: number, to: number): number {
    return nextBit(this.#bits[state]!, from, to);
  }

  /** The first cell in [from, to) that is of another state, or `to`. */
  // hot
  #after(state: number, from: number, to: number): number {
    return nextZero(this.#bits[state]!, from, to);
  }
}
