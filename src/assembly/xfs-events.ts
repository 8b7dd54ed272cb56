// XFS: extent records, truncation, fork swaps, remaps, and its announcements of calls.
import { Flag, Op } from '../model/events.js';
import { isOwn } from './announced.js';
import { XFS_IOC_EXCHANGE_RANGE } from './calls-remap.js';
import type { Context } from './context.js';
import { author, commit, endsOf, type Handler, metBy, strong, told, transferAt } from './handler.js';
import { Change } from './map-log.js';
import type { Call } from './state.js';
import { xfsAnnounces } from './transfers.js';
import { isAttr, isCow, xfsBlock, xfsState } from './xfs-map.js';
import { lacksFile } from './xfs-remaps.js';

const xfsTransfer = (op: number, flags: number): Handler => {
  const inside = transferAt(3, op === Op.write);
  return (c, t, v) => {
    c.writesSeen = true;
    if (isOwn(t)) xfsAnnounces(c, t, op, flags, v);
    else inside(c, t, v);
  };
};

function extentEvent(apply: (c: Context, file: number, v: Float64Array, state: number) => void, cow: number): Handler {
  return (c, t, v) => {
    if (Number.isNaN(v[3]!) || Number.isNaN(v[4]!) || Number.isNaN(v[5]!))
      return c.unplaced('extent events that lack a field');
    const state = told(c, c.stateBits, v[2]!, xfsState);
    if (isAttr(state)) return;
    author(c, t, v);
    c.geometry(v[0]!);
    const file = c.file(v[0]!, v[1]!);
    if (isCow(state)) {
      const block = xfsBlock(v[4]!);
      if (block >= 0) c.log.add(cow, file, v[0]!, v[3]!, v[5]!, block);
    } else {
      // Right in the first allocation group only; elsewhere no request begins there.
      if (xfsBlock(v[4]!) >= 0) {
        c.blocks.extent(v[0]!, v[4]!);
        c.votes.extent(v[0]!, v[4]!, v[5]!);
      }
      apply(c, file, v, state);
    }
  };
}

const truncateStart: Handler = (c, t, v) => {
  strong(c, t, v);
  c.reused.truncating(v[0]!, v[1]!, true);
};

const truncateEnd: Handler = (c, t, v) => {
  strong(c, t, v);
  c.reused.truncating(v[0]!, v[1]!, false);
  author(c, t, v);
  if (v[3] === 0) c.xfs.knownEmpty(c.file(v[0]!, v[1]!), v[0]!);
};

const swapBefore: Handler = (c, t, v) => {
  t.swapping ??= { files: [], changes: c.log.length };
  t.swapping.files.push(c.file(v[0]!, v[1]!));
  const { call, swapping } = t;
  if (call.file < 0) call.file = swapping.files[0]!;
  if (swapping.files.length > 1) call.source = swapping.files[1]!;
};

/** dev ino: of the file whose descriptor stands behind the pointer of the call, which exchanges its blocks with the file it is on. */
const exchangedWith: Handler = (c, { call }, v) => {
  if (isExchange(call)) call.source = c.file(v[0]!, v[1]!);
};

const exchanged: Handler = (c, { call }, v) => {
  if (isExchange(call)) call.file = c.file(v[0]!, v[1]!);
};

const isExchange = ({ name, args }: Call): boolean => name === 'ioctl' && args[1] === XFS_IOC_EXCHANGE_RANGE;

const swapAfter: Handler = (c, t, v) => {
  const seen = t.swapping;
  if (seen === null || seen.files.length < 2) return;
  t.swapping = null;
  author(c, t, v);
  // With rmapbt the swap goes extent by extent and every step was seen; without, the forks change places whole (trap 6).
  const stepwise = seen.files.some((file) => c.log.changedSince(file, seen.changes));
  if (!stepwise) c.xfs.swap(seen.files[0]!, seen.files[1]!, v[0]!);
};

const remapRange: Handler = (c, t, v) => {
  if (lacksFile(v)) return c.unplaced('clones whose event lacks one of the files');
  if (isOwn(t)) return;
  const { call } = t;
  const ends = c.reused.made > 0 ? endsOf(call) : null;
  if (ends !== null) {
    metBy(c, t, ends[0], v[0]!, v[2]!);
    metBy(c, t, ends[1], v[0]!, v[4]!);
  }
  call.source = c.file(v[0]!, v[2]!);
  call.file = c.file(v[0]!, v[4]!);
  call.sourceOffset = v[3]!;
  call.targetOffset = v[5]!;
  call.remapLength = v[1]!;
  // The copy that overlayfs makes is a clone where it can be one.
  if (call.name !== 'ioctl' && call.name !== 'copy_file_range') call.filledBytes = v[5]! + v[1]!;
};

const inserted = extentEvent(
  (c, file, v, state) => c.xfs.insert(file, v[0]!, v[3]!, xfsBlock(v[4]!), v[5]!, v[6] === 1, state),
  Change.cowInsert,
);

const taken = extentEvent((c, file, v) => c.xfs.remove(file, v[0]!, v[3]!, xfsBlock(v[4]!), v[5]!), Change.cowRemove);

const before = extentEvent(
  (c, file, v) => c.xfs.preUpdate(file, v[3]!, xfsBlock(v[4]!), v[5]!, v[6] === 1),
  Change.cowRemove,
);

const after = extentEvent(
  (c, file, v) => c.xfs.postUpdate(file, v[0]!, v[3]!, xfsBlock(v[4]!), v[5]!, v[6] === 1),
  Change.cowInsert,
);

/** dev ino offset block count state: what a clone takes. Of what is not written it makes a hole. */
const shares: Handler = (c, t, v) => {
  const block = xfsBlock(v[3]!);
  if (Number.isNaN(v[2]! + v[4]!) || !(block >= 0) || v[5] === 1) return;
  author(c, t, v);
  c.geometry(v[0]!);
  const file = c.file(v[0]!, v[1]!);
  c.xfs.found(file, v[0]!, v[2]!, block, v[4]!, false);
  c.log.add(Change.share, file, v[0]!, v[2]!, v[4]!, block);
};

/** By event name. */
export const XFS_EVENTS: Readonly<Record<string, Handler>> = {
  xfs_iext_insert: inserted,
  xfs_iext_remove: taken,
  xfs_bmap_pre_update: before,
  xfs_bmap_post_update: after,
  xfs_itruncate_extents_start: truncateStart,
  xfs_itruncate_extents_end: truncateEnd,
  xfs_free_file_space: strong,
  xfs_alloc_file_space: strong,
  xfs_zero_file_space: strong,
  xfs_collapse_file_space: strong,
  xfs_insert_file_space: strong,
  xfs_reflink_unshare: strong,
  xfs_setattr: strong,
  xfs_ioctl_setattr: strong,
  xfs_file_fsync: strong,
  xfs_file_direct_read: xfsTransfer(Op.read, Flag.direct),
  xfs_file_direct_write: xfsTransfer(Op.write, Flag.direct),
  xfs_file_buffered_read: xfsTransfer(Op.read, 0),
  xfs_file_buffered_write: xfsTransfer(Op.write, 0),
  xfs_file_splice_read: xfsTransfer(Op.read, 0),
  xfs_file_dax_read: xfsTransfer(Op.read, 0),
  xfs_file_dax_write: xfsTransfer(Op.write, 0),
  xfs_swap_extent_before: swapBefore,
  xfs_swap_extent_after: swapAfter,
  xfs_exchmaps_mapping1: exchangedWith,
  xfs_exchmaps_mapping2: exchanged,
  xfs_reflink_remap_range: remapRange,
  xfs_reflink_remap_extent_src: shares,
  xfs_log_force: commit,
  xfs_iunlink: (c, _t, v) => c.reused.nameless(v[0]!, v[1]!, v[2]!),
  xfs_iunlink_remove: (c, _t, v) => c.reused.named(v[0]!, v[1]!, v[2]!),
  xfs_inode_inactivating: (c, _t, v) => c.reused.inactivating(v[0]!, v[1]!),
};
