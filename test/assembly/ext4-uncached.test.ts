// When ext4 lets go of an inode in memory, at umount or for want of memory, it forgets the status of all its blocks with the same
// event as a truncate to nothing: a recording of a file that is written, unmounted, mounted and written again, 1 KiB blocks.
import { expect, test } from 'vitest';
import { reference } from '../../src/costs/index.js';
import { ftraceText } from '../../src/formats/ftrace-text.js';
import { mapSnapshots } from '../../src/results/snapshots.js';
import { readAs } from '../formats/support.js';
import { policyOf } from '../support/compiled.js';

const WRITTEN = `sealtrace-1 [000] tracing_mark_write: sealtrace note_blocks 1 1 0 7:1 1024
python3-7 [000] ext4_allocate_inode: dev 7,1 ino 12 dir 2 mode 0100644
python3-7 [000] ext4_es_insert_extent: dev 7,1 ino 12 es [0/4294967295) mapped 0 status H
python3-7 [000] ext4_es_insert_extent: dev 7,1 ino 12 es [0/40) mapped 9613 status W
python3-7 [000] ext4_es_insert_extent: dev 7,1 ino 12 es [400/32) mapped 8993 status U`.split('\n');

const AGAIN = `python3-9 [001] ext4_es_insert_extent: dev 7,1 ino 12 es [0/1) mapped 9613 status W
python3-9 [001] ext4_es_insert_extent: dev 7,1 ino 12 es [40/360) mapped 0 status H
python3-9 [001] ext4_es_insert_delayed_extent: dev 7,1 ino 12 es [40/40) mapped 0 status D allocated 0 0
kworker/u8:4-2 [000] ext4_es_insert_extent: dev 7,1 ino 12 es [40/40) mapped 9919 status W`.split('\n');

const evicted = (links: number): string[] => [
  `umount-8 [000] ext4_evict_inode: dev 7,1 ino 12 nlink ${links}`,
  'umount-8 [000] ext4_es_remove_extent: dev 7,1 ino 12 es [0/4294967295)',
];

/** Blocks of the map at the end. */
async function mapOf(events: readonly string[]): Promise<unknown> {
  const text = events.map((event, i) => event.replace(/\] /, `]  5.${String(i).padStart(9, '0')}: `)).join('\n');
  const { trace } = await readAs(ftraceText, `cpus=2\n${text}\n`);
  const options = { costs: reference, kernel: policyOf('pagecache'), sealRule: 'dma', unseal: 'never' } as const;
  const atNs = [5_000_000_000 + events.length];
  const file = mapSnapshots(trace, policyOf('recorded'), { ...options, atNs }).snapshots[0]!.files.at(-1)!;
  expect(file).toMatchObject({ inode: '12', uncertain: false });
  return file.extents.map(({ offset, addr, length }) => [offset, addr, length].map((bytes) => bytes / 1024));
}

const SHAPE = [
  [0, 9613, 40],
  [40, 9919, 40],
  [400, 8993, 32],
];

test('a file that stays keeps its blocks when its inode goes from memory', async () => {
  expect(await mapOf([...WRITTEN, ...evicted(1), ...AGAIN])).toEqual(SHAPE);
});

test('a truncate to nothing after that takes them all', async () => {
  const cut = ['python3-9 [001] ext4_es_remove_extent: dev 7,1 ino 12 es [0/4294967295)'];
  expect(await mapOf([...WRITTEN, ...evicted(1), ...cut, ...AGAIN.slice(2)])).toEqual(SHAPE.slice(1, 2));
});

test('so does the umount, of a file whose last name is gone', async () => {
  expect(await mapOf([...WRITTEN, ...evicted(0), ...AGAIN.slice(2)])).toEqual(SHAPE.slice(1, 2));
});
