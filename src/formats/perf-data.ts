// perf.data of perf record, as a file and as perf record -o - writes it: tracepoint samples through the formats it embeds.
// Sources: tools/perf/Documentation/perf.data-file-format.txt, include/uapi/linux/perf_event.h (PERF_RECORD_*).
import type { Format, TraceSink } from '../model/trace.js';
import { KernelRecords } from './kernel-records.js';
import { ANY_CPU, Losses } from './losses.js';
import { clockName, type PerfAttr, rawAt, TRACEPOINT, u64 } from './perf-attr.js';
import { isPerf, openPerf, type PerfFile } from './perf-file.js';
import { Kind } from './perf-kinds.js';
import { PerfNotes } from './perf-notes.js';
import { tellOrder } from './perf-order.js';
import { type PartsTaker, readPerf } from './perf-parts.js';
import { type Block, PerfQueue } from './perf-queue.js';
import { PerfRows } from './perf-rows.js';
import { randomAccess } from './random-access.js';
import { CPU, HEAD, PID, TID } from './record-kernel-code.js';

export const perfData: Format = {
  name: 'perf-data',
  title: 'perf.data of perf record, file and pipe form, also zstd-compressed (binary)',
  kernelOnly: true,
  binary: true,
  sniff: isPerf,
  async read(input, sink) {
    const file = await randomAccess(input);
    const perf = openPerf(file);
    const { damages } = perf.metadata;
    const session = new Session(perf, sink);
    readPerf(file, perf, session, session.memory);
    session.end();
    for (const { at, message } of damages) sink.issue('damaged-file', 0, `byte ${at}: ${message}`);
    return damages.length === 0;
  },
};

/** perf reads the two clocks one after the other, the wall clock in us; how far apart is not told: an assumption. */
const STATED_ERROR_NS = 100_000;
/** PERF_RECORD_MISC_LOST_SAMPLES_BPF */
const FILTERED = 1 << 15;

/** What a record says of itself outside of its body. */
interface Identity {
  attr: PerfAttr | null;
  cpu: number;
  pid: number;
  tid: number;
}

class Session implements PartsTaker {
  readonly #perf: PerfFile;
  readonly #sink: TraceSink;
  readonly #queue: PerfQueue;
  readonly #little: boolean;
  /** Null where bytes are in the other order. */
  readonly #rows: PerfRows | null;
  readonly #identity: Identity = { attr: null, cpu: 0, pid: -1, tid: -1 };
  /** Made at the first sample: a pipe brings the formats on the way. */
  #records: KernelRecords | null = null;
  #baseHigh = 0;
  #baseLow = 0;
  #based = false;
  #origin: bigint | null = null;
  /** From stamps relative to the first to the sink's times. */
  #shiftNs = 0;
  #nowNs = 0;
  #lastSeen = 0;
  #earliest = Number.POSITIVE_INFINITY;
  /** Lost, as records between the others told, and as was counted in the end. */
  #told = 0;
  #counted = 0;
  readonly #losses: Losses;
  readonly #notes: PerfNotes;

  constructor(perf: PerfFile, sink: TraceSink) {
    this.#perf = perf;
    this.#sink = sink;
    this.#losses = new Losses(sink);
    this.#little = perf.little;
    this.#notes = new PerfNotes(sink.kernel, perf.little, perf.metadata.comms);
    const rows = perf.little ? PerfRows.of() : null;
    this.#rows = rows;
    this.#queue = new PerfQueue(
      (kind, block, from, to, row) => this.#deliver(kind, block, from, to, row),
      rows,
      () => perf.attrs.every(({ sample }) => sample.time > 0),
    );
  }

  /** Where blocks have to be for the kernel to read them. */
  get memory(): readonly Uint8Array[] {
    return this.#rows?.blocks ?? [];
  }

  many(bytes: Uint8Array, view: DataView, from: number): number {
    const rows = this.#rows;
    // Until the first stamp nobody knows from where times count.
    if (rows === null || !this.#based || !rows.isIn(bytes)) return from;
    if (!rows.follows(this.#perf.uniform, this.#baseHigh, this.#baseLow)) return from;
    let at = from;
    for (;;) {
      const listed = rows.list(bytes, at, this.#queue.block(bytes, view), this.#lastSeen);
      if (listed === 0) return at;
      this.#queue.addMany(listed, rows.times, rows.places, rows.latest);
      this.#lastSeen = rows.last;
      if (rows.earliest < this.#earliest) this.#earliest = rows.earliest;
      at = rows.reached - bytes.byteOffset;
    }
  }

  record(kind: number, bytes: Uint8Array, view: DataView, from: number, to: number): void {
    this.#see(kind, view, from, to);
    const time = this.#lastSeen;
    if (time < this.#earliest && time > Number.NEGATIVE_INFINITY) this.#earliest = time;
    this.#queue.add(time, kind, bytes, view, from, to);
  }

  round(): void {
    this.#queue.round();
  }

  get lastSeen(): number {
    return this.#lastSeen;
  }

  get order(): PerfQueue {
    return this.#queue;
  }

  holds(block: Uint8Array): boolean {
    return this.#queue.holds(block);
  }

  end(): void {
    this.#queue.end();
    this.#records?.finish();
    this.#lostAtEnd();
    const { source } = this.#sink;
    const [attr] = this.#perf.attrs;
    source.kernel = this.#perf.metadata.kernel;
    if (this.#perf.ofTasks) source.ofTasks = true;
    source.clock = attr === undefined ? '' : clockName(attr.clock);
    this.#clocks();
    tellOrder(this.#sink, this.#queue);
  }

  #clocks(): void {
    const { clocks } = this.#perf;
    if (clocks === null) return;
    const { clock, ns, wallNs } = clocks;
    const errorNs = STATED_ERROR_NS;
    this.#sink.clockPair?.({ clock: clockName(clock), ns, otherClock: 'realtime', otherNs: wallNs, errorNs });
  }

  /**
   * The record's time, relative to the first stamp, is the one that was seen last, unless it has none. Places count forwards in
   * samples, and backwards from the end of other records.
   */
  // hot
  #see(kind: number, view: DataView, from: number, to: number): void {
    const sample = kind === Kind.sample;
    const attr = this.#perf.uniform ?? this.#attrOf(sample, view, from, to);
    if (attr === null || !(sample || attr.identified)) return;
    const { time } = sample ? attr.sample : attr.trailer;
    const at = sample ? from + time : to - time;
    if (time > 0 && at >= from && at + 8 <= to) this.#lastSeen = this.#relative(view, at);
  }

  // hot
  #identify(kind: number, view: DataView, from: number, to: number): void {
    const identity = this.#identity;
    const sample = kind === Kind.sample;
    const attr = this.#perf.uniform ?? this.#attrOf(sample, view, from, to);
    identity.attr = attr;
    identity.cpu = 0;
    identity.pid = identity.tid = -1;
    if (attr === null || !(sample || attr.identified)) return;
    const { cpu, tid } = sample ? attr.sample : attr.trailer;
    const little = this.#little;
    const cpuAt = sample ? from + cpu : to - cpu;
    const tidAt = sample ? from + tid : to - tid;
    if (cpu > 0 && cpuAt >= from && cpuAt + 8 <= to) identity.cpu = view.getUint16(little ? cpuAt : cpuAt + 2, little);
    if (tid > 0 && tidAt >= from && tidAt + 8 <= to) {
      identity.pid = view.getInt32(tidAt, little);
      identity.tid = view.getInt32(tidAt + 4, little);
    }
  }

  /** By the id in the record, whose place all attributes share; the first where there is none. */
  #attrOf(sample: boolean, view: DataView, from: number, to: number): PerfAttr | null {
    const { attrs, byId } = this.#perf;
    const [first] = attrs;
    if (first === undefined) return null;
    const place = sample ? first.sample.id : first.identified ? first.trailer.id : 0;
    const at = sample ? from + place : to - place;
    if (place === 0 || at < from || at + 8 > to) return first;
    return byId.get(u64(view, at, this.#little)) ?? first;
  }

  /** Exact while stamps are within 104 days. A stamp of 0 is of what was before the recording. */
  #relative(view: DataView, at: number): number {
    const little = this.#little;
    const high = view.getUint32(little ? at + 4 : at, little);
    const low = view.getUint32(little ? at : at + 4, little);
    if (high === 0 && low === 0) return Number.NEGATIVE_INFINITY;
    if (!this.#based) {
      this.#based = true;
      this.#baseHigh = high;
      this.#baseLow = low;
    }
    return (high - this.#baseHigh) * 4294967296 + (low - this.#baseLow);
  }

  // hot
  #deliver(kind: number, { bytes, view }: Block, from: number, to: number, row: number): void {
    const { time } = this.#queue;
    if (this.#origin === null) this.#begin(this.#earliest);
    if (time > Number.NEGATIVE_INFINITY) this.#nowNs = time + this.#shiftNs;
    if (kind === Kind.again) this.#again(view, from, to);
    else if (this.#rows?.isRead(row, this.#perf.uniform) === true) this.#row(this.#rows, row);
    else {
      this.#read(kind, bytes, view, from, to);
      if (kind === Kind.sample && this.#rows?.isIn(bytes) === true) this.#records?.learnRow(this.#rows.rows, row);
    }
  }

  /** A record of the recorder's that says nothing: `perf script` prints, and counts, it as well. */
  #again(view: DataView, from: number, to: number): void {
    this.#identify(Kind.sample, view, from, to);
    this.#generic();
  }

  /** A sample that the kernel has read. */
  // hot
  #row({ rows }: PerfRows, row: number): void {
    const head = row * HEAD;
    const cpu = rows.heads[head + CPU]!;
    const tid = rows.heads[head + TID]!;
    this.#losses.at(cpu, this.#nowNs);
    const records = this.#records!;
    records.timeNs = this.#nowNs;
    records.takeRow(rows, row, cpu, tid, rows.heads[head + PID]!, this.#notes.comm(tid));
  }

  #read(kind: number, bytes: Uint8Array, view: DataView, from: number, to: number): void {
    this.#identify(kind, view, from, to);
    const timeNs = this.#nowNs;
    if (kind === Kind.sample) {
      this.#losses.at(this.#identity.cpu, timeNs);
      this.#sample(bytes, view, from, to);
    } else if (kind === Kind.lost) this.#told += this.#lost(timeNs, view, from + 16, to);
    else if (kind !== Kind.lostSamples) this.#notes.take(kind, timeNs, this.#identity.cpu, bytes, view, from, to);
    else if (this.#queue.time === Number.NEGATIVE_INFINITY) this.#total(view, from, to);
    else this.#lost(timeNs, view, from + 8, to);
  }

  /** The origin is the first stamp, as in text forms; what has no stamp stands there. */
  #begin(earliest: number): void {
    const first = Number.isFinite(earliest) ? earliest : 0;
    const base = BigInt(this.#baseHigh) * 4294967296n + BigInt(this.#baseLow);
    this.#origin = this.#sink.origin(base + BigInt(first));
    this.#shiftNs = Number(base - this.#origin);
    this.#nowNs = first + this.#shiftNs;
  }

  #sample(bytes: Uint8Array, view: DataView, from: number, to: number): void {
    const { attr, cpu, pid, tid } = this.#identity;
    this.#records ??= new KernelRecords(this.#sink, this.#perf.metadata, this.#rows?.kernel ?? null);
    const records = this.#records;
    records.timeNs = this.#nowNs;
    if (attr !== null && attr.type === TRACEPOINT && attr.hasRaw) {
      const raw = rawAt(attr, view, from, to, this.#little);
      const begin = raw + 4;
      const end = raw < 0 ? -1 : begin + view.getUint32(raw, this.#little);
      if (end >= 0 && end <= to && records.tid(view, begin, end) >= 0) {
        records.take(cpu, tid, pid, this.#notes.comm(tid), bytes, view, begin, end);
        return;
      }
    }
    this.#generic();
  }

  /** Nothing of it is used but its count. */
  #generic(): void {
    const { attr, cpu, pid, tid } = this.#identity;
    const records = this.#records!;
    records.timeNs = this.#nowNs;
    records.other(attr === null || attr.name === '' ? 'sample' : attr.name, cpu, tid, pid, this.#notes.comm(tid));
  }

  #lost(timeNs: number, view: DataView, at: number, to: number): number {
    const count = at + 8 <= to ? u64(view, at, this.#little) : 0;
    const { cpu } = this.#identity;
    this.#losses.begin(cpu, count);
    this.#losses.at(cpu, timeNs);
    return count;
  }

  /** What perf record found out at its end (6.1 and later, stamped 0): all that an event lost; what a filter left out is no loss. */
  #total(view: DataView, from: number, to: number): void {
    const isFiltered = (view.getUint16(from + 4, this.#little) & FILTERED) !== 0;
    if (!isFiltered && from + 16 <= to) this.#counted += u64(view, from + 8, this.#little);
  }

  /** The kernel tells of a loss when there is room again: what no record told was lost behind the last one. */
  #lostAtEnd(): void {
    const untold = this.#counted - this.#told;
    if (untold <= 0) return;
    if (this.#origin === null) this.#begin(this.#earliest);
    this.#losses.begin(ANY_CPU, untold);
    this.#losses.finish();
  }
}
