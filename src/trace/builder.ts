// Collects what formats, assembly and workloads write, and turns it into one Trace: ordered, rebased, renumbered.
// Numbers of files, tasks, ids in a Trace follow their first appearance, so that they do not depend on how it was read.
import { stableOrder } from '../base/columns.js';
import type { TaskInfo } from '../model/events.js';
import { type Issue, UserError } from '../model/issue.js';
import type { SourceInfo, Trace, TraceSink } from '../model/trace.js';
import { NONE } from '../model/units.js';
import { type AssemblySink, type KernelFactory, Pool, SourceSink } from './sink.js';

const MOST_SOURCES = 0xffff;

export class TraceBuilder {
  readonly #makeKernel: KernelFactory;
  readonly #pool = new Pool();
  readonly #sinks: SourceSink[] = [];

  constructor(makeKernel: KernelFactory) {
    this.#makeKernel = makeKernel;
  }

  /** A sink for one more input; `bytes` is -1 for a pipe. */
  startSource(name: string, format: string, bytes: number): TraceSink & AssemblySink {
    if (this.#sinks.length === MOST_SOURCES)
      throw new UserError(`more than ${MOST_SOURCES} inputs; ingest them in several runs`);
    const source = { name, format, bytes, records: 0, typed: 0, generic: 0, clock: '', kernel: '', lost: [] };
    const sink = new SourceSink(this.#pool, source, this.#sinks.length, this.#makeKernel);
    this.#sinks.push(sink);
    return sink;
  }

  /** Ends the assembly of every source and gives the trace; the builder is used up. */
  finish(): Trace {
    for (const sink of this.#sinks) sink.end();
    const pool = this.#pool;
    const order = stableOrder(pool.events.at.timeNs, pool.events.length);
    if (order !== null) pool.events.reorder(order);
    const sources = this.#sinks.map((sink) => sink.source);
    const originNs = rebase(pool, sources);
    const files = pool.files.compact(pool.events.at.file, pool.events.length);
    const tasks = compactTasks(pool);
    renumber(pool);
    const endNs = lastTime(pool);
    if (endNs > Number.MAX_SAFE_INTEGER) pool.issues.push(tooFarApart(endNs, sources));
    return {
      columns: { rows: pool.events.length, ...pool.events.view() },
      records: { rows: pool.records.length, ...pool.records.view() },
      kinds: pool.kinds,
      files,
      tasks,
      sources,
      issues: pool.issues,
      unplaced: Object.fromEntries([...pool.unplaced].sort(([a], [b]) => (a < b ? -1 : 1))),
      unpaired: pool.unpaired,
      deviceAccess: pool.deviceAccess,
      originNs,
      clock: sources.find((source) => source.clock !== '')?.clock ?? '',
      endNs,
      extras: order === null ? pool.extras : movedExtras(pool.extras, order),
    };
  }
}

/** Moves time zero back where an event or record is before it; returns the origin. */
function rebase(pool: Pool, sources: readonly SourceInfo[]): bigint {
  const events = pool.events.view().timeNs;
  const records = pool.records.view().timeNs;
  let first = events.length > 0 ? Math.min(0, events[0]!) : 0;
  for (const time of records) if (time < first) first = time;
  if (first < 0) {
    for (let i = 0; i < events.length; i++) events[i] = events[i]! - first;
    for (let i = 0; i < records.length; i++) records[i] = records[i]! - first;
  }
  for (const { lost } of sources) {
    lost.forEach((loss, i) => {
      lost[i] = { ...loss, fromNs: Math.max(0, loss.fromNs - first), toNs: Math.max(0, loss.toNs - first) };
    });
  }
  return (pool.origin ?? 0n) + BigInt(first);
}

function lastTime(pool: Pool): number {
  const { events, records } = pool;
  let last = events.length > 0 ? events.at.timeNs[events.length - 1]! : 0;
  for (const time of records.view().timeNs) if (time > last) last = time;
  return last;
}

function tooFarApart(endNs: number, sources: readonly SourceInfo[]): Issue {
  const text = `expected all times within 104 days of each other, found a span of ${endNs} ns; use recordings of one clock`;
  return { code: 'time-range', count: 1, source: sources[0]?.name ?? '', row: 0, text };
}

/** Keeps the tasks that an event or a record names. */
function compactTasks(pool: Pool): TaskInfo[] {
  const kept: TaskInfo[] = [];
  const places = new Uint32Array(pool.tasks.length).fill(NONE);
  for (const column of [pool.events.view().task, pool.records.view().task]) {
    for (let i = 0; i < column.length; i++) {
      const task = column[i]!;
      if (task === NONE) continue;
      if (places[task] === NONE) places[task] = kept.push(pool.tasks[task]!) - 1;
      column[i] = places[task]!;
    }
  }
  return kept;
}

/** Numbers operations and holds anew, from 1, in the order of the rows; the two share their numbers. */
function renumber(pool: Pool): void {
  const { opId, handle } = pool.events.view();
  const ofRecords = pool.records.view().opId;
  const places = new Uint32Array(highest(opId, handle, ofRecords) + 1);
  let last = 0;
  const place = (id: number): number => {
    if (id !== 0 && places[id] === 0) places[id] = ++last;
    return places[id]!;
  };
  for (let i = 0; i < opId.length; i++) {
    opId[i] = place(opId[i]!);
    handle[i] = place(handle[i]!);
  }
  for (let i = 0; i < ofRecords.length; i++) ofRecords[i] = place(ofRecords[i]!);
}

function highest(...columns: Uint32Array[]): number {
  let most = 0;
  for (const column of columns) for (let i = 0; i < column.length; i++) if (column[i]! > most) most = column[i]!;
  return most;
}

function movedExtras(extras: ReadonlyMap<number, string>, order: Uint32Array): Map<number, string> {
  const moved = new Map<number, string>();
  if (extras.size === 0) return moved;
  order.forEach((row, place) => {
    const json = extras.get(row);
    if (json !== undefined) moved.set(place, json);
  });
  return moved;
}
