// EXT4_IOC_MOVE_EXT: what Linux 6.18 tells of it, and what FIEMAP said afterwards. 4 KiB blocks; file 12 is the one that the
// call is on, 13 the donor.
import { expect, test } from 'vitest';
import { reference } from '../../src/costs/index.js';
import { ftraceText } from '../../src/formats/ftrace-text.js';
import { mapSnapshots } from '../../src/results/snapshots.js';
import { readAs } from '../formats/support.js';
import { policyOf } from '../support/compiled.js';

const made = (inode: number, blocks: string): string[] => [
  `ext4_allocate_inode: dev 7,1 ino ${inode} dir 2 mode 0100600`,
  `ext4_es_insert_extent: dev 7,1 ino ${inode} es [0/4294967295) mapped 0 status H`,
  `ext4_es_insert_extent: dev 7,1 ino ${inode} es ${blocks}`,
];
const call = (inside: string[]): string[] => [
  'sys_enter_ioctl: fd: 0x00000003, cmd: 0xc028660f, arg: 0x7ffdd59c76f0',
  ...inside,
  'sys_exit_ioctl: 0x0',
];
const forgotten = (inode: number, blocks: string): string => `ext4_es_remove_extent: dev 7,1 ino ${inode} es ${blocks}`;
const punched = (inode: number): string => `ext4_punch_hole: dev 7,1 ino ${inode} offset 8192 len 4096 mode KEEP_SIZE`;

const FILES = [...made(12, '[0/6) mapped 100 status W'), ...made(13, '[2/4) mapped 200 status U')];
const ONE = [forgotten(12, '[2/1)'), forgotten(13, '[2/1)')];

const mapsAfter = async (events: string[]) => {
  const sized = [
    'ext4_fallocate_enter: dev 7,1 ino 11 offset 12288 len 4096 mode ',
    'ext4_es_insert_extent: dev 7,1 ino 11 es [3/1) mapped 90 status U',
  ];
  const lines = [...sized, ...events].map((event, i) => `   mv-7 [000]  5.${String(i).padStart(9, '0')}: ${event}\n`);
  const { trace } = await readAs(ftraceText, `cpus=1\n${lines.join('')}`);
  const options = { costs: reference, kernel: policyOf('pagecache'), sealRule: 'dma', unseal: 'never' } as const;
  const atNs = [5_000_000_000 + lines.length];
  const { snapshots } = mapSnapshots(trace, policyOf('recorded'), { ...options, atNs });
  return ['12', '13'].map((one) => {
    const file = snapshots[0]!.files.find(({ inode }) => inode === one)!;
    if (file.uncertain) return 'uncertain';
    return file.extents.map(
      ({ offset, length, addr, state }) => `${offset / 4096}+${length / 4096}=${addr / 4096} ${state}`,
    );
  });
};

const MOVED = [
  ['0+2=100 written', '2+1=200 written', '3+3=103 written'],
  ['2+1=102 unwritten', '3+3=201 unwritten'],
];

test.each([
  ['the call is in the trace', call(ONE)],
  ['it is of somebody whose calls are not', ONE],
  ['beside a punch', [punched(14), ...ONE]],
])('the two exchange their blocks: %s', async (_, events) =>
  expect(await mapsAfter([...FILES, ...events])).toEqual(MOVED),
);

test.each([
  ['', call([forgotten(12, '[0/4)'), forgotten(13, '[4/4)')])],
  [', without the call', [forgotten(12, '[0/4)'), forgotten(13, '[4/4)')]],
])('nothing moves from the first hole of the donor on%s', async (_, events) =>
  expect(await mapsAfter([...FILES, ...events])).toEqual([
    ['0+2=202 written', '2+4=102 written'],
    ['2+2=200 unwritten', '4+2=100 unwritten'],
  ]),
);

test('two holes of one length that are punched are no move', async () =>
  expect(await mapsAfter([...FILES, punched(12), ONE[0]!, punched(13), ONE[1]!])).toEqual([
    ['0+2=100 written', '3+3=103 written'],
    ['3+3=201 unwritten'],
  ]));

test('a file whose blocks nothing told makes both uncertain', async () =>
  expect(
    await mapsAfter([
      ...made(12, '[0/6) mapped 100 status W'),
      'ext4_es_insert_extent: dev 7,1 ino 13 es [5/1) mapped 200 status U',
      ...call(ONE),
    ]),
  ).toEqual(['uncertain', 'uncertain']));
