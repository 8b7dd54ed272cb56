// The other end of the wire: takes blocks and calls the sink as the format would have called it.

import type { TraceSink } from '../model/trace.js';
import { NONE } from '../model/units.js';
import { Call, type Told, type WireEvent, wireEvents } from './wire.js';

/** A record belongs to an operation that was taken not long before. */
const REMEMBERED = 1 << 16;

export class WireReader {
  readonly #sink: TraceSink;
  readonly #events: readonly WireEvent[];
  readonly #reads: readonly boolean[];
  readonly #words: number[] = [];
  readonly #kinds: number[] = [];
  readonly #actors: { readonly tid: number; readonly pid: number; readonly comm: number }[] = [];
  /** Operations of the last takes. */
  readonly #ops = new Uint32Array(REMEMBERED);
  #taken = 0;

  constructor(sink: TraceSink, reads: readonly boolean[]) {
    this.#sink = sink;
    this.#events = wireEvents(sink.kernel.catalogue);
    this.#reads = reads;
  }

  // hot
  take(block: Float64Array, numbers: number, told: readonly Told[]): void {
    let next = 0;
    for (let at = 0; at < numbers; )
      switch (block[at++]) {
        case Call.take:
          at = this.#kernelRecord(block, at);
          break;
        case Call.record:
          at = this.#record(block, at);
          break;
        case Call.state:
          at = this.#head(block, at);
          break;
        case Call.lost:
          this.#sink.kernel.lost(block[at++]!);
          break;
        default:
          this.#told(told[next++]!);
      }
  }

  // hot
  #kernelRecord(block: Float64Array, from: number): number {
    const { kernel } = this.#sink;
    const { record } = kernel;
    const event = block[from]!;
    record.event = event;
    let at = this.#head(block, from + 1);
    const { width, words } = this.#events[event]!;
    const { v, arrays } = record;
    if (this.#reads[event] !== false) {
      for (let i = 0; i < width; i++) v[i] = block[at++]!;
      for (let i = width; i < v.length; i++) v[i] = Number.NaN;
      for (let i = 0; i < words.length; i++) {
        const place = words[i]!;
        // NaN where there is none.
        const word = this.#words[v[place]!];
        if (word !== undefined) v[place] = word;
      }
    }
    arrays.length = 0;
    for (let left = block[at++]!; left > 0; left--) {
      const count = block[at++]!;
      arrays.push(Array.from(block.subarray(at, at + count)));
      at += count;
    }
    this.#taken++;
    this.#ops[this.#taken % REMEMBERED] = kernel.take();
    return at;
  }

  // hot
  #head(block: Float64Array, at: number): number {
    const { record } = this.#sink.kernel;
    record.timeNs = block[at]!;
    record.cpu = block[at + 1]!;
    record.tid = block[at + 2]!;
    record.pid = block[at + 3]!;
    record.comm = this.#words[block[at + 4]!] ?? 0;
    record.row = block[at + 5]!;
    return at + 6;
  }

  // hot
  #record(block: Float64Array, from: number): number {
    let at = from;
    const { kernel, records } = this.#sink;
    records.timeNs = block[at++]!;
    records.kind = this.#kinds[block[at++]!]!;
    const actor = this.#actors[block[at++]!];
    records.task = actor === undefined ? NONE : kernel.task(actor.tid, actor.pid, actor.comm);
    records.cpu = block[at++]!;
    records.row = block[at++]!;
    const take = block[at++]!;
    if (take > 0 && this.#taken - take >= REMEMBERED)
      throw new Error(`record ${records.row} is of a take ${this.#taken - take} takes ago`);
    records.opId = take === 0 ? 0 : this.#ops[take % REMEMBERED]!;
    records.commit();
    return at;
  }

  #told(told: Told): void {
    const sink = this.#sink;
    switch (told.what) {
      case 'kind':
        this.#kinds.push(sink.records.kindId(told.name, told.typed));
        break;
      case 'actor':
        this.#actors.push({ tid: told.tid, pid: told.pid, comm: this.#words[told.comm]! });
        break;
      case 'word':
        this.#words.push(sink.kernel.words.bytes(told.bytes, 0, told.bytes.length));
        break;
      case 'origin':
        sink.origin(told.absoluteNs);
        break;
      case 'loss':
        sink.lost(told.loss);
        break;
      case 'clocks':
        sink.clockPair?.(told.pair);
        break;
      case 'issue':
        sink.issue(told.code, told.row, told.text);
        break;
      case 'unplaced':
        sink.unplaced(told.cause, told.count);
        break;
    }
  }
}
