// Pages that page faults filled, of all files: where a policy refuses such a fault, later ones on the same page meet what it met.
import type { Bytes } from '../model/units.js';

const PAGE = 4096;
/** Pages that are remembered; of what comes later nothing is known. */
const MOST_PAGES = 4_000_000;

export class FaultedPages {
  /** By file: numbers of pages. */
  readonly #ofFile = new Map<number, Set<number>>();
  #pages = 0;

  add(file: number, offset: Bytes): void {
    if (this.#pages === MOST_PAGES) return;
    const pages = this.#ofFile.get(file) ?? new Set<number>();
    this.#ofFile.set(file, pages);
    const before = pages.size;
    pages.add(Math.floor(offset / PAGE));
    this.#pages += pages.size - before;
  }

  has(file: number, offset: Bytes): boolean {
    return this.#ofFile.get(file)?.has(Math.floor(offset / PAGE)) === true;
  }

  /** Somebody else filled the range. */
  forget(file: number, offset: Bytes, length: Bytes): void {
    const pages = this.#ofFile.get(file);
    if (pages === undefined) return;
    const from = Math.floor(offset / PAGE);
    const to = Math.ceil((offset + length) / PAGE);
    if (to - from > pages.size) {
      for (const page of [...pages]) if (page >= from && page < to) this.#drop(pages, page);
    } else for (let page = from; page < to; page++) this.#drop(pages, page);
  }

  #drop(pages: Set<number>, page: number): void {
    if (pages.delete(page)) this.#pages--;
  }
}
