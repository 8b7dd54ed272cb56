// Typed columns that grow together by doubling, one element type each, and a stable order by a key.
// A row is `add()`, then one store per column at the call site, so that every store meets one element type only.

import { columnKernel, KERNEL_ROWS } from './column-kernel.js';

export type Numbers = Float64Array | Int32Array | Uint32Array | Int16Array | Uint16Array | Uint8Array;
type NumbersType =
  | Float64ArrayConstructor
  | Int32ArrayConstructor
  | Uint32ArrayConstructor
  | Int16ArrayConstructor
  | Uint16ArrayConstructor
  | Uint8ArrayConstructor;
export type Shape = Readonly<Record<string, NumbersType>>;
export type Arrays<S extends Shape> = { [K in keyof S]: InstanceType<S[K]> };

export class Columns<S extends Shape> {
  /** Arrays with room to spare; they are replaced when they grow, so read them anew after `add()`. */
  readonly at: Arrays<S>;
  length = 0;
  readonly #shape: S;
  #capacity: number;

  constructor(shape: S, capacity = 1024) {
    this.#shape = shape;
    this.#capacity = capacity;
    this.at = map(shape, (type) => new type(capacity));
  }

  /** Number of a new row, all zeros. */
  add(): number {
    if (this.length === this.#capacity) this.#resize(this.#capacity * 2);
    return this.length++;
  }

  /** The filled part of every column; shares memory with `at`. */
  view(): Arrays<S> {
    return map(this.#shape, (_, name) => this.at[name]!.subarray(0, this.length));
  }

  #resize(capacity: number): void {
    const at: Record<string, Numbers> = this.at;
    for (const [name, type] of Object.entries(this.#shape)) {
      const grown = new type(capacity);
      grown.set(at[name]!);
      at[name] = grown;
    }
    this.#capacity = capacity;
  }
}

/**
 * The order that sorts the first `length` keys, equal keys in their present order; null when they are sorted already.
 * A merge sort that only touches the rows by which two halves overlap: a recording that is nearly in order is cheap.
 */
export function stableOrder(keys: Float64Array, length: number): Uint32Array | null {
  if (length <= KERNEL_ROWS) return columnKernel().order(keys.subarray(0, length));
  if (isSorted(keys, length)) return null;
  const order = new Uint32Array(length);
  for (let i = 0; i < length; i++) order[i] = i;
  const spare = new Uint32Array(length);
  for (let from = 0; from < length; from += BLOCK) insertionSort(keys, order, from, Math.min(from + BLOCK, length));
  for (let width = BLOCK; width < length; width *= 2) {
    for (let from = 0; from + width < length; from += 2 * width) {
      merge(keys, order, spare, from, from + width, Math.min(from + 2 * width, length));
    }
  }
  return order;
}

const BLOCK = 16;

function isSorted(keys: Float64Array, length: number): boolean {
  for (let i = 1; i < length; i++) if (keys[i]! < keys[i - 1]!) return false;
  return true;
}

// hot
function insertionSort(keys: Float64Array, order: Uint32Array, from: number, to: number): void {
  for (let i = from + 1; i < to; i++) {
    const row = order[i]!;
    const key = keys[row]!;
    let j = i;
    while (j > from && keys[order[j - 1]!]! > key) {
      order[j] = order[j - 1]!;
      j--;
    }
    order[j] = row;
  }
}

// hot
function merge(
  keys: Float64Array,
  order: Uint32Array,
  spare: Uint32Array,
  from: number,
  middle: number,
  to: number,
): void {
  const first = keys[order[middle]!]!;
  const last = keys[order[middle - 1]!]!;
  if (last <= first) return;
  let out = from + countAtMost(keys, order, from, middle, first);
  let right = middle;
  const end = middle + countBelow(keys, order, middle, to, last);
  spare.set(order.subarray(out, middle));
  const held = middle - out;
  let left = 0;
  while (left < held) {
    if (right < end && keys[order[right]!]! < keys[spare[left]!]!) order[out++] = order[right++]!;
    else order[out++] = spare[left++]!;
  }
}

/** How many of the sorted rows have a key <= `key`. */
function countAtMost(keys: Float64Array, order: Uint32Array, from: number, to: number, key: number): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keys[order[middle]!]! <= key) low = middle + 1;
    else high = middle;
  }
  return low - from;
}

/** How many of the sorted rows have a key < `key`. */
function countBelow(keys: Float64Array, order: Uint32Array, from: number, to: number, key: number): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keys[order[middle]!]! < key) low = middle + 1;
    else high = middle;
  }
  return low - from;
}

function map<S extends Shape>(shape: S, make: (type: NumbersType, name: string) => Numbers): Arrays<S> {
  return Object.fromEntries(Object.entries(shape).map(([name, type]) => [name, make(type, name)])) as Arrays<S>;
}
