// One table as an Arrow IPC file, written batch by batch to the disk. Int64 columns are Float64 in memory and go through
// 32-bit pairs, never BigInt (dependencies reference, section 3).
import { closeSync, openSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import type { Data, DataType, Schema, Utf8, Vector } from 'apache-arrow';
import type { Numbers } from '../base/columns.js';
import { arrow } from './arrow.js';

export const BATCH_ROWS = 65_536;
const TWO_32 = 2 ** 32;

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
