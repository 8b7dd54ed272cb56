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
  readonly #floatCells: Float64Array;
  readonly #wordCells: Uint32Array;
  readonly #halfCells: Uint16Array;
  readonly #byteCells: Uint8Array;

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
    const words = this.#floats.length * capacity * 8;
    const halves = words + this.#words.length * capacity * 4;
    const bytes = halves + this.#halves.length * capacity * 2;
    this.#floatCells = new Float64Array(buffer, 0, this.#floats.length * capacity);
    this.#wordCells = new Uint32Array(buffer, words, this.#words.length * capacity);
    this.#halfCells = new Uint16Array(buffer, halves, this.#halves.length * capacity);
    this.#byteCells = new Uint8Array(buffer, bytes, this.#bytes.length * capacity);
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

  /** Columns of a width stand one behind the other: one array for all of them. */
  // hot
  #copyOne(to: number, other: ColumnBlock<S>, from: number): void {
    const step = this.capacity;
    const otherStep = other.capacity;
    const floats = this.#floatCells;
    const otherFloats = other.#floatCells;
    for (let i = to, k = from; i < floats.length; i += step, k += otherStep) floats[i] = otherFloats[k]!;
    const words = this.#wordCells;
    const otherWords = other.#wordCells;
    for (let i = to, k = from; i < words.length; i += step, k += otherStep) words[i] = otherWords[k]!;
    const halves = this.#halfCells;
    const otherHalves = other.#halfCells;
    for (let i = to, k = from; i < halves.length; i += step, k += otherStep) halves[i] = otherHalves[k]!;
    const bytes = this.#byteCells;
    const otherBytes = other.#byteCells;
    for (let i = to, k = from; i < bytes.length; i += step, k += otherStep) bytes[i] = otherBytes[k]!;
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
