// sendfile and splice work on two files: what the kernel looks up of the source is no sign of the target, which may be new while the
// inode of the source was met before (its number would have "come back"), or be of another file than the descriptor was followed to.
import { expect, test } from 'vitest';
import { OPS, Op } from '../../src/model/events.js';
import { by, read } from './told-changes.js';

const SOURCE = by(
  'a-7',
  'sys_enter_openat: dfd: 0xffffff9c, filename: 0x7f10, flags: 0x00000042, mode: 0x000001a4',
  'xfs_create: dev 7:0 dp ino 0x80 name from',
  'sys_exit_openat: 0x3',
  'sys_enter_pwrite64: fd: 0x00000003, buf: 0x7f20, count: 0x00001000, pos: 0x00001000',
  'xfs_file_buffered_write: dev 7:0 ino 0x83 disize 0x0 pos 0x1000 bytecount 0x1000',
  'xfs_iext_insert: dev 7:0 ino 0x83 state  cur 0xffff/0 fileoff 0x1 startblock 0xffffffffe0005 fsbcount 0x1 flag 0 caller 0x1',
  'sys_exit_pwrite64: 0x1000',
);
const TARGET = by(
  'a-7',
  'sys_enter_openat: dfd: 0xffffff9c, filename: 0x7f11, flags: 0x00000042, mode: 0x000001a4',
  'xfs_create: dev 7:0 dp ino 0x80 name to',
  'sys_exit_openat: 0x4',
);
const LOOKED_UP = by(
  'a-7',
  'xfs_file_splice_read: dev 7:0 ino 0x83 isize 0x2000 disize 0x0 pos 0x0 bytecount 0x2000',
  'iomap_iter: dev 7:0 ino 0x83 pos 0x0 length 0x1000 status 0 flags  (0x0) ops 0x1 caller 0x2',
);
const WRITTEN = by('a-7', 'xfs_file_buffered_write: dev 7:0 ino 0x84 disize 0x0 pos 0x0 bytecount 0x1000');
const UPDATED = by(
  'k-9',
  'xfs_bmap_pre_update: dev 7:0 ino 0x83 state LF|RF cur 0xffff/0 fileoff 0x1 startblock 0xffffffffe0005 fsbcount 0x1 flag 0 caller 0x1',
  'xfs_bmap_post_update: dev 7:0 ino 0x83 state LF|RF cur 0xffff/0 fileoff 0x1 startblock 0x50 fsbcount 0x1 flag 0 caller 0x1',
);
const SENDFILE = 'a-7: sys_enter_sendfile64: out_fd: 0x00000004, in_fd: 0x00000003, offset: 0x7f30, count: 0x00001000';

test('the source of a sendfile to a new file stays the file that it was', async () => {
  const {
    columns: c,
    files,
    issues,
  } = await read(
    [SOURCE, TARGET, SENDFILE, LOOKED_UP, WRITTEN, 'a-7: sys_exit_sendfile64: 0x1000', UPDATED].join('\n'),
  );
  expect(files.filter(({ inode }) => inode === '131').map(({ path }) => path)).toEqual(['from']);
  expect(issues.map(({ code }) => code)).not.toContain('map-events-missing');
  const made = [...c.op.keys()].filter((row) => c.op[row] === Op.read || c.op[row] === Op.write);
  expect(made.map((row) => [OPS[c.op[row]!], files[c.file[row]!]!.inode])).toEqual([
    ['write', '131'],
    ['read', '131'],
    ['write', '132'],
  ]);
});

test('a sendfile that finds the end of its source does not lead its target to it', async () => {
  const write = by(
    'a-7',
    'sys_enter_pwrite64: fd: 0x00000004, buf: 0x7f20, count: 0x00001000, pos: 0x00000000',
    'xfs_file_buffered_write: dev 7:0 ino 0x84 disize 0x0 pos 0x0 bytecount 0x1000',
    'sys_exit_pwrite64: 0x1000',
  );
  const cut = 'a-7: sys_enter_ftruncate: fd: 0x00000004, length: 0x00000800\na-7: sys_exit_ftruncate: 0x0';
  const {
    columns: c,
    files,
    issues,
  } = await read([SOURCE, TARGET, write, SENDFILE, LOOKED_UP, 'a-7: sys_exit_sendfile64: 0x0', cut].join('\n'));
  expect(issues.map(({ code }) => code)).not.toContain('descriptor-elsewhere');
  const row = [...c.op.keys()].find((one) => c.op[one] === Op.truncate)!;
  expect(files[c.file[row]!]!.inode).toBe('132');
});
