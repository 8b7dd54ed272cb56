// The chain of a conflict as the report tells it: hold acquired, effect wanted, verdict, wait or refusal, release, what it delayed; and
// threads that wait for each other, by name.
import { describe, expect, test } from 'vitest';
import { type Line, pages, type Replayed, replayLines, written } from '../support/replay.js';

const S = 1e9;
const who = { 10: 'holder', 20: 'changer', 30: 'reader', 40: 'other' } as const;
const on = (t: number, op: string, pid: keyof typeof who, more: object = {}): Line => ({
  ...{ t: t * S, op, pid, comm: who[pid], path: '/f' },
  ...more,
});
const file = [...written('/f', 16, 100), ...written('/g', 16, 300)];
const pin = (t: number, pid: keyof typeof who, handle: string, path = '/f'): Line =>
  on(t, 'pin', pid, { path, ...pages(0, 1), handle, flags: ['write'] });
const unpin = (t: number, pid: keyof typeof who, handle: string): Line => ({
  ...on(t, 'unpin', pid, { handle }),
  path: undefined,
});
const punch = (t: number, pid: keyof typeof who, path = '/f'): Line => on(t, 'punch', pid, { path, ...pages(4, 1) });
const end: Line = { t: 20 * S, op: 'fsync', pid: 99, path: '/z' };
const run = (lines: readonly Line[], timing: 'open' | 'closed' = 'closed', policies = ['dax']): Promise<Replayed> =>
  replayLines([...file, ...lines, end], { policies, timing });

test('acquired, wanted, answered, released, and what it delayed', async () => {
  const lines = [
    pin(1, 10, 'a'),
    punch(2, 20),
    on(3, 'write', 30, pages(0, 1)),
    on(4, 'write', 20, { path: '/g', ...pages(0, 1) }),
    on(5, 'read', 20, { path: '/g', ...pages(0, 1) }),
    unpin(8, 10, 'a'),
  ];
  const [conflict] = (await run(lines)).detail('dax').conflicts;
  expect(conflict).toMatchObject({
    ...{ hold: 'pin', holder: 'holder (10)', holdFromNs: S, holdToNs: 8 * S },
    ...{ op: 'punch', wanter: 'changer (20)', atNs: 2 * S, verdict: 'wait', waitNs: 6 * S },
  });
  const { lateNs, ...delayed } = conflict!.delayed;
  expect(delayed).toEqual({ events: 2, nextOp: 'write', nextAtNs: 4 * S, queued: 1 });
  expect(Math.abs(lateNs - 6 * S)).toBeLessThan(1e6);
  // The operation, and what took the hold: lines of the trace.
  expect(conflict!.evidence.map(({ row }) => row)).toHaveLength(2);
  const [open] = (await run(lines, 'open')).detail('dax').conflicts;
  expect(open!.delayed).toEqual({ lateNs: 0, events: 0, nextOp: '', nextAtNs: -1, queued: 1 });
});

test('a refusal delays nobody', async () => {
  const lines = [on(1, 'seal', 40), punch(2, 20), on(3, 'write', 20, pages(0, 1))];
  const replayed = await replayLines([...file, ...lines, end], {
    policies: ['ondisk'],
    timing: 'closed',
    sealRule: 'explicit',
  });
  const [conflict] = replayed.detail('ondisk').conflicts;
  expect(conflict).toMatchObject({ hold: 'seal', verdict: 'deny', errno: 'ETXTBSY', waitNs: 0 });
  expect(conflict!.delayed).toMatchObject({ lateNs: 0, events: 0, queued: 0 });
});

describe('threads that wait for each other', () => {
  const crossed = [
    ...[pin(0, 10, 'a'), pin(0, 20, 'b', '/g'), punch(1, 10, '/g'), punch(2, 20, '/f')],
    ...[unpin(3, 10, 'a'), unpin(3, 20, 'b')].map((line) => ({ ...line, op: 'deregister' })),
  ].map((line) => (line.op === 'pin' ? { ...line, op: 'register' } : line));

  test('are named, in the order in which they wait, with the operation that closed the ring', async () => {
    const replayed = await run(crossed, 'closed', ['mapsync-pin']);
    const lane = replayed.lane('mapsync-pin');
    expect(lane).toMatchObject({ deadlocks: 1, stillWaiting: 2, notReached: 2 });
    expect(lane.rings).toMatchObject([
      { atNs: 2 * S, op: 'punch', file: '/f', threads: ['changer (20)', 'holder (10)'] },
    ]);
    expect(lane.rings![0]!.evidence).toHaveLength(1);
    const { reasons } = replayed.run.report.quality;
    expect(reasons.join('\n')).toContain('changer (20) for holder (10) for changer (20), closed by punch of /f');
  });

  test('one that waits for itself is a ring of one', async () => {
    const replayed = await run([crossed[0]!, punch(1, 10), crossed[4]!], 'closed', ['mapsync-pin']);
    expect(replayed.lane('mapsync-pin').rings).toMatchObject([{ threads: ['holder (10)'], op: 'punch' }]);
    expect(replayed.run.report.quality.reasons.join('\n')).toContain('holder (10) for what only itself gives back');
  });

  test('none: no field', async () => {
    expect((await run([pin(1, 10, 'a'), punch(2, 20), unpin(3, 10, 'a')])).lane('dax').rings).toBeUndefined();
  });
});
