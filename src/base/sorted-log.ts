// Rows that come nearly in the order of time, or in several such runs, and are read in the order of time; rows of one time in
// the order in which they were added. Blocks are sorted and go to a store in pages; blocks that overlap are merged page by page.
import type { ByteStore } from './byte-store.js';
import { ColumnBlock } from './column-block.js';
import type { Seen, SomeRows } from './column-log.js';
import { type Arrays, type Shape, stableOrder } from './columns.js';

interface Timed extends Shape {
  readonly timeNs: Float64ArrayConstructor;
}

const BLOCK_ROWS = 16_384;
/** A block that is being merged keeps one page of it in memory. */
const PAGE_ROWS = 1024;

interface Page {
  readonly place: number;
  readonly rows: number;
}

interface SortedBlock {
  readonly number: number;
  readonly firstNs: number;
  readonly pages: readonly Page[];
}

export class SortedLog<S extends Timed> {
  /** The block that is being filled. */
  readonly at: Arrays<S>;
  length = 0;
  readonly #shape: S;
  readonly #store: ByteStore;
  readonly #block: ColumnBlock<S>;
  readonly #blocks: SortedBlock[] = [];
  readonly #reordered: (first: number, order: Uint32Array) => void;
  readonly #seen: Seen<S>;
  #rows = 0;

  /** `reordered` hears of rows that change places: row `first + i` is what row `first + order[i]` was. */
  constructor(
    shape: S,
    store: ByteStore,
    reordered: (first: number, order: Uint32Array) => void = () => {},
    seen: Seen<S> = () => {},
  ) {
    this.#shape = shape;
    this.#store = store;
    this.#block = new ColumnBlock(shape, BLOCK_ROWS);
    this.at = this.#block.at;
    this.#reordered = reordered;
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
  }

  /** All rows that were added, which are read as often as one likes. What the log itself needs for new rows can go. */
  sorted(): SortedRuns<S> {
    this.end();
    return new SortedRuns(this.#shape, this.#store, this.#blocks, this.length);
  }

  /** Of all rows, as `SortedRuns` gives them. */
  batches(most: number, belongs: (at: Arrays<S>, row: number) => boolean): Iterable<SortedRows<S>> {
    return this.sorted().batches(most, belongs);
  }

  #put(): void {
    const rows = this.#rows;
    const { at } = this.#block;
    this.#seen(rows, at);
    const number = this.#blocks.length;
    const times = at.timeNs as Float64Array;
    const order = stableOrder(times, rows);
    const page = new ColumnBlock(this.#shape, PAGE_ROWS);
    const pages: Page[] = [];
    for (let from = 0; from < rows; from += PAGE_ROWS) {
      const count = Math.min(PAGE_ROWS, rows - from);
      for (let i = 0; i < count; i++) page.take(i, this.#block, order === null ? from + i : order[from + i]!);
      pages.push({ place: this.#store.put(page.bytes), rows: count });
    }
    if (order !== null) this.#reordered(number * BLOCK_ROWS, order);
    this.#blocks.push({ number, firstNs: times[order?.[0] ?? 0]!, pages });
    this.#rows = 0;
  }
}

export class SortedRuns<S extends Timed> {
  readonly length: number;
  readonly #shape: S;
  readonly #store: ByteStore;
  readonly #blocks: readonly SortedBlock[];

  constructor(shape: S, store: ByteStore, blocks: readonly SortedBlock[], length: number) {
    this.#shape = shape;
    this.#store = store;
    this.#blocks = blocks;
    this.length = length;
  }

  /**
   * All rows in batches of `most`, the last of what there is; at least one, though it may be without rows. A row that `belongs` to the one before it comes in the same
   * batch, however long that gets. A batch is the reader's to change until it asks for the next.
   */
  *batches(most: number, belongs: (at: Arrays<S>, row: number) => boolean = alone): Iterable<SortedRows<S>> {
    const merge = new Merge(this.#shape, this.#store, this.#blocks);
    let out = new Batch(this.#shape, most);
    for (let run = merge.next(); run !== null; run = merge.next()) {
      if (out.rows >= most && !belongs(run.page.at, run.row)) {
        yield out;
        out.rows = 0;
      }
      if (out.rows === out.block.capacity) out = out.grown(this.#shape);
      out.add(run);
      run.row++;
    }
    if (out.rows > 0 || this.length === 0) yield out;
  }
}

const alone = (): boolean => false;

export interface SortedRows<S extends Shape> extends SomeRows<S> {
  /** By row: its number within the log. */
  readonly places: Uint32Array;
}

/** A batch that is being filled. */
class Batch<S extends Timed> implements SortedRows<S> {
  readonly at: Arrays<S>;
  readonly places: Uint32Array;
  readonly block: ColumnBlock<S>;
  rows = 0;

  constructor(shape: S, capacity: number) {
    this.block = new ColumnBlock(shape, capacity);
    this.at = this.block.at;
    this.places = new Uint32Array(capacity);
  }

  // hot
  add(run: Run<S>): void {
    const row = this.rows++;
    this.block.take(row, run.page, run.row);
    this.places[row] = run.first + run.row;
  }

  grown(shape: S): Batch<S> {
    const batch = new Batch(shape, 2 * this.block.capacity);
    for (let row = 0; row < this.rows; row++) batch.block.take(row, this.block, row);
    batch.places.set(this.places);
    batch.rows = this.rows;
    return batch;
  }
}

/** A block on its way out: one page of it, and the row at which it is. */
interface Run<S extends Timed> {
  readonly block: SortedBlock;
  readonly page: ColumnBlock<S>;
  readonly times: Float64Array;
  nextPage: number;
  /** Number within the log of the page's first row. */
  first: number;
  rows: number;
  row: number;
}

class Merge<S extends Timed> {
  readonly #shape: S;
  readonly #store: ByteStore;
  /** By their first time, the last one first. */
  readonly #waiting: SortedBlock[];
  readonly #runs: Run<S>[] = [];
  /** Pages of blocks that are through. */
  readonly #free: ColumnBlock<S>[] = [];
  #now: Run<S> | null = null;
  /** Up to here the present run is ahead of all others: a time, and at that time the number of a block. */
  #untilNs = 0;
  #untilNumber = 0;

  constructor(shape: S, store: ByteStore, blocks: readonly SortedBlock[]) {
    this.#shape = shape;
    this.#store = store;
    this.#waiting = [...blocks].sort((a, b) => b.firstNs - a.firstNs || b.number - a.number);
  }

  /** The run whose row is the next one; the caller moves it on. */
  // hot
  next(): Run<S> | null {
    const run = this.#now;
    if (run !== null) {
      if (run.row < run.rows || this.#turn(run)) {
        const timeNs = run.times[run.row]!;
        if (timeNs < this.#untilNs || (timeNs === this.#untilNs && run.block.number < this.#untilNumber)) return run;
      } else {
        this.#runs.splice(this.#runs.indexOf(run), 1);
        this.#free.push(run.page);
      }
    }
    return this.#choose();
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
    const page = this.#free.pop() ?? new ColumnBlock(this.#shape, PAGE_ROWS);
    const times = page.at.timeNs as Float64Array;
    const run = { block, page, times, nextPage: 0, first: 0, rows: 0, row: 0 };
    this.#turn(run);
    this.#runs.push(run);
    return run;
  }

  /** Turns to the block's next page; false behind its last. */
  #turn(run: Run<S>): boolean {
    const page = run.block.pages[run.nextPage];
    if (page === undefined) return false;
    this.#store.get(page.place, run.page.bytes);
    run.first = run.block.number * BLOCK_ROWS + run.nextPage * PAGE_ROWS;
    run.rows = page.rows;
    run.row = 0;
    run.nextPage++;
    return true;
  }
}

const timeOf = <S extends Timed>(run: Run<S>): number => run.times[run.row]!;

function isBefore<S extends Timed>(run: Run<S>, timeNs: number, number: number): boolean {
  const own = timeOf(run);
  return own < timeNs || (own === timeNs && run.block.number < number);
}
