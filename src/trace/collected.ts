// What formats and assembly have written, on its way out: in the order of time, with times from the first row on, and with
// files, tasks, operations and holds numbered by their first appearance, so that a trace does not depend on how it was read.
import { ColumnBlock } from '../base/column-block.js';
import type { ColumnLog } from '../base/column-log.js';
import type { Arrays } from '../base/columns.js';
import { PagedNumbers } from '../base/paged-numbers.js';
import type { SortedLog } from '../base/sorted-log.js';
import type { SortedRows } from '../base/sorted-runs.js';
import type { EVENT_SHAPE, RECORD_SHAPE } from '../base/trace-shapes.js';
import { ValueRange } from '../base/value-range.js';
import { type EventColumns, Flag, type TaskInfo } from '../model/events.js';
import type { Issue } from '../model/issue.js';
import type { Range, Ranges, StoredParts, TraceEnd } from '../model/parts.js';
import type { Loss, RecordColumns, SourceInfo } from '../model/trace.js';
import { NONE } from '../model/units.js';
import { BATCH_ROWS } from './arrow-table.js';
import { FoundFiles } from './files.js';
import { someRows } from './parts.js';
import type { TraceRanges } from './ranges.js';
import type { Pool } from './sink.js';

/** Records in one piece of memory. */
export const RECORD_ROWS = BATCH_ROWS;

/** 104 days. */
const MOST_NS = Number.MAX_SAFE_INTEGER;

export interface CollectedRows {
  readonly events: SortedLog<typeof EVENT_SHAPE>;
  readonly records: ColumnLog<typeof RECORD_SHAPE>;
  readonly store: Pool['store'];
}

export class CollectedTrace implements StoredParts {
  readonly repeatable = true;
  readonly clock: string;
  readonly originNs: bigint;
  readonly mostRows: number;
  readonly files: FoundFiles;
  readonly tasks: TaskInfo[] = [];
  /** By row, once the batches have been there. */
  readonly extras = new Map<number, string>();
  readonly #pool: Pool<CollectedRows>;
  readonly #sources: readonly SourceInfo[];
  /** Where time zero has to be for no time to be negative. */
  readonly #firstNs: number;
  readonly #endNs: number;
  /** Some times are further from the first than numbers are exact. */
  readonly #isTooLong: boolean;
  /** By number in the pool. */
  readonly #filePlaces: Uint32Array;
  readonly #taskPlaces: Uint32Array;
  readonly #ids: PagedNumbers;
  readonly #ranges: TraceRanges;
  /** By place in the pool. */
  readonly #placedExtras: ReadonlyMap<number, string>;
  #lastId = 0;

  /** `ranges` and `placedExtras`: of the rows as they are in the pool. */
  constructor(
    pool: Pool<CollectedRows>,
    sources: readonly SourceInfo[],
    ranges: TraceRanges,
    placedExtras: ReadonlyMap<number, string>,
  ) {
    pool.events.end();
    pool.records.end();
    pool.names.files.end();
    const [firstNs, lastNs] = pool.span as unknown as [number, number];
    this.#pool = pool;
    this.#sources = sources;
    this.#firstNs = Math.min(0, firstNs);
    const endNs = Math.max(0, lastNs) - this.#firstNs;
    this.#isTooLong = endNs > MOST_NS;
    this.#endNs = Math.min(endNs, MOST_NS);
    // Where recordings were joined, times are those of the first one's clock, even if nothing names it.
    const named = sources[0]?.joined === undefined ? sources.find(({ clock }) => clock !== '') : sources[0];
    this.clock = named?.clock ?? '';
    this.originNs = (pool.origin ?? 0n) + BigInt(this.#firstNs);
    this.mostRows = pool.events.length;
    this.files = new FoundFiles(pool.names.files);
    this.#filePlaces = new Uint32Array(pool.names.files.size).fill(NONE);
    this.#taskPlaces = new Uint32Array(pool.names.tasks.length).fill(NONE);
    this.#ids = new PagedNumbers(pool.store);
    this.#ranges = ranges;
    this.#placedExtras = placedExtras;
    ranges.file = ValueRange.of(-1, pool.names.files.size);
    ranges.task = ValueRange.of(-1, pool.names.tasks.length);
    ranges.id = ValueRange.of(0, Math.max(pool.names.lastId, ranges.id.most));
    ranges.timeNs = moved(ranges.timeNs, this.#firstNs);
    ranges.recordTimeNs = moved(ranges.recordTimeNs, this.#firstNs);
    for (const { lost } of sources) moveLosses(lost, this.#firstNs);
    if (this.#isTooLong) pool.issues.push(tooFarApart(endNs, sources));
  }

  ranges(): Ranges {
    return this.#ranges;
  }

  *batches(): Iterable<EventColumns> {
    let first = 0;
    for (const batch of this.#pool.events.batches(BATCH_ROWS, isSecond, this.#placedExtras.size > 0)) {
      this.#settle(batch);
      this.#findExtras(batch, first);
      yield someRows({ ...batch.at, rows: batch.rows }, 0, batch.rows);
      first += batch.rows;
    }
  }

  *records(): Iterable<RecordColumns> {
    const { records } = this.#pool;
    const room = new ColumnBlock(NUMBERED, Math.min(RECORD_ROWS, records.length)).at;
    for (const { rows, at } of records.blocks()) {
      this.#settleRecords(rows, at, room);
      yield someRows({ ...at, ...room, rows }, 0, rows);
    }
  }

  rest(): TraceEnd {
    const { issues, unplaced, unpaired, deviceAccess, records } = this.#pool;
    const { files, tasks, originNs, clock, extras } = this;
    const { kinds } = this.#pool.names;
    return {
      ...{ kinds, files, tasks, issues, unpaired, deviceAccess, originNs, clock, extras },
      recordRows: records.length,
      sources: this.#sources,
      unplaced: Object.fromEntries([...unplaced].sort(([a], [b]) => (a < b ? -1 : 1))),
      endNs: this.#endNs,
    };
  }

  // hot
  #settle({ rows, at }: SortedRows<typeof EVENT_SHAPE>): void {
    const { timeNs, file, task, opId, handle } = at;
    const firstNs = this.#firstNs;
    let lastFile = NONE;
    let lastTask = NONE;
    let newFile = NONE;
    let newTask = NONE;
    for (let i = 0; i < rows; i++) {
      timeNs[i]! -= firstNs;
      if (file[i] !== lastFile) {
        lastFile = file[i]!;
        newFile = this.#fileOf(lastFile);
      }
      if (task[i] !== lastTask) {
        lastTask = task[i]!;
        newTask = this.#taskOf(lastTask);
      }
      file[i] = newFile;
      task[i] = newTask;
      opId[i] = this.#idOf(opId[i]!);
      if (handle[i] !== 0) handle[i] = this.#idOf(handle[i]!);
    }
    if (this.#isTooLong) endAtMost(timeNs, rows);
  }

  // hot
  #settleRecords(rows: number, at: Arrays<typeof RECORD_SHAPE>, out: Arrays<typeof NUMBERED>): void {
    const firstNs = this.#firstNs;
    const { timeNs, task, opId } = out;
    const { timeNs: oldNs, task: oldTask, opId: oldId } = at;
    // Most records are of the task and of the operation of the one before.
    let lastTask = NONE;
    let lastId = 0;
    let newTask = NONE;
    let newId = 0;
    for (let i = 0; i < rows; i++) {
      timeNs[i] = oldNs[i]! - firstNs;
      if (oldTask[i] !== lastTask) {
        lastTask = oldTask[i]!;
        newTask = this.#taskOf(lastTask);
      }
      if (oldId[i] !== lastId) {
        lastId = oldId[i]!;
        newId = this.#idOf(lastId);
      }
      task[i] = newTask;
      opId[i] = newId;
    }
    if (this.#isTooLong) endAtMost(timeNs, rows);
  }

  #fileOf(id: number): number {
    const file = this.#pool.names.files.resolve(id);
    if (file === NONE) return NONE;
    if (this.#filePlaces[file] === NONE) this.#filePlaces[file] = this.files.add(file);
    return this.#filePlaces[file]!;
  }

  #taskOf(id: number): number {
    if (id === NONE) return NONE;
    if (this.#taskPlaces[id] === NONE) this.#taskPlaces[id] = this.tasks.push(this.#pool.names.tasks[id]!) - 1;
    return this.#taskPlaces[id]!;
  }

  /** Operations and holds share their numbers, from 1. */
  #idOf(id: number): number {
    if (id === 0) return 0;
    const known = this.#ids.get(id);
    if (known !== 0) return known;
    this.#ids.set(id, ++this.#lastId);
    return this.#lastId;
  }

  #findExtras({ rows, places }: SortedRows<typeof EVENT_SHAPE>, first: number): void {
    const extras = this.#placedExtras;
    if (extras.size === 0) return;
    for (let i = 0; i < rows; i++) {
      const json = extras.get(places[i]!);
      if (json !== undefined) this.extras.set(first + i, json);
    }
  }
}

/** What of a record changes on its way out. */
const NUMBERED = { timeNs: Float64Array, task: Uint32Array, opId: Uint32Array };

const isSecond = ({ flags }: Arrays<typeof EVENT_SHAPE>, row: number): boolean => (flags[row]! & Flag.second) !== 0;

const moved = ({ least, most }: Range, ns: number): ValueRange =>
  ValueRange.of(least - ns, Math.min(most - ns, MOST_NS));

/** Times that no number holds exactly are the last one that does: a bundle with them is read again. */
function endAtMost(timesNs: Float64Array, rows: number): void {
  for (let i = 0; i < rows; i++) timesNs[i] = Math.min(timesNs[i]!, MOST_NS);
}

function moveLosses(lost: Loss[], firstNs: number): void {
  lost.forEach((loss, i) => {
    const at = (ns: number): number => Math.min(MOST_NS, Math.max(0, ns - firstNs));
    lost[i] = { ...loss, fromNs: at(loss.fromNs), toNs: at(loss.toNs) };
  });
}

function tooFarApart(endNs: number, sources: readonly SourceInfo[]): Issue {
  const text = `expected all times within 104 days of each other, found a span of ${endNs} ns; later times are set to the end of it: use recordings of one clock`;
  return { code: 'time-range', count: 1, source: sources[0]?.name ?? '', row: 0, text };
}
