// Notes 1 to 18 below the decision table (seal-semantics section 3), each in a hand-written trace. A note without a case fails.
import { describe, expect, test } from 'vitest';
import { type Line, PAGE, pages, type Replayed, replayLines, written } from '../support/replay.js';

const HOLDER = 10;
const OTHER = 20;
const MS = 1e6;
const END = 200 * MS;

const on = (t: number, op: string, pid: number, more: object = {}): Line => ({ t, op, pid, path: '/f', ...more });
const mmap = (t: number, flags: readonly string[] = [], pid = HOLDER, handle = 'm'): Line =>
  on(t, 'mmap', pid, { ...pages(0, 8), handle, flags: ['shared', 'writable', ...flags] });
const pin = (t: number, op = 'pin', flags: readonly string[] = ['write'], at = pages(0, 2)): Line =>
  on(t, op, HOLDER, { ...at, handle: 'p', flags });
const access = (t: number, op = 'dma_write', at = pages(0, 2)): Line => ({ t, op, pid: HOLDER, handle: 'p', ...at });
const truncate = (t: number, pid = OTHER): Line => on(t, 'truncate', pid, { size: 4 * PAGE });
const end: Line = { t: END, op: 'fsync', pid: 99, path: '/z' };

/** /f: eight pages written, but 5 unwritten, 6 a hole, 7 shared with /clone. */
const start: readonly Line[] = [
  { t: 0, op: 'file', path: '/f', size: 8 * PAGE },
  { t: 0, op: 'extent', path: '/f', ...pages(0, 5), addr: 100 * PAGE },
  { t: 0, op: 'extent', path: '/f', ...pages(5, 1), addr: 105 * PAGE, state: 'unwritten' },
  { t: 0, op: 'extent', path: '/f', ...pages(7, 1), addr: 107 * PAGE, state: 'shared' },
  { t: 0, op: 'file', path: '/clone', size: PAGE },
  { t: 0, op: 'extent', path: '/clone', ...pages(0, 1), addr: 107 * PAGE, state: 'shared' },
  ...written('/g', 8, 200),
];

interface Told {
  readonly verdicts: readonly string[];
  readonly replayed: Replayed;
  readonly hazards: Readonly<Record<string, number>>;
  readonly waitNs: number;
}

async function told(
  policy: string,
  lines: readonly Line[],
  about: readonly Line[],
  settings: Readonly<Record<string, string>> = {},
  sealRule = 'explicit',
): Promise<Told> {
  const replayed = await replayLines([...start, ...lines, end], { policies: [policy], sealRule, settings });
  const { hazards, wait } = replayed.lane(policy);
  return {
    verdicts: about.map((line) => replayed.verdict(policy, line)),
    replayed,
    hazards: Object.fromEntries(Object.entries(hazards.byClass).filter(([, n]) => n > 0)),
    waitNs: wait.totalNs,
  };
}

const verdicts = async (...args: Parameters<typeof told>): Promise<readonly string[]> => (await told(...args)).verdicts;

const seal = on(MS, 'seal', 99);
const lease = (flags: readonly string[] = ['exclusive']): Line => on(MS, 'lease', HOLDER, { handle: 'l', flags });

type Case = readonly [what: string, check: () => Promise<void>];
const NOTES: Readonly<Record<number, readonly Case[]>> = {
  1: [
    [
      'an in-place write under a layout lease is let through; xfsrfc: ETXTBSY for others, EDEADLOCK for the holder',
      async () => {
        const [other, own] = [on(2 * MS, 'write', OTHER, pages(0, 1)), on(3 * MS, 'write', HOLDER, pages(5, 1))];
        const lines = [lease(), other, own];
        expect(await verdicts('layout-user', lines, [other, own])).toEqual(['proceed', 'proceed']);
        const xfsrfc = { 'layout-user.write': 'xfsrfc' };
        expect(await verdicts('layout-user', lines, [other, own], xfsrfc)).toEqual(['deny ETXTBSY', 'deny EDEADLK']);
      },
    ],
  ],
  2: [
    [
      'a read-only pin stays behind at the old block when a shared one is written: class a',
      async () => {
        for (const op of ['write', 'write_fault']) {
          const change = on(3 * MS, op, OTHER, pages(7, 1));
          const lines = [pin(2 * MS, 'register', [], pages(7, 1)), change, access(4 * MS, 'dma_read', pages(7, 1))];
          const { verdicts: found, hazards } = await told('mapsync-pin', lines, [change]);
          expect(found).toEqual([op === 'write' ? 'proceed' : 'commit']);
          // The clone has the block now: to the device it is another file's.
          expect(Object.values(hazards)).toEqual([1]);
        }
      },
    ],
  ],
  3: [
    [
      'v1 writes what is inside the end of file and returns a short count; v2 and v3 refuse it all',
      async () => {
        const write = on(2 * MS, 'write', OTHER, pages(4, 6));
        const inside = on(3 * MS, 'write', OTHER, pages(8, 1));
        const filled = { seal_fills: 'true' };
        for (const version of ['v2', 'v3'])
          expect(await verdicts('ondisk', [seal, write], [write], { ...filled, 'ondisk.version': version })).toEqual([
            'deny ETXTBSY',
          ]);
        const { verdicts: found, replayed } = await told('ondisk', [seal, write, inside], [write, inside], {
          ...filled,
          'ondisk.version': 'v1',
        });
        expect(found).toEqual(['proceed', 'deny ETXTBSY']);
        expect(replayed.map('ondisk', '/f').join(' ')).not.toContain('8+');
      },
    ],
  ],
  4: [
    [
      'past the end of a famfs file: EFBIG, or a short write of nothing',
      async () => {
        const write = on(2 * MS, 'write', OTHER, pages(8, 2));
        expect(await verdicts('famfs', [write], [write])).toEqual(['deny EFBIG']);
        const short = await told('famfs', [write], [write], { 'famfs.past_eof': 'short' });
        expect(short.verdicts).toEqual(['proceed']);
        expect(short.replayed.map('famfs', '/f')).toEqual((await told('famfs', [], [])).replayed.map('famfs', '/f'));
      },
    ],
  ],
  5: [
    [
      'under MAP_DIRECT with a lease a fault that needs a block is SIGBUS, through ordinary mappings too; v8 and v9 start the break',
      async () => {
        const fault = on(3 * MS, 'write_fault', OTHER, pages(6, 1));
        const lines = [mmap(MS, ['direct']), mmap(2 * MS, [], OTHER, 'ordinary'), fault];
        const retry = on(60_000 * MS, 'write_fault', OTHER, pages(6, 1));
        for (const [version, again] of [
          ['v7', 'deny SIGBUS'],
          ['v8', 'proceed'],
        ]) {
          const settings = { mapdirect_lease: version! };
          const found = await replayLines([...start, ...lines, retry, { ...end, t: 70_000 * MS }], {
            policies: ['mapdirect-lease'],
            sealRule: 'explicit',
            settings,
          });
          expect([fault, retry].map((line) => found.verdict('mapdirect-lease', line))).toEqual(['deny SIGBUS', again]);
        }
        const v9 = [...written('/own', 4, 400), { ...mmap(MS, ['direct']), path: '/own', ...pages(0, 4) }];
        const own = on(3 * MS, 'write_fault', OTHER, { path: '/own', ...pages(4, 1) });
        const grown = { t: MS / 2, op: 'file', path: '/own', size: 6 * PAGE };
        expect(await verdicts('mapdirect-lease', [...v9, grown, own], [own], { mapdirect_lease: 'v9' })).toEqual([
          'deny SIGBUS',
        ]);
      },
    ],
  ],
  6: [
    [
      'faults never recall a pNFS layout',
      async () => {
        const plain = start.filter(({ path, op, state }) => !(path === '/f' && op === 'extent' && state === 'shared'));
        const get = on(MS, 'layout_get', HOLDER, { handle: 'l' });
        const faults = [on(2 * MS, 'write_fault', OTHER, pages(5, 1)), on(3 * MS, 'write_fault', OTHER, pages(6, 1))];
        const write = on(4 * MS, 'write', OTHER, pages(0, 1));
        const replayed = await replayLines([...plain, get, ...faults, write, end], {
          policies: ['pnfs-layout'],
          sealRule: 'explicit',
        });
        expect([...faults, write].map((line) => replayed.verdict('pnfs-layout', line))).toEqual([
          'proceed',
          'proceed',
          'recall',
        ]);
      },
    ],
  ],
  7: [
    [
      'under on-demand paging a fault that needs a block is let through, the device’s own too; it commits through MAP_SYNC',
      async () => {
        const [unwritten, hole] = [5, 6].map((page, i) => on((4 + i) * MS, 'write_fault', HOLDER, pages(page, 1)));
        const inPlace = on(6 * MS, 'write_fault', HOLDER, pages(0, 1));
        const about = [unwritten!, hole!, inPlace];
        const lines = [pin(2 * MS, 'register', ['write', 'odp']), ...about];
        expect(await verdicts('odp', [mmap(MS), ...lines], about)).toEqual(['proceed', 'proceed', 'proceed']);
        expect(await verdicts('odp', [mmap(MS, ['sync']), ...lines], about)).toEqual(['commit', 'commit', 'proceed']);
        // Somebody else's mapping is MAP_SYNC: not the one of this fault.
        const other = mmap(MS, ['sync'], OTHER, 'o');
        expect(await verdicts('odp', [mmap(MS), other, ...lines], about)).toEqual(['proceed', 'proceed', 'proceed']);
      },
    ],
  ],
  8: [
    [
      'DAX waits while short pins exist; era=2017 does not, and leaves a stale translation',
      async () => {
        for (const policy of ['dax', 'mapsync', 'virtiofs-dax']) {
          const change = truncate(3 * MS);
          const lines = [
            pin(2 * MS, 'pin', ['write'], pages(5, 1)),
            change,
            on(9 * MS, 'unpin', HOLDER, { handle: 'p' }),
          ];
          const waits = await told(policy, lines, [change]);
          expect([waits.verdicts[0], waits.waitNs], policy).toEqual(['wait', 6 * MS]);
          const late = access(6 * MS, 'dma_write', pages(5, 1));
          const past = await told(policy, [...lines, late], [change], { era: '2017' });
          expect([past.verdicts[0], past.hazards], policy).toEqual(['proceed', { a: 1 }]);
          expect((await told(policy, [...lines, late], [change])).hazards, policy).toEqual({});
        }
        const free = truncate(3 * MS);
        expect(await verdicts('longterm-refused', [free], [free])).toEqual(['proceed']);
      },
    ],
  ],
  9: [
    [
      'a resized famfs file answers EIO until the next mount; a removed one is gone',
      async () => {
        const [resize, read, mounted, again] = [
          truncate(MS),
          on(2 * MS, 'read', OTHER, pages(0, 1)),
          { t: 3 * MS, op: 'mount', pid: 1 },
          on(4 * MS, 'read', OTHER, pages(0, 1)),
        ];
        const unlink = on(5 * MS, 'unlink', OTHER);
        expect(await verdicts('famfs', [resize, read, mounted, again, unlink], [resize, read, again, unlink])).toEqual([
          'proceed',
          'deny EIO',
          'proceed',
          'proceed',
        ]);
      },
    ],
  ],
  10: [
    [
      'XFS waits and zaps for a plain allocation, ext4 neither',
      async () => {
        const plain = on(3 * MS, 'fallocate', OTHER, pages(0, 2));
        const holePunch = on(4 * MS, 'punch', OTHER, pages(0, 1));
        const release = on(9 * MS, 'unpin', HOLDER, { handle: 'p' });
        const about = [plain, holePunch];
        for (const policy of ['dax', 'mapsync-pin']) {
          const lines = [pin(2 * MS), ...about, release];
          expect(await verdicts(policy, lines, about, { fs: 'xfs' }), policy).toEqual(['wait', 'wait']);
          expect(await verdicts(policy, lines, about, { fs: 'ext4' }), policy).toEqual(['proceed', 'wait']);
        }
        const paged = [pin(2 * MS, 'register', ['write', 'odp']), ...about];
        expect(await verdicts('odp', paged, about, { fs: 'xfs' })).toEqual(['revoke', 'revoke']);
        expect(await verdicts('odp', paged, about, { fs: 'ext4' })).toEqual(['proceed', 'revoke']);
      },
    ],
  ],
  11: [
    [
      'a clone changes no map yet: the CPU’s next write moves the source, the device’s next write changes the clone',
      async () => {
        const clone = on(3 * MS, 'reflink', OTHER, { ...pages(0, 2), to: { path: '/g', off: 0 } });
        const query = on(2 * MS, 'address_query', HOLDER, { handle: 'p' });
        const device = access(5 * MS, 'dma_write', pages(0, 2));
        const into = await told('static-map', [query, clone, device], [clone]);
        expect([into.verdicts, into.hazards]).toEqual([['proceed'], { c: 1 }]);
        const write = on(4 * MS, 'write', OTHER, pages(0, 2));
        const moved = await told('static-map', [query, clone, write, access(5 * MS, 'dma_read', pages(0, 2))], [write]);
        expect([moved.verdicts, Object.keys(moved.hazards)]).toEqual([['proceed'], ['b']]);
        expect(moved.replayed.map('static-map', '/f', 4 * MS)).not.toEqual(
          moved.replayed.map('static-map', '/f', 3 * MS),
        );
      },
    ],
  ],
  12: [
    [
      'the old XFS swap-extents ioctl neither recalls nor waits, and leaves a hazard',
      async () => {
        const swap = on(4 * MS, 'swapext', OTHER, { to: { path: '/g' } });
        const device = access(5 * MS);
        const holds: Readonly<Record<string, readonly Line[]>> = {
          'mapsync-pin': [pin(2 * MS, 'register')],
          'mapdirect-lease': [mmap(MS, ['direct']), pin(2 * MS, 'register')],
          'layout-user': [lease(), pin(2 * MS, 'register')],
        };
        for (const [policy, lines] of Object.entries(holds)) {
          const found = await told(policy, [...lines, swap, device], [swap]);
          expect([found.verdicts, found.waitNs], policy).toEqual([['proceed'], 0]);
          expect(found.hazards, policy).toEqual({ c: 1 });
        }
        const own = [on(MS, 'layout_get', HOLDER, { path: '/g', handle: 'p' })];
        const there = on(4 * MS, 'swapext', OTHER, { path: '/g', to: { path: '/f' } });
        const found = await told('pnfs-layout', [...own, there, { ...device, ...pages(0, 2) }], [there]);
        expect([found.verdicts, found.waitNs, found.hazards]).toEqual([['proceed'], 0, { c: 1 }]);
      },
    ],
  ],
  13: [
    [
      'the final close frees the blocks under the pin (up to Linux 6.14): nothing waits, the device is left behind',
      async () => {
        const open = on(MS, 'open', HOLDER, { handle: 'o', flags: ['write'] });
        const unlink = on(3 * MS, 'unlink', OTHER);
        const close = on(6 * MS, 'close', HOLDER, { handle: 'o' });
        const lines = [open, pin(2 * MS, 'register'), unlink, access(5 * MS), close, access(8 * MS)];
        const found = await told('mapsync-pin', lines, [unlink, close]);
        expect([found.verdicts, found.waitNs, found.hazards]).toEqual([['proceed', 'proceed'], 0, { a: 1 }]);
        expect(found.replayed.detail('mapsync-pin').hazards.map(({ atNs }) => atNs)).toEqual([8 * MS]);
      },
    ],
  ],
  14: [
    [
      'unlink and rename of a sealed file: EPERM, or let through (ondisk.unlink=ok)',
      async () => {
        const about = [on(2 * MS, 'unlink', OTHER), on(3 * MS, 'rename', OTHER, { to: { path: '/h' } })];
        expect(await verdicts('ondisk', [seal, ...about], about)).toEqual(['deny EPERM', 'deny EPERM']);
        expect(
          await verdicts('ondisk', [seal, ...about.slice(0, 1)], about.slice(0, 1), { 'ondisk.unlink': 'ok' }),
        ).toEqual(['proceed']);
        expect(await verdicts('ondisk', [seal, about[1]!], [about[1]!], { 'ondisk.unlink': 'ok' })).toEqual([
          'proceed',
        ]);
      },
    ],
  ],
  15: [
    [
      'on demand and by a copied map the unlinked file’s blocks go with the last link, open file and mapping',
      async () => {
        const open = on(MS / 2, 'open', OTHER, { handle: 'o' });
        const unlink = on(3 * MS, 'unlink', OTHER);
        const munmap = on(5 * MS, 'munmap', HOLDER, { ...pages(0, 8), handle: 'm' });
        const close = on(7 * MS, 'close', OTHER, { handle: 'o' });
        const reads = [4, 6, 8].map((t) => access(t * MS, 'dma_read'));
        const copied = [mmap(MS), open, on(2 * MS, 'address_query', HOLDER, { handle: 'p' })];
        const all = [unlink, reads[0]!, munmap, reads[1]!, close, reads[2]!];
        const static_ = await told('static-map', [...copied, ...all], [unlink]);
        expect(static_.verdicts).toEqual(['proceed']);
        expect(static_.replayed.detail('static-map').hazards.map(({ atNs }) => atNs)).toEqual([8 * MS]);
        const paged = await told('odp', [mmap(MS), open, pin(2 * MS, 'register', ['write', 'odp']), ...all], [unlink]);
        expect([paged.verdicts, paged.hazards]).toEqual([['revoke'], {}]);
      },
    ],
  ],
  16: [
    [
      'long-term pins: refused by modern kernels, let through by those of 2017, and for what-if policies in any era',
      async () => {
        const register = pin(2 * MS, 'register');
        for (const policy of ['dax', 'mapsync']) {
          expect(await verdicts(policy, [register], [register]), policy).toEqual(['deny EOPNOTSUPP']);
          expect(await verdicts(policy, [register], [register], { era: '2017' }), policy).toEqual(['proceed']);
        }
        for (const policy of ['mapsync-pin', 'ondisk', 'mapdirect', 'mapdirect-lease'])
          for (const era of ['modern', '2017'])
            expect(await verdicts(policy, [register], [register], { era }), `${policy} ${era}`).toEqual(['proceed']);
        expect(await verdicts('longterm-refused', [register], [register], { era: '2017' })).toEqual([
          'deny EOPNOTSUPP',
        ]);
      },
    ],
  ],
  17: [
    [
      'EPERM without an exclusive layout lease of the same process',
      async () => {
        const register = pin(2 * MS, 'register');
        const stranger = { ...register, pid: OTHER };
        expect(await verdicts('layout-user', [register], [register])).toEqual(['deny EPERM']);
        expect(await verdicts('layout-user', [lease(), register], [register])).toEqual(['proceed']);
        expect(await verdicts('layout-user', [lease(), stranger], [stranger])).toEqual(['deny EPERM']);
        const breakable = { 'layout-user.lease': 'breakable' };
        expect(await verdicts('layout-user', [lease([]), register], [register], breakable)).toEqual(['deny EPERM']);
      },
    ],
  ],
  18: [
    [
      'FUSE: an allocation that keeps the size never waits; collapse, insert and unshare are not supported',
      async () => {
        const keeps = on(3 * MS, 'fallocate', OTHER, { ...pages(0, 2), flags: ['keep_size'] });
        const grows = on(4 * MS, 'fallocate', OTHER, pages(0, 2));
        const others = ['collapse', 'insert', 'unshare'].map((op, i) => on((5 + i) * MS, op, OTHER, pages(0, 1)));
        const about = [keeps, grows, ...others];
        const lines = [pin(2 * MS), ...about, on(9 * MS, 'unpin', HOLDER, { handle: 'p' })];
        expect(await verdicts('virtiofs-dax', lines, about)).toEqual([
          'proceed',
          'wait',
          ...Array<string>(3).fill('deny EOPNOTSUPP'),
        ]);
      },
    ],
  ],
};

test('there is a case for each of the 18 notes', () => {
  expect(Object.keys(NOTES).map(Number)).toEqual(Array.from({ length: 18 }, (_, i) => i + 1));
  expect(Object.values(NOTES).every((cases) => cases.length > 0)).toBe(true);
});

describe.each(Object.entries(NOTES))('note %s', (_number, cases) => {
  test.each(cases)('%s', async (_what, check) => check());
});

// Below the table: what umount leaves, and faults by the holder of a MAP_DIRECT mapping.
test('umount: the on-disk seal stays, a copied map goes stale, a sealing mapping keeps it busy', async () => {
  const umount: Line = { t: 5 * MS, op: 'umount', pid: 1, path: '/f' };
  const onDisk = await told('ondisk', [seal, umount], [umount]);
  expect(onDisk.verdicts).toEqual(['proceed']);
  expect(onDisk.replayed.lane('ondisk').seals).toMatchObject({ opened: 1, aliveAtEnd: 1 });
  expect(await verdicts('static-map', [on(MS, 'address_query', HOLDER, { handle: 'p' }), umount], [umount])).toEqual([
    'proceed',
  ]);
  expect(await verdicts('mapdirect', [mmap(MS, ['direct']), umount], [umount])).toEqual(['deny EBUSY']);
});
