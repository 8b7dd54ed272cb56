// Closed time (replay reference, section 4): who waits delays the rest of its thread, and whoever waits for that thread.
import { describe, expect, test } from 'vitest';
import { type Line, pages, type ReplayOptions, replayLines, written } from '../support/replay.js';

const S = 1e9;
const file = [...written('/f', 16, 100), ...written('/g', 16, 300)];
const pin = (t: number, pid: number, handle: string, path = '/f'): Line => ({
  t,
  op: 'register',
  pid,
  path,
  ...pages(0, 1),
  handle,
});
const unpin = (t: number, pid: number, handle: string): Line => ({ t, op: 'deregister', pid, handle });
const punch = (t: number, pid: number, path = '/f', page = 8): Line => ({
  t,
  op: 'punch',
  pid,
  path,
  ...pages(page, 1),
  ns: 1_000,
});
const read = (t: number, pid: number, path = '/f'): Line => ({ t, op: 'read', pid, path, ...pages(0, 1), ns: 1_000 });
const end = (t: number): Line => ({ t, op: 'fsync', pid: 99, path: '/other' });

const lane = 'mapsync-pin';
const closed = (more: ReplayOptions = {}): ReplayOptions => ({ policies: [lane], timing: 'closed', ...more });
const ext4 = { settings: { fs: 'ext4' } };

test('the rest of a thread that waited comes as much later; other threads do not', async () => {
  const lines = [
    ...file,
    pin(0, 10, 'a'),
    punch(S, 20),
    punch(2 * S, 20, '/g'),
    punch(2 * S, 30, '/g', 4),
    unpin(5 * S, 10, 'a'),
    end(20 * S),
  ];
  const replayed = await replayLines(lines, closed());
  // Without a wait it would have ended 1 us after its start; it ends when the pin goes, and what it does then takes time.
  const holes = replayed.detail(lane).heat;
  expect(holes.timeBins).toBeGreaterThan(0);
  expect(replayed.lane(lane).wait).toMatchObject({ count: 1, totalNs: 4 * S });
  expect(replayed.lane(lane).latestNs).toBe(0);
});

test('a delay is handed on: a thread that waited gives back late what another waits for', async () => {
  const lines = [
    ...file,
    pin(0, 10, 'a'),
    // 20 holds /g, waits for /f until 5 s instead of going on at once, and gives /g back four seconds late.
    pin(0, 20, 'b', '/g'),
    punch(S, 20),
    unpin(2 * S, 20, 'b'),
    punch(1.5 * S, 30, '/g'),
    unpin(5 * S, 10, 'a'),
    end(20 * S),
  ].sort((a, b) => a.t - b.t);
  const waits = async (timing: 'open' | 'closed'): Promise<number[]> =>
    (await replayLines(lines, { policies: [lane], timing }))
      .detail(lane)
      .conflicts.map((c) => c.waitNs)
      .sort((a, b) => a - b);
  expect(await waits('open')).toEqual([0.5 * S, 4 * S]);
  const [second, first] = (await waits('closed')).sort((a, b) => b - a);
  expect(first).toBe(4 * S);
  expect(second! / S).toBeCloseTo(4.5, 3);
});

describe('whom a late thread makes', () => {
  const [PARENT, CHILD] = [20, 21];
  const fork = { t: 2 * S, op: 'fork', pid: PARENT, to: { pid: CHILD } };
  const [early, late] = [punch(3 * S, 30, '/g'), punch(7 * S, 30, '/g')];
  /** The parent waits for `gone` from 1 s on; its child has a pin from 2.5 s to 4 s, when it is killed. */
  const lines = (gone: Line): Line[] =>
    [
      ...file,
      pin(0, 10, 'a'),
      punch(S, PARENT),
      fork,
      pin(2.5 * S, CHILD, 'b', '/g'),
      early,
      { t: 4 * S, op: 'exit', pid: CHILD, flags: ['killed'] },
      gone,
      late,
      end(20 * S),
    ].sort((x, y) => x.t - y.t);

  test('is made as late, and killed as much later', async () => {
    const story = lines(unpin(5 * S, 10, 'a'));
    const open = await replayLines(story, { policies: [lane] });
    expect([early, late].map((line) => open.verdict(lane, line))).toEqual(['wait', 'proceed']);
    const replayed = await replayLines(story, closed());
    // Its pin is there from 6.5 s on, and gone with it at 8 s.
    expect([early, late].map((line) => replayed.verdict(lane, line))).toEqual(['proceed', 'wait']);
    const [, second] = replayed.detail(lane).conflicts.map((conflict) => conflict.waitNs);
    expect(second! / S).toBeCloseTo(1, 3);
    expect(replayed.lane(lane)).toMatchObject({ stillWaiting: 0, notReached: 0 });
  });

  test('does nothing, and is not killed, when its maker never comes to that', async () => {
    const replayed = await replayLines(lines(unpin(19 * S, 99, 'none')), closed());
    expect([early, late].map((line) => replayed.verdict(lane, line))).toEqual(['proceed', 'proceed']);
    // The fork, the pin and the kill.
    expect(replayed.lane(lane)).toMatchObject({ stillWaiting: 1, notReached: 3 });
  });
});

test('no wait anywhere: closed and open give the same, but for the setting itself', async () => {
  const lines = [...file, pin(0, 10, 'a'), unpin(S, 10, 'a'), punch(2 * S, 20), read(3 * S, 10), end(4 * S)];
  const of = async (timing: 'open' | 'closed') => {
    const { run } = await replayLines(lines, { timing });
    return JSON.stringify({ lanes: run.report.lanes, details: run.details });
  };
  expect(await of('closed')).toBe(await of('open'));
});

test('a wait that the recording holds already makes nobody later', async () => {
  const recorded = { ...punch(S, 20), ns: 4.5 * S };
  const lines = [...file, pin(0, 10, 'a'), recorded, unpin(5 * S, 10, 'a'), punch(6 * S, 20, '/g'), end(20 * S)];
  const replayed = await replayLines(lines, closed());
  expect(replayed.maps(lane, '/g', [6 * S])[0]).toEqual(['0+8 written@300', '9+7 written@309']);
  expect(replayed.lane(lane).latestNs).toBe(0);
});

test('what a late thread would have done after the trace’s end happens after it', async () => {
  const lines = [...file, pin(0, 10, 'a'), punch(S, 20), punch(2 * S, 20, '/g'), unpin(5 * S, 10, 'a')];
  const replayed = await replayLines(lines, closed());
  expect(replayed.lane(lane)).toMatchObject({ operations: 4, notReached: 0 });
  expect(replayed.lane(lane).latestNs / S).toBeCloseTo(1, 3);
});

test('the end of a wait is the end of the replay when nothing comes after it', async () => {
  const settings = { lease_break_time_s: '30' };
  const flags = ['shared', 'writable', 'direct'];
  const mmap: Line = { t: 0, op: 'mmap', pid: 10, path: '/f', ...pages(0, 16), handle: 'm', flags };
  const lease = await replayLines(
    [...file, mmap, punch(S, 20), end(4 * S)],
    closed({ policies: ['mapdirect-lease'], settings }),
  );
  expect(lease.lane('mapdirect-lease').latestNs).toBe(27 * S);
});

test('two that wait for each other are found, named, and not spun on', async () => {
  const lines = [
    ...file,
    pin(0, 10, 'a'),
    pin(0, 20, 'b', '/g'),
    punch(S, 10, '/g'),
    punch(2 * S, 20, '/f'),
    unpin(3 * S, 10, 'a'),
    unpin(3 * S, 20, 'b'),
    end(9 * S),
  ];
  const lanes = (await replayLines(lines, closed())).lane(lane);
  expect(lanes).toMatchObject({ deadlocks: 1, stillWaiting: 2, notReached: 2 });
  const open = (await replayLines(lines, { policies: [lane], timing: 'open' })).lane(lane);
  expect(open).toMatchObject({ deadlocks: 0, stillWaiting: 0, notReached: 0 });
});

test('who waits for itself is a ring of one', async () => {
  const lines = [...file, pin(0, 10, 'a'), punch(S, 10), unpin(3 * S, 10, 'a'), end(9 * S)];
  expect((await replayLines(lines, closed())).lane(lane)).toMatchObject({ deadlocks: 1, stillWaiting: 1 });
});

test('a lease breaks the ring: at the limit the breaker goes on', async () => {
  const mmap: Line = {
    t: 0,
    op: 'mmap',
    pid: 10,
    path: '/f',
    ...pages(0, 16),
    handle: 'm',
    flags: ['shared', 'writable', 'direct'],
  };
  const lines = [...file, mmap, punch(S, 10), { t: 3 * S, op: 'munmap', pid: 10, handle: 'm' }, end(9 * S)];
  const replayed = await replayLines(
    lines,
    closed({ policies: ['mapdirect-lease'], settings: { lease_break_time_s: '2' } }),
  );
  expect(replayed.lane('mapdirect-lease')).toMatchObject({ deadlocks: 1, stillWaiting: 0, notReached: 0 });
  expect(replayed.lane('mapdirect-lease').wait.totalNs).toBe(2 * S);
});

test.each(['open', 'closed'] as const)(
  '%s: a kill ends the wait of its victim, and what that wanted does not happen',
  async (timing) => {
    const kill: Line = { t: 3 * S, op: 'exit', pid: 20, flags: ['killed'] };
    const lines = [
      ...file,
      pin(0, 10, 'a'),
      punch(S, 20),
      read(2 * S, 20, '/g'),
      kill,
      unpin(5 * S, 10, 'a'),
      end(9 * S),
    ];
    const replayed = await replayLines(lines, { policies: [lane], timing });
    expect(replayed.lane(lane)).toMatchObject({
      interrupted: 1,
      stillWaiting: 0,
      notReached: timing === 'closed' ? 1 : 0,
    });
    expect(replayed.lane(lane).wait.totalNs).toBe(2 * S);
    expect(replayed.map(lane, '/f')).toEqual(['0+16 written@100']);
  },
);

test('a device comes through a hold as late as the thread was that took it', async () => {
  const dma: Line = { t: 3 * S, op: 'dma_write', pid: 20, path: '/g', ...pages(0, 1), handle: 'b' };
  const lines = [
    ...file,
    pin(0, 10, 'a'),
    punch(S, 20),
    pin(2 * S, 20, 'b', '/g'),
    dma,
    unpin(4 * S, 20, 'b'),
    unpin(9 * S, 10, 'a'),
    end(20 * S),
  ];
  const replayed = await replayLines(lines, closed());
  // Registered at 10 s, used at 11 s: had it not waited for its registration, it would be an access through nothing.
  expect(replayed.lane(lane)).toMatchObject({ diverged: 0, hazards: { count: 0 } });
  expect(replayed.lane(lane).byOp.dma_write).toMatchObject({ proceed: 1 });
});

describe('secondary blocking', () => {
  const lines = [
    ...file,
    pin(0, 10, 'a'),
    punch(S, 20),
    read(2 * S, 30),
    read(3 * S, 30, '/g'),
    unpin(5 * S, 10, 'a'),
    end(20 * S),
  ];

  test.each(['open', 'closed'] as const)(
    '%s: XFS keeps the I/O lock, and a read of the file waits behind the sleeper',
    async (timing) => {
      const found = (await replayLines(lines, { policies: [lane], timing })).lane(lane);
      expect(found.wait).toMatchObject({ count: 1, totalNs: 4 * S });
      expect(found.secondary).toMatchObject({ count: 1, totalNs: 3 * S });
      expect(found.byOp.read).toMatchObject({ proceed: 2, wait: 0 });
      expect(found.latency.read!.maxNs / S).toBeCloseTo(3, 1);
    },
  );

  test('ext4 does not keep it', async () => {
    expect((await replayLines(lines, closed(ext4))).lane(lane).secondary.count).toBe(0);
  });
});

describe('a refused application', () => {
  const sealed = [...file, { t: 0, op: 'seal', pid: 10, path: '/f' }];
  const later: Line = { t: 5 * S, op: 'unseal', pid: 10, path: '/f' };
  const ondisk = (onDeny: string, timing: 'open' | 'closed' = 'closed'): ReplayOptions => ({
    policies: ['ondisk'],
    sealRule: 'explicit',
    onDeny,
    timing,
  });

  test.each(['open', 'closed'] as const)('%s: tries again until the seal is gone, at its own pace', async (timing) => {
    const lines = [...sealed, punch(S, 20), later, end(20 * S)];
    const replayed = await replayLines(lines, ondisk('retry:3s', timing));
    expect(replayed.lane('ondisk').byOp.punch).toMatchObject({ deny: 1, proceed: 0 });
    // Tried at 1 s, 4 s, 7 s.
    expect(replayed.lane('ondisk').wait.totalNs).toBe(6 * S);
  });

  test('takes the seal back, does its work and seals again', async () => {
    const again = punch(2 * S, 30, '/f', 4);
    const replayed = await replayLines([...sealed, punch(S, 20), again, end(9 * S)], ondisk('unseal'));
    expect(replayed.lane('ondisk').byOp.punch).toMatchObject({ deny: 2 });
    expect(replayed.lane('ondisk').seals).toMatchObject({ opened: 3, closed: 2, aliveAtEnd: 1 });
  });

  test('not while somebody maps the file', async () => {
    const mapped: Line = { t: 1, op: 'mmap', pid: 77, path: '/f', ...pages(0, 1), handle: 'm', flags: ['shared'] };
    const replayed = await replayLines([...sealed, mapped, punch(S, 20), end(9 * S)], ondisk('unseal'));
    expect(replayed.lane('ondisk').seals).toMatchObject({ opened: 1, closed: 0 });
  });
});

describe('who tries again', () => {
  const register: Line = { ...pin(S, 10, 'r'), tid: 11 };
  const lease: Line = { t: 2.5 * S, op: 'lease', pid: 10, path: '/f', handle: 'l', flags: ['exclusive'] };
  const dma: Line = { t: 2 * S, op: 'dma_write', pid: 10, path: '/f', ...pages(0, 1), handle: 'r' };

  test('finds what somebody took as well as what was given back, and its device comes as late', async () => {
    const lines = [...file, register, dma, lease, end(20 * S)];
    const options: ReplayOptions = { policies: ['layout-user'], sealRule: 'explicit', onDeny: 'retry:1s' };
    const replayed = await replayLines(lines, { ...options, timing: 'closed' });
    // Refused at 1 s and 2 s, granted at 3 s; without its registration the access would be one through nothing.
    expect(replayed.lane('layout-user')).toMatchObject({ wait: { totalNs: 2 * S }, stillWaiting: 0, diverged: 0 });
    expect(replayed.lane('layout-user').byOp.dma_write).toMatchObject({ proceed: 1 });
  });

  test('makes a pause first, also when the way is free in the same moment', async () => {
    const unseal: Line = { t: S, op: 'unseal', pid: 10, path: '/f' };
    const lines = [...file, { t: 0, op: 'seal', pid: 10, path: '/f' }, punch(S, 20), unseal, end(20 * S)];
    const options: ReplayOptions = { policies: ['ondisk'], sealRule: 'explicit', onDeny: 'retry:3s' };
    const replayed = await replayLines(lines, options);
    expect(replayed.lane('ondisk').wait).toMatchObject({ count: 1, totalNs: 3 * S });
  });

  test('is let through by the other of its two files as well', async () => {
    const swap = (t: number, op: string, path: string): Line => ({ t, op, pid: 10, path, handle: path });
    const exchange: Line = { t: S, op: 'exchange', pid: 20, path: '/f', ...pages(0, 1), to: { path: '/g', off: 0 } };
    const lines = [...file, swap(0, 'swapon', '/g'), exchange, swap(1.5 * S, 'swapon', '/f')];
    const free = [swap(2.5 * S, 'swapoff', '/g'), swap(4.5 * S, 'swapoff', '/f'), end(20 * S)];
    const replayed = await replayLines([...lines, ...free], { policies: ['dax'], onDeny: 'retry:1s' });
    expect(replayed.lane('dax')).toMatchObject({ stillWaiting: 0, wait: { totalNs: 4 * S } });
  });

  test('is refused for as long as what stands in the way of its mapping is there', async () => {
    const flags = ['shared', 'writable', 'direct'];
    const mmap: Line = { t: 2, op: 'mmap', pid: 10, path: '/f', ...pages(0, 16), handle: 'm', flags };
    const unshare: Line = { t: 4.5 * S, op: 'unshare', pid: 20, path: '/f', ...pages(0, 16) };
    const clone: Line = { t: 1, op: 'reflink', pid: 20, path: '/f', to: { path: '/g' } };
    const options: ReplayOptions = {
      ...{ policies: ['mapdirect-lease'], sealRule: 'explicit', onDeny: 'retry:1s' },
      settings: { mapdirect_lease: 'v9' },
    };
    const never = await replayLines([...file, clone, mmap, end(20 * S)], options);
    expect(never.lane('mapdirect-lease')).toMatchObject({ stillWaiting: 1, seals: { opened: 0, failed: 1 } });
    const later = await replayLines([...file, clone, mmap, unshare, end(20 * S)], options);
    expect(later.lane('mapdirect-lease')).toMatchObject({ stillWaiting: 0, seals: { opened: 1, failed: 1 } });
    expect(later.lane('mapdirect-lease').wait.totalNs).toBe(5 * S);
  });
});

test('a copy of the map that a late thread takes is there when its device uses it', async () => {
  const query: Line = { t: 2 * S, op: 'address_query', pid: 20, path: '/f', handle: 'q' };
  const lines = [
    ...[...file, { t: 0, op: 'swapon', pid: 10, path: '/g', handle: 's' }],
    { t: S, op: 'write', pid: 20, path: '/g', ...pages(0, 1) },
    ...[query, { t: 3 * S, op: 'dma_read', pid: 20, path: '/f', ...pages(0, 1), handle: 'q' }],
    ...[{ t: 4.5 * S, op: 'swapoff', pid: 10, handle: 's' }, end(20 * S)],
  ];
  const options: ReplayOptions = { policies: ['static-map'], sealRule: 'explicit', onDeny: 'retry:1s' };
  const replayed = await replayLines(lines, { ...options, timing: 'closed' });
  expect(replayed.lane('static-map')).toMatchObject({ diverged: 0, wait: { totalNs: 4 * S } });
});

describe('a refused application that takes the seal back', () => {
  const options: ReplayOptions = { policies: ['ondisk'], sealRule: 'explicit', onDeny: 'unseal' };
  const seal: Line = { t: 0, op: 'seal', pid: 10, path: '/f' };

  test('seals again after a call that failed for reasons of its own', async () => {
    const failing = { ...punch(S, 20), ret: '-EIO' };
    const lane = (await replayLines([...file, seal, failing, end(9 * S)], options)).lane('ondisk');
    expect(lane.seals).toMatchObject({ opened: 2, closed: 1, aliveAtEnd: 1 });
  });

  test('and is refused by somebody else seals again and leaves the file as it is', async () => {
    const swapon: Line = { t: 1, op: 'swapon', pid: 10, path: '/f', handle: 's' };
    const replayed = await replayLines([...file, seal, swapon, punch(S, 20), end(9 * S)], options);
    expect(replayed.lane('ondisk').seals).toMatchObject({ opened: 2, closed: 1, aliveAtEnd: 1 });
    const { extentsBefore, extentsAfter } = replayed.detail('ondisk').conflicts[0]!;
    expect(extentsAfter).toEqual(extentsBefore);
  });
});
