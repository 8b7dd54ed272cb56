// A part of a trace: rows of some time, processes, files or operations, with what is known of the kept files' maps.
import { type EventColumns, Flag, Op } from '../model/events.js';
import type { StoredParts, TraceEnd } from '../model/parts.js';
import type { RecordColumns, Trace } from '../model/trace.js';
import { NONE } from '../model/units.js';
import { partsOf, wholeOf } from './parts.js';

/** Every part that is given must hold; a list is met by any of its members. */
export interface Filter {
  /** Absolute, in the trace's clock. */
  readonly begin: bigint | undefined;
  readonly end: bigint | undefined;
  readonly pids: readonly number[] | undefined;
  readonly inodes: readonly string[] | undefined;
  /** A part of the path. */
  readonly path: string | undefined;
  readonly ops: readonly number[] | undefined;
}

export const isEmpty = (filter: Filter): boolean => Object.values(filter).every((part) => part === undefined);

/** What tells the map of a file: kept with the file, whoever did it and whenever, or its map would be wrong. */
const MAP_OPS: ReadonlySet<number> = new Set([
  Op.file,
  Op.extent,
  Op.map_insert,
  Op.map_remove,
  Op.map_convert,
  Op.map_reset,
  Op.map_unknown,
  Op.map_seen,
  Op.map_known,
]);

/** The events that pass; records, sources and side tables stay whole, so that the counts still say what was recorded. */
export const applyFilter = (trace: Trace, filter: Filter): Trace => wholeOf(filterParts(partsOf(trace), filter));

/** The same piece by piece. */
export const filterParts = (parts: StoredParts, filter: Filter): FilteredParts => new FilteredParts(parts, filter);

class FilteredParts implements StoredParts {
  readonly repeatable = true;
  readonly clock: string;
  readonly originNs: bigint;
  readonly mostRows: number;
  readonly files: StoredParts['files'];
  readonly tasks: StoredParts['tasks'];
  readonly extras = new Map<number, string>();
  /** How many events passed, once the batches have been there. */
  keptRows = 0;
  readonly #parts: StoredParts;
  readonly #filter: Filter;
  /** Files with an event that passes, from here on with their maps. */
  #kept: Set<number> | null = null;

  constructor(parts: StoredParts, filter: Filter) {
    this.#parts = parts;
    this.#filter = filter;
    this.clock = parts.clock;
    this.originNs = parts.originNs;
    this.mostRows = parts.mostRows;
    this.files = parts.files;
    this.tasks = parts.tasks;
  }

  *batches(): Iterable<EventColumns> {
    this.#kept ??= this.#findFiles();
    this.keptRows = 0;
    let first = 0;
    for (const columns of this.#parts.batches()) {
      const rows = this.#passing(columns, this.#kept);
      this.#moveExtras(first, rows);
      if (rows.length > 0) yield taken(columns, rows);
      this.keptRows += rows.length;
      first += columns.rows;
    }
  }

  records(): Iterable<RecordColumns> {
    return this.#parts.records();
  }

  rest(): TraceEnd {
    return { ...this.#parts.rest(), extras: this.extras };
  }

  #findFiles(): Set<number> {
    const kept = new Set<number>();
    for (const columns of this.#parts.batches()) {
      const passes = this.#meeting(columns);
      for (let row = 0; row < columns.rows; row++)
        if (passes[row] === 1 && columns.file[row] !== NONE) kept.add(columns.file[row]!);
      keepSeconds(columns, passes, (file) => kept.add(file));
    }
    return kept;
  }

  #passing(columns: EventColumns, kept: ReadonlySet<number>): Uint32Array {
    const { rows, timeNs, op, file } = columns;
    const passes = this.#meeting(columns);
    keepSeconds(columns, passes, () => {});
    const end = this.#filter.end === undefined ? Number.POSITIVE_INFINITY : relative(this, this.#filter.end);
    for (let row = 0; row < rows && timeNs[row]! <= end; row++)
      if (MAP_OPS.has(op[row]!) && (file[row] === NONE || kept.has(file[row]!))) passes[row] = 1;
    return Uint32Array.from(rowsOf(passes));
  }

  #meeting(columns: EventColumns): Uint8Array {
    return Uint8Array.from({ length: columns.rows }, (_, row) => (meets(this, columns, this.#filter, row) ? 1 : 0));
  }

  #moveExtras(first: number, rows: Uint32Array): void {
    const { extras } = this.#parts;
    if (extras.size === 0) return;
    rows.forEach((row, i) => {
      const json = extras.get(first + row);
      if (json !== undefined) this.extras.set(this.keptRows + i, json);
    });
  }
}

/** An operation on two ranges is kept whole, and so is the map of its second file. */
function keepSeconds({ rows, flags, file }: EventColumns, passes: Uint8Array, keep: (file: number) => void): void {
  for (let row = 1; row < rows; row++) {
    if ((flags[row]! & Flag.second) === 0 || passes[row] === passes[row - 1]) continue;
    passes[row - 1] = 1;
    passes[row] = 1;
    for (const one of [file[row - 1]!, file[row]!]) if (one !== NONE) keep(one);
  }
}

type Named = Pick<StoredParts, 'files' | 'tasks' | 'originNs'>;

function meets(trace: Named, columns: EventColumns, filter: Filter, row: number): boolean {
  const { begin, end, pids, inodes, path, ops } = filter;
  const { timeNs, task, file, op } = columns;
  if (begin !== undefined && timeNs[row]! < relative(trace, begin)) return false;
  if (end !== undefined && timeNs[row]! > relative(trace, end)) return false;
  if (ops !== undefined && !ops.includes(op[row]!)) return false;
  if (pids !== undefined && !(task[row] !== NONE && pids.includes(trace.tasks[task[row]!]!.pid))) return false;
  if (inodes === undefined && path === undefined) return true;
  const info = file[row] === NONE ? undefined : trace.files.at(file[row]!);
  if (inodes !== undefined && !(info !== undefined && inodes.includes(info.inode))) return false;
  return path === undefined || info?.path.includes(path) === true;
}

const relative = (trace: Pick<Trace, 'originNs'>, absoluteNs: bigint): number => Number(absoluteNs - trace.originNs);

function* rowsOf(passes: Uint8Array): Iterable<number> {
  for (let row = 0; row < passes.length; row++) if (passes[row] === 1) yield row;
}

function taken(columns: EventColumns, rows: Uint32Array): EventColumns {
  const pick = <T extends { [at: number]: number; readonly length: number }>(values: T, fresh: T): T => {
    for (let i = 0; i < rows.length; i++) fresh[i] = values[rows[i]!]!;
    return fresh;
  };
  const floats = (values: Float64Array): Float64Array => pick(values, new Float64Array(rows.length));
  const words = (values: Uint32Array): Uint32Array => pick(values, new Uint32Array(rows.length));
  return {
    rows: rows.length,
    timeNs: floats(columns.timeNs),
    op: pick(columns.op, new Uint8Array(rows.length)),
    flags: words(columns.flags),
    file: words(columns.file),
    task: words(columns.task),
    offset: floats(columns.offset),
    length: floats(columns.length),
    addr: floats(columns.addr),
    handle: words(columns.handle),
    opId: words(columns.opId),
    result: pick(columns.result, new Int16Array(rows.length)),
    latencyNs: floats(columns.latencyNs),
    source: pick(columns.source, new Uint16Array(rows.length)),
    row: words(columns.row),
  };
}
