// What is in a trace, counted: the answer of `inspect` (command line contract). Times are absolute, in the trace's clock.

import type { MapUse } from '../model/event-map.js';
import { Flag, OPS, Op } from '../model/events.js';
import type { DeviceAccessCounts, SourceInfo, Trace } from '../model/trace.js';
import { NONE, UNKNOWN_RESULT } from '../model/units.js';
import { type Measured, measuredLatencies } from '../results/measured.js';
import { summarize } from '../results/trace-summary.js';

export interface SourceView {
  readonly name: string;
  readonly format: string;
  readonly bytes: number;
  readonly records: number;
  readonly typed: number;
  readonly generic: number;
  readonly lost: {
    readonly events: number;
    readonly spans: readonly {
      readonly fromNs: bigint;
      readonly toNs: bigint;
      readonly cpu: number;
      readonly count: number;
    }[];
  };
  readonly clock: string;
  readonly kernel: string;
  /** Event maps it was read with (`--events`), and what of them was found. */
  readonly maps: readonly MapUse[];
}

export interface FileView {
  readonly id: number;
  readonly device: string;
  readonly inode: string;
  readonly path: string;
  /** Last known size, 0 when unknown. */
  readonly bytes: number;
  /** At the end of the recording. */
  readonly extents: number;
  readonly events: number;
}

export interface IssueView {
  readonly code: string;
  readonly count: number;
  readonly first: { readonly source: string; readonly row: number };
  readonly text: string;
}

export interface Inspection {
  readonly schema: 'sealtrace.inspect/1';
  readonly sources: readonly SourceView[];
  readonly events: { readonly total: number; readonly byOp: Readonly<Record<string, number>> };
  readonly operations: { readonly total: number; readonly unpaired: number };
  readonly files: readonly FileView[];
  readonly tasks: number;
  readonly span: { readonly fromNs: bigint; readonly toNs: bigint };
  readonly measured: Readonly<Record<string, Measured>>;
  readonly issues: readonly IssueView[];
  readonly unplaced: readonly { readonly cause: string; readonly count: number }[];
  readonly deviceAccess: DeviceAccessCounts;
  readonly clock: string;
  readonly originNs: bigint;
}

/** `extents`: how many extents each file has at the end, by its number. */
export function inspectTrace(trace: Trace, extents: ReadonlyMap<number, number>): Inspection {
  const { originNs } = trace;
  const { operations, unplaced } = summarize(trace, '');
  return {
    schema: 'sealtrace.inspect/1',
    sources: trace.sources.map((source) => viewSource(source, originNs)),
    events: { total: trace.columns.rows, byOp: countOps(trace) },
    operations,
    files: viewFiles(trace, extents),
    tasks: trace.tasks.length,
    span: { fromNs: originNs + BigInt(firstTime(trace)), toNs: originNs + BigInt(trace.endNs) },
    measured: measuredLatencies(trace),
    issues: groupIssues(trace),
    unplaced,
    deviceAccess: trace.deviceAccess,
    clock: trace.clock,
    originNs,
  };
}

function viewSource(source: SourceInfo, originNs: bigint): SourceView {
  const { name, format, bytes, records, typed, generic, clock, kernel, maps = [] } = source;
  const spans = source.lost.map(({ fromNs, toNs, cpu, count }) => {
    return { fromNs: originNs + BigInt(fromNs), toNs: originNs + BigInt(toNs), cpu, count };
  });
  const events = source.lost.reduce((sum, { count }) => sum + count, 0);
  return { name, format, bytes, records, typed, generic, lost: { events, spans }, clock, kernel, maps };
}

function countOps({ columns }: Trace): Record<string, number> {
  const counts = new Float64Array(OPS.length);
  for (let row = 0; row < columns.rows; row++) counts[columns.op[row]!]!++;
  return Object.fromEntries(OPS.map((name, code) => [name, counts[code]!] as const).filter(([, count]) => count > 0));
}

function firstTime({ columns, records }: Trace): number {
  let first = Number.POSITIVE_INFINITY;
  for (const time of records.timeNs) if (time < first) first = time;
  if (columns.rows > 0 && columns.timeNs[0]! < first) first = columns.timeNs[0]!;
  return first === Number.POSITIVE_INFINITY ? 0 : first;
}

function viewFiles(trace: Trace, extents: ReadonlyMap<number, number>): FileView[] {
  const { columns, files } = trace;
  const events = new Float64Array(files.length);
  const sizes = new Float64Array(files.length);
  for (let row = 0; row < columns.rows; row++) {
    const file = columns.file[row]!;
    if (file === NONE) continue;
    events[file]!++;
    sizes[file] = sizeAfter(trace, row, sizes[file]!);
  }
  return files.map(({ device, inode, path }, id) => {
    return { id, device, inode, path, bytes: sizes[id]!, extents: extents.get(id) ?? 0, events: events[id]! };
  });
}

/** Size of the file behind a row that may change it. */
function sizeAfter({ columns }: Trace, row: number, size: number): number {
  const result = columns.result[row]!;
  if (result !== 0 && result !== UNKNOWN_RESULT) return size;
  const offset = columns.offset[row]!;
  const length = columns.length[row]!;
  const flags = columns.flags[row]!;
  switch (columns.op[row]) {
    case Op.file:
    case Op.truncate:
      return length >= 0 ? length : size;
    case Op.open:
      return (flags & Flag.trunc) !== 0 ? 0 : size;
    case Op.fallocate:
      return (flags & Flag.keep_size) !== 0 ? size : grown(size, offset, length);
    case Op.write:
      return grown(size, offset, length);
    case Op.collapse:
      return length > 0 ? Math.max(0, size - length) : size;
    case Op.insert:
      return length > 0 ? size + length : size;
    default:
      return size;
  }
}

const grown = (size: number, offset: number, length: number): number =>
  offset >= 0 && length > 0 ? Math.max(size, offset + length) : size;

function groupIssues({ issues }: Trace): IssueView[] {
  const groups = new Map<string, IssueView>();
  for (const { code, count, source, row, text } of issues) {
    const known = groups.get(code);
    if (known === undefined) groups.set(code, { code, count, first: { source, row }, text });
    else groups.set(code, { ...known, count: known.count + count });
  }
  return [...groups.values()];
}
