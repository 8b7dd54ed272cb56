// perf's records read by the kernel (record-kernel.ts): listed as they come, and samples read when they are delivered.
import { type PerfAttr, TRACEPOINT } from './perf-attr.js';
import { type Ahead, MOST_BLOCKS } from './perf-queue.js';
import { PERF_BLOCK } from './perf-stream.js';
import { RecordKernel, type Rows } from './record-kernel.js';
import { HEAD, HOW, UNREAD } from './record-kernel-code.js';

/** Those that may wait, and those that are being filled. */
const BLOCKS = MOST_BLOCKS + 2;

export class PerfRows implements Ahead {
  readonly kernel: RecordKernel;
  readonly rows: Rows;
  readonly blocks: readonly Uint8Array[];
  /** Of records that were listed. */
  readonly times: Float64Array;
  readonly places: Uint32Array;
  /** Samples that are to be read. */
  readonly samples: Uint32Array;
  /** Whose records it reads. */
  #attr: PerfAttr | null = null;
  /** They are tracepoint samples with nothing of a size of its own before the raw record. */
  #isPlain = false;

  static of(): PerfRows | null {
    const bytes = BLOCKS * RecordKernel.inputBytes(PERF_BLOCK) + RecordKernel.rowsBytes + RecordKernel.listBytes;
    const kernel = RecordKernel.of(bytes);
    return kernel === null ? null : new PerfRows(kernel);
  }

  private constructor(kernel: RecordKernel) {
    this.kernel = kernel;
    this.rows = kernel.rows();
    const { times, places, samples } = kernel.lists();
    this.times = times;
    this.places = places;
    this.samples = samples;
    this.blocks = Array.from({ length: BLOCKS }, () => kernel.input(PERF_BLOCK));
    this.rows.heads.fill(UNREAD);
  }

  get memory(): Uint8Array {
    return this.kernel.bytes;
  }

  isIn(bytes: Uint8Array): boolean {
    return this.kernel.holds(bytes);
  }

  /** All records are of this attribute, and times count from this stamp; false where there is none for all. */
  follows(attr: PerfAttr | null, baseHigh: number, baseLow: number): boolean {
    if (attr === null) return false;
    if (attr === this.#attr) return true;
    this.#attr = attr;
    this.#isPlain = attr.type === TRACEPOINT && attr.hasRaw && !attr.hasRead && !attr.hasCallchain;
    const { sample, trailer, variableAt, identified } = attr;
    this.kernel.run.setLayout(sample.time, sample.tid, sample.cpu, variableAt, identified ? trailer.time : 0);
    this.kernel.run.setBase(baseHigh, baseLow);
    return true;
  }

  /** Lists records of a block, from `from` on: how many, 0 where the first has to be looked at. */
  list(bytes: Uint8Array, from: number, block: number, lastNs: number): number {
    const { byteOffset, length } = bytes;
    const { times, places } = this;
    return this.kernel.run.listRecords(
      byteOffset + from,
      byteOffset + length,
      byteOffset,
      block,
      times.byteOffset,
      places.byteOffset,
      times.length,
      lastNs,
    );
  }

  /** Where the first record is that was not listed; first and last time, and that of the last record. */
  get reached(): number {
    return this.kernel.reached;
  }

  get earliest(): number {
    return this.kernel.earliest;
  }

  get latest(): number {
    return this.kernel.latest;
  }

  get last(): number {
    return this.kernel.now;
  }

  readonly read = (count: number): void => {
    const { rows, samples } = this;
    if (this.#isPlain) this.kernel.run.readSamples(rows.address, samples.byteOffset, count);
  };

  /** Was it read, as a record of this attribute? */
  // hot
  isRead(row: number, attr: PerfAttr | null): boolean {
    return this.#isPlain && attr === this.#attr && this.rows.heads[row * HEAD + HOW] !== UNREAD;
  }
}
