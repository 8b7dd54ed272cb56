// Reads the parts of a binary header in turn. A part that is not there is a Damage with the place where it should be.
import type { RandomAccess } from '../model/trace.js';

/** What is wrong in a binary recording, and where. Thrown and caught within a format. */
export class Damage extends Error {
  readonly at: number;
  constructor(at: number, message: string) {
    super(message);
    this.name = 'Damage';
    this.at = at;
  }
}

/** Longest string a header may hold. */
const LONGEST_TEXT = 4096;
const READ_AHEAD = 1 << 16;
const utf8 = new TextDecoder();

export class ByteCursor {
  at: number;
  readonly little: boolean;
  readonly #source: RandomAccess;
  /** Bytes read ahead: headers are made of many small parts. */
  #ahead: Uint8Array = new Uint8Array(0);
  #aheadAt = 0;

  constructor(source: RandomAccess, at: number, little: boolean) {
    this.#source = source;
    this.at = at;
    this.little = little;
  }

  get left(): number {
    return Math.max(0, this.#source.size - this.at);
  }

  /** The next bytes; `what` names them in the message when they are missing. */
  bytes(length: number, what: string): Uint8Array {
    if (length > this.left) throw new Damage(this.at, `expected ${what} (${length} bytes), found ${this.left} bytes`);
    const bytes = this.#peek(length).subarray(0, length);
    if (bytes.length < length)
      throw new Damage(this.at, `expected ${what} (${length} bytes), found ${bytes.length} bytes`);
    this.at += length;
    return bytes;
  }

  u8(what: string): number {
    return this.bytes(1, what)[0]!;
  }

  u16(what: string): number {
    return viewOf(this.bytes(2, what)).getUint16(0, this.little);
  }

  u32(what: string): number {
    return viewOf(this.bytes(4, what)).getUint32(0, this.little);
  }

  big(what: string): bigint {
    return viewOf(this.bytes(8, what)).getBigUint64(0, this.little);
  }

  /** A size or place in the file. */
  u64(what: string): number {
    return Number(this.big(what));
  }

  /** Up to the next NUL, which is skipped. */
  text(what: string): string {
    const bytes = this.#peek(Math.min(this.left, LONGEST_TEXT));
    const end = bytes.indexOf(0);
    if (end < 0) throw new Damage(this.at, `expected ${what}, found no end of it within ${bytes.length} bytes`);
    this.at += end + 1;
    return utf8.decode(bytes.subarray(0, end));
  }

  /** At least `length` bytes from here on, fewer where the input ends. */
  #peek(length: number): Uint8Array {
    const from = this.at - this.#aheadAt;
    if (from >= 0 && from + length <= this.#ahead.length) return this.#ahead.subarray(from);
    this.#ahead = this.#source.read(this.at, Math.max(length, READ_AHEAD));
    this.#aheadAt = this.at;
    return this.#ahead;
  }
}

/** A view of exactly these bytes. */
export const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export const inMemory = (bytes: Uint8Array): RandomAccess => ({
  size: bytes.length,
  read: (offset, length) => bytes.subarray(Math.min(offset, bytes.length), Math.min(offset + length, bytes.length)),
});
