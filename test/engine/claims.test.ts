// Claims that a trace names: layouts, layout leases, swap files, address queries; how long they live and what they leave.
// Lifetimes and recalls: seal-semantics sections 4.2 and 5; notes 9 and 17; replay reference, section 3.
import { describe, expect, test } from 'vitest';
import { type Line, PAGE, pages, type Replayed, replayLines, written } from '../support/replay.js';

const CLIENT = 10;
const SERVER = 20;
const file = written('/f', 16, 100);
const other = written('/g', 4, 300);
const SECOND = 1e9;

const on = (t: number, op: string, pid = CLIENT, more: object = {}): Line => ({ t, op, pid, path: '/f', ...more });
const punch = (t: number, pid = SERVER): Line => on(t, 'punch', pid, pages(8, 1));
const mmap = (t: number, handle = 'm'): Line =>
  on(t, 'mmap', CLIENT, { ...pages(0, 16), handle, flags: ['shared', 'writable'] });
const register = (t: number, handle = 'r', pid = CLIENT): Line => on(t, 'register', pid, { ...pages(0, 4), handle });
const end = (t: number): Line => ({ t, op: 'fsync', pid: 99, path: '/g' });

const life = (replayed: Replayed, policy: string): string =>
  replayed
    .detail(policy)
    .seals.map(({ kind, fromNs, toNs, endedBy, orphaned }) =>
      `${kind} ${fromNs}-${toNs} ${endedBy}${orphaned ? ' orphaned' : ''}`.trim(),
    )
    .join(', ');

describe('pnfs-layout', () => {
  const run = (lines: readonly Line[], settings: Readonly<Record<string, string>> = {}) =>
    replayLines([...file, ...other, ...lines], { policies: ['pnfs-layout'], sealRule: 'explicit', settings });
  const get = on(1_000, 'layout_get', CLIENT, { handle: 'l' });
  const giveBack = (t: number): Line => on(t, 'layout_return', CLIENT, { handle: 'l' });

  test('the server notices at its next look, 10 ms apart, that the layout is back', async () => {
    const late = await run([get, punch(2_000), giveBack(14_000_000), end(100_000_000)]);
    expect(late.lane('pnfs-layout').wait).toMatchObject({ count: 1, totalNs: 20_000_000 });
    expect(life(late, 'pnfs-layout')).toBe('layout 1000-14000000 release');
  });

  test('a client that keeps it is fenced after 180 s, and later comers wait for the rest of that time', async () => {
    const [first, second, after] = [punch(SECOND), punch(101 * SECOND), punch(182 * SECOND)];
    const kept = await run([get, first, second, after, end(300 * SECOND)]);
    expect([first, second, after].map((line) => kept.verdict('pnfs-layout', line))).toEqual([
      'recall',
      'recall',
      'proceed',
    ]);
    expect(kept.lane('pnfs-layout').wait).toMatchObject({ count: 2, totalNs: 260 * SECOND });
    expect(life(kept, 'pnfs-layout')).toBe(`layout 1000-${181 * SECOND} break`);
  });

  test('the exit of a client process does not end the layout, its return does', async () => {
    const gone = on(5_000, 'exit', CLIENT);
    const [held, free] = [punch(6_000), punch(30_000_000)];
    const replayed = await run([get, gone, held, giveBack(9_000), free, end(40_000_000)]);
    expect([held, free].map((line) => replayed.verdict('pnfs-layout', line))).toEqual(['recall', 'proceed']);
  });

  test('on ext4 no layout is granted', async () => {
    const line = punch(2_000);
    const replayed = await run([get, line, end(50_000_000)], { fs: 'ext4' });
    expect(replayed.verdict('pnfs-layout', line)).toBe('proceed');
    expect(life(replayed, 'pnfs-layout')).toBe('');
  });

  test('reflinked files get none', async () => {
    const shared = { t: 500, op: 'extent', path: '/f', ...pages(0, 1), addr: 100 * PAGE, state: 'shared' };
    const twin = { t: 500, op: 'extent', path: '/g', ...pages(0, 1), addr: 100 * PAGE, state: 'shared' };
    const line = punch(2_000);
    const replayed = await run([shared, twin, get, line, end(50_000_000)]);
    expect([get, line].map((one) => replayed.verdict('pnfs-layout', one))).toEqual(['deny EOPNOTSUPP', 'proceed']);
  });

  test('a layout that a rule put at a mapping ends with it, at the latest at exit', async () => {
    const [held, free] = [punch(3_000), punch(40_000_000)];
    const lines = [mmap(500), register(600), held, on(20_000_000, 'exit', CLIENT), free, end(80_000_000)];
    const replayed = await replayLines([...file, ...other, ...lines], { policies: ['pnfs-layout'] });
    expect([held, free].map((line) => replayed.verdict('pnfs-layout', line))).toEqual(['recall', 'proceed']);
    expect(life(replayed, 'pnfs-layout')).toBe('layout 500-20000000 exit');
  });

  test('a client that is not fenced goes on writing to blocks that are another file’s by then', async () => {
    const change = { ...punch(SECOND), ...pages(0, 4) };
    const reuse = { t: 190 * SECOND, op: 'write', pid: SERVER, path: '/new', ...pages(0, 4), addr: 100 * PAGE };
    const store = on(200 * SECOND, 'dma_write', CLIENT, { ...pages(0, 4), handle: 'l' });
    const lines = [get, change, reuse, store, end(300 * SECOND)];
    const hazards = async (helper: string) =>
      (await run(lines, { 'pnfs.block_fence_helper': helper })).lane('pnfs-layout').hazards;
    expect(await hazards('true')).toMatchObject({ count: 0 });
    expect(await hazards('false')).toMatchObject({ count: 1, byClass: { a: 0, b: 0, c: 1, d: 0 } });
  });

  test('a layout of the trace is not asked for twice by the seal rule', async () => {
    const lines = [...file, ...other, mmap(500), register(600), get, giveBack(9_000), end(20_000)];
    const replayed = await replayLines(lines, { policies: ['pnfs-layout'] });
    expect(life(replayed, 'pnfs-layout')).toBe('layout 1000-9000 release');
  });
});

describe('layout-user', () => {
  const run = (lines: readonly Line[], sealRule = 'explicit', settings: Readonly<Record<string, string>> = {}) =>
    replayLines([...file, ...other, ...lines], { policies: ['layout-user'], sealRule, settings });
  const lease = on(1_000, 'lease', CLIENT, { handle: 'l', flags: ['exclusive'] });
  const release = on(5_000, 'lease_release', CLIENT, { handle: 'l' });

  test('who has the lease deadlocks, others are refused; without a lease there is no long-term pin', async () => {
    const [theirs, own] = [punch(2_000), punch(3_000, CLIENT)];
    const [stranger, holder] = [register(2_500, 's', SERVER), register(3_500)];
    const replayed = await run([lease, theirs, stranger, own, holder, end(9_000)]);
    const verdicts = [theirs, own, stranger, holder].map((line) => replayed.verdict('layout-user', line));
    expect(verdicts).toEqual(['deny ETXTBSY', 'deny EDEADLK', 'deny EPERM', 'proceed']);
  });

  test('a lease given back stays until the last pin of the file is gone', async () => {
    const deregister = on(7_000, 'deregister', CLIENT, { handle: 'r' });
    const [before, between, after] = [punch(2_000), punch(6_000), punch(8_000)];
    const lines = [lease, before, register(3_000), release, between, deregister, after, end(9_000)];
    const verdicts = (replayed: Replayed) =>
      [before, between, after].map((line) => replayed.verdict('layout-user', line));
    const stays = await run(lines);
    expect(verdicts(stays)).toEqual(['deny ETXTBSY', 'deny ETXTBSY', 'proceed']);
    expect(life(stays, 'layout-user')).toBe('lease 1000-7000 release');
    const ends = await run(lines, 'explicit', { lease_until_last_pin: 'false' });
    expect(verdicts(ends)).toEqual(['deny ETXTBSY', 'proceed', 'proceed']);
    expect(life(ends, 'layout-user')).toBe('lease 1000-5000 release');
  });

  test('without a pin it ends when it is given back; at exit it ends whatever is pinned', async () => {
    expect(life(await run([lease, release, end(9_000)]), 'layout-user')).toBe('lease 1000-5000 release');
    const gone = await run([lease, register(3_000), on(6_000, 'exit', CLIENT, { flags: ['killed'] }), end(9_000)]);
    expect(life(gone, 'layout-user')).toBe('lease 1000-6000 exit');
  });

  test('a lease for reading only is no claim on the layout', async () => {
    const line = punch(2_000);
    const reading = { ...lease, flags: ['read'] };
    expect((await run([reading, line, end(9_000)])).verdict('layout-user', line)).toBe('proceed');
  });

  test('by rule: from before the mapping until the last of mappings and device holds, munmap is not the end', async () => {
    const munmap = on(4_000, 'munmap', CLIENT, { handle: 'm' });
    const deregister = on(6_000, 'deregister', CLIENT, { handle: 'r' });
    const between = punch(5_000);
    const replayed = await run([mmap(1_000), register(2_000), munmap, between, deregister, end(9_000)], 'dma');
    expect(life(replayed, 'layout-user')).toBe('lease 1000-6000 release');
    expect(replayed.verdict('layout-user', between)).toBe('deny ETXTBSY');
    expect(replayed.lane('layout-user').journalCommits).toBe(0);
  });
});

test.each(['mapdirect', 'mapdirect-lease'])('%s: pins_extend_seal keeps the seal for a region', async (policy) => {
  const direct = { ...mmap(1_000), flags: ['shared', 'writable', 'direct'] };
  const munmap = on(4_000, 'munmap', CLIENT, { handle: 'm' });
  const deregister = on(6_000, 'deregister', CLIENT, { handle: 'r' });
  const [before, between, after] = [punch(3_000), punch(5_000), punch(7_000)];
  const lines = [direct, register(2_000), before, munmap, between, deregister, after, end(9_000)];
  const run = (pins_extend_seal: string) =>
    replayLines([...file, ...other, ...lines], { policies: [policy], settings: { pins_extend_seal } });
  const verdicts = (replayed: Replayed) => [before, between, after].map((line) => replayed.verdict(policy, line));
  const inTheWay = policy === 'mapdirect' ? 'deny ETXTBSY' : 'recall';
  const [ends, stays] = [await run('false'), await run('true')];
  expect(verdicts(ends)).toEqual([inTheWay, 'proceed', 'proceed']);
  expect(verdicts(stays)).toEqual([inTheWay, inTheWay, 'proceed']);
  expect(life(stays, policy)).toMatch(/ 1000-6000 release$/);
  if (policy === 'mapdirect-lease') {
    expect(ends.lane(policy).wait).toMatchObject({ count: 1, totalNs: 1_000 });
    expect(stays.lane(policy).wait).toMatchObject({ count: 2, totalNs: 4_000 });
  }
});

describe('swap', () => {
  test('swapon of the trace is the seal; the exit of who called it is not the end', async () => {
    const swapon = on(1_000, 'swapon', CLIENT, { handle: 's' });
    const swapoff = on(6_000, 'swapoff', SERVER, { handle: 's' });
    const [held, free] = [punch(5_000), punch(7_000)];
    const lines = [...file, ...other, swapon, on(3_000, 'exit', CLIENT), held, swapoff, free, end(9_000)];
    const replayed = await replayLines(lines, { policies: ['swap'] });
    expect([held, free].map((line) => replayed.verdict('swap', line))).toEqual(['deny ETXTBSY', 'proceed']);
    expect(life(replayed, 'swap')).toBe('swap 1000-6000 release');
  });

  test('swapon refuses a hole and a shared block, not an unwritten one', async () => {
    const swapon = on(1_000, 'swapon', CLIENT, { handle: 's' });
    const attempt = async (lines: readonly Line[]) => {
      const replayed = await replayLines([...lines, ...other, swapon, end(9_000)], { policies: ['swap', 'dax'] });
      expect(replayed.verdict('dax', swapon)).toBe('proceed');
      return `${replayed.verdict('swap', swapon)}, ${replayed.detail('swap').seals[0]!.failure}`;
    };
    const extent = (state: string): Line[] => [
      { t: 0, op: 'file', path: '/f', size: 4 * PAGE },
      { t: 0, op: 'extent', path: '/f', ...pages(0, 4), addr: 100 * PAGE, state },
    ];
    expect(await attempt([{ t: 0, op: 'file', path: '/f', size: 4 * PAGE }])).toBe('deny EINVAL, EINVAL');
    expect(await attempt(extent('shared'))).toBe('deny EINVAL, EINVAL');
    expect(await attempt(extent('unwritten'))).toBe('proceed, ');
  });

  test('by rule a swapon is put before the mapping, which is then refused', async () => {
    const map = mmap(1_000);
    const replayed = await replayLines([...file, ...other, map, register(2_000), end(9_000)], { policies: ['swap'] });
    expect(replayed.verdict('swap', map)).toBe('deny ETXTBSY');
    expect(life(replayed, 'swap')).toBe('swap 1000--1');
  });
});

describe('static-map', () => {
  const query = on(1_000, 'address_query', CLIENT, { ...pages(0, 4), handle: 'q' });
  const access = (t: number): Line => on(t, 'dma_write', CLIENT, { ...pages(0, 4), handle: 'q' });
  const reuse: Line[] = [
    { t: 3_000, op: 'punch', pid: SERVER, path: '/f', ...pages(0, 4) },
    { t: 3_500, op: 'write', pid: SERVER, path: '/new', ...pages(0, 4), addr: 100 * PAGE },
  ];

  test('a device goes by an older copy: it writes into the file that has the blocks now, also after the exit', async () => {
    const lines = [...file, ...other, query, access(2_000), ...reuse, on(4_000, 'exit', CLIENT), access(5_000)];
    const replayed = await replayLines([...lines, end(9_000)], { policies: ['static-map', 'dax'] });
    const { hazards, verdicts } = replayed.lane('static-map');
    expect(hazards).toMatchObject({ count: 1, bytes: 4 * PAGE, byClass: { a: 0, b: 0, c: 1, d: 0 } });
    expect(verdicts).toMatchObject({ wait: 0, recall: 0, revoke: 0, deny: 0 });
    // Nobody keeps a copy there, so that there is no access either.
    expect(replayed.lane('dax').hazards.count).toBe(0);
  });
});

describe('famfs', () => {
  const run = (lines: readonly Line[]) =>
    replayLines([...file, ...other, ...lines, end(9_000)], { policies: ['famfs'] });

  test('a resized file answers every access with EIO until the next mount (note 9)', async () => {
    const accesses = (t: number): Line[] => [
      on(t, 'read', CLIENT, pages(0, 1)),
      on(t + 1, 'write', CLIENT, pages(0, 1)),
      on(t + 2, 'write_fault', CLIENT, pages(0, 1)),
    ];
    const [before, spoiled, mounted] = [accesses(1_000), accesses(3_000), accesses(5_000)];
    const resize = on(2_000, 'truncate', SERVER, { size: 8 * PAGE });
    const replayed = await run([...before, resize, ...spoiled, { t: 4_000, op: 'mount', pid: 1 }, ...mounted]);
    const verdicts = (lines: readonly Line[]) => lines.map((line) => replayed.verdict('famfs', line));
    expect(verdicts([resize])).toEqual(['proceed']);
    expect(verdicts(before)).toEqual(['proceed', 'proceed', 'proceed']);
    expect(verdicts(spoiled)).toEqual(['deny EIO', 'deny EIO', 'deny SIGBUS']);
    expect(verdicts(mounted)).toEqual(['proceed', 'proceed', 'proceed']);
    expect(replayed.lane('famfs').seals.opened).toBe(0);
  });

  test('an open with O_TRUNC is a resize', async () => {
    const read = on(3_000, 'read', CLIENT, pages(0, 1));
    const replayed = await run([on(2_000, 'open', SERVER, { flags: ['write', 'trunc'] }), read]);
    expect(replayed.verdict('famfs', read)).toBe('deny EIO');
  });

  test('a truncate to the same size spoils nothing', async () => {
    const read = on(3_000, 'read', CLIENT, pages(0, 1));
    const replayed = await run([on(2_000, 'truncate', SERVER, { size: 16 * PAGE }), read]);
    expect(replayed.verdict('famfs', read)).toBe('proceed');
  });
});

test('claims need no handle: the release ends the newest of its kind by this process on this file', async () => {
  const [held, free] = [punch(3_000), punch(50_000_000)];
  const lines = [on(1_000, 'layout_get'), held, on(20_000_000, 'layout_return'), free, end(60_000_000)];
  const replayed = await replayLines([...file, ...other, ...lines], { policies: ['pnfs-layout'] });
  expect([held, free].map((line) => replayed.verdict('pnfs-layout', line))).toEqual(['recall', 'proceed']);
  expect(replayed.trace.issues).toEqual([]);
});

test('a lease that nobody can hold under this policy does not stand in for a MAP_DIRECT mapping', async () => {
  const lease = on(1_000, 'lease', CLIENT, { handle: 'l' });
  const flags = ['shared', 'writable', 'direct'];
  const map = on(2_000, 'mmap', CLIENT, { ...pages(0, 16), handle: 'm', flags });
  const replayed = await replayLines([...file, ...other, lease, map, end(9_000)], { policies: ['mapdirect-lease'] });
  expect(replayed.lane('mapdirect-lease').seals).toMatchObject({ opened: 1, aliveAtEnd: 1 });
});

test('a layout lease that was called for without a descriptor goes with its process', async () => {
  const lines = [...file, ...other, on(1_000, 'seal', CLIENT), on(2_000, 'exit', CLIENT), end(9_000)];
  const lane = (await replayLines(lines, { policies: ['layout-user'], sealRule: 'explicit' })).lane('layout-user');
  expect(lane.seals).toMatchObject({ opened: 1, closed: 1 });
});
