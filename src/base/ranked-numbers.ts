// Any number of numbers, of which some are wanted by their rank once all are there: so many are kept in memory, the others go to
// a store as runs in their order, which are read piece by piece.
import type { ByteStore } from './byte-store.js';

/** Numbers of a run, and of a piece of it. */
const RUN = 65_536;
const PIECE = 2048;
const FIRST_ROOM = 16;

export class RankedNumbers {
  readonly #store: ByteStore;
  #room = new Float64Array(FIRST_ROOM);
  #length = 0;
  /** Places of the pieces of each run. */
  readonly #runs: (readonly number[])[] = [];

  constructor(store: ByteStore) {
    this.#store = store;
  }

  get count(): number {
    return this.#runs.length * RUN + this.#length;
  }

  // hot
  add(value: number): void {
    if (this.#length === this.#room.length) this.#makeRoom();
    this.#room[this.#length++] = value;
  }

  /** The values at these ranks, from 0, which do not fall. */
  at(ranks: Float64Array): Float64Array {
    const rest = this.#room.subarray(0, this.#length).sort();
    if (this.#runs.length === 0) return ranks.map((rank) => rest[rank]!);
    const found = new Float64Array(ranks.length);
    const readers = this.#runs.map((pieces) => new Reader(this.#store, pieces));
    const heap = new Heap(rest.length === 0 ? readers : [...readers, new Reader(this.#store, [], rest)]);
    let done = 0;
    for (let rank = 0; done < ranks.length; rank++) {
      const value = heap.next();
      while (ranks[done] === rank) found[done++] = value;
    }
    return found;
  }

  #makeRoom(): void {
    if (this.#room.length < RUN) {
      const grown = new Float64Array(2 * this.#room.length);
      grown.set(this.#room);
      this.#room = grown;
      return;
    }
    this.#room.sort();
    const pieces: number[] = [];
    const bytes = new Uint8Array(this.#room.buffer);
    for (let at = 0; at < bytes.length; at += 8 * PIECE)
      pieces.push(this.#store.put(bytes.subarray(at, at + 8 * PIECE)));
    this.#runs.push(pieces);
    this.#length = 0;
  }
}

/** One run from its least number on. */
class Reader {
  /** The number it is at. */
  value = 0;
  readonly #store: ByteStore;
  readonly #pieces: readonly number[];
  #values: Float64Array;
  #piece = 0;
  #at = 0;

  /** `values`: of a run that is in memory. */
  constructor(store: ByteStore, pieces: readonly number[], values = new Float64Array(0)) {
    this.#store = store;
    this.#pieces = pieces;
    this.#values = values;
    this.next();
  }

  /** False at the end. */
  // hot
  next(): boolean {
    if (this.#at === this.#values.length) {
      if (this.#piece === this.#pieces.length) return false;
      if (this.#values.length === 0) this.#values = new Float64Array(PIECE);
      this.#store.get(this.#pieces[this.#piece++]!, new Uint8Array(this.#values.buffer));
      this.#at = 0;
    }
    this.value = this.#values[this.#at++]!;
    return true;
  }
}

/** The readers, the one with the least number first: each before the two at twice its place. */
class Heap {
  readonly #readers: Reader[];

  constructor(readers: readonly Reader[]) {
    this.#readers = [...readers].sort((a, b) => a.value - b.value);
  }

  /** There must be one more. */
  // hot
  next(): number {
    const readers = this.#readers;
    const first = readers[0]!;
    const { value } = first;
    if (!first.next()) {
      const last = readers.pop()!;
      if (readers.length === 0) return value;
      readers[0] = last;
    }
    this.#sink();
    return value;
  }

  // hot
  #sink(): void {
    const readers = this.#readers;
    const sinking = readers[0]!;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= readers.length) break;
      if (child + 1 < readers.length && readers[child + 1]!.value < readers[child]!.value) child++;
      if (readers[child]!.value >= sinking.value) break;
      readers[at] = readers[child]!;
      at = child;
    }
    readers[at] = sinking;
  }
}
