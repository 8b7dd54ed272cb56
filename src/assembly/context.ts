// What every part of assembly shares: the record at hand, who acts, where rows go.

import type { ByteStore } from '../base/byte-store.js';
import { ColumnLog } from '../base/column-log.js';
import type { SparseNumbers } from '../base/sparse-numbers.js';
import type { WordNumbers } from '../base/word-numbers.js';
import type { EventWriter } from '../model/events.js';
import { Flag, Op } from '../model/events.js';
import type { KernelRecord, Words } from '../model/kernel.js';
import type { DeviceAccessCounts, SourceInfo, TraceSink } from '../model/trace.js';
import { NONE, UNKNOWN } from '../model/units.js';
import type { BlockSizes } from './block-sizes.js';
import type { DeviceLog } from './device-log.js';
import type { Ext4Maps } from './ext4-map.js';
import type { TakenLease } from './leases.js';
import type { MapLog } from './map-log.js';
import type { OpenFile, Process, Unresolved } from './process.js';
import type { ReusedInodes } from './reused-inodes.js';
import type { DirectCall, Thread } from './state.js';
import type { XfsGeometry } from './xfs-geometry.js';
import type { XfsMaps } from './xfs-map.js';
import type { XfsVotes } from './xfs-votes.js';

export type { DirectCall };

/** The sink of a source, and the counts only assembly can know. */
export interface AssemblySink extends Omit<TraceSink, 'kernel'> {
  /** For what must be kept until the end of the recording. */
  readonly store: ByteStore;
  readonly words: Words;
  readonly deviceAccess: DeviceAccessCounts;
  /** Counts an enter without exit, or an exit without enter. */
  unpaired(count?: number): void;
  /** Every source whose kernel records are assembled. */
  readonly sources: readonly SourceInfo[];
  /** The source of a record. */
  sourceOf(row: number): SourceInfo;
}

/** Asynchronous direct I/O under way; completes in any task, so it is paired by file and range (trap 3). */
export interface Queued {
  readonly file: number;
  readonly offset: number;
  readonly length: number;
  readonly write: boolean;
  readonly timeNs: number;
  readonly row: number;
  readonly task: number;
  readonly opId: number;
  readonly thread: Thread;
  /** Its end comes by itself, not in the thread that began it. */
  readonly aio: boolean;
  /** It was tried without waiting: io_uring has it tried again by a worker, where it would have had to wait. */
  nowait: boolean;
  /** It is synced before it is over (O_DSYNC). */
  readonly syncs: boolean;
  /** When such a try failed; -1 where it did not. */
  failedNs: number;
  /** The file whose pages were faulted in for the buffer, with the range seen. */
  faulted: number;
  first: number;
  last: number;
}

/** What the letters of a block request say. */
export interface RequestKind {
  /** It reads or writes sectors. */
  readonly moves: boolean;
  readonly write: boolean;
  /** Of the file system's own metadata. */
  readonly meta: boolean;
  /** Read before anybody asked. */
  readonly ahead: boolean;
}

const MOMENT = { timeNs: Float64Array, file: Uint32Array, row: Uint32Array };
const MOMENT_ROWS = 1024;
type SizeMoments = ColumnLog<typeof MOMENT>;
export const sizeMomentsIn = (store: ByteStore): SizeMoments => new ColumnLog(MOMENT, store, MOMENT_ROWS);

export interface Context {
  readonly sink: AssemblySink;
  readonly events: EventWriter;
  readonly record: KernelRecord;
  readonly words: Words;
  readonly log: MapLog;
  /** When what a note tells was looked at, before the note itself; infinite where the two are one. */
  notedNs: number;
  readonly xfs: XfsMaps;
  readonly ext4: Ext4Maps;
  readonly blocks: BlockSizes;
  readonly devices: DeviceLog;
  /** i_size by file, where it is known. */
  readonly sizes: SparseNumbers;
  /** Opens that emptied a file whose inode was not known then; and by file, how many of them there were when its size was last declared unknown. */
  emptied: number;
  readonly sizeless: SparseNumbers;
  /** When calls set a size, as long as no write was seen. */
  readonly sizeMoments: SizeMoments;
  /** The recording has events of writes at all. */
  writesSeen: boolean;
  /** Devices where ext4 announced more than a page at once (Linux 6.16, large folios): no page is one of a longer write there. */
  readonly wholeWrites: Set<number>;
  /** It has the maps that iomap shows to every transfer. */
  iomapSeen: boolean;
  /** File by `device/directory inode/name`. */
  readonly names: WordNumbers;
  /** File by path, where the recorder shows paths. */
  readonly paths: WordNumbers;
  /** Leases by the open file description that they hang on. */
  readonly leases: Map<OpenFile, TakenLease>;
  /** Inodes that are directories, by device: names were looked for in them. */
  readonly directories: Map<number, Set<number>>;
  /** XFS tells when it locks maps. */
  mapLocksSeen: boolean;
  readonly swaps: Map<number, number>;
  /** Swap files by the process that turned them on and the pointer to their path that it gave. */
  readonly swapPaths: Map<string, number>;
  /** Handles of io_uring's registered buffers, by process and ring descriptor. */
  readonly rings: Map<string, number>;
  readonly queued: Queued[];
  /** Files that took DAX faults: their pages are blocks of the device. */
  readonly daxFiles: Set<number>;
  /** The trace tells of signals: a fault that brings none has succeeded. */
  signals: boolean;
  /** XFS extent state bits by interned word. */
  readonly stateBits: number[];
  /** Meaning of the words of iomap events, by interned word. */
  readonly iomapTypes: number[];
  readonly iomapShared: boolean[];
  readonly kiocbFlags: number[];
  readonly lockFlags: boolean[];
  readonly fallocModes: number[];
  readonly extentStatus: string[];
  readonly requestKinds: RequestKind[];
  geometry(device: number): XfsGeometry;
  file(device: number, inode: number): number;
  /** Inodes of the device that events have named. */
  inodes(device: number): Iterable<number>;
  /** The block device itself, as a file that is read and written past its file system. */
  blockDevice(device: number): number;
  readonly blockDevices: Set<number>;
  readonly reused: ReusedInodes;
  readonly votes: XfsVotes;
  /** A name the file was opened by. */
  named(file: number, name: string): void;
  /** Has an event named the file by its inode? */
  told(file: number): boolean;
  /** A file with this inode was met before that time. */
  metBefore(device: number, inode: number, timeNs: number): boolean;
  /** Descriptors that stand for regular files. */
  readonly regular: Unresolved;
  thread(tid: number, pid: number, comm: number): Thread;
  someThread(is: (thread: Thread) => boolean): Thread | undefined;
  process(pid: number, parent: Process | null): Process;
  unplaced(cause: string): void;
}

export function newOpen(c: Context, label = ''): OpenFile {
  return {
    file: c.events.placeholder(),
    resolved: -1,
    direct: false,
    appends: false,
    sync: false,
    passed: false,
    name: '',
    directory: '',
    position: -1,
    sinceNs: c.record.timeNs,
    label,
    regular: false,
    madeNs: Number.NaN,
    maybeMade: false,
    madeChanges: 0,
  };
}

/** It stands for a file of a file system, even if nothing ever tells which. */
export function isRegular(c: Context, open: OpenFile): void {
  if (open.regular) return;
  open.regular = true;
  c.regular.add(open);
}

export const fileOf = (open: OpenFile): number => (open.resolved >= 0 ? open.resolved : open.file);

/** A descriptor turned out to be this file: what was written about it so far is too. */
export function resolve(c: Context, open: OpenFile, file: number): void {
  if (open.resolved >= 0) return;
  open.resolved = file;
  c.events.mergeFiles(open.file, file);
  if (open.name === '') return;
  c.names.set(`${open.directory}/${open.name}`, file);
  c.named(file, open.name);
}

/** What was known by a path only turns out to be the file of an inode: what was learned of the one is of the other. */
export function sameFile(c: Context, byPath: number, file: number): void {
  c.events.mergeFiles(byPath, file);
  c.names.replace(byPath, file);
  for (const path of c.paths.replace(byPath, file)) c.named(file, path);
  const size = c.sizes.get(byPath);
  if (size !== undefined && !c.sizes.has(file)) c.sizes.set(file, size);
}

/** The `opId` of the call the thread is in, made when first needed. */
export function callOp(c: Context, t: Thread): number {
  if (t.call.name === '') return 0;
  if (t.call.opId === 0) t.call.opId = c.events.newId();
  return t.call.opId;
}

/** The `opId` of the change that the file system announced, made when first needed. */
export function changeOp(c: Context, { change }: Thread): number {
  if (change.opId === 0) change.opId = c.events.newId();
  return change.opId;
}

/** The `opId` of whatever the thread is in: a fault inside a call comes first. */
export function currentOp(c: Context, t: Thread): number {
  if (!t.fault.active) return callOp(c, t);
  if (t.fault.opId === 0) t.fault.opId = c.events.newId();
  return t.fault.opId;
}

/** A change of the size that the kernel told us, in something that a task did (`teller`), or that follows from a call that succeeded. */
export function sizeIs(c: Context, file: number, size: number, teller?: number): void {
  if (!(size >= 0)) return;
  if (teller === undefined && !c.writesSeen) addMoment(c, file);
  else if (teller !== undefined && c.sizes.get(file) !== size) sizeRow(c, file, size, teller);
  c.sizes.set(file, size);
}

function addMoment({ sizeMoments, record }: Context, file: number): void {
  const i = sizeMoments.add();
  const { at } = sizeMoments;
  at.timeNs[i] = record.timeNs;
  at.file[i] = file;
  at.row[i] = record.row;
}

/** A recording without any event of a write cannot tell how large a file is after it was last cut: no size is kept. */
export function distrustSizes(c: Context): void {
  if (c.writesSeen) return;
  for (const { rows, at } of c.sizeMoments.blocks())
    for (let i = 0; i < rows; i++) {
      c.record.timeNs = at.timeNs[i]!;
      c.record.row = at.row[i]!;
      sizeRow(c, at.file[i]!, UNKNOWN, NONE);
    }
}

/** The file grew in a way no event measures: its size is not known any more. */
export function sizeUnknown(c: Context, t: Thread, file: number): void {
  if (c.sizeless.get(file) === c.emptied && !c.sizes.has(file)) return;
  c.sizeless.set(file, c.emptied);
  c.sizes.delete(file);
  sizeRow(c, file, UNKNOWN, t.task);
}

function sizeRow(c: Context, file: number, size: number, task: number): void {
  const e = c.events;
  e.timeNs = c.record.timeNs;
  e.op = Op.file;
  e.flags = Flag.unknown;
  e.file = file;
  e.task = task;
  e.offset = 0;
  e.length = size;
  e.row = c.record.row;
  e.commit();
}

/** Starts the row of the call the thread is leaving. */
export function callRow(c: Context, t: Thread, op: number, file: number, result: number): EventWriter {
  const e = c.events;
  e.timeNs = t.call.timeNs;
  e.op = op;
  e.file = file < 0 ? NONE : file;
  e.task = t.task;
  e.opId = callOp(c, t);
  e.result = result >= 0 ? 0 : Math.max(result, -32768);
  // Equal stamps measure nothing: a coarse clock, or a recorder that tells no durations.
  e.latencyNs = c.record.timeNs > t.call.timeNs ? c.record.timeNs - t.call.timeNs : UNKNOWN;
  e.row = t.call.row;
  e.offset = UNKNOWN;
  e.length = UNKNOWN;
  return e;
}
