// A crash in the middle (seal-semantics section 5, last column): what is still sealed, what is gone, what was not durable yet.
import { expect, test } from 'vitest';
import { reference } from '../../src/costs/reference.js';
import { type Line, pages, type ReplayOptions, replayLines, written } from '../support/replay.js';

const S = 1e9;
const lines: readonly Line[] = [
  ...written('/f', 16, 100),
  { t: S, op: 'mmap', pid: 10, path: '/f', ...pages(0, 16), handle: 'm', flags: ['shared', 'writable'] },
  { t: 2 * S, op: 'register', pid: 10, path: '/f', ...pages(0, 4), handle: 'r', flags: ['write'] },
  { t: 4 * S, op: 'write', pid: 20, path: '/g', ...pages(0, 1) },
  { t: 5 * S, op: 'fsync', pid: 20, path: '/g' },
  { t: 6 * S, op: 'deregister', pid: 10, handle: 'r' },
  { t: 7 * S, op: 'munmap', pid: 10, handle: 'm' },
  { t: 8 * S, op: 'unseal', pid: 10, path: '/f' },
  { t: 9 * S, op: 'punch', pid: 30, path: '/f', ...pages(0, 1) },
];
const of = async (crashAt: string, policy: string, more: ReplayOptions = {}) =>
  (await replayLines(lines, { policies: [policy], crashAt, ...more })).lane(policy);

test('on disk the seal stays, in memory it goes; nobody holds what stays', async () => {
  expect((await of('3s', 'ondisk')).crashes).toEqual([
    {
      atNs: 3 * S,
      sealsLeft: 1,
      sealed: ['/f'],
      clearedBy: expect.stringContaining('CAP_LINUX_IMMUTABLE'),
      claimsGone: 0,
      uncommittedFiles: 0,
    },
  ]);
  for (const policy of ['mapdirect', 'mapdirect-lease', 'mapsync-pin'])
    expect((await of('3s', policy)).crashes[0]).toMatchObject({
      sealsLeft: 0,
      sealed: [],
      clearedBy: '',
      claimsGone: 1,
    });
});

test('before the seal and after the unseal nothing is left', async () => {
  for (const at of ['500ms', '8500ms']) expect((await of(at, 'ondisk')).crashes[0]).toMatchObject({ sealsLeft: 0 });
});

test('changes that were not committed are lost; an fsync makes them durable', async () => {
  expect((await of('4500ms', 'dax')).crashes[0]).toMatchObject({ uncommittedFiles: 1 });
  expect((await of('5500ms', 'dax')).crashes[0]).toMatchObject({ uncommittedFiles: 0 });
});

test('a crash at a time cuts the trace there', async () => {
  const lane = await of('3s', 'ondisk');
  expect(lane.operations).toBe(2);
  expect(lane.seals).toMatchObject({ aliveAtEnd: 1, leftAfterCrash: 1 });
  expect(lane.byOp.punch).toBeUndefined();
});

test('at random times: the same for the same seed, the worst of them is told, the replay goes to its end', async () => {
  const lane = await of('random:50', 'ondisk');
  expect(lane.crashes).toHaveLength(50);
  expect(lane).toEqual(await of('random:50', 'ondisk'));
  const left = lane.crashes.map(({ atNs, sealsLeft }) => [atNs, sealsLeft] as const);
  for (const [atNs, sealsLeft] of left) expect(sealsLeft, `${atNs}`).toBe(atNs >= S && atNs < 8 * S ? 1 : 0);
  expect(new Set(left.map(([, sealsLeft]) => sealsLeft))).toEqual(new Set([0, 1]));
  expect(lane.seals.leftAfterCrash).toBe(1);
  expect(lane.byOp.punch).toMatchObject({ proceed: 1 });
});

test.each([
  ['soon', /expected ns in the trace's clock/],
  ['random:0', /N from 1 to/],
  ['10s', /not within the trace; expected a time from 0 to 9000000000 ns, or from its begin on, up to 9s/],
])('%s is refused in words', async (crashAt, text) => {
  await expect(of(crashAt, 'ondisk')).rejects.toThrow(text);
});

test('seal_sync=false: a crash before the next commit of the file undoes the seal', async () => {
  const settings = { seal_sync: 'false' };
  const committed: readonly Line[] = [...lines, { t: 4.5 * S, op: 'fsync', pid: 10, path: '/f' }].sort(
    (a, b) => a.t - b.t,
  );
  const at = async (crashAt: string, of: readonly Line[]) =>
    (await replayLines(of, { policies: ['ondisk'], crashAt, settings })).lane('ondisk');
  expect((await at('3s', lines)).crashes[0]).toMatchObject({ sealsLeft: 0, sealed: [], claimsGone: 1 });
  // Another file's fsync is no commit of this one.
  expect((await at('5500ms', lines)).crashes[0]).toMatchObject({ sealsLeft: 0 });
  expect((await at('4400ms', committed)).crashes[0]).toMatchObject({ sealsLeft: 0 });
  expect((await at('4600ms', committed)).crashes[0]).toMatchObject({ sealsLeft: 1, sealed: ['/f'], claimsGone: 0 });
  const end = async (of: readonly Line[], pairs: Record<string, string>) => {
    const kept = of.filter(({ op }) => op !== 'unseal');
    return (await replayLines(kept, { policies: ['ondisk'], settings: pairs })).lane('ondisk').seals.leftAfterCrash;
  };
  expect([await end(lines, settings), await end(committed, settings), await end(lines, {})]).toEqual([0, 1, 1]);
});

test('without its commit the seal call is cheaper by just that', async () => {
  const costs = async (settings: Record<string, string>) =>
    (await replayLines(lines, { policies: ['ondisk'], settings })).detail('ondisk').seals[0]!.costNs;
  for (const seal_fills of ['true', 'false'])
    expect((await costs({ seal_fills })) - (await costs({ seal_fills, seal_sync: 'false' }))).toBe(
      reference.prices.commit.fixedNs,
    );
});
