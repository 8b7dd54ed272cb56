// `sealtrace.workload/1`: what a recording was found to do, without its names, numbers and times. Bytes and ns.
import type { Distribution } from '../../base/distribution.js';
import { type FlagName, type OpName, opSet } from '../../model/events.js';
import type { Bytes, Nanos } from '../../model/units.js';

export const WORKLOAD_SCHEMA = 'sealtrace.workload/1';

export interface WorkloadModel {
  readonly schema: typeof WORKLOAD_SCHEMA;
  /** How long the recording was, and the rows that the model makes of it. */
  readonly spanNs: Nanos;
  readonly events: number;
  /** Share of allocated bytes whose blocks had been freed before. */
  readonly reuse: number;
  /** Operations that a model does not make, by name. */
  readonly leftOut: Readonly<Record<string, number>>;
  readonly kinds: readonly FileKind[];
  readonly roles: readonly Role[];
  readonly processes: readonly ProcessKind[];
}

/** Files that are used alike. */
export interface FileKind {
  /** False: nothing is known of their block maps, as in a block trace. */
  readonly mapped: boolean;
  readonly dax: boolean;
  readonly members: readonly FileMember[];
}

export interface FileMember {
  /** So many files like this one. */
  readonly count: number;
  /** Operations on each of them: popularity within the kind. */
  readonly weight: number;
  /** Was its size told when it was first used? Otherwise `bytes` is how much of it was used before it was. */
  readonly sized: boolean;
  /** Size and extents at first; the largest it may become. */
  readonly bytes: Bytes;
  readonly mostBytes: Bytes;
  readonly extents: number;
  /** Shares of its blocks at first. */
  readonly holes: number;
  readonly unwritten: number;
  readonly shared: number;
}

/** Processes of one kind: what threads they have. */
export interface ProcessKind {
  readonly count: number;
  readonly threads: readonly { readonly role: number; readonly count: number }[];
}

/** What threads of one name in processes of one kind do: a chain of steps. */
export interface Role {
  /** First operation of a thread, after the beginning of the trace. */
  readonly starts: Distribution;
  /** Steps of a thread. */
  readonly steps: Distribution;
  /** Share of its threads whose end was seen, and of these, who were killed. */
  readonly exits: number;
  readonly killed: number;
  /** Of a thread whose end was seen: from its last operation to its end; null: none was. */
  readonly stays: Distribution | null;
  /** Of threads that were all killed, together with others as it may be: from the first operation to the end, in the order of `starts`. */
  readonly lives: Distribution | null;
  /** Step with which a thread begins. */
  readonly first: Deals;
  readonly chain: readonly Step[];
}

/**
 * Numbers in the order in which they are dealt: one deck after another, each in random order, then from the first again. The
 * decks of a role with a single thread are parts of its life; those of a role with several are one, shared by its threads.
 */
export type Deals = readonly (readonly Count[])[];

/** The number of a step or a member, and how often it came. */
export interface Count {
  readonly number: number;
  readonly count: number;
}

/** Which blocks a write met, or where a truncate went; `faulted`: written blocks that an earlier fault had filled. */
export const CASES = [
  '',
  'hole',
  'shared',
  'unwritten',
  'written',
  'faulted',
  'past_eof',
  'down',
  'up',
  'same',
] as const;
export type CaseName = (typeof CASES)[number];

/** In `Step.next`: the last step of a thread. */
export const ENDS = -1;

/** Its size, or size and blocks. */
export const FORGETS = ['nothing', 'size', 'map'] as const;
export type Forgets = (typeof FORGETS)[number];

export interface Step {
  readonly op: OpName;
  readonly flags: readonly FlagName[];
  readonly case: CaseName;
  /** The refusal that was recorded, 0 for none: as `-errno`. */
  readonly errno: number;
  readonly kind: number;
  /** Kind of the second file of an operation on two, -1 for none. */
  readonly other: number;
  /** Which members of its kind it went to, where the thread did not stay with the file of the kind it used last. */
  readonly files: Deals;
  /** What comes after it; `ENDS`: the thread ends, unless it has much left to do. Nothing: it begins again. */
  readonly next: Deals;
  /** Since the step before it. */
  readonly gap: Distribution;
  readonly latency: Distribution | null;
  /** The same of those that found the file in the hands of a device, which they may have waited for; null: as the others. */
  readonly heldLatency: Distribution | null;
  /** Length, or the new size of a truncate; null: the whole file. */
  readonly bytes: Distribution | null;
  readonly place: Place;
  /** Share of steps on the file of this kind that the thread used last. */
  readonly again: number;
  readonly hold: HoldModel | null;
  /** What of the file was no longer known before it, as the recording did not see what others did. */
  readonly forgets: Forgets;
  /** Before it, the file's whole map became known. */
  readonly learns: boolean;
  /** Share that found the file mapped by another process, and in the hands of a device: who always did, waits for it. */
  readonly mapped: number;
  readonly pinned: number;
}

/** Shares of where an operation begins; what is left over of 1 is anywhere. */
export interface Place {
  readonly start: number;
  readonly same: number;
  readonly sequential: number;
  readonly end: number;
  /** Behind the end, with a hole between, and how far behind; of a truncate, how far the size goes up or down. */
  readonly ahead: number;
  readonly skip: Distribution | null;
  /** Of offsets anywhere, a power of two; and their place in the file, 0 to 1. */
  readonly align: Bytes;
  readonly at: Distribution | null;
}

/** What begins a hold. */
export interface HoldModel {
  readonly release: OpName;
  /** The thread makes its next call when it is given back: its gap begins then. Faults, which it may take meanwhile, are no calls. */
  readonly waits: boolean;
  /**
   * Share that was given back in the trace, and after which time, or where the thread waits, how long after the last step before that
   * call; the others last until their process ends.
   */
  readonly released: number;
  readonly time: Distribution | null;
  readonly device: DeviceModel | null;
}

/** What devices do through a hold while it lasts. */
export interface DeviceModel {
  readonly accesses: Distribution;
  /** To the access before, or to the beginning of the hold. */
  readonly gap: Distribution;
  /** Its size as a share of what is held. */
  readonly part: Distribution;
  /** Each takes what is left of the hold in its order, no more than this at once; then their number and sizes follow from the hold. null: they do not. */
  readonly atMost: Bytes | null;
  readonly writes: number;
}

/** Ops that take a range without going there: who comes next does not go on behind it. */
export const TAKES_RANGE: Uint8Array = opSet(['mmap', 'munmap', 'register', 'lease', 'layout_get', 'address_query']);

/** Ops that change blocks, and may wait for who holds them. */
export const CHANGES: Uint8Array = opSet([
  ...(['truncate', 'fallocate', 'punch', 'zero', 'collapse', 'insert', 'unshare', 'reflink', 'dedupe'] as const),
  ...(['exchange', 'swapext', 'unlink', 'rename', 'write'] as const),
]);
