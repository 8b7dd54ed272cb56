// The reused rows through which formats and assembly write: fields are set, `commit` puts them into columns and makes every
// field unknown again. The columns are those of the trace, or of a tape that waits for its place in it.
import type { Arrays, Shape } from '../base/columns.js';
import type { EVENT_SHAPE, RECORD_SHAPE } from '../base/trace-shapes.js';
import type { EventWriter } from '../model/events.js';
import type { SourceInfo } from '../model/trace.js';
import { NONE, UNKNOWN, UNKNOWN_RESULT } from '../model/units.js';
import { RecordFields } from './record-fields.js';
import type { TraceNames } from './trace-names.js';

const MOST = Number.MAX_SAFE_INTEGER;

/** What a column can hold: a field that a recording left out, that is below 0, or that damage made of it, is not known. */
const held = (value: number): number => (value > MOST ? MOST : value >= 0 ? value : UNKNOWN);

/** Where rows go: a number for each new one, then a store per column. */
export interface NewRows<S extends Shape> {
  readonly at: Arrays<S>;
  readonly length: number;
  add(): number;
}

export interface RowTarget {
  readonly events: NewRows<typeof EVENT_SHAPE>;
  readonly records: NewRows<typeof RECORD_SHAPE>;
  /** The first and the last time of any row. */
  readonly span: Float64Array;
}

/** Number of a source, and the source's own number of a record. */
export interface Place {
  readonly source: number;
  readonly row: number;
}

/** Sources of rows that are known by a number of their own. */
export type PlaceOf = (row: number) => Place;

export class EventRow implements EventWriter {
  timeNs = 0;
  op = 0;
  flags = 0;
  file = NONE;
  task = NONE;
  offset = UNKNOWN;
  length = UNKNOWN;
  addr = UNKNOWN;
  handle = 0;
  opId = 0;
  result = UNKNOWN_RESULT;
  latencyNs = UNKNOWN;
  row = 0;
  readonly #names: TraceNames;
  readonly #target: RowTarget;
  readonly #source: number;
  readonly #placeOf: PlaceOf | null;

  /** `source`: of all rows, or of those without a number where `placeOf` tells the source of the others. */
  constructor(names: TraceNames, target: RowTarget, source: number, placeOf: PlaceOf | null = null) {
    this.#names = names;
    this.#target = target;
    this.#source = source;
    this.#placeOf = placeOf;
  }

  fileId(device: string, inode: string, path = ''): number {
    return this.#names.files.id(device, inode, path);
  }

  placeholder(): number {
    return this.#names.files.placeholder();
  }

  mergeFiles(from: number, to: number): void {
    this.#names.files.merge(from, to);
  }

  forgetInode(device: string, inode: string): void {
    this.#names.files.forgetInode(device, inode);
  }

  forgetPath(path: string): void {
    this.#names.files.forget(path);
  }

  taskId(pid: number, tid: number, name: string): number {
    return this.#names.taskId(pid, tid, name);
  }

  taskIs(task: number, pid: number): void {
    this.#names.taskIs(task, pid);
  }

  newId(): number {
    return ++this.#names.lastId;
  }

  // hot
  commit(): void {
    const { timeNs } = this;
    const { span } = this.#target;
    if (timeNs < span[0]!) span[0] = timeNs;
    if (timeNs > span[1]!) span[1] = timeNs;
    const columns = this.#target.events;
    const row = columns.add();
    const at = columns.at;
    at.timeNs[row] = timeNs;
    at.op[row] = this.op;
    at.flags[row] = this.flags;
    at.file[row] = this.file;
    at.task[row] = this.task;
    at.offset[row] = held(this.offset);
    // `cat` asks copy_file_range for 2^63 bytes: what is beyond every file ends where numbers are exact no more.
    const most = this.offset > 0 ? MOST - at.offset[row]! : MOST;
    at.length[row] = this.length > most ? most : held(this.length);
    at.addr[row] = this.addr > MOST ? UNKNOWN : held(this.addr);
    at.handle[row] = this.handle;
    at.opId[row] = this.opId;
    at.result[row] = this.result;
    at.latencyNs[row] = held(this.latencyNs);
    at.source[row] = this.#source;
    at.row[row] = this.row;
    if (this.#placeOf !== null && this.row !== 0) {
      const place = this.#placeOf(this.row);
      at.source[row] = place.source;
      at.row[row] = place.row;
    }
    this.timeNs = 0;
    this.op = 0;
    this.flags = 0;
    this.file = NONE;
    this.task = NONE;
    this.offset = UNKNOWN;
    this.length = UNKNOWN;
    this.addr = UNKNOWN;
    this.handle = 0;
    this.opId = 0;
    this.result = UNKNOWN_RESULT;
    this.latencyNs = UNKNOWN;
    this.row = 0;
  }
}

export class RecordRow extends RecordFields {
  readonly #names: TraceNames;
  readonly #columns: RowTarget['records'];
  readonly #span: Float64Array;
  readonly #index: number;
  readonly #source: SourceInfo | null;

  /** `source`: who counts the records; null where they are counted when they come to their place. */
  constructor(names: TraceNames, { records, span }: RowTarget, index: number, source: SourceInfo | null) {
    super();
    this.#names = names;
    this.#columns = records;
    this.#span = span;
    this.#index = index;
    this.#source = source;
  }

  kindId(name: string, typed: boolean): number {
    return this.#names.kindId(name, typed);
  }

  // hot
  add(kind: number, task: number, cpu: number, recordRow: number, opId: number): void {
    const { timeNs } = this;
    const span = this.#span;
    if (timeNs < span[0]!) span[0] = timeNs;
    if (timeNs > span[1]!) span[1] = timeNs;
    const columns = this.#columns;
    const row = columns.add();
    const { at } = columns;
    at.timeNs[row] = timeNs;
    at.kind[row] = kind;
    at.task[row] = task;
    at.cpu[row] = cpu;
    at.source[row] = this.#index;
    at.row[row] = recordRow;
    at.opId[row] = opId;
    const source = this.#source;
    if (source === null) return;
    source.records++;
    if (this.#names.kinds[kind]?.typed === true) source.typed++;
    else source.generic++;
  }
}
