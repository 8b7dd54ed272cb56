// What an event map says of events that sealtrace does not know by itself (kprobes, fprobes, uprobes, vendors' tracepoints):
// which operation they are, and which of their fields is what. Checked form; `src/probes/define.ts` makes it of JSON.
import type { FlagName, OpName } from './events.js';
import type { SlotType } from './kernel.js';

/** Operations on one range of one file, that an event may be said to be. */
export const TAUGHT_OPS = [
  'pin',
  'unpin',
  'register',
  'deregister',
  'dma_read',
  'dma_write',
  'device_fault',
  'seal',
  'unseal',
  'swapon',
  'swapoff',
  'lease',
  'lease_release',
  'layout_get',
  'layout_return',
  'address_query',
  'wait',
  'read',
  'write',
  'truncate',
  'fallocate',
  'punch',
  'zero',
  'collapse',
  'insert',
  'unshare',
  'fsync',
  'commit',
] as const satisfies readonly OpName[];

/** The beginning and the end of a device's access to memory: together they become `dma_read` or `dma_write`. */
export const DMA_ENDS = ['dma_map', 'dma_unmap'] as const;

export type TaughtOp = (typeof TAUGHT_OPS)[number] | (typeof DMA_ENDS)[number];

/** What gives back what. */
export const RELEASES: Readonly<Partial<Record<TaughtOp, TaughtOp>>> = {
  unpin: 'pin',
  deregister: 'register',
  unseal: 'seal',
  swapoff: 'swapon',
  lease_release: 'lease',
  layout_return: 'layout_get',
  dma_unmap: 'dma_map',
};

/** Claims on a file that last until they are given back. */
export const CLAIMS: ReadonlySet<TaughtOp> = new Set(Object.values(RELEASES));

export const FIELD_ROLES = [
  'device',
  'minor',
  'inode',
  'offset',
  'length',
  'address',
  'handle',
  'result',
  'pid',
  'tid',
] as const;
export type FieldRole = (typeof FIELD_ROLES)[number];

/** Bytes of a unit; pages and blocks are of 4 KiB. */
export const FIELD_UNITS: Readonly<Record<string, number>> = {
  bytes: 1,
  sectors: 512,
  KiB: 1024,
  pages: 4096,
  blocks: 4096,
};

/** How a value is written, and the slot it is read into. */
export const FIELD_FORMS: Readonly<Record<string, SlotType>> = {
  /** Decimal, or hex with 0x. */
  number: 'n',
  /** Hex without 0x. */
  hex: 'h',
  /** The same 32 bits may be printed unsigned. */
  s32: 'n',
  /** pfn_t with its flag bits. */
  pfn: 'p',
  /** `major:minor`; a dev_t of the kernel (major << 20 | minor) is a `number`. */
  device: 'd',
  word: 's',
};

export interface EventName {
  /** Empty: of whatever system. */
  readonly system: string;
  readonly name: string;
}

/** A field of one of the events of an operation, or of another event that the same thread met before, in the same call. */
export interface EventField {
  readonly event: EventName;
  readonly field: string;
  /** The word before it where the event is printed. */
  readonly print: string;
  readonly form: string;
  /** Name in FIELD_UNITS. */
  readonly unit: string;
  /** Of a handle: a number that means something in its process only, as a descriptor does. */
  readonly ofProcess: boolean;
}

/** Holds when the field, cut by the mask, is (or is not) one of the numbers. */
export interface Condition {
  readonly field: EventField;
  readonly mask: number;
  readonly is: readonly number[];
  readonly not: readonly number[];
}

export interface TaughtOperation {
  readonly op: TaughtOp;
  readonly enter: EventName;
  /** Whichever the same thread meets first ends it; empty: the event is a moment. */
  readonly returns: readonly EventName[];
  readonly when: readonly Condition[];
  readonly fields: Readonly<Partial<Record<FieldRole, EventField>>>;
  /** Flags the row gets, always or while a condition holds. */
  /** Of several claims of a process, which one is given back where no handle tells: none, or the last that was taken. */
  readonly which: 'only' | 'last';
  readonly flags: readonly { readonly flag: FlagName; readonly when: Condition | null }[];
}

export interface EventMap {
  readonly name: string;
  readonly title: string;
  /** Where the events and their meaning are described. */
  readonly source: string;
  /** Definitions for `kprobe_events`, `uprobe_events` or `dynamic_events`. */
  readonly probes: readonly string[];
  readonly operations: readonly TaughtOperation[];
  /** Events that are known for what they are, and are no operation. */
  readonly known: readonly EventName[];
}

export const fullName = ({ system, name }: EventName): string => (system === '' ? name : `${system}:${name}`);

/** What of an event map was found in a recording; kept with its source. */
export interface MapUse {
  readonly map: string;
  /** Events of the map, and how many records each had. */
  readonly events: { readonly event: string; records: number }[];
  readonly operations: OperationUse[];
}

export interface OperationUse {
  readonly op: string;
  readonly event: string;
  /** Written as rows of the trace. */
  placed: number;
  /** Part of an operation that is written anyway: pins inside a registration. */
  inside: number;
  /** Not written, by cause. */
  readonly unplaced: Record<string, number>;
}
