// The number of an inode that was freed goes to a file without a name (O_TMPFILE, which needs no O_CREAT), or to one that openat2
// makes, whose flags are behind a pointer: what is written to it is of that file, also when somebody makes another one later.
import { expect, test } from 'vitest';
import { read } from './told-changes.js';

const story = (open: string): string =>
  [
    'a-7: sys_enter_openat: dfd: 0xffffff9c, filename: 0x7f10, flags: 0x00000042, mode: 0x000001a4',
    'a-7: xfs_create: dev 7:0 dp ino 0x80 name first',
    'a-7: sys_exit_openat: 0x3',
    'a-7: sys_enter_pwrite64: fd: 0x00000003, buf: 0x7f20, count: 0x00001000, pos: 0x00000000',
    'a-7: xfs_file_buffered_write: dev 7:0 ino 0x83 disize 0x0 pos 0x0 bytecount 0x1000',
    'a-7: sys_exit_pwrite64: 0x1000',
    'a-7: xfs_iunlink: dev 7:0 agno 0x0 agino 0x83',
    'w-9: xfs_inode_inactivating: dev 7:0 ino 0x83 iflags 0x2400',
    `a-7: ${open}`,
    `a-7: sys_exit_${/enter_(\w+)/.exec(open)![1]}: 0x8`,
    'a-7: sys_enter_pwrite64: fd: 0x00000008, buf: 0x7f20, count: 0x00003000, pos: 0x0004c000',
    'a-7: xfs_file_buffered_write: dev 7:0 ino 0x83 disize 0x0 pos 0x4c000 bytecount 0x3000',
    'a-7: sys_exit_pwrite64: 0x3000',
    'a-7: sys_enter_openat: dfd: 0xffffff9c, filename: 0x7f11, flags: 0x00000042, mode: 0x000001a4',
    'a-7: xfs_create: dev 7:0 dp ino 0x80 name other',
    'a-7: sys_exit_openat: 0x9',
    'a-7: sys_enter_pwrite64: fd: 0x00000008, buf: 0x7f20, count: 0x00002000, pos: 0x0006e000',
    'a-7: xfs_file_buffered_write: dev 7:0 ino 0x83 disize 0x4f000 pos 0x6e000 bytecount 0x2000',
    'a-7: sys_exit_pwrite64: 0x2000',
  ].join('\n');

test.each([
  'sys_enter_openat: dfd: 0xffffff9c, filename: 0x7f2a, flags: 0x00410002, mode: 0x000001a4',
  'sys_enter_openat2: dfd: 0xffffff9c, filename: 0x7f2a, how: 0x7f30, usize: 0x18',
])('%s', async (open) => {
  const { columns: c, files } = await read(story(open));
  const writes = [...c.op.keys()].filter((row) => files[c.file[row]!]?.inode === '131' && c.length[row]! % 4096 === 0);
  const [first, second, third] = [0, 0x4c000, 0x6e000].map((off) => writes.find((row) => c.offset[row] === off)!);
  expect(c.file[second!]).toBe(c.file[third!]);
  expect(c.file[second!]).not.toBe(c.file[first!]);
});
