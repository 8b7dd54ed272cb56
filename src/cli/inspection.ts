// What is in a trace, counted: the answer of `inspect` (command line contract). Times are absolute, in the trace's clock.

import type { ByteStore } from '../base/byte-store.js';
import type { MapUse } from '../model/event-map.js';
import { type EventColumns, Flag, OPS, Op } from '../model/events.js';
import type { Files, StoredParts } from '../model/parts.js';
import type { DeviceAccessCounts, Joined, SourceInfo, Trace } from '../model/trace.js';
import { NONE, UNKNOWN_RESULT } from '../model/units.js';
import { type ExtentCounts, ObservedDevices } from '../results/extents-at-end.js';
import { Latencies, type Measured } from '../results/measured.js';
import { OperationCount, summaryOf } from '../results/trace-summary.js';

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
  /** How its times were led to the clock of the first source; null where it was not joined with others. */
  readonly joined: Joined | null;
  /** What the recorder told of the machine and of itself. */
  readonly facts: Readonly<Record<string, unknown>>;
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
  readonly files: FileViews;
  readonly tasks: number;
  readonly span: { readonly fromNs: bigint; readonly toNs: bigint };
  readonly measured: Readonly<Record<string, Measured>>;
  readonly issues: readonly IssueView[];
  readonly unplaced: readonly { readonly cause: string; readonly count: number }[];
  readonly deviceAccess: DeviceAccessCounts;
  readonly clock: string;
  readonly originNs: bigint;
}

/** `store`: for what a long trace is counted by; `extentsOf`: how many extents each file has at the end; asked once all pieces have been there. */
export function inspectParts(
  parts: StoredParts,
  store: ByteStore,
  extentsOf: (observed: Uint8Array) => ExtentCounts,
): Inspection {
  const counts = new Counts(parts, store);
  for (const columns of parts.batches()) counts.add(columns);
  for (const { timeNs } of parts.records()) counts.tell(timeNs);
  const end = parts.rest();
  const { originNs } = end;
  const { extents, uncounted } = extentsOf(counts.devices.of(parts.files));
  const { operations, unplaced } = summaryOf(end, counts.operations, '');
  return {
    schema: 'sealtrace.inspect/1',
    sources: end.sources.map((source) => viewSource(source, originNs)),
    events: { total: counts.rows, byOp: counts.byOp() },
    operations,
    files: counts.files(extents),
    tasks: parts.tasks.length,
    span: { fromNs: originNs + BigInt(counts.firstNs()), toNs: originNs + BigInt(end.endNs) },
    measured: counts.latencies.measured(),
    issues: [...groupIssues(end.issues), ...notCounted(uncounted, end.sources[0]?.name ?? '')],
    unplaced,
    deviceAccess: end.deviceAccess,
    clock: end.clock,
    originNs,
  };
}

/** What is counted of events and records while they pass. */
class Counts {
  readonly operations = new OperationCount();
  readonly latencies: Latencies;
  readonly devices = new ObservedDevices();
  rows = 0;
  readonly #parts: StoredParts;
  readonly #ops = new Float64Array(OPS.length);
  readonly #events: number[] = [];
  readonly #sizes: number[] = [];
  #firstNs = Number.POSITIVE_INFINITY;

  constructor(parts: StoredParts, store: ByteStore) {
    this.#parts = parts;
    this.latencies = new Latencies(store);
  }

  add(columns: EventColumns): void {
    const { rows, op, file, timeNs } = columns;
    this.operations.add(columns);
    this.latencies.add(columns);
    this.devices.add(columns, this.#parts.files);
    for (let row = 0; row < rows; row++) {
      this.#ops[op[row]!]!++;
      const id = file[row]!;
      if (id === NONE) continue;
      this.#events[id] = (this.#events[id] ?? 0) + 1;
      this.#sizes[id] = sizeAfter(columns, row, this.#sizes[id] ?? 0);
    }
    this.rows += rows;
    if (rows > 0) this.tell(timeNs.subarray(0, 1));
  }

  tell(times: Float64Array): void {
    for (let i = 0; i < times.length; i++) if (times[i]! < this.#firstNs) this.#firstNs = times[i]!;
  }

  firstNs(): number {
    return this.#firstNs === Number.POSITIVE_INFINITY ? 0 : this.#firstNs;
  }

  byOp(): Record<string, number> {
    const counted = OPS.map((name, code) => [name, this.#ops[code]!] as const);
    return Object.fromEntries(counted.filter(([, count]) => count > 0));
  }

  files(extents: ArrayLike<number>): FileViews {
    return new FileViews(this.#parts.files, this.#sizes, extents, this.#events);
  }
}

/** A view of each file, made when it is looked at: there may be hundreds of thousands. */
export class FileViews implements Iterable<FileView> {
  readonly #files: Files;
  readonly #sizes: readonly number[];
  readonly #extents: ArrayLike<number>;
  readonly #events: readonly number[];

  constructor(files: Files, sizes: readonly number[], extents: ArrayLike<number>, events: readonly number[]) {
    this.#files = files;
    this.#sizes = sizes;
    this.#extents = extents;
    this.#events = events;
  }

  get length(): number {
    return this.#files.length;
  }

  *[Symbol.iterator](): Iterator<FileView> {
    for (let id = 0; id < this.length; id++) yield this.#view(id);
  }

  /** By falling number of events; those of one number in their order. */
  busiest(most: number): readonly FileView[] {
    const ids = Uint32Array.from({ length: this.length }, (_, id) => id);
    const events = (id: number): number => this.#events[id] ?? 0;
    return [...ids.sort((a, b) => events(b) - events(a) || a - b).subarray(0, most)].map((id) => this.#view(id));
  }

  #view(id: number): FileView {
    const { device, inode, path } = this.#files.at(id)!;
    const counts = { bytes: this.#sizes[id] ?? 0, extents: this.#extents[id] ?? 0, events: this.#events[id] ?? 0 };
    return { id, device, inode, path, ...counts };
  }
}

function viewSource(source: SourceInfo, originNs: bigint): SourceView {
  const { name, format, bytes, records, typed, generic, clock, kernel, joined = null, facts, maps = [] } = source;
  const spans = source.lost.map(({ fromNs, toNs, cpu, count }) => {
    return { fromNs: originNs + BigInt(fromNs), toNs: originNs + BigInt(toNs), cpu, count };
  });
  const events = source.lost.reduce((sum, { count }) => sum + count, 0);
  return { name, format, bytes, records, typed, generic, lost: { events, spans }, clock, kernel, joined, facts, maps };
}

/** Size of the file behind a row that may change it. */
function sizeAfter(columns: EventColumns, row: number, size: number): number {
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

function notCounted(files: number, source: string): IssueView[] {
  if (files === 0) return [];
  const text = `extents of ${files} ${files === 1 ? 'file are' : 'files are'} not counted (0): no event tells their maps, and the trace is too long to be replayed for it here; "sealtrace map" replays it`;
  return [{ code: 'extents-not-counted', count: files, first: { source, row: 0 }, text }];
}

function groupIssues(issues: Trace['issues']): IssueView[] {
  const groups = new Map<string, IssueView>();
  for (const { code, count, source, row, text } of issues) {
    const known = groups.get(code);
    if (known === undefined) groups.set(code, { code, count, first: { source, row }, text });
    else groups.set(code, { ...known, count: known.count + count });
  }
  return [...groups.values()];
}
