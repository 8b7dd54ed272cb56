// trace.dat of trace-cmd, versions 6 and 7: the ring-buffer pages of every CPU and instance, merged in time.
// Sources: trace-cmd.dat.v6(5), trace-cmd.dat.v7(5); the order of equal times is that of trace-cmd report.
import { Damage } from '../base/byte-cursor.js';
import type { Format, RandomAccess, TraceSink } from '../model/trace.js';
import { MAGIC } from './kernel-metadata.js';
import { KernelRecords } from './kernel-records.js';
import { Losses } from './losses.js';
import { randomAccess } from './random-access.js';
import { RecordKernel } from './record-kernel.js';
import { HEAD, TID } from './record-kernel-code.js';
import { CpuPages } from './ring-buffer.js';
import { COUNTS, clockOf, TICKS, type TraceDat } from './trace-dat-file.js';
import { openTraceDat } from './trace-dat-open.js';
import { kernelBytes, pagesOf } from './trace-dat-pages.js';

export const traceDat: Format = {
  name: 'trace-dat',
  title: 'trace.dat of trace-cmd, versions 6 and 7 (binary)',
  kernelOnly: true,
  binary: true,
  sniff: (head) => [...MAGIC].every((char, i) => head[i] === char.charCodeAt(0)),
  advice: (head) =>
    arePages(head)
      ? 'it looks like pages of trace_pipe_raw, which do not say what events they hold; give what "trace-cmd record -o FILE" keeps, or the text of trace_pipe'
      : '',
  async read(input, sink) {
    const file = await randomAccess(input);
    const dat = openTraceDat(file);
    new Merger(file, dat, sink).run();
    for (const { at, message } of dat.damages) sink.issue('damaged-file', 0, `byte ${at}: ${message}`);
    return dat.damages.length === 0;
  },
};

const PAGE = 4096;
/** Of struct buffer_data_page (kernel/trace/ring_buffer.c): time and how much of it is filled. */
const PAGE_HEAD = 16;
/** Above it stands what was lost. */
const FILLED = 0xfffff;

/** Pages of a kernel's ring buffer, one after the other, of this machine's byte order: each is stamped no earlier than the one before. */
function arePages(head: Uint8Array): boolean {
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  let before = 1n;
  for (let at = 0; at + PAGE_HEAD <= head.length; at += PAGE) {
    const timeNs = view.getBigUint64(at, true);
    const filled = Number(view.getBigUint64(at + 8, true) & BigInt(FILLED));
    if (timeNs < before || timeNs >> 62n !== 0n || filled === 0 || filled > PAGE - PAGE_HEAD) return false;
    before = timeNs;
  }
  return head.length >= PAGE;
}

/** The records of one CPU of one instance. */
interface Stream {
  readonly pages: CpuPages;
  /** Place among all of them: a CPU has a buffer in every instance. */
  readonly number: number;
  /** What a place in them counts, where it is not the file. */
  readonly packed: string;
  /** Records that the kernel counted as dropped, at ends of pages. */
  readonly dropped: number;
}

/** With room for the pages of all CPUs; none where bytes are in the other order. */
function kernelFor({ little, buffers }: TraceDat): RecordKernel | null {
  if (!little) return null;
  const bytes = buffers.flatMap((buffer) =>
    buffer.cpus.map((data) => CpuPages.kernelBytes(buffer.pageSize) + kernelBytes(buffer, data)),
  );
  return RecordKernel.of(bytes.reduce((sum, one) => sum + one, 0));
}

class Merger {
  readonly #dat: TraceDat;
  readonly #sink: TraceSink;
  readonly #records: KernelRecords;
  readonly #losses: Losses;
  readonly #streams: Stream[];
  /** Time zero of the pages, in the recorder's units. */
  #base: bigint | null = null;
  /** From the pages' time to the sink's. */
  #shiftNs = 0;
  readonly #comms = new Map<number, number>();

  constructor(file: RandomAccess, dat: TraceDat, sink: TraceSink) {
    this.#dat = dat;
    this.#sink = sink;
    this.#losses = new Losses(sink, (stream) => this.#streams[stream]!.pages.cpu);
    const kernel = kernelFor(dat);
    this.#records = new KernelRecords(sink, dat, kernel);
    let count = 0;
    this.#streams = dat.buffers.flatMap((buffer) =>
      buffer.cpus.map((data) => {
        const source = pagesOf(file, buffer, data, dat.little, (damage) => dat.damages.push(damage), kernel);
        const start = buffer.codec === null ? data.offset : 0;
        const base = (first: bigint): bigint => {
          this.#base ??= first;
          return this.#base;
        };
        const pages = new CpuPages(data.cpu, source, start, dat.page, buffer.pageSize, dat.little, base, kernel);
        const dropped = dat.statistics.get(`${buffer.name}/${data.cpu}`)?.dropped ?? 0;
        pages.drops = dropped > 0;
        return { pages, number: count++, packed: buffer.codec === null ? '' : ', counted as they unpack', dropped };
      }),
    );
  }

  run(): void {
    this.#describe();
    const live = this.#streams.filter(({ pages }) => pages.next());
    this.#begin(live);
    while (live.length > 0) this.#runOfOne(live);
    this.#end();
  }

  /** Delivers records of the stream that is first in time, until another one is. Equal times go by the order of the CPUs. */
  // hot
  #runOfOne(live: Stream[]): void {
    let first = 0;
    let limit = Number.POSITIVE_INFINITY;
    let earlier = true;
    for (let i = 1; i < live.length; i++) {
      const time = live[i]!.pages.time;
      if (time < live[first]!.pages.time) {
        limit = live[first]!.pages.time;
        earlier = false;
        first = i;
      } else if (time < limit) {
        limit = time;
        earlier = true;
      }
    }
    const stream = live[first]!;
    const { pages } = stream;
    do {
      if (!this.#deliverRows(stream, limit)) this.#deliver(stream);
      if (!pages.next()) {
        live.splice(first, 1);
        return;
      }
    } while (pages.time < limit || (earlier && pages.time === limit));
  }

  /** Delivers rows of the thread at hand that are before the limit; false where the next record is none. */
  // hot
  #deliverRows({ pages, number }: Stream, limit: number): boolean {
    const { row, rows, ahead, cpu } = pages;
    if (row < 0 || this.#tid < 0 || this.#dat.cycles !== null || pages.lost >= 0 || this.#losses.any) return false;
    const records = this.#records;
    const count = records.takeRows(rows!, row, ahead, limit, this.#shiftNs, cpu, this.#tid, this.#pid, this.#comm);
    if (count === 0) return false;
    this.#losses.at(number, records.timeNs);
    pages.skip(count - 1);
    return true;
  }

  #deliver({ pages, number, dropped }: Stream): void {
    const timeNs = this.#dat.cycles === null ? pages.time + this.#shiftNs : this.#converted(pages.time);
    if (pages.lost === 0 && dropped > 0) this.#losses.some(number);
    else if (pages.lost >= 0) this.#losses.begin(number, pages.lost);
    this.#losses.at(number, timeNs);
    const records = this.#records;
    records.timeNs = timeNs;
    const { row, rows } = pages;
    if (row >= 0) {
      const tid = rows!.heads[row * HEAD + TID]!;
      if (tid !== this.#tid) this.#switch(tid);
      if (tid >= 0 && records.takeRow(rows!, row, pages.cpu, tid, this.#pid, this.#comm)) return;
      pages.locate();
    }
    this.#read(pages);
    if (row >= 0) records.learnRow(rows!, row);
  }

  /** Delivers a record that no kernel has read. */
  #read({ cpu, bytes, view, from, to }: CpuPages): void {
    const records = this.#records;
    const tid = records.tid(view, from, to);
    if (tid !== this.#tid) this.#switch(tid);
    if (tid < 0) records.other('(short record)', cpu, 0, -1, this.#commOf(0));
    else records.take(cpu, tid, this.#pid, this.#comm, bytes, view, from, to);
  }

  /** The thread at hand, its process and its name. */
  #tid = Number.NaN;
  #pid = -1;
  #comm = 0;

  #switch(tid: number): void {
    this.#tid = tid;
    if (tid < 0) return;
    this.#pid = this.#dat.processes.get(tid) ?? -1;
    this.#comm = this.#commOf(tid);
  }

  #commOf(tid: number): number {
    const known = this.#comms.get(tid);
    if (known !== undefined) return known;
    const name = this.#dat.comms.get(tid) ?? (tid === 0 ? '<idle>' : '<...>');
    const id = this.#sink.kernel.words.text(name);
    this.#comms.set(tid, id);
    return id;
  }

  /** The origin is the first record, as in the text form of the recording. */
  #begin(live: readonly Stream[]): void {
    const first = live.reduce((least, { pages }) => Math.min(least, pages.time), Number.POSITIVE_INFINITY);
    if (this.#base === null || first === Number.POSITIVE_INFINITY) return;
    const origin = this.#sink.origin(this.#absolute(first));
    this.#origin = origin;
    this.#shiftNs = Number(this.#base + this.#dat.shift - origin);
  }
  #origin = 0n;

  #absolute(time: number): bigint {
    const raw = (this.#base ?? 0n) + BigInt(time);
    const { cycles, shift } = this.#dat;
    return (cycles === null ? raw : (raw * cycles.multiplier) >> cycles.shift) + shift;
  }

  #converted(time: number): number {
    return Number(this.#absolute(time) - this.#origin);
  }

  #describe(): void {
    const { source } = this.#sink;
    const { clock, several } = clockOf(this.#dat);
    source.kernel = this.#dat.kernel;
    source.clock = clock;
    if (several.length > 0)
      this.#sink.issue(
        'mixed-clocks',
        0,
        `expected one clock in all buffers, found ${several.join(' and ')}; their records are ordered as if it were one`,
      );
    else if (clock === 'uptime') this.#dat.cycles ??= TICKS;
    else if (COUNTS.has(clock) && this.#dat.cycles === null)
      this.#sink.issue(
        'bare-stamps',
        0,
        `stamps of the clock ${clock} are no times and were taken as nanoseconds: durations are none; record with -C mono, or -C tsc2nsec for cycles whose length trace-cmd measures`,
      );
  }

  #end(): void {
    const endNs = this.#records.timeNs;
    for (const { pages, packed, number, dropped } of this.#streams) {
      if (dropped > 0) {
        this.#losses.some(number);
        this.#sink.lost({ fromNs: 0, toNs: endNs, cpu: pages.cpu, count: dropped });
      }
      if (pages.pendingLoss >= 0) this.#losses.begin(number, pages.pendingLoss);
      if (pages.damage !== '')
        this.#dat.damages.push(new Damage(pages.damageAt, `${pages.damage} (pages of CPU ${pages.cpu}${packed})`));
    }
    this.#records.finish();
    this.#losses.finish();
  }
}
