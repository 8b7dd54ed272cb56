// Operations that wait: for pins (seal-semantics section 4.1) and for leases (section 4.2).
import { describe, expect, test } from 'vitest';
import { type Line, pages, type Replayed, replayLines, written } from '../support/replay.js';

const file = written('/f', 16, 100);
const hold = (t: number, op: 'pin' | 'register', handle: string, range = pages(0, 1)): Line => ({
  t,
  op,
  pid: 10,
  path: '/f',
  ...range,
  handle,
});
const mmap = (t: number, handle = 'm', pid = 10): Line => ({
  t,
  op: 'mmap',
  pid,
  path: '/f',
  ...pages(0, 16),
  handle,
  flags: ['shared', 'writable', 'direct'],
});
const drop = (t: number, op: string, handle: string): Line => ({ t, op, pid: 10, handle });
const punch = (t: number, from = 8): Line => ({ t, op: 'punch', pid: 20, path: '/f', ...pages(from, 2) });
const write = (t: number, more: object = {}): Line => ({
  t,
  op: 'write',
  pid: 20,
  path: '/f',
  ...pages(0, 1),
  ...more,
});
const end = (t: number): Line => ({ t, op: 'fsync', pid: 99, path: '/other' });

const S = 1e9;
const PUNCHED = ['0+8 written@100', '10+6 written@110'];
const WHOLE = ['0+16 written@100'];
/** Waits of a lane, rounded by its histogram to a few parts in a thousand. */
const waited = (replayed: Replayed, policy: string): number => replayed.detail(policy).conflicts[0]!.waitNs;

describe.each(['dax', 'mapsync-pin'])('%s waits for pins', (policy) => {
  const only = { policies: [policy] };

  test('until the last pin of the file ends, on whatever range', async () => {
    const change = punch(2_000, 8);
    const pins = [hold(1_000, 'pin', 'p1'), hold(1_100, 'pin', 'p2', pages(15, 1))];
    const lines = [...file, ...pins, change, drop(5_000, 'unpin', 'p1'), drop(9_000, 'unpin', 'p2'), end(10_000)];
    const replayed = await replayLines(lines, only);
    expect(replayed.verdict(policy, change)).toBe('wait');
    expect(waited(replayed, policy)).toBe(7_000);
    expect(replayed.maps(policy, '/f', [1_999, 2_000, 8_999, 9_000])).toEqual([WHOLE, WHOLE, WHOLE, PUNCHED]);
  });

  test('its latency includes the wait; what does not change the map does not wait (ext4: no lock is kept)', async () => {
    const reader: Line = { t: 2_000, op: 'read', pid: 20, path: '/f', ...pages(0, 1) };
    const lines = [...file, hold(1_000, 'pin', 'p'), punch(2_000), reader, drop(2 * S, 'unpin', 'p')];
    const lane = (await replayLines(lines, { ...only, settings: { fs: 'ext4' } })).lane(policy);
    expect(lane.latency.punch!.maxNs).toBeGreaterThan(1.99 * S);
    expect(lane.latency.read!.maxNs).toBeLessThan(1e5);
    expect(lane.wait.count).toBe(1);
    expect(lane.wait.totalNs).toBe(2 * S - 2_000);
  });

  test('dax_wait=until-signal: the pin that ends does not wake it, a signal does (Linux 6.1)', async () => {
    const killed: Line = { t: 7_000, op: 'exit', pid: 20, flags: ['killed'] };
    const [asleep, late] = [punch(2_000), { ...punch(6_000, 0), pid: 30 }];
    const lines = [...file, hold(1_000, 'pin', 'p'), asleep, drop(5_000, 'unpin', 'p'), late, killed, end(10_000)];
    const signal = { ...only, settings: { dax_wait: 'until-signal' } };
    const [wakes, sleeps] = [await replayLines(lines, only), await replayLines(lines, signal)];
    expect([waited(wakes, policy), waited(sleeps, policy)]).toEqual([3_000, 5_000]);
    expect(wakes.map(policy, '/f')).toEqual(['2+6 written@102', '10+6 written@110']);
    // Who comes when the pin is gone need not sleep; what the sleeper wanted never happens.
    expect(sleeps.map(policy, '/f')).toEqual(['2+14 written@102']);
  });

  test('a recorded duration that holds the wait is not counted twice', async () => {
    const lines = [...file, hold(1_000, 'pin', 'p'), { ...punch(2_000), ns: 3 * S }, drop(2 * S, 'unpin', 'p')];
    const { maxNs } = (await replayLines(lines, only)).lane(policy).latency.punch!;
    expect(maxNs / S).toBeCloseTo(3, 1);
  });

  test('two changes wait side by side and take effect in their order', async () => {
    const grow: Line = { t: 3_000, op: 'fallocate', pid: 30, path: '/f', ...pages(8, 2) };
    const lines = [...file, hold(1_000, 'pin', 'p'), punch(2_000), grow, drop(9_000, 'unpin', 'p'), end(10_000)];
    const replayed = await replayLines(lines, only);
    expect(replayed.lane(policy).verdicts.wait).toBe(2);
    expect(replayed.map(policy, '/f', 8_999)).toEqual(WHOLE);
    expect(replayed.map(policy, '/f')[1]).toMatch(/^8\+2 unwritten@/);
  });

  test('a pin taken while it sleeps counts when it looks again; one gap lets it through (section 4.1, step 4)', async () => {
    const over = [hold(4_000, 'pin', 'p2'), drop(5_000, 'unpin', 'p1'), drop(9_000, 'unpin', 'p2')];
    const apart = [drop(5_000, 'unpin', 'p1'), hold(5_001, 'pin', 'p2'), drop(9_000, 'unpin', 'p2')];
    for (const [later, waitNs] of [
      [over, 7_000],
      [apart, 3_000],
    ] as const)
      for (const timing of ['open', 'closed'] as const) {
        const lines = [...file, hold(1_000, 'pin', 'p1'), punch(2_000), ...later, end(10_000)];
        expect(waited(await replayLines(lines, { ...only, timing }), policy)).toBe(waitNs);
      }
  });

  test('without an unpin it waits until the trace ends, and does nothing', async () => {
    const replayed = await replayLines([...file, hold(1_000, 'pin', 'p'), punch(2_000), end(50_000)], only);
    expect(waited(replayed, policy)).toBe(48_000);
    expect(replayed.map(policy, '/f')).toEqual(WHOLE);
    expect(replayed.lane(policy).verdicts.wait).toBe(1);
  });

  test('a holder that dies lets the waiter go on', async () => {
    const exit: Line = { t: 7_000, op: 'exit', pid: 10, flags: ['killed'] };
    const replayed = await replayLines([...file, hold(1_000, 'pin', 'p'), punch(2_000), exit, end(50_000)], only);
    expect(waited(replayed, policy)).toBe(5_000);
    expect(replayed.map(policy, '/f')).toEqual(PUNCHED);
  });

  test('blocks that the recording handed on meanwhile are not handed on here', async () => {
    const other: Line[] = [{ t: 0, op: 'file', path: '/other', size: 0 }];
    const reuse: Line = { t: 4_000, op: 'fallocate', pid: 30, path: '/other', ...pages(0, 2), addr: 108 * 4096 };
    const lines = [...file, ...other, hold(1_000, 'pin', 'p'), punch(2_000), reuse, drop(9_000, 'unpin', 'p')];
    const replayed = await replayLines(lines, only);
    expect(replayed.map(policy, '/other')).not.toEqual(['0+2 unwritten@108']);
    expect(replayed.lane(policy).diverged).toBe(1);
  });
});

test('a long-term registration makes mapsync-pin wait; dax has refused it', async () => {
  const change = punch(2_000);
  const lines = [...file, hold(1_000, 'register', 'r'), change, drop(9_000, 'deregister', 'r')];
  const replayed = await replayLines(lines, { policies: ['dax', 'mapsync-pin'] });
  expect(replayed.verdict('mapsync-pin', change)).toBe('wait');
  expect(waited(replayed, 'mapsync-pin')).toBe(7_000);
  expect(replayed.verdict('dax', change)).toBe('proceed');
});

describe('mapdirect-lease', () => {
  const lease = { policies: ['mapdirect-lease'] };
  const lane = 'mapdirect-lease';

  test('a change waits until the last holder unmaps', async () => {
    const change = punch(2_000);
    const lines = [
      ...file,
      mmap(1_000),
      mmap(1_100, 'm2', 11),
      change,
      drop(5_000, 'munmap', 'm'),
      drop(9_000, 'munmap', 'm2'),
    ];
    const replayed = await replayLines(lines, lease);
    expect(replayed.verdict(lane, change)).toBe('recall');
    expect(waited(replayed, lane)).toBe(7_000);
    expect(replayed.maps(lane, '/f', [8_999, 9_000])).toEqual([WHOLE, PUNCHED]);
    expect(replayed.detail(lane).seals.map((seal) => seal.endedBy)).toEqual(['release', 'release']);
  });

  test('a plain write in place breaks the lease as well', async () => {
    const replayed = await replayLines([...file, mmap(1_000), write(2_000), drop(5_000, 'munmap', 'm')], lease);
    expect(waited(replayed, lane)).toBe(3_000);
  });

  test('a holder that does not answer loses it after lease_break_time_s', async () => {
    const after = write(4 * S);
    const lines = [...file, mmap(1_000), punch(S), after, drop(9 * S, 'munmap', 'm')];
    const replayed = await replayLines(lines, { ...lease, settings: { lease_break_time_s: '2' } });
    expect(waited(replayed, lane)).toBe(2 * S);
    expect(replayed.detail(lane).seals[0]).toMatchObject({ toNs: 3 * S, endedBy: 'break' });
    expect(replayed.maps(lane, '/f', [3 * S - 1, 3 * S])).toEqual([WHOLE, PUNCHED]);
    expect(replayed.verdict(lane, after)).toBe('proceed');
  });

  test('the time runs from the first break: a second breaker waits for the rest', async () => {
    const second: Line = { ...write(2.5 * S), pid: 30 };
    const lines = [...file, mmap(1_000), punch(S), second, drop(9 * S, 'munmap', 'm')];
    const replayed = await replayLines(lines, { ...lease, settings: { lease_break_time_s: '2' } });
    expect(replayed.detail(lane).conflicts.map((c) => c.waitNs)).toEqual([2 * S, 0.5 * S]);
  });

  test('45 s unless told otherwise; 0 is for ever', async () => {
    const lines = [...file, mmap(1_000), punch(S), end(100 * S)];
    const usual = await replayLines(lines, lease);
    expect(waited(usual, lane)).toBe(45 * S);
    const forEver = await replayLines(lines, { ...lease, settings: { lease_break_time_s: '0' } });
    expect(waited(forEver, lane)).toBe(99 * S);
    expect(forEver.map(lane, '/f')).toEqual(WHOLE);
    expect(forEver.detail(lane).seals[0]!.toNs).toBe(-1);
  });

  test('who must not wait gets EAGAIN, and the break starts all the same', async () => {
    const impatient = write(S, { flags: ['nowait'] });
    const [during, after] = [write(2 * S), write(4 * S, { flags: ['nowait'] })];
    const lines = [...file, mmap(1_000), impatient, during, after, end(9 * S)];
    const replayed = await replayLines(lines, { ...lease, settings: { lease_break_time_s: '2' } });
    expect(replayed.verdict(lane, impatient)).toBe('deny EAGAIN');
    expect(replayed.detail(lane).seals[0]).toMatchObject({ toNs: 3 * S, endedBy: 'break' });
    expect(replayed.detail(lane).conflicts.find((c) => c.verdict === 'recall')!.waitNs).toBe(S);
    expect(replayed.verdict(lane, after)).toBe('proceed');
  });

  test('nothing to break: no wait, and NOWAIT succeeds', async () => {
    const [patient, impatient] = [write(1_000), write(2_000, { flags: ['nowait'] })];
    const replayed = await replayLines([...file, patient, impatient], lease);
    expect([patient, impatient].map((line) => replayed.verdict(lane, line))).toEqual(['proceed', 'proceed']);
    expect(replayed.lane(lane).wait.count).toBe(0);
  });
});

describe('a call on two files', () => {
  const both = [...file, ...written('/g', 16, 300)];
  const exchange: Line = { t: S, op: 'exchange', pid: 20, path: '/f', ...pages(0, 1), to: { path: '/g', off: 0 } };

  test('waits for the pins of both', async () => {
    const other: Line = { ...hold(0, 'pin', 'b'), path: '/g' };
    const lines = [...both, hold(0, 'pin', 'a'), other, exchange, drop(2 * S, 'unpin', 'a'), drop(5 * S, 'unpin', 'b')];
    const replayed = await replayLines([...lines, end(9 * S)], { policies: ['dax'] });
    expect(replayed.lane('dax').wait).toMatchObject({ count: 1, totalNs: 4 * S });
  });

  test('breaks the leases of both', async () => {
    const lines = [...both, mmap(0), { ...mmap(0, 'n', 11), path: '/g' }, exchange, end(20 * S)];
    const settings = { lease_break_time_s: '2' };
    const replayed = await replayLines(lines, { policies: ['mapdirect-lease'], settings });
    expect(replayed.lane('mapdirect-lease').seals).toMatchObject({ opened: 2, closed: 2 });
  });
});
