// mmap, munmap, mremap, msync, madvise. Constants: mman.h.
import { Flag, Op } from '../model/events.js';
import { placeOf } from './calls-data.js';
import type { Context } from './context.js';
import { callRow, fileOf, isRegular, resolve } from './context.js';
import { fdOf, opened } from './descriptors.js';
import type { Mapping } from './process.js';
import type { Thread } from './state.js';

const MAP_ANONYMOUS = 0x20;

const MAP_POPULATE = 0x8000;

const MAP_SYNC = 0x80000;

export function mmapCall(c: Context, t: Thread, ret: number): void {
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
  if (ret >= 0) process.remapped(ret, ret + size, c.record.timeNs);
  if (ret >= 0) process.unmap(ret, ret + size, (m, off, len) => unmapRow(c, t, m, off, len, Flag.synthetic));
  if ((flags & MAP_ANONYMOUS) !== 0) return;
  const open = opened(c, t, fdOf(fd));
  const kind = flags & 15;
  const shared = kind === 1 || kind === 3;
  const writable = (prot & 2) !== 0;
  if (shared && writable) isRegular(c, open);
  const handle = ret >= 0 ? c.events.newId() : 0;
  const e = callRow(c, t, Op.mmap, fileOf(open), ret);
  e.offset = placeOf(offset);
  e.length = size;
  e.handle = handle;
  e.flags =
    (shared ? Flag.shared : 0) |
    (writable ? Flag.writable : 0) |
    (kind === 3 && (flags & MAP_SYNC) !== 0 ? Flag.sync : 0) |
    ((flags & MAP_POPULATE) !== 0 ? Flag.populate : 0);
  e.commit();
  if (ret >= 0) process.map({ start: ret, end: ret + size, offset, open, handle, shared, writable, inferred: false });
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

export function munmapCall(c: Context, t: Thread, ret: number): void {
  if (ret < 0) return;
  const [start, length] = t.call.args;
  const end = start! + Math.ceil(length! / 4096) * 4096;
  let flags = 0;
  t.process.remapped(start!, end, c.record.timeNs);
  t.process.unmap(start!, end, (m, off, len) => {
    unmapRow(c, t, m, off, len, flags);
    flags = Flag.synthetic;
  });
}

export function mremapCall(c: Context, t: Thread, ret: number): void {
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
  const oldEnd = old + Math.ceil(oldLength / 4096) * 4096;
  t.process.remapped(old, oldEnd, c.record.timeNs);
  t.process.remapped(moved.start, moved.end, c.record.timeNs);
  // Same mapping, same handle: it only moves or grows, so nothing is released.
  t.process.unmap(old, oldEnd, () => {});
  t.process.unmap(moved.start, moved.end, (x, off, len) => unmapRow(c, t, x, off, len, Flag.synthetic));
  t.process.map(moved);
}

export function msyncCall(c: Context, t: Thread, ret: number): void {
  const [start, length] = t.call.args;
  const m = t.process.mappingAt(start!);
  if (m === undefined) return;
  const e = callRow(c, t, Op.msync, fileOf(m.open), ret);
  e.offset = m.offset + start! - m.start;
  e.length = length!;
  e.commit();
}

const MADV_REMOVE = 9;

/** MADV_REMOVE punches a hole into what is mapped there (madvise_remove in mm/madvise.c). */
export function madviseCall(c: Context, t: Thread, ret: number): void {
  const [start, length, behavior] = t.call.args as unknown as [number, number, number];
  if (behavior !== MADV_REMOVE) return;
  const end = start + Math.ceil(length / 4096) * 4096;
  for (const m of t.process.mappingsIn(start, end)) {
    if (t.call.file >= 0) resolve(c, m.open, t.call.file);
    const from = Math.max(start, m.start);
    const e = callRow(c, t, Op.punch, fileOf(m.open), ret);
    e.offset = m.offset + from - m.start;
    e.length = Math.min(end, m.end) - from;
    e.flags = Flag.keep_size;
    e.commit();
  }
}
