// What ext4 announces of changes that no call in the trace tells of (fs/ext4: extents.c, inode.c, namei.c, fsync.c): fallocate with
// its range, and with its end and result where it takes blocks (6.18: of a hole, of zeros and of a shift the beginning only); a
// truncate with its size only where that becomes smaller. What makes a file longer without blocks is not told at all.
import { Flag, Op } from '../model/events.js';
import { UNKNOWN_RESULT } from '../model/units.js';
import { beginChange, changeEnds, changeUnder, isOwn, isSyncOfOther, own } from './announced.js';
import { FALLOC_KEEP_SIZE, fallocOp, sizeAfter } from './calls-data.js';
import { type Context, sizeIs } from './context.js';
import { MAX_BLOCK } from './ext4-map.js';
import { type Handler, told } from './handler.js';
import type { Thread } from './state.js';

const fileOf = (c: Context, v: Float64Array): number => c.file(v[0]!, v[1]!);

/** FALLOC_FL_*, as include/trace/events/ext4.h names them. */
const MODES: Readonly<Record<string, number>> = {
  KEEP_SIZE: FALLOC_KEEP_SIZE,
  PUNCH_HOLE: 0x02,
  COLLAPSE_RANGE: 0x08,
  ZERO_RANGE: 0x10,
  WRITE_ZEROES: 0x80,
};

/** Names, or the number of their bits, as trace-cmd's raw report has it. */
const fallocMode = (text: string): number =>
  text.split('|').reduce((bits, name) => bits | (MODES[name] ?? (Number(name) || 0)), 0);

/** dev ino offset len, and what they are for. */
function begin(c: Context, t: Thread, v: Float64Array, op: number, flags: number, isEntered = false): void {
  // Some kernels tell of fallocate as such, and then of what it does.
  if (changeUnder(c, t, v)?.isEntered === true && !isEntered && t.change.op === op) return;
  const change = beginChange(c, t, op, fileOf(c, v), flags);
  change.offset = v[2]!;
  change.length = v[3]!;
  change.isEntered = isEntered;
  // Nothing was moved yet. If nothing is, the range was none that can be taken out or put in.
  if ((op === Op.collapse || op === Op.insert) && c.ext4.sawRemoval) change.result = -EINVAL;
}

const EINVAL = 22;

const keepsSize = (mode: number): number => ((mode & FALLOC_KEEP_SIZE) === 0 ? 0 : Flag.keep_size);

const fallocates: Handler = (c, t, v) => {
  const mode = told(c, c.fallocModes, v[4]!, fallocMode);
  begin(c, t, v, fallocOp(mode), keepsSize(mode), true);
};

/** dev ino pos blocks ret */
const fallocated: Handler = (c, t, v) => {
  const change = changeUnder(c, t, v);
  if (change === null || change.offset !== v[2]) return;
  changeEnds(c, t, v[4]!);
  if (change.result === 0) sizeAfter(c, change.op, change.flags, change.file, change.offset, change.length);
};

/** Nobody asks for what is done to an inode that goes altogether, since the last name went. */
const isEvicted = ({ evicting }: Thread, v: Float64Array): boolean =>
  evicting.device === v[0] && evicting.inode === v[1];

/** dev ino nlink */
const evicts: Handler = (_c, { evicting }, v) => {
  if (v[2] !== 0) return;
  evicting.device = v[0]!;
  evicting.inode = v[1]!;
};

/** The number may be another file's from here on. */
const evicted: Handler = (_c, { evicting }) => {
  evicting.device = -1;
};

/** dev ino new_size; also of a file that goes altogether. */
const shortens: Handler = (c, t, v) => {
  if (isEvicted(t, v)) return;
  const file = fileOf(c, v);
  const change = beginChange(c, t, Op.truncate, file);
  change.offset = 0;
  change.length = v[2]!;
  sizeIs(c, file, v[2]!);
};

const truncates: Handler = (c, t, v) => {
  if (isEvicted(t, v)) return;
  const file = fileOf(c, v);
  if (changeUnder(c, t, v)?.op === Op.truncate) return;
  beginChange(c, t, Op.truncate, file).offset = 0;
};

const truncated: Handler = (c, t, v) => {
  if (isEvicted(t, v)) evicted(c, t, v);
  else if (changeUnder(c, t, v)?.op === Op.truncate) changeEnds(c, t);
};

/** dev ino lblk len. What reaches to the end of all blocks begins where a truncate without a size cuts, or where blocks are moved. */
const forgets: Handler = (c, t, v) => {
  if (!t.change.pending || !isOwn(t) || v[2]! + v[3]! < MAX_BLOCK) return;
  const change = changeUnder(c, t, v);
  if (change === null) return;
  if (change.op === Op.truncate && change.length < 0) {
    const block = c.blocks.bytes(v[0]!);
    const size = c.sizes.get(change.file) ?? -1;
    // The size that it had already: blocks behind the end are taken away. Else no more than its last block is known.
    change.length = Math.ceil(size / block) === v[2] ? size : v[2]! * block;
    sizeIs(c, change.file, change.length);
  } else if ((change.op === Op.collapse || change.op === Op.insert) && change.result !== UNKNOWN_RESULT) {
    change.result = UNKNOWN_RESULT;
    sizeAfter(c, change.op, change.flags, change.file, change.offset, change.length);
  }
};

const syncs: Handler = (c, t, v) => {
  const file = fileOf(c, v);
  if (!isSyncOfOther(c, t, file)) beginChange(c, t, Op.fsync, file);
};

const synced: Handler = (c, t, v) => {
  if (changeUnder(c, t, v)?.op === Op.fsync) changeEnds(c, t, v[2]!);
};

const unlinks: Handler = (c, t, v) => void beginChange(c, t, Op.unlink, fileOf(c, v));

/** Its blocks go after that, in the same thread, if nobody has it open. */
const unlinked: Handler = (c, t, v) => {
  if (changeUnder(c, t, v)?.op === Op.unlink) changeEnds(c, t, v[2]!, true);
};

const ranged = (op: number, flags = 0): Handler => own((c, t, v) => begin(c, t, v, op, flags));

/** By event name. */
export const EXT4_CHANGES: Readonly<Record<string, Handler>> = {
  ext4_fallocate_enter: own(fallocates),
  ext4_fallocate_exit: own(fallocated),
  ext4_punch_hole: ranged(Op.punch, Flag.keep_size),
  ext4_zero_range: own((c, t, v) => begin(c, t, v, Op.zero, keepsSize(told(c, c.fallocModes, v[4]!, fallocMode)))),
  ext4_collapse_range: ranged(Op.collapse),
  ext4_insert_range: ranged(Op.insert),
  ext4_begin_ordered_truncate: own(shortens),
  ext4_truncate_enter: own(truncates),
  ext4_truncate_exit: own(truncated),
  ext4_es_remove_extent: forgets,
  ext4_sync_file_enter: own(syncs),
  ext4_sync_file_exit: own(synced),
  ext4_unlink_enter: own(unlinks),
  ext4_unlink_exit: own(unlinked),
  ext4_evict_inode: own(evicts),
  ext4_free_inode: own(evicted),
  ext4_allocate_inode: own(evicted),
};
