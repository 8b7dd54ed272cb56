// One table as an Arrow IPC file: written batch by batch to the disk, read back through views of the file's bytes.
// Int64 columns are Float64 in memory; both ways go through 32-bit pairs, never BigInt (dependencies reference, section 3).
import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import type { Data, DataType, RecordBatch, Schema, Utf8, Vector } from 'apache-arrow';
import type { Numbers } from '../base/columns.js';
import { NONE } from '../model/units.js';
import { arrow } from './arrow.js';

export const BATCH_ROWS = 65_536;
const MAGIC = 'ARROW1';
const TWO_32 = 2 ** 32;
/** Largest piece of a file that is read at once. */
const PIECE = 2 ** 30;

/** A column to be written: its type, and the rows `from` to `to` of it. */
export interface OutColumn {
  readonly name: string;
  readonly type: DataType;
  slice(from: number, to: number): Data;
}

/** Exact integers, as Int64. */
export function integers(name: string, values: ArrayLike<number>): OutColumn {
  const type = new arrow.Int64();
  const slice = (from: number, to: number) =>
    arrow.makeData({ type, length: to - from, nullCount: 0, data: toPairs(values, from, to) });
  return { name, type, slice };
}

/** Numbers kept in the type they have. */
export function numbers(
  name: string,
  values: Int32Array | Uint32Array | Int16Array | Uint16Array | Uint8Array,
): OutColumn {
  const type = typeOf(values);
  const slice = (from: number, to: number) =>
    arrow.makeData({ type, length: to - from, nullCount: 0, data: values.subarray(from, to) } as Parameters<
      typeof arrow.makeData
    >[0]);
  return { name, type, slice };
}

/** Codes of a list of words; the list is always written whole, so that its index is the code. Each such column of a table has an `id` of its own. */
export function words(name: string, codes: Uint8Array | Uint16Array, list: readonly string[], id = 0): OutColumn {
  const index = codes instanceof Uint8Array ? new arrow.Uint8() : new arrow.Uint16();
  // Without a number of its own it gets the next one of this process, and equal tables have different bytes.
  const type = new arrow.Dictionary(new arrow.Utf8(), index, id);
  const dictionary = dictionaryOf(list);
  const slice = (from: number, to: number) =>
    arrow.makeData({ type, length: to - from, nullCount: 0, data: codes.subarray(from, to), dictionary } as Parameters<
      typeof arrow.makeData
    >[0]);
  return { name, type, slice };
}

/** One for all batches of a table: a file can hold a dictionary once only. */
const dictionaries = new WeakMap<readonly string[], Vector<Utf8>>();

function dictionaryOf(list: readonly string[]): Vector<Utf8> {
  const known = dictionaries.get(list) ?? arrow.vectorFromArray(list, new arrow.Utf8());
  dictionaries.set(list, known);
  return known;
}

export function texts(name: string, values: readonly string[]): OutColumn {
  const type = new arrow.Utf8();
  return { name, type, slice: (from, to) => arrow.vectorFromArray(values.slice(from, to), type).data[0]! };
}

/** Some rows of a table; every part of it has the same columns. */
export interface TablePart {
  readonly rows: number;
  readonly columns: readonly OutColumn[];
}

/** Returns the CRC-32 of the file. There is at least one part, though it may be without rows. */
export function writeTable(
  path: string,
  parts: Iterable<TablePart>,
  metadata: Readonly<Record<string, string>>,
): number {
  const file = openSync(path, 'w');
  let sum = 0;
  try {
    const writer = new arrow.RecordBatchFileWriter();
    const queue = new arrow.AsyncByteQueue();
    queue.write = (bytes) => {
      sum = crc32(bytes as Uint8Array, sum);
      writeAll(file, bytes as Uint8Array);
    };
    let schema: Schema | null = null;
    for (const { rows, columns } of parts) {
      if (schema === null) {
        const fields = columns.map((column) => new arrow.Field(column.name, column.type, false));
        schema = new arrow.Schema(fields, new Map(Object.entries(metadata)));
        writer.reset(queue, schema);
      }
      const type = new arrow.Struct(schema.fields);
      for (let from = 0; from < Math.max(rows, 1); from += BATCH_ROWS) {
        const to = Math.min(rows, from + BATCH_ROWS);
        const children = columns.map((column) => column.slice(from, to));
        writer.write(
          new arrow.RecordBatch(schema, arrow.makeData({ type, length: to - from, nullCount: 0, children })),
        );
      }
    }
    writer.finish();
    return sum;
  } finally {
    closeSync(file);
  }
}

/** A table read back. Every method throws an Error in words when the column is not what was asked for. */
export class InTable {
  readonly rows: number;
  readonly metadata: ReadonlyMap<string, string>;
  readonly #batches: readonly RecordBatch[];
  readonly #names: readonly string[];

  /** With a checksum, because Arrow readers may loop for hours over a damaged header. */
  constructor(path: string, sum?: number) {
    const bytes = readWhole(path);
    const magic = (from: number) => String.fromCharCode(...bytes.subarray(from, from + MAGIC.length));
    if (bytes.length < 2 * MAGIC.length || magic(0) !== MAGIC) throw new Error('it is no Arrow file');
    if (magic(bytes.length - MAGIC.length) !== MAGIC) throw new Error('its end is missing');
    if (sum !== undefined && crc32(bytes) !== sum) throw new Error('its content does not match its checksum');
    const reader = arrow.RecordBatchReader.from(bytes).open();
    // A reader forgets its schema at the end of the batches.
    const { schema } = reader;
    this.metadata = schema.metadata;
    this.#names = schema.fields.map((field) => field.name);
    this.#batches = [...reader];
    this.rows = this.#batches.reduce((rows, batch) => rows + batch.numRows, 0);
    const expected = this.metadata.get('rows');
    if (expected !== undefined && expected !== String(this.rows))
      throw new Error(`expected ${expected} rows, found ${this.rows}`);
  }

  integers(name: string): Float64Array {
    const out = new Float64Array(this.rows);
    let place = 0;
    for (const data of this.#chunks(name)) {
      if (!(data.values instanceof BigInt64Array)) throw new Error(`column "${name}" is ${data.type}, expected Int64`);
      fromPairs(data.values, data.length, out, place, name);
      place += data.length;
    }
    return out;
  }

  numbers<T extends Numbers>(name: string, type: new (length: number) => T): T {
    const out = new type(this.rows);
    let place = 0;
    for (const data of this.#chunks(name)) {
      if (!(data.values instanceof type))
        throw new Error(`column "${name}" is ${data.type}, expected ${type.name.replace('Array', '')}`);
      // `values` is padded to 8 bytes; only `length` of them are rows.
      out.set(data.values.subarray(0, data.length), place);
      place += data.length;
    }
    return out;
  }

  /** The codes of a column written by `words`, and its list. */
  words<T extends Uint8Array | Uint16Array>(
    name: string,
    type: new (length: number) => T,
  ): { codes: T; list: string[] } {
    const dictionary = this.#chunks(name).at(-1)?.dictionary as Vector<Utf8> | undefined;
    if (dictionary === undefined) throw new Error(`column "${name}" has no dictionary`);
    const list = Array.from(dictionary, String);
    const codes = this.numbers(name, type);
    for (let i = 0; i < codes.length; i++) {
      if (codes[i]! >= list.length) throw new Error(`column "${name}" holds code ${codes[i]} of ${list.length}`);
    }
    return { codes, list };
  }

  texts(name: string): string[] {
    return this.#chunks(name).flatMap((data) => {
      if (!(data.type instanceof arrow.Utf8)) throw new Error(`column "${name}" is ${data.type}, expected Utf8`);
      const decoder = new TextDecoder();
      const ends = data.valueOffsets;
      return Array.from({ length: data.length }, (_, i) => decoder.decode(data.values.subarray(ends[i], ends[i + 1])));
    });
  }

  #chunks(name: string): Data[] {
    const index = this.#names.indexOf(name);
    if (index < 0) throw new Error(`column "${name}" is missing`);
    return this.#batches.map((batch) => {
      const data = batch.data.children[index]!;
      if (data.nullCount !== 0) throw new Error(`column "${name}" holds nulls`);
      return data;
    });
  }
}

/** Columns of small tables as rows. */
export function zip<C extends Record<string, string[] | Float64Array>>(columns: C): { [K in keyof C]: C[K][number] }[] {
  const names = Object.keys(columns);
  const rows = columns[names[0]!]!.length;
  return Array.from({ length: rows }, (_, i) => {
    const row = Object.fromEntries(names.map((name) => [name, columns[name]![i]!]));
    return row as { [K in keyof C]: C[K][number] };
  });
}

/** Refuses ids that are no row of a table of `size` rows. */
export function within<T extends Uint32Array | Uint16Array>(column: T, size: number, name: string): T {
  for (let i = 0; i < column.length; i++) {
    if (column[i]! >= size && column[i] !== NONE) throw new Error(`column "${name}" names row ${column[i]} of ${size}`);
  }
  return column;
}

// hot
function toPairs(values: ArrayLike<number>, from: number, to: number): BigInt64Array {
  const out = new BigInt64Array(to - from);
  const pairs = new Uint32Array(out.buffer);
  for (let i = from, pair = 0; i < to; i++, pair += 2) {
    const value = values[i]!;
    pairs[pair] = value;
    pairs[pair + 1] = Math.floor(value / TWO_32);
  }
  return out;
}

// hot
function fromPairs(values: BigInt64Array, length: number, out: Float64Array, place: number, name: string): void {
  const pairs = new Int32Array(values.buffer, values.byteOffset, 2 * length);
  for (let i = 0, pair = 0; i < length; i++, pair += 2) {
    const value = pairs[pair + 1]! * TWO_32 + (pairs[pair]! >>> 0);
    if (!Number.isSafeInteger(value)) throw new Error(`column "${name}" holds a value beyond 2^53`);
    out[place + i] = value;
  }
}

function typeOf(values: Numbers): DataType {
  if (values instanceof Uint32Array) return new arrow.Uint32();
  if (values instanceof Uint16Array) return new arrow.Uint16();
  if (values instanceof Uint8Array) return new arrow.Uint8();
  if (values instanceof Int16Array) return new arrow.Int16();
  return new arrow.Int32();
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
}

/** The whole file in memory of its own, so that its buffers stay aligned; `readFileSync` ends at 2 GiB. */
function readWhole(path: string): Uint8Array {
  const file = openSync(path, 'r');
  try {
    const bytes = new Uint8Array(fstatSync(file).size);
    for (let at = 0; at < bytes.length; ) {
      const read = readSync(file, bytes, at, Math.min(PIECE, bytes.length - at), at);
      if (read === 0) throw new Error('it was cut while being read');
      at += read;
    }
    return bytes;
  } finally {
    closeSync(file);
  }
}
