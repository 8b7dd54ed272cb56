// Tables that were written as Arrow IPC files, read back batch by batch. Int64 columns become Float64 through 32-bit pairs,
// never BigInt (dependencies reference, section 3).
import type { Data, Field, RecordBatch, Schema, Utf8, Vector } from 'apache-arrow';
import type { Numbers } from '../base/columns.js';
import { NONE } from '../model/units.js';
import { arrow } from './arrow.js';
import { openBatches } from './table-file.js';

const TWO_32 = 2 ** 32;

/** The whole table. */
export function readTable(path: string): InTable {
  const { schema, batches } = openBatches(path, null);
  const table = new InTable(schema, [...batches]);
  checkRows(schema, table.rows);
  return table;
}

/**
 * Batch by batch; at least one. Each is to be used before the next is asked for; columns of numbers that were read of it stay valid
 * for one more: they are in the memory of the next but one.
 */
export function* readTableParts(path: string, rooms: Rooms = newRooms()): Iterable<InTable> {
  const { schema, batches } = openBatches(path, { bytes: new Uint8Array(0) });
  let rows = 0;
  let room = 0;
  for (const batch of batches) {
    const part = new InTable(schema, [batch], rooms[room]);
    room = 1 - room;
    rows += part.rows;
    // Whoever made room for as many as were said has no more.
    if (rows > Number(schema.metadata.get('rows') ?? rows)) checkRows(schema, rows);
    yield part;
  }
  checkRows(schema, rows);
}

/** Memory for the columns of one batch after the other: thrown away it would stay for tens of megabytes until it is collected. */
class Room {
  readonly #columns = new Map<string, Numbers>();

  /** It holds whatever was there. */
  of<T extends Numbers>(name: string, type: new (length: number) => T, length: number): T {
    const known = this.#columns.get(name);
    if (known instanceof type && known.length >= length) return known.subarray(0, length) as T;
    const column = new type(length);
    this.#columns.set(name, column);
    return column;
  }
}

/** For two batches in turns. */
export type Rooms = readonly [Room, Room];

export const newRooms = (): Rooms => [new Room(), new Room()];

function checkRows({ metadata }: Schema, rows: number): void {
  const expected = metadata.get('rows');
  if (expected !== undefined && expected !== String(rows)) throw new Error(`expected ${expected} rows, found ${rows}`);
}

/** A table read back, or a part of it. Every method throws an Error in words when the column is not what was asked for. */
export class InTable {
  readonly rows: number;
  readonly metadata: ReadonlyMap<string, string>;
  readonly #batches: readonly RecordBatch[];
  readonly #names: readonly string[];
  readonly #units: ReadonlyMap<string, number>;
  readonly #room: Room;

  constructor(schema: Schema, batches: readonly RecordBatch[], room = new Room()) {
    this.metadata = schema.metadata;
    this.#names = schema.fields.map((field) => field.name);
    this.#units = new Map(schema.fields.map((field) => [field.name, unitOf(field)]));
    this.#batches = batches;
    this.#room = room;
    this.rows = batches.reduce((rows, batch) => rows + batch.numRows, 0);
  }

  /** Integers of any width, times the column's unit if it has one. */
  integers(name: string): Float64Array {
    const out = this.#room.of(name, Float64Array, this.rows);
    let place = 0;
    for (const data of this.#chunks(name)) {
      if (data.dictionary != null) lookUp(name, data, wholeOf(name, data.dictionary), out, place);
      else wholes(name, data, out, place);
      place += data.length;
    }
    const unit = this.#units.get(name) ?? 1;
    if (unit !== 1) for (let i = 0; i < out.length; i++) if (out[i]! > 0) out[i]! *= unit;
    return out;
  }

  /** Numbers of this type or of a narrower one, or a dictionary of them; -1 of a signed one is the greatest of an unsigned one. */
  numbers<T extends Numbers>(name: string, type: new (length: number) => T): T {
    const out = this.#room.of(name, type, this.rows);
    let place = 0;
    for (const data of this.#chunks(name)) {
      if (data.dictionary == null) out.set(plain(name, data, type), place);
      else lookUp(name, data, listOf(name, data.dictionary, type), out, place);
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
    const codes = this.#room.of(name, type, this.rows);
    let place = 0;
    for (const data of this.#chunks(name)) {
      codes.set(plain(name, data, type), place);
      place += data.length;
    }
    for (let i = 0; i < codes.length; i++) {
      if (codes[i]! >= list.length) throw new Error(`column "${name}" holds code ${codes[i]} of ${list.length}`);
    }
    return { codes, list };
  }

  texts(name: string): string[] {
    const at = this.textAt(name);
    return Array.from({ length: this.rows }, (_, row) => at(row));
  }

  /** By row, each made when it is asked for. */
  textAt(name: string): (row: number) => string {
    const chunks = this.#chunks(name);
    for (const { type } of chunks)
      if (!(type instanceof arrow.Utf8)) throw new Error(`column "${name}" is ${type}, expected Utf8`);
    const decoder = new TextDecoder();
    return (row) => {
      let place = row;
      let chunk = 0;
      for (; place >= chunks[chunk]!.length; chunk++) place -= chunks[chunk]!.length;
      const { values, valueOffsets: ends } = chunks[chunk]!;
      return decoder.decode(values.subarray(ends[place], ends[place + 1]));
    };
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

/** The numbers themselves, in the type they have: at most as wide as `type`, and signed only where it is or where no sign is lost. */
function plain(name: string, data: Data, type: new (length: number) => Numbers): Integers {
  const values: unknown = data.values;
  const room = new type(0);
  const { DataType } = arrow;
  const isNumbers = DataType.isInt(data.type) || DataType.isDictionary(data.type);
  const fits = isNumbers && isIntegers(values) && values.BYTES_PER_ELEMENT <= room.BYTES_PER_ELEMENT;
  if (!fits || (isSigned(room) && !isSigned(values)))
    throw new Error(`column "${name}" is ${data.type}, expected ${type.name.replace('Array', '')} or narrower`);
  // `values` is padded to 8 bytes; only `length` of them are rows.
  return values.subarray(0, data.length);
}

function wholes(name: string, data: Data, out: Float64Array, place: number): void {
  if (data.values instanceof BigInt64Array) fromPairs(data.values, data.length, out, place, name);
  else out.set(plain(name, data, Float64Array), place);
}

function wholeOf(name: string, dictionary: Vector): Float64Array {
  const out = new Float64Array(dictionary.length);
  let place = 0;
  for (const data of dictionary.data) {
    wholes(name, data, out, place);
    place += data.length;
  }
  return out;
}

function listOf<T extends Numbers>(name: string, dictionary: Vector, type: new (length: number) => T): T {
  const out = new type(dictionary.length);
  let place = 0;
  for (const data of dictionary.data) {
    out.set(plain(name, data, type), place);
    place += data.length;
  }
  return out;
}

function lookUp(name: string, data: Data, list: Numbers, out: Numbers, place: number): void {
  const codes = plain(name, data, Uint16Array);
  for (let i = 0; i < codes.length; i++) {
    if (codes[i]! >= list.length) throw new Error(`column "${name}" holds code ${codes[i]} of ${list.length}`);
    out[place + i] = list[codes[i]!]!;
  }
}

type Integers = Exclude<Numbers, Float64Array> | Int8Array;

const isSigned = (values: Numbers | Int8Array): boolean =>
  values instanceof Int8Array || values instanceof Int16Array || values instanceof Int32Array;

const isIntegers = (values: unknown): values is Integers =>
  [Int8Array, Uint8Array, Int16Array, Uint16Array, Int32Array, Uint32Array].some((type) => values instanceof type);

function unitOf({ name, metadata }: Field): number {
  const unit = Number(metadata.get('unit') ?? 1);
  if (!Number.isSafeInteger(unit) || unit < 1) throw new Error(`column "${name}" has the unit ${metadata.get('unit')}`);
  return unit;
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
function fromPairs(values: BigInt64Array, length: number, out: Float64Array, place: number, name: string): void {
  const pairs = new Int32Array(values.buffer, values.byteOffset, 2 * length);
  for (let i = 0, pair = 0; i < length; i++, pair += 2) {
    const value = pairs[pair + 1]! * TWO_32 + (pairs[pair]! >>> 0);
    if (!Number.isSafeInteger(value)) throw new Error(`column "${name}" holds a value beyond 2^53`);
    out[place + i] = value;
  }
}
