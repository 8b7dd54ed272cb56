// The blocks of one modelled file: cells of equal size, each with a state and an address. What is freed goes back to the
// space all files share, so that a stale translation may meet another file's data.
import type { Random } from '../../base/random.js';
import { type Bytes, UNKNOWN } from '../../model/units.js';
import type { World } from '../parts/world.js';

export const Cell = { hole: 0, unwritten: 1, written: 2, shared: 3 } as const;
/** Blocks whose address the trace does not say: never handed out again. */
const SOMEWHERE = -2;
/** Freed runs that are remembered; what is forgotten is never used again. */
const MOST_FREE = 65_536;
/** Looks for a place that is asked for. */
const TRIES = 64;

export class Space {
  readonly #world: World;
  readonly #random: Random;
  readonly #reuse: number;
  readonly #addr = new Float64Array(MOST_FREE);
  readonly #bytes = new Float64Array(MOST_FREE);
  #free = 0;

  constructor(world: World, reuse: number) {
    this.#world = world;
    this.#random = world.fork();
    this.#reuse = reuse;
  }

  take(bytes: Bytes): Bytes {
    const last = this.#free - 1;
    const fits = last >= 0 && this.#bytes[last]! >= bytes && this.#random.chance(this.#reuse);
    if (!fits) return this.#world.space(bytes);
    const addr = this.#addr[last]!;
    this.#addr[last] = addr + bytes;
    this.#bytes[last]! -= bytes;
    if (this.#bytes[last] === 0) this.#free--;
    return addr;
  }

  give(addr: Bytes, bytes: Bytes): void {
    if (addr < 0) return;
    const last = this.#free - 1;
    if (last >= 0 && this.#addr[last]! + this.#bytes[last]! === addr) this.#bytes[last]! += bytes;
    else if (this.#free < MOST_FREE) {
      this.#addr[this.#free] = addr;
      this.#bytes[this.#free++] = bytes;
    }
  }
}

export class Cells {
  readonly cellBytes: Bytes;
  /** i_size. */
  bytes: Bytes = 0;
  readonly #space: Space;
  readonly #state: Uint8Array;
  readonly #addr: Float64Array;
  /** Cells within the size, by state. */
  readonly #having = new Uint32Array(4);
  #length = 0;

  constructor(space: Space, cells: number, cellBytes: Bytes) {
    this.#space = space;
    this.cellBytes = cellBytes;
    this.#state = new Uint8Array(cells);
    this.#addr = new Float64Array(cells).fill(SOMEWHERE);
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

  put(cell: number, state: number, addr: Bytes): void {
    if (cell < this.#length) {
      this.#having[this.#state[cell]!]!--;
      this.#having[state]!++;
    }
    this.#state[cell] = state;
    this.#addr[cell] = addr;
  }

  resize(bytes: Bytes): void {
    const before = this.length;
    this.bytes = Math.min(bytes, this.mostBytes);
    const after = Math.min(this.#state.length, Math.ceil(this.bytes / this.cellBytes));
    this.#length = after;
    for (let cell = before; cell < after; cell++) this.#having[this.#state[cell]!]!++;
    for (let cell = after; cell < before; cell++) this.#having[this.#state[cell]!]!--;
  }

  /** Gives the blocks of whole cells back. */
  free(from: number, to: number): void {
    for (let cell = from; cell < to; cell++) {
      if (this.#state[cell] === Cell.hole) continue;
      if (this.#state[cell] !== Cell.shared) this.#space.give(this.#addr[cell]!, this.cellBytes);
      this.put(cell, Cell.hole, SOMEWHERE);
    }
  }

  cut(bytes: Bytes): void {
    this.free(Math.ceil(bytes / this.cellBytes), this.#state.length);
    this.resize(bytes);
  }

  /** Holes of a range get blocks, the others the state; returns the address of `offset` in the new run, -1 where nothing was a hole. */
  fill(offset: Bytes, length: Bytes, state: number): Bytes {
    const { cellBytes } = this;
    const from = Math.floor(offset / cellBytes);
    const to = Math.min(this.#state.length, Math.ceil((offset + length) / cellBytes));
    let base = UNKNOWN;
    for (let cell = from; cell < to && base < 0; cell++)
      if (this.#state[cell] === Cell.hole) base = this.#space.take((to - from) * cellBytes);
    for (let cell = from; cell < to; cell++)
      if (base >= 0 || this.#state[cell] !== state)
        this.#fillCell(cell, state, base < 0 ? -1 : base + (cell - from) * cellBytes);
    return base < 0 ? UNKNOWN : base + offset - from * cellBytes;
  }

  // hot
  #fillCell(cell: number, state: number, addr: Bytes): void {
    const had = this.#state[cell]!;
    if (had === Cell.hole) this.put(cell, state, addr);
    else {
      if (addr >= 0) this.#space.give(addr, this.cellBytes);
      if (state === Cell.written && had === Cell.unwritten) this.put(cell, state, this.#addr[cell]!);
      else if (state === Cell.written && had === Cell.shared) this.put(cell, state, SOMEWHERE);
    }
  }

  /** The whole range counts as written but never written to. */
  zero(offset: Bytes, length: Bytes): void {
    const to = Math.min(this.length, Math.floor((offset + length) / this.cellBytes));
    for (let cell = Math.ceil(offset / this.cellBytes); cell < to; cell++) {
      const own = this.#state[cell] === Cell.unwritten || this.#state[cell] === Cell.written;
      this.put(cell, Cell.unwritten, own ? this.#addr[cell]! : SOMEWHERE);
    }
  }

  punch(offset: Bytes, length: Bytes): void {
    const to = Math.floor((offset + length) / this.cellBytes);
    this.free(Math.ceil(offset / this.cellBytes), Math.min(to, this.#state.length));
  }

  /** Copies on write: no cell of the range is shared any more. */
  unshare(from: number, to: number): void {
    for (let cell = from; cell < Math.min(to, this.length); cell++)
      if (this.#state[cell] === Cell.shared) this.put(cell, Cell.written, SOMEWHERE);
  }

  collapse(from: number, count: number): void {
    this.free(from, Math.min(from + count, this.length));
    for (let cell = from; cell < this.#state.length; cell++) this.#copy(cell, cell + count);
    this.resize(Math.max(0, this.bytes - count * this.cellBytes));
  }

  insert(from: number, count: number): void {
    this.free(Math.max(from, this.#state.length - count), this.#state.length);
    this.resize(this.bytes + count * this.cellBytes);
    for (let cell = this.#state.length - 1; cell >= from; cell--)
      this.#copy(cell, cell - from < count ? -1 : cell - count);
  }

  #copy(to: number, from: number): void {
    const inside = from >= 0 && from < this.#state.length;
    this.put(to, inside ? this.#state[from]! : Cell.hole, inside ? this.#addr[from]! : SOMEWHERE);
  }

  /** Two ranges of cells change places. */
  swap(from: number, other: Cells, at: number, count: number): void {
    for (let i = 0; i < count; i++) {
      const state = this.state(from + i);
      const addr = this.addr(from + i);
      this.put(from + i, other.state(at + i), other.addr(at + i));
      other.put(at + i, state, addr);
    }
  }

  /** A range becomes a clone of another file's. */
  clone(from: number, target: Cells, at: number, count: number): void {
    target.free(at, at + count);
    for (let i = 0; i < count; i++) {
      if (this.state(from + i) === Cell.hole) continue;
      const state = this.state(from + i) === Cell.unwritten ? Cell.unwritten : Cell.shared;
      target.put(at + i, state, SOMEWHERE);
      this.put(from + i, state, SOMEWHERE);
    }
  }

  /** A place near `offset` whose cells are all of a state (for a hole: one of them is); -1 where there is none. */
  find(offset: Bytes, length: Bytes, state: number): Bytes {
    const { cellBytes, length: cells } = this;
    if (this.#having[state] === 0) return UNKNOWN;
    const many = Math.max(1, Math.ceil(length / cellBytes));
    if (this.#fits(Math.floor(offset / cellBytes), Math.ceil((offset + length) / cellBytes), state)) return offset;
    const start = Math.floor(offset / cellBytes);
    for (let i = 0, tries = 0; i < cells && tries < TRIES; i++) {
      const cell = (start + i) % cells;
      if (this.#state[cell] !== state) continue;
      tries++;
      if (this.#fits(cell, cell + many, state)) return cell * cellBytes;
    }
    return UNKNOWN;
  }

  #fits(from: number, to: number, state: number): boolean {
    if (to > this.length) return false;
    if (state === Cell.hole) return this.#state[from] === state;
    for (let cell = from; cell < to; cell++) if (this.#state[cell] !== state) return false;
    return true;
  }
}
