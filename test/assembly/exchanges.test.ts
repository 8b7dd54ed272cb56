// Two files change blocks: the operation is one of both, for who holds the other file holds blocks that go as well. Which that is
// stands behind a pointer, so that only the file system's events tell it: recordings of Linux 6.18 (exchange-range on XFS, xfs_fsr,
// e4defrag), less what does not matter here.
import { expect, test } from 'vitest';
import { ftraceText } from '../../src/formats/ftrace-text.js';
import { Flag, OPS } from '../../src/model/events.js';
import { readAs } from '../formats/support.js';

/** Operation, inode, second or first, whole or not, and whether it has the number of the one before it. */
async function swaps(events: string): Promise<readonly unknown[]> {
  const lines = events.split('\n').map((event, i) => `  fsr-7 [000]  5.${String(i).padStart(9, '0')}: ${event}\n`);
  const { columns: c, files } = (await readAs(ftraceText, `cpus=1\n${lines.join('')}`)).trace;
  const rows = [...c.op.keys()].filter((row) => ['exchange', 'swapext'].includes(OPS[c.op[row]!]!));
  return rows.map((row) => {
    const flags = c.flags[row]!;
    const [second, whole] = [Flag.second, Flag.whole].map((flag) => (flags & flag) !== 0);
    return [OPS[c.op[row]!], files[c.file[row]!]?.inode ?? '', second, whole, c.opId[row] === c.opId[rows[0]!]];
  });
}

const ioctl = (command: string, events: string, ret = '0x0'): string =>
  `sys_enter_ioctl: fd: 0x00000004, cmd: ${command}, arg: 0x7ffe0010\n${events}\nsys_exit_ioctl: ${ret}`;
const mapping = (n: number, inode: string): string =>
  `xfs_exchmaps_mapping${n}: dev 7:0 ino ${inode} fileoff 0x0 startblock 0x18 fsbcount 0x2 state 0x0`;
const fork = (when: string, inode: string): string =>
  `xfs_swap_extent_${when}: dev 7:0 ino ${inode} (file) extents 2 state`;
const SWAPPED = [fork('before', '0x8c'), fork('before', '0x8f'), fork('after', '0x8c'), fork('after', '0x8f')].join(
  '\n',
);

test('XFS exchanges ranges: the file of the call, then the one that its argument names', async () => {
  const events = [mapping(1, '0x83'), mapping(2, '0x84'), mapping(1, '0x83'), mapping(2, '0x84')].join('\n');
  expect(await swaps(ioctl('0x40285881', events))).toEqual([
    ['exchange', '132', false, true, true],
    ['exchange', '131', true, true, true],
  ]);
});

test('within one file there is no other', async () => {
  expect(await swaps(ioctl('0x40285881', `${mapping(1, '0x83')}\n${mapping(2, '0x83')}`))).toEqual([
    ['exchange', '131', false, true, true],
  ]);
});

test.each([
  ['with its call', ioctl('0xc0c0586d', SWAPPED)],
  ['without', SWAPPED],
])('xfs_fsr, %s: the file, and the one that it was copied to', async (_, events) => {
  expect(await swaps(events)).toEqual([
    ['swapext', '140', false, true, true],
    ['swapext', '143', true, true, true],
  ]);
});

test('e4defrag: the file, and the donor', async () => {
  const takes = (inode: number): string => `ext4_es_remove_extent: dev 7,1 ino ${inode} es [0/16)`;
  expect(await swaps(ioctl('0xc028660f', `${takes(17)}\n${takes(24)}`))).toEqual([
    ['swapext', '17', false, true, true],
    ['swapext', '24', true, true, true],
  ]);
});
