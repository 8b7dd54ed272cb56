// The bound that `oracle` is: on small random traces every set of refusals is tried by the naive replay. None without a hazard
// is smaller, but where one refused clone would have saved several refused stores, or where two changes undo each other
// (an insert and a collapse, two exchanges): call by call nobody can know that without refusing neither.

import { expect, test } from 'vitest';
import { callsOf } from '../model/calls.js';
import { isChange } from '../model/foresight.js';
import { NaiveReplay, type Settings } from '../model/replay.js';
import fc from '../support/fast-check.js';
import { build, type Line, pages, runOf, traceOf, written } from '../support/replay.js';

const step = fc.record({
  kind: fc.constantFrom('change', 'change', 'change', 'take', 'dma', 'dma', 'drop', 'exchange', 'clone'),
  op: fc.constantFrom('punch', 'truncate', 'collapse', 'insert', 'zero', 'write', 'fallocate', 'unlink', 'write_fault'),
  path: fc.constantFrom('/f', '/g'),
  from: fc.nat(5),
  count: fc.integer({ min: 1, max: 3 }),
  pick: fc.nat(),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function linesOf(steps: readonly Step[], without: readonly string[]): Line[] {
  const lines: Line[] = [...written('/f', 6, 100), ...written('/g', 6, 200)];
  // What is there at the beginning and an access at the end: else most traces have nothing to lose.
  const live: { readonly handle: string; readonly range: object }[] = [];
  const take = (t: number, path: string, range: object): void => {
    const handle = `r${lines.length}`;
    lines.push({ t, op: 'register', pid: 10, path, ...range, handle, flags: ['write'] });
    live.push({ handle, range });
  };
  take(500, '/f', pages(0, 4));
  take(501, '/g', pages(2, 4));
  for (const [i, { kind, op, path, from, count, pick }] of steps.entries()) {
    const t = (i + 1) * 1000;
    const range = pages(from, count);
    const other = path === '/f' ? '/g' : '/f';
    const to = { path: other, off: (pick % 6) * 4096 };
    const held = live[pick % Math.max(1, live.length)];
    const where = op === 'truncate' ? { size: from * 4096 } : op === 'unlink' ? {} : range;
    if (without.includes(kind) || (kind === 'change' && without.includes(op))) continue;
    if (kind === 'change') lines.push({ t, op, pid: 20, path, ...where });
    else if (kind === 'exchange' || kind === 'clone')
      lines.push({ t, op: kind === 'clone' ? 'reflink' : kind, pid: 20, path, ...range, to });
    else if (kind === 'take') take(t, path, range);
    else if (held === undefined) continue;
    else if (kind === 'dma') lines.push({ t, op: 'dma_write', pid: 10, handle: held.handle, ...held.range });
    else {
      lines.push({ t, op: 'deregister', pid: 10, handle: held.handle });
      live.splice(live.indexOf(held), 1);
    }
  }
  for (const { handle, range } of live) lines.push({ t: 90_000, op: 'dma_read', pid: 10, handle, ...range });
  return lines;
}

const settings: Omit<Settings, 'forced'> = {
  policy: build('oracle'),
  rule: { kind: 'explicit', files: [] },
  unseal: { kind: 'never', ns: 0 },
  ...{ onDeny: 'skip', retryNs: 0, timing: 'open', firstFree: 2 * 2 ** 20 },
  serviceNs: () => ({ fixed: 0, perByte: 0 }),
};

/** How many refusals it takes at the least, by trying all sets of them. */
function fewest(lines: readonly Line[]): number {
  const calls = callsOf(lines);
  const changes = calls.filter(isChange).map(({ index }) => index);
  let least = Number.POSITIVE_INFINITY;
  for (let set = 0; set < 2 ** changes.length; set++) {
    const refused = new Set(changes.filter((_, bit) => (set & (1 << bit)) !== 0));
    if (refused.size >= least) continue;
    const run = new NaiveReplay(calls, { ...settings, forced: (index) => refused.has(index) }).run();
    if (run.devices.hazards.length === 0) least = refused.size;
  }
  return least;
}

async function refusals(lines: readonly Line[]): Promise<number> {
  const lane = runOf(await traceOf(lines), { policies: ['oracle'], sealRule: 'explicit' }).report.lanes[0]!;
  expect(lane.hazards.count).toBe(0);
  return lane.verdicts.deny;
}

const steps = fc.array(step, { minLength: 6, maxLength: 12 });
const isSmall = (lines: readonly Line[]): boolean => callsOf(lines).filter(isChange).length <= 6;

test('without clones and what undoes a change no set of refusals without a hazard is smaller', {
  timeout: 120_000,
}, async () => {
  const sizes = new Map<number, number>();
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      const lines = linesOf(all, ['clone', 'exchange', 'insert']);
      fc.pre(isSmall(lines));
      const least = fewest(lines);
      expect(await refusals(lines)).toBe(least);
      sizes.set(least, (sizes.get(least) ?? 0) + 1);
    }),
    { numRuns: 120, seed: 20170816 },
  );
  console.log(`refusals: traces ${JSON.stringify([...sizes].sort(([a], [b]) => a - b))}`);
  expect(Math.min(...[0, 1, 2].map((size) => sizes.get(size) ?? 0))).toBeGreaterThan(5);
});

test('with them it is seldom more than the least, and never less', { timeout: 120_000 }, async () => {
  let [same, more] = [0, 0];
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      const lines = linesOf(all, []);
      fc.pre(isSmall(lines));
      const [least, found] = [fewest(lines), await refusals(lines)];
      expect(found).toBeGreaterThanOrEqual(least);
      if (found === least) same++;
      else more++;
    }),
    { numRuns: 100, seed: 20170817 },
  );
  console.log(`the least: ${same}, more than it: ${more}`);
  expect(more / (same + more)).toBeLessThan(0.1);
});

test('the case that is more: one refused clone would have saved two refused stores', async () => {
  const call = (t: number, op: string, where: object): Line => ({ t, op, pid: 20, path: '/f', ...where });
  const lines: Line[] = [
    ...[...written('/f', 4, 100), ...written('/g', 4, 200)],
    { t: 1, op: 'register', pid: 10, path: '/f', ...pages(0, 2), handle: 'r', flags: ['write'] },
    call(2, 'reflink', { ...pages(0, 2), to: { path: '/g', off: 0 } }),
    call(3, 'write', pages(0, 1)),
    call(4, 'write', pages(1, 1)),
    { t: 5, op: 'dma_read', pid: 10, handle: 'r', ...pages(0, 2) },
  ];
  expect([fewest(lines), await refusals(lines)]).toEqual([1, 2]);
});
