// The engine against a second, naive replay (replay.ts) on random traces: verdicts, waits, hazards, seals and final maps are
// the same under every policy and in both timings, and no map is ever broken. `npm run soak` does the same for longer.

import { expect, test } from 'vitest';
import fc from '../support/fast-check.js';
import { type Line, PAGE, pages } from '../support/replay.js';
import { anyStory, difference, POLICIES, Tally } from './property.js';

test('engine and naive replay agree on random traces', { timeout: 120_000 }, async () => {
  const tally = new Tally();
  let turn = 0;
  await fc.assert(
    fc.asyncProperty(anyStory, async (story) => {
      expect(await difference(story, [POLICIES[turn++ % POLICIES.length]!], tally)).toBe('');
    }),
    { numRuns: 320, seed: 20170814, endOnFailure: true },
  );
  // Twenty traces a policy: what is compared has to have happened.
  const rare = ['wait', 'recall', 'revoke', 'commit', 'behind', 'interrupted', 'stillWaiting', 'failed'];
  for (const name of [
    ...rare,
    'hazard a',
    'hazard b',
    'hazard c',
    'hazard incoherent',
    'handOvers',
    'refaults',
    'bounced',
  ])
    expect(tally.counts.get(name), name).toBeGreaterThan(0);
  expect(tally.counts.get('lanes')).toBe(640);
});

test('a device comes no earlier than the call that took its hold, however long that waited', async () => {
  const at = (t: number, op: string, pid: number, more: object): Line => ({ t, op, pid, path: '/a', ...more });
  const lines: Line[] = [
    at(46_370_431, 'mmap', 30, { ...pages(1, 3), handle: 'm', flags: ['shared', 'writable', 'direct'] }),
    at(49_371_106, 'truncate', 20, { tid: 21, size: 6 * PAGE, ns: 63_014_175 }),
    at(129_309_088, 'insert', 20, { ...pages(5, 1) }),
    at(214_048_150, 'insert', 10, { ...pages(6, 3), ns: 60_933_707 }),
    at(247_055_575, 'pin', 10, { ...pages(2, 2), handle: 'p', flags: ['write'], ns: 48_250_854 }),
    { t: 269_540_633, op: 'unpin', pid: 10, handle: 'p' },
  ];
  const chosen = { sealRule: 'files:a', unseal: 'never', onDeny: 'skip', settings: {}, unitNs: 40_009 } as const;
  expect(await difference({ lines, chosen }, ['pnfs-layout'], new Tally())).toBe('');
});
