// How far a MAP_DIRECT mapping binds: the whole file, or with mapdirect_scope=range what it maps.
import { expect, test } from 'vitest';
import { type Line, PAGE, pages, replayLines, written } from '../support/replay.js';

const file = [...written('/f', 16, 100), ...written('/g', 16, 200)];
/** Maps pages 4 to 7 directly. */
const map = (t: number): Line => ({
  t,
  op: 'mmap',
  pid: 10,
  path: '/f',
  ...pages(4, 4),
  handle: 'm',
  flags: ['shared', 'writable', 'direct'],
});

test.each<[string, object, string]>([
  ['punch', pages(5, 1), 'deny ETXTBSY'],
  ['punch', pages(7, 4), 'deny ETXTBSY'],
  ['punch', pages(8, 2), 'proceed'],
  ['punch', pages(0, 4), 'proceed'],
  ['collapse', pages(0, 1), 'deny ETXTBSY'],
  ['insert', pages(2, 1), 'deny ETXTBSY'],
  ['collapse', pages(8, 1), 'proceed'],
  ['fallocate', pages(5, 1), 'deny ETXTBSY'],
  ['fallocate', pages(16, 4), 'proceed'],
  ['truncate', { size: 6 * PAGE }, 'deny ETXTBSY'],
  ['truncate', { size: 8 * PAGE }, 'proceed'],
  ['truncate', { size: 16 * PAGE }, 'proceed'],
  ['truncate', { size: 32 * PAGE }, 'proceed'],
  ['write', pages(16, 1), 'proceed'],
  ['open', { flags: ['write', 'trunc'] }, 'deny ETXTBSY'],
  ['swapext', { to: { path: '/g' } }, 'deny EINVAL'],
  ['reflink', { ...pages(0, 2), to: { path: '/g', off: 0 } }, 'proceed'],
  ['reflink', { path: '/g', ...pages(0, 2), to: { path: '/f', off: 5 * PAGE } }, 'deny ETXTBSY'],
  ['reflink', { path: '/g', ...pages(0, 2), to: { path: '/f', off: 9 * PAGE } }, 'proceed'],
])('%s %o: %s; for the whole file it is refused', async (op, where, verdict) => {
  const call: Line = { t: 2, op, pid: 20, path: '/f', ...where };
  const lines = [...file, map(1), call, { t: 3, op: 'munmap', pid: 10, handle: 'm' }];
  const under = async (mapdirect_scope: string) =>
    await replayLines(lines, { policies: ['mapdirect'], settings: { mapdirect_scope } });
  const ranged = await under('range');
  expect(ranged.verdict('mapdirect', call)).toBe(verdict);
  expect(ranged.detail('mapdirect').conflicts.map(({ hold }) => hold)).toEqual(
    verdict === 'proceed' ? [] : ['mapping'],
  );
  expect((await under('file')).verdict('mapdirect', call)).toMatch(/^deny/);
});

test('two mappings bind their own ranges, and a stranger store into a hole beside them is let through', async () => {
  const second: Line = { ...map(2), ...pages(10, 2), handle: 'n' };
  const gone: Line = { t: 5, op: 'munmap', pid: 10, handle: 'm' };
  const punch = (t: number, from: number): Line => ({ t, op: 'punch', pid: 20, path: '/f', ...pages(from, 1) });
  const calls = [punch(3, 4), punch(3.1, 10), punch(3.2, 9), punch(6, 4), punch(7, 10)];
  const store: Line = { t: 4, op: 'write_fault', pid: 30, path: '/f', ...pages(9, 1) };
  const lines = [...file, map(1), second, ...calls, store, gone].sort((a, b) => a.t - b.t);
  const whole = lines.map((line) => ({ ...line, t: line.t * 10 }));
  const replayed = await replayLines(whole, { policies: ['mapdirect'], settings: { mapdirect_scope: 'range' } });
  const of = (line: Line): string => replayed.verdict('mapdirect', whole[lines.indexOf(line)]!);
  expect(calls.map(of)).toEqual(['deny ETXTBSY', 'deny ETXTBSY', 'proceed', 'proceed', 'deny ETXTBSY']);
  expect(of(store)).toBe('proceed');
});
