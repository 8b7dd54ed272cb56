// How many extents each file has at the end, for a trace that comes piece by piece. Where map changes were recorded the maps
// follow from these rows alone; the rows of all other files are kept and replayed.
import { type Arrays, Columns } from '../base/columns.js';
import { EVENT_SHAPE, recordRoom } from '../base/trace-shapes.js';
import { Effects } from '../engine/effects.js';
import { statesAlone } from '../engine/file-states.js';
import { TELLS_MAPS } from '../engine/survey.js';
import { viewOf } from '../engine/view.js';
import { type EventColumns, type FileInfo, Flag, isObservation, opSet } from '../model/events.js';
import type { Files, StoredParts } from '../model/parts.js';
import type { Policy } from '../model/policy.js';
import type { Trace } from '../model/trace.js';
import { NONE } from '../model/units.js';
import { groupFiles } from './file-groups.js';
import { mapSnapshots, type SnapshotOptions } from './snapshots.js';

/** Rows that change no map, whoever reads them, and end no use of a file. */
const ASIDE = opSet(['map_seen', 'block_io', 'read', 'read_fault', 'fsync', 'msync', 'commit']);
/** So many rows are replayed at most: they are in memory while they are. */
const MOST_KEPT = 2 ** 18;
/** So many files are replayed at once: their states and maps are in memory while they are. */
const MOST_FILES = 2 ** 14;

export interface ExtentCounts {
  /** By file; 0 where it is not known. */
  readonly extents: ArrayLike<number>;
  /** Files whose maps nothing tells, of a trace that is too long to be replayed for them. */
  readonly uncounted: number;
}

/** Devices whose map changes are in the trace, found piece by piece. */
export class ObservedDevices {
  private readonly found = new Set<string>();
  /** By file: its device is among them. */
  private readonly told: boolean[] = [];

  add({ rows, op, file }: EventColumns, files: Files): void {
    for (let row = 0; row < rows; row++) {
      const id = file[row]!;
      if (TELLS_MAPS[op[row]!] !== 1 || id === NONE || this.told[id] === true) continue;
      this.told[id] = true;
      this.found.add(files.at(id)!.device);
    }
  }

  /** By file: is its map recorded? */
  of(files: Files): Uint8Array {
    return Uint8Array.from({ length: files.length }, (_, id) => (this.found.has(files.at(id)!.device) ? 1 : 0));
  }
}

/** By file. `observed` is of a trace whose pieces were all seen. */
export function extentsAtEnd(
  parts: StoredParts,
  observed: Uint8Array,
  recorded: Policy,
  options: Omit<SnapshotOptions, 'atNs' | 'inode'>,
): ExtentCounts {
  let split = new Split(observed);
  for (const columns of parts.batches()) split.add(columns);
  // An operation has a file of either kind: neither can be followed without the other.
  if (split.mixed) {
    split = new Split(new Uint8Array(observed.length));
    for (const columns of parts.batches()) split.add(columns);
  }
  const extents = new Uint32Array(parts.files.length);
  follow(parts, split, extents);
  for (const { ids, trace } of groups(parts, split.rest(parts))) {
    const counts = replayed(trace, recorded, options);
    for (const [place, id] of ids.entries()) if (!split.isOwn(id)) extents[id] = counts[place]!;
  }
  const uncounted = split.tooLong ? extents.reduce((sum, _, id) => sum + (split.isOwn(id) ? 0 : 1), 0) : 0;
  return { extents, uncounted };
}

/** Maps that were recorded are followed: of so many files at a time, as they take memory. */
const MOST_FOLLOWED = 1 << 16;

function follow(parts: StoredParts, split: Split, extents: Uint32Array): void {
  for (let from = 0; from < extents.length; from += MOST_FOLLOWED) {
    const some = extents.subarray(from, from + MOST_FOLLOWED);
    if (!some.some((_, i) => split.isOwn(from + i))) continue;
    const states = statesAlone(some.length);
    for (const columns of parts.batches()) {
      const { rows, op, flags } = columns;
      const file = columns.file.map((id) =>
        split.isOwn(id) && id >= from && id - from < some.length ? id - from : NONE,
      );
      const effects = new Effects({ ...columns, file }, states);
      for (let row = 0; row < rows; row++)
        if (file[row] !== NONE && ASIDE[op[row]!] !== 1 && isObservation(op[row]!, flags[row]!))
          effects.observe(row, 0);
    }
    for (let i = 0; i < some.length; i++)
      if (split.isOwn(from + i) && states.isSeen(i))
        some[i] = viewOf(states.mapOf(i), 0, Number.POSITIVE_INFINITY).length;
  }
}

/** Blocks that a replay gives to a file lie in one row where it has no others beside it (engine/regions.ts). */
const ANOTHER: FileInfo = { device: '', inode: '', path: '\0' };

interface Group {
  /** In the whole trace, by the number in this one. */
  readonly ids: Uint32Array;
  readonly trace: Trace;
}

/** The rows that are to be replayed, some files at a time. */
function* groups(parts: StoredParts, kept: EventColumns): Iterable<Group> {
  if (kept.rows === 0) return;
  const { count, of } = groupFiles(parts.files, kept, MOST_FILES);
  const numbers = new Uint32Array(of.length);
  for (let group = 0; group < count; group++) {
    let size = 0;
    for (let id = 0; id < of.length; id++) if (of[id] === group) numbers[id] = size++;
    const ids = new Uint32Array(size);
    for (let id = 0; id < of.length; id++) if (of[id] === group) ids[numbers[id]!] = id;
    const files = [...Array.from(ids, (id) => parts.files.at(id)!), ...(count === 1 ? [] : [ANOTHER])];
    const columns = count === 1 ? kept : ofGroup(kept, of, group, numbers);
    yield { ids, trace: { ...parts.rest(), files, columns, records: recordRoom(0) } };
  }
}

/** Rows of these files and of none, with the numbers that the files have here. */
function ofGroup(kept: EventColumns, of: Int32Array, group: number, numbers: Uint32Array): EventColumns {
  const isIn = (file: number): boolean => file === NONE || of[file] === group;
  let count = 0;
  for (let row = 0; row < kept.rows; row++) if (isIn(kept.file[row]!)) count++;
  const room = new Columns(EVENT_SHAPE, Math.max(1, count));
  for (let row = 0; row < kept.rows; row++) {
    const file = kept.file[row]!;
    if (!isIn(file)) continue;
    const place = addRow(room, kept, row);
    if (file !== NONE) room.at.file[place] = numbers[file]!;
  }
  return { rows: room.length, ...room.view() };
}

/** By file of this trace: how many extents it has at the end; 0 where that is not known. */
function replayed(trace: Trace, recorded: Policy, options: Omit<SnapshotOptions, 'atNs' | 'inode'>): number[] {
  const counts = new Map<string, number>();
  for (const file of mapSnapshots(trace, recorded, { ...options, atNs: [] }).snapshots[0]!.files)
    counts.set(nameOf(file), file.extents.length);
  // Of several files that had an inode, the last one has it at the end.
  const last = new Map(counts.size === 0 ? [] : trace.files.map((file, id) => [nameOf(file), id]));
  return trace.files.map((file, id) => (last.get(nameOf(file)) === id ? (counts.get(nameOf(file)) ?? 0) : 0));
}

function addRow(room: Columns<typeof EVENT_SHAPE>, columns: EventColumns, row: number): number {
  const place = room.add();
  const at: Arrays<typeof EVENT_SHAPE> = room.at;
  for (const name of NAMES) at[name][place] = columns[name][row]!;
  return place;
}

const nameOf = ({ device, inode, path }: FileInfo): string =>
  JSON.stringify(inode === '' ? [device, path] : [device, inode, '']);

/** Counts the rows of files whose maps were not recorded: they are replayed, if they are few enough. */
class Split {
  /** An operation has a file of either kind. */
  mixed = false;
  private readonly observed: Uint8Array;
  private left = 0;

  constructor(observed: Uint8Array) {
    this.observed = observed;
  }

  add({ rows, op, flags, file }: EventColumns): void {
    for (let row = 0; row < rows; row++) {
      if (ASIDE[op[row]!] === 1) continue;
      if (row > 0 && (flags[row]! & Flag.second) !== 0 && this.isMixed(file[row - 1]!, file[row]!)) this.mixed = true;
      if (!this.isOwn(file[row]!)) this.left++;
    }
  }

  /** More rows than can be replayed: none of them is. */
  get tooLong(): boolean {
    return this.left > MOST_KEPT;
  }

  /** The rows that are replayed: only now is it known how much memory they take. */
  rest(parts: StoredParts): EventColumns {
    const count = this.tooLong ? 0 : this.left;
    const kept = new Columns(EVENT_SHAPE, Math.max(1, count));
    for (const columns of count === 0 ? [] : parts.batches())
      for (let row = 0; row < columns.rows; row++) {
        if (ASIDE[columns.op[row]!] === 1 || this.isOwn(columns.file[row]!)) continue;
        addRow(kept, columns, row);
      }
    return { rows: kept.length, ...kept.view() };
  }

  /** Its map was recorded. */
  isOwn(file: number): boolean {
    return file !== NONE && this.observed[file] === 1;
  }

  private isMixed(one: number, other: number): boolean {
    return one !== NONE && other !== NONE && this.observed[one] !== this.observed[other];
  }
}

const NAMES = Object.keys(EVENT_SHAPE) as (keyof typeof EVENT_SHAPE)[];
