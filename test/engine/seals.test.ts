// The life of a seal: seal-semantics section 5, and where a seal rule puts it (replay reference, section 3).
import { describe, expect, test } from 'vitest';
import type { SealLife } from '../../src/results/types.js';
import { type Line, pages, type Replayed, type ReplayOptions, replayLines, written } from '../support/replay.js';

const A = 10;
const B = 20;
const TRANSIENT = ['mapdirect', 'mapdirect-lease'] as const;
const three = (more: ReplayOptions = {}): ReplayOptions => ({ policies: ['ondisk', ...TRANSIENT], ...more });

const file = written('/f', 16, 100);
const mmap = (t: number, handle = 'm', pid = A, flags: readonly string[] = []): Line => ({
  t,
  op: 'mmap',
  pid,
  path: '/f',
  ...pages(0, 16),
  handle,
  flags: ['shared', 'writable', ...flags],
});
const register = (t: number, handle = 'r', pid = A): Line => ({
  t,
  op: 'register',
  pid,
  path: '/f',
  ...pages(0, 4),
  handle,
});
const drop = (t: number, op: string, handle: string, more: object = {}): Line => ({ t, op, pid: A, handle, ...more });
/** Refused while the file is sealed; in a lane with a lease, `wait` and `recall` show it. */
const attempt = (t: number): Line => ({ t, op: 'punch', pid: 30, path: '/f', ...pages(8, 1) });
const end = (t: number): Line => ({ t, op: 'fsync', pid: 99, path: '/f' });

const seals = (replayed: Replayed, policy: string): readonly SealLife[] => replayed.detail(policy).seals;
const life = (replayed: Replayed, policy: string): string =>
  seals(replayed, policy)
    .map((s) =>
      [`${s.fromNs}-${s.toNs}`, s.endedBy, s.orphaned ? 'orphaned' : ''].filter((word) => word !== '').join(' '),
    )
    .join(', ');

describe('transient seals', () => {
  test.each(TRANSIENT)('%s: a part unmapped is not the end, the rest is', async (policy) => {
    const lines = [...file, mmap(10, 'm', A, ['direct'])];
    const part = drop(20, 'munmap', 'm', pages(0, 8));
    const rest = drop(40, 'munmap', 'm', pages(8, 8));
    const [between, after] = [attempt(30), attempt(50)];
    const replayed = await replayLines([...lines, part, between, rest, after], three());
    expect(life(replayed, policy)).toBe('10-40 release');
    expect(replayed.verdict(policy, between)).toBe(policy === 'mapdirect' ? 'deny ETXTBSY' : 'recall');
    expect(replayed.verdict(policy, after)).toBe('proceed');
  });

  test.each(TRANSIENT)('%s: two mappings are two seals, and the file is free after both', async (policy) => {
    const [first, last] = [attempt(35), attempt(45)];
    const both = [mmap(10, 'm1', A, ['direct']), mmap(20, 'm2', B, ['direct'])];
    const lines = [...file, ...both, drop(30, 'munmap', 'm1'), first, drop(40, 'munmap', 'm2'), last];
    const replayed = await replayLines(lines, three());
    expect(life(replayed, policy)).toBe('10-30 release, 20-40 release');
    expect(replayed.verdict(policy, first)).toBe(policy === 'mapdirect' ? 'deny ETXTBSY' : 'recall');
    expect(replayed.verdict(policy, last)).toBe('proceed');
  });

  test.each(TRANSIENT)('%s: the copy of a forked child counts after the parent is gone', async (policy) => {
    const fork: Line = { t: 20, op: 'fork', pid: A, child: B };
    const child = mmap(20, 'child', B, ['direct']);
    const tried = attempt(35);
    const lines = [
      ...file,
      mmap(10, 'm', A, ['direct']),
      fork,
      child,
      { t: 30, op: 'exit', pid: A },
      tried,
      { t: 40, op: 'exit', pid: B },
    ];
    const replayed = await replayLines(lines, three());
    expect(life(replayed, policy)).toBe('10-30 exit, 20-40 exit');
    expect(replayed.verdict(policy, tried)).not.toBe('proceed');
  });

  test.each(TRANSIENT)('%s: gone with a killed process, nothing left after a crash', async (policy) => {
    const lines = [
      ...file,
      mmap(10, 'm', A, ['direct']),
      { t: 30, op: 'exit', pid: A, flags: ['killed'] },
      attempt(40),
    ];
    const replayed = await replayLines(lines, three());
    expect(life(replayed, policy)).toBe('10-30 exit');
    expect(replayed.lane(policy).seals).toEqual({
      opened: 1,
      closed: 1,
      aliveAtEnd: 0,
      orphaned: 0,
      leftAfterCrash: 0,
      failed: 0,
    });
  });

  test('the registration outlives the mapping, the seal does not; mapsync-pin is the other way round', async () => {
    const tried = attempt(30);
    const lines = [...file, mmap(10), register(15), drop(20, 'munmap', 'm'), tried, drop(40, 'deregister', 'r')];
    const replayed = await replayLines(lines, { policies: [...TRANSIENT, 'mapsync-pin'] });
    for (const policy of TRANSIENT) expect(life(replayed, policy)).toBe('10-20 release');
    expect(life(replayed, 'mapsync-pin')).toBe('15-40 release');
    expect(replayed.verdict('mapsync-pin', tried)).toBe('wait');
  });

  test('closing the descriptor changes nothing', async () => {
    const tried = attempt(30);
    const open: Line = { t: 5, op: 'open', pid: A, path: '/f', handle: 'fd' };
    const lines = [
      ...file,
      open,
      mmap(10, 'm', A, ['direct']),
      drop(20, 'close', 'fd'),
      tried,
      drop(40, 'munmap', 'm'),
    ];
    const replayed = await replayLines(lines, three());
    for (const policy of TRANSIENT) expect(life(replayed, policy)).toBe('10-40 release');
    expect(replayed.verdict('mapdirect', tried)).toBe('deny ETXTBSY');
  });
});

describe('the on-disk seal', () => {
  const held = [...file, mmap(10), register(15), drop(20, 'deregister', 'r'), drop(25, 'munmap', 'm')];

  test.each([
    ['never', '10--1', 'deny ETXTBSY', 'deny ETXTBSY'],
    ['last-release', '10-25 release', 'proceed', 'proceed'],
    ['idle:50ns', '10-75 unseal', 'deny ETXTBSY', 'proceed'],
  ])('unseal %s: %s', async (unseal, expected, soon, later) => {
    const [first, second] = [attempt(40), attempt(100)];
    const replayed = await replayLines([...held, first, second], three({ unseal }));
    expect(life(replayed, 'ondisk')).toBe(expected);
    expect([replayed.verdict('ondisk', first), replayed.verdict('ondisk', second)]).toEqual([soon, later]);
  });

  test('idle time starts anew with each use, and a seal that timed out is called again', async () => {
    const lines = [...held, mmap(60, 'm2'), register(61, 'r2'), drop(90, 'deregister', 'r2'), drop(95, 'munmap', 'm2')];
    const again = [mmap(200, 'm3'), register(201, 'r3'), end(300)];
    const replayed = await replayLines([...lines, ...again], three({ unseal: 'idle:50ns' }));
    expect(life(replayed, 'ondisk')).toBe('10-145 unseal, 200--1');
  });

  test('a seal that timed out does not stand in the way of the second file of a call either', async () => {
    const clone: Line = { t: 100, op: 'reflink', pid: B, path: '/src', ...pages(0, 1), to: { path: '/f', off: 0 } };
    const replayed = await replayLines([...written('/src', 1, 300), ...held, clone], three({ unseal: 'idle:50ns' }));
    expect(replayed.verdict('ondisk', clone)).toBe('proceed');
  });

  test.each([
    ['exit', [], false, '10-50 release'],
    ['SIGKILL', ['killed'], true, '10--1 orphaned'],
  ])('%s of the holder, unseal last-release', async (_how, flags, left, expected) => {
    const lines = [...file, mmap(10), register(15), { t: 50, op: 'exit', pid: A, flags }, attempt(60)];
    const replayed = await replayLines(lines, three({ unseal: 'last-release' }));
    expect(life(replayed, 'ondisk')).toBe(expected);
    const n = left ? 1 : 0;
    expect(replayed.lane('ondisk').seals).toMatchObject({ aliveAtEnd: n, orphaned: n, leftAfterCrash: n });
    expect(replayed.lane('ondisk').byOp.punch![left ? 'deny' : 'proceed']).toBe(1);
  });

  test('one user killed, another alive: not orphaned until that one goes', async () => {
    const users = [mmap(10), register(15), mmap(20, 'm2', B), register(25, 'r2', B)];
    const killed: Line = { t: 50, op: 'exit', pid: A, flags: ['killed'] };
    const more: Line[] = [{ t: 60, op: 'exit', pid: B }];
    const alive = await replayLines([...file, ...users, killed, end(90)], three({ unseal: 'last-release' }));
    expect(life(alive, 'ondisk')).toBe('10--1');
    const gone = await replayLines([...file, ...users, killed, ...more, end(90)], three({ unseal: 'last-release' }));
    expect(life(gone, 'ondisk')).toBe('10-60 release');
  });

  test('munmap, close and exit of others leave it; an explicit unseal ends it, also for an orphan', async () => {
    const seal: Line = { t: 10, op: 'seal', pid: A, path: '/f' };
    const unseal: Line = { t: 70, op: 'unseal', pid: B, path: '/f' };
    const [before, after] = [attempt(60), attempt(80)];
    const users = [mmap(20, 'm', A, ['direct']), { t: 50, op: 'exit', pid: A, flags: ['killed'] }];
    const replayed = await replayLines(
      [...file, seal, ...users, before, unseal, after],
      three({ sealRule: 'explicit' }),
    );
    expect(life(replayed, 'ondisk')).toBe('10-70 unseal');
    expect([replayed.verdict('ondisk', before), replayed.verdict('ondisk', after)]).toEqual([
      'deny ETXTBSY',
      'proceed',
    ]);
    expect(replayed.lane('ondisk').seals.orphaned).toBe(0);
    // The transient policies know no such calls.
    expect(life(replayed, 'mapdirect')).toBe('20-50 exit');
  });
});

describe('what the seal call does to the file', () => {
  const mixed: Line[] = [
    { t: 0, op: 'file', path: '/f', size: 6 * 4096 },
    { t: 0, op: 'extent', path: '/f', ...pages(0, 1), addr: 100 * 4096 },
    { t: 0, op: 'extent', path: '/f', ...pages(1, 1), addr: 101 * 4096, state: 'unwritten' },
    { t: 0, op: 'extent', path: '/f', ...pages(3, 1), addr: 103 * 4096, state: 'shared' },
  ];

  test('fills, converts and unshares, at a price; a plain file costs less, the others nothing', async () => {
    const lines = [...mixed, mmap(10), register(20), end(30)];
    const replayed = await replayLines(lines, three());
    const map = replayed.map('ondisk', '/f');
    expect(map.map((extent) => extent.replace(/@.*/, '')).join(' ')).not.toMatch(/unwritten|shared/);
    expect(map.reduce((sum, extent) => sum + Number(/\+(\d+)/.exec(extent)![1]), 0)).toBe(6);
    expect(map[0]).toBe('0+2 written@100');
    expect(replayed.map('ondisk', '/f', 9)).toEqual(replayed.map('mapdirect', '/f'));
    const plain = await replayLines([...file, mmap(10), register(20), end(30)], three());
    const cost = (r: Replayed, policy: string): number => seals(r, policy)[0]!.costNs;
    expect(cost(replayed, 'ondisk')).toBeGreaterThan(cost(plain, 'ondisk') + 100_000);
    expect(cost(plain, 'ondisk')).toBeGreaterThan(0);
    expect(cost(replayed, 'mapdirect')).toBe(0);
    // Whoever maps the file pays for it.
    const latency = (policy: string): number => replayed.lane(policy).latency.mmap!.maxNs;
    expect(latency('ondisk') - latency('mapdirect')).toBeGreaterThanOrEqual(cost(replayed, 'ondisk') * 0.99);
  });
});

describe('seal rules', () => {
  const mapped = [...file, mmap(10), { t: 20, op: 'write_fault', pid: A, path: '/f', ...pages(0, 1) }];

  test.each([
    ['explicit', 0],
    ['dma', 0],
    ['mapped', 1],
    ['files:*.db', 0],
    ['files:f', 1],
    ['files:/f', 1],
  ])('an ordinary shared writable mapping under %s: %i seals', async (sealRule, count) => {
    const replayed = await replayLines([...mapped, end(40)], three({ sealRule }));
    for (const policy of ['ondisk', ...TRANSIENT]) expect(seals(replayed, policy).length, policy).toBe(count);
  });

  test('dma puts the seal before the earliest mapping alive, through which a device holds later', async () => {
    const lines = [...file, mmap(10, 'first'), mmap(20, 'second'), drop(30, 'munmap', 'first'), register(40), end(50)];
    const replayed = await replayLines(lines, three());
    expect(life(replayed, 'ondisk')).toBe('10--1');
    expect(life(replayed, 'mapdirect')).toBe('20--1');
  });

  test('a device hold without any mapping seals where it is taken', async () => {
    const replayed = await replayLines([...file, register(40), attempt(50)], three());
    expect(life(replayed, 'ondisk')).toBe('40--1');
    expect(replayed.lane('ondisk').denied).toEqual({ ETXTBSY: 1 });
  });

  test('swapon: the file is sealed while it is swap, and the kernel’s own refusals come first', async () => {
    const on: Line = { t: 10, op: 'swapon', pid: A, path: '/f', handle: 's' };
    const lines = [...file, on, attempt(20), drop(30, 'swapoff', 's'), attempt(40)];
    const replayed = await replayLines(lines, three({ unseal: 'last-release' }));
    expect(life(replayed, 'ondisk')).toBe('10-30 release');
    for (const policy of ['ondisk', 'mapdirect'])
      expect(replayed.lane(policy).byOp.punch).toMatchObject({ deny: 1, proceed: 1 });
  });

  test('files: sealed from its first operation on, release or not, also as the second file of a call', async () => {
    const clone: Line = { t: 10, op: 'reflink', pid: B, path: '/src', ...pages(0, 1), to: { path: '/f', off: 0 } };
    const lines = [
      ...written('/src', 1, 300),
      ...file,
      clone,
      mmap(20),
      register(30),
      drop(40, 'deregister', 'r'),
      attempt(50),
    ];
    const replayed = await replayLines(lines, three({ sealRule: 'files:f', unseal: 'last-release' }));
    expect(replayed.verdict('ondisk', clone)).toBe('deny ETXTBSY');
    expect(life(replayed, 'ondisk')).toBe('10--1');
    expect(replayed.lane('ondisk').denied).toEqual({ ETXTBSY: 2 });
  });
});

describe('who leaves a seal behind', () => {
  const sealed = [...file, mmap(10), register(15), drop(20, 'deregister', 'r'), drop(25, 'munmap', 'm')];
  const open: Line = { t: 30, op: 'open', pid: 77, path: '/f', handle: 'fd' };
  const killed = (pid: number): Line => ({ t: 40, op: 'exit', pid, flags: ['killed'] });

  test('a bystander that dies with the file open orphans nothing, the one who sealed it does', async () => {
    const bystander = await replayLines([...sealed, open, killed(77), end(90)], three());
    expect(bystander.lane('ondisk').seals).toMatchObject({ aliveAtEnd: 1, orphaned: 0 });
    const sealer = await replayLines([...sealed, killed(A), end(90)], three());
    expect(sealer.lane('ondisk').seals).toMatchObject({ aliveAtEnd: 1, orphaned: 1 });
  });

  test('somebody else’s close is no last release', async () => {
    const seal: Line = { t: 5, op: 'seal', pid: A, path: '/f' };
    const close = drop(50, 'close', 'fd', { pid: 77 });
    const replayed = await replayLines(
      [...file, seal, open, close, end(90)],
      three({ sealRule: 'explicit', unseal: 'last-release' }),
    );
    expect(life(replayed, 'ondisk')).toBe('5--1');
  });
});
