// The sink of one input, and what all inputs of a trace share. Rows go straight into the columns.
import type { ByteStore } from '../base/byte-store.js';
import type { Arrays, Shape } from '../base/columns.js';
import type { EVENT_SHAPE, RECORD_SHAPE } from '../base/trace-shapes.js';
import type { EventWriter } from '../model/events.js';
import type { Issue } from '../model/issue.js';
import type { KernelSink } from '../model/kernel.js';
import type { DeviceAccessCounts, Loss, RecordKind, RecordWriter, SourceInfo, TraceSink } from '../model/trace.js';
import { NONE, UNKNOWN, UNKNOWN_RESULT } from '../model/units.js';
import { FileNames } from './file-names.js';

/** What the assembly of kernel records fills: the sink of its source, and the counts only it can know. */
export interface AssemblySink extends Omit<TraceSink, 'kernel'> {
  readonly deviceAccess: DeviceAccessCounts;
  /** For what must be kept until the end of the recording. */
  readonly store: ByteStore;
  /** Counts an enter without exit, or an exit without enter. */
  unpaired(count?: number): void;
}
/** Makes the assembly of one source, at the first use of its sink's `kernel`. */
export type KernelFactory = (sink: AssemblySink) => KernelSink;

const MOST_KINDS = 0xfffe;

/** Where rows go: a number for each new one, then a store per column. */
interface NewRows<S extends Shape> {
  readonly at: Arrays<S>;
  readonly length: number;
  add(): number;
}

export interface PoolRows {
  readonly events: NewRows<typeof EVENT_SHAPE>;
  readonly records: NewRows<typeof RECORD_SHAPE>;
  readonly store: ByteStore;
}

/** What all sources of a trace share. */
export class Pool<R extends PoolRows = PoolRows> {
  readonly events: R['events'];
  readonly records: R['records'];
  readonly store: ByteStore;
  /** The first and the last time of any row. */
  readonly span = Float64Array.of(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY);
  readonly files = new FileNames();
  readonly tasks: { pid: number; tid: number; name: string }[] = [];
  readonly taskIds = new Map<number, Map<number, number>>();
  readonly kinds: RecordKind[] = [];
  readonly kindIds = new Map<string, number>();
  readonly issues: Issue[] = [];
  readonly unplaced = new Map<string, number>();
  readonly deviceAccess: DeviceAccessCounts = {
    accesses: 0,
    pages: 0,
    placedPages: 0,
    directPages: 0,
    directPlacedPages: 0,
  };
  readonly extras = new Map<number, string>();
  unpaired = 0;
  lastId = 0;
  origin: bigint | null = null;

  constructor({ events, records, store }: R) {
    this.events = events;
    this.records = records;
    this.store = store;
  }
}

function stretch(span: Float64Array, timeNs: number): void {
  if (timeNs < span[0]!) span[0] = timeNs;
  if (timeNs > span[1]!) span[1] = timeNs;
}

export class SourceSink implements TraceSink, AssemblySink {
  readonly source: SourceInfo;
  readonly events: EventWriter;
  readonly records: RecordWriter;
  readonly deviceAccess: DeviceAccessCounts;
  readonly store: ByteStore;
  readonly #pool: Pool;
  readonly #makeKernel: KernelFactory;
  readonly #issues = new Map<string, Issue>();
  #kernel: KernelSink | null = null;

  constructor(pool: Pool, source: SourceInfo, index: number, makeKernel: KernelFactory) {
    this.#pool = pool;
    this.source = source;
    this.events = new EventRow(pool, index);
    this.records = new RecordRow(pool, index, source);
    this.deviceAccess = pool.deviceAccess;
    this.store = pool.store;
    this.#makeKernel = makeKernel;
  }

  get kernel(): KernelSink {
    this.#kernel ??= this.#makeKernel(this);
    return this.#kernel;
  }

  /** Nothing comes any more; what assembly knew goes with it. */
  end(): void {
    this.#kernel?.finish();
    this.#kernel = null;
  }

  origin(absoluteNs: bigint): bigint {
    this.#pool.origin ??= absoluteNs;
    return this.#pool.origin;
  }

  lost(loss: Loss): void {
    this.source.lost.push(loss);
  }

  issue(code: string, row: number, text: string): void {
    const known = this.#issues.get(code);
    if (known !== undefined) {
      known.count++;
      return;
    }
    const issue = { code, count: 1, source: this.source.name, row, text };
    this.#issues.set(code, issue);
    this.#pool.issues.push(issue);
  }

  unplaced(cause: string, count = 1): void {
    this.#pool.unplaced.set(cause, (this.#pool.unplaced.get(cause) ?? 0) + count);
  }

  unpaired(count = 1): void {
    this.#pool.unpaired += count;
  }

  extra(json: string): void {
    this.#pool.extras.set(this.#pool.events.length - 1, json);
  }
}

class EventRow implements EventWriter {
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
  readonly #pool: Pool;
  readonly #source: number;

  constructor(pool: Pool, source: number) {
    this.#pool = pool;
    this.#source = source;
  }

  fileId(device: string, inode: string, path = ''): number {
    return this.#pool.files.id(device, inode, path);
  }

  placeholder(): number {
    return this.#pool.files.placeholder();
  }

  mergeFiles(from: number, to: number): void {
    this.#pool.files.merge(from, to);
  }

  forgetPath(path: string): void {
    this.#pool.files.forget(path);
  }

  taskId(pid: number, tid: number, name: string): number {
    const { tasks, taskIds } = this.#pool;
    let ofProcess = taskIds.get(pid);
    if (ofProcess === undefined) {
      ofProcess = new Map();
      taskIds.set(pid, ofProcess);
    }
    const known = ofProcess.get(tid);
    if (known === undefined) {
      ofProcess.set(tid, tasks.length);
      return tasks.push({ pid, tid, name }) - 1;
    }
    if (name !== '') tasks[known]!.name = name;
    return known;
  }

  newId(): number {
    return ++this.#pool.lastId;
  }

  // hot
  commit(): void {
    stretch(this.#pool.span, this.timeNs);
    const columns = this.#pool.events;
    const row = columns.add();
    const at = columns.at;
    at.timeNs[row] = this.timeNs;
    at.op[row] = this.op;
    at.flags[row] = this.flags;
    at.file[row] = this.file;
    at.task[row] = this.task;
    at.offset[row] = this.offset;
    at.length[row] = this.length;
    at.addr[row] = this.addr;
    at.handle[row] = this.handle;
    at.opId[row] = this.opId;
    at.result[row] = this.result;
    at.latencyNs[row] = this.latencyNs;
    at.source[row] = this.#source;
    at.row[row] = this.row;
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

class RecordRow implements RecordWriter {
  timeNs = 0;
  kind = 0;
  task = NONE;
  cpu = 0;
  row = 0;
  opId = 0;
  readonly #pool: Pool;
  readonly #index: number;
  readonly #source: SourceInfo;

  constructor(pool: Pool, index: number, source: SourceInfo) {
    this.#pool = pool;
    this.#index = index;
    this.#source = source;
  }

  /** Kinds beyond what the column can number are one kind, `(other)`. */
  kindId(name: string, typed: boolean): number {
    const { kinds, kindIds } = this.#pool;
    const key = `${typed ? 't' : 'g'}${name}`;
    const known = kindIds.get(key);
    if (known !== undefined) return known;
    if (kinds.length >= MOST_KINDS && name !== '(other)') return this.kindId('(other)', typed);
    kindIds.set(key, kinds.length);
    return kinds.push({ name, typed }) - 1;
  }

  // hot
  commit(): void {
    stretch(this.#pool.span, this.timeNs);
    const columns = this.#pool.records;
    const row = columns.add();
    const at = columns.at;
    at.timeNs[row] = this.timeNs;
    at.kind[row] = this.kind;
    at.task[row] = this.task;
    at.cpu[row] = this.cpu;
    at.source[row] = this.#index;
    at.row[row] = this.row;
    at.opId[row] = this.opId;
    this.#source.records++;
    if (this.#pool.kinds[this.kind]?.typed === true) this.#source.typed++;
    else this.#source.generic++;
    this.timeNs = 0;
    this.kind = 0;
    this.task = NONE;
    this.cpu = 0;
    this.row = 0;
    this.opId = 0;
  }
}
