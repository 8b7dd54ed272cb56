// A collapse or insert range of ext4 shows as an event that says so, and then the removal of the whole tail. The first comes
// before the kernel has looked whether it may be done: a recording of xfs_io, 1 KiB blocks, and what FIEMAP told at its end.
import { expect, test } from 'vitest';
import { reference } from '../../src/costs/index.js';
import { ftraceText } from '../../src/formats/ftrace-text.js';
import { mapSnapshots } from '../../src/results/snapshots.js';
import { readAs } from '../formats/support.js';
import { policyOf } from '../support/compiled.js';

/** finsert behind the end and fcollapse beyond it are refused; then truncate, a write, fcollapse 4k 4k, finsert 1k 1k. */
const EVENTS = `ext4_allocate_inode: dev 7,1 ino 12 dir 2 mode 0100600
ext4_es_insert_extent: dev 7,1 ino 12 es [0/4294967295) mapped 0 status H
ext4_es_insert_extent: dev 7,1 ino 12 es [0/40) mapped 8961 status W
sys_enter_fallocate: fd: 0x00000003, mode: 0x00000020, offset: 0x00010000, len: 0x00001000
ext4_insert_range: dev 7,1 ino 12 offset 65536 len 4096
sys_exit_fallocate: 0xffffffffffffffea
sys_enter_fallocate: fd: 0x00000003, mode: 0x00000008, offset: 0x00002000, len: 0x00019000
ext4_collapse_range: dev 7,1 ino 12 offset 8192 len 102400
sys_exit_fallocate: 0xffffffffffffffea
sys_enter_ftruncate: fd: 0x00000003, length: 0x00004000
ext4_truncate_enter: dev 7,1 ino 12 blocks 80
ext4_es_remove_extent: dev 7,1 ino 12 es [16/4294967279)
ext4_truncate_exit: dev 7,1 ino 12 blocks 32
sys_exit_ftruncate: 0x0
ext4_es_insert_extent: dev 7,1 ino 12 es [16/4294967279) mapped 0 status H
ext4_es_insert_extent: dev 7,1 ino 12 es [20/4) mapped 9013 status W
sys_enter_fallocate: fd: 0x00000003, mode: 0x00000008, offset: 0x00001000, len: 0x00001000
ext4_collapse_range: dev 7,1 ino 12 offset 4096 len 4096
ext4_es_remove_extent: dev 7,1 ino 12 es [4/4294967291)
sys_exit_fallocate: 0x0
sys_enter_fallocate: fd: 0x00000003, mode: 0x00000020, offset: 0x00000400, len: 0x00000400
ext4_insert_range: dev 7,1 ino 12 offset 1024 len 1024
ext4_es_remove_extent: dev 7,1 ino 12 es [1/4294967294)
sys_exit_fallocate: 0x0`.split('\n');

const blocks = [
  [0, 8961, 1],
  [2, 8962, 3],
  [5, 8969, 8],
  [17, 9013, 4],
].map((extent) => extent.map((one) => one * 1024));

const withoutCalls = EVENTS.filter((event) => !event.startsWith('sys_'));
/** What takes the tail away need not be asked for: without it the calls alone tell them apart. */
const withoutTruncate = EVENTS.filter((event) => !event.startsWith('ext4_truncate'));

test.each([
  ['all events', EVENTS],
  ['without calls', withoutCalls],
  ['without truncate events', withoutTruncate],
])('a refused shift moves nothing: %s', async (_, events) => {
  const text = events.map((event, i) => `   xfs_io-7 [000]  5.${String(i).padStart(9, '0')}: ${event}\n`).join('');
  const { trace } = await readAs(ftraceText, `cpus=1\n${text}`);
  const options = { costs: reference, kernel: policyOf('pagecache'), sealRule: 'dma', unseal: 'never' } as const;
  const atNs = [5_000_000_000 + events.length];
  const { snapshots } = mapSnapshots(trace, policyOf('recorded'), { ...options, atNs });
  const file = snapshots[0]!.files.find(({ inode }) => inode === '12')!;
  expect(file.uncertain).toBe(false);
  expect(file.extents.map(({ offset, addr, length }) => [offset, addr, length])).toEqual(blocks);
});
