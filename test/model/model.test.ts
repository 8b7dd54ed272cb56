// The engine against a second, naive replay (replay.ts) on random traces: verdicts, waits, hazards, seals and final maps are
// the same under every policy and in both timings, and no map is ever broken. `npm run soak` does the same for longer.
import fc from 'fast-check';
import { expect, test } from 'vitest';
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
