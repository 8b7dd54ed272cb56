// Seals that cannot be had (seal-semantics section 2), and what a broken lease takes away (section 4.2, note 5).
import { describe, expect, test } from 'vitest';
import { type Line, PAGE, pages, replayLines, written } from '../support/replay.js';

const file = written('/f', 16, 100);
const mmap = (t: number, flags: readonly string[], pid = 10, handle = 'm'): Line => ({
  t,
  op: 'mmap',
  pid,
  path: '/f',
  ...pages(0, 16),
  handle,
  flags,
});
const DIRECT = ['shared', 'writable', 'direct'];
const register = (t: number, pid = 10, handle = 'r'): Line => ({
  t,
  op: 'register',
  pid,
  path: '/f',
  ...pages(0, 4),
  handle,
  flags: ['write'],
});
const seal = (t: number, more: object = {}): Line => ({ t, op: 'seal', pid: 10, path: '/f', ...more });
const punch = (t: number): Line => ({ t, op: 'punch', pid: 20, path: '/f', ...pages(8, 1) });
const fault = (t: number, pid = 10, page = 0): Line => ({ t, op: 'write_fault', pid, path: '/f', ...pages(page, 1) });
const end = (t: number): Line => ({ t, op: 'fsync', pid: 99, path: '/other' });
const S = 1e9;

describe('the on-disk seal fails', () => {
  const only = { policies: ['ondisk'], sealRule: 'explicit' };

  test.each([
    ['EBUSY while anybody maps the file', [mmap(5, ['shared'], 77)], seal(10), 'deny EBUSY'],
    ['EINVAL when it does not begin at 0', [], seal(10, pages(1, 15)), 'deny EINVAL'],
    ['EINVAL when it ends before the file does', [], seal(10, pages(0, 15)), 'deny EINVAL'],
    ['not: the whole range', [], seal(10, pages(0, 16)), 'proceed'],
    ['not: beyond the end', [], seal(10, pages(0, 40)), 'proceed'],
    ['not: the whole file', [], seal(10), 'proceed'],
    [
      'not: the mapping is gone',
      [mmap(5, ['shared'], 77), { t: 7, op: 'munmap', pid: 77, handle: 'm' }],
      seal(10),
      'proceed',
    ],
  ] as const)('%s', async (_title, before, asked, verdict) => {
    const change = punch(20);
    const replayed = await replayLines([...file, ...before, asked, change], only);
    const failed = verdict !== 'proceed';
    expect(replayed.verdict('ondisk', asked)).toBe(verdict);
    expect(replayed.verdict('ondisk', change)).toBe(failed ? 'proceed' : 'deny ETXTBSY');
    const { seals, denied } = replayed.lane('ondisk');
    expect(seals).toMatchObject(failed ? { opened: 0, aliveAtEnd: 0, failed: 1 } : { opened: 1, failed: 0 });
    if (failed) expect(denied).toEqual({ [verdict.replace('deny ', '')]: 1 });
  });

  test('EPERM without the capability: asked for in the trace, or where a rule puts it', async () => {
    const unprivileged = { policies: ['ondisk'], settings: { privileged: 'no' } };
    const asked = seal(10);
    const explicit = await replayLines([...file, asked, punch(20)], { ...unprivileged, sealRule: 'explicit' });
    expect(explicit.verdict('ondisk', asked)).toBe('deny EPERM');
    const change = punch(30);
    const byRule = await replayLines([...file, mmap(10, ['shared', 'writable']), register(20), change], unprivileged);
    expect(byRule.detail('ondisk').seals).toMatchObject([{ failure: 'EPERM', toNs: -1 }]);
    expect(byRule.lane('ondisk').seals).toMatchObject({ opened: 0, failed: 1, leftAfterCrash: 0 });
    expect(byRule.verdict('ondisk', change)).toBe('proceed');
  });

  test('EBUSY by a rule too, when somebody else maps the file as the device takes hold', async () => {
    const replayed = await replayLines([...file, mmap(5, ['shared'], 77), register(20), end(90)], {
      policies: ['ondisk'],
    });
    expect(replayed.detail('ondisk').seals).toMatchObject([{ failure: 'EBUSY' }]);
  });

  test('a file that is to be sealed all the time is tried once', async () => {
    const replayed = await replayLines([...file, punch(20), punch(30)], {
      policies: ['ondisk'],
      sealRule: 'files:f',
      settings: { privileged: 'no' },
    });
    expect(replayed.lane('ondisk').seals.failed).toBe(1);
  });
});

describe('MAP_DIRECT fails', () => {
  test.each([
    ['private', ['writable', 'direct'], 'deny EINVAL'],
    ['read only', ['shared', 'direct'], 'deny EACCES'],
    ['as it should be', DIRECT, 'proceed'],
  ] as const)('%s', async (_title, flags, verdict) => {
    const asked = mmap(10, flags);
    const change = punch(20);
    const policies = ['mapdirect', 'mapdirect-lease'];
    const replayed = await replayLines([...file, asked, change, { t: 30, op: 'munmap', pid: 10, handle: 'm' }], {
      policies,
    });
    for (const policy of policies) {
      expect(replayed.verdict(policy, asked)).toBe(verdict);
      expect(replayed.lane(policy).seals).toMatchObject(
        verdict === 'proceed' ? { opened: 1, failed: 0 } : { opened: 0, failed: 1 },
      );
    }
    const sealed = verdict === 'proceed';
    expect(policies.map((policy) => replayed.verdict(policy, change))).toEqual(
      sealed ? ['deny ETXTBSY', 'recall'] : ['proceed', 'proceed'],
    );
  });

  test('the lease: EPERM on a reflinked file in v9, EACCES without CAP_LEASE, EAGAIN while a break is under way', async () => {
    const shared: Line = { t: 0, op: 'extent', path: '/f', ...pages(3, 1), addr: 103 * 4096, state: 'shared' };
    const asked = mmap(10, DIRECT);
    const lane = 'mapdirect-lease';
    const of = async (lines: readonly Line[], line: Line, settings: Record<string, string>): Promise<string> =>
      (await replayLines([...lines, end(99 * S)], { policies: [lane], settings })).verdict(lane, line);
    expect(await of([...file, shared, asked], asked, { mapdirect_lease: 'v9' })).toBe('deny EPERM');
    expect(await of([...file, shared, asked], asked, {})).toBe('proceed');
    expect(await of([...file, asked], asked, { privileged: 'no' })).toBe('deny EACCES');
    const late = mmap(2 * S, DIRECT, 30, 'm2');
    expect(await of([...file, asked, punch(S), late], late, {})).toBe('deny EAGAIN');
  });

  test('every fault of a holder whose file has shared blocks is SIGBUS, nobody else’s', async () => {
    const shared: Line = { t: 0, op: 'extent', path: '/f', ...pages(3, 1), addr: 103 * 4096, state: 'shared' };
    const [own, other] = [fault(20), fault(30, 77)];
    const replayed = await replayLines([...file, shared, mmap(10, DIRECT), own, other], { policies: ['mapdirect'] });
    expect([own, other].map((line) => replayed.verdict('mapdirect', line))).toEqual(['deny SIGBUS', 'proceed']);
  });
});

describe('a lease that is broken', () => {
  const lane = 'mapdirect-lease';
  const settings = { lease_break_time_s: '2' };
  const only = { policies: [lane], settings };

  test('at the limit the mapping goes: the holder’s faults are SIGBUS until it unmaps, nobody else’s', async () => {
    const [before, after, other] = [fault(2 * S), fault(4 * S), fault(4 * S + 1, 77)];
    const again = [{ t: 5 * S, op: 'munmap', pid: 10, handle: 'm' }, mmap(6 * S, ['shared', 'writable'], 10, 'm2')];
    const later = fault(7 * S);
    const lines = [...file, mmap(10, DIRECT), punch(S), before, after, other, ...again, later];
    const replayed = await replayLines(lines, only);
    expect([before, after, other, later].map((line) => replayed.verdict(lane, line))).toEqual([
      'proceed',
      'deny SIGBUS',
      'proceed',
      'proceed',
    ]);
  });

  test('a fault that the table refuses starts the break as well in v8 and v9, not in v7', async () => {
    const hole: Line = { t: 0, op: 'file', path: '/f', size: 20 * 4096 };
    const refused = fault(S, 77, 18);
    for (const [version, ended] of [
      ['v7', ''],
      ['v8', 'break'],
      ['v9', 'break'],
    ] as const) {
      const replayed = await replayLines([...file, hole, mmap(10, DIRECT), refused, end(9 * S)], {
        ...only,
        settings: { ...settings, mapdirect_lease: version },
      });
      expect(replayed.verdict(lane, refused)).toBe('deny SIGBUS');
      expect(replayed.detail(lane).seals[0]!.endedBy).toBe(ended);
    }
  });

  test.each([
    ['v7', 0, 1],
    ['v8', 0, 1],
    ['v9', 1, 0],
  ] as const)('%s: what the device may still do afterwards', async (version, hazards, diverged) => {
    const write: Line = { t: 5 * S, op: 'dma_write', pid: 10, path: '/f', ...pages(8, 1), handle: 'r' };
    const whole: Line = { ...register(20), ...pages(0, 16) };
    const lines = [
      ...file,
      mmap(10, DIRECT),
      whole,
      punch(S),
      write,
      { t: 9 * S, op: 'deregister', pid: 10, handle: 'r' },
    ];
    const replayed = await replayLines(lines, { ...only, settings: { ...settings, mapdirect_lease: version } });
    expect(replayed.lane(lane).hazards.count).toBe(hazards);
    expect(replayed.lane(lane).diverged).toBe(diverged);
  });
});

test('a seal that a rule could not have is had when the trace itself asks for it later', async () => {
  const hole: Line = { t: 0, op: 'file', path: '/h', size: 4 * PAGE };
  const fill: Line = { t: 10, op: 'write', pid: 20, path: '/h', ...pages(0, 4) };
  const seal: Line = { t: 20, op: 'seal', pid: 20, path: '/h' };
  const end: Line = { t: 90, op: 'fsync', pid: 99, path: '/other' };
  const replayed = await replayLines([hole, fill, seal, end], { policies: ['swap'], sealRule: 'files:h' });
  expect(replayed.lane('swap').seals).toMatchObject({ failed: 1, opened: 1, aliveAtEnd: 1 });
});
