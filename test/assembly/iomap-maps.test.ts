// Blocks of files as iomap alone tells them, in bytes: of file systems without events of their own for it (ext2, fuse, erofs), or
// whose events were not recorded.
import { expect, test } from 'vitest';
import { Flag, OPS, Op } from '../../src/model/events.js';
import { by, read } from './told-changes.js';

/** IOMAP_NULL_ADDR */
const NONE = 2n ** 64n - 1n;
const found = (offset: number, length: number, addr: number | bigint, type = 'MAPPED', flags = 'MERGED'): string =>
  `iomap_iter_dstmap: dev 8:16 ino 0xc bdev 8:16 addr 0x${addr.toString(16)} offset 0x${offset.toString(16)} length 0x${length.toString(16)} type ${type} flags ${flags}`;
const WHOLE = 0x7fff_ffff_ffff_f000;

/** What became of maps: operation, offset, length, address, state. */
async function maps(...events: string[]): Promise<readonly string[]> {
  const { columns: c } = await read(by('cp-7', ...events));
  return [...c.op.keys()].flatMap((row) => {
    const op = c.op[row]!;
    if (op !== Op.extent && op !== Op.map_insert && op !== Op.map_remove) return [];
    const state = c.flags[row]! & Flag.delalloc ? 'delalloc' : c.flags[row]! & Flag.unwritten ? 'unwritten' : '';
    return [`${OPS[op]} ${c.offset[row]}+${c.length[row]} ${c.addr[row]} ${state}`];
  });
}

test('what iomap finds is where the bytes of the file are', async () => {
  expect(
    await maps(
      found(0xa000, 0x2000, 0x300a000),
      found(0xc000, 0x400, 0x300d400, 'UNWRITTEN'),
      found(0x10000, 0x1000, NONE, 'DELALLOC'),
      found(0xb000, WHOLE, NONE, 'HOLE'),
    ),
  ).toEqual([
    `extent ${0xa000}+${0x2000} ${0x300a000} `,
    `extent ${0xc000}+${0x400} ${0x300d400} unwritten`,
    `extent ${0x10000}+${0x1000} -1 delalloc`,
    `map_remove ${0xb000}+${2 ** 52} -1 `,
  ]);
});

test('the target of a copy-on-write and data within the inode are no place of the file', async () => {
  expect(await maps(found(0, 0x1000, 0x5000, 'MAPPED', 'SHARED'), found(0, 0x40, 0, 'INLINE'))).toEqual([]);
});

test('a request to its blocks is one of the file', async () => {
  const { columns: c, files } = await read(
    by(
      'cp-7',
      found(0xa000, 0x2000, 0x300a000),
      'block_rq_issue: 8,16 R 8192 () 98384 + 16 [cp]',
      'block_rq_complete: 8,16 R () 98384 + 16 [0]',
    ),
  );
  const row = c.op.indexOf(Op.block_io);
  expect([files[c.file[row]!]!.inode, c.offset[row], c.length[row]]).toEqual(['12', 0xa000, 0x2000]);
});

test('addresses of a file system of many devices are no places of the one that it names (btrfs)', async () => {
  const anywhere = found(0xa000, 0x2000, 0x300a000).replace('dev 8:16', 'dev 0:39');
  expect(await maps(anywhere)).toEqual([`extent ${0xa000}+${0x2000} ${0x300a000} `]);
  const request = ['block_rq_issue: 8,16 R 8192 () 98384 + 16 [cp]', 'block_rq_complete: 8,16 R () 98384 + 16 [0]'];
  const { columns: c, files } = await read(by('cp-7', anywhere, ...request));
  expect(files[c.file[c.op.indexOf(Op.block_io)]!]).toBeUndefined();
});

test('where the file system tells of blocks itself, before or behind, it alone is heard', async () => {
  const own =
    'xfs_iext_insert: dev 8:16 ino 0x83 state  cur 0000000012345678/0 fileoff 0x0 startblock 0x10 fsbcount 0x4 flag 0';
  const same = found(0x8000, 0x1000, 0x99000);
  expect(await maps(same, own, same)).toEqual([`map_insert 0+${4 * 4096} ${16 * 4096} `]);
});
