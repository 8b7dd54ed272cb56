// An inode of ext4 is freed and used again by somebody whose calls are not in the trace (e4defrag makes and unlinks a file at
// each run): what is mapped under that number is of the new file from then on, whoever makes a file later.
import { expect, test } from 'vitest';
import { reference } from '../../src/costs/index.js';
import { ftraceText } from '../../src/formats/ftrace-text.js';
import { mapSnapshots } from '../../src/results/snapshots.js';
import { readAs } from '../formats/support.js';
import { policyOf } from '../support/compiled.js';

const EVENTS: readonly (readonly [tid: number, event: string])[] = [
  [5, 'ext4_es_insert_extent: dev 7,1 ino 23 es [0/4294967295) mapped 0 status H'],
  [5, 'ext4_evict_inode: dev 7,1 ino 23 nlink 0'],
  [6, 'ext4_fallocate_enter: dev 7,1 ino 23 offset 12288 len 4096 mode '],
  [6, 'ext4_es_insert_extent: dev 7,1 ino 23 es [3/1) mapped 90 status U'],
  [7, 'sys_enter_openat: dfd: 0xffffff9c, filename: 0x7ffe0010, flags: 0x00000042, mode: 0x000001a4'],
  [7, 'sys_exit_openat: 0x4'],
  [6, 'ext4_fallocate_enter: dev 7,1 ino 23 offset 28672 len 4096 mode '],
  [6, 'ext4_es_insert_extent: dev 7,1 ino 23 es [7/1) mapped 95 status U'],
];

test('the file keeps what was mapped before another one was made', async () => {
  const lines = EVENTS.map(([tid, event], i) => `   mv-${tid} [000]  5.${String(i).padStart(9, '0')}: ${event}\n`);
  const { trace } = await readAs(ftraceText, `cpus=1\n${lines.join('')}`);
  const options = { costs: reference, kernel: policyOf('pagecache'), sealRule: 'dma', unseal: 'never' } as const;
  const { snapshots } = mapSnapshots(trace, policyOf('recorded'), { ...options, atNs: [5_000_000_100] });
  const files = snapshots[0]!.files.filter(({ inode }) => inode === '23');
  expect(files.map(({ extents }) => extents.map(({ offset, addr }) => [offset / 4096, addr / 4096]))).toEqual([
    [
      [3, 90],
      [7, 95],
    ],
  ]);
});
