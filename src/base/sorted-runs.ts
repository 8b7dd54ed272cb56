// Sorted blocks of rows in a store, read as one sequence in the order of time; rows of one time in the order of the blocks.
import type { ByteStore } from './byte-store.js';
import { ColumnBlock } from './column-block.js';
import type { SomeRows } from './column-log.js';
import type { Arrays, Shape } from './columns.js';

export interface Timed extends Shape {
  readonly timeNs: Float64ArrayConstructor;
}

export const BLOCK_ROWS = 4096;
/** Room in a batch for rows that belong to its last one. */
const FEW_ROWS = 64;

export interface SortedBlock {
  readonly number: number;
  readonly firstNs: number;
  readonly place: number;
  readonly rows: number;
}

export class SortedRuns<S extends Timed> {
  readonly length: number;
  readonly #shape: S;
  readonly #store: ByteStore;
  readonly #blocks: readonly SortedBlock[];
  /** Of the last reader that is through. Memory that is thrown away stays for tens of megabytes until it is collected. */
  #spare: Batch<S> | null = null;
  #spareBlocks: ColumnBlock<S>[] = [];

  constructor(shape: S, store: ByteStore, blocks: readonly SortedBlock[], length: number) {
    this.#shape = shape;
    this.#store = store;
    this.#blocks = blocks;
    this.length = length;
  }

  /**
   * All rows in batches of `most`, the last of what there is; at least one, though it may be without rows. A row that `belongs` to the one before it comes in the same
   * batch, however long that gets. A batch is the reader's to change until it asks for the next. It tells places where they are
   * `placed`.
   */
  *batches(
    most: number,
    belongs: (at: Arrays<S>, row: number) => boolean = alone,
    placed = false,
  ): Iterable<SortedRows<S>> {
    const merge = new Merge(this.#shape, this.#store, this.#blocks, this.#spareBlocks);
    const spare = this.#spare;
    const room = Math.min(most, this.length);
    const fits = spare !== null && spare.block.capacity >= room && spare.isPlaced === placed;
    let out = fits ? spare : new Batch(this.#shape, room + FEW_ROWS, placed);
    this.#spare = null;
    this.#spareBlocks = [];
    out.rows = 0;
    for (let run = merge.next(); run !== null; run = merge.next())
      for (let left = merge.ahead(run); left > 0; ) {
        if (out.rows >= most && !belongs(run.rows.at, run.row)) {
          yield out;
          out.rows = 0;
        }
        if (out.rows === out.block.capacity) out = out.grown(this.#shape);
        const count = out.rows < most ? Math.min(left, most - out.rows) : 1;
        out.add(run, count);
        left -= count;
      }
    if (out.rows > 0 || this.length === 0) yield out;
    this.#spare = out;
    this.#spareBlocks = merge.free;
  }
}

const alone = (): boolean => false;

export interface SortedRows<S extends Shape> extends SomeRows<S> {
  /** By row: its block and where in it; empty where nobody asked for places. */
  readonly places: Uint32Array;
}

/** A batch that is being filled. */
class Batch<S extends Timed> implements SortedRows<S> {
  readonly at: Arrays<S>;
  readonly places: Uint32Array;
  readonly block: ColumnBlock<S>;
  readonly isPlaced: boolean;
  rows = 0;

  constructor(shape: S, capacity: number, isPlaced: boolean) {
    this.block = new ColumnBlock(shape, capacity);
    this.at = this.block.at;
    this.isPlaced = isPlaced;
    this.places = new Uint32Array(isPlaced ? capacity : 0);
  }

  /** The next rows of the run. */
  // hot
  add(run: Run<S>, count: number): void {
    this.block.copy(this.rows, run.rows, run.row, count);
    if (this.isPlaced) this.#place(run.block.number * BLOCK_ROWS + run.row, count);
    this.rows += count;
    run.row += count;
  }

  // hot
  #place(first: number, count: number): void {
    for (let i = 0; i < count; i++) this.places[this.rows + i] = first + i;
  }

  grown(shape: S): Batch<S> {
    const batch = new Batch(shape, 2 * this.block.capacity, this.isPlaced);
    batch.block.copy(0, this.block, 0, this.rows);
    batch.places.set(this.places);
    batch.rows = this.rows;
    return batch;
  }
}

/** A block on its way out, and the row at which it is. */
interface Run<S extends Timed> {
  readonly block: SortedBlock;
  readonly rows: ColumnBlock<S>;
  readonly times: Float64Array;
  row: number;
}

class Merge<S extends Timed> {
  readonly #shape: S;
  readonly #store: ByteStore;
  /** By their first time, the last one first. */
  readonly #waiting: SortedBlock[];
  readonly #runs: Run<S>[] = [];
  /** Of blocks that are through. */
  readonly free: ColumnBlock<S>[];
  #now: Run<S> | null = null;
  /** Up to here the present run is ahead of all others: a time, and at that time the number of a block. */
  #untilNs = 0;
  #untilNumber = 0;

  constructor(shape: S, store: ByteStore, blocks: readonly SortedBlock[], free: ColumnBlock<S>[]) {
    this.#shape = shape;
    this.#store = store;
    this.free = free;
    this.#waiting = [...blocks].sort((a, b) => b.firstNs - a.firstNs || b.number - a.number);
  }

  /** The run whose row is the next one; the caller moves it on by as many rows as it is ahead. */
  next(): Run<S> | null {
    const run = this.#now;
    if (run !== null && run.row === run.block.rows) {
      this.#runs.splice(this.#runs.indexOf(run), 1);
      this.free.push(run.rows);
    }
    return this.#choose();
  }

  /** So many rows of the run come before any row of another. */
  // hot
  ahead({ times, row, block }: Run<S>): number {
    const untilNs = this.#untilNs;
    const withIt = block.number < this.#untilNumber;
    let end = row;
    while (end < block.rows && (times[end]! < untilNs || (withIt && times[end]! === untilNs))) end++;
    return end - row;
  }

  #choose(): Run<S> | null {
    let best: Run<S> | null = null;
    for (const run of this.#runs) if (best === null || isBefore(run, timeOf(best), best.block.number)) best = run;
    for (let block = this.#waiting.at(-1); block !== undefined; block = this.#waiting.at(-1)) {
      if (best !== null && isBefore(best, block.firstNs, block.number)) break;
      this.#waiting.pop();
      best = this.#open(block);
    }
    this.#now = best;
    const waiting = this.#waiting.at(-1);
    this.#untilNs = waiting?.firstNs ?? Number.POSITIVE_INFINITY;
    this.#untilNumber = waiting?.number ?? Number.POSITIVE_INFINITY;
    for (const run of this.#runs)
      if (run !== best && isBefore(run, this.#untilNs, this.#untilNumber)) {
        this.#untilNs = timeOf(run);
        this.#untilNumber = run.block.number;
      }
    return best;
  }

  #open(block: SortedBlock): Run<S> {
    const rows = this.free.pop() ?? new ColumnBlock(this.#shape, BLOCK_ROWS);
    this.#store.get(block.place, rows.bytes);
    const run = { block, rows, times: rows.at.timeNs as Float64Array, row: 0 };
    this.#runs.push(run);
    return run;
  }
}

const timeOf = <S extends Timed>(run: Run<S>): number => run.times[run.row]!;

function isBefore<S extends Timed>(run: Run<S>, timeNs: number, number: number): boolean {
  const own = timeOf(run);
  return own < timeNs || (own === timeNs && run.block.number < number);
}
