// The values of a Parquet page in their order, some at a time, so that a page of a million rows is in memory as its bytes only
// (parquet-format, Encodings). Loaded with the library, when a Parquet file is read.
import type { ColumnMetaData, SchemaElement } from 'hyparquet';
import { deltaBinaryUnpack, deltaByteArray } from 'hyparquet/src/delta.js';
import { byteStreamSplit, readRleBitPackedHybrid } from 'hyparquet/src/encoding.js';
import { readPlain } from 'hyparquet/src/plain.js';
import { readVarInt } from 'hyparquet/src/thrift.js';

export type Values = ArrayLike<unknown>;

/** Where in some bytes one is. */
export interface At {
  readonly view: DataView;
  offset: number;
}

export interface ValueReader {
  /** The next ones; the caller knows how many there are. */
  take(count: number): Values;
}

/** What the values of a page are, besides its bytes. */
export interface PageKind {
  readonly type: ColumnMetaData['type'];
  readonly element: SchemaElement;
  readonly dictionary: Values | undefined;
  /** From the numbers and bytes that are stored to what they mean; those of a dictionary are led there already. */
  convert(values: Values): Values;
}

/** Reader of the `count` values that are stored at `from`. */
export function valuesOf(encoding: string, from: At, count: number, kind: PageKind): ValueReader {
  const { type, element, dictionary, convert } = kind;
  // Nulls alone: there is nothing behind the levels.
  if (count === 0) return new Decoded([], convert);
  switch (encoding) {
    case 'PLAIN':
      // Bits of booleans cannot be read from the middle of a byte.
      if (type === 'BOOLEAN') return new Decoded(readPlain(from, type, count, undefined), convert);
      return { take: (some) => convert(readPlain(from, type, some, element.type_length)) };
    case 'PLAIN_DICTIONARY':
    case 'RLE_DICTIONARY':
      if (dictionary === undefined) throw new Error('a page comes before the dictionary it uses');
      return new LookedUp(dictionary, from);
    case 'DELTA_LENGTH_BYTE_ARRAY':
      return new Lengthy(from, count, convert);
    default:
      return new Decoded(decoded(encoding, from, count, type, element.type_length), convert);
  }
}

/** Encodings that are decoded as a whole: what comes out is no larger than the page, or the page is hardly ever large. */
function decoded(
  encoding: string,
  from: At,
  count: number,
  type: PageKind['type'],
  typeLength: number | undefined,
): Values {
  if (encoding === 'RLE' && type === 'BOOLEAN') {
    const bits = new Array<number>(count);
    readRleBitPackedHybrid(from, 1, bits);
    return bits.map((bit) => bit === 1);
  }
  if (encoding === 'DELTA_BINARY_PACKED') {
    const out = type === 'INT32' ? new Int32Array(count) : new BigInt64Array(count);
    deltaBinaryUnpack(from, count, out);
    return out;
  }
  if (encoding === 'DELTA_BYTE_ARRAY') {
    const out = new Array<Uint8Array>(count);
    deltaByteArray(from, count, out);
    return out;
  }
  if (encoding === 'BYTE_STREAM_SPLIT') return byteStreamSplit(from, count, type, typeLength);
  throw new Error(`an encoding that is not known: ${encoding ?? 'none'}`);
}

class Decoded implements ValueReader {
  readonly #all: Values;
  readonly #convert: PageKind['convert'];
  #next = 0;

  constructor(all: Values, convert: PageKind['convert']) {
    this.#all = all;
    this.#convert = convert;
  }

  take(count: number): Values {
    const all = this.#all;
    const from = this.#next;
    this.#next += count;
    return this.#convert(
      Array.isArray(all) ? all.slice(from, this.#next) : (all as Int32Array).subarray(from, this.#next),
    );
  }
}

/** The lengths of all texts, then the texts. */
class Lengthy implements ValueReader {
  readonly #lengths: Int32Array;
  readonly #from: At;
  readonly #convert: PageKind['convert'];
  #next = 0;

  constructor(from: At, count: number, convert: PageKind['convert']) {
    this.#lengths = new Int32Array(count);
    deltaBinaryUnpack(from, count, this.#lengths);
    this.#from = from;
    this.#convert = convert;
  }

  take(count: number): Values {
    const from = this.#from;
    const texts = Array.from(this.#lengths.subarray(this.#next, this.#next + count), (length) => {
      const text = new Uint8Array(from.view.buffer, from.view.byteOffset + from.offset, length);
      from.offset += length;
      return text;
    });
    this.#next += count;
    return this.#convert(texts);
  }
}

class LookedUp implements ValueReader {
  readonly #dictionary: Values;
  readonly #places: Runs;
  #room = new Uint32Array(0);

  constructor(dictionary: Values, from: At) {
    this.#dictionary = dictionary;
    const width = from.view.byteLength > from.offset ? from.view.getUint8(from.offset) : 0;
    this.#places = new Runs({ view: from.view, offset: from.offset + 1 }, from.view.byteLength, width);
  }

  take(count: number): Values {
    if (this.#room.length < count) this.#room = new Uint32Array(count);
    this.#places.take(count, this.#room);
    return Array.from(this.#room.subarray(0, count), (place) => this.#dictionary[place]);
  }
}

/** Numbers of few bits: runs of one number, and runs that are packed. Numbers of no bits are all 0 and take no room. */
export class Runs {
  readonly #from: At;
  readonly #bytes: Uint8Array;
  readonly #end: number;
  readonly #width: number;
  /** Of the run, how many are left; what they are, or from which bit on they are packed. */
  #left = 0;
  #isPacked = false;
  #value = 0;
  #bit = 0;

  /** Up to `end`. */
  constructor(from: At, end: number, width: number) {
    if (width > 32) throw new Error(`numbers of ${width} bits, more than 32`);
    this.#from = from;
    this.#bytes = new Uint8Array(from.view.buffer, from.view.byteOffset, end);
    this.#end = end;
    this.#width = width;
    if (width === 0) this.#left = Number.POSITIVE_INFINITY;
  }

  take(count: number, out: Uint32Array): void {
    for (let done = 0; done < count; ) {
      if (this.#left === 0) this.#run();
      const some = Math.min(count - done, this.#left);
      if (this.#isPacked) this.#unpack(out, done, some);
      else out.fill(this.#value, done, done + some);
      this.#left -= some;
      done += some;
    }
  }

  /** How many of the next ones are 1. */
  ones(count: number): number {
    const room = new Uint32Array(Math.min(count, 4096));
    let ones = 0;
    for (let done = 0; done < count; ) {
      const some = Math.min(count - done, this.#left > 0 && !this.#isPacked ? this.#left : room.length);
      if (this.#left > 0 && !this.#isPacked) {
        this.#left -= some;
        ones += this.#value === 1 ? some : 0;
      } else {
        this.take(some, room);
        for (let i = 0; i < some; i++) ones += room[i] === 1 ? 1 : 0;
      }
      done += some;
    }
    return ones;
  }

  #run(): void {
    const from = this.#from;
    const width = this.#width;
    do {
      if (from.offset >= this.#end) throw new Error('its numbers end early');
      const header = readVarInt(from);
      this.#isPacked = (header & 1) === 1;
      const bytes = this.#isPacked ? (header >>> 1) * width : (width + 7) >> 3;
      this.#bit = from.offset * 8;
      // The padding of the last run may be missing.
      const held = Math.floor(((this.#end - from.offset) * 8) / width);
      this.#left = this.#isPacked ? Math.min((header >>> 1) * 8, held) : header >>> 1;
      if (!this.#isPacked) this.#value = this.#at(from.offset, 0) & mask(8 * bytes);
      from.offset += bytes;
    } while (this.#left === 0);
  }

  // hot
  #unpack(out: Uint32Array, at: number, count: number): void {
    const width = this.#width;
    const bits = mask(width);
    let bit = this.#bit;
    for (let i = at; i < at + count; i++, bit += width) out[i] = this.#at(Math.floor(bit / 8), bit % 8) & bits;
    this.#bit = bit;
  }

  /** 32 bits from there on. */
  // hot
  #at(byte: number, shift: number): number {
    const bytes = this.#bytes;
    const low =
      (bytes[byte] ?? 0) |
      ((bytes[byte + 1] ?? 0) << 8) |
      ((bytes[byte + 2] ?? 0) << 16) |
      ((bytes[byte + 3] ?? 0) << 24);
    return shift === 0 ? low : (low >>> shift) | ((bytes[byte + 4] ?? 0) << (32 - shift));
  }
}

const mask = (bits: number): number => (bits >= 32 ? -1 : (1 << bits) - 1);
