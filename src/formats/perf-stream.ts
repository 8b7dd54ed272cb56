// The records of a perf.data one after the other, packed ones unpacked, with what is no record of the run taken out.
// Source: tools/perf/Documentation/perf.data-file-format.txt; tools/perf/util/session.c for the order of packed pieces.
import { ByteCursor, Damage, inMemory, viewOf } from '../base/byte-cursor.js';
import { joined } from '../base/joined.js';
import { ZstdBlocks } from '../base/zstd-blocks.js';
import type { RandomAccess } from '../model/trace.js';
import { readTracingData } from './kernel-metadata.js';
import { addAttr, type PerfFile, readFeature } from './perf-file.js';
import { Kind } from './perf-kinds.js';

/** Gets every record of the run: bytes [from, to) of a block that stays as it is. */
export interface PerfTaker {
  record(kind: number, bytes: Uint8Array, view: DataView, from: number, to: number): void;
  /** Takes as many records from `from` on as it can at once; where the first one begins that it did not take. */
  many?(bytes: Uint8Array, view: DataView, from: number): number;
  round(): void;
  /** Is there a record in the block that it still needs? */
  holds(block: Uint8Array): boolean;
}

/** `memory`: for blocks, where somebody wants them in memory of his own; `piece`: bytes that are read at once; `range`: where the records are, if not where the header says. */
interface Where {
  readonly memory?: readonly Uint8Array[];
  readonly piece?: number;
  readonly range?: Pick<PerfFile, 'dataAt' | 'dataEnd'>;
}

export const PERF_BLOCK = 1 << 20;
const MOST_KEPT = 16;
const HEADER = 8;
/** Bytes that one packed record may stand for. */
const MOST_UNPACKED = 2 ** 26;
/** Unpacked bytes of one thread that are taken as one block. */
const ENOUGH = PERF_BLOCK / 2;
/** Records have 16-bit sizes. */
const LARGEST = 65536;
/** Smallest piece of an attribute that is read from a record. */
const ATTR_SIZE_AT = 4;

export class PerfStream {
  readonly #file: RandomAccess;
  readonly #perf: PerfFile;
  readonly #taker: PerfTaker;
  #zstd: ZstdBlocks | null = null;
  /** The beginning of a record whose end comes with the next packed piece. */
  #rest: Uint8Array = new Uint8Array(0);
  /** What was unpacked since, and where the last of it stands. */
  #unpacked: Uint8Array[] = [];
  #unpackedLength = 0;
  #unpackedAt = 0;
  /** Memory of blocks that were read. */
  readonly #memory: Uint8Array[];
  readonly #isOwn: boolean;
  /** Place in the file behind the last record, for data that follow it outside of records. */
  #behind = 0;
  /** Where the next piece begins, and where the last one ends. */
  #at: number;
  readonly #end: number;
  readonly #piece: number;
  /** A file of one thread, beside others. */
  readonly #isPart: boolean;
  /** The piece whose records are taken now. */
  #reading: Uint8Array = new Uint8Array(0);

  constructor(file: RandomAccess, perf: PerfFile, taker: PerfTaker, where: Where = {}) {
    const { memory = [], piece = PERF_BLOCK, range = perf } = where;
    this.#file = file;
    this.#perf = perf;
    this.#taker = taker;
    this.#memory = [...memory];
    this.#isOwn = memory.length === 0;
    this.#piece = piece;
    this.#isPart = range !== perf;
    this.#at = range.dataAt;
    this.#end = Math.min(range.dataEnd, file.size);
  }

  /** Throws a Damage where the records cannot be followed any further. */
  run(): void {
    while (this.step());
  }

  /** Takes the records of one piece; false at the end. Throws as `run`. */
  step(): boolean {
    const left = this.#end - this.#at;
    if (left > 0) {
      const length = Math.min(this.#piece, left);
      const isShort = length < PERF_BLOCK && this.#isOwn;
      const bytes = this.#file.read(this.#at, length, isShort ? undefined : this.#room(length));
      this.#reading = bytes;
      let used = 0;
      try {
        used = this.#block(bytes, this.#at, bytes.length >= left);
        this.#at = Math.max(this.#at + used, this.#behind);
      } finally {
        // Also before damage.
        this.#takeUnpacked();
      }
      if (used > 0) return true;
    }
    if (this.#rest.length > 0) throw new Damage(this.#end, 'expected more packed records, found the end of the file');
    return false;
  }

  /** Memory for a block, in which no record is that is still needed, and no packed one that is to come. */
  #room(length: number): Uint8Array {
    const { buffer, byteOffset } = this.#reading;
    const free = this.#memory.find(
      (memory) =>
        memory.length >= length &&
        !(memory.buffer === buffer && memory.byteOffset === byteOffset) &&
        !this.#taker.holds(memory),
    );
    if (free !== undefined) return free;
    const memory = new Uint8Array(Math.max(length, this.#piece));
    if (this.#memory.length < MOST_KEPT) this.#memory.push(memory);
    return memory;
  }

  /** Takes the whole records of a block that stands at `base` in the file; returns the bytes used. */
  #block(bytes: Uint8Array, base: number, last: boolean): number {
    const view = viewOf(bytes);
    const { little } = this.#perf;
    let at = 0;
    while (at + HEADER <= bytes.length) {
      at = this.#taker.many?.(bytes, view, at) ?? at;
      if (at + HEADER > bytes.length) break;
      const size = view.getUint16(at + 6, little);
      if (size < HEADER) throw new Damage(base + at, `expected a record of ${HEADER} bytes or more, found ${size}`);
      if (at + size > bytes.length) break;
      const kind = view.getUint32(at, little);
      this.#behind = 0;
      this.#dispatch(kind, bytes, view, at, at + size, base);
      at += size;
      if (this.#behind > 0) return at;
    }
    if (last && at < bytes.length)
      throw new Damage(base + at, `expected a whole record, found the last ${bytes.length - at} bytes of the records`);
    return at;
  }

  #dispatch(kind: number, bytes: Uint8Array, view: DataView, from: number, to: number, base: number): void {
    if (kind < Kind.attr) this.#taker.record(kind, bytes, view, from, to);
    else if (kind === Kind.finishedRound) this.#taker.round();
    else this.#own(kind, bytes, from, to, base);
  }

  /** Records that perf itself writes. */
  #own(kind: number, bytes: Uint8Array, from: number, to: number, base: number): void {
    const c = new ByteCursor(inMemory(bytes.subarray(from + HEADER, to)), 0, this.#perf.little);
    if (kind === Kind.compressed) this.#unpack(c.bytes(c.left, 'packed records'), base + from);
    else if (kind === Kind.compressed2)
      this.#unpack(c.bytes(Math.min(c.u64('the size of packed records'), c.left), 'packed records'), base + from);
    else if (kind === Kind.attr) this.#attr(c);
    else if (kind === Kind.feature) this.#guarded(() => readFeature(this.#perf, c.u64('a feature'), c, c.left));
    else if (kind === Kind.tracingData) this.#tracingData(c.u32('the size of the tracing data'), base + to);
    else if (kind === Kind.auxtrace) this.#behind = base + to + c.u64('the size of the trace');
  }

  /** In the memory that somebody wants it in. */
  #placed(bytes: Uint8Array): Uint8Array {
    if (this.#isOwn || bytes.length > PERF_BLOCK) return bytes;
    const memory = this.#room(bytes.length);
    memory.set(bytes);
    return memory.subarray(0, bytes.length);
  }

  #attr(c: ByteCursor): void {
    const size = viewOf(c.bytes(8, 'an attribute')).getUint32(ATTR_SIZE_AT, this.#perf.little);
    c.at = 0;
    const bytes = c.bytes(size, 'an attribute');
    addAttr(this.#perf, bytes, c.bytes(c.left, 'the ids of an attribute'));
  }

  /** It follows its record, in whole words. */
  #tracingData(size: number, at: number): void {
    this.#behind = at + size + (-size & 7);
    this.#guarded(() => readTracingData(this.#perf.metadata, new ByteCursor(this.#file, at, this.#perf.little)));
  }

  #guarded(part: () => void): void {
    try {
      part();
    } catch (error) {
      if (!(error instanceof Damage)) throw error;
      this.#perf.metadata.damages.push(error);
    }
  }

  #unpack(packed: Uint8Array, at: number): void {
    this.#zstd ??= new ZstdBlocks(MOST_UNPACKED);
    let bytes: Uint8Array;
    try {
      bytes = this.#zstd.push(packed);
    } catch (error) {
      throw new Damage(at, `expected zstd data, found ${error instanceof Error ? error.message : error}`);
    }
    this.#unpacked.push(bytes);
    this.#unpackedLength += bytes.length;
    this.#unpackedAt = at;
    // One thread's records come in pieces of a few samples: each for itself, they would be more blocks than may wait.
    if (!this.#isPart || this.#unpackedLength >= ENOUGH) this.#takeUnpacked();
  }

  #takeUnpacked(): void {
    if (this.#unpacked.length === 0) return;
    const parts = this.#rest.length === 0 ? this.#unpacked : [this.#rest, ...this.#unpacked];
    const whole = parts.length === 1 ? parts[0]! : joined(parts);
    const at = this.#unpackedAt;
    this.#unpacked = [];
    this.#unpackedLength = 0;
    const used = this.#block(this.#placed(whole), at, false);
    this.#rest = whole.subarray(used);
    if (this.#rest.length > LARGEST) throw new Damage(at, 'expected packed records, found none in 64 KiB');
  }
}
