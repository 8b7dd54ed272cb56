// What every tracepoint handler shares: how an event names the file of the call around it, and who changes a map.
import { Op } from '../model/events.js';
import type { Context } from './context.js';
import { changeOp, currentOp, sizeIs } from './context.js';
import { fdOf } from './descriptors.js';
import type { OpenFile } from './process.js';
import type { AnnouncedChange, Call, Thread } from './state.js';

/** What the return of a call means. */
export type Exit = (c: Context, t: Thread, ret: number) => void;

/** Takes one event; `v` are its slots in the order of kernel-events.ts. */
export type Handler = (c: Context, t: Thread, v: Float64Array) => void;

export const PAGE = 4096;

/** ioctls that make two files share blocks: fs.h. */
export const FICLONE = 0x40049409;
export const FICLONERANGE = 0x4020940d;
export const FIDEDUPERANGE = 0xc0189436;

/**
 * The event names the file the enclosing call works on, if not what it faulted in (memory that it writes may be another file) or its
 * second file. Of one that moves data it may be either: what it reads and writes tells which.
 */
export const strong: Handler = (c, t, v) => {
  const { call } = t;
  if (call.name === '' || t.fault.active || call.file >= 0 || isMove(call.name)) return;
  const file = c.file(v[0]!, v[1]!);
  if (file !== call.faultFile && file !== call.source) sure(c, t, v);
};

/** The same, whatever was faulted in. */
const sure: Handler = (c, t, v) => {
  if (t.call.name === '' || t.fault.active || t.call.file >= 0) return;
  if (c.reused.made > 0) metAsNew(c, t, v[0]!, v[1]!);
  t.call.file = c.file(v[0]!, v[1]!);
};

/** The first that is told of a file since it was made: where its inode was known before, the number has come back. */
export function metAsNew(c: Context, t: Thread, device: number, inode: number): void {
  const ends = endsOf(t.call);
  if (ends === null) return metBy(c, t, t.call.args[0]!, device, inode);
  // It may be the file of the other end, unless that is known for another.
  const [source, target] = ends;
  if (isOfAnother(c, t, target, device, inode)) metBy(c, t, source, device, inode);
  if (isOfAnother(c, t, source, device, inode)) metBy(c, t, target, device, inode);
}

/** Descriptors of the source and the target of a call between two files, NaN where one stands behind a pointer; null for another call. */
export function endsOf({ name, args }: Call): readonly [number, number] | null {
  if (name === 'copy_file_range' || name === 'splice') return [args[0]!, args[2]!];
  if (name === 'sendfile64') return [args[1]!, args[0]!];
  if (name !== 'ioctl') return null;
  if (args[1] === FICLONE) return [args[2]!, args[0]!];
  if (args[1] === FICLONERANGE) return [Number.NaN, args[0]!];
  return args[1] === FIDEDUPERANGE ? [args[0]!, Number.NaN] : null;
}

function isOfAnother(c: Context, { process }: Thread, fd: number, device: number, inode: number): boolean {
  const file = process.descriptor(fdOf(fd))?.resolved ?? -1;
  return file >= 0 && file !== c.file(device, inode);
}

/** The same of one descriptor. */
export function metBy(c: Context, t: Thread, fd: number, device: number, inode: number): void {
  const open = t.process.descriptor(fdOf(fd));
  if (open === undefined || Number.isNaN(open.madeNs)) return;
  if (c.metBefore(device, inode, open.madeNs) && isNew(c, t, open, device, inode)) {
    const old = c.file(device, inode);
    // What changed since by another descriptor was taken for the old file's, and stays with it.
    if (!c.log.changedSince(old, open.madeChanges))
      c.reused.cameBack(c.ext4.follows(old) ? 'ext4' : 'xfs', device, inode, open.madeNs);
  }
  open.madeNs = Number.NaN;
  c.reused.made--;
}

/** Opened with O_CREAT alone, a file may have been there: not under a number that lost its name before. */
function isNew(c: Context, t: Thread, open: OpenFile, device: number, inode: number): boolean {
  if (!open.maybeMade) return true;
  if (!c.reused.wasUnnamed(device, inode, open.madeNs)) return false;
  c.sink.issue(
    'inode-came-back',
    t.call.row,
    `inode ${inode} lost a name and was found by an open that may make files: taken for another file of that number. A file with a second name is taken for two; record ext4_allocate_inode, ext4_evict_inode and ext4_free_inode to be sure`,
  );
  return true;
}

/** The same for reads and writes, with the position of the transfer. */
export const transferAt =
  (place: number, write: boolean): Handler =>
  (c, t, v) => {
    if (t.call.name === 'copy_file_range') return copies(c, t, v, place, write);
    if (isMove(t.call.name)) return moves(c, t, v, place, write);
    if (write && !t.call.writes) return fills(c, t, v, place);
    sure(c, t, v);
    if (t.call.name !== '' && t.call.position < 0) t.call.position = v[place]!;
  };

/**
 * What writes no data itself, an open, a truncate or a rename, changes on overlayfs a file that it copies first: it goes on with the
 * copy (fs/overlayfs/copy_up.c).
 */
function fills(c: Context, { call, fault }: Thread, v: Float64Array, place: number): void {
  if (call.name === '' || fault.active) return;
  call.file = c.file(v[0]!, v[1]!);
  call.filledBytes = Math.max(call.filledBytes, v[place]! + v[place + 1]!);
}

/** What a copy writes is its target, whatever it looked up before; what it writes first is where the copy begins. */
function copies(c: Context, t: Thread, v: Float64Array, place: number, write: boolean): void {
  const { call } = t;
  if (c.reused.made > 0) metBy(c, t, endsOf(call)![write ? 1 : 0], v[0]!, v[1]!);
  const file = c.file(v[0]!, v[1]!);
  if (!write) {
    if (call.source < 0) call.source = file;
    return;
  }
  if (call.position >= 0) return;
  if (call.source < 0 && call.file !== file) call.source = call.file;
  call.file = file;
  call.position = v[place]!;
}

/** Calls that move data from one descriptor to another. */
export const isMove = (name: string): boolean => name === 'sendfile64' || name === 'splice';

/** What sendfile and splice read and write: each file once, where it begins; the kernel does it in pieces of a pipe. */
function moves(c: Context, t: Thread, v: Float64Array, place: number, write: boolean): void {
  const { call } = t;
  if (c.reused.made > 0) metBy(c, t, endsOf(call)![write ? 1 : 0], v[0]!, v[1]!);
  const file = c.file(v[0]!, v[1]!);
  if (write && call.position < 0) {
    call.file = file;
    call.position = v[place]!;
  } else if (!write && call.source < 0) {
    call.source = file;
    call.sourceOffset = v[place]!;
  }
}

/** The file system works on this range now; the blocks it then tells of are there (see BlockSizes). */
export function worksOn(t: Thread, device: number, inode: number, offset: number, length: number): void {
  const { work } = t;
  work.device = device;
  work.inode = inode;
  work.offset = offset;
  work.length = length;
  work.callNs = t.call.timeNs;
  work.inCall = t.call.name !== '';
}

/** Nothing seen since ended it: a call that was seen to return takes its work with it, also when the next is not in the trace. */
export const stillWorks = ({ work, call }: Thread): boolean =>
  work.callNs === call.timeNs && work.inCall === (call.name !== '');

/** Not what a file system keeps beside its files: that is read through the pages of its device. */
export const weak: Handler = (c, t, v) => {
  const { call } = t;
  if (call.name === '' || t.fault.active || call.weakFile >= 0 || isMetadata(c, v[0]!, v[1]!)) return;
  const file = c.file(v[0]!, v[1]!);
  if (file !== call.faultFile) call.weakFile = file;
};

const FIRST_BLOCK_DEVICE = 2 ** 20;

/** Block devices have inodes of a file system of their own, which has no device; an inode's number is that of its device (bdev_add in block/bdev.c). */
function isMetadata(c: Context, device: number, inode: number): boolean {
  if (device >= FIRST_BLOCK_DEVICE || inode < FIRST_BLOCK_DEVICE) return false;
  for (const _ of c.inodes(inode)) return true;
  return false;
}

/** File of the memory that a call was given, as far as that was faulted in; -1 none. */
export const fileOfMemory = ({ call }: Thread): number => (call.faultFile >= 0 ? call.faultFile : call.weakFile);

/** Who changes the map of the inode that `v` names. */
export function author(c: Context, t: Thread, v: Float64Array): void {
  const a = c.log.author;
  a.timeNs = c.record.timeNs;
  const { change, call } = t;
  const isOfChange = change.pending && call.name === '' && !t.fault.active && isAbout(change, c.file(v[0]!, v[1]!));
  a.opId = isOfChange ? changeOp(c, t) : currentOp(c, t);
  a.task = t.task;
  a.row = c.record.row;
  a.sharing = isOfChange ? change.op === Op.reflink : call.remapLength > 0;
  a.noted = false;
}

/** No more than its own files: where nothing tells its end, the thread may do other things by now. */
const isAbout = ({ file, second }: AnnouncedChange, one: number): boolean => one === file || one === second;

export const word = (c: Context, value: number): string => (Number.isNaN(value) ? '' : c.words.get(value));

/** What a word means, worked out once. */
export function told<T>(c: Context, known: T[], id: number, meaning: (text: string) => T): T {
  if (Number.isNaN(id)) return meaning('');
  known[id] ??= meaning(c.words.get(id));
  return known[id]!;
}

export function grows(c: Context, file: number, end: number, teller?: number): void {
  const size = c.sizes.get(file);
  if (size !== undefined && end > size) sizeIs(c, file, end, teller);
}

export const commit: Handler = (c, t) => {
  const e = c.events;
  e.timeNs = c.record.timeNs;
  e.op = Op.commit;
  e.opId = currentOp(c, t);
  e.task = t.task;
  e.row = c.record.row;
  e.commit();
};
