// Brings perf's records into the order of time: they come buffer by buffer, and only a finished round says what is complete.
// Source: tools/perf/util/ordered-events.c.
import { stableOrder } from '../base/columns.js';
import { Kind } from './perf-kinds.js';

/** Takes a record of the queue's `time` at bytes [from, to) of a block; `row`: which of the last samples that were read ahead it is. */
export type Deliver = (kind: number, block: Block, from: number, to: number, row: number) => void;

/** Who reads samples ahead, where they are in its memory. */
export interface Ahead {
  readonly memory: Uint8Array;
  /** Begin and end of each in that memory; the begin is 0 for what it is not to read. */
  readonly samples: Uint32Array;
  read(count: number): void;
}

/** Blocks that may wait to be ordered; a recorder that never finishes a round must not fill the memory. */
export const MOST_BLOCKS = 64;

/**
 * A record may be stamped and not yet written while its reader goes by, and rounds may follow each other faster than that takes
 * (up to 66 us were seen, on a machine with more to do than CPUs).
 */
const UNCOMMITTED_NS = 1_000_000;

export interface Block {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Where it is in the memory of the one who reads ahead; -1 elsewhere. */
  readonly address: number;
}

export class PerfQueue {
  readonly #deliver: Deliver;
  readonly #ahead: Ahead | null;
  #times = new Float64Array(1024);
  /** Kind, number of the block, first and last byte of each record. */
  #places = new Uint32Array(4096);
  #length = 0;
  #blocks: Block[] = [];
  #most = MOST_BLOCKS;
  /** Latest time of this round, and of the one before: that is complete when this one is. */
  #latest = Number.NEGATIVE_INFINITY;
  #complete = Number.NEGATIVE_INFINITY;
  #delivered = Number.NEGATIVE_INFINITY;
  /** Of the record that is being delivered. No argument: a number with a fraction that is handed over is allocated. */
  time = Number.NEGATIVE_INFINITY;
  /** Records that came after a later one had to be delivered. */
  late = 0;
  /** Samples that were the one before, to the last byte: perf writes pieces of a buffer twice at times. */
  doubled = 0;
  readonly #isStamped: () => boolean;

  /** `isStamped`: every sample has a time of its own, so that no two of a CPU are the same. */
  constructor(deliver: Deliver, ahead: Ahead | null = null, isStamped: () => boolean = () => false) {
    this.#deliver = deliver;
    this.#ahead = ahead;
    this.#isStamped = isStamped;
  }

  /** Many records of a block at once: their times, and as `places` has them; `latest` is the latest of the times. */
  addMany(rows: number, times: Float64Array, places: Uint32Array, latest: number): void {
    while (this.#length + rows > this.#times.length) this.#grow();
    this.#times.set(times.subarray(0, rows), this.#length);
    this.#places.set(places.subarray(0, 4 * rows), 4 * this.#length);
    this.#length += rows;
    if (latest > this.#latest) this.#latest = latest;
  }

  // hot
  add(time: number, kind: number, bytes: Uint8Array, view: DataView, from: number, to: number): void {
    const block = this.block(bytes, view);
    const row = this.#length++;
    if (row === this.#times.length) this.#grow();
    const at = row * 4;
    this.#times[row] = time;
    this.#places[at] = kind;
    this.#places[at + 1] = block;
    this.#places[at + 2] = from;
    this.#places[at + 3] = to;
    if (time > this.#latest) this.#latest = time;
  }

  round(): void {
    this.reached(this.#latest);
  }

  /**
   * Everything up to `time` has come, but for what the readers of buffers have not met in order: the time before is complete.
   * What has no stamp waits for the first that has one: the folder of `--threads` begins with a file of nothing else.
   */
  reached(time: number): void {
    const limit = Math.min(this.#complete, time - UNCOMMITTED_NS);
    if (limit > Number.NEGATIVE_INFINITY) this.#flush(limit);
    this.#complete = time;
  }

  /** At least so many blocks may wait. */
  allow(blocks: number): void {
    this.#most = Math.max(MOST_BLOCKS, blocks);
  }

  end(): void {
    this.#flush(Number.POSITIVE_INFINITY);
  }

  /** Is any record of the block, or of its beginning, waiting? */
  holds({ buffer, byteOffset }: Uint8Array): boolean {
    return this.#blocks.some(({ bytes }) => bytes.buffer === buffer && bytes.byteOffset === byteOffset);
  }

  /** The number by which places name a block. */
  block(bytes: Uint8Array, view: DataView): number {
    const last = this.#blocks.at(-1);
    if (last?.bytes === bytes) return this.#blocks.length - 1;
    if (this.#blocks.length >= this.#most) this.#flush(this.#middle());
    const address = bytes.buffer === this.#ahead?.memory.buffer ? bytes.byteOffset : -1;
    return this.#blocks.push({ bytes, view, address }) - 1;
  }

  /** A time that about half of what waits is before. */
  #middle(): number {
    const times = this.#times.slice(0, this.#length).sort();
    return times[this.#length >> 1] ?? Number.POSITIVE_INFINITY;
  }

  /** Delivers everything up to `limit` in order of time, equal times as they came. */
  #flush(limit: number): void {
    const times = this.#times;
    const places = this.#places;
    const order = stableOrder(times, this.#length);
    let done = 0;
    while (done < this.#length && times[order === null ? done : order[done]!]! <= limit) done++;
    const most = this.#ahead === null ? done : this.#ahead.samples.length / 2;
    for (let first = 0; first < done; first += most) {
      const end = Math.min(done, first + most);
      if (this.#ahead !== null) this.#read(this.#ahead, order, first, end);
      for (let i = first; i < end; i++) {
        const row = order === null ? i : order[i]!;
        const time = times[row]!;
        const isAgain = time === this.time && i > 0 && this.#isAgain(row, order === null ? i - 1 : order[i - 1]!);
        if (time >= this.#delivered) this.#delivered = time;
        // What is told at the end of the beginning (--tail-synthesize) or of the whole has no time to be late by.
        else if (time > Number.NEGATIVE_INFINITY) this.late++;
        this.time = time;
        const at = row * 4;
        const kind = isAgain ? Kind.again : places[at]!;
        this.#deliver(kind, this.#blocks[places[at + 1]!]!, places[at + 2]!, places[at + 3]!, i - first);
      }
    }
    this.#keep(order, done);
  }

  #isAgain(row: number, before: number): boolean {
    const places = this.#places;
    const [at, old] = [row * 4, before * 4];
    const [from, first] = [places[at + 2]!, places[old + 2]!];
    const length = places[at + 3]! - from;
    if (places[at] !== Kind.sample || places[old] !== Kind.sample || length !== places[old + 3]! - first) return false;
    const { bytes } = this.#blocks[places[at + 1]!]!;
    const { bytes: others } = this.#blocks[places[old + 1]!]!;
    for (let i = 0; i < length; i++) if (bytes[from + i] !== others[first + i]) return false;
    if (!this.#isStamped()) return false;
    this.doubled++;
    return true;
  }

  // hot
  #read({ samples, read }: Ahead, order: Uint32Array | null, first: number, end: number): void {
    const places = this.#places;
    for (let i = first; i < end; i++) {
      const at = 4 * (order === null ? i : order[i]!);
      const { address } = this.#blocks[places[at + 1]!]!;
      const isKnown = places[at] === Kind.sample && address >= 0;
      samples[2 * (i - first)] = isKnown ? address + places[at + 2]! : 0;
      samples[2 * (i - first) + 1] = address + places[at + 3]!;
    }
    read(end - first);
  }

  /** Keeps what was not delivered, and of the blocks those it is in. */
  #keep(order: Uint32Array | null, done: number): void {
    if (done === 0) return;
    const times = this.#times;
    const places = this.#places;
    const count = this.#length;
    const gone = new Uint8Array(count);
    for (let i = 0; i < done; i++) gone[order === null ? i : order[i]!] = 1;
    const blocks: Block[] = [];
    const numbers = new Int32Array(this.#blocks.length).fill(-1);
    let kept = 0;
    for (let row = order === null ? done : 0; row < count; row++) {
      if (gone[row] === 1) continue;
      // Rows only move forward, so nothing is written over before it is read.
      const old = places[row * 4 + 1]!;
      if (numbers[old]! < 0) numbers[old] = blocks.push(this.#blocks[old]!) - 1;
      times[kept] = times[row]!;
      places[kept * 4] = places[row * 4]!;
      places[kept * 4 + 1] = numbers[old]!;
      places[kept * 4 + 2] = places[row * 4 + 2]!;
      places[kept * 4 + 3] = places[row * 4 + 3]!;
      kept++;
    }
    this.#blocks = blocks;
    this.#length = kept;
  }

  #grow(): void {
    const times = new Float64Array(this.#times.length * 2);
    times.set(this.#times);
    const places = new Uint32Array(times.length * 4);
    places.set(this.#places);
    this.#times = times;
    this.#places = places;
  }
}
