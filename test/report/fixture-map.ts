// The block map of the made-up database over time, and who held it.
import type { FileHistory, HoldLife } from '../../src/results/types.js';

const MIB = 1024 * 1024;
const DB = '/mnt/t/base/rel-16384';

const hold = (kind: string, fromNs: number, toNs: number, offset: number, length: number): HoldLife => ({
  kind,
  file: DB,
  holder: 'st-rdma-4698',
  fromNs,
  toNs,
  endedBy: toNs < 0 ? '' : 'exit',
  offset,
  length,
  evidence: [{ source: 'xfs-db.report.txt', row: 1190, text: '' }],
});

export const HOLD_LIVES: readonly HoldLife[] = [
  hold('mapping', 180_000_000, 2_700_000_000, 0, 8 * MIB),
  hold('registration', 190_000_000, 2_690_000_000, 2 * MIB, 6 * MIB),
  hold('pin', 205_000_000, -1, 2 * MIB, 64 * 1024),
];

const column = (t: number): string => {
  const cells = [...'wwwwwwwwwwuuuuuuuuuuwwwwwwwwwwssssssddd...'].slice(0, 40);
  if (t > 30) for (let o = 30; o < 34; o++) cells[o] = '.';
  if (t < 4) return '?'.repeat(40);
  return cells.join('').padEnd(40, '.');
};

export const MAP: FileHistory = {
  file: DB,
  inode: '7:0 131',
  fromNs: 0,
  toNs: 3_000_000_000,
  endBytes: 8 * MIB,
  states: Array.from({ length: 120 }, (_, t) => column(t)),
  moved: [60 * 40 + 3, 60 * 40 + 4],
  holds: HOLD_LIVES,
  marks: [
    {
      atNs: 512_310_120,
      op: 'truncate',
      wanter: 'st-vacuum-4711',
      offset: 2 * MIB,
      length: -1,
      count: 7,
      refusedBy: ['ondisk', 'mapdirect'],
      delayedBy: ['mapsync-pin', 'mapdirect-lease'],
    },
    {
      atNs: 800_100_400,
      op: 'punch',
      wanter: 'st-compact-4712',
      offset: 6 * MIB,
      length: 64 * 1024,
      count: 5,
      refusedBy: [],
      delayedBy: [],
    },
  ],
  marksLeftOut: 3,
  hazards: [{ atNs: 910_000_000, offset: 6 * MIB, bytes: 65_536, hazardClass: 'b', policies: ['dax', 'recorded'] }],
};
