// A new file may be met first in a call between two files, a copy, a clone or sendfile: where its number was another file's, which was
// removed while nobody looked (XFS frees it in a worker, and only one process was recorded), it is a file of its own all the same.
import { expect, test } from 'vitest';
import { Op } from '../../src/model/events.js';
import { by, read } from './told-changes.js';

const made = (fd: string, name: string): string =>
  by(
    'a-7',
    'sys_enter_openat: dfd: 0xffffff9c, filename: 0x7f10, flags: 0x00000042, mode: 0x000001a4',
    `xfs_create: dev 7:0 dp ino 0x80 name ${name}`,
    `sys_exit_openat: ${fd}`,
  );
const written = (fd: string, inode: string): string =>
  by(
    'a-7',
    `sys_enter_pwrite64: fd: ${fd}, buf: 0x7f20, count: 0x1000, pos: 0x0`,
    `xfs_file_buffered_write: dev 7:0 ino ${inode} disize 0x0 pos 0x0 bytecount 0x1000`,
    'sys_exit_pwrite64: 0x1000',
  );
const remapped =
  'xfs_reflink_remap_range: dev 7:0 bytecount 0x1000 ino 0x84 isize 0x1000 disize 0x1000 pos 0x0 -> ino 0x83 isize 0x0 disize 0x0 pos 0x0';
const copied = 'xfs_file_buffered_write: dev 7:0 ino 0x83 disize 0x0 pos 0x0 bytecount 0x1000';

test.each([
  [
    'copy_file_range',
    'fd_in: 0x5, off_in: 0x0, fd_out: 0x8, off_out: 0x0, len: 0x1000, flags: 0x0',
    '0x1000',
    remapped,
  ],
  ['copy_file_range', 'fd_in: 0x5, off_in: 0x0, fd_out: 0x8, off_out: 0x0, len: 0x1000, flags: 0x0', '0x1000', copied],
  ['sendfile64', 'out_fd: 0x8, in_fd: 0x5, offset: 0x0, count: 0x1000', '0x1000', copied],
  ['ioctl', 'fd: 0x8, cmd: 0x40049409, arg: 0x5', '0x0', remapped],
  ['ioctl', 'fd: 0x8, cmd: 0x4020940d, arg: 0x7f30', '0x0', remapped],
])('%s(%s): %s, %s', async (name, args, result, event) => {
  const { columns: c, files } = await read(
    [
      made('0x3', 'old'),
      written('0x3', '0x83'),
      made('0x5', 'source'),
      written('0x5', '0x84'),
      made('0x8', 'new'),
      by('a-7', `sys_enter_${name}: ${args}`, event, `sys_exit_${name}: ${result}`),
    ].join('\n'),
  );
  const filesOf = (op: number, second: string): readonly number[] =>
    [...c.op.keys()]
      .filter((row) => c.op[row] === op && files[c.file[row]!]?.inode === second)
      .map((row) => c.file[row]!);
  const [old] = filesOf(Op.write, '131');
  const [target] = [...filesOf(Op.reflink, '131'), ...filesOf(Op.write, '131').slice(1)];
  expect(old).toBeGreaterThanOrEqual(0);
  expect(target).toBeGreaterThanOrEqual(0);
  expect(target).not.toBe(old);
  expect(new Set(filesOf(Op.write, '132')).size).toBe(1);
});
