// A number for each of 0, 1, 2, ...: as an array, but what was not used for a while lies in a store. At first all are 0.
import type { ByteStore } from './byte-store.js';

const BITS = 14;
const SIZE = 2 ** BITS;
/** As many pages are kept in memory. */
const MOST = 64;

interface Page {
  number: number;
  values: Uint32Array;
  used: number;
}

export class PagedNumbers {
  readonly #store: ByteStore;
  readonly #pages: Page[] = [];
  /** By page: where it lies in the store. */
  readonly #places = new Map<number, number>();
  #page: Page | null = null;
  #turns = 0;

  constructor(store: ByteStore) {
    this.#store = store;
  }

  // hot
  get(at: number): number {
    return this.#at(at >>> BITS)[at & (SIZE - 1)]!;
  }

  // hot
  set(at: number, value: number): void {
    this.#at(at >>> BITS)[at & (SIZE - 1)] = value;
  }

  #at(number: number): Uint32Array {
    const page = this.#page;
    if (page !== null && page.number === number) return page.values;
    return this.#turn(number).values;
  }

  #turn(number: number): Page {
    const page = this.#pages.find((one) => one.number === number) ?? this.#load(number);
    page.used = ++this.#turns;
    this.#page = page;
    return page;
  }

  #load(number: number): Page {
    const page = this.#room();
    const place = this.#places.get(number);
    page.number = number;
    if (place === undefined) page.values.fill(0);
    else this.#store.get(place, bytesOf(page.values));
    return page;
  }

  /** A new page, or the one that was not used for longest, put away. */
  #room(): Page {
    if (this.#pages.length < MOST) {
      const page = { number: -1, values: new Uint32Array(SIZE), used: 0 };
      this.#pages.push(page);
      return page;
    }
    const page = this.#pages.reduce((oldest, one) => (one.used < oldest.used ? one : oldest));
    const place = this.#places.get(page.number);
    if (place === undefined) this.#places.set(page.number, this.#store.put(bytesOf(page.values)));
    else this.#store.replace(place, bytesOf(page.values));
    return page;
  }
}

const bytesOf = (values: Uint32Array): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
