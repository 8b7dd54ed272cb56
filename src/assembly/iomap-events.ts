// Look-ups and direct I/O: xfs_iomap_*, iomap_iter_*, iomap_dio_*.
import { Flag, Op } from '../model/events.js';
import { isOwn } from './announced.js';
import type { Context, DirectCall, Queued } from './context.js';
import { sizeIs } from './context.js';
import { findBuffer } from './faults.js';
import { author, type Handler, PAGE, strong, told, worksOn } from './handler.js';
import { DELALLOC, HOLE } from './map-log.js';
import { pinRows } from './pins.js';
import type { Thread } from './state.js';
import { directOp, goesOn, takesAnnounced } from './transfers.js';
import { xfsBlock } from './xfs-map.js';

/** xfs_iomap_found and _alloc: what a look-up saw, kept until iomap tells the device address of the same extent. */
const lookup: Handler = (c, t, v) => {
  // dev ino disize pos bytecount startoff startblock fsbcount
  if (Number.isNaN(v[6]!)) return;
  const { pair } = t;
  pair.seen = true;
  pair.device = v[0]!;
  pair.inode = v[1]!;
  pair.off = v[5]!;
  pair.block = v[6]!;
  pair.count = v[7]!;
  c.blocks.touched(v[0]!, v[5]!, v[7]!, v[3]!, 1);
};

const deviceMap: Handler = (c, t, v) => {
  // dev ino bdev addr offset length type flags
  const { pair } = t;
  const { seen } = pair;
  pair.seen = false;
  c.iomapSeen = true;
  goesOn(t);
  strong(c, t, v);
  if (!seen || pair.device !== v[0] || pair.inode !== v[1]) return foundByIomap(c, t, v);
  const size = c.blocks.same(v[0]!, pair.count, v[5]!) ? v[5]! / pair.count : c.blocks.bytes(v[0]!);
  if (pair.off * size !== v[4]) return;
  if (v[3]! >= 0 && xfsBlock(pair.block) >= 0) c.geometry(v[0]!).pair(pair.block, v[3]! / size);
  const type = told(c, c.iomapTypes, v[6]!, iomapType);
  // A copy-on-write target is not the file's map yet.
  if (told(c, c.iomapShared, v[7]!, iomapShared)) return;
  const block = type === IOMAP_HOLE ? HOLE : type === IOMAP_DELALLOC ? DELALLOC : pair.block;
  if (block >= 0 && xfsBlock(block) < 0) return;
  const count = v[5]! < 0 ? 2 ** 40 : v[5]! / size;
  author(c, t, v);
  c.xfs.found(c.file(v[0]!, v[1]!), v[0]!, pair.off, block, count, type === IOMAP_UNWRITTEN);
};

/** Of a file system whose own events tell nothing: ext2, fuse, erofs, or one for which they were not recorded. */
function foundByIomap(c: Context, t: Thread, v: Float64Array): void {
  const type = told(c, c.iomapTypes, v[6]!, iomapType);
  if (c.log.devices.has(v[0]!) || type === IOMAP_INLINE || told(c, c.iomapShared, v[7]!, iomapShared)) return;
  const addr = type === IOMAP_HOLE ? HOLE : type === IOMAP_DELALLOC ? DELALLOC : v[3]!;
  if (addr < DELALLOC || Number.isNaN(v[4]! + v[5]! + addr)) return;
  author(c, t, v);
  const length = v[5]! < 0 ? MOST_BYTES : Math.min(v[5]!, MOST_BYTES);
  const device = v[0]! < FIRST_DEVICE ? v[0]! : v[2]!;
  c.log.addIomap(c.file(v[0]!, v[1]!), device, v[4]!, length, addr, type === IOMAP_UNWRITTEN);
}

/** Below it are the numbers of file systems without a device of their own: the addresses of btrfs are none of the device it names. */
const FIRST_DEVICE = 1 << 20;

/** Longer than every file; a hole may end at 2^63. */
const MOST_BYTES = 2 ** 52;

const EAGAIN = 11;

/** include/linux/iomap.h; printed by name, or as a number by raw reports. */
const IOMAP_HOLE = 0;

const IOMAP_DELALLOC = 1;

const IOMAP_UNWRITTEN = 3;

const IOMAP_INLINE = 4;

const IOMAP_TYPES = ['HOLE', 'DELALLOC', 'MAPPED', 'UNWRITTEN', 'INLINE'];

const IOMAP_F_SHARED = 4;
/** include/linux/fs.h, since the flags are in the place they have in every kernel with these events. */
const IOCB_WRITE = 1 << 18;
const IOCB_NOWAIT = 8;
/** IOCB_DSYNC and IOCB_SYNC. */
const IOCB_SYNCS = 6;

const iomapType = (text: string): number => (IOMAP_TYPES.includes(text) ? IOMAP_TYPES.indexOf(text) : Number(text));

const iomapShared = (text: string): boolean => text.includes('SHARED') || (Number(text) & IOMAP_F_SHARED) !== 0;

/** Names, or the number of their bits, as trace-cmd's raw report has it. */
const kiocbFlags = (text: string): number =>
  (text.includes('WRITE') ? IOCB_WRITE : 0) |
  (text.includes('NOWAIT') ? IOCB_NOWAIT : 0) |
  (text.includes('SYNC') ? IOCB_SYNCS : 0) |
  Number(text);

const dioBegin: Handler = (c, t, v) => {
  // dev ino size offset length flags aio
  strong(c, t, v);
  worksOn(t, v[0]!, v[1]!, v[3]!, v[4]!);
  const { call } = t;
  call.direct = true;
  call.directNs = c.record.timeNs;
  const file = c.file(v[0]!, v[1]!);
  if (!Number.isNaN(v[2]!)) sizeIs(c, file, v[2]!, t.task);
  const direct: DirectCall = { file, number: -1, buffer: null, bufferOffset: -1 };
  call.directCall = direct;
  findBuffer(c, t);
  const aio = v[6] === 1;
  const own = isOwn(t);
  if (!aio && !own) return;
  const announced = own && takesAnnounced(t, file, v[3]!);
  // Only AIO has IOCB_WRITE in the flags.
  if (!aio && !announced)
    return c.unplaced('synchronous direct I/O outside every call in the trace: no event tells reads from writes');
  const flags = told(c, c.kiocbFlags, v[5]!, kiocbFlags);
  const nowait = (flags & IOCB_NOWAIT) !== 0;
  if (own && !nowait && isSecondTry(c, t, file, v[3]!, v[4]!)) return;
  if (c.queued.length >= MOST_QUEUED) forgetQueued(c, 1);
  const write = announced ? t.announced.op === Op.write : (flags & IOCB_WRITE) !== 0;
  c.queued.push({
    file,
    offset: v[3]!,
    length: v[4]!,
    write,
    timeNs: c.record.timeNs,
    row: c.record.row,
    task: t.task,
    opId: own ? directOp(c, t, announced) : c.events.newId(),
    thread: t,
    aio,
    nowait,
    syncs: (flags & IOCB_SYNCS) !== 0,
    failedNs: -1,
    faulted: -1,
    first: Number.POSITIVE_INFINITY,
    last: -1,
  });
};

/** No transfer is that long (MAX_RW_COUNT). */
const MOST_MOVED = 2 ** 31;

/** More than any queue holds: tries that nobody makes again would stay for ever. */
const MOST_QUEUED = 4096;

/** The first ones, or all: they have failed, or their end was not seen. */
export function forgetQueued(c: Context, count = c.queued.length): void {
  for (const q of c.queued.splice(0, count))
    if (q.failedNs < 0) queuedRow(c, q, c.record.timeNs, 0, false);
    else queuedRow(c, q, q.failedNs, -EAGAIN, true);
}

/** A worker of io_uring tries again what would have had to wait: it is the same operation since the first try. */
function isSecondTry(c: Context, t: Thread, file: number, offset: number, length: number): boolean {
  const first = c.queued.find((q) => q.nowait && q.file === file && q.offset === offset && q.length === length);
  if (first === undefined) return false;
  first.nowait = false;
  first.failedNs = -1;
  if (t.call.name !== '') t.call.opId = first.opId;
  return true;
}

/** What is on its way is not tried again. */
const dioQueued: Handler = (c, t) => {
  const q = c.queued.findLast(({ thread, nowait }) => nowait && thread === t);
  if (q !== undefined) q.nowait = false;
};

const dioComplete: Handler = (c, t, v) => {
  // dev ino size offset flags aio error ret; on success offset is the position after the I/O
  const aio = v[5] === 1;
  if (!aio && !isOwn(t)) return;
  const file = c.file(v[0]!, v[1]!);
  const shown = Number.isNaN(v[7]!) ? 0 : v[7]!;
  // perf script writes the 32 bits of an error as a number without a sign.
  const ret = shown > MOST_MOVED ? shown - 2 ** 32 : shown;
  const start = ret > 0 ? v[3]! - ret : v[3]!;
  const write = aio && (told(c, c.kiocbFlags, v[4]!, kiocbFlags) & IOCB_WRITE) !== 0;
  const at = ended(c, (q) => {
    if (q.file !== file || q.offset !== start || q.aio !== aio) return 0;
    if (!aio) return q.thread === t ? BEST : 0;
    return 1 + (q.write === write ? 2 : 0) + (q.length === ret ? 1 : 0);
  });
  if (at < 0) return aio ? c.unplaced('completions of asynchronous I/O whose begin was not seen') : undefined;
  if (ret === -EAGAIN && c.queued[at]!.nowait) {
    c.queued[at]!.failedNs = c.record.timeNs;
    return;
  }
  const [q] = c.queued.splice(at, 1);
  queuedRow(c, q!, c.record.timeNs, ret, true);
};

const BEST = 4;

/** Place of the first that fits best, 0 to `BEST`: several that begin at one place may be under way. -1: none fits at all. */
function ended({ queued }: Context, fits: (q: Queued) => number): number {
  let [at, best] = [-1, 0];
  for (let i = 0; i < queued.length && best < BEST; i++) {
    const grade = fits(queued[i]!);
    if (grade > best) [at, best] = [i, grade];
  }
  return at;
}

function queuedRow(c: Context, q: Queued, toNs: number, ret: number, done: boolean): void {
  if (!done) c.sink.unpaired();
  if (q.faulted >= 0 && q.faulted !== q.file) {
    const length = Math.min(q.length, q.last + PAGE - q.first);
    pinRows(
      c,
      q.thread,
      q.faulted,
      q.first,
      length,
      c.events.newId(),
      !q.write,
      q.timeNs,
      toNs,
      ret < 0 ? ret : 0,
      q.row,
    );
  }
  const e = c.events;
  e.timeNs = q.timeNs;
  e.op = q.write ? Op.write : Op.read;
  e.file = q.file;
  e.task = q.task;
  e.offset = q.offset;
  e.length = ret > 0 ? ret : q.length;
  e.opId = q.opId;
  if (done) {
    e.result = ret >= 0 ? 0 : ret;
    e.latencyNs = toNs - q.timeNs;
  }
  e.flags = Flag.direct;
  e.row = q.row;
  e.commit();
}

/** Pages of another file faulted in between dio_rw_begin and the request: the sign of a pin (trap 4). */
export function bufferFault(c: Context, t: Thread, file: number, first: number, last: number): void {
  const q = c.queued.at(-1);
  if (q === undefined || q.thread !== t || t.call.name !== 'io_submit' || q.file === file) return;
  q.faulted = file;
  q.first = Math.min(q.first, first);
  q.last = Math.max(q.last, last - (last % PAGE));
}

/** By event name. */
export const IOMAP_EVENTS: Readonly<Record<string, Handler>> = {
  xfs_iomap_found: lookup,
  xfs_iomap_alloc: lookup,
  iomap_iter_dstmap: deviceMap,
  iomap_apply_dstmap: deviceMap,
  iomap_iter: strong,
  iomap_apply: strong,
  iomap_dio_rw_begin: dioBegin,
  iomap_dio_rw_queued: dioQueued,
  iomap_dio_complete: dioComplete,
};
