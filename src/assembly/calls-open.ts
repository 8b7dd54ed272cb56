// open, close, dup, fcntl. Constants: fcntl.h.
import { Flag, Op } from '../model/events.js';
import type { Context } from './context.js';
import { callRow, fileOf, newOpen, resolve, sizeIs } from './context.js';
import { fdOf, fileOfPath, label, nameKey, opened } from './descriptors.js';
import { hasCopy, leaseCall, outlivesClose } from './leases.js';
import type { OpenFile } from './process.js';
import type { Thread } from './state.js';

const O_ACCMODE = 3;

export const O_CREAT = 0x40;

const O_EXCL = 0x80;

/** Whoever opens with both has made the file. */
const MADE = O_CREAT | O_EXCL;

export const O_TRUNC = 0x200;

const O_APPEND = 0x400;

const O_NONBLOCK = 0x800;

const O_DSYNC = 0x1000;

const O_DIRECT = 0x4000;

export const O_CLOEXEC = 0x80000;

export function openCall(c: Context, t: Thread, ret: number, flags: number): void {
  const { call, process } = t;
  const key = call.lookup >= 0 ? nameKey(c, call.device, call.directory, call.lookup) : '';
  const named = key === '' || call.created ? undefined : c.names.get(key);
  let file = call.file >= 0 ? call.file : (named ?? -1);
  if (ret >= 0) {
    const open = newOpen(c, label(c, t, ret));
    open.direct = (flags & O_DIRECT) !== 0;
    open.appends = (flags & O_APPEND) !== 0;
    open.sync = (flags & O_DSYNC) !== 0;
    open.position = 0;
    if (key !== '') {
      open.directory = `${call.device}/${call.directory}`;
      open.name = c.words.get(call.lookup);
    }
    if (file >= 0) resolve(c, open, file);
    else if (call.created || (flags & MADE) === MADE) isMade(c, open, call.timeNs);
    else if ((flags & O_CREAT) !== 0 && c.reused.anyUnnamed) {
      isMade(c, open, call.timeNs);
      open.maybeMade = true;
    }
    process.descriptors.set(ret, open);
    process.borrowed.delete(ret);
    closedByExec(t, ret, (flags & O_CLOEXEC) !== 0);
    file = fileOf(open);
  } else if (file < 0) file = fileOfPath(c, t, ret);
  const e = callRow(c, t, Op.open, file, ret);
  e.flags =
    ((flags & O_TRUNC) !== 0 ? Flag.trunc : 0) |
    ((flags & O_ACCMODE) !== 0 ? Flag.write : 0) |
    ((flags & O_DIRECT) !== 0 ? Flag.direct : 0) |
    ((flags & O_DSYNC) !== 0 ? Flag.sync : 0) |
    ((flags & O_NONBLOCK) !== 0 ? Flag.nowait : 0);
  e.commit();
  const empty = (flags & O_TRUNC) !== 0 || call.created || (flags & MADE) === MADE;
  if (ret < 0 || !empty) return;
  if (call.file < 0 && named === undefined) c.emptied++;
  if (call.filledBytes === 0) sizeIs(c, file, 0);
}

function isMade(c: Context, open: OpenFile, timeNs: number): void {
  open.madeNs = timeNs;
  open.madeChanges = c.log.length;
  c.reused.made++;
}

export function closeCall(c: Context, t: Thread, ret: number): void {
  const fd = fdOf(t.call.args[0]!);
  const open = t.process.descriptor(fd);
  if (open !== undefined) isClosed(c, t, ret, fd, open);
}

const CLOSE_RANGE_UNSHARE = 2;
const CLOSE_RANGE_CLOEXEC = 4;

/** All descriptors from the one to the other, which may lie behind the last there is; or all of them as soon as a program begins. */
export function closeRangeCall(c: Context, t: Thread, ret: number): void {
  const [first, last, flags] = t.call.args as unknown as [number, number, number];
  const { process } = t;
  // What a thread closes of a table that is its own from now on stays open for the others.
  if (ret < 0 || ((flags & CLOSE_RANGE_UNSHARE) !== 0 && process.threads.size > 0)) return;
  for (const [fd, open] of [...process.descriptors]) {
    if (fd < first || fd > last) continue;
    if ((flags & CLOSE_RANGE_CLOEXEC) !== 0) process.closedByExec.add(fd);
    else isClosed(c, t, ret, fd, open);
  }
}

function isClosed(c: Context, t: Thread, ret: number, fd: number, open: OpenFile): void {
  t.process.descriptors.delete(fd);
  if (!t.process.apart && t.process.parent !== null) t.process.closed.set(fd, open);
  // Only a lease hangs on whether the description is still there.
  const outlived = outlivesClose(c, t, open);
  const e = callRow(c, t, Op.close, fileOf(open), ret);
  // A shell opens what it redirects to, and has it under number 1 before the first number is closed.
  if (!Number.isNaN(open.madeNs) && !hasCopy(t.process, open)) {
    open.madeNs = Number.NaN;
    c.reused.made--;
  }
  if (outlived) e.flags = Flag.shared;
  e.commit();
}

export function dup(c: Context, t: Thread, ret: number, from: number, cloexec: boolean): void {
  if (ret < 0) return;
  const { descriptors, borrowed } = t.process;
  if (descriptors.has(from) && !borrowed.has(from)) borrowed.delete(ret);
  else if (t.process.descriptor(from) !== undefined) borrowed.add(ret);
  descriptors.set(ret, opened(c, t, from));
  closedByExec(t, ret, cloexec);
}

export function closedByExec(t: Thread, fd: number, closed: boolean): void {
  if (closed) t.process.closedByExec.add(fd);
  else t.process.closedByExec.delete(fd);
}

export function seek(c: Context, t: Thread, ret: number): void {
  const open = opened(c, t, fdOf(t.call.args[0]!));
  if (ret >= 0 && !open.passed) open.position = ret;
}

const F_DUPFD = 0;

const F_SETFD = 2;

const F_SETFL = 4;

const F_SETLEASE = 0x400;

const F_DUPFD_CLOEXEC = 1030;

export function fcntlCall(c: Context, t: Thread, ret: number): void {
  const [fd, command, argument] = t.call.args as unknown as [number, number, number];
  if (command === F_DUPFD || command === F_DUPFD_CLOEXEC) return dup(c, t, ret, fdOf(fd), command === F_DUPFD_CLOEXEC);
  if (command === F_SETFD && ret >= 0) closedByExec(t, fdOf(fd), (argument & 1) !== 0);
  if (command === F_SETFL && ret >= 0) setFlags(c, t, fdOf(fd), argument);
  if (command === F_SETLEASE) leaseCall(c, t, ret);
}

/** Of a socket, which has flags as well, nothing is kept. */
function setFlags(c: Context, t: Thread, fd: number, flags: number): void {
  const direct = (flags & O_DIRECT) !== 0;
  const appends = (flags & O_APPEND) !== 0;
  const open = direct || appends ? opened(c, t, fd) : t.process.descriptor(fd);
  if (open === undefined) return;
  open.direct = direct;
  open.appends = appends;
}
