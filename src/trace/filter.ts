// A part of a trace: rows of some time, processes, files or operations, with what is known of the kept files' maps.
import { type EventColumns, Flag, Op } from '../model/events.js';
import type { Trace } from '../model/trace.js';
import { NONE } from '../model/units.js';

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
export function applyFilter(trace: Trace, filter: Filter): Trace {
  const { columns } = trace;
  const rows = columns.rows;
  const passes = Uint8Array.from({ length: rows }, (_, row) => (meets(trace, filter, row) ? 1 : 0));
  const kept = new Uint8Array(trace.files.length);
  for (let row = 0; row < rows; row++)
    if (passes[row] === 1 && columns.file[row] !== NONE) kept[columns.file[row]!] = 1;
  keepSeconds(columns, passes, kept);
  const end = filter.end === undefined ? Number.POSITIVE_INFINITY : relative(trace, filter.end);
  for (let row = 0; row < rows && columns.timeNs[row]! <= end; row++)
    if (MAP_OPS.has(columns.op[row]!) && (columns.file[row] === NONE || kept[columns.file[row]!] === 1))
      passes[row] = 1;
  return taken(trace, Uint32Array.from(rowsOf(passes)));
}

/** An operation on two ranges is kept whole, and so is the map of its second file. */
function keepSeconds({ rows, flags, file }: EventColumns, passes: Uint8Array, kept: Uint8Array): void {
  for (let row = 1; row < rows; row++) {
    if ((flags[row]! & Flag.second) === 0 || passes[row] === passes[row - 1]) continue;
    passes[row - 1] = 1;
    passes[row] = 1;
    for (const one of [file[row - 1]!, file[row]!]) if (one !== NONE) kept[one] = 1;
  }
}

function meets(trace: Trace, { begin, end, pids, inodes, path, ops }: Filter, row: number): boolean {
  const { timeNs, task, file, op } = trace.columns;
  if (begin !== undefined && timeNs[row]! < relative(trace, begin)) return false;
  if (end !== undefined && timeNs[row]! > relative(trace, end)) return false;
  if (ops !== undefined && !ops.includes(op[row]!)) return false;
  if (pids !== undefined && !(task[row] !== NONE && pids.includes(trace.tasks[task[row]!]!.pid))) return false;
  const info = file[row] === NONE ? undefined : trace.files[file[row]!];
  if (inodes !== undefined && !(info !== undefined && inodes.includes(info.inode))) return false;
  return path === undefined || info?.path.includes(path) === true;
}

const relative = (trace: Trace, absoluteNs: bigint): number => Number(absoluteNs - trace.originNs);

function* rowsOf(passes: Uint8Array): Iterable<number> {
  for (let row = 0; row < passes.length; row++) if (passes[row] === 1) yield row;
}

function taken(trace: Trace, rows: Uint32Array): Trace {
  const { columns, extras } = trace;
  const pick = <T extends { [at: number]: number; readonly length: number }>(values: T, fresh: T): T => {
    for (let i = 0; i < rows.length; i++) fresh[i] = values[rows[i]!]!;
    return fresh;
  };
  const floats = (values: Float64Array): Float64Array => pick(values, new Float64Array(rows.length));
  const words = (values: Uint32Array): Uint32Array => pick(values, new Uint32Array(rows.length));
  const moved = new Map<number, string>();
  if (extras.size > 0)
    rows.forEach((row, i) => {
      const json = extras.get(row);
      if (json !== undefined) moved.set(i, json);
    });
  return {
    ...trace,
    extras: moved,
    columns: {
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
    },
  };
}
