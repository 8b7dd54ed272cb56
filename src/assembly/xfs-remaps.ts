// What XFS announces of two files at once where no call in the trace tells of it: clones, renames, swapped extents; without a result, but
// for a clone that fails. Of FIDEDUPERANGE it announces the same as of a clone, which it is taken for.
import { Flag, Op } from '../model/events.js';
import { beginChange, changeEnds, own } from './announced.js';
import { sizeIs } from './context.js';
import { nameKey } from './descriptors.js';
import type { Handler } from './handler.js';

/** A damaged record may lack an inode. */
export const lacksFile = (v: Float64Array): boolean => Number.isNaN(v[2]! + v[4]!);

/** dev bytes inode offset of the source, inode offset of the target */
const clones: Handler = (c, t, v) => {
  if (lacksFile(v)) return;
  const change = beginChange(c, t, Op.reflink, c.file(v[0]!, v[2]!));
  change.offset = v[3]!;
  change.length = v[1]!;
  change.second = c.file(v[0]!, v[4]!);
  change.secondOffset = v[5]!;
  change.secondFlags = Flag.second;
  const size = c.sizes.get(change.second);
  if (size !== undefined && v[5]! + v[1]! > size) sizeIs(c, change.second, v[5]! + v[1]!);
};

/** dev inode error: xfs_file_remap_range in fs/xfs/xfs_file.c */
const failsToClone: Handler = (c, t, v) => {
  if (t.change.pending && t.change.op === Op.reflink) changeEnds(c, t, v[2]!);
};

/** dev directory and the one it leads to, name and the new one. Which file it is, is known by names, or told behind it. */
const renames: Handler = (c, t, v) => {
  const change = beginChange(c, t, Op.rename, c.names.get(nameKey(c, v[0]!, v[1]!, v[3]!)) ?? -1);
  change.second = c.names.get(nameKey(c, v[0]!, v[2]!, v[4]!)) ?? -1;
  // Of an exchange of names none is taken away.
  change.secondFlags = Flag.second;
};

/** dev inode of the file that is asked, then of the other one */
const swaps: Handler = (c, t, v) => {
  const file = c.file(v[0]!, v[1]!);
  const { change } = t;
  if (t.swapping === null) beginChange(c, t, Op.swapext, file, Flag.whole).offset = 0;
  else if (change.pending && change.op === Op.swapext && change.file !== file)
    Object.assign(change, { second: file, secondOffset: 0, secondFlags: Flag.whole | Flag.second });
};

/** What follows of the maps is a part of it. */
const swapped: Handler = (c, t) => {
  if (t.change.pending && t.change.op === Op.swapext) changeEnds(c, t, Number.NaN, true);
};

/** By event name. */
export const XFS_REMAPS: Readonly<Record<string, Handler>> = {
  xfs_reflink_remap_range: own(clones),
  xfs_reflink_remap_range_error: own(failsToClone),
  xfs_rename: own(renames),
  xfs_swap_extent_before: own(swaps),
  xfs_swap_extent_after: own(swapped),
};
