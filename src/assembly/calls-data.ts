// Reads, writes, sizes, allocation. Constants: falloc.h, fs.h.
import { Flag, Op } from '../model/events.js';
import { UNKNOWN } from '../model/units.js';
import type { Context } from './context.js';
import { callRow, sizeIs, sizeUnknown } from './context.js';
import { descriptorIs, fdOf, fileOfCall, opened } from './descriptors.js';
import { pinOfBuffer } from './pins.js';
import type { Thread } from './state.js';

const RWF_DSYNC = 2;
const RWF_SYNC = 4;
const RWF_APPEND = 0x10;
const RWF_NOAPPEND = 0x20;

/** The descriptor's own position counts. */
export const OWN = -1;

/** A place in a file or a size of one, as calls are told it; NaN where it is below 0, which they refuse. The kernel's events show it without sign. */
export const placeOf = (pos: number): number => (pos >= 0 && pos < 2 ** 63 ? pos : Number.NaN);

/**
 * `pos` is OWN, a place, or NaN where it is not known; `rwf` are the flags of preadv2 and pwritev2. What appends goes to the end
 * of the file even where it says another place, and moves no position then (pwrite(2), readv(2)).
 */
export function transfer(
  c: Context,
  t: Thread,
  ret: number,
  write: boolean,
  buffer: number,
  count: number,
  pos: number,
  rwf = 0,
): void {
  const { call } = t;
  const fd = fdOf(call.args[0]!);
  const file = fileOfCall(c, t, call.args[0]!);
  const open = opened(c, t, fd);
  const appends = write && ((rwf & RWF_APPEND) !== 0 || (open.appends && (rwf & RWF_NOAPPEND) === 0));
  const told = pos === OWN ? open.position : pos;
  let offset = pos >= 0 && !appends ? pos : call.position >= 0 || appends ? call.position : told;
  const length = ret >= 0 ? ret : count;
  // What failed has moved nothing.
  if (pos === OWN && ret >= 0) open.position = offset >= 0 && !open.passed ? offset + ret : -1;
  if (call.direct && buffer > 0 && !Number.isNaN(count)) pinOfBuffer(c, t, ret, write, buffer, count);
  if (Number.isNaN(offset)) offset = UNKNOWN;
  const e = callRow(c, t, write ? Op.write : Op.read, file, ret);
  e.offset = offset;
  e.length = Number.isNaN(length) ? UNKNOWN : length;
  const raw = c.blockDevices.has(file);
  const synced = write && (open.sync || (rwf & (RWF_DSYNC | RWF_SYNC)) !== 0);
  e.flags = (call.direct || open.direct ? Flag.direct : 0) | (raw ? Flag.raw : 0) | (synced ? Flag.sync : 0);
  e.commit();
  if (write && ret > 0 && offset >= 0) grown(c, file, offset + ret);
}

/**
 * sendfile and splice: a read of one file and a write of another, of which either may be a pipe or a socket, which are no
 * operations. Offsets stand behind pointers, so that only the file system's events tell them; without a pointer it is the
 * descriptor's position that counts, and moves (sendfile(2), splice(2)).
 */
export function moveCall(
  c: Context,
  t: Thread,
  ret: number,
  from: number,
  fromOffset: number,
  to: number,
  toOffset: number,
): void {
  const { call } = t;
  // Changes of maps are of the write, which has the number of the call.
  const writes = call.file >= 0 || opened(c, t, fdOf(to)).resolved >= 0;
  const opId = writes ? c.events.newId() : 0;
  const start = opened(c, t, fdOf(from)).position;
  movedRow(c, t, ret, Op.read, from, fromOffset, call.source, call.sourceOffset, opId);
  // Of one open file both begin where it was.
  const open = opened(c, t, fdOf(to));
  if (open === opened(c, t, fdOf(from))) open.position = start;
  movedRow(c, t, ret, Op.write, to, toOffset, call.file, call.position, 0);
}

/**
 * `seen`: the file that events inside the call name, and `seenAt` where they say that it begins; -1 none. `opId`: other than the
 * call's; 0 none.
 */
function movedRow(
  c: Context,
  t: Thread,
  ret: number,
  op: number,
  fd: number,
  pointer: number,
  seen: number,
  seenAt: number,
  opId: number,
): void {
  if (seen >= 0) descriptorIs(c, t, fd, seen);
  const open = opened(c, t, fdOf(fd));
  const offset = seen >= 0 && seenAt >= 0 ? seenAt : pointer === 0 ? open.position : UNKNOWN;
  if (pointer === 0 && ret > 0) open.position = offset >= 0 && !open.passed ? offset + ret : UNKNOWN;
  if (open.resolved < 0 || ret <= 0) return;
  const e = callRow(c, t, op, open.resolved, ret);
  if (opId > 0) e.opId = opId;
  e.offset = offset;
  e.length = ret;
  e.flags = (open.direct ? Flag.direct : 0) | (op === Op.write && open.sync ? Flag.sync : 0);
  e.commit();
  if (op === Op.write && offset >= 0) grown(c, open.resolved, offset + ret);
}

function grown(c: Context, file: number, end: number): void {
  const size = c.sizes.get(file);
  if (size !== undefined && end > size) sizeIs(c, file, end);
}

export const FALLOC_KEEP_SIZE = 1;
const FALLOC: readonly (readonly [number, number])[] = [
  [0x02, Op.punch],
  [0x08, Op.collapse],
  [0x10, Op.zero],
  [0x20, Op.insert],
  [0x40, Op.unshare],
  // FALLOC_FL_WRITE_ZEROES (Linux 6.17): as zero, but the blocks are written afterwards.
  [0x80, Op.zero],
];

export function fallocateCall(c: Context, t: Thread, ret: number): void {
  const [fd, mode, from, count] = t.call.args as unknown as [number, number, number, number];
  const offset = placeOf(from);
  const length = placeOf(count);
  const file = fileOfCall(c, t, fd);
  const op = fallocOp(mode);
  const e = callRow(c, t, op, file, ret);
  e.offset = offset;
  e.length = length;
  const flags = (mode & FALLOC_KEEP_SIZE) === 0 ? 0 : Flag.keep_size;
  e.flags = flags;
  e.commit();
  if (ret >= 0) sizeAfter(c, op, flags, file, offset, length);
}

/** What fallocate does, by its mode. */
export const fallocOp = (mode: number): number => FALLOC.find(([bit]) => (mode & bit) !== 0)?.[1] ?? Op.fallocate;

/** It succeeded. */
export function sizeAfter(c: Context, op: number, flags: number, file: number, offset: number, length: number): void {
  const size = c.sizes.get(file);
  if (size === undefined) return;
  if (op === Op.collapse) sizeIs(c, file, size - length);
  else if (op === Op.insert) sizeIs(c, file, size + length);
  else if ((flags & Flag.keep_size) === 0 && offset + length > size) sizeIs(c, file, offset + length);
}

export function truncateRow(c: Context, t: Thread, ret: number, file: number, size: number): void {
  const e = callRow(c, t, Op.truncate, file, ret);
  e.offset = 0;
  e.length = placeOf(size);
  e.commit();
  if (ret < 0) return;
  if (file >= 0) sizeIs(c, file, placeOf(size));
  // By a path that no event tells of: it may be any file that has become larger by it. ext4 names those that it makes smaller.
  else for (const [other, known] of c.sizes) if (known < size) sizeUnknown(c, t, other);
}
