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

export class ColumnLog<S extends Shape> {
  /** The block that is being filled. */
  readonly at: Arrays<S>;
  readonly #shape: S;
  readonly #store: ByteStore;
  readonly #block: ColumnBlock<S>;
  readonly #places: number[] = [];
  readonly #seen: Seen<S>;
  #rows = 0;

  constructor(shape: S, store: ByteStore, blockRows: number, seen: Seen<S> = () => {}) {
    this.#shape = shape;
    this.#store = store;
    this.#seen = seen;
    this.#block = new ColumnBlock(shape, blockRows);
    this.at = this.#block.at;
  }

  get length(): number {
    return this.#places.length * this.#block.capacity + this.#rows;
  }

  /** Number of a new row within the block; it holds whatever was there. */
  add(): number {
    if (this.#rows === this.#block.capacity) {
      this.#seen(this.#rows, this.at);
      this.#places.push(this.#store.put(this.#block.bytes));
      this.#rows = 0;
    }
    return this.#rows++;
  }

  /** No rows are added any more: the last ones are shown to `seen`, as the others were. */
  end(): void {
    this.#seen(this.#rows, this.at);
  }

  /** At least one block, though it may be without rows. */
  *blocks(): Iterable<SomeRows<S>> {
    if (this.#places.length > 0) {
      const { capacity } = this.#block;
      const { at, bytes } = new ColumnBlock(this.#shape, capacity);
      for (const place of this.#places) {
        this.#store.get(place, bytes);
        yield { rows: capacity, at };
      }
    }
    if (this.#rows > 0 || this.#places.length === 0) yield { rows: this.#rows, at: this.at };
  }
}
