// Accesses under way, the one that ends first at hand; of those that end at one time, the one that began first.

/** When it ends, and where it stands among those that began. */
export interface Ending {
  readonly toNs: number;
  readonly number: number;
}

/** A binary heap. */
export class Ends<T extends Ending> {
  readonly #heap: T[] = [];

  get first(): T | undefined {
    return this.#heap[0];
  }

  // hot
  add(one: T): void {
    const heap = this.#heap;
    let at = heap.push(one) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!isBefore(one, heap[above]!)) break;
      heap[at] = heap[above]!;
      at = above;
    }
    heap[at] = one;
  }

  /** The first one goes. */
  // hot
  drop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    const count = heap.length;
    if (last === undefined || count === 0) return;
    let at = 0;
    for (let below = 1; below < count; below = 2 * at + 1) {
      if (below + 1 < count && isBefore(heap[below + 1]!, heap[below]!)) below++;
      if (!isBefore(heap[below]!, last)) break;
      heap[at] = heap[below]!;
      at = below;
    }
    heap[at] = last;
  }
}

const isBefore = (a: Ending, b: Ending): boolean => a.toNs < b.toNs || (a.toNs === b.toNs && a.number < b.number);
