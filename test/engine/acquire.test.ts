// Section 2 of seal-semantics row by row: who gets a hold, and with which errno it is refused. What is needed of a file or a caller is
// there in the first line of each case, and missing in the others. More of each in obstacles.test.ts, seals.test.ts and claims.test.ts.
import { describe, expect, test } from 'vitest';
import { type Line, PAGE, pages, replayLines, written } from '../support/replay.js';

const MS = 1e6;
const on = (t: number, op: string, more: object = {}): Line => ({ t: t * MS, op, pid: 10, path: '/f', ...more });
const whole = written('/f', 8, 100);
const holed: readonly Line[] = [
  { t: 0, op: 'file', path: '/f', size: 8 * PAGE },
  { t: 0, op: 'extent', path: '/f', ...pages(0, 6), addr: 100 * PAGE },
];
const unwritten: readonly Line[] = [
  { t: 0, op: 'file', path: '/f', size: 8 * PAGE },
  { t: 0, op: 'extent', path: '/f', ...pages(0, 8), addr: 100 * PAGE, state: 'unwritten' },
];
const cloned: readonly Line[] = [
  { t: 0, op: 'file', path: '/f', size: 8 * PAGE },
  { t: 0, op: 'extent', path: '/f', ...pages(0, 8), addr: 100 * PAGE, state: 'shared' },
  { t: 0, op: 'file', path: '/clone', size: 8 * PAGE },
  { t: 0, op: 'extent', path: '/clone', ...pages(0, 8), addr: 100 * PAGE, state: 'shared' },
];
const mmap = (flags: readonly string[], t = 2): Line => on(t, 'mmap', { ...pages(0, 8), handle: 'm', flags });
const direct = ['shared', 'writable', 'direct'];
const seal = (more: object = {}): Line => on(2, 'seal', more);
const swapon = (t = 2, handle = 's'): Line => on(t, 'swapon', { handle });
const pin = (op: string, flags: readonly string[] = ['write']): Line =>
  on(2, op, { ...pages(0, 2), handle: 'p', flags });
const layout = on(2, 'layout_get', { handle: 'l' });
const lease = on(2, 'lease', { handle: 'l', flags: ['exclusive'] });
const unprivileged = { privileged: 'no' };

type Case = readonly [
  what: string,
  before: readonly Line[],
  asked: Line,
  answer: string,
  settings?: Record<string, string>,
];
const ROWS: Readonly<Record<string, readonly Case[]>> = {
  pagecache: [['an ordinary mapping', holed, mmap(['shared', 'writable']), 'proceed']],
  dax: [
    ['a mapping of whatever file', cloned, mmap(['shared', 'writable']), 'proceed'],
    ['a long-term pin', whole, pin('register'), 'deny EOPNOTSUPP'],
  ],
  mapsync: [['a MAP_SYNC mapping', whole, mmap(['shared', 'writable', 'sync']), 'proceed']],
  'mapsync-pin': [['the pin', whole, pin('register'), 'proceed']],
  ondisk: [
    ['holes and clones are filled and unshared', cloned, seal(), 'proceed'],
    ['a hole', holed, seal(), 'proceed'],
    ['the whole file, by offset and length', whole, seal(pages(0, 8)), 'proceed'],
    ['part of the file', whole, seal(pages(0, 4)), 'deny EINVAL'],
    ['from the middle', whole, seal(pages(1, 8)), 'deny EINVAL'],
    ['somebody maps it', [...whole, mmap(['shared'], 1)], seal(), 'deny EBUSY'],
    ['no CAP_LINUX_IMMUTABLE', whole, seal(), 'deny EPERM', unprivileged],
  ],
  mapdirect: [
    ['no check of the file at mmap', cloned, mmap(direct), 'proceed'],
    ['private', whole, mmap(['writable', 'direct']), 'deny EINVAL'],
    ['read only', whole, mmap(['shared', 'direct']), 'deny EACCES'],
    ['no capability, seed', whole, mmap(direct), 'proceed', unprivileged],
    ['no capability, v6', whole, mmap(direct), 'deny EACCES', { ...unprivileged, mapdirect: 'v6' }],
  ],
  'mapdirect-lease': [
    ['the owner', whole, mmap(direct), 'proceed'],
    ['neither owner nor CAP_LEASE', whole, mmap(direct), 'deny EACCES', unprivileged],
    ['a reflinked file, v8', cloned, mmap(direct), 'proceed'],
    ['a reflinked file, v9', cloned, mmap(direct), 'deny EPERM', { mapdirect_lease: 'v9' }],
    [
      'a break is under way',
      [...whole, { ...mmap(direct, 1), handle: 'first' }, { ...on(1.5, 'punch', pages(0, 1)), pid: 20 }],
      ...([{ ...mmap(direct), pid: 30 }, 'deny EAGAIN'] as const),
    ],
  ],
  'pnfs-layout': [
    ['XFS', whole, layout, 'proceed'],
    ['a hole is no obstacle', holed, layout, 'proceed'],
    ['a reflinked file', cloned, layout, 'deny EOPNOTSUPP'],
    ['another client has one', [...whole, { ...layout, t: MS, pid: 30, handle: 'k' }], layout, 'deny RECALLCONFLICT'],
  ],
  'layout-user': [
    ['the owner', whole, lease, 'proceed'],
    ['neither owner nor CAP_LEASE', whole, lease, 'deny EACCES', unprivileged],
  ],
  odp: [['a registration on demand', holed, pin('register', ['write', 'odp']), 'proceed']],
  swap: [
    ['written', whole, swapon(), 'proceed'],
    ['unwritten is allowed', unwritten, swapon(), 'proceed'],
    ['a hole', holed, swapon(), 'deny EINVAL'],
    ['a shared block', cloned, swapon(), 'deny EINVAL'],
    ['swap already', [...whole, swapon(1)], swapon(2, 'again'), 'deny EBUSY'],
    ['swap no more', [...whole, swapon(1), on(1.5, 'swapoff', { handle: 's' })], swapon(2, 'again'), 'proceed'],
    ['no CAP_SYS_ADMIN', whole, swapon(), 'deny EPERM', unprivileged],
  ],
  'longterm-refused': [
    ['a long-term pin', whole, pin('register'), 'deny EOPNOTSUPP'],
    ['a short one', whole, pin('pin'), 'proceed'],
  ],
  'static-map': [['nobody coordinates', cloned, on(2, 'address_query', { handle: 'q' }), 'proceed']],
  'virtiofs-dax': [['a long-term pin', whole, pin('register'), 'deny EOPNOTSUPP']],
  famfs: [['a long-term pin', whole, pin('register'), 'deny EOPNOTSUPP']],
};

test('all fifteen', () => {
  expect(Object.keys(ROWS)).toHaveLength(15);
});

describe.each(Object.entries(ROWS))('%s', (policy, cases) => {
  for (const [what, before, asked, answer, settings = {}] of cases)
    test(what, async () => {
      const last = { t: 20 * MS, op: 'fsync', pid: 99, path: '/z' };
      const replayed = await replayLines([...before, asked, last], {
        policies: [policy],
        sealRule: 'explicit',
        settings,
      });
      expect(replayed.verdict(policy, asked)).toBe(answer);
      const refusals = answer.startsWith('deny') && !['register', 'pin'].includes(asked.op) ? 1 : 0;
      expect(replayed.lane(policy).seals.failed).toBe(refusals);
    });
});

test('a second swapon is EBUSY under every policy, and predicted where the kernel said so', async () => {
  const second = { ...swapon(2, 'again'), ret: '-EBUSY' };
  const last = { t: 20 * MS, op: 'fsync', pid: 99, path: '/z' };
  const replayed = await replayLines([...whole, { ...swapon(1), ret: 0 }, second, last], {
    policies: ['dax', 'ondisk', 'recorded'],
    sealRule: 'explicit',
  });
  expect(['dax', 'ondisk'].map((policy) => replayed.verdict(policy, second))).toEqual(['deny EBUSY', 'deny EBUSY']);
  expect(replayed.run.report.fidelity).toMatchObject({ differed: 0, byOp: { swapon: { agreed: 2, differed: 0 } } });
});
