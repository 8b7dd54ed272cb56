// What stands in the way of a seal when it is asked for (seal-semantics section 2); the policy says with which errno it fails.
import { Holding } from '../extents/extent-map.js';
import type { EventColumns } from '../model/events.js';
import { Flag, Op } from '../model/events.js';
import { ERRNO, Hold, type Obstacle, type SealRefusal } from '../model/policy.js';
import type { FileStates } from './file-states.js';
import type { HoldTable } from './holds.js';
import type { Users } from './users.js';

/** Who asks: a request of the trace itself, with arguments of its own, or a seal that a rule adds, asked for as it must be. */
export interface SealRequest {
  readonly file: number;
  readonly row: number;
  readonly explicit: boolean;
  /** Process that asks; -1: nobody in particular. */
  readonly pid: number;
}

export class Obstacles {
  private readonly c: EventColumns;
  private readonly files: FileStates;
  private readonly holds: HoldTable;
  private readonly users: Users;

  constructor(columns: EventColumns, files: FileStates, holds: HoldTable, users: Users) {
    this.c = columns;
    this.files = files;
    this.holds = holds;
    this.users = users;
  }

  /** errno of the first obstacle in the policy's order; 0 when there is none. */
  errno(refusals: readonly SealRefusal[], request: SealRequest): number {
    const met = refusals.find(({ when }) => this.check[when](request));
    return met === undefined ? 0 : ERRNO[met.errno]!;
  }

  private readonly check: Readonly<Record<Obstacle, (request: SealRequest) => boolean>> = {
    unprivileged: () => true,
    part_of_file: ({ explicit, row, file }) => explicit && this.c.op[row] === Op.seal && this.isPart(row, file),
    mapped: ({ file }) => this.users.mappings[file]! > 0,
    read_only: ({ explicit, row }) => explicit && (this.c.flags[row]! & Flag.writable) === 0,
    private: ({ explicit, row }) => explicit && (this.c.flags[row]! & Flag.shared) === 0,
    reflinked: ({ file }) => this.isShared(file),
    hole: ({ file }) => this.files.isKnown(file) && (this.held(file) & Holding.hole) !== 0,
    break_pending: ({ file }) => this.breaking(file),
    recall_conflict: ({ explicit, file, pid }) => explicit && (this.breaking(file) || this.isTaken(file, pid)),
  };

  /** Does another file own some of its blocks as well? */
  isShared(file: number): boolean {
    return (this.held(file) & Holding.reflinked) !== 0;
  }

  private isPart(row: number, file: number): boolean {
    const { c } = this;
    if ((c.flags[row]! & Flag.whole) !== 0 || c.length[row]! < 0) return false;
    return c.offset[row]! > 0 || c.offset[row]! + c.length[row]! < this.files.sizeOf(file);
  }

  private held(file: number): number {
    const size = this.files.sizeOf(file);
    const map = this.files.mapOf(file);
    if (map === undefined) return size > 0 ? Holding.hole : 0;
    const end = size >= 0 ? size : map.end;
    return end > 0 ? map.summary(0, end) : 0;
  }

  /** Has somebody else a layout of the file? */
  private isTaken(file: number, pid: number): boolean {
    const { holds } = this;
    for (let at = holds.of(file); at >= 0; at = holds.after(at))
      if (holds.kind[at] === Hold.layout && holds.pid[at] !== pid) return true;
    return false;
  }

  /** A lease of the file is being asked back. */
  private breaking(file: number): boolean {
    const { holds } = this;
    for (let at = holds.of(file); at >= 0; at = holds.after(at))
      if (LEASES.has(holds.kind[at]!) && holds.limitNs[at]! < Number.POSITIVE_INFINITY) return true;
    return false;
  }
}

const LEASES = new Set<number>([Hold.lease, Hold.layout]);
