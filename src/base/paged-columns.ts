// Rows of typed columns that are looked at in any order, mostly near each other: those that were not used for a while lie in
// a store. New rows come at the end.
import type { ByteStore } from './byte-store.js';
import { ColumnBlock } from './column-block.js';
import type { Arrays, Shape } from './columns.js';

const BITS = 10;
const ROWS = 2 ** BITS;
/** As many pages are kept in memory. */
const MOST = 4;

interface Page<S extends Shape> {
  number: number;
  readonly block: ColumnBlock<S>;
  isChanged: boolean;
  used: number;
}

export class PagedColumns<S extends Shape> {
  /** Rows of a page, less one. */
  static readonly MASK = ROWS - 1;
  length = 0;
  readonly #shape: S;
  readonly #store: ByteStore;
  readonly #most: number;
  readonly #pages: Page<S>[] = [];
  /** By page: where it lies in the store, once it was put there. */
  readonly #places: number[] = [];
  #page: Page<S> | null = null;
  #turns = 0;

  constructor(shape: S, store: ByteStore, most = MOST) {
    this.#shape = shape;
    this.#store = store;
    this.#most = most;
  }

  /** Number of a new row, all zeros. */
  add(): number {
    return this.length++;
  }

  /** Columns of the page that `row` is on, where it is row `row & MASK`; to be read until another page is asked for. */
  // hot
  of(row: number): Arrays<S> {
    return this.#at(row >>> BITS).block.at;
  }

  /** The same, to be written to. */
  // hot
  change(row: number): Arrays<S> {
    const page = this.#at(row >>> BITS);
    page.isChanged = true;
    return page.block.at;
  }

  #at(number: number): Page<S> {
    const page = this.#page;
    if (page !== null && page.number === number) return page;
    return this.#turn(number);
  }

  #turn(number: number): Page<S> {
    const page = this.#pages.find((one) => one.number === number) ?? this.#load(number);
    page.used = ++this.#turns;
    this.#page = page;
    return page;
  }

  #load(number: number): Page<S> {
    const page = this.#room();
    const place = this.#places[number];
    page.number = number;
    page.isChanged = false;
    if (place === undefined) page.block.bytes.fill(0);
    else this.#store.get(place, page.block.bytes);
    return page;
  }

  /** A new page, or the one that was not used for longest, put away. */
  #room(): Page<S> {
    if (this.#pages.length < this.#most) {
      const page = { number: -1, block: new ColumnBlock(this.#shape, ROWS), isChanged: false, used: 0 };
      this.#pages.push(page);
      return page;
    }
    const page = this.#pages.reduce((oldest, one) => (one.used < oldest.used ? one : oldest));
    if (page.isChanged) {
      const place = this.#places[page.number];
      if (place === undefined) this.#places[page.number] = this.#store.put(page.block.bytes);
      else this.#store.replace(place, page.block.bytes);
    }
    return page;
  }
}
