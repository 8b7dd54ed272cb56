// System calls to operations: one row when the call returns, with its start, duration, result and range.
// Argument order is the ABI's; constants from the uapi headers (fcntl.h, fs.h, falloc.h, mman.h).
import { Flag, Op } from '../model/events.js';
import { NONE, UNKNOWN } from '../model/units.js';
import type { Context } from './context.js';
import { callRow, fileOf, newOpen, resolve, sizeIs } from './context.js';
import type { Mapping, OpenFile, Process, Thread } from './state.js';

type Exit = (c: Context, t: Thread, ret: number) => void;

const O_ACCMODE = 3;
const O_CREAT = 0x40;
const O_EXCL = 0x80;
const O_TRUNC = 0x200;
const O_NONBLOCK = 0x800;
const O_DSYNC = 0x1000;
const O_DIRECT = 0x4000;
const MAP_ANONYMOUS = 0x20;
const MAP_POPULATE = 0x8000;
const MAP_SYNC = 0x80000;
const INT32 = 2 ** 32;

/** A descriptor as printed: unsigned 32 bit. */
const fdOf = (value: number): number => (value >= INT32 / 2 ? value - INT32 : value);

/** The open file behind a descriptor; one that was opened before the recording is met here for the first time. */
function opened(c: Context, t: Thread, fd: number): OpenFile {
  const found = t.process.descriptor(fd);
  if (found !== undefined) return found;
  const open = newOpen(c, label(c, t, fd));
  t.process.descriptors.set(fd, open);
  return open;
}

const label = (c: Context, t: Thread, fd: number): string =>
  `descriptor ${fd} of ${c.words.get(t.comm)} (${t.process.pid}), inode not told`;

/** Calls that only files of a file system take. */
const FILE_CALLS = new Set(['fallocate', 'ftruncate', 'fsync', 'fdatasync', 'sync_file_range']);

/** File of a call on a descriptor: what was seen inside the call, else what is known of the descriptor. */
function fileOfCall(c: Context, t: Thread, fd: number): number {
  const open = opened(c, t, fdOf(fd));
  const { call } = t;
  if (FILE_CALLS.has(call.name)) open.regular = true;
  const seen = call.file >= 0 ? call.file : open.resolved < 0 ? call.weakFile : -1;
  if (seen < 0) return fileOf(open);
  if (open.resolved >= 0 && open.resolved !== seen) {
    // Closed and opened again where the trace did not look: from here on the descriptor is the file that was seen.
    c.sink.issue(
      'descriptor-elsewhere',
      call.row,
      `${call.name} on descriptor ${fdOf(fd)} worked on another file than the one followed from open; the file seen inside the call is used from here on`,
    );
    const now = newOpen(c);
    resolve(c, now, seen);
    t.process.descriptors.set(fdOf(fd), now);
    return seen;
  }
  resolve(c, open, seen);
  return seen;
}

/** File of a call on a path: seen inside the call, by the name looked up, or by a path pointer that an earlier open used. */
function fileOfPath(c: Context, t: Thread, pointer: number): number {
  const { call } = t;
  if (call.file >= 0) return call.file;
  if (call.lookup >= 0) {
    const named = c.names.get(nameKey(c, call.device, call.directory, call.lookup));
    if (named !== undefined) return named;
  }
  const open = t.process.pathPointers.get(pointer) ?? t.process.parent?.pathPointers.get(pointer);
  if (open === undefined) return call.weakFile;
  c.sink.issue(
    'file-by-path-pointer',
    call.row,
    `${call.name}: no event names the file; it was taken from an open with the same path pointer`,
  );
  return fileOf(open);
}

export function nameKey(c: Context, device: number, directory: number, name: number): string {
  return `${device}/${directory}/${c.words.get(name)}`;
}

function openCall(c: Context, t: Thread, ret: number, pointer: number, flags: number): void {
  const { call, process } = t;
  const key = call.lookup >= 0 ? nameKey(c, call.device, call.directory, call.lookup) : '';
  const named = key === '' || call.created ? undefined : c.names.get(key);
  let file = call.file >= 0 ? call.file : (named ?? -1);
  if (ret >= 0) {
    const open = newOpen(c, label(c, t, ret));
    open.direct = (flags & O_DIRECT) !== 0;
    open.position = 0;
    if (key !== '') {
      open.directory = `${call.device}/${call.directory}`;
      open.name = c.words.get(call.lookup);
    }
    if (file >= 0) resolve(c, open, file);
    process.descriptors.set(ret, open);
    process.pathPointers.set(pointer, open);
    file = fileOf(open);
  } else if (file < 0) file = fileOfPath(c, t, pointer);
  const e = callRow(c, t, Op.open, file, ret);
  e.flags =
    ((flags & O_TRUNC) !== 0 ? Flag.trunc : 0) |
    ((flags & O_ACCMODE) !== 0 ? Flag.write : 0) |
    ((flags & O_DIRECT) !== 0 ? Flag.direct : 0) |
    ((flags & O_DSYNC) !== 0 ? Flag.sync : 0) |
    ((flags & O_NONBLOCK) !== 0 ? Flag.nowait : 0);
  e.commit();
  const empty = (flags & O_TRUNC) !== 0 || call.created || (flags & (O_CREAT | O_EXCL)) === (O_CREAT | O_EXCL);
  if (ret < 0 || !empty) return;
  if (call.file < 0 && named === undefined) c.emptied++;
  sizeIs(c, file, 0, false);
}

function transfer(
  c: Context,
  t: Thread,
  ret: number,
  write: boolean,
  buffer: number,
  count: number,
  pos: number,
): void {
  const { call } = t;
  const fd = fdOf(call.args[0]!);
  const file = fileOfCall(c, t, call.args[0]!);
  const open = opened(c, t, fd);
  let offset = pos >= 0 ? pos : call.position >= 0 ? call.position : open.position;
  const length = ret >= 0 ? ret : count;
  if (pos < 0) open.position = offset >= 0 && ret >= 0 ? offset + ret : -1;
  if (call.direct && buffer > 0 && !Number.isNaN(count)) pinOfBuffer(c, t, ret, write, buffer, count);
  if (Number.isNaN(offset)) offset = UNKNOWN;
  const e = callRow(c, t, write ? Op.write : Op.read, file, ret);
  e.offset = offset;
  e.length = Number.isNaN(length) ? UNKNOWN : length;
  e.flags = call.direct || open.direct ? Flag.direct : 0;
  e.commit();
  if (write && ret > 0 && offset >= 0) {
    const size = c.sizes.get(file);
    if (size !== undefined && offset + ret > size) sizeIs(c, file, offset + ret, false);
  }
}

/** Direct I/O from or to a mapped file holds that file's pages: a pin, seen by the buffer's address (trap 4). */
function pinOfBuffer(c: Context, t: Thread, ret: number, write: boolean, buffer: number, count: number): void {
  const m = t.process.mappingAt(buffer);
  if (m === undefined) return;
  const handle = c.events.newId();
  const offset = m.offset + buffer - m.start;
  const length = Math.min(count, m.end - buffer);
  pinRows(
    c,
    t,
    fileOf(m.open),
    offset,
    length,
    handle,
    !write,
    t.call.directNs,
    c.record.timeNs,
    ret < 0 ? ret : 0,
    t.call.row,
  );
}

/** A short pin and its end. `deviceWrites`: the device will write the pages. A pin that failed holds nothing. */
export function pinRows(
  c: Context,
  t: Thread,
  file: number,
  offset: number,
  length: number,
  handle: number,
  deviceWrites: boolean,
  fromNs: number,
  toNs: number,
  result: number,
  row: number,
): void {
  const e = c.events;
  e.timeNs = fromNs;
  e.op = Op.pin;
  e.flags = deviceWrites ? Flag.write : 0;
  e.file = file;
  e.task = t.task;
  e.offset = offset;
  e.length = length;
  e.handle = handle;
  e.opId = e.newId();
  e.result = result;
  e.row = row;
  e.commit();
  e.timeNs = toNs;
  e.op = Op.unpin;
  e.file = file;
  e.task = t.task;
  e.offset = offset;
  e.length = length;
  e.handle = handle;
  e.opId = e.newId();
  e.result = 0;
  e.row = row;
  e.commit();
}

function vector(write: boolean, withOffset: boolean): Exit {
  return (c, t, ret) => transfer(c, t, ret, write, -1, Number.NaN, withOffset ? t.call.args[3]! : -1);
}

function mmapCall(c: Context, t: Thread, ret: number): void {
  const [, length, prot, flags, fd, offset] = t.call.args as unknown as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const { process } = t;
  const size = Math.ceil(length / 4096) * 4096;
  if (ret >= 0) process.unmap(ret, ret + size, (m, off, len) => unmapRow(c, t, m, off, len, Flag.synthetic));
  if ((flags & MAP_ANONYMOUS) !== 0) return;
  const open = opened(c, t, fdOf(fd));
  const kind = flags & 15;
  const shared = kind === 1 || kind === 3;
  const writable = (prot & 2) !== 0;
  if (shared && writable) open.regular = true;
  const handle = ret >= 0 ? c.events.newId() : 0;
  const e = callRow(c, t, Op.mmap, fileOf(open), ret);
  e.offset = offset;
  e.length = size;
  e.handle = handle;
  e.flags =
    (shared ? Flag.shared : 0) |
    (writable ? Flag.writable : 0) |
    (kind === 3 && (flags & MAP_SYNC) !== 0 ? Flag.sync : 0) |
    ((flags & MAP_POPULATE) !== 0 ? Flag.populate : 0);
  e.commit();
  if (ret >= 0) process.map({ start: ret, end: ret + size, offset, open, handle, shared, writable });
}

function unmapRow(c: Context, t: Thread, m: Mapping, offset: number, length: number, flags: number): void {
  const e = callRow(c, t, Op.munmap, fileOf(m.open), 0);
  if (flags !== 0) e.opId = e.newId();
  e.offset = offset;
  e.length = length;
  e.handle = m.handle;
  e.flags = flags;
  e.commit();
}

function munmapCall(c: Context, t: Thread, ret: number): void {
  if (ret < 0) return;
  const [start, length] = t.call.args;
  let flags = 0;
  t.process.unmap(start!, start! + Math.ceil(length! / 4096) * 4096, (m, off, len) => {
    unmapRow(c, t, m, off, len, flags);
    flags = Flag.synthetic;
  });
}

function mremapCall(c: Context, t: Thread, ret: number): void {
  if (ret < 0) return;
  const [old, oldLength, newLength] = t.call.args as unknown as [number, number, number];
  const m = t.process.mappingAt(old);
  if (m === undefined) return;
  const moved: Mapping = {
    ...m,
    start: ret,
    end: ret + Math.ceil(newLength / 4096) * 4096,
    offset: m.offset + old - m.start,
  };
  // Same mapping, same handle: it only moves or grows, so nothing is released.
  t.process.unmap(old, old + Math.ceil(oldLength / 4096) * 4096, () => {});
  t.process.unmap(moved.start, moved.end, (x, off, len) => unmapRow(c, t, x, off, len, Flag.synthetic));
  t.process.map(moved);
}

function msyncCall(c: Context, t: Thread, ret: number): void {
  const [start, length] = t.call.args;
  const m = t.process.mappingAt(start!);
  if (m === undefined) return;
  const e = callRow(c, t, Op.msync, fileOf(m.open), ret);
  e.offset = m.offset + start! - m.start;
  e.length = length!;
  e.commit();
}

const FALLOC: readonly (readonly [number, number])[] = [
  [0x02, Op.punch],
  [0x08, Op.collapse],
  [0x10, Op.zero],
  [0x20, Op.insert],
  [0x40, Op.unshare],
];

function fallocateCall(c: Context, t: Thread, ret: number): void {
  const [fd, mode, offset, length] = t.call.args as unknown as [number, number, number, number];
  const file = fileOfCall(c, t, fd);
  const op = FALLOC.find(([bit]) => (mode & bit) !== 0)?.[1] ?? Op.fallocate;
  const e = callRow(c, t, op, file, ret);
  e.offset = offset;
  e.length = length;
  if ((mode & 1) !== 0) e.flags = Flag.keep_size;
  e.commit();
  const size = c.sizes.get(file);
  if (ret < 0 || size === undefined) return;
  if (op === Op.collapse) sizeIs(c, file, size - length, false);
  else if (op === Op.insert) sizeIs(c, file, size + length, false);
  else if ((mode & 1) === 0 && offset + length > size) sizeIs(c, file, offset + length, false);
}

function truncateRow(c: Context, t: Thread, ret: number, file: number, size: number): void {
  const e = callRow(c, t, Op.truncate, file, ret);
  e.offset = 0;
  e.length = size;
  e.commit();
  if (ret >= 0 && file >= 0) sizeIs(c, file, size, false);
}

const FICLONE = 0x40049409;
const FICLONERANGE = 0x4020940d;
const FIDEDUPERANGE = 0xc0189436;
const FS_IOC_FIEMAP = 0xc020660b;
const XFS_IOC_SWAPEXT = 0xc0c0586d;
const EXT4_IOC_MOVE_EXT = 0xc028660f;
const XFS_IOC_EXCHANGE_RANGE = 0x40285881;
const SET_ATTRIBUTES: readonly number[] = [0x40086602, 0x401c5820];

function ioctlCall(c: Context, t: Thread, ret: number): void {
  const [fd, command, argument] = t.call.args as unknown as [number, number, number];
  const single = (op: number, flags: number): void => {
    const e = callRow(c, t, op, fileOfCall(c, t, fd), ret);
    e.flags = flags;
    e.offset = 0;
    e.commit();
  };
  if (command === FS_IOC_FIEMAP) single(Op.address_query, Flag.whole);
  else if (SET_ATTRIBUTES.includes(command)) single(Op.setattr, Flag.attributes);
  else if (command === XFS_IOC_SWAPEXT || command === EXT4_IOC_MOVE_EXT) single(Op.swapext, Flag.whole);
  else if (command === XFS_IOC_EXCHANGE_RANGE) single(Op.exchange, Flag.whole);
  else if (command === FICLONE || command === FICLONERANGE || command === FIDEDUPERANGE) {
    const open = opened(c, t, fdOf(fd));
    const ofArgument = command === FICLONE ? fileOf(opened(c, t, fdOf(argument))) : -1;
    // FIDEDUPERANGE is called on the source, the other two on the target.
    const dedupe = command === FIDEDUPERANGE;
    if (t.call.file >= 0) resolve(c, open, dedupe ? t.call.source : t.call.file);
    const target = t.call.file >= 0 ? t.call.file : dedupe ? -1 : fileOf(open);
    const source = t.call.source >= 0 ? t.call.source : dedupe ? fileOf(open) : ofArgument;
    remapRows(c, t, ret, dedupe ? Op.dedupe : Op.reflink, source, target, command === FICLONE);
  }
}

/** Two rows: the source, then the target. */
function remapRows(
  c: Context,
  t: Thread,
  ret: number,
  op: number,
  source: number,
  target: number,
  whole: boolean,
): void {
  const { call } = t;
  const length = call.remapLength > 0 ? call.remapLength : UNKNOWN;
  for (const second of [false, true]) {
    const e = callRow(c, t, op, second ? target : source, ret);
    e.offset = second ? call.targetOffset : call.sourceOffset;
    e.length = length;
    e.flags = (second ? Flag.second : 0) | (whole || length < 0 ? Flag.whole : 0);
    e.commit();
  }
  if (ret >= 0 && target >= 0 && length > 0)
    sizeIs(c, target, Math.max(c.sizes.get(target) ?? 0, call.targetOffset + length), false);
}

function copyFileRange(c: Context, t: Thread, ret: number): void {
  const [fdIn, , fdOut, , length] = t.call.args as unknown as [number, number, number, number, number];
  const target = t.call.file >= 0 ? t.call.file : fileOf(opened(c, t, fdOf(fdOut)));
  const source = t.call.source >= 0 ? t.call.source : fileOf(opened(c, t, fdOf(fdIn)));
  if (t.call.file >= 0) resolve(c, opened(c, t, fdOf(fdOut)), t.call.file);
  if (t.call.source >= 0) resolve(c, opened(c, t, fdOf(fdIn)), t.call.source);
  if (t.call.remapLength === 0) t.call.remapLength = ret > 0 ? ret : length;
  remapRows(c, t, ret, Op.reflink, source, target, false);
}

const F_DUPFD = 0;
const F_SETLEASE = 0x400;
const F_DUPFD_CLOEXEC = 1030;

function fcntlCall(c: Context, t: Thread, ret: number): void {
  const [fd, command, argument] = t.call.args as unknown as [number, number, number];
  if (command === F_DUPFD || command === F_DUPFD_CLOEXEC) return dup(c, t, ret, fdOf(fd));
  if (command !== F_SETLEASE) return;
  const file = fileOfCall(c, t, fd);
  const key = `${file}/${t.process.pid}`;
  const release = argument === 2;
  const e = callRow(c, t, release ? Op.lease_release : Op.lease, file, ret);
  if (release) e.handle = c.leases.get(key) ?? 0;
  else if (ret >= 0) {
    // A second F_SETLEASE by the same owner changes the type of the lease it has.
    const handle = c.leases.get(key) ?? c.events.newId();
    c.leases.set(key, handle);
    e.handle = handle;
  }
  e.flags = argument === 1 ? Flag.exclusive : Flag.read;
  e.commit();
  if (release && ret >= 0) c.leases.delete(key);
}

function dup(c: Context, t: Thread, ret: number, from: number): void {
  if (ret >= 0) t.process.descriptors.set(ret, opened(c, t, from));
}

function pathRow(op: number): Exit {
  return (c, t, ret) => callRow(c, t, op, fileOfPath(c, t, t.call.args[pathArgument(t.call.name)]!), ret).commit();
}
const pathArgument = (name: string): number => (/at2?$/.test(name) ? 1 : 0);

function renameCall(c: Context, t: Thread, ret: number): void {
  const { call } = t;
  const at = pathArgument(call.name);
  const file = fileOfPath(c, t, call.args[at]!);
  callRow(c, t, Op.rename, file, ret).commit();
  // The replaced file, when one is known under the new name.
  const over = call.source >= 0 ? call.source : undefined;
  if (over !== undefined && over !== file) {
    const e = callRow(c, t, Op.rename, over, ret);
    e.flags = Flag.second | Flag.over;
    e.commit();
  }
  const open = t.process.pathPointers.get(call.args[at]!);
  if (ret >= 0 && open !== undefined) t.process.pathPointers.set(call.args[at === 1 ? 3 : 1]!, open);
}

function swapCall(op: number): Exit {
  return (c, t, ret) => {
    let file = fileOfPath(c, t, t.call.args[0]!);
    // Only one swap file is on: that is the one that goes off.
    if (op === Op.swapoff && !c.swaps.has(file) && c.swaps.size === 1) file = [...c.swaps.keys()][0]!;
    const e = callRow(c, t, op, file, ret);
    if (ret >= 0 && file >= 0) {
      const handle = c.swaps.get(file) ?? c.events.newId();
      e.handle = handle;
      if (op === Op.swapon) c.swaps.set(file, handle);
      else c.swaps.delete(file);
    }
    e.commit();
  };
}

function registerBuffers(c: Context, t: Thread, ret: number): void {
  // Opcode 0 registers, 1 unregisters; the buffers stand behind a pointer, so the file shows only through its faults.
  const opcode = t.call.args[1];
  if (opcode !== 0 && opcode !== 1) return;
  const file = t.call.weakFile;
  if (file < 0) return c.unplaced('io_uring buffers whose file no event named');
  const e = callRow(c, t, opcode === 0 ? Op.register : Op.deregister, file, ret);
  e.flags = Flag.write | Flag.whole;
  e.offset = 0;
  e.commit();
}

const simple =
  (op: number, flags = 0): Exit =>
  (c, t, ret) => {
    const e = callRow(c, t, op, fileOfCall(c, t, t.call.args[0]!), ret);
    e.flags = flags;
    e.commit();
  };

function closeCall(c: Context, t: Thread, ret: number): void {
  const fd = fdOf(t.call.args[0]!);
  const open = t.process.descriptor(fd);
  if (open === undefined) return;
  callRow(c, t, Op.close, fileOf(open), ret).commit();
  t.process.descriptors.delete(fd);
}

/** By call name: what its return means. Calls not listed only bound what happened inside. */
export const CALL_EXITS: Readonly<Record<string, Exit>> = {
  open: (c, t, ret) => openCall(c, t, ret, t.call.args[0]!, t.call.args[1]!),
  openat: (c, t, ret) => openCall(c, t, ret, t.call.args[1]!, t.call.args[2]!),
  openat2: (c, t, ret) => openCall(c, t, ret, t.call.args[1]!, 0),
  creat: (c, t, ret) => openCall(c, t, ret, t.call.args[0]!, O_CREAT | O_TRUNC | 1),
  close: closeCall,
  dup: (c, t, ret) => dup(c, t, ret, fdOf(t.call.args[0]!)),
  dup2: (c, t, ret) => dup(c, t, ret, fdOf(t.call.args[0]!)),
  dup3: (c, t, ret) => dup(c, t, ret, fdOf(t.call.args[0]!)),
  read: (c, t, ret) => transfer(c, t, ret, false, t.call.args[1]!, t.call.args[2]!, -1),
  write: (c, t, ret) => transfer(c, t, ret, true, t.call.args[1]!, t.call.args[2]!, -1),
  pread64: (c, t, ret) => transfer(c, t, ret, false, t.call.args[1]!, t.call.args[2]!, t.call.args[3]!),
  pwrite64: (c, t, ret) => transfer(c, t, ret, true, t.call.args[1]!, t.call.args[2]!, t.call.args[3]!),
  readv: vector(false, false),
  writev: vector(true, false),
  preadv: vector(false, true),
  pwritev: vector(true, true),
  preadv2: vector(false, true),
  pwritev2: vector(true, true),
  mmap: mmapCall,
  munmap: munmapCall,
  mremap: mremapCall,
  msync: msyncCall,
  fallocate: fallocateCall,
  ftruncate: (c, t, ret) => truncateRow(c, t, ret, fileOfCall(c, t, t.call.args[0]!), t.call.args[1]!),
  truncate: (c, t, ret) => truncateRow(c, t, ret, fileOfPath(c, t, t.call.args[0]!), t.call.args[1]!),
  unlink: pathRow(Op.unlink),
  unlinkat: pathRow(Op.unlink),
  rename: renameCall,
  renameat: renameCall,
  renameat2: renameCall,
  ioctl: ioctlCall,
  fcntl: fcntlCall,
  swapon: swapCall(Op.swapon),
  swapoff: swapCall(Op.swapoff),
  io_uring_register: registerBuffers,
  copy_file_range: copyFileRange,
  fsync: simple(Op.fsync),
  fdatasync: simple(Op.fsync),
  sync_file_range: simple(Op.fsync),
  fchmod: simple(Op.setattr, Flag.mode),
  fchown: simple(Op.setattr, Flag.mode),
};

/** A process ends: one row; the engine releases what it held. */
export function processExit(c: Context, t: Thread, process: Process): void {
  const e = c.events;
  e.timeNs = c.record.timeNs;
  e.op = Op.exit;
  e.file = NONE;
  e.task = t.task;
  e.opId = e.newId();
  e.flags = process.killed ? Flag.killed : 0;
  e.row = c.record.row;
  e.commit();
  process.descriptors.clear();
  process.mappings = [];
}

/** A child starts with copies: the mappings it inherits are holds of its own. */
export function processFork(c: Context, parent: Process, child: Thread): void {
  for (const [fd, open] of parent.descriptors) child.process.descriptors.set(fd, open);
  for (const m of parent.mappings) {
    const handle = c.events.newId();
    child.process.map({ ...m, handle });
    const e = c.events;
    e.timeNs = c.record.timeNs;
    e.op = Op.mmap;
    e.file = fileOf(m.open);
    e.task = child.task;
    e.offset = m.offset;
    e.length = m.end - m.start;
    e.handle = handle;
    e.opId = e.newId();
    e.flags = Flag.synthetic | (m.shared ? Flag.shared : 0) | (m.writable ? Flag.writable : 0);
    e.result = 0;
    e.row = c.record.row;
    e.commit();
  }
}
