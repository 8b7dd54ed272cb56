// A registration on demand (flag odp): never a long-term pin, translated again after each change, whatever the file's policy.
import { describe, expect, test } from 'vitest';
import { type Line, PAGE, pages, replayLines, written } from '../support/replay.js';

const file = written('/f', 16, 100);
const register = (t: number, handle: string, at: object, flags: readonly string[] = ['write', 'odp']): Line => ({
  ...{ t, op: 'register', pid: 10, path: '/f', handle, flags },
  ...at,
});
const call = (t: number, op: string, more: object): Line => ({ t, op, pid: 20, path: '/f', ...more });
const dma = (t: number, handle: string, at: object = {}): Line => ({ t, op: 'dma_write', pid: 10, handle, ...at });
const end: Line = { t: 9_000, op: 'fsync', pid: 99, path: '/end' };
const ALL = [
  ...['pagecache', 'dax', 'mapsync', 'mapsync-pin', 'odp', 'longterm-refused', 'layout-user', 'static-map'],
  ...['virtiofs-dax', 'famfs', 'ondisk', 'mapdirect', 'mapdirect-lease', 'swap'],
];
/** Without a seal of the trace's or a rule's own. */
const bare = { sealRule: 'explicit', policies: ALL };

test('no policy refuses it, and no change waits for it; a pin is refused where it was', async () => {
  const [odp, punch] = [register(1, 'r', pages(0, 4)), call(2, 'punch', pages(0, 1))];
  const pinned = register(1, 'r', pages(0, 4), ['write']);
  const [there, before] = [
    await replayLines([...file, odp, punch, end], bare),
    await replayLines([...file, pinned, punch, end], bare),
  ];
  for (const policy of ALL) {
    expect(there.verdict(policy, odp), policy).toBe('proceed');
    const refused = ['pagecache', 'dax', 'mapsync', 'longterm-refused', 'layout-user', 'virtiofs-dax', 'famfs'];
    expect(before.verdict(policy, pinned).startsWith('deny'), policy).toBe(refused.includes(policy));
    if (policy !== 'famfs') expect(there.verdict(policy, punch), policy).toBe('revoke');
  }
  expect(there.verdict('famfs', punch)).toBe('deny EOPNOTSUPP');
  expect(before.verdict('mapsync-pin', punch)).toBe('wait');
});

test('a change takes its translation away; the device faults once and never meets stale blocks', async () => {
  const lines = [...file, register(1, 'r', pages(0, 4)), call(2, 'punch', pages(0, 2)), dma(3, 'r'), dma(4, 'r'), end];
  const replayed = await replayLines(lines, bare);
  for (const policy of ALL.filter((name) => name !== 'famfs')) {
    expect(replayed.lane(policy).hazards.count, policy).toBe(0);
    expect(replayed.lane(policy).deviceRefaults, policy).toBe(1);
  }
  const recorded = (await replayLines(lines, { policies: ['recorded'] })).lane('recorded');
  expect([recorded.hazards.count, recorded.deviceRefaults]).toEqual([0, 0]);
});

test('beside a pin the change waits for the pin, and takes the translation away all the same', async () => {
  const pin = call(1, 'pin', { ...pages(8, 1), handle: 'p', pid: 30 });
  const unpin: Line = { t: 50, op: 'unpin', pid: 30, handle: 'p' };
  const punch = call(2, 'punch', pages(0, 2));
  const lines = [...file, register(1, 'r', pages(0, 4)), pin, punch, unpin, dma(60, 'r'), end];
  const replayed = await replayLines(lines, { policies: ['dax'] });
  expect(replayed.verdict('dax', punch)).toBe('wait');
  expect(replayed.lane('dax')).toMatchObject({ deviceRefaults: 1, hazards: { count: 0 } });
});

test('it is no pin that a seal stays for (pins_extend_seal)', async () => {
  const map: Line = {
    t: 1,
    op: 'mmap',
    pid: 10,
    path: '/f',
    ...pages(0, 4),
    handle: 'm',
    flags: ['shared', 'writable', 'direct'],
  };
  const unmap: Line = { t: 5, op: 'munmap', pid: 10, handle: 'm' };
  const under = async (flags: readonly string[]) => {
    const punch = call(6, 'punch', pages(0, 1));
    const replayed = await replayLines([...file, map, register(2, 'r', pages(0, 4), flags), unmap, punch, end], {
      policies: ['mapdirect'],
      settings: { pins_extend_seal: 'true' },
    });
    return replayed.verdict('mapdirect', punch);
  };
  expect([await under(['write']), await under(['write', 'odp'])]).toEqual(['deny ETXTBSY', 'revoke']);
});

describe.each(['odp', 'dax'])('zap_scope under %s', (policy) => {
  const near = register(1, 'near', pages(0, 4));
  const far = register(1, 'far', pages(8, 4));
  const cases: [string, object, string, number][] = [
    ['punch', pages(1, 1), 'revoke', 1],
    ['punch', pages(5, 2), 'proceed', 0],
    ['truncate', { size: 10 * PAGE }, 'revoke', 1],
    ['truncate', { size: 20 * PAGE }, 'proceed', 0],
    ['collapse', pages(0, 1), 'revoke', 2],
    ['unlink', {}, 'revoke', 2],
  ];

  test.each(cases)('%s %o: %s, %i devices fault; with the whole file both', async (op, where, verdict, faults) => {
    const change = call(2, op, where);
    const lines = [...file, near, far, change, dma(3, 'near'), dma(4, 'far'), end];
    const under = async (zap_scope: string) =>
      await replayLines(lines, { policies: [policy], settings: { zap_scope } });
    const [ranged, whole] = [await under('range'), await under('file')];
    expect(ranged.verdict(policy, change)).toBe(verdict);
    expect(ranged.lane(policy).deviceRefaults).toBe(faults);
    expect(whole.verdict(policy, change)).toBe('revoke');
    expect(whole.lane(policy).deviceRefaults).toBe(2);
  });
});

test('zap_scope=range: the wait for pins is one for the whole file all the same', async () => {
  const pin = call(1, 'pin', { ...pages(8, 1), handle: 'p', pid: 30 });
  const change = call(2, 'punch', pages(0, 1));
  const lines = [...file, pin, change, { t: 50, op: 'unpin', pid: 30, handle: 'p' }, end];
  const replayed = await replayLines(lines, { policies: ['dax'], settings: { zap_scope: 'range' } });
  expect(replayed.verdict('dax', change)).toBe('wait');
});
