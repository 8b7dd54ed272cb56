// Which extents clones leave shared, on both sides. Linux 6.18, XFS: `cp --reflink=always a b`, a write into the middle of b, and its
// removal, in the order in which a recording had the events; FIEMAP said the same of each state (inodes 131 and 132).
import { describe, expect, test } from 'vitest';
import * as costs from '../../src/costs/index.js';
import { mapSnapshots } from '../../src/results/snapshots.js';
import { policy } from '../kernel/recordings.js';
import { read } from './told-changes.js';

const extent = (event: string, ino: string, state: string, from: string, block: string, count: string): string =>
  `xfs_${event}: dev 7:0 ino ${ino} state ${state} cur 0xffff888149d88b60/0 fileoff ${from} startblock ${block} fsbcount ${count} flag 0 caller 0xffffffff818d7689`;

const made = `dd-26730: ${extent('iext_insert', '0x83', '', '0x0', '0x18', '0x140')}`;

const cloned = (to: string): readonly string[] => [
  `cp-26732: xfs_reflink_remap_range: dev 7:0 bytecount 0x140000 ino 0x83 isize 0x140000 disize 0x140000 pos 0x0 -> ino ${to} isize 0x0 disize 0x0 pos 0x0`,
  `cp-26732: xfs_reflink_remap_blocks: dev 7:0 fsbcount 0x140 ino 0x83 fileoff 0x0 -> ino ${to} fileoff 0x0`,
  'cp-26732: xfs_reflink_remap_extent_src: dev 7:0 ino 0x83 fileoff 0x0 fsbcount 0x140 startblock 0x18 st 0',
  `cp-26732: xfs_reflink_remap_extent_dest: dev 7:0 ino ${to} fileoff 0x0 fsbcount 0x140 startblock 0xfffffffffffffffe st 0`,
  `cp-26732: ${extent('iext_insert', to, '', '0x0', '0x18', '0x140')}`,
];

const copied = [
  extent('iext_remove', '0x84', 'LF|RF|COW', '0xa', '0x162', '0x3'),
  extent('bmap_pre_update', '0x84', '', '0x0', '0x18', '0x140'),
  extent('bmap_post_update', '0x84', '', '0x0', '0x18', '0xa'),
  extent('iext_insert', '0x84', '', '0xd', '0x25', '0x133'),
  extent('iext_insert', '0x84', '0xc0', '0xa', '0x162', '0x3'),
].map((event) => `kworker/0:3-30568: ${event}`);

const removed = [
  'xfs_itruncate_extents_start: dev 7:0 ino 0x84 disize 0x0 new_size 0x0',
  extent('iext_remove', '0x84', '', '0x0', '0x18', '0xa'),
  extent('iext_remove', '0x84', '', '0xa', '0x162', '0x3'),
  extent('iext_remove', '0x84', '', '0xd', '0x25', '0x133'),
  'xfs_itruncate_extents_end: dev 7:0 ino 0x84 disize 0x0 new_size 0x0',
].map((event) => `kworker/0:3-30568: ${event}`);

const BLOCK = 4096;

/** The maps behind these lines, in blocks: first block of the file, count, `s` where it is shared. */
async function maps(...lines: readonly string[]): Promise<Readonly<Record<string, readonly string[]>>> {
  const { snapshots } = mapSnapshots(await read(lines.join('\n')), policy('recorded'), {
    atNs: [],
    costs: costs.reference,
    sealRule: 'explicit',
    unseal: 'never',
    kernel: policy('dax'),
  });
  const files = snapshots[0]!.files.filter(({ extents }) => extents.length > 0);
  const row = (offset: number, length: number, shared: boolean): string =>
    `${offset / BLOCK} ${length / BLOCK}${shared ? ' s' : ''}`;
  return Object.fromEntries(
    files.map(({ inode, extents }) => [inode, extents.map((e) => row(e.offset, e.length, e.shared === true))]),
  );
}

describe('what clones leave shared', () => {
  test('both sides are', async () => {
    expect(await maps(made)).toEqual({ '131': ['0 320'] });
    expect(await maps(made, ...cloned('0x84'))).toEqual({ '131': ['0 320 s'], '132': ['0 320 s'] });
  });

  test('a file that gets blocks of its own in the middle keeps the rest shared, and the other side has that part alone', async () => {
    expect(await maps(made, ...cloned('0x84'), ...copied)).toEqual({
      '131': ['0 10 s', '10 3', '13 307 s'],
      '132': ['0 10 s', '10 3', '13 307 s'],
    });
  });

  test('who is left alone shares nothing any more; of three, two are left', async () => {
    expect(await maps(made, ...cloned('0x84'), ...copied, ...removed)).toEqual({ '131': ['0 320'] });
    expect(await maps(made, ...cloned('0x84'), ...cloned('0x85'), ...copied, ...removed)).toEqual({
      '131': ['0 320 s'],
      '133': ['0 320 s'],
    });
  });

  test.each([
    ['a hole into the middle of a record', []],
    ['a block into the middle of a record', [extent('iext_insert', '0x84', '0xc0', '0x3', '0x1b', '0x1')]],
  ])('%s: what is left of it on either side is not shared', async (what, taken) => {
    const other = `dd-26731: ${extent('iext_insert', '0x84', '', '0x0', '0x162', '0xa')}`;
    const src = what.startsWith('a hole') ? '0xfffffffffffffffe' : '0x1b';
    const events = [
      'xfs_reflink_remap_range: dev 7:0 bytecount 0x1000 ino 0x83 isize 0x140000 disize 0x140000 pos 0x3000 -> ino 0x84 isize 0xa000 disize 0xa000 pos 0x3000',
      'xfs_reflink_remap_blocks: dev 7:0 fsbcount 0x1 ino 0x83 fileoff 0x3 -> ino 0x84 fileoff 0x3',
      `xfs_reflink_remap_extent_src: dev 7:0 ino 0x83 fileoff 0x3 fsbcount 0x1 startblock ${src} st 0`,
      'xfs_reflink_remap_extent_dest: dev 7:0 ino 0x84 fileoff 0x3 fsbcount 0x1 startblock 0x165 st 0',
      extent('bmap_pre_update', '0x84', '', '0x0', '0x162', '0xa'),
      extent('bmap_post_update', '0x84', '', '0x0', '0x162', '0x3'),
      extent('iext_insert', '0x84', '', '0x4', '0x166', '0x6'),
      ...taken,
    ].map((event) => `dd-26732: ${event}`);
    const after = taken.length > 0 ? ['0 3', '3 1 s', '4 6'] : ['0 3', '4 6'];
    expect((await maps(made, other, ...events))['132']).toEqual(after);
  });

  test('a clone whose source no event tells stays shared', async () => {
    const lines = cloned('0x84').filter((line) => !line.includes('extent_src'));
    expect(await maps(made, ...lines, ...copied)).toEqual({ '131': ['0 320'], '132': ['0 10 s', '10 3', '13 307 s'] });
  });
});
