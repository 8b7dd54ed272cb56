// Reads, writes, sizes, allocation. Constants: falloc.h.
import { Flag, Op } from '../model/events.js';
import { UNKNOWN } from '../model/units.js';
import type { Context } from './context.js';
import { callRow, sizeIs, sizeUnknown } from './context.js';
import { fdOf, fileOfCall, opened } from './descriptors.js';
import { pinOfBuffer } from './pins.js';
import type { Thread } from './state.js';

export function transfer(
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
  const raw = c.blockDevices.has(file);
  e.flags = (call.direct || open.direct ? Flag.direct : 0) | (raw ? Flag.raw : 0);
  e.commit();
  if (write && ret > 0 && offset >= 0) {
    const size = c.sizes.get(file);
    if (size !== undefined && offset + ret > size) sizeIs(c, file, offset + ret);
  }
}

export const FALLOC_KEEP_SIZE = 1;
const FALLOC: readonly (readonly [number, number])[] = [
  [0x02, Op.punch],
  [0x08, Op.collapse],
  [0x10, Op.zero],
  [0x20, Op.insert],
  [0x40, Op.unshare],
];

export function fallocateCall(c: Context, t: Thread, ret: number): void {
  const [fd, mode, offset, length] = t.call.args as unknown as [number, number, number, number];
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
  e.length = size;
  e.commit();
  if (ret < 0) return;
  if (file >= 0) sizeIs(c, file, size);
  // By a path that no event tells of: it may be any file that has become larger by it. ext4 names those that it makes smaller.
  else for (const [other, known] of c.sizes) if (known < size) sizeUnknown(c, t, other);
}
