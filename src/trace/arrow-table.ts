// One table as an Arrow IPC file, written batch by batch to the disk. Int64 columns are Float64 in memory and never go through
// BigInt (dependencies reference, section 3).
import { closeSync, openSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import type { Data, DataType, Field, Schema, Uint8, Vector } from 'apache-arrow';
import { columnKernel } from '../base/column-kernel.js';
import type { Numbers } from '../base/columns.js';
import type { Range } from '../model/parts.js';
import { NONE } from '../model/units.js';
import { arrow } from './arrow.js';
import { Scratch } from './scratch.js';

export const BATCH_ROWS = 65_536;
const LATELY = 64;

/** A column to be written: its type, and the rows `from` to `to` of it. */
export interface OutColumn {
  readonly name: string;
  readonly type: DataType;
  /** What the numbers that are not negative have to be multiplied by. */
  readonly unit?: number;
  /** `scratch`: memory for it until it is written. */
  slice(from: number, to: number, scratch: Scratch): Data;
}

type DataOf = Parameters<typeof arrow.makeData>[0];

/** Exact integers as Int64, or in the narrowest signed type that holds the range, in units of it where that is narrower still. */
export function integers(name: string, values: ArrayLike<number>, range?: Range, units = false): OutColumn {
  const exact = range === undefined ? undefined : narrowest(SIGNED, range, 1);
  const coarse = range === undefined || !units ? undefined : narrowest(SIGNED, range, range.unit);
  const isCoarse = coarse !== undefined && (exact === undefined || coarse.bytes < exact.bytes);
  const unit = isCoarse ? range!.unit : 1;
  const width = isCoarse ? coarse : exact;
  const type = width?.type() ?? new arrow.Int64();
  const slice = (from: number, to: number, scratch: Scratch) => {
    const some = part(values, from, to);
    const data = width === undefined ? toWide(some, scratch) : scaled(some, width, range!, unit, scratch);
    return arrow.makeData({ type, length: to - from, nullCount: 0, data } as DataOf);
  };
  return { name, type, ...(unit > 1 ? { unit } : {}), slice };
}

/** Numbers from 0 on, in the type they have or in the narrowest one that holds the range. */
export function numbers(name: string, values: Numbers, range?: Range): OutColumn {
  return narrowed(name, values, (range && narrowest(UNSIGNED, range, 1)) ?? widthOf(values), range);
}

/** Rows of another table, in the type they have or as signed numbers; none is its greatest value, or -1. */
export function places(name: string, values: Uint32Array, range?: Range): OutColumn {
  return narrowed(name, values, (range && narrowest(SIGNED, range, 1)) ?? widthOf(values), range);
}

function narrowed(name: string, values: Numbers, width: Width, range?: Range): OutColumn {
  const type = width.type();
  const slice = (from: number, to: number, scratch: Scratch) => {
    const some = values.subarray(from, to);
    const checked = range !== undefined && some instanceof Uint32Array;
    const data = checked ? held(some, width, range.most, scratch) : width.copy(some, scratch);
    return arrow.makeData({ type, length: to - from, nullCount: 0, data } as DataOf);
  };
  return { name, type, slice };
}

/** Numbers of which there are few different ones, as a dictionary of them; as `integers` and `numbers` have them where the list is null. */
export function coded(
  name: string,
  values: Uint32Array | Int16Array | Float64Array,
  list: readonly number[] | null,
  id: number,
  range?: Range,
): OutColumn {
  const whole = values instanceof Float64Array;
  if (list === null) return whole ? integers(name, values, range, true) : numbers(name, values);
  const index = indexOf(list);
  const type = new arrow.Dictionary(whole ? new arrow.Int64() : widthOf(values).type(), index.type() as Uint8, id);
  const dictionary = dictionaryOf(list, type.dictionary);
  const codes = new Map(list.map((value, code) => [value, code]));
  const slice = (from: number, to: number, scratch: Scratch) => {
    const data = index.copy(codesOf(floatsOf(values.subarray(from, to), scratch), codes, scratch), scratch);
    return arrow.makeData({ type, length: to - from, nullCount: 0, data, dictionary } as unknown as DataOf);
  };
  return { name, type, slice };
}

/** Codes of a list of words; the list is always written whole, so that its index is the code. Each such column of a table has an `id` of its own. */
export function words(name: string, codes: Uint8Array | Uint16Array, list: readonly string[], id = 0): OutColumn {
  const index = indexOf(list);
  // Without a number of its own it gets the next one of this process, and equal tables have different bytes.
  const type = new arrow.Dictionary(new arrow.Utf8(), index.type() as Uint8, id);
  const dictionary = dictionaryOf(list, type.dictionary);
  const slice = (from: number, to: number, scratch: Scratch) => {
    const data = index.copy(codes.subarray(from, to), scratch);
    return arrow.makeData({ type, length: to - from, nullCount: 0, data, dictionary } as DataOf);
  };
  return { name, type, slice };
}

/** One for all batches of a table: a file can hold a dictionary once only. */
const dictionaries = new WeakMap<readonly unknown[], Vector>();

function dictionaryOf(list: readonly string[] | readonly number[], type: DataType): Vector {
  const known =
    dictionaries.get(list) ?? arrow.vectorFromArray(type instanceof arrow.Int64 ? list.map(BigInt) : list, type);
  dictionaries.set(list, known);
  return known;
}

export function texts(name: string, at: (row: number) => string): OutColumn {
  const type = new arrow.Utf8();
  // Not by Arrow's builder, which needs several times the memory: there may be hundreds of thousands of paths.
  const slice = (from: number, to: number) => {
    const values = Array.from({ length: to - from }, (_, i) => at(from + i));
    const valueOffsets = new Int32Array(values.length + 1);
    values.forEach((value, i) => {
      valueOffsets[i + 1] = valueOffsets[i]! + Buffer.byteLength(value);
    });
    const data = Buffer.alloc(valueOffsets[values.length]!);
    values.forEach((value, i) => {
      data.write(value, valueOffsets[i]!);
    });
    return arrow.makeData({ type, length: to - from, nullCount: 0, valueOffsets, data } as DataOf);
  };
  return { name, type, slice };
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
    const scratch = new Scratch();
    for (const { rows, columns } of parts) {
      if (schema === null) {
        const fields = columns.map(fieldOf);
        schema = new arrow.Schema(fields, new Map(Object.entries(metadata)));
        writer.reset(queue, schema);
      }
      const type = new arrow.Struct(schema.fields);
      for (let from = 0; from < Math.max(rows, 1); from += BATCH_ROWS) {
        const to = Math.min(rows, from + BATCH_ROWS);
        const children = columns.map((column) => column.slice(from, to, scratch));
        writer.write(
          new arrow.RecordBatch(schema, arrow.makeData({ type, length: to - from, nullCount: 0, children })),
        );
        scratch.clear();
      }
    }
    writer.finish();
    return sum;
  } finally {
    closeSync(file);
  }
}

/** A batch of rows is no more than what the kernel takes at once. */
const part = (values: ArrayLike<number>, from: number, to: number): ArrayLike<number> =>
  values instanceof Float64Array ? values.subarray(from, to) : Array.prototype.slice.call(values, from, to);

function toWide(values: ArrayLike<number>, scratch: Scratch): BigInt64Array {
  const out = scratch.array(BigInt64Array, values.length);
  columnKernel().floatsToWide(values, out);
  return out;
}

/** An integer type: how many bytes it has, the greatest number it holds, and values in it. */
interface Width {
  readonly bytes: number;
  readonly least: number;
  readonly most: number;
  type(): DataType;
  /** Memory for so many. */
  room(length: number, scratch: Scratch): Numbers | Int8Array;
  /** Values that it holds; 0xffffffff, which stands for none, is -1 in a signed type. */
  copy(values: ArrayLike<number>, scratch: Scratch): Numbers | Int8Array;
}

type IntegersType =
  | Int8ArrayConstructor
  | Int16ArrayConstructor
  | Int32ArrayConstructor
  | Uint8ArrayConstructor
  | Uint16ArrayConstructor
  | Uint32ArrayConstructor;

const width = (array: IntegersType, signed: boolean, type: () => DataType): Width => {
  const bytes = array.BYTES_PER_ELEMENT;
  const span = 2 ** (8 * bytes);
  const room = (length: number, scratch: Scratch) => scratch.array<Numbers | Int8Array>(array, length);
  const copy = (values: ArrayLike<number>, scratch: Scratch) => {
    const out = room(values.length, scratch);
    out.set(values);
    return out;
  };
  return { bytes, least: signed ? -span / 2 : 0, most: (signed ? span / 2 : span) - 1, type, room, copy };
};

type Widths = readonly [Width, Width, Width];
const SIGNED: Widths = [
  width(Int8Array, true, () => new arrow.Int8()),
  width(Int16Array, true, () => new arrow.Int16()),
  width(Int32Array, true, () => new arrow.Int32()),
];
const UNSIGNED: Widths = [
  width(Uint8Array, false, () => new arrow.Uint8()),
  width(Uint16Array, false, () => new arrow.Uint16()),
  width(Uint32Array, false, () => new arrow.Uint32()),
];

/** The narrowest that holds the range in units; undefined when none does. */
function narrowest(widths: Widths, { least, most }: Range, unit: number): Width | undefined {
  return widths.find((one) => Math.min(least, 0) >= one.least && Math.max(most / unit, 0) <= one.most);
}

const indexOf = ({ length }: readonly unknown[]): Width => (length <= 256 ? UNSIGNED[0] : UNSIGNED[1]);

function widthOf(values: Numbers): Width {
  if (values instanceof Uint32Array) return UNSIGNED[2];
  if (values instanceof Uint16Array) return UNSIGNED[1];
  if (values instanceof Uint8Array) return UNSIGNED[0];
  if (values instanceof Int16Array) return SIGNED[1];
  return SIGNED[2];
}

function fieldOf({ name, type, unit }: OutColumn): Field {
  return new arrow.Field(name, type, false, unit === undefined ? null : new Map([['unit', String(unit)]]));
}

/** In units; negative ones stand for what is not known and have none. */
function scaled(
  values: ArrayLike<number>,
  width: Width,
  { least, most }: Range,
  unit: number,
  scratch: Scratch,
): Numbers | Int8Array {
  const out = width.room(values.length, scratch);
  const wrong = columnKernel().floatsTo(values, least, most, unit, out);
  if (wrong >= 0) throw new Error(`${values[wrong]} is not in the range of its column`);
  return out;
}

function held(values: Uint32Array, width: Width, most: number, scratch: Scratch): Numbers | Int8Array {
  const out = width.room(values.length, scratch);
  const wrong = columnKernel().naturalsTo(values, Math.max(0, Math.min(most, NONE)), out);
  if (wrong >= 0) throw new Error(`${values[wrong]} is not in the range of its column`);
  return out;
}

/** One element type for the loop below. */
function floatsOf(values: Uint32Array | Int16Array | Float64Array, scratch: Scratch): Float64Array {
  if (values instanceof Float64Array) return values;
  const out = scratch.array(Float64Array, values.length);
  out.set(values);
  return out;
}

// hot
function codesOf(values: Float64Array, codes: ReadonlyMap<number, number>, scratch: Scratch): Uint16Array {
  const out = scratch.array(Uint16Array, values.length);
  // Values met lately, by some of their bits: a map takes much longer.
  const lately = new Float64Array(LATELY).fill(Number.NaN);
  const codesLately = new Uint16Array(LATELY);
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    const slot = ((value >>> 12) ^ value) & (LATELY - 1);
    if (value !== lately[slot]) {
      const code = codes.get(value);
      if (code === undefined) throw new Error(`${value} is not in the dictionary of its column`);
      lately[slot] = value;
      codesLately[slot] = code;
    }
    out[i] = codesLately[slot]!;
  }
  return out;
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
}
