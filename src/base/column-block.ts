// A fixed number of rows of typed columns in one piece of memory, so that they go to a store and come back as one.
import type { Arrays, Numbers, Shape } from './columns.js';

/** From so many rows on a column is copied in one piece. */
const MANY = 32;

export class ColumnBlock<S extends Shape> {
  readonly at: Arrays<S>;
  readonly bytes: Uint8Array;
  readonly capacity: number;
  // One list per width, of one element type: a loop that has met many of them is many times slower (architecture, section 8).
  // Rows are moved bit by bit, so that a signed column is seen as one without signs.
  readonly #all: Numbers[] = [];
  readonly #floats: Float64Array[] = [];
  readonly #words: Uint32Array[] = [];
  readonly #halves: Uint16Array[] = [];
  readonly #bytes: Uint8Array[] = [];

  constructor(shape: S, capacity: number) {
    const entries = Object.entries(shape);
    const rowBytes = entries.reduce((sum, [, type]) => sum + type.BYTES_PER_ELEMENT, 0);
    const buffer = new ArrayBuffer(rowBytes * capacity);
    const columns: Record<string, Numbers> = {};
    for (const [name, type] of entries) columns[name] = new type(0);
    // The widest first: every column begins at a multiple of its own width.
    const widest = [...entries].sort(([, a], [, b]) => b.BYTES_PER_ELEMENT - a.BYTES_PER_ELEMENT);
    let offset = 0;
    for (const [name, type] of widest) {
      const column = new type(buffer, offset, capacity);
      offset += column.byteLength;
      columns[name] = column;
      this.#all.push(column);
      const { byteOffset, BYTES_PER_ELEMENT: width } = column;
      if (column instanceof Float64Array) this.#floats.push(column);
      else if (width === 4) this.#words.push(new Uint32Array(buffer, byteOffset, capacity));
      else if (width === 2) this.#halves.push(new Uint16Array(buffer, byteOffset, capacity));
      else this.#bytes.push(new Uint8Array(buffer, byteOffset, capacity));
    }
    this.at = columns as Arrays<S>;
    this.bytes = new Uint8Array(buffer);
    this.capacity = capacity;
  }

  /** Rows from `from` on of another block of the same shape become rows from `to` on of this one. */
  // hot
  copy(to: number, other: ColumnBlock<S>, from: number, count: number): void {
    if (count >= MANY) this.#copyMany(to, other, from, count);
    else for (let i = 0; i < count; i++) this.#copyOne(to + i, other, from + i);
  }

  /** Row `order[i]` of another block of the same shape becomes row i of this one. */
  gather(other: ColumnBlock<S>, order: Uint32Array): void {
    for (const [i, column] of this.#floats.entries()) gatherFloats(column, other.#floats[i]!, order);
    for (const [i, column] of this.#words.entries()) gatherWords(column, other.#words[i]!, order);
    for (const [i, column] of this.#halves.entries()) gatherHalves(column, other.#halves[i]!, order);
    for (const [i, column] of this.#bytes.entries()) gatherBytes(column, other.#bytes[i]!, order);
  }

  #copyMany(to: number, other: ColumnBlock<S>, from: number, count: number): void {
    for (const [i, column] of this.#all.entries()) column.set(other.#all[i]!.subarray(from, from + count), to);
  }

  // hot
  #copyOne(to: number, other: ColumnBlock<S>, from: number): void {
    const floats = this.#floats;
    for (let i = 0; i < floats.length; i++) floats[i]![to] = other.#floats[i]![from]!;
    const words = this.#words;
    for (let i = 0; i < words.length; i++) words[i]![to] = other.#words[i]![from]!;
    const halves = this.#halves;
    for (let i = 0; i < halves.length; i++) halves[i]![to] = other.#halves[i]![from]!;
    const bytes = this.#bytes;
    for (let i = 0; i < bytes.length; i++) bytes[i]![to] = other.#bytes[i]![from]!;
  }
}

// hot
function gatherFloats(out: Float64Array, values: Float64Array, order: Uint32Array): void {
  for (let i = 0; i < order.length; i++) out[i] = values[order[i]!]!;
}

// hot
function gatherWords(out: Uint32Array, values: Uint32Array, order: Uint32Array): void {
  for (let i = 0; i < order.length; i++) out[i] = values[order[i]!]!;
}

// hot
function gatherHalves(out: Uint16Array, values: Uint16Array, order: Uint32Array): void {
  for (let i = 0; i < order.length; i++) out[i] = values[order[i]!]!;
}

// hot
function gatherBytes(out: Uint8Array, values: Uint8Array, order: Uint32Array): void {
  for (let i = 0; i < order.length; i++) out[i] = values[order[i]!]!;
}
