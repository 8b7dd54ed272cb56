// What XFS announces of changes of space and size that no call in the trace tells of: of fallocate which file and what, and nothing of
// the range (xfs-ranges.ts). An end and a result it does not tell; where locks are recorded, the change is over when the lock against
// faults is given back (xfs_file_fallocate, xfs_vn_setattr_size in fs/xfs; the order of events is that of Linux 6.1 to 6.18).
import { Flag, Op } from '../model/events.js';
import { beginChange, changeEnds, changeRow, changeUnder, isOwn, own } from './announced.js';
import { type Context, sizeIs } from './context.js';
import { type Handler, told } from './handler.js';
import type { AnnouncedChange, Thread } from './state.js';
import { covers } from './xfs-ranges.js';

/** What a change announces by itself. */
type Step = 'free' | 'alloc' | 'size';

/** What events tell its range. */
type Measure = 'taken' | 'mapped' | 'moved' | 'nothing';

/** How far a change has come. */
export interface XfsSpace {
  /** Announcements of its own that are still to come, in this order. */
  ahead: readonly Step[];
  measure: Measure;
  /** By how much it made the file longer, bytes. */
  grownBytes: number;
  /** The record that is being updated, or was removed for it: blocks. */
  old: (readonly [number, number])[];
}

/** A size that grows is told after them: until then it is kept. */
const STEPS: Readonly<Record<number, readonly Step[]>> = {
  [Op.zero]: ['free', 'alloc', 'size'],
  [Op.unshare]: ['alloc', 'size'],
  [Op.fallocate]: ['size'],
  [Op.collapse]: ['free', 'size'],
};

function begin(c: Context, t: Thread, v: Float64Array, op: number, measure: Measure, flags = 0): AnnouncedChange {
  const change = beginChange(c, t, op, c.file(v[0]!, v[1]!), flags);
  const { xfsSpace } = t;
  xfsSpace.ahead = STEPS[op] ?? [];
  xfsSpace.measure = measure;
  xfsSpace.grownBytes = 0;
  xfsSpace.old = [];
  return change;
}

/** Is the announcement a part of the change under way? Each comes once. */
function isPart(c: Context, t: Thread, v: Float64Array, step: Step): boolean {
  const { xfsSpace } = t;
  const at = changeUnder(c, t, v) === null ? -1 : xfsSpace.ahead.indexOf(step);
  if (at < 0) return false;
  xfsSpace.ahead = xfsSpace.ahead.slice(at + 1);
  return true;
}

const frees: Handler = (c, t, v) => {
  if (!isPart(c, t, v, 'free')) begin(c, t, v, Op.punch, 'taken', Flag.keep_size);
};

const allocates: Handler = (c, t, v) => {
  if (!isPart(c, t, v, 'alloc')) begin(c, t, v, Op.fallocate, 'mapped', Flag.keep_size);
  else t.xfsSpace.measure = t.change.offset < 0 ? 'mapped' : 'nothing';
};

/** dev ino isize disize pos bytecount */
const unshares: Handler = (c, t, v) => {
  covers(begin(c, t, v, Op.unshare, 'nothing', Flag.keep_size), v[4]!, v[4]! + v[5]!);
};

/** The file has been made longer for it, which looked like a truncate. */
const inserts: Handler = (c, t, v) => {
  const { xfsSpace } = t;
  const longer = changeUnder(c, t, v);
  if (longer === null || longer.op !== Op.truncate || xfsSpace.grownBytes === 0)
    return void begin(c, t, v, Op.insert, 'moved');
  longer.op = Op.insert;
  longer.offset = -1;
  longer.length = xfsSpace.grownBytes;
  xfsSpace.measure = 'moved';
};

// --- sizes

/** A lock against faults is held for whatever changes a size, and for no other attribute. */
const isLocked = ({ mapLock }: Thread, v: Float64Array): boolean => mapLock.device === v[0] && mapLock.inode === v[1];

const isMapLock = (text: string): boolean => text.includes('MMAPLOCK_EXCL') || (Number(text) & 0x10) !== 0;

const locks: Handler = (c, t, v) => {
  if (!told(c, c.lockFlags, v[2]!, isMapLock)) return;
  c.mapLocksSeen = true;
  if (!isOwn(t)) return;
  t.mapLock.device = v[0]!;
  t.mapLock.inode = v[1]!;
  if (changeUnder(c, t, v) !== null) changeRow(c, t);
};

const unlocks: Handler = (c, t, v) => {
  if (!isLocked(t, v) || !told(c, c.lockFlags, v[2]!, isMapLock)) return;
  t.mapLock.device = -1;
  t.setting.device = -1;
  if (changeUnder(c, t, v) !== null) changeEnds(c, t);
};

const sets: Handler = (c, t, v) => {
  const { setting, xfsSpace } = t;
  setting.device = -1;
  setting.ofChange = isPart(c, t, v, 'size');
  if (setting.ofChange) xfsSpace.measure = 'nothing';
  else {
    changeRow(c, t);
    if (c.mapLocksSeen && !isLocked(t, v)) return;
  }
  setting.device = v[0]!;
  setting.inode = v[1]!;
  setting.timeNs = c.record.timeNs;
  setting.row = c.record.row;
};

const isSetting = ({ setting }: Thread, v: Float64Array): boolean => setting.device === v[0] && setting.inode === v[1];

/** The attribute that is set is the size: of a truncate, or of the change under way, if it is one that makes the file so. */
function sizeTold(
  c: Context,
  t: Thread,
  v: Float64Array,
  sizeBytes: number,
  isLonger: boolean,
): AnnouncedChange | null {
  if (!isSetting(t, v)) return null;
  const { setting } = t;
  const { ofChange, timeNs, row } = setting;
  setting.device = -1;
  let change = ofChange ? changeUnder(c, t, v) : null;
  if (change === null || (change.op === Op.collapse) === isLonger) {
    change = begin(c, t, v, Op.truncate, 'nothing');
    Object.assign(change, { timeNs, row, offset: 0, length: sizeBytes });
  }
  sizeIs(c, change.file, sizeBytes);
  return change;
}

/** dev ino isize disize pos bytecount: the file becomes longer by these bytes. Writes behind the end say so, too. */
const lengthens: Handler = (c, t, v) => {
  const toBytes = v[4]! + v[5]!;
  const change = sizeTold(c, t, v, toBytes, true);
  if (change === null) return;
  t.xfsSpace.grownBytes = v[5]!;
  change.flags &= ~Flag.keep_size;
  if (change.op !== Op.truncate && change.offset >= 0) change.length = toBytes - change.offset;
};

/**
 * dev ino disize new_size. Blocks behind the end go as well when a file is closed: then nobody set attributes before. Where no lock
 * tells whether it was the size that was set, to cut a file where it ends is taken for that.
 */
const shortens: Handler = (c, t, v) => {
  if (isSetting(t, v) && !c.mapLocksSeen && c.sizes.get(c.file(v[0]!, v[1]!)) === v[3]) t.setting.device = -1;
  sizeTold(c, t, v, v[3]!, false);
  if (t.xfsSpace.measure === 'taken' && changeUnder(c, t, v) !== null) t.xfsSpace.measure = 'nothing';
};

/** By event name. */
export const XFS_CHANGES: Readonly<Record<string, Handler>> = {
  xfs_free_file_space: own(frees),
  xfs_alloc_file_space: own(allocates),
  xfs_zero_file_space: own((c, t, v) => void begin(c, t, v, Op.zero, 'taken', Flag.keep_size)),
  xfs_collapse_file_space: own((c, t, v) => void begin(c, t, v, Op.collapse, 'taken')),
  xfs_insert_file_space: own(inserts),
  xfs_reflink_unshare: own(unshares),
  xfs_ilock: locks,
  xfs_iunlock: own(unlocks),
  xfs_setattr: own(sets),
  xfs_zero_eof: own(lengthens),
  xfs_itruncate_extents_start: own(shortens),
};
