// Sets of pages of all files, such as those that page faults filled: where a policy refuses such a fault, later ones on the same page
// meet what it met.
import type { Bytes } from '../model/units.js';

const PAGE = 4096;
/** Pages that are remembered; of what comes later nothing is known. */
const MOST_PAGES = 4_000_000;

export class Pages {
  /** By file: numbers of pages. */
  readonly #ofFile = new Map<number, Set<number>>();
  #pages = 0;

  add(file: number, offset: Bytes, length: Bytes): void {
    const pages = this.#ofFile.get(file) ?? new Set<number>();
    this.#ofFile.set(file, pages);
    const before = pages.size;
    const to = Math.min(Math.ceil((offset + length) / PAGE), Math.floor(offset / PAGE) + MOST_PAGES - this.#pages);
    for (let page = Math.floor(offset / PAGE); page < to; page++) pages.add(page);
    this.#pages += pages.size - before;
  }

  /** Are any pages of the range in the set? */
  has(file: number, offset: Bytes, length: Bytes): boolean {
    const pages = this.#ofFile.get(file);
    if (pages === undefined) return false;
    const from = Math.floor(offset / PAGE);
    const to = Math.ceil((offset + length) / PAGE);
    if (to - from > pages.size) {
      for (const page of pages) if (page >= from && page < to) return true;
    } else for (let page = from; page < to; page++) if (pages.has(page)) return true;
    return false;
  }

  drop(file: number, offset: Bytes, length: Bytes): void {
    const pages = this.#ofFile.get(file);
    if (pages === undefined) return;
    const before = pages.size;
    const from = Math.floor(offset / PAGE);
    const to = Math.ceil((offset + length) / PAGE);
    if (to - from > before) {
      for (const page of [...pages]) if (page >= from && page < to) pages.delete(page);
    } else for (let page = from; page < to; page++) pages.delete(page);
    this.#pages -= before - pages.size;
  }
}
