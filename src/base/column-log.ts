// Rows in the order in which they were added, as many as there may be: full blocks of them go to a store.
import type { ByteStore } from './byte-store.js';
import { ColumnBlock } from './column-block.js';
import type { Arrays, Shape } from './columns.js';

/** Rows at hand, valid until the next are asked for. */
export interface SomeRows<S extends Shape> {
  readonly rows: number;
  readonly at: Arrays<S>;
}

/** Is shown all rows, block by block, before they go to the store. */
export type Seen<S extends Shape> = (rows: number, at: Arrays<S>) => void;

/** The first block begins with room for so many rows and grows: a short trace asks for little memory. */
const FIRST_ROWS = 512;
const GROWTH = 8;

export class ColumnLog<S extends Shape> {
  /** The block that is being filled; `add` may change it. */
  at: Arrays<S>;
  readonly #shape: S;
  readonly #store: ByteStore;
  readonly #blockRows: number;
  #block: ColumnBlock<S>;
  readonly #places: number[] = [];
  readonly #seen: Seen<S>;
  #rows = 0;

  constructor(shape: S, store: ByteStore, blockRows: number, seen: Seen<S> = () => {}) {
    this.#shape = shape;
    this.#store = store;
    this.#seen = seen;
    this.#blockRows = blockRows;
    this.#block = new ColumnBlock(shape, Math.min(FIRST_ROWS, blockRows));
    this.at = this.#block.at;
  }

  get length(): number {
    return this.#places.length * this.#blockRows + this.#rows;
  }

  /** Number of a new row within the block; it holds whatever was there. */
  add(): number {
    if (this.#rows === this.#block.capacity) this.#makeRoom();
    return this.#rows++;
  }

  #makeRoom(): void {
    if (this.#rows < this.#blockRows) {
      const grown = new ColumnBlock(this.#shape, Math.min(this.#rows * GROWTH, this.#blockRows));
      grown.copy(0, this.#block, 0, this.#rows);
      this.#block = grown;
      this.at = grown.at;
      return;
    }
    this.#seen(this.#rows, this.at);
    this.#places.push(this.#store.put(this.#block.bytes));
    this.#rows = 0;
  }

  /** No rows are added any more: the last ones are shown to `seen`, as the others were. */
  end(): void {
    this.#seen(this.#rows, this.at);
  }

  /** At least one block, though it may be without rows. */
  *blocks(): Iterable<SomeRows<S>> {
    if (this.#places.length > 0) {
      const { at, bytes } = new ColumnBlock(this.#shape, this.#blockRows);
      for (const place of this.#places) {
        this.#store.get(place, bytes);
        yield { rows: this.#blockRows, at };
      }
    }
    if (this.#rows > 0 || this.#places.length === 0) yield { rows: this.#rows, at: this.at };
  }
}
