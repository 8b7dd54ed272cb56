// Who got in whose way: conflicts, stale device accesses and seals of the made-up database.
import type { VerdictName } from '../../src/model/policy.js';
import type { Conflict, Hazard, SealLife } from '../../src/results/types.js';
import { POLICIES, type PolicyId } from './fixture-latency.js';

const KIB = 1024;
const MIB = 1024 * KIB;

interface Clash {
  readonly op: string;
  readonly operationCase: string;
  readonly wanter: string;
  readonly holder: string;
  readonly file: string;
  readonly offset: number;
  readonly length: number;
  readonly atNs: number;
  readonly answers: Readonly<Partial<Record<PolicyId, readonly [VerdictName, string, number, number]>>>;
  readonly line: string;
}

const DB = '/mnt/t/base/rel-16384';
const WAL = '/mnt/t/wal/00000001000000000000000A';
export const CLASHES: readonly Clash[] = [
  {
    op: 'truncate',
    operationCase: 'truncate_down',
    wanter: 'st-vacuum-4711',
    holder: 'st-rdma-4698',
    file: DB,
    offset: 2 * MIB,
    length: -1,
    atNs: 512_310_120,
    answers: {
      mapdirect: ['deny', 'ETXTBSY', 7, 0],
      ondisk: ['deny', 'ETXTBSY', 7, 0],
      'mapsync-pin': ['wait', '', 19, 62_400_000],
      'mapdirect-lease': ['recall', '', 7, 1_021_400_000],
      odp: ['revoke', '', 19, 0],
    },
    line: 'st-vacuum-4711  [001]   512.310120: xfs_setattr:          dev 7:0 ino 0x83 iflags 0x0 valid 0x8 size 0x200000',
  },
  {
    op: 'punch',
    operationCase: 'fallocate_move',
    wanter: 'st-compact-4712',
    holder: 'st-rdma-4698',
    file: DB,
    offset: 6 * MIB,
    length: 64 * KIB,
    atNs: 800_100_400,
    answers: {
      mapdirect: ['deny', 'ETXTBSY', 5, 0],
      ondisk: ['deny', 'ETXTBSY', 5, 0],
      'mapsync-pin': ['wait', '', 18, 41_000_000],
      'mapdirect-lease': ['recall', '', 5, 46_650_000_000],
      odp: ['revoke', '', 27, 0],
    },
    line: 'st-compact-4712 [000]   512.800100: xfs_unmap_extent:     dev 7:0 agno 0x0 agbno 0x98 fileoff 0x600 fsbcount 0x10 state 0',
  },
  {
    op: 'write',
    operationCase: 'write_past_eof',
    wanter: 'st-append-4713',
    holder: 'st-rdma-4698',
    file: WAL,
    offset: 16 * MIB,
    length: 8 * KIB,
    atNs: 1_210_000_000,
    answers: { ondisk: ['deny', 'ETXTBSY', 9, 0], 'mapdirect-lease': ['recall', '', 23, 6_500_000] },
    line: 'st-append-4713  [001]   513.210000: xfs_file_buffered_write: dev 7:0 ino 0x86 disize 0x1000000 pos 0x1000000 bytecount 0x2000',
  },
  {
    op: 'unlink',
    operationCase: 'unlink',
    wanter: 'st-janitor-4715',
    holder: '',
    file: '/mnt/t/base/rel-16201',
    offset: 0,
    length: -1,
    atNs: 2_901_000_000,
    answers: { ondisk: ['deny', 'EPERM', 2, 0] },
    line: 'st-janitor-4715 [000]   514.901000: sys_enter_unlinkat:   dfd: 0xffffff9c, pathname: 0x7ffd1c8f, flag: 0x00000000',
  },
  {
    op: 'reflink',
    operationCase: 'reflink_source',
    wanter: 'st-snapshot-4714',
    holder: 'st-rdma-4698',
    file: DB,
    offset: 0,
    length: 8 * MIB,
    atNs: 1_800_441_000,
    answers: { ondisk: ['deny', 'ETXTBSY', 4, 0] },
    line: 'st-snapshot-4714 [001]  513.800441: xfs_reflink_remap_range: dev 7:0 ino 0x83 isize 0x800000 offset 0x0 count 0x800000',
  },
];

const HOLDS: Readonly<Partial<Record<PolicyId, string>>> = {
  ondisk: 'seal',
  mapdirect: 'mapping',
  'mapdirect-lease': 'lease',
  'mapsync-pin': 'pin',
  odp: 'translation',
};

export const conflictOf = (clash: Clash, policy: PolicyId): readonly Conflict[] => {
  const answer = clash.answers[policy];
  if (answer === undefined) return [];
  const [verdict, errno, count, waitNs] = answer;
  const { op, operationCase, wanter, holder, file, offset, length, atNs } = clash;
  const end = length < 0 ? 8 * MIB : offset + length;
  const before = [
    { offset: Math.max(0, offset - MIB), length: MIB, addr: 0x4000_0000, state: 'written' },
    { offset, length: end - offset, addr: 0x4010_0000, state: op === 'write' ? 'unwritten' : 'written' },
    { offset: end, length: MIB, addr: 0x4800_0000, state: op === 'reflink' ? 'shared' : 'written' },
  ];
  return [
    {
      signature: `${policy}|${operationCase}|${HOLDS[policy]}|${verdict}|${file}|${wanter}|${holder}`,
      count,
      policy,
      atNs,
      op,
      operationCase,
      verdict,
      errno,
      waitNs,
      maxWaitNs: Math.round(waitNs * 1.4),
      totalWaitNs: waitNs * count,
      delayed: {
        lateNs: waitNs,
        events: waitNs > 0 ? 12 : 0,
        nextOp: waitNs > 0 ? 'write' : '',
        nextAtNs: waitNs > 0 ? atNs + 1000 : -1,
        queued: 0,
      },
      wanter,
      holder,
      hold: holder === '' ? '' : (HOLDS[policy] ?? ''),
      holdFromNs: 190_000_000,
      holdToNs: policy === 'ondisk' ? -1 : 2_700_000_000,
      file,
      offset,
      length,
      extentsBefore: before,
      extentsAfter:
        verdict === 'deny'
          ? before
          : op === 'write'
            ? before.map((extent) => ({ ...extent, state: 'written' }))
            : before.filter((_, i) => i !== 1),
      evidence: [
        {
          source: 'xfs-db.report.txt',
          row: 1190,
          text: 'st-rdma-4698    [000]   512.190000: mr_init:              res_id 4 iova 0x7f2c40000000 length 8388608',
        },
        { source: 'xfs-db.report.txt', row: 2120 + Math.round(atNs / 1e6), text: clash.line },
      ],
      timeBins: [Math.floor((atNs / 3_214_551_001) * 100)],
      elsewhere: Object.fromEntries(
        POLICIES.map((name) => [name, clash.answers[name]?.slice(0, 2).join(' ').trim() ?? 'proceed']),
      ),
    },
  ];
};

export const hazardsOf = (policy: PolicyId): readonly Hazard[] => {
  const all: readonly Hazard[] = [
    hazard(policy, 'c', 'dma_write', 640_200_000, 65_536, 2 * MIB, 0x4010_0000, `${WAL}, offset 15 MiB`, 129_800_000),
    hazard(
      policy,
      'b',
      'dma_read',
      910_000_000,
      65_536,
      6 * MIB,
      0x4050_0000,
      '/mnt/t/base/rel-16201, offset 0',
      109_900_000,
    ),
    hazard(policy, 'a', 'dma_read', 2_204_000_000, 65_536, 3 * MIB, 0x4020_0000, '', 1_691_000_000),
  ];
  if (policy === 'pagecache') return all.slice(1).map((each) => ({ ...each, hazardClass: 'a' as const }));
  return policy === 'dax' || policy === 'recorded' ? all : [];
};

const hazard = (
  policy: string,
  hazardClass: Hazard['hazardClass'],
  op: string,
  atNs: number,
  bytes: number,
  offset: number,
  addr: number,
  ownerNow: string,
  staleForNs: number,
): Hazard => ({
  policy,
  atNs,
  op,
  hazardClass,
  bytes,
  file: DB,
  offset,
  addr,
  ownerNow,
  device: 'mlx5_0 mr 4',
  staleForNs,
  evidence: [
    {
      source: 'xfs-db.report.txt',
      row: 2400 + Math.round(atNs / 1e6),
      text: 'dma_map_sg: 0000:00:05.0 dir=FROM_DEVICE',
    },
  ],
});

export const sealsOf = (policy: PolicyId): readonly SealLife[] => {
  const make = (
    file: string,
    holder: string,
    fromNs: number,
    toNs: number,
    more: Partial<SealLife> = {},
  ): SealLife => ({
    policy,
    kind: HOLDS[policy] ?? 'seal',
    file,
    holder,
    fromNs,
    toNs,
    endedBy: toNs < 0 ? '' : 'release',
    holderExitNs: 2_900_000_000,
    orphaned: false,
    survivesCrash: false,
    costNs: policy === 'ondisk' ? 1_210_000 : 1100,
    failure: '',
    ...more,
  });
  if (policy === 'ondisk') {
    return [
      make(DB, 'st-rdma-4698', 190_000_000, -1, { orphaned: true, survivesCrash: true }),
      make(WAL, 'st-rdma-4698', 205_000_000, -1, { survivesCrash: true }),
      make('/mnt/t/base/rel-16201', 'st-rdma-4699', 240_000_000, -1, { survivesCrash: true }),
      make('/mnt/t/base/rel-16390', 'st-rdma-4698', 400_000_000, 2_100_000_000, { endedBy: 'unseal' }),
      make('/mnt/t/base/rel-16400', 'st-rdma-4699', 1_000_000_000, 1_000_000_000, {
        failure: 'EBUSY: somebody maps the file',
      }),
    ];
  }
  if (policy !== 'mapdirect' && policy !== 'mapdirect-lease') return [];
  const bursts = Array.from({ length: 9 }, (_, i) =>
    make(WAL, `st-rdma-${4698 + (i % 2)}`, 210_000_000 + i * 300_000_000, 370_000_000 + i * 300_000_000),
  );
  return [
    make(DB, 'st-rdma-4698', 190_000_000, 2_700_000_000, { endedBy: 'exit' }),
    ...bursts,
    make('/mnt/t/base/rel-16201', 'st-rdma-4699', 240_000_000, -1),
  ];
};
