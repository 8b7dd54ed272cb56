import fc from 'fast-check';
import { anyStory, difference, Tally } from './property.js';

const tally = new Tally();
const out = await fc.check(
  fc.asyncProperty(anyStory, async (story) => {
    const t = await difference(story, ['oracle'], tally);
    if (t !== '') throw new Error(t);
  }),
  { numRuns: Number(process.argv[2] ?? 150), seed: Number(process.argv[3] ?? 3) },
);
console.log(out.failed ? String(out.errorInstance).slice(0, 9000) : 'no difference', tally.counts);
