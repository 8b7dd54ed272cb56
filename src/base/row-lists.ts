// A few rows for each of very many numbers, in a store. They are written whole, and over what was there where that has room for them.
import type { ByteStore } from './byte-store.js';
import type { Arrays, Shape } from './columns.js';
import { PagedColumns } from './paged-columns.js';
import { SparseNumbers } from './sparse-numbers.js';

export class RowLists<S extends Shape> {
  readonly #rows: PagedColumns<S>;
  readonly #firsts = new SparseNumbers();
  readonly #lengths = new SparseNumbers();

  constructor(shape: S, store: ByteStore) {
    this.#rows = new PagedColumns(shape, store);
  }

  /** Rows of this number; -1 where none were ever written. */
  length(key: number): number {
    return this.#lengths.get(key) ?? -1;
  }

  /** `write` is called for each row, with the columns and the row's place in them. */
  write(key: number, length: number, write: (at: Arrays<S>, place: number, i: number) => void): void {
    if (this.length(key) < length) {
      this.#firsts.set(key, this.#rows.length);
      for (let i = 0; i < length; i++) this.#rows.add();
    }
    this.#lengths.set(key, length);
    const first = this.#firsts.get(key)!;
    for (let i = 0; i < length; i++) write(this.#rows.change(first + i), (first + i) & PagedColumns.MASK, i);
  }

  read(key: number, read: (at: Arrays<S>, place: number, i: number) => void): void {
    const first = this.#firsts.get(key)!;
    const length = this.length(key);
    for (let i = 0; i < length; i++) read(this.#rows.of(first + i), (first + i) & PagedColumns.MASK, i);
  }
}
