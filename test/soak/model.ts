// The model test for as long as one likes: `npm run soak -- [TRACES] [SEED] [every]`. Each trace runs under one policy in
// turn, with `every` under all of them, always in both timings. Says what it compared, and ends with 1 at a difference.
import fc from 'fast-check';
import { anyStory, difference, POLICIES, Tally } from '../model/property.js';

const [traces = '10000', seed = '1', every] = process.argv.slice(2);
const tally = new Tally();
const begin = performance.now();
let turn = 0;

const outcome = await fc.check(
  fc.asyncProperty(anyStory, async (story) => {
    const policies = every === 'every' ? POLICIES : [POLICIES[turn++ % POLICIES.length]!];
    const text = await difference(story, policies, tally);
    if (text !== '') throw new Error(text);
  }),
  { numRuns: Number(traces), seed: Number(seed), endOnFailure: true },
);

const seconds = Math.round((performance.now() - begin) / 1000);
console.log(`${outcome.numRuns} traces, seed ${seed}, ${POLICIES.length} policies, ${seconds} s`);
for (const [name, n] of [...tally.counts].sort(([a], [b]) => (a < b ? -1 : 1))) console.log(`${name.padEnd(16)}${n}`);
if (outcome.failed) {
  console.log(`the engine and the naive replay differ:\n${String(outcome.errorInstance)}`);
  process.exitCode = 1;
}
