// ioctls that ask for, share or swap blocks, and copy_file_range. Constants: fs.h, xfs_fs.h, ext4.h.
import { Flag, Op } from '../model/events.js';
import { UNKNOWN } from '../model/units.js';
import { closedByExec } from './calls-open.js';
import type { Context } from './context.js';
import { callRow, fileOf, resolve, sizeIs, sizeUnknown } from './context.js';
import { fdOf, fileOfCall, opened } from './descriptors.js';
import { FICLONE, FICLONERANGE, FIDEDUPERANGE } from './handler.js';
import type { Thread } from './state.js';

const FS_IOC_FIEMAP = 0xc020660b;

const XFS_IOC_SWAPEXT = 0xc0c0586d;

/** FD_CLOEXEC by other words: ioctls.h. */
const FIONCLEX = 0x5450;
const FIOCLEX = 0x5451;

export const EXT4_IOC_MOVE_EXT = 0xc028660f;

export const XFS_IOC_EXCHANGE_RANGE = 0x40285881;

const SET_ATTRIBUTES: readonly number[] = [0x40086602, 0x401c5820];

export function ioctlCall(c: Context, t: Thread, ret: number): void {
  const [fd, command, argument] = t.call.args as unknown as [number, number, number];
  const single = (op: number, flags: number): void => {
    const e = callRow(c, t, op, fileOfCall(c, t, fd), ret);
    e.flags = flags;
    e.offset = 0;
    e.commit();
  };
  if (ret >= 0 && (command === FIOCLEX || command === FIONCLEX)) closedByExec(t, fdOf(fd), command === FIOCLEX);
  else if (command === FS_IOC_FIEMAP) single(Op.address_query, Flag.whole);
  else if (SET_ATTRIBUTES.includes(command)) single(Op.setattr, Flag.attributes);
  else if (command === XFS_IOC_SWAPEXT || command === EXT4_IOC_MOVE_EXT) swapRows(c, t, ret, Op.swapext);
  else if (command === XFS_IOC_EXCHANGE_RANGE) swapRows(c, t, ret, Op.exchange);
  else if (command === FICLONE || command === FICLONERANGE || command === FIDEDUPERANGE) {
    const open = opened(c, t, fdOf(fd));
    const other = command === FICLONE ? opened(c, t, fdOf(argument)) : null;
    if (other !== null && t.call.source >= 0) resolve(c, other, t.call.source);
    const ofArgument = other === null ? -1 : fileOf(other);
    // FIDEDUPERANGE is called on the source, the other two on the target.
    const dedupe = command === FIDEDUPERANGE;
    if (t.call.file >= 0) resolve(c, open, dedupe ? t.call.source : t.call.file);
    const target = t.call.file >= 0 ? t.call.file : dedupe ? -1 : fileOf(open);
    const source = t.call.source >= 0 ? t.call.source : dedupe ? fileOf(open) : ofArgument;
    remapRows(c, t, ret, dedupe ? Op.dedupe : Op.reflink, source, target, command === FICLONE);
  }
}

/** The file that the call is on, and the one that gets its blocks, where events name it: which ranges stands behind a pointer. */
function swapRows(c: Context, t: Thread, ret: number, op: number): void {
  const file = fileOfCall(c, t, t.call.args[0]!);
  const { source } = t.call;
  for (const one of source >= 0 && source !== file ? [file, source] : [file]) {
    const e = callRow(c, t, op, one, ret);
    e.flags = one === file ? Flag.whole : Flag.whole | Flag.second;
    e.offset = 0;
    e.commit();
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
  // What is made equal was inside both files.
  if (ret < 0 || target < 0 || op === Op.dedupe) return;
  const added = length < 0 && whole && source >= 0 ? c.sizes.get(source) : length;
  if (added === undefined || added < 0 || call.targetOffset < 0) return sizeUnknown(c, t, target);
  const size = c.sizes.get(target);
  if (size !== undefined && call.targetOffset + added > size) sizeIs(c, target, call.targetOffset + added);
}

export function copyFileRange(c: Context, t: Thread, ret: number): void {
  const [fdIn, offsetIn, fdOut, offsetOut, length] = t.call.args as unknown as [number, number, number, number, number];
  const target = t.call.file >= 0 ? t.call.file : fileOf(opened(c, t, fdOf(fdOut)));
  const source = t.call.source >= 0 ? t.call.source : fileOf(opened(c, t, fdOf(fdIn)));
  if (t.call.file >= 0) resolve(c, opened(c, t, fdOf(fdOut)), t.call.file);
  if (t.call.source >= 0) resolve(c, opened(c, t, fdOf(fdIn)), t.call.source);
  // Nothing was there to copy: so cp and cat find the end.
  if (ret === 0) return;
  const [from, to] = [opened(c, t, fdOf(fdIn)), opened(c, t, fdOf(fdOut))];
  // Offsets stand behind pointers, and are not known where nothing else tells them; without a pointer it is the
  // descriptor's position that counts, and moves.
  const [ownIn, ownOut] = [offsetIn === 0, offsetOut === 0];
  if (t.call.remapLength === 0) {
    t.call.remapLength = ret > 0 ? ret : length;
    t.call.sourceOffset = ownIn ? from.position : UNKNOWN;
    t.call.targetOffset = t.call.position >= 0 ? t.call.position : ownOut ? to.position : UNKNOWN;
  }
  if (ownIn && ret > 0 && from.position >= 0) from.position += ret;
  if (ownOut && ret > 0 && to.position >= 0) to.position += ret;
  remapRows(c, t, ret, Op.reflink, source, target, false);
}
