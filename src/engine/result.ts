// What a lane counted: plain numbers and rows, turned into tables by `results`.

import type { Histogram } from '../base/histogram.js';
import type { Answers } from './answers.js';
import type { LeaseBreaks } from './file-leases.js';
import type { LanePolicies } from './lane-policies.js';

/** One conflict in full: the first of its group. Times in ns, ranges in bytes; rows are rows of the event columns. */
export interface ConflictGroup {
  readonly operationCase: number;
  readonly verdict: number;
  readonly errno: number;
  /** Row of the operation. */
  readonly row: number;
  /** Kind of the hold in the way, -1 for none; the row that took it, its process task and its life. */
  readonly hold: number;
  readonly holdRow: number;
  readonly holdTask: number;
  /** Handle of that hold, 0 for none. */
  readonly holdHandle: number;
  readonly holdFromNs: number;
  /** Infinity when it never ended in this lane. */
  holdToNs: number;
  readonly file: number;
  /** How long the first of the group waited. */
  waitNs: number;
  count: number;
  maxWaitNs: number;
  totalWaitNs: number;
  /** Of the first: by how much its wait made its thread later than the recording (closed time), and who queued behind it. */
  lateNs: number;
  queued: number;
  /** The map around its range before the first of them and after it, as found in `views`. */
  before: number;
  after: number;
}

/** `HazardRow.hazardClass` of an access that lacked a flush. */
export const INCOHERENT = 4;

export interface HazardRow {
  readonly row: number;
  /** 0 to 3: a to d; INCOHERENT. */
  readonly hazardClass: number;
  readonly bytes: number;
  readonly file: number;
  readonly offset: number;
  readonly addr: number;
  /** File that owns the blocks now, -1 for nobody. */
  readonly owner: number;
  readonly staleForNs: number;
}

export interface SealRow {
  readonly file: number;
  readonly task: number;
  readonly kind: number;
  readonly fromNs: number;
  toNs: number;
  endedBy: number;
  orphaned: boolean;
  /** Once its transaction is durable. */
  survivesCrash: boolean;
  readonly costNs: number;
  readonly failure: string;
}

export interface DeadlockRow {
  readonly timeNs: number;
  readonly file: number;
  /** Row of the operation that closed the ring. */
  readonly row: number;
  readonly tasks: readonly number[];
}

/** What a crash at a time leaves. */
export interface CrashRow {
  readonly timeNs: number;
  /** Seals that are there after the remount, with nobody who holds them. */
  readonly left: readonly SealRow[];
  /** Seals, leases and other claims of the policy that are gone with the memory they were in. */
  readonly gone: number;
  /** Files with changes of their map that no commit had made durable. */
  readonly uncommitted: readonly number[];
}

export interface FidelityCounts {
  readonly policy: string;
  agreed: number;
  differed: number;
  /** By op code: agreed, differed. */
  readonly byOp: Float64Array;
  readonly notCompared: Map<string, number>;
  mapAgreed: number;
  mapDiffered: number;
  /** Breaks of ordinary leases: predicted and recorded. */
  readonly leaseBreaks: LeaseBreaks;
  /** Rows of the first disagreements, with what was predicted (verdict, errno). */
  readonly examples: {
    readonly row: number;
    readonly verdict: number;
    readonly errno: number;
    readonly map: boolean;
  }[];
}

export interface LaneResult {
  readonly policy: LanePolicies;
  readonly operations: number;
  /** OP_COUNT x VERDICT_COUNT. */
  readonly counts: Float64Array;
  /** errno -> refusals. */
  readonly denied: ReadonlyMap<number, number>;
  /** By op code. */
  readonly latency: readonly (Histogram | undefined)[];
  readonly wait: Histogram;
  /** By event row of an operation that is in `wait`: how long it waited, ns. */
  readonly waitNs: ReadonlyMap<number, number>;
  /** Operations that still wait when the trace ends. */
  readonly stillWaiting: number;
  /** Reads and writes that queued behind a sleeper who keeps the I/O lock. */
  readonly secondary: Histogram;
  /** Waits that a signal ended: the process was killed. */
  readonly interrupted: number;
  /** Threads that wait for each other in a ring. */
  readonly deadlocks: readonly DeadlockRow[];
  /** Events of threads that never came so far, because they still wait or were killed while they did (closed time). */
  readonly notReached: number;
  /** How late the latest thread ended, ns (closed time). */
  readonly latestNs: number;
  readonly conflicts: number;
  readonly groups: readonly ConflictGroup[];
  readonly views: readonly Float64Array<ArrayBuffer>[];
  readonly hazards: readonly HazardRow[];
  readonly hazardBytes: number;
  readonly hazardClasses: Float64Array;
  readonly hazardCount: number;
  /** Accesses that lacked a flush, and their bytes: none of the above. */
  readonly incoherent: number;
  readonly incoherentBytes: number;
  /** Accesses that took over what the other side of device memory had stored, and by op code what flushing cost, ns; null: no need. */
  readonly handOvers: number;
  readonly flushNs: Float64Array | null;
  readonly seals: readonly SealRow[];
  /** For each time that was asked for. */
  readonly crashes: readonly CrashRow[];
  readonly journalCommits: number;
  readonly deviceRefaults: number;
  /** Device accesses to a buffer that stands for a refused pin. */
  readonly bounced: number;
  readonly diverged: number;
  readonly measured: number;
  readonly priced: number;
  /** Operations on ranges whose map the trace does not tell: decided as written blocks. */
  readonly uncertain: number;
  /** By operation kind: HEAT_BINS x HEAT_LEVELS. */
  readonly heats: readonly (Uint32Array | undefined)[];
  /** By event row. */
  readonly answers: Answers;
  readonly fidelity: FidelityCounts | null;
}
