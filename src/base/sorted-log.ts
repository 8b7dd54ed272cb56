// Rows that come nearly in the order of time, or in several such runs, and are read in the order of time; rows of one time in
// the order in which they were added. Blocks are sorted and go to a store; blocks that overlap are merged (sorted-runs.ts).
// All blocks that overlap are in memory at once: rows that come much too late go into blocks of their own, so that one of them
// does not make every block begin where the oldest request did.
import type { ByteStore } from './byte-store.js';
import { ColumnBlock } from './column-block.js';
import type { Seen } from './column-log.js';
import { type Arrays, stableOrder } from './columns.js';
import { BLOCK_ROWS, type SortedBlock, type SortedRows, SortedRuns, type Timed } from './sorted-runs.js';

/** A row is late when it is older than everything up to so many blocks ago. */
const NEAR_BLOCKS = 8;

/** Hears where rows went: row `i` of them stands at `place + i` and was added as number `numbers[i]`, from 0. */
export type Settled = (place: number, rows: number, numbers: Uint32Array) => void;

export class SortedLog<S extends Timed> {
  /** The block that is being filled. */
  readonly at: Arrays<S>;
  length = 0;
  readonly #shape: S;
  readonly #store: ByteStore;
  readonly #fresh: Filling<S>;
  #late: Filling<S> | null = null;
  readonly #blocks: SortedBlock[] = [];
  #runs: SortedRuns<S> | null = null;
  readonly #settled: Settled;
  readonly #seen: Seen<S>;
  /** The latest time in all blocks up to each of the last ones. */
  readonly #reached = new Float64Array(NEAR_BLOCKS).fill(Number.NEGATIVE_INFINITY);
  #puts = 0;
  #rows = 0;

  constructor(shape: S, store: ByteStore, settled: Settled = () => {}, seen: Seen<S> = () => {}) {
    this.#shape = shape;
    this.#store = store;
    this.#fresh = new Filling(shape);
    this.at = this.#fresh.block.at;
    this.#settled = settled;
    this.#seen = seen;
  }

  /** Number of a new row within the block; it holds whatever was there. */
  add(): number {
    if (this.#rows === BLOCK_ROWS) this.#put();
    this.length++;
    return this.#rows++;
  }

  /** No rows are added any more. */
  end(): void {
    if (this.#rows > 0) this.#put();
    this.#putLate();
  }

  /** All rows that were added, which are read as often as one likes. What the log itself needs for new rows can go. */
  sorted(): SortedRuns<S> {
    this.end();
    if (this.#runs?.length !== this.length)
      this.#runs = new SortedRuns(this.#shape, this.#store, this.#blocks, this.length);
    return this.#runs;
  }

  /** Of all rows, as `SortedRuns` gives them. */
  batches(most: number, belongs: (at: Arrays<S>, row: number) => boolean, placed = false): Iterable<SortedRows<S>> {
    return this.sorted().batches(most, belongs, placed);
  }

  #put(): void {
    const fresh = this.#fresh;
    fresh.rows = this.#rows;
    fresh.number(this.length - this.#rows);
    const sorted = fresh.sorted();
    const slot = this.#puts++ % NEAR_BLOCKS;
    const late = sorted.before(this.#reached[slot]!);
    if (late === sorted.rows) this.#startRun();
    else if (late > 0) this.#setApart(sorted, late);
    this.#reached[slot] = Math.max(sorted.lastNs, this.#reached[(slot + NEAR_BLOCKS - 1) % NEAR_BLOCKS]!);
    this.#keep(sorted);
    this.#rows = 0;
  }

  /** All that comes is older than what was there. Late rows of the run before were added before this one. */
  #startRun(): void {
    this.#putLate();
    this.#reached.fill(Number.NEGATIVE_INFINITY);
  }

  /** The first rows are late. */
  #setApart(sorted: Filling<S>, count: number): void {
    this.#late ??= new Filling(this.#shape);
    for (let done = 0; done < count; ) {
      done += this.#late.take(sorted, done, count);
      if (this.#late.rows === BLOCK_ROWS) this.#putLate();
    }
    sorted.drop(count);
  }

  #putLate(): void {
    const late = this.#late;
    if (late === null || late.rows === 0) return;
    this.#keep(late.sorted());
    late.rows = 0;
  }

  #keep({ block, rows, firstNs, numbers }: Filling<S>): void {
    this.#seen(rows, block.at);
    const number = this.#blocks.length;
    this.#settled(number * BLOCK_ROWS, rows, numbers);
    this.#blocks.push({ number, firstNs, place: this.#store.put(block.bytes), rows });
  }
}

/** A block that is being filled, and as which numbers its rows were added. */
class Filling<S extends Timed> {
  readonly block: ColumnBlock<S>;
  readonly numbers = new Uint32Array(BLOCK_ROWS);
  rows = 0;
  readonly #shape: S;
  readonly #times: Float64Array;
  /** For rows that have to be put in order. */
  #spare: Filling<S> | null = null;

  constructor(shape: S) {
    this.#shape = shape;
    this.block = new ColumnBlock(shape, BLOCK_ROWS);
    this.#times = this.block.at.timeNs as Float64Array;
  }

  /** Of rows in order. */
  get firstNs(): number {
    return this.#times[0]!;
  }

  get lastNs(): number {
    return this.#times[this.rows - 1]!;
  }

  /** They were added one after the other, from number `first` on. */
  // hot
  number(first: number): void {
    for (let row = 0; row < this.rows; row++) this.numbers[row] = first + row;
  }

  /** The same rows in the order of time; valid until rows are added. */
  sorted(): Filling<S> {
    const order = stableOrder(this.#times, this.rows);
    if (order === null) return this;
    this.#spare ??= new Filling(this.#shape);
    const spare = this.#spare;
    spare.block.gather(this.block, order);
    for (let row = 0; row < order.length; row++) spare.numbers[row] = this.numbers[order[row]!]!;
    spare.rows = this.rows;
    return spare;
  }

  /** Of rows in order: how many are older. */
  // hot
  before(timeNs: number): number {
    let row = 0;
    while (row < this.rows && this.#times[row]! < timeNs) row++;
    return row;
  }

  /** Rows `from` to `end` of another one, as many as there is room for; returns how many. */
  take(other: Filling<S>, from: number, end: number): number {
    const count = Math.min(end - from, BLOCK_ROWS - this.rows);
    this.block.copy(this.rows, other.block, from, count);
    this.numbers.set(other.numbers.subarray(from, from + count), this.rows);
    this.rows += count;
    return count;
  }

  /** The first rows go. */
  drop(count: number): void {
    this.block.copy(0, this.block, count, this.rows - count);
    this.numbers.copyWithin(0, count, this.rows);
    this.rows -= count;
  }
}
