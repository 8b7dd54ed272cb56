// overlayfs makes a copy of a file of the lower layer in the call that is about to change it: the call goes on with the copy, which is
// as long as what was written or cloned for it. The events are those of a recording of Linux 6.18.
import { describe, expect, test } from 'vitest';
import { OPS, Op } from '../../src/model/events.js';
import { by, read } from './told-changes.js';

const openat = 'sys_enter_openat: dfd: 0xffffff9c, filename: 0x55da325f7300, flags: 0x00000002, mode: 0x00000000';
const make = 'xfs_create: dev 7:2 dp ino 0x84 name #3';
const written = (device: string, pos: string, count: string, inode = '0x85'): string =>
  `xfs_file_buffered_write: dev ${device} ino ${inode} disize 0x0 pos ${pos} bytecount ${count}`;
const ext4Written = (pos: number): string => `ext4_da_write_begin: dev 7,2 ino 133 pos ${pos} len 4096`;
const reads = 'xfs_file_splice_read: dev 7:3 ino 0x90 disize 0x49800 pos 0x0 bytecount 0x10000';
const cloned =
  'xfs_reflink_remap_range: dev 7:2 bytecount 0x49800 ino 0x90 isize 0x49800 disize 0x49800 pos 0x0 -> ino 0x85 isize 0x0 disize 0x0 pos 0x0';

/** Operations and what is told of sizes: name, inode, length or size. */
async function rows(...events: string[]): Promise<readonly (readonly unknown[])[]> {
  const { columns: c, files } = await read(by('sh-7', ...events));
  return [...c.op.keys()]
    .filter((row) => [Op.open, Op.truncate, Op.file].includes(c.op[row]! as never))
    .map((row) => [OPS[c.op[row]!], files[c.file[row]!]?.inode ?? 'none', c.length[row]!]);
}

describe('a copy of the file', () => {
  test.each([
    [
      'from another file system',
      [reads, written('7:2', '0x0', '0x10000'), reads, written('7:2', '0x10000', '0x9800')],
      0x19800,
    ],
    ['as a clone', [cloned], 0x49800],
    ['on ext4, page by page', [0, 4096, 8192].map(ext4Written), 12288],
  ])('that an open makes %s', async (_, copying, size) => {
    expect(await rows(openat, make, ...copying, 'sys_exit_openat: 0x4')).toEqual([
      ['file', '133', size],
      ['open', '133', -1],
    ]);
  });

  test('that a truncate makes', async () => {
    const enter = 'sys_enter_truncate: path: 0x7f00, length: 0x0000a000';
    expect(await rows(enter, reads, written('7:2', '0x0', '0x49800'), 'sys_exit_truncate: 0x0')).toEqual([
      ['file', '133', 0x49800],
      ['truncate', '133', 0xa000],
    ]);
  });
});
