// What a policy is: a table from (operation case, who holds what) to a verdict with its errno. Pure data, no method.
// The 28 operation cases are the rows of the decision table; the cell codes are the ones printed there.
import { ERRNO } from './errno.js';
import type { FlagName, OpName } from './events.js';

export { ERRNO, errnoName } from './errno.js';

/** Operation cases in code order, one per row of the decision table. */
export const CASES = [
  'read',
  'write_written',
  'write_unwritten',
  'write_hole',
  'write_shared',
  'write_past_eof',
  'read_fault',
  'write_fault_written',
  'write_fault_unwritten',
  'write_fault_hole',
  'write_fault_shared',
  'truncate_down',
  'truncate_up',
  'truncate_same',
  'fallocate',
  'fallocate_move',
  'unshare',
  'reflink_source',
  'reflink_target',
  'exchange',
  'swapext',
  'unlink',
  'rename',
  'attributes',
  'map_writable',
  'pin_short',
  'pin_long',
  'umount',
] as const;
export type CaseName = (typeof CASES)[number];
export const CASE_COUNT = CASES.length;
export const Case = Object.fromEntries(CASES.map((name, code) => [name, code])) as { readonly [K in CaseName]: number };

/** Kinds of hold, in bit order. */
export const HOLDS = [
  'mapping',
  'pin',
  'registration',
  'seal',
  'lease',
  'layout',
  'swap',
  'translation',
  /** A device that translates on demand: no pin, and no word of a policy on it. */
  'ondemand',
] as const;
export type HoldName = (typeof HOLDS)[number];
export const HOLD_COUNT = HOLDS.length;
export const Hold = Object.fromEntries(HOLDS.map((name, code) => [name, code])) as { readonly [K in HoldName]: number };
export const MASKS = 1 << HOLD_COUNT;

/** Verdicts by strength; the first six are what a lane counts. `commitIfDirty` exists only in tables: the lane resolves it. */
export const VERDICTS = ['proceed', 'commit', 'revoke', 'recall', 'wait', 'deny'] as const;
export type VerdictName = (typeof VERDICTS)[number];
export const VERDICT_COUNT = VERDICTS.length;
export const Verdict = { proceed: 0, commit: 1, revoke: 2, recall: 3, wait: 4, deny: 5, commitIfDirty: 6 } as const;

/**
 * A cell of the decision table. `ok` at once; `C` after a journal commit; `C?` a commit if the inode has uncommitted
 * metadata; `W` waits for pins; `B` breaks a lease and waits; `I` invalidates device translations; `H` goes ahead and
 * leaves stale translations behind; `-` cannot occur (treated as ok); the rest fail with an errno.
 */
export const CELLS = [
  'ok',
  'C',
  'C?',
  'W',
  'B',
  'I',
  'H',
  '-',
  'TXT',
  'PRM',
  'INV',
  'FLT',
  'NSUP',
  'FBG',
  'EIO',
  'BUS',
  'BSY',
  'DLK',
] as const;
export type Cell = (typeof CELLS)[number];

/** Verdict and errno of each cell code. */
export const CELL_MEANING: Readonly<Record<Cell, { readonly verdict: number; readonly errno: number }>> = {
  ok: { verdict: Verdict.proceed, errno: 0 },
  '-': { verdict: Verdict.proceed, errno: 0 },
  H: { verdict: Verdict.proceed, errno: 0 },
  C: { verdict: Verdict.commit, errno: 0 },
  'C?': { verdict: Verdict.commitIfDirty, errno: 0 },
  I: { verdict: Verdict.revoke, errno: 0 },
  B: { verdict: Verdict.recall, errno: 0 },
  W: { verdict: Verdict.wait, errno: 0 },
  TXT: { verdict: Verdict.deny, errno: ERRNO.ETXTBSY! },
  PRM: { verdict: Verdict.deny, errno: ERRNO.EPERM! },
  INV: { verdict: Verdict.deny, errno: ERRNO.EINVAL! },
  FLT: { verdict: Verdict.deny, errno: ERRNO.EFAULT! },
  NSUP: { verdict: Verdict.deny, errno: ERRNO.EOPNOTSUPP! },
  FBG: { verdict: Verdict.deny, errno: ERRNO.EFBIG! },
  EIO: { verdict: Verdict.deny, errno: ERRNO.EIO! },
  BUS: { verdict: Verdict.deny, errno: ERRNO.SIGBUS! },
  BSY: { verdict: Verdict.deny, errno: ERRNO.EBUSY! },
  DLK: { verdict: Verdict.deny, errno: ERRNO.EDEADLK! },
};

export type Cells = Readonly<Partial<Record<CaseName, Cell>>>;

/**
 * What can stand in the way of a seal (seal-semantics section 2). `unprivileged` is listed by a policy only when the
 * caller is said to have no capability: a trace does not carry credentials. `part_of_file`, `read_only` and `private` are
 * faults of a request that is in the trace; a seal that a rule adds is asked for as the policy demands. `recall_conflict`: such
 * a request comes while somebody else has what it asks for, or is asked to give it back; it recalls that, and is refused.
 */
export const OBSTACLES = [
  'unprivileged',
  'part_of_file',
  'mapped',
  'read_only',
  'private',
  'reflinked',
  'hole',
  'break_pending',
  'recall_conflict',
] as const;
export type Obstacle = (typeof OBSTACLES)[number];

/** A seal that meets this obstacle fails with this errno. */
export interface SealRefusal {
  readonly when: Obstacle;
  readonly errno: keyof typeof ERRNO;
}

/** How a lane makes the seal of a policy, when the seal rule asks for one. */
export interface SealSpec {
  /** The hold that a sealed file carries. */
  readonly hold: HoldName;
  /** `call`: an explicit, separate call before the mapping; `mapping`: the mmap itself; `registration`: the device registration itself. */
  readonly taken: 'call' | 'mapping' | 'registration';
  /** What the seal survives. */
  readonly outlives: readonly ('unmap' | 'exit' | 'crash')[];
  /** The seal call fills holes, converts unwritten extents, unshares and flushes. */
  readonly prepares: boolean;
  /** Who can take back a seal that nobody holds any more. */
  readonly clearedBy?: string;
  /** In the order in which the kernel looks; the first that is met decides. */
  readonly refusals: readonly SealRefusal[];
  /** The seal does not end before the last pin or registration of the file (section 8: pins_extend_seal, lease_until_last_pin). */
  readonly untilLastPin?: boolean;
  /** `false`: the call leaves its transaction to the next journal commit, a crash before it undoes the seal (section 5: seal_sync). */
  readonly synced?: boolean;
  /** On a file with shared blocks every fault of the holder is SIGBUS (seal-semantics section 3, below the table). */
  readonly faultsNeedOwnBlocks?: boolean;
}

/** Lease and recall machine of a policy. */
export interface BreakSpec {
  /** Longest time a holder may take, ns; then the kernel takes the lease away. */
  readonly limitNs: number;
  /** Who is told, in words, with its source. */
  readonly notify: string;
  /** A fault that the table refuses starts the break as well. */
  readonly faultsBreak: boolean;
  /** At the limit the holder's mapping is taken away: what it touches from then on is SIGBUS. */
  readonly zaps: boolean;
  /** When the device loses the translations that the holder registered; for pNFS, when the client is fenced (section 4.2). */
  readonly device: 'at_break' | 'at_limit' | 'never';
  /** Whoever breaks looks this often whether the holder is gone, ns; left out: it is woken at once (section 4.2, pNFS). */
  readonly pollNs?: number;
}

/** Values of the switches (`--set KEY=VALUE`), already validated. */
export type Settings = Readonly<Record<string, string>>;

/** A switch that policies understand. */
export interface Switch {
  readonly key: string;
  readonly values: readonly string[] | 'seconds';
  readonly fallback: string;
  readonly text: string;
}

/** An operation that a policy treats as another row of the table (such as note 18): always, or with this flag. */
export interface Instead {
  readonly op: OpName;
  readonly flag?: FlagName;
  readonly as: CaseName;
}

/** What the switches of section 8 ask of the engine, whatever the policy. */
export interface Behaviour {
  /** How much of a file loses its page-table entries when something waits for pins or invalidates (zap_scope). */
  readonly zapScope: 'file' | 'range';
  /** What ends a wait for pins: the pin going away, or only a signal, as on Linux 6.1 (section 10.1: dax_wait). */
  readonly waitEnds: 'release' | 'signal';
  /** Who waits for pins keeps the file's I/O lock: reads and writes queue behind it (section 4.1: XFS, not ext4). */
  readonly waitKeepsLock: boolean;
  /** What an application does whose long-term pin was refused: give up, register on demand, copy through a buffer (on_refused_pin). */
  readonly onRefusedPin: 'abort' | 'odp' | 'bounce';
  /** Whether CPU and device see each other's stores without a flush (coherence). */
  readonly coherence: 'hardware' | 'software';
  /** Time that the holder of a lease has after a break, ns; Infinity: for ever (lease_break_time_s). */
  readonly leaseBreakNs: number;
}

export interface PolicySpec {
  readonly name: string;
  readonly title: string;
  /** Sources: man page, thread, kernel function. */
  readonly cites: readonly string[];
  /** How far a hold binds. */
  readonly reach: 'file' | 'range';
  /** What the switches ask of the engine; their defaults when left out. */
  readonly behaviour?: Behaviour;
  /** Every case when nobody holds anything; a case left out is `ok`. */
  readonly unheld?: Cells;
  /** For each kind of hold alive on the file: what another process gets. The strongest verdict of all live holds wins. */
  readonly held: Readonly<Partial<Record<HoldName, Cells>>>;
  /** What the holder itself gets where that differs from `held`; a cell given here also wins over `unheld`. */
  readonly holder?: Readonly<Partial<Record<HoldName, Cells>>>;
  /** How the policy seals; null when it never does. */
  readonly seal: SealSpec | null;
  readonly breaks?: BreakSpec;
  /** Holds that operations of the trace take by themselves: `lease`, `layout_get`, `address_query`. A swap file always is one. */
  readonly requests?: readonly ('lease' | 'layout' | 'translation')[];
  /** A `lease` of the trace without the flag `exclusive` is a hold of this kind, which others break (section 4.2, breakable layout lease). */
  readonly breakableLease?: 'layout';
  /** Holds that stay when the process that took them is gone; a seal and a swap file always do (section 5). */
  readonly outliveExit?: readonly HoldName[];
  /** Operations treated as another row. */
  readonly instead?: readonly Instead[];
  /** After these cases the file is of no use until the next mount: it carries that hold, whose cells say what it answers. */
  readonly spoils?: { readonly cases: readonly CaseName[]; readonly hold: HoldName };
  /** A write past the end of file is cut short: to the part inside (note 3) or to nothing (note 4), and reports success. */
  readonly shortWrites?: 'inside' | 'nothing';
  /** The device's translation is taken away on a map change and fetched again at the next access (on-demand paging). */
  readonly devicePages?: boolean;
  /** Write faults that need a block commit the journal where the process has the file mapped with MAP_SYNC (note 7). */
  readonly syncMappingsCommit?: boolean;
  /** Knows which accesses of devices are still to come, and refuses what would make one of them stale. */
  readonly foresees?: boolean;
  /** Lane that repeats what the trace says happened. */
  readonly recorded?: boolean;
  /** Free text: what a reader must know about the reading that was implemented. */
  readonly notes?: readonly string[];
}

/** The holds that a policy's printed cells are about: no device on demand, no swap file where that is an accident, not the mark of a spoiled file. */
export const ownHolds = ({ held, seal, spoils }: PolicySpec): readonly HoldName[] =>
  HOLDS.filter(
    (hold) =>
      held[hold] !== undefined &&
      hold !== spoils?.hold &&
      hold !== 'ondemand' &&
      (hold !== 'swap' || seal?.hold === 'swap'),
  );

/** A policy with its tables, indexed `case * MASKS + holdMask`. */
export interface Policy extends PolicySpec {
  readonly behaviour: Behaviour;
  /** Bits of the holds whose holder gets other cells than everybody else. */
  readonly holderMask: number;
  /** Bits of the holds whose device loses its translation on a map change and faults at its next access. */
  readonly pagedMask: number;
  /** Those of them that only a change of their own range takes away (zap_scope=range). */
  readonly rangedMask: number;
  /** Bits of the holds that operations of the trace take by themselves. */
  readonly requestMask: number;
  /** Bits of the holds that end with the process that took them. */
  readonly exitMask: number;
  /** By op code: the case it is treated as, -1 for its own; and the flag bits that it must have for that. */
  readonly insteadCase: Int8Array;
  readonly insteadFlags: Float64Array;
  readonly verdictOther: Uint8Array;
  readonly errnoOther: Uint16Array;
  readonly verdictHolder: Uint8Array;
  readonly errnoHolder: Uint16Array;
}

/** A registry entry: the policy for given switches. */
export interface PolicyEntry {
  readonly name: string;
  readonly title: string;
  /** One of those that a report shows where nobody says which. */
  readonly usual?: true;
  build(settings: Settings): Policy;
}
