// Ordinary leases in the recorded run (fcntl(2), F_SETLEASE): who conflicts with what, who is told EAGAIN, when a wait ends.
import { expect, test } from 'vitest';
import { type Line, PAGE, replayLines, written } from '../support/replay.js';

const lease = (t: number, type: 'read' | 'exclusive', more: object = {}): Line => ({
  ...{ t, op: 'lease', pid: 10, path: '/f', handle: 'l', flags: [type], ret: 0 },
  ...more,
});
const open = (t: number, flags: readonly string[], ret: number | string, ns = 10): Line => ({
  ...{ t, op: 'open', pid: 20, path: '/f', flags, ret, ns },
});
const release: Line = { t: 500, op: 'lease_release', pid: 10, path: '/f', handle: 'l', ret: 0 };
const fidelityOf = async (...lines: readonly Line[]) => {
  const all = [...written('/f', 4, 100), ...lines, { t: 90_000, op: 'fsync', pid: 99, path: '/z', ret: 0 }];
  const sorted = [...all].sort((a, b) => a.t - b.t);
  return (await replayLines(sorted, { policies: ['recorded'] })).run.report.fidelity;
};

test.each([
  ['a reader', 'read', ['nowait'], 0],
  ['a writer', 'read', ['nowait', 'write'], '-EAGAIN'],
  ['a reader', 'exclusive', ['nowait'], '-EAGAIN'],
  ['a writer', 'exclusive', ['nowait', 'write'], '-EAGAIN'],
] as const)('%s who will not wait, under a lease (%s)', async (_who, type, flags, ret) => {
  const right = await fidelityOf(lease(1, type), open(100, flags, ret), release);
  expect(right).toMatchObject({ differed: 0, leaseBreaks: { refused: ret === 0 ? 0 : 1, waited: 0 } });
  const wrong = await fidelityOf(lease(1, type), open(100, flags, ret === 0 ? '-ETXTBSY' : 0), release);
  expect(wrong.differed).toBe(1);
});

test.each<[string, Line]>([
  ['given back', release],
  ['downgraded for a reader', lease(500, 'read')],
  ['gone with its process', { t: 500, op: 'exit', pid: 10 }],
  ['closed', { t: 500, op: 'close', pid: 10, path: '/f', ret: 0 }],
])('a wait ends when the lease is %s', async (_how, end) => {
  const { leaseBreaks, differed } = await fidelityOf(lease(1, 'exclusive'), open(100, [], 0, 420), end);
  expect(differed).toBe(0);
  expect(leaseBreaks).toMatchObject({ waited: 1, predictedNs: 400, recordedNs: 420, worstNs: 20, outlasted: 0 });
});

test('a downgrade is not enough for a writer, nor one that the kernel refused for anybody; truncate writes', async () => {
  const truncate: Line = { t: 100, op: 'truncate', pid: 20, path: '/f', size: PAGE, ret: 0, ns: 450 };
  const refused = lease(300, 'read', { ret: '-EAGAIN', handle: 'other' });
  const [one, two] = [
    await fidelityOf(lease(1, 'exclusive'), truncate, lease(300, 'read'), release),
    await fidelityOf(lease(1, 'exclusive'), open(100, [], 0, 450), refused, release),
  ];
  for (const { leaseBreaks } of [one, two]) expect(leaseBreaks).toMatchObject({ waited: 1, predictedNs: 400 });
});

test('who returns while the lease is there has outlasted it: it is gone', async () => {
  const { leaseBreaks, differed } = await fidelityOf(
    ...[lease(1, 'exclusive'), open(100, ['write'], 0, 5_000), open(9_000, ['nowait', 'write'], 0)],
  );
  expect(differed).toBe(0);
  expect(leaseBreaks).toMatchObject({ refused: 0, waited: 0, outlasted: 1, outlastedNs: 5_000 });
});
