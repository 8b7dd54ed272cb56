// One input of several, kept as it was read until the clocks of all are known: kernel records, table records, events.
// Where ids of the trace are not known yet, a token stands: of a kernel record for its operation, of an actor for its task.
import { Columns } from '../base/columns.js';
import { EVENT_SHAPE, RECORD_SHAPE } from '../base/trace-shapes.js';
import type { EventWriter } from '../model/events.js';
import type { KernelSink, Words } from '../model/kernel.js';
import { KERNEL_EVENTS, slotPlaces } from '../model/kernel-events.js';
import type { ClockPair, Loss, RecordWriter, SourceInfo, TraceSink } from '../model/trace.js';
import { NONE } from '../model/units.js';
import { EVENT_FIELDS, EventRow } from './event-row.js';
import type { AssemblySink } from './sink.js';
import { TapeKernel } from './tape-kernel.js';

/** Ids from here on are tokens. */
export const TOKEN = 2 ** 31;
/** `event` of what is no record: the recorder lost some. */
export const LOST = -1;

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
  /** 1: told beside an event of the source's own. */
  beside: Uint8Array,
};

const CALL_VALUES = 6;
/** Values kept of each event. */
export const WIDTHS = KERNEL_EVENTS.map((event) => {
  const last = event.slots.reduce((most, slot, i) => {
    const width = slot.type === 'r' ? 2 : slot.type.startsWith('A') ? 0 : 1;
    return Math.max(most, slotPlaces(event)[i]! + width);
  }, 0);
  return event.kind === 'enter' ? Math.max(CALL_VALUES, last) : last;
});

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
  readonly words: Words;
  /** Are the values of this event looked at? */
  reads(event: number): boolean;
}

export class Tape implements TraceSink {
  readonly clock: Clock;
  readonly real: TraceSink & AssemblySink;
  readonly entries = new Columns(ENTRY_SHAPE);
  readonly values = new Columns({ value: Float64Array });
  /** Words of array slots, by entry. */
  readonly arrays = new Map<number, readonly (readonly number[])[]>();
  readonly eventRows = new Columns(EVENT_SHAPE);
  readonly recordRows = new Columns(RECORD_SHAPE);
  readonly actors: Actor[] = [];
  readonly extras = new Map<number, string>();
  readonly losses: Loss[] = [];
  readonly words: Words;
  readonly kernel: KernelSink;
  readonly beside: KernelSink;
  readonly events: EventWriter;
  readonly records: RecordWriter;
  readonly #tokens = new Map<string, number>();

  constructor(real: TraceSink & AssemblySink, clock: Clock, rules: TapeRules) {
    this.real = real;
    this.clock = clock;
    this.words = rules.words;
    this.kernel = new TapeKernel(this, rules, 0);
    this.beside = new TapeKernel(this, rules, 1);
    // Names and numbers are those of the trace from the start; only rows wait for their time.
    this.events = new EventRow(real.events, (row) => {
      const at = this.eventRows.add();
      for (const name of EVENT_FIELDS) this.eventRows.at[name][at] = row[name];
    });
    this.records = new TapeRecords(this);
  }

  get source(): SourceInfo {
    return this.real.source;
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

  /** Value `i` of an entry, NaN where it has none. */
  value(entry: number, i: number): number {
    const event = this.entries.at.event[entry]!;
    return event >= 0 && i < WIDTHS[event]! ? this.values.at.value[this.entries.at.at[entry]! + i]! : Number.NaN;
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

class TapeRecords implements RecordWriter {
  timeNs = 0;
  kind = 0;
  task = NONE;
  cpu = 0;
  row = 0;
  opId = 0;
  readonly #tape: Tape;

  constructor(tape: Tape) {
    this.#tape = tape;
  }

  kindId(name: string, typed: boolean): number {
    return this.#tape.real.records.kindId(name, typed);
  }

  // hot
  commit(): void {
    const columns = this.#tape.recordRows;
    const row = columns.add();
    const { at } = columns;
    at.timeNs[row] = this.timeNs;
    at.kind[row] = this.kind;
    at.task[row] = this.task;
    at.cpu[row] = this.cpu;
    at.row[row] = this.row;
    at.opId[row] = this.opId;
    this.timeNs = 0;
    this.kind = 0;
    this.task = NONE;
    this.cpu = 0;
    this.row = 0;
    this.opId = 0;
  }
}
