// Traces that cannot be true: whatever a line claims, no map is broken, nobody throws, every sum holds, and what contradicts
// another line is counted as an issue with its line.

import { describe, expect, test } from 'vitest';
import { reference } from '../../src/costs/reference.js';
import { newLane } from '../../src/engine/replay.js';
import { planSeals } from '../../src/engine/seal-plan.js';
import { OPS } from '../../src/model/events.js';
import { engineInput } from '../../src/results/input.js';
import fc from '../support/fast-check.js';
import { build, type Line, PAGE, pages, traceOf, written } from '../support/replay.js';
import { POLICIES } from './property.js';

const path = fc.constantFrom('/a', '/b', '/c');
const bytes = fc.oneof(
  fc.nat(20).map((n) => n * PAGE),
  fc.nat(90_000),
  fc.constantFrom(0, 2 ** 51),
);
const line: fc.Arbitrary<Line> = fc.record(
  {
    t: fc.nat(2_000),
    op: fc.constantFrom(...OPS.filter((op) => op !== 'generic')),
    pid: fc.constantFrom(10, 20),
    tid: fc.constantFrom(10, 20, 21),
    path,
    off: bytes,
    len: bytes,
    size: bytes,
    addr: bytes,
    state: fc.constantFrom('written', 'unwritten', 'shared', 'delalloc'),
    handle: fc.constantFrom('h', 'i', 'j'),
    flags: fc.subarray([
      'shared',
      'writable',
      'direct',
      'write',
      'trunc',
      'over',
      'nowait',
      'killed',
      'keep_size',
      'meta',
      'read',
      'sync',
    ]),
    ret: fc.constantFrom(0, '-EIO', '-ETXTBSY', '-EINTR'),
    ns: fc.nat(500),
    to: fc.record({ path, off: bytes, pid: fc.constantFrom(10, 20, 30) }),
  },
  { requiredKeys: ['t', 'op', 'size'] },
);

test('whatever a trace claims, no map is broken and every sum holds', async () => {
  let turn = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(line, { minLength: 5, maxLength: 40, size: 'max' }), async (lines) => {
      const input = engineInput(await traceOf(lines));
      const sealRule = { kind: 'dma' } as const;
      for (const timing of ['open', 'closed'] as const) {
        const policy = build(POLICIES[turn++ % POLICIES.length]!, { lease_break_time_s: '0.000001' });
        const lane = newLane(input, planSeals(input, sealRule), policy, {
          ...{ policies: [policy], costs: reference, sealRule, unseal: { kind: 'last-release' as const } },
          ...{ onDeny: { kind: 'retry' as const, ns: 77 }, timing, kernel: build('dax') },
        });
        const result = lane.finish();
        expect(lane.files.check(), policy.name).toBe('');
        expect(result.counts.reduce((sum, n) => sum + n, 0)).toBe(result.operations);
        expect(result.hazardClasses.reduce((sum, n) => sum + n, 0)).toBe(result.hazardCount);
      }
    }),
    { numRuns: 250, seed: 20170814 },
  );
});

describe('a contradiction is an issue with its line', () => {
  const use = (t: number, op: string, more: object = {}): Line => ({ t, op, pid: 10, handle: 'h', ...more });
  const taken = use(1, 'register', { path: '/f', ...pages(0, 1) });
  // The first four lines: the header, the file, its extent, and `taken`.
  test.each<[string, Line[], string, number]>([
    ['unmap of what was never mapped, by name', [use(2, 'munmap', { handle: 'never' })], 'unknown-handle', 5],
    ['unmap of what was never mapped', [{ t: 2, op: 'munmap', pid: 10, path: '/f' }], 'nothing-held', 5],
    ['given back twice', [use(2, 'deregister'), use(3, 'deregister')], 'released-twice', 6],
    ['a device access after deregistration', [use(2, 'deregister'), use(3, 'dma_write')], 'used-after-release', 6],
    ['a name that is taken already', [use(2, 'register', { path: '/f' })], 'handle-in-use', 5],
    [
      'swapped on twice',
      [use(2, 'swapon', { path: '/f', handle: 's' }), use(3, 'swapon', { path: '/f', handle: 's2' })],
      'swapped-twice',
      6,
    ],
    ['an extent over another', [{ t: 2, op: 'extent', path: '/f', ...pages(3, 2), addr: 0 }], 'extent-over-extent', 5],
    ['times that run back', [{ t: 0, op: 'read', pid: 10, path: '/f' }], 'time-runs-back', 5],
  ])('%s', async (_, lines, code, row) => {
    const { issues } = await traceOf([...written('/f', 4, 100), taken, ...lines]);
    expect(issues.map((issue) => [issue.code, issue.row, issue.count])).toEqual([[code, row, 1]]);
  });

  test('what only looks like one is none', async () => {
    const lines = [
      ...written('/f', 4, 100),
      { t: 0, op: 'extent', path: '/f', ...pages(6, 2), addr: 0 },
      { t: 0, op: 'extent', path: '/f', ...pages(4, 2), addr: 0 },
      use(1, 'mmap', { path: '/f', ...pages(0, 2) }),
      ...[
        use(2, 'munmap', pages(0, 1)),
        use(3, 'munmap', pages(1, 1)),
        use(4, 'mmap', { path: '/f' }),
        use(5, 'munmap'),
      ],
      ...[use(6, 'swapon', { path: '/f', handle: 's' }), use(7, 'swapoff', { handle: 's' })],
      use(8, 'swapon', { path: '/f', handle: 's2', ret: '-EINVAL' }),
      use(9, 'swapon', { path: '/f', handle: 's3' }),
    ];
    // The name is used anew while part of the mapping might be there still: only that is said.
    expect((await traceOf(lines)).issues.map(({ code }) => code)).toEqual([]);
  });
});
