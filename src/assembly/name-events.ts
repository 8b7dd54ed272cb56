// Names: which inode a name in a directory means, followed from look-up, create, remove and rename.

import { RENAME_EXCHANGE } from './calls-path.js';
import type { Context } from './context.js';
import { nameKey } from './descriptors.js';
import type { Handler } from './handler.js';
import type { Thread } from './state.js';

const looked =
  (created: boolean): Handler =>
  (c, t, v) => {
    if (created) c.reused.creating(t, c.record.timeNs);
    isDirectory(c, v[0]!, v[1]!);
    t.call.device = v[0]!;
    t.call.directory = v[1]!;
    t.call.lookup = v[2]!;
    t.call.created = created;
  };

function isDirectory({ directories }: Context, device: number, inode: number): void {
  const known = directories.get(device);
  if (known === undefined) directories.set(device, new Set([inode]));
  else known.add(inode);
}

/** The inode itself is one: it is made, or read. */
const directory: Handler = (c, _t, v) => isDirectory(c, v[0]!, v[1]!);

const removed: Handler = (c, t, v) => {
  looked(false)(c, t, v);
  const name = nameKey(c, v[0]!, v[1]!, v[2]!);
  const file = c.names.get(name);
  if (file !== undefined && t.call.file < 0) isNamed(t, file);
  c.names.delete(name);
};

const renamed: Handler = (c, t, v) => {
  const from = nameKey(c, v[0]!, v[1]!, v[3]!);
  const to = nameKey(c, v[0]!, v[2]!, v[4]!);
  const file = c.names.get(from);
  const over = c.names.get(to);
  if (over !== undefined) t.call.source = over;
  means(c, from, t.call.args[4] === RENAME_EXCHANGE ? over : undefined);
  means(c, to, file);
  t.call.newName = to;
  if (file !== undefined) isNamed(t, file);
};

function means({ names }: Context, name: string, file: number | undefined): void {
  if (file === undefined) names.delete(name);
  else names.set(name, file);
}

function isNamed({ call }: Thread, file: number): void {
  call.file = file;
  call.byName = true;
}

/** By event name. */
export const NAME_EVENTS: Readonly<Record<string, Handler>> = {
  xfs_dir2_sf_create: directory,
  xfs_readdir: directory,
  xfs_create: looked(true),
  xfs_lookup: looked(false),
  xfs_remove: removed,
  xfs_rename: renamed,
};
