// fsync and unlink as XFS announces them where no call in the trace tells of them: both without an end and a result.
import { Flag, Op } from '../model/events.js';
import { beginChange, isOwn, isSyncOfOther, own } from './announced.js';
import { nameKey } from './descriptors.js';
import type { Handler } from './handler.js';
import { isInode } from './reused-inodes.js';
import type { Thread } from './state.js';

const syncs: Handler = (c, t, v) => {
  const file = c.file(v[0]!, v[1]!);
  if (!isSyncOfOther(c, t, file)) beginChange(c, t, Op.fsync, file);
};

/** dev directory name: the inode follows. It may be a directory's own name (rmdir). */
const unnames: Handler = (c, t, v) => {
  beginChange(c, t, Op.unlink, c.names.get(nameKey(c, v[0]!, v[1]!, v[2]!)) ?? -1);
};

const isUnlink = ({ change }: Thread): boolean => change.pending && change.op === Op.unlink;
const isRename = ({ change }: Thread): boolean => change.pending && change.op === Op.rename;

/**
 * dev agno agino: it has no name any more, because it was taken away, or because another file got it. Where its group is in the
 * number is known where one inode only fits.
 */
const nameless: Handler = (c, t, v) => {
  const { change } = t;
  const isOver = isRename(t);
  if (!isOver && !isUnlink(t)) return;
  const fits = (inode: number): boolean => isInode(inode, v[1]!, v[2]!);
  if ([...(c.directories.get(v[0]!) ?? [])].some(fits)) change.pending &&= isOver;
  else if ((isOver ? change.second : change.file) < 0) {
    const found = v[1] === 0 ? [v[2]!] : [...c.inodes(v[0]!)].filter(fits);
    if (found.length === 1) change[isOver ? 'second' : 'file'] = c.file(v[0]!, found[0]!);
  }
};

/** dev directory inode: what had the name. */
const removes: Handler = (c, t, v) => {
  if (!isOwn(t)) {
    const { call } = t;
    if (call.file >= 0 && !call.byName) return;
    call.byName = false;
    call.file = c.file(v[0]!, v[2]!);
    if (call.newName !== '') c.names.set(call.newName, call.file);
  } else if (isUnlink(t) || isRename(t)) {
    if (isRename(t)) t.change.secondFlags |= Flag.over;
    if (c.directories.get(v[0]!)?.has(v[2]!)) t.change.pending = false;
    else t.change.file = c.file(v[0]!, v[2]!);
  }
};

/** By event name. */
export const XFS_REQUESTS: Readonly<Record<string, Handler>> = {
  xfs_file_fsync: own(syncs),
  xfs_remove: own(unnames),
  xfs_iunlink: own(nameless),
  xfs_dir2_sf_removename: removes,
  xfs_dir2_block_removename: removes,
  xfs_dir2_leaf_removename: removes,
  xfs_dir2_node_removename: removes,
};
