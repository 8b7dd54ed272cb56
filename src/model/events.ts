// The event vocabulary, schema `sealtrace.events/1`: what every format is turned into and every lane reads.
import type { Bytes, Nanos } from './units.js';

/** Operation names in code order: the index is the code. Only ever append. */
export const OPS = [
  'generic',
  // what is there at time zero
  'file',
  'extent',
  // file calls
  'open',
  'close',
  'read',
  'write',
  'truncate',
  'fallocate',
  'punch',
  'zero',
  'collapse',
  'insert',
  'unshare',
  'reflink',
  'dedupe',
  'exchange',
  'swapext',
  'unlink',
  'rename',
  'setattr',
  'fsync',
  // memory
  'mmap',
  'munmap',
  'read_fault',
  'write_fault',
  'msync',
  // device
  'pin',
  'unpin',
  'register',
  'deregister',
  'dma_read',
  'dma_write',
  'device_fault',
  // claims
  'seal',
  'unseal',
  'swapon',
  'swapoff',
  'lease',
  'lease_release',
  'layout_get',
  'layout_return',
  'address_query',
  // processes and system
  'fork',
  'exit',
  'mount',
  'umount',
  'crash',
  'lost',
  // observed
  'map_insert',
  'map_remove',
  'map_convert',
  'commit',
  'block_io',
  /** The file's whole map is known to be empty here. */
  'map_reset',
  /** From here on the file's map is a guess (a loss, a fork swap, an unseen beginning). File NONE: every file. */
  'map_unknown',
  /** A look-up saw this extent: no change, but a check of the map (or its first sight). */
  'map_seen',
  /** Dirty data written back by the kernel, outside any call. */
  'writeback',
  /** The file's whole map is known from here on: it was seen from end to end. */
  'map_known',
  /** The operation of the same `opId` was seen to wait here, for a pin or a lease: `latencyNs` is how long. */
  'wait',
] as const;

export type OpName = (typeof OPS)[number];
export const OP_COUNT = OPS.length;
/** Name to code. */
export const Op = Object.fromEntries(OPS.map((name, code) => [name, code])) as { readonly [K in OpName]: number };

/** A set of ops as a table by op code: 1 for each of them. */
export const opSet = (names: readonly OpName[]): Uint8Array =>
  Uint8Array.from(OPS, (name) => (names.includes(name) ? 1 : 0));

/** Flag names in bit order. The words of `events.md` first, then what only sealtrace writes. Only ever append. */
export const FLAGS = [
  'write',
  'sync',
  'direct',
  'populate',
  'whole',
  'synthetic',
  'shared',
  'writable',
  'nowait',
  'trunc',
  'keep_size',
  /** Second row of an operation on two ranges; shares `opId` with the row before it. */
  'second',
  'over',
  'killed',
  /** The operation's changes of the map follow as observed rows with the same `opId`. */
  'observed',
  'odp',
  'p2p',
  'exclusive',
  'read',
  'times',
  'mode',
  /** State of an extent row: allocated, reads as zero. Neither `unwritten` nor `delalloc`: written. */
  'unwritten',
  /** State of an extent row: space reserved, no address yet. */
  'delalloc',
  /** State of an extent row: blocks shared with another file or range (reflink). */
  'reflinked',
  /** A fault taken by the kernel for a device (get_user_pages), not by the CPU's user code. */
  'gup',
  /** Recorded: the device's target left the file while the access was under way. */
  'moved',
  /** The call may have changed immutable/append attributes that the trace does not show. */
  'attributes',
  /** A page-cache page, not the block, is what the device touches. */
  'pagecache',
  /** `file` row: the map at this time is not known. */
  'unknown',
  /** `file` row or mapping: the file is accessed through DAX. */
  'dax',
  /** `block_io`: the request is for metadata of the file system (REQ_META, `M` in rwbs). */
  'meta',
  /** `read`, `write`: of the block device itself, past its file system; the offset is the device's. */
  'raw',
] as const;

export type FlagName = (typeof FLAGS)[number];
/** Name to bit. Bits stay below 2^31, so a plain `&` never turns negative. */
export const Flag = Object.fromEntries(FLAGS.map((name, bit) => [name, 2 ** bit])) as {
  readonly [K in FlagName]: number;
};

/** Ops that describe or observe; they are applied, never decided, and are no "operations" of a lane. */
export const OBSERVED_OPS: readonly OpName[] = [
  'generic',
  'file',
  'extent',
  'lost',
  'map_insert',
  'map_remove',
  'map_convert',
  'commit',
  'block_io',
  'map_reset',
  'map_unknown',
  'map_seen',
  'map_known',
  'writeback',
  'wait',
];

const OBSERVED = opSet(OBSERVED_OPS);

/** A row that says what was seen, and not what was asked for. */
export const isObservation = (op: number, flags: number): boolean =>
  OBSERVED[op] === 1 || ((op === Op.collapse || op === Op.insert) && (flags & Flag.observed) !== 0);

/** Flags of the second row of an operation on two files: of a rename, exactly one of the two is replaced. */
export const secondFlags = (op: number, flags: number): number =>
  (op === Op.rename ? flags ^ Flag.over : flags) | Flag.second;

/**
 * Decoded columns of `rows` events, sorted by time; lanes only read them.
 * One event touches one range of one file. `offset`, `length`, `addr` in bytes (-1 unknown; `truncate` and `file` hold
 * the size in `length`); `file`, `task` are rows of the side tables (NONE for none); `handle` joins acquire and release
 * of one hold (0 none); `opId` joins an operation with what it changed (0 none); `result` is 0 or a negative errno,
 * UNKNOWN_RESULT when unknown; `source`, `row` lead back to the recording's line or record (1-based; 0 none).
 */
export interface EventColumns {
  readonly rows: number;
  readonly timeNs: Float64Array;
  readonly op: Uint8Array;
  readonly flags: Uint32Array;
  readonly file: Uint32Array;
  readonly task: Uint32Array;
  readonly offset: Float64Array;
  readonly length: Float64Array;
  readonly addr: Float64Array;
  readonly handle: Uint32Array;
  readonly opId: Uint32Array;
  readonly result: Int16Array;
  readonly latencyNs: Float64Array;
  readonly source: Uint16Array;
  readonly row: Uint32Array;
}

/** One reused row: set fields, then `commit()`; after it every field is back to "unknown". */
export interface EventWriter {
  timeNs: Nanos;
  op: number;
  flags: number;
  file: number;
  task: number;
  offset: Bytes;
  length: Bytes;
  addr: Bytes;
  handle: number;
  opId: number;
  result: number;
  latencyNs: Nanos;
  row: number;
  /** Interns a file by (device, inode) or by path alone; a path may be learned later by calling again. */
  fileId(device: string, inode: string, path?: string): number;
  /** From here on this inode of the device is another file: the number was free and was given away again. */
  forgetInode(device: string, inode: string): void;
  /** From here on the path means another file. */
  forgetPath(path: string): void;
  /** Interns a task by (pid, tid); the last name wins. */
  taskId(pid: number, tid: number, name: string): number;
  /** The task turns out to be a thread of this process, and always was. */
  taskIs(task: number, pid: number): void;
  /** A file whose identity is not known yet (an open descriptor); `mergeFiles` tells it later. */
  placeholder(): number;
  /** `from` turns out to be `to` (NONE: it stays unknown). */
  mergeFiles(from: number, to: number): void;
  /** A fresh number for `opId` or `handle`. */
  newId(): number;
  commit(): void;
}

/** A file of the trace. */
export interface FileInfo {
  readonly device: string;
  readonly inode: string;
  readonly path: string;
}

/** A thread, or a device acting by itself. */
export interface TaskInfo {
  readonly pid: number;
  readonly tid: number;
  readonly name: string;
}
