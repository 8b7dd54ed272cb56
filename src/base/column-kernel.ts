// Loops over whole columns in WebAssembly (wasm/column-kernel.ts): run once or twice a block, they would be compiled anew by the
// engine, in the middle of the loop, at every other block. Columns are copied there and back, which is next to nothing.
import * as layout from './column-kernel-code.js';
import type { Numbers } from './columns.js';
import { exportsOf, memoryOf } from './wasm.js';

interface Exports {
  floatsRange(rows: number): void;
  naturalsRange(rows: number): void;
  halvesRange(rows: number): void;
  floatsToWide(rows: number): void;
  floatsTo(rows: number, bytes: number, least: number, most: number, unit: number): number;
  naturalsTo(rows: number, bytes: number, most: number): number;
  order(rows: number): number;
}

/** As many rows are looked at at once. */
export const KERNEL_ROWS = layout.ROWS;

/** Least and greatest value, and bits that are set in any. */
export interface Found {
  least: number;
  most: number;
  bits: number;
}

class ColumnKernel {
  readonly #run: Exports;
  readonly #floats: Float64Array;
  readonly #words: Uint32Array;
  readonly #halves: Uint16Array;
  readonly #out: Uint8Array;
  readonly #order: Uint32Array;
  readonly #result: Float64Array;
  readonly #bits: Int32Array;
  readonly #found: Found = { least: 0, most: 0, bits: 0 };

  constructor() {
    const memory = memoryOf(layout.END);
    const { buffer } = memory;
    this.#run = exportsOf<Exports>(layout.CODE, memory);
    this.#floats = new Float64Array(buffer, layout.IN, layout.ROWS);
    this.#words = new Uint32Array(buffer, layout.IN, layout.ROWS);
    this.#halves = new Uint16Array(buffer, layout.IN, layout.ROWS);
    this.#out = new Uint8Array(buffer, layout.OUT, layout.ROWS * 8);
    this.#order = new Uint32Array(buffer, layout.OUT, layout.ROWS);
    this.#result = new Float64Array(buffer, layout.RESULT, 2);
    this.#bits = new Int32Array(buffer, layout.RESULT + 16, 1);
  }

  floatsRange(values: Float64Array): Found {
    this.#floats.set(values);
    this.#run.floatsRange(values.length);
    return this.#answer();
  }

  /** Of at least one. */
  naturalsRange(values: Uint32Array): Found {
    this.#words.set(values);
    this.#run.naturalsRange(values.length);
    return this.#answer();
  }

  /** Of at least one. */
  halvesRange(values: Uint16Array): Found {
    this.#halves.set(values);
    this.#run.halvesRange(values.length);
    return this.#answer();
  }

  /** As 64-bit integers, in `out`. */
  floatsToWide(values: ArrayLike<number>, out: BigInt64Array): void {
    this.#floats.set(values);
    this.#run.floatsToWide(values.length);
    this.#give(out);
  }

  /** As integers of the type of `out`, those that are not negative in units; the row of one outside the range, or -1. */
  floatsTo(values: ArrayLike<number>, least: number, most: number, unit: number, out: Numbers | Int8Array): number {
    this.#floats.set(values);
    const wrong = this.#run.floatsTo(values.length, out.BYTES_PER_ELEMENT, least, most, unit);
    this.#give(out);
    return wrong;
  }

  /** As integers of the type of `out`; the row of one that is greater than `most` and not the greatest of all, or -1. */
  naturalsTo(values: Uint32Array, most: number, out: Numbers | Int8Array): number {
    this.#words.set(values);
    const wrong = this.#run.naturalsTo(values.length, out.BYTES_PER_ELEMENT, most);
    this.#give(out);
    return wrong;
  }

  /** The order that sorts the keys, equal ones in their present order; null where they are sorted. */
  order(keys: Float64Array): Uint32Array | null {
    this.#floats.set(keys);
    return this.#run.order(keys.length) === 0 ? null : this.#order.slice(0, keys.length);
  }

  #answer(): Found {
    const found = this.#found;
    found.least = this.#result[0]!;
    found.most = this.#result[1]!;
    found.bits = this.#bits[0]!;
    return found;
  }

  #give({ buffer, byteOffset, byteLength }: Numbers | Int8Array | BigInt64Array): void {
    new Uint8Array(buffer, byteOffset, byteLength).set(this.#out.subarray(0, byteLength));
  }
}

let kernel: ColumnKernel | null = null;

export function columnKernel(): ColumnKernel {
  kernel ??= new ColumnKernel();
  return kernel;
}
