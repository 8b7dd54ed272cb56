// Ordinary leases (fcntl(2), F_SETLEASE) in lanes that decide: opening and truncating breaks them first, whatever the policy says after
// that (fs/locks.c __break_lease; do_dentry_open, vfs_truncate).
import { describe, expect, test } from 'vitest';
import * as registry from '../../src/policies/index.js';
import { type Line, PAGE, pages, type ReplayOptions, replayLines, written } from '../support/replay.js';

const HOLDER = 10;
const OTHER = 20;
const SECOND = 1e9;
const MS = 1e6;
const DECIDING = Object.values(registry)
  .map(({ name }) => name)
  .filter((name) => name !== 'recorded');

const on = (t: number, op: string, pid: number, more: object = {}): Line => ({ t, op, pid, path: '/f', ...more });
const lease = (t: number, type: 'read' | 'write', more: object = {}): Line =>
  on(t, 'lease', HOLDER, { handle: 'l', flags: [type], ...more });
const open = (t: number, flags: readonly string[] = [], more: object = {}): Line =>
  on(t, 'open', OTHER, { flags, ...more });
const release = (t: number): Line => on(t, 'lease_release', HOLDER, { handle: 'l' });
const truncate = (t: number, pid = OTHER): Line => on(t, 'truncate', pid, { size: 4 * PAGE });

const run = (lines: readonly Line[], options: ReplayOptions = {}) =>
  replayLines([...written('/f', 16, 100), ...lines, { t: 400 * SECOND, op: 'fsync', pid: 99, path: '/z' }], {
    policies: ['dax'],
    ...options,
  });

/** What was decided of a line, and how long all that waited did, ns. */
async function told(lines: readonly Line[], line: Line, options: ReplayOptions = {}, policy = 'dax') {
  const replayed = await run(lines, { policies: [policy], ...options });
  const { count, totalNs } = replayed.lane(policy).wait;
  return [replayed.verdict(policy, line), count, totalNs];
}

test('under every policy the opener waits until the lease is given back, in both timings', async () => {
  for (const timing of ['open', 'closed'] as const) {
    const line = open(2 * MS, ['write']);
    const replayed = await run([lease(MS, 'write'), line, release(7 * MS)], { policies: DECIDING, timing });
    for (const policy of DECIDING) {
      expect(replayed.verdict(policy, line), policy).toBe('recall');
      expect(replayed.lane(policy).wait, policy).toMatchObject({ count: 1, totalNs: 5 * MS });
      expect(replayed.lane(policy).byOp.open, policy).toMatchObject({ recall: 1 });
    }
  }
});

test('what was outlasted is the lease that lanes have, also where its holder asked for one of another kind before', async () => {
  const layout = on(MS, 'lease', HOLDER, { handle: 'k', flags: ['exclusive'] });
  const line = { ...truncate(3 * MS), ns: 2 * MS, ret: 0 };
  const lines = [layout, lease(2 * MS, 'read'), line, release(9 * MS)];
  expect(await told(lines, line, { timing: 'open' })).toEqual(['recall', 1, 2 * MS]);
});

describe('who conflicts', () => {
  test.each<[string, 'read' | 'write', Line, string]>([
    ['a reader and a read lease', 'read', open(2 * MS), 'proceed'],
    ['a writer and a read lease', 'read', open(2 * MS, ['write']), 'recall'],
    ['a reader and a write lease', 'write', open(2 * MS), 'recall'],
    ['truncate and a read lease', 'read', truncate(2 * MS), 'recall'],
    ['the holder that opens, and its own lease', 'write', on(2 * MS, 'open', HOLDER), 'recall'],
    ['the holder that truncates (ftruncate)', 'write', truncate(2 * MS, HOLDER), 'proceed'],
    ['a write', 'write', on(2 * MS, 'write', OTHER, pages(0, 1)), 'proceed'],
    ['a punch', 'write', on(2 * MS, 'punch', OTHER, pages(0, 1)), 'proceed'],
    ['unlink', 'write', on(2 * MS, 'unlink', OTHER), 'proceed'],
    ['rename', 'write', on(2 * MS, 'rename', OTHER, { flags: ['over'] }), 'proceed'],
    ['chmod', 'write', on(2 * MS, 'setattr', OTHER), 'proceed'],
  ])('%s', async (_what, type, line, verdict) => {
    const [found] = await told([lease(MS, type), line, release(7 * MS)], line);
    expect(found).toBe(verdict);
  });
});

test('who will not wait is told EAGAIN, and the break has begun: its time runs from there', async () => {
  const [first, second] = [open(2 * SECOND, ['nowait']), open(10 * SECOND)];
  const replayed = await run([lease(SECOND, 'write'), first, second]);
  expect([first, second].map((line) => replayed.verdict('dax', line))).toEqual(['deny EAGAIN', 'recall']);
  // Broken at 2 s, over at 47 s.
  expect(replayed.lane('dax').wait).toMatchObject({ count: 1, totalNs: 37 * SECOND });
});

test.each<[string, readonly Line[], number]>([
  ['given back', [release(7 * MS)], 5 * MS],
  ['gone with its process', [on(8 * MS, 'exit', HOLDER)], 6 * MS],
  ['gone with a killed process', [on(8 * MS, 'exit', HOLDER, { flags: ['killed'] })], 6 * MS],
  ['closed', [on(9 * MS, 'close', HOLDER)], 7 * MS],
  ['downgraded, for a reader', [lease(6 * MS, 'read', { handle: 'again' })], 4 * MS],
  ['kept: the kernel takes it', [], 45 * SECOND],
])('a wait ends when the lease is %s', async (_how, lines, waitNs) => {
  const line = open(2 * MS);
  expect(await told([lease(MS, 'write'), line, ...lines], line)).toEqual(['recall', 1, waitNs]);
});

test('a lease goes with the last descriptor of its process, not with one of two', async () => {
  const line = open(10 * MS);
  const opens = ['a', 'b'].map((handle) => on(MS / 2, 'open', HOLDER, { handle }));
  const closes = [on(12 * MS, 'close', HOLDER, { handle: 'a' }), on(15 * MS, 'close', HOLDER, { handle: 'b' })];
  expect(await told([...opens, lease(MS, 'write'), line, ...closes], line)).toEqual(['recall', 1, 5 * MS]);
});

test('a downgrade does not help a writer; for it the time-out takes the lease, for a reader it leaves one for reading', async () => {
  const writer = open(2 * MS, ['write']);
  const downgrade = lease(6 * MS, 'read', { handle: 'again' });
  expect(await told([lease(MS, 'write'), writer, downgrade, release(9 * MS)], writer)).toEqual(['recall', 1, 7 * MS]);
  const [reader, later, last] = [open(SECOND), open(50 * SECOND), open(60 * SECOND, ['write', 'nowait'])];
  const replayed = await run([lease(MS, 'write'), reader, later, last]);
  expect([reader, later, last].map((line) => replayed.verdict('dax', line))).toEqual([
    'recall',
    'proceed',
    'deny EAGAIN',
  ]);
});

test('a wait for several leases is one for the last of them; all are asked back at once', async () => {
  const line = open(2 * SECOND, ['write']);
  const second = on(SECOND, 'lease', 30, { handle: 'm', flags: ['read'] });
  const lines = [lease(SECOND, 'read'), second, line, release(3 * SECOND)];
  const given = on(9 * SECOND, 'lease_release', 30, { handle: 'm' });
  expect(await told([...lines, given], line)).toEqual(['recall', 1, 7 * SECOND]);
  expect(await told(lines, line)).toEqual(['recall', 1, 45 * SECOND]);
});

test('lease_break_time_s is the kernel’s time; 0 is for ever', async () => {
  const line = open(2 * SECOND);
  const kept = [lease(SECOND, 'write'), line];
  expect(await told(kept, line, { settings: { lease_break_time_s: '2' } })).toEqual(['recall', 1, 2 * SECOND]);
  const replayed = await run(kept, { settings: { lease_break_time_s: '0' } });
  expect(replayed.lane('dax')).toMatchObject({ stillWaiting: 1 });
});

test('where the recorded run went on while the trace shows the lease, the kernel took it then', async () => {
  const line = open(2 * SECOND, ['write'], { ret: 0, ns: 1.02 * SECOND });
  expect(await told([lease(SECOND, 'write', { ret: 0 }), line], line)).toEqual(['recall', 1, 1.02 * SECOND]);
});

test('what the policy says is asked when the lease is gone: refused then, or made to wait once more', async () => {
  const seal = on(MS / 2, 'seal', 99);
  const line = truncate(2 * MS);
  const refused = await run([seal, lease(MS, 'read'), line, release(7 * MS)], {
    policies: ['ondisk'],
    sealRule: 'explicit',
  });
  expect(refused.verdict('ondisk', line)).toBe('deny ETXTBSY');
  expect(refused.lane('ondisk').wait).toMatchObject({ count: 1, totalNs: 5 * MS });
  expect(refused.map('ondisk', '/f')).toEqual(['0+16 written@100']);
  const pin = on(3 * MS, 'pin', HOLDER, { ...pages(0, 1), handle: 'p' });
  const unpin = on(11 * MS, 'unpin', HOLDER, { handle: 'p' });
  const pinned = await run([lease(MS, 'read'), line, pin, release(7 * MS), unpin]);
  expect(pinned.verdict('dax', line)).toBe('wait');
  expect(pinned.lane('dax').wait).toMatchObject({ count: 1, totalNs: 9 * MS });
  expect(pinned.map('dax', '/f')).toEqual(['0+4 written@100']);
});

test('closed time: what follows in the opener’s thread comes as much later', async () => {
  const punch = on(3 * MS, 'punch', OTHER, pages(0, 1));
  const replayed = await run([lease(MS, 'write'), open(2 * MS), punch, release(7 * MS)], { timing: 'closed' });
  expect(replayed.maps('dax', '/f', [4 * MS])).toEqual([['1+15 written@101']]);
  const closed = await run([lease(MS, 'write'), open(2 * MS, ['write']), truncate(3 * MS), release(7 * MS)], {
    timing: 'closed',
  });
  // The truncate comes when the open is over: nothing is in its way any more.
  expect(closed.lane('dax').byOp.truncate).toMatchObject({ proceed: 1, recall: 0 });
});

test('holders that wait for each other’s leases are found; in the end the kernel takes both', async () => {
  const lines = [
    ...written('/g', 4, 400),
    on(MS, 'lease', OTHER, { path: '/g', handle: 'g', flags: ['write'] }),
    lease(MS, 'write'),
    on(2 * MS, 'open', HOLDER, { path: '/g', flags: ['write'] }),
    open(3 * MS, ['write']),
    release(4 * MS),
    on(5 * MS, 'lease_release', OTHER, { path: '/g', handle: 'g' }),
  ];
  const { deadlocks, wait, stillWaiting } = (await run(lines, { timing: 'closed' })).lane('dax');
  expect([deadlocks, stillWaiting, wait.count]).toEqual([1, 0, 2]);
  expect([wait.maxNs, wait.totalNs]).toEqual([45 * SECOND, 90 * SECOND]);
});

test('a wait that a signal ended in the recording ends with it, unless the lease was given back before; the thread goes on', async () => {
  const line = open(2 * MS, ['write'], { ret: '-EINTR', ns: 3 * MS });
  const next = on(6 * MS, 'punch', OTHER, pages(0, 1));
  for (const timing of ['open', 'closed'] as const) {
    const replayed = await run([lease(MS, 'write'), line, next, release(9 * MS)], { timing });
    expect(replayed.lane('dax')).toMatchObject({ interrupted: 1, stillWaiting: 0, wait: { totalNs: 3 * MS } });
    expect(replayed.map('dax', '/f')).toEqual(['1+15 written@101']);
    const given = await run([lease(MS, 'write'), line, next, release(4 * MS)], { timing });
    expect(given.lane('dax')).toMatchObject({ interrupted: 0, wait: { totalNs: 2 * MS } });
  }
  // Linux 6.1: nothing but a signal ends a wait for pins (dax_wait=until-signal).
  const pin = on(MS, 'pin', HOLDER, { ...pages(0, 1), handle: 'p', flags: ['write'] });
  const cut = on(2 * MS, 'truncate', OTHER, { size: 4 * PAGE, ret: '-EINTR', ns: 5000 * MS });
  const asleep = await run([pin, cut, on(3 * MS, 'unpin', HOLDER, { handle: 'p' })], {
    settings: { dax_wait: 'until-signal' },
  });
  expect(asleep.lane('dax')).toMatchObject({ interrupted: 1, stillWaiting: 0, wait: { totalNs: 5000 * MS } });
});

test('the conflict names the lease, its holder and what it made of the opener', async () => {
  const replayed = await run([
    lease(MS, 'write', { comm: 'holder' }),
    open(2 * MS, [], { comm: 'opener' }),
    release(7 * MS),
  ]);
  const [conflict] = replayed.detail('dax').conflicts;
  expect(conflict).toMatchObject({
    ...{ op: 'open', verdict: 'recall', hold: 'lease', file: '/f', waitNs: 5 * MS, count: 1 },
    ...{ holdFromNs: MS, holdToNs: 7 * MS },
  });
});

test('a lease of the layout is none: only the policies that know it act on it', async () => {
  const line = open(2 * MS, ['write']);
  const layout = on(MS, 'lease', HOLDER, { handle: 'l', flags: ['exclusive'] });
  expect(await told([layout, line, release(7 * MS)], line)).toEqual(['proceed', 0, 0]);
  const change = truncate(3 * MS);
  expect((await told([layout, change, release(7 * MS)], change, {}, 'layout-user'))[0]).toBe('deny ETXTBSY');
});
