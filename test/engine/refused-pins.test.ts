// on_refused_pin (seal-semantics section 8): what an application does whose long-term pin is refused.
import { expect, test } from 'vitest';
import { reference } from '../../src/costs/reference.js';
import { type Line, PAGE, pages, replayLines, written } from '../support/replay.js';

const file = written('/f', 16, 100);
const register: Line = {
  ...{ t: 1, op: 'register', pid: 10, path: '/f', ...pages(0, 4), handle: 'r', flags: ['write'], ns: 100 },
};
const punch: Line = { t: 10, op: 'punch', pid: 20, path: '/f', ...pages(0, 2) };
const dma = (t: number, op = 'dma_write'): Line => ({ t, op, pid: 10, handle: 'r', ...pages(0, 2), ns: 1_000 });
const lines = [
  ...file,
  register,
  dma(5),
  punch,
  dma(20),
  dma(30, 'dma_read'),
  { t: 90, op: 'fsync', pid: 99, path: '/z' },
];
/** Where the pin is refused, and with what. */
const REFUSED = [
  ['pagecache', 'EFAULT'],
  ['dax', 'EOPNOTSUPP'],
  ['longterm-refused', 'EOPNOTSUPP'],
  ['virtiofs-dax', 'EOPNOTSUPP'],
  ['layout-user', 'EPERM'],
] as const;
const under = async (policy: string, on_refused_pin: string, more: object = {}) =>
  await replayLines(lines, { policies: [policy], sealRule: 'explicit', settings: { on_refused_pin }, ...more });

test.each(REFUSED)('%s refuses with %s; abort: no device access is left', async (policy, errno) => {
  const replayed = await under(policy, 'abort');
  expect(replayed.verdict(policy, register)).toBe(`deny ${errno}`);
  expect(replayed.lane(policy)).toMatchObject({ diverged: 3, deviceRefaults: 0, bounced: 0, hazards: { count: 0 } });
});

test.each(REFUSED)('%s, odp: refused all the same, then translated on demand', async (policy, errno) => {
  const replayed = await under(policy, 'odp');
  expect(replayed.verdict(policy, register)).toBe(`deny ${errno}`);
  expect(replayed.verdict(policy, punch)).toBe('revoke');
  expect(replayed.lane(policy)).toMatchObject({ diverged: 0, deviceRefaults: 1, bounced: 0, hazards: { count: 0 } });
});

test.each(REFUSED)('%s, bounce: nothing holds the file, every access costs a copy', async (policy, errno) => {
  const replayed = await under(policy, 'bounce');
  expect(replayed.verdict(policy, register)).toBe(`deny ${errno}`);
  expect(replayed.verdict(policy, punch)).toBe('proceed');
  expect(replayed.lane(policy)).toMatchObject({ diverged: 0, deviceRefaults: 0, bounced: 3, hazards: { count: 0 } });
  const copy = (step: 'read' | 'write'): number =>
    Math.round(1_000 + reference.prices[step].fixedNs + reference.prices[step].nsPerByte * 2 * PAGE);
  const { latency } = replayed.lane(policy);
  expect([latency.dma_read!.meanNs, latency.dma_write!.meanNs]).toEqual([copy('read'), copy('write')]);
});

test.each(['mapsync-pin', 'odp', 'ondisk', 'static-map'])(
  '%s refuses no pin: the switch changes nothing',
  async (policy) => {
    const plain = (await under(policy, 'abort')).lane(policy);
    for (const way of ['odp', 'bounce']) expect((await under(policy, way)).lane(policy)).toEqual(plain);
  },
);

test('who has another way neither tries again nor takes a seal back', async () => {
  for (const onDeny of ['retry:5ns', 'unseal']) {
    const replayed = await under('layout-user', 'odp', { onDeny, timing: 'closed' });
    expect(replayed.verdict('layout-user', register)).toBe('deny EPERM');
    expect(replayed.lane('layout-user')).toMatchObject({ stillWaiting: 0, wait: { count: 0 }, deviceRefaults: 1 });
  }
});

test('what ends a registration ends the other way as well', async () => {
  const gone: Line = { t: 15, op: 'deregister', pid: 10, handle: 'r' };
  for (const last of [gone, { t: 15, op: 'exit', pid: 10, flags: ['killed'] }])
    for (const way of ['odp', 'bounce']) {
      const shorter = [...lines, last].sort((a, b) => a.t - b.t);
      const replayed = await replayLines(shorter, { policies: ['dax'], settings: { on_refused_pin: way } });
      expect(replayed.lane('dax')).toMatchObject({ diverged: 0, deviceRefaults: 0, bounced: way === 'odp' ? 0 : 1 });
    }
});
