// ext4 tells of a rename only what it lets go of: the file that had the new name. Kernel: Linux 6.18, the events of `git config`.
import { expect, test } from 'vitest';
import { ftraceText } from '../../src/formats/ftrace-text.js';
import { Flag, OPS, Op } from '../../src/model/events.js';
import { readAs } from '../formats/support.js';
import { by, read } from './told-changes.js';

const EVENTS = `sys_enter_rename: oldname: 0x7f01, newname: 0x7f02
ext4_evict_inode: dev 7,3 ino 48 nlink 0
ext4_truncate_enter: dev 7,3 ino 48 blocks 8
ext4_truncate_exit: dev 7,3 ino 48 blocks 0
ext4_free_inode: dev 7,3 ino 48 mode 0100644 uid 0 gid 0 blocks 0
sys_exit_rename: 0x0`;

test('what a rename lets go of is what it replaced, and not what it renamed', async () => {
  const lines = EVENTS.split('\n').map((event, i) => `  git-7 [000]  5.${String(i).padStart(6, '0')}: ${event}\n`);
  const { columns: c, files } = (await readAs(ftraceText, `cpus=1\n${lines.join('')}`)).trace;
  const rows = [...c.op.keys()].filter((row) => c.op[row] === Op.rename);
  expect(rows.map((row) => [files[c.file[row]!]?.inode, c.flags[row]])).toEqual([
    [undefined, 0],
    ['48', Flag.second | Flag.over],
  ]);
});

/** Calls of one task, each with what the file system tells in it: operation and inode. */
async function told(...calls: readonly string[]): Promise<readonly (readonly [string, string])[]> {
  const { columns: c, files } = await read(calls.join('\n'));
  const rows = [...c.op.keys()].filter((row) => [Op.rename, Op.unlink, Op.truncate].includes(c.op[row] as never));
  return rows.map((row) => [OPS[c.op[row]!]!, files[c.file[row]!]?.inode ?? '']);
}
const call = (name: string, ...events: readonly string[]): string =>
  by('a-7', `sys_enter_${name}: a: 0x1, b: 0x2`, ...events, `sys_exit_${name}: 0x0`);
const made = (fd: string, name: string, inode: string): string =>
  [
    by(
      'a-7',
      'sys_enter_openat: dfd: 0xffffff9c, filename: 0x7f10, flags: 0x42, mode: 0x1a4',
      `xfs_create: dev 7:0 dp ino 0x40 name ${name}`,
      `sys_exit_openat: ${fd}`,
    ),
    ...(inode === ''
      ? []
      : [by('a-7', `sys_enter_fsync: fd: ${fd}`, `xfs_file_fsync: dev 7:0 ino ${inode}`, 'sys_exit_fsync: 0x0')]),
  ].join('\n');
const renamed = (event: string, ...more: readonly string[]): string =>
  call('rename', `xfs_rename: dev 7:0 src dp ino 0x40 target dp ino 0x40 ${event}`, ...more);

test('a name that a file of no known inode got is not that of the file that had it before', async () => {
  const removed =
    'xfs_dir2_sf_removename: dev 7:0 ino 0x40 name c namelen 1 hashval 0x63 inumber 0x43 op_flags  owner 0x40';
  const unlinked = call('unlink', 'xfs_remove: dev 7:0 dp ino 0x40 name n');
  const before = [made('0x3', 'c', ''), made('0x4', 'n', '0x44')];
  expect(await told(...before, renamed('src name c target name n', removed), unlinked)).toEqual([
    ['rename', '67'],
    ['rename', '68'],
    ['unlink', '67'],
  ]);
  const [, , last] = await told(...before, renamed('src name c target name n'), unlinked);
  expect(last).toEqual(['unlink', '']);
});

test('names that are exchanged mean the file of the other from then on', async () => {
  const exchanged = by(
    'a-7',
    'sys_enter_renameat2: olddfd: 0xffffff9c, oldname: 0x1, newdfd: 0xffffff9c, newname: 0x2, flags: 0x2',
    'xfs_rename: dev 7:0 src dp ino 0x40 target dp ino 0x40 src name c target name n',
    'sys_exit_renameat2: 0x0',
  );
  const unlinked = (name: string): string => call('unlink', `xfs_remove: dev 7:0 dp ino 0x40 name ${name}`);
  const before = [made('0x3', 'c', '0x43'), made('0x4', 'n', '0x44'), exchanged];
  expect(await told(...before, unlinked('c'), unlinked('n'))).toEqual([
    ['rename', '67'],
    ['rename', '68'],
    ['unlink', '68'],
    ['unlink', '67'],
  ]);
});

test('the inode that an event names is surer than what the name meant', async () => {
  const removed =
    'xfs_dir2_sf_removename: dev 7:0 ino 0x40 name n namelen 1 hashval 0x63 inumber 0x45 op_flags  owner 0x40';
  const unlinked = call('unlink', 'xfs_remove: dev 7:0 dp ino 0x40 name n', removed);
  expect(await told(made('0x4', 'n', '0x44'), unlinked)).toEqual([['unlink', '69']]);
});

test('metadata that a call on a path reads through the pages of the device is no file of the call', async () => {
  const page = 'mm_filemap_add_to_page_cache: dev 0:3 ino 700000 pfn=0x521660 ofs=16941056 order=0';
  expect(await told(made('0x4', 'n', '0x44'), call('truncate', page))).toEqual([['truncate', '']]);
});

test('what file systems keep in the page cache as inode 1 is no file of a call that allocates, and none of the trace', async () => {
  const tree = 'mm_filemap_add_to_page_cache: dev 0:38 ino 1 pfn=0x55cb83 ofs=30801920 order=0';
  const gone = 'mm_filemap_delete_from_page_cache: dev 0:38 ino 1 pfn=0x55cb83 ofs=30801920 order=0';
  const { files } = await read([call('unlink', tree, gone), call('truncate', tree)].join('\n'));
  expect(files.filter(({ inode }) => inode === '1')).toEqual([]);
  expect(await told(call('unlink', tree), call('truncate', tree))).toEqual([
    ['unlink', ''],
    ['truncate', ''],
  ]);
});
