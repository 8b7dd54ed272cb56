// One input of several, kept as it was read until the clocks of all are known: kernel records, table records, events.
// It is as long as the recording, so it lies in the store. Where ids of the trace are not known yet, a token stands: of a
// kernel record for its operation, of an actor for its task.
import { ColumnLog } from '../base/column-log.js';
import { PagedColumns } from '../base/paged-columns.js';
import { EVENT_SHAPE, RECORD_SHAPE } from '../base/trace-shapes.js';
import type { WordTable } from '../base/words.js';
import type { EventWriter } from '../model/events.js';
import type { KernelSink } from '../model/kernel.js';
import type { ClockPair, Loss, RecordWriter, SourceInfo, TraceSink } from '../model/trace.js';
import type { EventKinds } from './event-kinds.js';
import { emptySpan, type SourceSink } from './sink.js';
import { StampSteps } from './stamp-steps.js';
import { TapeKernel } from './tape-kernel.js';

/** Ids from here on are tokens. */
export const TOKEN = 2 ** 31;
/** `event` of what is no record: the recorder lost some. */
export const LOST = -1;
/** Rows that are written one behind the other. */
const BLOCK_ROWS = 1024;

const ENTRY_SHAPE = {
  timeNs: Float64Array,
  event: Int32Array,
  cpu: Uint16Array,
  tid: Int32Array,
  pid: Int32Array,
  comm: Uint32Array,
  row: Uint32Array,
  /** Where its values begin. */
  at: Uint32Array,
  /** Lists of words behind its values, each after the number of its words. */
  arrays: Uint8Array,
  /** 1: told beside an event of the source's own. */
  beside: Uint8Array,
};

/** Inputs that one recorder wrote (a file per CPU) have one clock. */
export interface Clock {
  origin: bigint | null;
  readonly pairs: ClockPair[];
}

export const newClock = (): Clock => ({ origin: null, pairs: [] });

export interface Actor {
  readonly tid: number;
  readonly pid: number;
  readonly comm: number;
}

/** What every tape of a timeline shares. */
export interface TapeRules {
  readonly words: WordTable;
  readonly kinds: EventKinds;
}

export class Tape implements TraceSink {
  readonly clock: Clock;
  readonly real: SourceSink;
  readonly rules: TapeRules;
  readonly entries;
  readonly values;
  readonly eventRows;
  readonly recordRows;
  readonly actors: Actor[] = [];
  readonly extras = new Map<number, string>();
  readonly losses: Loss[] = [];
  readonly beside: KernelSink;
  readonly events: EventWriter;
  readonly records: RecordWriter;
  /** Processes of threads, as they were first told. */
  readonly processes = new Map<number, number>();
  /** Ids of the events on it. */
  readonly ids = new Set<number>();
  /** Ids of kernel events: the more of them, the more it tells of what a call did. */
  readonly kernelIds = new Set<number>();
  /** Devices whose blocks it tells of. */
  readonly devices = new Set<number>();
  /** By device of a partition: the disks it is on. */
  readonly disks = new Map<number, Set<number>>();
  readonly steps = new StampSteps();
  /** First and last stamp of its records. */
  readonly span = emptySpan();
  #kernel: KernelSink | null = null;
  readonly #tokens = new Map<string, number>();

  constructor(real: SourceSink, clock: Clock, rules: TapeRules) {
    const { store } = real;
    this.real = real;
    this.clock = clock;
    this.rules = rules;
    this.entries = new PagedColumns(ENTRY_SHAPE, store);
    this.values = new PagedColumns({ value: Float64Array }, store);
    this.eventRows = new ColumnLog(EVENT_SHAPE, store, BLOCK_ROWS);
    this.recordRows = new ColumnLog(RECORD_SHAPE, store, BLOCK_ROWS);
    this.beside = new TapeKernel(this, 1);
    // Names and numbers are those of the trace from the start; only rows wait for their time.
    const rows = real.waiting({ events: this.eventRows, records: this.recordRows, span: emptySpan() });
    this.events = rows.events;
    this.records = rows.records;
  }

  get source(): SourceInfo {
    return this.real.source;
  }

  get kernel(): KernelSink {
    this.#kernel ??= new TapeKernel(this, 0);
    return this.#kernel;
  }

  /** Does it have kernel records that are not told beside its own events? */
  get isAssembled(): boolean {
    return this.#kernel !== null;
  }

  origin(absoluteNs: bigint): bigint {
    this.clock.origin ??= absoluteNs;
    return this.clock.origin;
  }

  clockPair(pair: ClockPair): void {
    this.clock.pairs.push(pair);
  }

  lost(loss: Loss): void {
    this.losses.push(loss);
  }

  issue(code: string, row: number, text: string): void {
    this.real.issue(code, row, text);
  }

  unplaced(cause: string, count?: number): void {
    this.real.unplaced(cause, count);
  }

  extra(json: string): void {
    this.extras.set(this.eventRows.length - 1, json);
  }

  /** Value `i` of the values that begin at `from`. */
  // hot
  value(from: number, i: number): number {
    return this.values.of(from + i).value[(from + i) & PagedColumns.MASK]!;
  }

  /** Token of a task that is known by its thread only. */
  actor(tid: number, pid: number, comm: number): number {
    const key = `${tid}/${pid}/${comm}`;
    let place = this.#tokens.get(key);
    if (place === undefined) {
      place = this.actors.push({ tid, pid, comm }) - 1;
      this.#tokens.set(key, place);
    }
    return TOKEN + place;
  }
}
