// The one result set: what `replay --json` prints, what a run file (`*.sealrun`) keeps, what every report section reads.
// Times are ns in the trace's own clock, durations ns, sizes bytes; plain JSON, so that a run can be read without sealtrace.
import type { Basis } from '../model/costs.js';
import type { Cell, VerdictName } from '../model/policy.js';
import type { Components, FileHistory, HoldLife } from './history.js';

export type { Components, FileHistory, HoldLife, MapHazard, MapMark } from './history.js';

export interface SourceSummary {
  readonly name: string;
  readonly format: string;
  readonly bytes: number;
  readonly records: number;
  readonly typed: number;
  readonly generic: number;
  readonly lost: { readonly events: number; readonly spans: readonly LossSpan[] };
  readonly clock: string;
  readonly kernel: string;
}

export interface LossSpan {
  readonly fromNs: number;
  readonly toNs: number;
  readonly cpu: number;
  readonly count: number;
}

export interface IssueSummary {
  readonly code: string;
  readonly count: number;
  readonly first: { readonly source: string; readonly row: number };
  readonly text: string;
}

/** A number of things that could not be used, by cause. */
export interface Unplaced {
  readonly cause: string;
  readonly count: number;
}

export interface TraceSummary {
  readonly name: string;
  readonly sources: readonly SourceSummary[];
  readonly operations: { readonly total: number; readonly unpaired: number };
  readonly files: number;
  readonly tasks: number;
  readonly span: { readonly fromNs: number; readonly toNs: number };
  readonly unplaced: readonly Unplaced[];
  /** 4 KiB pages that devices touched, and how many of them were led back to a file. */
  readonly deviceAccess: {
    readonly accesses: number;
    readonly pages: number;
    readonly placedPages: number;
    readonly directPages: number;
    readonly directPlacedPages: number;
  };
  readonly issues: readonly IssueSummary[];
}

export interface Quality {
  readonly safe: boolean;
  /** Why conclusions are unsafe, one sentence each; empty when safe. */
  readonly reasons: readonly string[];
  /** Largest share (0..1) of operations, over all lanes, whose state differed from the recorded one. */
  readonly divergence: number;
}

export interface Fidelity {
  /** The policy the trace was recorded under, as sealtrace sees it (`pagecache`, `dax`); predictions are made by its table. */
  readonly policy: string;
  /** Operations whose recorded return code was compared. */
  readonly operations: number;
  readonly agreed: number;
  readonly differed: number;
  readonly byOp: Readonly<Record<string, { readonly agreed: number; readonly differed: number }>>;
  /** Operations not compared, by cause (an errno that no seal explains, no recorded result). */
  readonly notCompared: Readonly<Record<string, number>>;
  /** Look-ups in the trace (iomap, ext4) held against the replayed map. */
  readonly mapChecks: { readonly agreed: number; readonly differed: number };
  /** Breaks of ordinary leases (F_SETLEASE) that the trace shows; `worstNs`: the largest difference of a predicted wait. */
  readonly leaseBreaks: {
    /** EAGAIN, as predicted, for want of patience. */
    readonly refused: number;
    /** Waits for a holder to let go, sums. */
    readonly waited: number;
    readonly predictedNs: number;
    readonly recordedNs: number;
    readonly worstNs: number;
    /** Waits that no release of the trace ended: the kernel's lease-break-time, or an exit that was not recorded. */
    readonly outlasted: number;
    readonly outlastedNs: number;
  };
  /** The first disagreements, in words with their place. */
  readonly examples: readonly string[];
}

export interface LatencyStats {
  readonly count: number;
  readonly meanNs: number;
  readonly p50Ns: number;
  readonly p90Ns: number;
  readonly p99Ns: number;
  readonly p999Ns: number;
  readonly maxNs: number;
}

export type VerdictCounts = Readonly<Record<VerdictName, number>>;

export interface WaitStats {
  readonly count: number;
  readonly totalNs: number;
  readonly p99Ns: number;
  readonly maxNs: number;
}

/** What a crash at a time leaves; times in the trace's clock. */
export interface CrashReport {
  readonly atNs: number;
  readonly sealsLeft: number;
  /** Files still sealed after the remount, the first of them. */
  readonly sealed: readonly string[];
  /** Who can take these seals back. */
  readonly clearedBy: string;
  /** Seals, leases and layouts that went with the memory they were in. */
  readonly claimsGone: number;
  /** Files with changes of their map that no commit had made durable: these changes are lost. */
  readonly uncommittedFiles: number;
}

export interface LaneReport {
  readonly policy: string;
  readonly title: string;
  /** Of a mixed lane: which rule gave how many files which policy; left out where every file has the same. */
  readonly rules?: readonly { readonly rule: string; readonly policy: string; readonly files: number }[];
  readonly costs: string;
  readonly operations: number;
  readonly verdicts: VerdictCounts;
  readonly byOp: Readonly<Record<string, VerdictCounts>>;
  readonly denied: Readonly<Record<string, number>>;
  readonly latency: Readonly<Record<string, LatencyStats>>;
  readonly wait: WaitStats;
  /** Operations that still wait when the replay ends. */
  readonly stillWaiting: number;
  /** Reads and writes that queued behind somebody who waits for pins and keeps the file's I/O lock (XFS). */
  readonly secondary: WaitStats;
  /** Waits that ended because their process was killed. */
  readonly interrupted: number;
  /** Rings of threads that wait for each other (closed timing). */
  readonly deadlocks: number;
  /** The first of them by name; left out where there is none. */
  readonly rings?: readonly Ring[];
  /** Events that threads never came to, because they waited to the end or were killed while they were late (closed timing). */
  readonly notReached: number;
  /** How much longer the replay lasts than the trace, ns (closed timing). */
  readonly latestNs: number;
  readonly conflicts: number;
  readonly hazards: {
    readonly count: number;
    readonly bytes: number;
    readonly byClass: Readonly<Record<'a' | 'b' | 'c' | 'd', number>>;
    /** Accesses to device memory that lacked a flush (coherence=software): a kind of their own, in none of the above. */
    readonly incoherent: number;
    readonly incoherentBytes: number;
  };
  /** Accesses by CPU or device that took over what the other side had stored into device memory (coherence=software). */
  readonly handOvers: number;
  readonly seals: {
    readonly opened: number;
    readonly closed: number;
    readonly aliveAtEnd: number;
    readonly orphaned: number;
    readonly leftAfterCrash: number;
    readonly failed: number;
  };
  /** For `--crash-at`, one for each time; `seals.leftAfterCrash` is then the worst of them. */
  readonly crashes: readonly CrashReport[];
  readonly journalCommits: number;
  readonly deviceRefaults: number;
  /** Device accesses that were copied through a buffer, because the long-term pin was refused (on_refused_pin=bounce). */
  readonly bounced: number;
  /** Operations whose state at replay differed from the recorded one. */
  readonly diverged: number;
  /** Share of latency samples that were recorded; the rest are priced by the cost model. */
  readonly measuredShare: number;
}

/** An extent as a reader sees it. `state`: written, unwritten, delalloc, shared. */
export interface ExtentView {
  readonly offset: number;
  readonly length: number;
  readonly addr: number;
  readonly state: string;
}

/** Where a row of the trace came from. `text` is the raw line, when the source was still at hand. */
export interface Evidence {
  readonly source: string;
  readonly row: number;
  readonly text: string;
}

/** What a conflict delayed, of the first of its group. */
export interface Delayed {
  /** By how much its thread went on later than in the recording; 0 in open timing, or where nothing waited. */
  readonly lateNs: number;
  /** Events of that thread after it, each as much later; the first of them, and when the trace has it (-1: none). */
  readonly events: number;
  readonly nextOp: string;
  readonly nextAtNs: number;
  /** Reads and writes of others that queued behind it, because it kept the file's I/O lock. */
  readonly queued: number;
}

/** A ring of threads that wait for each other, and the operation that closed it. */
export interface Ring {
  readonly atNs: number;
  readonly op: string;
  readonly file: string;
  /** In the order in which each waits for the next; the last waits for the first. */
  readonly threads: readonly string[];
  readonly evidence: readonly Evidence[];
}

/** One conflict, standing for `count` equal ones (same policy, operation case, hold, verdict, file, actor and holder names). */
export interface Conflict {
  readonly signature: string;
  readonly count: number;
  readonly policy: string;
  readonly atNs: number;
  readonly op: string;
  readonly operationCase: string;
  readonly verdict: VerdictName;
  /** `ETXTBSY`, `SIGBUS` ...; empty when not refused. */
  readonly errno: string;
  readonly waitNs: number;
  readonly maxWaitNs: number;
  readonly totalWaitNs: number;
  readonly wanter: string;
  readonly holder: string;
  /** Kind of hold, or empty when nobody held anything. */
  readonly hold: string;
  readonly holdFromNs: number;
  /** -1: not within the trace. */
  readonly holdToNs: number;
  readonly file: string;
  readonly offset: number;
  /** -1: to the end of the file. */
  readonly length: number;
  readonly extentsBefore: readonly ExtentView[];
  readonly extentsAfter: readonly ExtentView[];
  readonly evidence: readonly Evidence[];
  /** What came of it: the end of the chain that begins with the hold. */
  readonly delayed: Delayed;
  /** What each replayed policy did with this very operation: policy -> verdict (with errno). */
  readonly elsewhere: Readonly<Record<string, string>>;
  /** Time bins (as of the heat map) in which equal operations got this answer, rising. */
  readonly timeBins: readonly number[];
}

/** A device access that touched what was no longer its file range. Class a: the file's own old data or free blocks; b: read another file; c: wrote another file; d: metadata. `incoherent`: an access by either side to what the other had stored into device memory and nobody had flushed. */
export interface Hazard {
  readonly policy: string;
  readonly atNs: number;
  readonly op: string;
  readonly hazardClass: 'a' | 'b' | 'c' | 'd' | 'incoherent';
  readonly bytes: number;
  readonly file: string;
  readonly offset: number;
  readonly addr: number;
  readonly ownerNow: string;
  readonly device: string;
  /** How long before the access the range had changed hands; -1 unknown. */
  readonly staleForNs: number;
  readonly evidence: readonly Evidence[];
}

/** The life of one seal (or whatever the policy uses as one). */
export interface SealLife {
  readonly policy: string;
  readonly kind: string;
  readonly file: string;
  readonly holder: string;
  readonly fromNs: number;
  /** -1: still alive at the end of the trace. */
  readonly toNs: number;
  /** `release`, `exit`, `unseal`, `break`, or empty. */
  readonly endedBy: string;
  /** When the process that made it exited; -1: not within the trace. */
  readonly holderExitNs: number;
  readonly orphaned: boolean;
  readonly survivesCrash: boolean;
  /** Time the seal call took, ns, and why it failed (empty: it did not). */
  readonly costNs: number;
  readonly failure: string;
}

/** Log-linear histogram of one operation kind: only buckets that hold something, by rising upper bound. */
export interface Histogram {
  readonly upperNs: readonly number[];
  readonly counts: readonly number[];
}

/** Latency over time: `counts[t * latencyUpperNs.length + l]`, time bins of equal width over the trace's span. */
export interface HeatMap {
  readonly timeBins: number;
  readonly latencyUpperNs: readonly number[];
  readonly counts: readonly number[];
}

export interface LaneDetail {
  readonly policy: string;
  readonly histograms: Readonly<Record<string, Histogram>>;
  readonly heat: HeatMap;
  /** The same by operation kind: pairs of index and count, of the bins that hold something. Absent in older runs. */
  readonly heatByOp?: Readonly<Record<string, readonly number[]>>;
  /** `[t * 6 + verdict]`: operations by time bin (as of the heat map) and verdict, in the order of `verdicts`. */
  readonly verdictsByTime: readonly number[];
  /** By operation kind. */
  readonly components: Readonly<Record<string, Components>>;
  /** Largest groups first; `conflictsLeftOut` groups are only counted. */
  readonly conflicts: readonly Conflict[];
  readonly conflictsLeftOut: number;
  readonly hazards: readonly Hazard[];
  readonly hazardsLeftOut: number;
  readonly seals: readonly SealLife[];
  readonly sealsLeftOut: number;
}

/** The decision table that ran: for each policy and case, the cell with nobody holding and with the policy's hold alive. */
export interface TableRow {
  readonly policy: string;
  readonly operationCase: string;
  readonly unheld: Cell;
  readonly held: string;
  /** What the holder itself gets. */
  readonly own?: string;
}

export interface PriceRow {
  readonly step: string;
  readonly fixedNs: number;
  readonly nsPerByte: number;
  readonly basis: Basis;
  readonly range: string;
  readonly from: string;
}

/** Everything a report needs. `report` is what `replay --json` prints. */
export interface Run {
  readonly schema: 'sealtrace.run/1';
  readonly version: string;
  readonly command: string;
  readonly report: ReplayReport;
  readonly details: readonly LaneDetail[];
  /** Holds of the trace, those on files with conflicts first; `holdsLeftOut` are only counted. */
  readonly holds: readonly HoldLife[];
  readonly holdsLeftOut: number;
  /** Files on which most collided. */
  readonly maps: readonly FileHistory[];
  readonly tables: readonly TableRow[];
  readonly prices: readonly PriceRow[];
  readonly cites: Readonly<Record<string, readonly string[]>>;
}

export interface ReplayReport {
  readonly schema: 'sealtrace.replay/1';
  readonly trace: TraceSummary;
  readonly settings: Readonly<Record<string, string>>;
  readonly quality: Quality;
  readonly fidelity: Fidelity;
  readonly lanes: readonly LaneReport[];
}
