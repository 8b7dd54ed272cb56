// Every switch (`--set KEY=VALUE`, seal-semantics section 8 and what was added to it) in a hand-written trace: each of its values, and what
// it makes of the same lines. A switch, or a value, without a case fails.
import { describe, expect, test } from 'vitest';
import { switches } from '../../src/policies/switches.js';
import { type Line, lineAt as on, PAGE, pages, replayLines, written } from '../support/replay.js';

const HOLDER = 10;
const OTHER = 20;
const S = 1e9;

const hole: readonly Line[] = [
  { t: 0, op: 'file', path: '/f', size: 16 * PAGE },
  { t: 0, op: 'extent', path: '/f', ...pages(0, 14), addr: 100 * PAGE },
  { t: 0, op: 'extent', path: '/f', ...pages(14, 1), addr: 114 * PAGE, state: 'unwritten' },
];
const whole = written('/f', 16, 100);
const mmap = (flags: readonly string[] = ['direct'], at = pages(0, 16)): Line =>
  on(1, 'mmap', HOLDER, { ...at, handle: 'm', flags: ['shared', 'writable', ...flags] });
const pin = on(2, 'pin', HOLDER, { ...pages(0, 1), handle: 'p', flags: ['write'] });
const unpin = on(8, 'unpin', HOLDER, { handle: 'p' });
const register = (flags: readonly string[] = ['write'], at = pages(0, 4), t = 2): Line =>
  on(t, 'register', HOLDER, { ...at, handle: 'r', flags });
const device = (t: number, op: string, at = pages(0, 1), handle = 'r'): Line => ({
  t: t * S,
  op,
  pid: HOLDER,
  handle,
  ...at,
});
const punch = (t = 4, at = pages(8, 1)): Line => on(t, 'punch', OTHER, at);
const write = (t: number, at = pages(0, 1)): Line => on(t, 'write', OTHER, at);
const seal = on(1, 'seal', HOLDER);
const lease = (flags: readonly string[] = ['exclusive']): Line => on(1, 'lease', HOLDER, { handle: 'l', flags });
const last: Line = { t: 400 * S, op: 'fsync', pid: 99, path: '/z' };

interface Case {
  readonly policy: string;
  readonly lines: readonly Line[];
  /** The line whose verdict is told. */
  readonly about: Line;
  /** Other switches that it needs. */
  readonly with?: Readonly<Record<string, string>>;
  readonly crashAt?: string;
  /** By value: the verdict, and what else differs: seconds waited, hazards, refaults, seals left or failed, ... */
  readonly values: Readonly<Record<string, string>>;
}

const change = punch();
const shortWrite = on(4, 'write', OTHER, pages(14, 6));
const faultHole = on(3, 'write_fault', OTHER, pages(15, 1));
const later = punch(60);
const far = punch(4, pages(8, 1));
const CASES: Readonly<Record<string, Case>> = {
  era: {
    ...{ policy: 'dax', lines: [...whole, pin, change, unpin], about: change },
    values: { modern: 'wait 4 s', '2017': 'proceed' },
  },
  mapdirect: {
    ...{ policy: 'mapdirect', lines: [...whole, mmap()], about: mmap(), with: { privileged: 'no' } },
    values: { seed: 'proceed, alive', v4: 'proceed, alive', v5: 'deny EACCES, failed', v6: 'deny EACCES, failed' },
  },
  mapdirect_scope: {
    ...{ policy: 'mapdirect', lines: [...whole, mmap(['direct'], pages(0, 4)), far], about: far },
    values: { file: 'deny ETXTBSY, alive', range: 'proceed, alive' },
  },
  pins_extend_seal: {
    ...{ policy: 'mapdirect', about: later },
    lines: [...whole, mmap(), register(), on(3, 'munmap', HOLDER, { ...pages(0, 16), handle: 'm' }), later],
    values: { false: 'proceed', true: 'deny ETXTBSY, alive' },
  },
  mapdirect_lease: {
    ...{ policy: 'mapdirect-lease', about: on(60, 'write_fault', OTHER, pages(15, 1)) },
    lines: [...hole, mmap(), faultHole, on(60, 'write_fault', OTHER, pages(15, 1))],
    values: { v7: 'deny SIGBUS, alive', v8: 'proceed', v9: 'proceed' },
  },
  privileged: {
    ...{ policy: 'ondisk', lines: [...whole, seal, change], about: change },
    values: { yes: 'deny ETXTBSY, alive', no: 'proceed, failed' },
  },
  'ondisk.version': {
    ...{ policy: 'ondisk', lines: [...whole, seal, shortWrite], about: shortWrite },
    values: { v1: 'proceed, alive', v2: 'deny ETXTBSY, alive', v3: 'deny ETXTBSY, alive' },
  },
  'ondisk.unlink': {
    ...{ policy: 'ondisk', lines: [...whole, seal, on(4, 'unlink', OTHER)], about: on(4, 'unlink', OTHER) },
    values: { eperm: 'deny EPERM, alive', ok: 'proceed, alive' },
  },
  seal_sync: {
    ...{ policy: 'ondisk', lines: [...whole, seal, change], about: change, crashAt: '5s' },
    values: { true: 'deny ETXTBSY, left, alive', false: 'deny ETXTBSY, alive' },
  },
  seal_fills: {
    ...{ policy: 'ondisk', lines: [...hole, seal, faultHole], about: faultHole },
    values: { true: 'proceed, alive', false: 'deny SIGBUS, alive' },
  },
  unwritten_is_map_change: {
    ...{ policy: 'mapdirect', lines: [...hole, mmap(), write(4, pages(14, 1))], about: write(4, pages(14, 1)) },
    values: { true: 'deny ETXTBSY, alive', false: 'proceed, alive' },
  },
  'lease.inplace_write_breaks': {
    ...{ policy: 'mapdirect-lease', lines: [...whole, mmap(), write(4)], about: write(4) },
    values: { default: 'recall 45 s', true: 'recall 45 s', false: 'proceed, alive' },
  },
  'layout-user.write': {
    ...{ policy: 'layout-user', lines: [...whole, lease(), write(4)], about: write(4) },
    values: { draft: 'proceed, alive', xfsrfc: 'deny ETXTBSY, alive' },
  },
  'layout-user.lease': {
    ...{ policy: 'layout-user', lines: [...whole, lease([]), change], about: change },
    values: { exclusive: 'deny ETXTBSY, alive', breakable: 'recall 45 s' },
  },
  lease_break_time_s: {
    ...{ policy: 'mapdirect-lease', lines: [...whole, mmap(), change], about: change },
    values: { '2': 'recall 2 s', '45': 'recall 45 s', '0': 'recall 396 s, still, alive' },
  },
  lease_until_last_pin: {
    ...{ policy: 'layout-user', about: later },
    lines: [...whole, lease(), register(), on(3, 'lease_release', HOLDER, { handle: 'l' }), later],
    values: { true: 'deny ETXTBSY, alive', false: 'proceed' },
  },
  'pnfs.block_fence_helper': {
    ...{ policy: 'pnfs-layout', about: punch(4, pages(0, 4)) },
    lines: [
      ...[...whole, on(1, 'layout_get', HOLDER, { handle: 'r' }), punch(4, pages(0, 4))],
      ...[
        on(250, 'write', OTHER, { ...pages(0, 4), path: '/g', addr: 100 * PAGE }),
        device(300, 'dma_write', pages(0, 4)),
      ],
    ],
    values: { true: 'recall 180 s', false: 'recall 180 s, c' },
  },
  'famfs.past_eof': {
    ...{ policy: 'famfs', lines: [...whole, shortWrite], about: shortWrite },
    values: { efbig: 'deny EFBIG', short: 'proceed' },
  },
  on_refused_pin: {
    ...{
      policy: 'dax',
      lines: [...whole, register(), punch(4, pages(0, 1)), device(5, 'dma_read')],
      about: register(),
    },
    values: {
      abort: 'deny EOPNOTSUPP',
      odp: 'deny EOPNOTSUPP, refault',
      bounce: 'deny EOPNOTSUPP, bounced',
    },
  },
  zap_scope: {
    ...{ policy: 'odp', lines: [...whole, register(['write', 'odp']), far, device(5, 'dma_read')], about: far },
    values: { file: 'revoke, refault', range: 'proceed' },
  },
  dax_wait: {
    ...{ policy: 'dax', lines: [...whole, pin, change, unpin], about: change },
    values: { wakes: 'wait 4 s', 'until-signal': 'wait 396 s, still' },
  },
  coherence: {
    ...{ policy: 'static-map', about: write(3) },
    lines: [...whole, on(2, 'address_query', HOLDER, { handle: 'r' }), write(3), device(4, 'dma_read')],
    values: { hardware: 'proceed', software: 'proceed, incoherent' },
  },
  fs: {
    ...{
      policy: 'dax',
      lines: [...whole, pin, on(4, 'fallocate', OTHER, pages(0, 1)), unpin],
      about: on(4, 'fallocate', OTHER, pages(0, 1)),
    },
    values: { xfs: 'wait 4 s', ext4: 'proceed' },
  },
};

async function told(
  { policy, lines, about, with: other = {}, crashAt }: Case,
  key: string,
  value: string,
): Promise<string> {
  const line = lines.find((one) => JSON.stringify(one) === JSON.stringify(about))!;
  const replayed = await replayLines([...lines, last], {
    ...{ policies: [policy], sealRule: 'explicit', settings: { ...other, [key]: value } },
    ...(crashAt === undefined ? {} : { crashAt }),
  });
  const lane = replayed.lane(policy);
  const waited = lane.wait.count === 0 ? '' : ` ${Math.round(lane.wait.totalNs / S)} s`;
  const marks: readonly [string, number][] = [
    ['still', lane.stillWaiting],
    ...Object.entries(lane.hazards.byClass),
    ['incoherent', lane.hazards.incoherent],
    ['refault', lane.deviceRefaults],
    ['bounced', lane.bounced],
    ['failed', lane.seals.failed],
    ['left', crashAt === undefined ? 0 : lane.seals.leftAfterCrash],
    ['alive', lane.seals.aliveAtEnd],
  ];
  return [`${replayed.verdict(policy, line)}${waited}`, ...marks.filter(([, n]) => n > 0).map(([name]) => name)].join(
    ', ',
  );
}

test('every switch and every value has a case', () => {
  expect(Object.keys(CASES).sort()).toEqual(switches.map(({ key }) => key).sort());
  for (const { key, values, fallback } of switches) {
    const tried = Object.keys(CASES[key]!.values);
    if (values === 'seconds') expect(tried.length, key).toBeGreaterThan(1);
    else expect(tried.sort(), key).toEqual([...values].sort());
    expect(tried, key).toContain(fallback);
  }
});

describe.each(Object.entries(CASES))('%s', (key, one) => {
  test.each(Object.entries(one.values))('%s: %s', async (value, expected) => {
    expect(await told(one, key, value)).toBe(expected);
  });

  test('it makes a difference', () => {
    expect(new Set(Object.values(one.values)).size).toBeGreaterThan(1);
  });
});
