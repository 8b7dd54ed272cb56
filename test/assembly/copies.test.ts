// copy_file_range tells its offsets behind pointers. Where the kernel copies through the page cache, what it looks up first is the
// source, what it writes is the target; where no event tells of the write, nobody knows how large the target is from then on.
import { expect, test } from 'vitest';
import { ftraceText } from '../../src/formats/ftrace-text.js';
import { Flag, Op } from '../../src/model/events.js';
import { UNKNOWN } from '../../src/model/units.js';
import { readAs } from '../formats/support.js';

const read = async (events: string) => {
  const lines = events.split('\n').map((event, i) => `  cp-7 [000]  5.${String(i).padStart(9, '0')}: ${event}\n`);
  return (await readAs(ftraceText, `cpus=1\n${lines.join('')}`)).trace;
};
const COPY =
  'fd_in: 0x00000003, off_in: 0x7ffe0010, fd_out: 0x00000004, off_out: 0x7ffe0020, len: 0x00001000, flags: 0x00000000';

test('XFS, unaligned: from the file that is looked up to the file that is written, at the offset of the write', async () => {
  const { columns: c, files } = await read(`sys_enter_copy_file_range: ${COPY}
xfs_iomap_found: dev 7:0 ino 0x85 disize 0xe3000 pos 0x63000 bytecount 0x1000 fork data startoff 0x63 startblock 0x40 fsbcount 0x1
iomap_iter_dstmap: dev 7:0 ino 0x85 bdev 7:0 addr 0x40000 offset 0x63000 length 0x1000 type MAPPED (0x2) flags  (0x0)
xfs_file_buffered_write: dev 7:0 ino 0x86 disize 0x0 pos 0x4a010 bytecount 0x800
xfs_file_buffered_write: dev 7:0 ino 0x86 disize 0x0 pos 0x4a810 bytecount 0x800
sys_exit_copy_file_range: 0x1000`);
  const rows = [...c.op.keys()].filter((row) => c.op[row] === Op.reflink);
  expect(rows.map((row) => [files[c.file[row]!]!.inode, c.offset[row], c.length[row]])).toEqual([
    ['133', UNKNOWN, 4096],
    ['134', 0x4a010, 4096],
  ]);
});

test('ext4 without events of writes: the size of the target is not known after a copy, as often as one comes', async () => {
  const { columns: c, files } = await read(`ext4_sync_file_enter: dev 7,0 ino 12 parent 2 datasync 0
sys_enter_ftruncate: fd: 0x00000004, length: 0x00002000
ext4_truncate_enter: dev 7,0 ino 12 blocks 80
sys_exit_ftruncate: 0x0
sys_enter_copy_file_range: ${COPY}
ext4_es_insert_extent: dev 7,0 ino 12 es [200/1) mapped 0 status D
sys_exit_copy_file_range: 0x1000
sys_enter_ftruncate: fd: 0x00000004, length: 0x00003000
ext4_truncate_enter: dev 7,0 ino 12 blocks 80
sys_exit_ftruncate: 0x0
sys_enter_copy_file_range: ${COPY}
ext4_es_insert_extent: dev 7,0 ino 12 es [300/1) mapped 0 status D
sys_exit_copy_file_range: 0x1000`);
  const told = [...c.op.keys()].filter(
    (row) =>
      files[c.file[row]!]?.inode === '12' &&
      (c.op[row] === Op.truncate || (c.op[row] === Op.file && (c.flags[row]! & Flag.unknown) !== 0)),
  );
  expect(told.map((row) => c.length[row])).toEqual([0x2000, UNKNOWN, 0x3000, UNKNOWN]);
});

test('cp asks for all there can be until nothing is left: the copy that finds the end is none', async () => {
  const all = COPY.replace('0x7ffe0010', '0x00000000')
    .replace('0x7ffe0020', '0x00000000')
    .replace('0x00001000', '0x7fffffffc0000000');
  const { columns: c, files } = await read(`sys_enter_copy_file_range: ${all}
ext4_da_write_begin: dev 7,0 ino 12 pos 0 len 4096
ext4_da_write_begin: dev 7,0 ino 12 pos 4096 len 904
sys_exit_copy_file_range: 0x1388
sys_enter_copy_file_range: ${all}
sys_exit_copy_file_range: 0x0`);
  const rows = [...c.op.keys()].filter((row) => c.op[row] === Op.reflink && (c.flags[row]! & Flag.second) !== 0);
  expect(rows.map((row) => [files[c.file[row]!]!.inode, c.offset[row], c.length[row]])).toEqual([['12', 0, 5000]]);
});
