// Numbers by a number, of which many have none: pages of eight bytes each, where a map takes several times that.
const BITS = 10;
const SIZE = 2 ** BITS;

/** Keys from 0 on; values that are not NaN. */
export class SparseNumbers {
  readonly #pages: (Float64Array | undefined)[] = [];

  has(key: number): boolean {
    return this.get(key) !== undefined;
  }

  get(key: number): number | undefined {
    const page = this.#pages[key >>> BITS];
    if (page === undefined) return undefined;
    const value = page[key & (SIZE - 1)]!;
    return Number.isNaN(value) ? undefined : value;
  }

  set(key: number, value: number): void {
    const number = key >>> BITS;
    // A list with gaps would become a map itself.
    while (this.#pages.length <= number) this.#pages.push(undefined);
    this.#pages[number] ??= new Float64Array(SIZE).fill(Number.NaN);
    this.#pages[number]![key & (SIZE - 1)] = value;
  }

  delete(key: number): void {
    const page = this.#pages[key >>> BITS];
    if (page !== undefined) page[key & (SIZE - 1)] = Number.NaN;
  }

  /** By rising keys. What is changed meanwhile is as it then is. */
  *[Symbol.iterator](): Iterator<[key: number, value: number]> {
    for (let number = 0; number < this.#pages.length; number++) {
      const page = this.#pages[number];
      for (let i = 0; i < (page?.length ?? 0); i++) {
        const value = page![i]!;
        if (!Number.isNaN(value)) yield [number * SIZE + i, value];
      }
    }
  }
}
