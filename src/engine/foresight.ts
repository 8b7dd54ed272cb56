// What a seal would refuse that knew the future (policy `oracle`): a change is tried out, and refused when an access of a
// device that is still to come would meet it. Two passes: which accesses there will be, before the lane; what a call would do
// to them, when it comes, on the lane's own maps.
import type { EventColumns } from '../model/events.js';
import { Flag, Op, opSet } from '../model/events.js';
import { NONE } from '../model/units.js';
import type { Accesses } from './accesses.js';
import type { Claims } from './claims.js';
import type { Decision } from './decision.js';
import type { Effects } from './effects.js';
import { unlinkedBy } from './file-sizes.js';
import type { FileStates } from './file-states.js';
import type { Hazards } from './hazards.js';
import type { LanePolicies } from './lane-policies.js';
import type { SealPlan } from './seal-plan.js';
import type { Users } from './users.js';

const CHANGES = opSet(['map_insert', 'map_remove', 'map_convert', 'map_reset', 'collapse', 'insert']);
/** Calls that take a range's pages from their file. */
const TAKES = opSet([
  'truncate',
  'punch',
  'zero',
  'collapse',
  'insert',
  'unshare',
  'reflink',
  'dedupe',
  'exchange',
  'swapext',
]);

/** Parts of the lane that a trial looks at. */
export interface ForesightParts {
  readonly columns: EventColumns;
  readonly pidOf: (row: number) => number;
  readonly plan: SealPlan;
  readonly policies: LanePolicies;
  readonly files: FileStates;
  readonly users: Users;
  readonly effects: Effects;
  readonly hazards: Hazards;
  readonly accesses: Accesses;
  readonly claims: Claims;
}

/** An access still to come, the handle it goes through (0: none), and how many of its bytes would be stale now. */
interface Pending {
  readonly row: number;
  readonly handle: number;
  readonly bytes: () => number;
}

export class Foresight {
  private readonly parts: ForesightParts;
  private readonly c: EventColumns;
  /** Rows of accesses by the handle they come through, of raw ones by process, of recorded ones that moved by file. */
  private readonly through = new Map<number, number[]>();
  private readonly raw = new Map<number, number[]>();
  private readonly moved = new Map<number, number[]>();
  /** Recorded changes by the operation they belong to. */
  private readonly changes = new Map<number, number[]>();
  /** By row: 1 once the access has been. */
  private readonly done: Uint8Array;
  /** By file: first and last row of each use that keeps an unlinked file's blocks. */
  private readonly uses = new Map<number, { readonly from: number; readonly to: number }[]>();

  constructor(parts: ForesightParts) {
    this.parts = parts;
    this.c = parts.columns;
    this.done = new Uint8Array(parts.columns.rows);
    for (let row = 0; row < this.c.rows; row++) this.note(row);
  }

  /** An access of a device has been. */
  passed(row: number): void {
    this.done[row] = 1;
  }

  /** Would what this operation does make an access stale that is still to come? */
  refuses(d: Decision): boolean {
    if (d.operationCase < 0 || d.result < 0) return false;
    const changes = this.changes.get(d.opId) ?? [];
    const files = this.filesOf(d, changes);
    if (files.length === 0) return false;
    const underWay = this.parts.accesses.meets(d);
    const met = underWay >= 0 ? underWay : this.takesFromUnderWay(d);
    if (met >= 0) return refusedFor(d, { row: met, handle: 0 });
    const pending = files.flatMap((file) => this.pending(d, file));
    if (pending.length === 0) return false;
    const before = pending.map(({ bytes }) => bytes());
    const first = this.parts.files.tryOut(files, () => {
      this.attempt(d, changes);
      return pending.find(({ bytes }, i) => bytes() > before[i]!);
    });
    return first !== undefined && refusedFor(d, first);
  }

  // --- before the lane

  private note(row: number): void {
    const { c, parts } = this;
    const op = c.op[row]!;
    const handle = c.handle[row]!;
    if (op === Op.dma_read || op === Op.dma_write) {
      if (handle !== 0) {
        const end = parts.plan.endRow[parts.plan.handles.of(handle)]!;
        if (end === NONE || row < end) push(this.through, handle, row);
      } else if ((c.flags[row]! & Flag.moved) !== 0) push(this.moved, c.file[row]!, row);
    } else if ((c.flags[row]! & Flag.raw) !== 0) push(this.raw, parts.pidOf(row), row);
    else if (CHANGES[op] === 1 && c.opId[row] !== 0 && this.isObserved(row)) push(this.changes, c.opId[row]!, row);
    else if ((op === Op.mmap || (op === Op.open && (c.flags[row]! & Flag.trunc) === 0)) && handle !== 0)
      push(this.uses, c.file[row]!, { from: row, to: parts.plan.endRow[parts.plan.handles.of(handle)]! });
  }

  private isObserved(row: number): boolean {
    const { op, flags } = this.c;
    return (op[row] !== Op.collapse && op[row] !== Op.insert) || (flags[row]! & Flag.observed) !== 0;
  }

  // --- when an operation comes

  /** Files whose map it may change, as far as their policy knows the future. */
  private filesOf(d: Decision, changes: readonly number[]): readonly number[] {
    const { file } = this.c;
    const all = [d.file, d.second < 0 ? NONE : file[d.second]!, ...changes.map((row) => file[row]!)];
    const { policies } = this.parts;
    return [...new Set(all)].filter((one) => one !== NONE && policies.of(one).foresees === true);
  }

  private attempt(d: Decision, changes: readonly number[]): void {
    const { effects, plan } = this.parts;
    if (plan.observed[d.file] === 0) effects.model(d.row, d.second);
    else for (const row of changes) effects.observe(row, d.op);
  }

  /** For each access still to come through a translation of the file: how many of its bytes would be stale now. */
  private pending(d: Decision, file: number): Pending[] {
    const { claims, hazards, files } = this.parts;
    const after = this.goneAfter(d, file);
    const found: Pending[] = [];
    for (const handle of hazards.handlesOf(file))
      for (const row of claims.revocations.faultsAfter(d, handle) ? [] : (this.through.get(handle) ?? []))
        if (row > after && this.done[row] === 0)
          found.push({ row, handle, bytes: () => hazards.staleThrough(row, handle) });
    // Where the map is another one than the recorded already, a raw access of the trace goes to nowhere that is known.
    if (files.hasDiverged(file)) return found;
    for (const pid of hazards.askersOf(file))
      for (const row of this.raw.get(pid) ?? [])
        if (row > after && this.endsLater(d, row))
          found.push({ row, handle: 0, bytes: () => hazards.staleRaw(row, pid, file) });
    return found;
  }

  private endsLater(d: Decision, row: number): boolean {
    return this.c.timeNs[row]! + Math.max(0, this.c.latencyNs[row]!) > d.timeNs;
  }

  /** The row at which the blocks go: an unlinked file keeps them for as long as it is in use. Infinity: never. */
  private goneAfter(d: Decision, file: number): number {
    const gone = unlinkedBy(this.c, d.row);
    if (gone < 0 || file !== this.c.file[gone] || !this.parts.users.inUse(file)) return -1;
    let reach = d.row;
    for (const { from, to } of this.uses.get(file) ?? [])
      if (from <= reach) reach = Math.max(reach, to === NONE ? Number.POSITIVE_INFINITY : to);
    return reach;
  }

  /** Row of a device access whose range a call takes away while it lasts, and that the recording saw move; -1 for none. */
  private takesFromUnderWay(d: Decision): number {
    const { c } = this;
    const endNs = d.timeNs + Math.max(0, c.latencyNs[d.row]!);
    const found = [d.row, d.second].flatMap((at) => {
      const taken = at < 0 ? null : takenRange(c, at);
      if (taken === null) return [];
      return (this.moved.get(c.file[at]!) ?? []).filter(
        (row) =>
          c.timeNs[row]! <= endNs &&
          c.timeNs[row]! + Math.max(0, c.latencyNs[row]!) >= d.timeNs &&
          c.offset[row]! < taken.to &&
          c.offset[row]! + c.length[row]! > taken.from,
      );
    });
    return found[0] ?? -1;
  }
}

/** The operation is refused for the sake of this access. */
function refusedFor(d: Decision, { row, handle }: Pick<Pending, 'row' | 'handle'>): true {
  d.metRow = row;
  d.metHandle = handle;
  return true;
}

/** The range whose pages a row of a call takes from its file; null for none. */
function takenRange(c: EventColumns, row: number): { readonly from: number; readonly to: number } | null {
  const op = c.op[row]!;
  const second = (c.flags[row]! & Flag.second) !== 0;
  if (op === Op.open) return (c.flags[row]! & Flag.trunc) === 0 ? null : { from: 0, to: Number.POSITIVE_INFINITY };
  if (TAKES[op] === 0 || ((op === Op.reflink || op === Op.dedupe) && !second)) return null;
  const toTheEnd = op === Op.truncate || op === Op.collapse || op === Op.insert || c.length[row]! < 0;
  const from = op === Op.truncate ? c.length[row]! : Math.max(0, c.offset[row]!);
  return { from, to: toTheEnd ? Number.POSITIVE_INFINITY : from + c.length[row]! };
}

function push<T>(map: Map<number, T[]>, key: number, value: T): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
