// System calls to operations: one row when the call returns, with its start, duration, result and range.
// Argument order is the ABI's.
import { Flag, Op } from '../model/events.js';
import { fallocateCall, moveCall, OWN, placeOf, transfer, truncateRow } from './calls-data.js';
import { madviseCall, mmapCall, mremapCall, msyncCall, munmapCall } from './calls-memory.js';
import {
  closeCall,
  closeRangeCall,
  dup,
  fcntlCall,
  O_CLOEXEC,
  O_CREAT,
  O_TRUNC,
  openCall,
  seek,
} from './calls-open.js';
import { linkCall, pathRow, registerBuffers, renameCall, swapCall } from './calls-path.js';
import { copyFileRange, ioctlCall } from './calls-remap.js';
import { callRow } from './context.js';
import { fdOf, fileOfCall, fileOfPath } from './descriptors.js';
import type { Exit } from './handler.js';

function vector(write: boolean, withOffset: boolean, withFlags = false): Exit {
  return (c, t, ret) => {
    const { args } = t.call;
    const flags = withFlags ? args[5]! : 0;
    const own = !withOffset || (withFlags && isMinusOne(args[3]!));
    transfer(c, t, ret, write, -1, Number.NaN, own ? OWN : placeOf(args[3]!), flags);
  };
}

/** Where preadv2 and pwritev2 are told that, they take the descriptor's position. The kernel's events show it without sign. */
const isMinusOne = (pos: number): boolean => pos === -1 || pos >= 2 ** 64 - 1;

/** Flag of unlinkat(2). */
const AT_REMOVEDIR = 0x200;
const unlink = pathRow(Op.unlink);

const simple =
  (op: number, flags = 0): Exit =>
  (c, t, ret) => {
    const e = callRow(c, t, op, fileOfCall(c, t, t.call.args[0]!), ret);
    e.flags = flags;
    e.commit();
  };

/** Events of them tell how large files are. */
const WRITES = ['write', 'writev', 'pwrite64', 'pwritev', 'pwritev2', 'copy_file_range', 'sendfile64', 'splice'];
/** Their second argument is the one buffer. */
const TRANSFERS = ['read', 'write', 'pread', 'pwrite', 'pread64', 'pwrite64'];

/** What is known of a call by its name, worked out once. */
export interface CallKind {
  readonly name: string;
  readonly writes: boolean;
  readonly hasBuffer: boolean;
  /** What its return means; calls without it only bound what happened inside. */
  readonly exit: Exit | undefined;
}

export const callKind = (name: string): CallKind => ({
  name,
  writes: WRITES.includes(name),
  hasBuffer: TRANSFERS.includes(name),
  exit: CALL_EXITS[name],
});

/** By call name. */
export const CALL_EXITS: Readonly<Record<string, Exit>> = {
  open: (c, t, ret) => openCall(c, t, ret, t.call.args[1]!),
  openat: (c, t, ret) => openCall(c, t, ret, t.call.args[2]!),
  openat2: (c, t, ret) => openCall(c, t, ret, 0),
  creat: (c, t, ret) => openCall(c, t, ret, O_CREAT | O_TRUNC | 1),
  close: closeCall,
  close_range: closeRangeCall,
  dup: (c, t, ret) => dup(c, t, ret, fdOf(t.call.args[0]!), false),
  dup2: (c, t, ret) => dup(c, t, ret, fdOf(t.call.args[0]!), false),
  dup3: (c, t, ret) => dup(c, t, ret, fdOf(t.call.args[0]!), (t.call.args[2]! & O_CLOEXEC) !== 0),
  lseek: seek,
  read: (c, t, ret) => transfer(c, t, ret, false, t.call.args[1]!, t.call.args[2]!, OWN),
  write: (c, t, ret) => transfer(c, t, ret, true, t.call.args[1]!, t.call.args[2]!, OWN),
  pread64: (c, t, ret) => transfer(c, t, ret, false, t.call.args[1]!, t.call.args[2]!, placeOf(t.call.args[3]!)),
  pwrite64: (c, t, ret) => transfer(c, t, ret, true, t.call.args[1]!, t.call.args[2]!, placeOf(t.call.args[3]!)),
  readv: vector(false, false),
  writev: vector(true, false),
  preadv: vector(false, true),
  pwritev: vector(true, true),
  preadv2: vector(false, true, true),
  pwritev2: vector(true, true, true),
  mmap: mmapCall,
  munmap: munmapCall,
  mremap: mremapCall,
  msync: msyncCall,
  madvise: madviseCall,
  fallocate: fallocateCall,
  ftruncate: (c, t, ret) => truncateRow(c, t, ret, fileOfCall(c, t, t.call.args[0]!), t.call.args[1]!),
  truncate: (c, t, ret) => truncateRow(c, t, ret, fileOfPath(c, t, ret), t.call.args[1]!),
  unlink,
  // A directory that goes (rm -r) is no unlink, as rmdir(2) is none.
  unlinkat: (c, t, ret) => {
    if ((t.call.args[2]! & AT_REMOVEDIR) === 0) unlink(c, t, ret);
  },
  rename: renameCall,
  renameat: renameCall,
  renameat2: renameCall,
  ioctl: ioctlCall,
  fcntl: fcntlCall,
  link: linkCall,
  linkat: linkCall,
  swapon: swapCall(Op.swapon),
  swapoff: swapCall(Op.swapoff),
  io_uring_register: registerBuffers,
  copy_file_range: copyFileRange,
  sendfile64: (c, t, ret) => moveCall(c, t, ret, t.call.args[1]!, t.call.args[2]!, t.call.args[0]!, 0),
  splice: (c, t, ret) => moveCall(c, t, ret, t.call.args[0]!, t.call.args[1]!, t.call.args[2]!, t.call.args[3]!),
  fsync: simple(Op.fsync),
  fdatasync: simple(Op.fsync),
  sync_file_range: simple(Op.fsync),
  fchmod: simple(Op.setattr, Flag.mode),
  fchown: simple(Op.setattr, Flag.mode),
};
