// Hands raw tracepoint records to the kernel sink and the record columns: what all binary recordings of tracepoints share.
import type { TraceSink } from '../model/trace.js';
import { BinaryPayload } from './binary-payload.js';
import { CallRecords, RecordKind, Tells } from './call-records.js';
import type { EventPlan } from './event-plan.js';
import type { EventFormat, Metadata } from './kernel-metadata.js';
import type { RecordKernel, Rows, WordSteps } from './record-kernel.js';
import { EVENT, FROM, HEAD, HOW, SKIPPED, TID, TO, UNREAD, WIDTH } from './record-kernel-code.js';
import { parseTracepointFormat } from './tracepoint-format.js';

/** The last number of all would be the one too many. */
const MOST_EVENTS = 0xffff;

class KnownEvent extends RecordKind {
  readonly plan: EventPlan;
  readonly read: boolean;
  /** Words that the kernel has to learn. */
  readonly words: WordSteps | null;

  constructor(sink: TraceSink, plan: EventPlan, read: boolean, words: WordSteps | null) {
    super(sink, plan.name, plan.code);
    this.plan = plan;
    this.read = read;
    this.words = words;
  }
}

export class KernelRecords {
  /** When the next record was, relative to the sink's origin. No argument: a number with a fraction that is handed over is allocated. */
  timeNs = Number.NaN;
  readonly #sink: TraceSink;
  readonly #kernel: TraceSink['kernel'];
  readonly #records: TraceSink['records'];
  readonly #payload: BinaryPayload;
  readonly #calls: CallRecords;
  readonly #formats: ReadonlyMap<number, EventFormat>;
  /** By event number, its place among the events plus 1; 0 for one that was not met. */
  readonly #places = new Uint16Array(1 << 16);
  readonly #events: KnownEvent[] = [];
  /** Where every record keeps its event number and its thread id; by name, as all fields. */
  readonly #idOffset: number;
  readonly #tidOffset: number;
  readonly #little: boolean;
  readonly #kernelOfRows: RecordKernel | null;
  #row = 0;

  /** `metadata`: what the recording embeds; `rows`: the kernel that reads records, where there is one. */
  constructor(sink: TraceSink, metadata: Metadata, rows: RecordKernel | null = null) {
    const { formats, little } = metadata;
    this.#sink = sink;
    this.#kernel = sink.kernel;
    this.#records = sink.records;
    this.#formats = formats;
    this.#payload = new BinaryPayload(sink.kernel, little);
    this.#calls = new CallRecords(sink, () => metadata.machine);
    this.#little = little;
    const [any] = formats.values();
    const fields = parseTracepointFormat(any?.text ?? '')?.fields ?? [];
    this.#idOffset = fields.find(({ name }) => name === 'common_type')?.offset ?? 0;
    this.#tidOffset = fields.find(({ name }) => name === 'common_pid')?.offset ?? 4;
    this.#kernelOfRows = rows;
    rows?.run.setPlaces(this.#idOffset, this.#tidOffset);
  }

  /** The thread a record at bytes [from, to) is of; -1 when it is too short to tell. */
  tid(view: DataView, from: number, to: number): number {
    const at = from + this.#tidOffset;
    return at + 4 > to || from + this.#idOffset + 2 > to ? -1 : view.getInt32(at, this.#little);
  }

  /** Takes the record at bytes [from, to), which `tid` found long enough. */
  // hot
  take(
    cpu: number,
    tid: number,
    pid: number,
    comm: number,
    bytes: Uint8Array,
    view: DataView,
    from: number,
    to: number,
  ): void {
    const id = view.getUint16(from + this.#idOffset, this.#little);
    const place = this.#places[id]!;
    const event = place > 0 ? this.#events[place - 1]! : this.#meet(id);
    this.#row++;
    this.#begin(event, cpu, tid, pid, comm);
    if (event.code >= 0 && event.read) this.#payload.fill(event.plan, bytes, view, from, to);
    this.#last = event;
    this.#commit(event, cpu, tid, pid, comm);
  }

  /** Takes a row of the kernel; false where it left the record unread. */
  // hot
  takeRow({ heads, values }: Rows, row: number, cpu: number, tid: number, pid: number, comm: number): boolean {
    const head = row * HEAD;
    const how = heads[head + HOW]!;
    if (how === UNREAD) return false;
    const event = this.#events[heads[head + EVENT]!]!;
    this.#row++;
    this.#begin(event, cpu, tid, pid, comm);
    if (how !== SKIPPED) this.#payload.set(values, row * WIDTH, how);
    this.#commit(event, cpu, tid, pid, comm);
    return true;
  }

  /**
   * Takes rows of thread `tid` from `first` on, as long as they are before `untilNs`; returns how many. Times of rows are `shiftNs`
   * from those of the sink.
   */
  // hot
  takeRows(
    { times, heads, values }: Rows,
    first: number,
    end: number,
    untilNs: number,
    shiftNs: number,
    cpu: number,
    tid: number,
    pid: number,
    comm: number,
  ): number {
    const kernel = this.#kernel;
    const records = this.#records;
    const { record } = this.#payload;
    // Who it is stays as it is for all of them.
    record.cpu = cpu;
    record.tid = tid;
    record.pid = pid;
    record.comm = comm;
    let number = this.#row;
    let row = first;
    for (; row < end; row++) {
      const head = row * HEAD;
      const how = heads[head + HOW]!;
      const time = times[row]!;
      if (how === UNREAD || heads[head + TID] !== tid || time >= untilNs) break;
      const event = this.#events[heads[head + EVENT]!]!;
      const timeNs = time + shiftNs;
      number++;
      let opId = 0;
      let { kind } = event;
      if (event.code >= 0) {
        record.event = event.code;
        record.timeNs = timeNs;
        record.row = number;
        if (how !== SKIPPED) this.#payload.set(values, row * WIDTH, how);
        if (event.tells === Tells.nothing) opId = kernel.take();
        else {
          opId = this.#calls.take(event);
          kind = this.#calls.kind;
        }
      }
      records.timeNs = timeNs;
      records.add(kind, kernel.task(tid, pid, comm), cpu, number, opId);
    }
    this.#row = number;
    if (row > first) this.timeNs = times[row - 1]! + shiftNs;
    return row - first;
  }

  /** The record of a row that was left unread was taken now, and teaches its words. */
  learnRow({ heads }: Rows, row: number): void {
    const words = this.#last?.words ?? null;
    const head = row * HEAD;
    if (words !== null)
      this.#kernelOfRows?.learn(words, heads[head + FROM]!, heads[head + TO]!, this.#payload.record.v);
  }

  /** The event of the record that was read here last. */
  #last: KnownEvent | null = null;

  // hot
  #begin(event: KnownEvent, cpu: number, tid: number, pid: number, comm: number): void {
    const { code } = event;
    if (code < 0) return;
    const { record } = this.#payload;
    record.event = code;
    record.timeNs = this.timeNs;
    record.cpu = cpu;
    record.tid = tid;
    record.pid = pid;
    record.comm = comm;
    record.row = this.#row;
  }

  // hot
  #commit(event: KnownEvent, cpu: number, tid: number, pid: number, comm: number): void {
    const records = this.#records;
    const kernel = this.#kernel;
    const calls = this.#calls;
    const opId = calls.take(event);
    records.timeNs = this.timeNs;
    records.add(calls.kind, kernel.task(tid, pid, comm), cpu, this.#row, opId);
  }

  /** No more records. */
  finish(): void {
    // What is open lasts until the last record, whatever that is.
    if (this.#row > 0) this.#payload.record.timeNs = this.timeNs;
    this.#calls.finish();
  }

  /** A record that is no tracepoint's; counted by its name. */
  other(name: string, cpu: number, tid: number, pid: number, comm: number): void {
    const { kernel, records } = this.#sink;
    this.#last = null;
    records.timeNs = this.timeNs;
    records.kind = records.kindId(name, false);
    records.task = kernel.task(tid, pid, comm);
    records.cpu = cpu;
    records.row = ++this.#row;
    records.commit();
  }

  #meet(id: number): KnownEvent {
    const { text = '', system } = this.#formats.get(id) ?? {};
    const format = parseTracepointFormat(text);
    if (format === null)
      this.#sink.issue(
        'unknown-event',
        0,
        `expected a format of event ${id} in the recording, found none; its records are counted only`,
      );
    const plan = this.#payload.plan(format ?? { name: `(event ${id})`, id, fields: [], print: '' }, system);
    const read = this.#sink.kernel.reads?.(plan.code) !== false;
    const number = this.#events.length;
    const wanted = read && plan.code >= 0;
    const words = number < MOST_EVENTS ? (this.#kernelOfRows?.teach(id, number, plan, wanted) ?? null) : null;
    const event = new KnownEvent(this.#sink, plan, read, wanted ? words : null);
    if (number < MOST_EVENTS) this.#places[id] = this.#events.push(event);
    return event;
  }
}
