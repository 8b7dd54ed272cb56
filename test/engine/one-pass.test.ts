// Lanes of one pass share the states of files, what they decide alike, and counters; each ends as it would have alone, to the byte.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { reference } from '../../src/costs/reference.js';
import type { EngineInput } from '../../src/engine/input.js';
import { lanePolicies } from '../../src/engine/lane-policies.js';
import { Pass } from '../../src/engine/pass.js';
import { foldPrices } from '../../src/engine/recipes.js';
import { replay } from '../../src/engine/replay.js';
import { planSeals } from '../../src/engine/seal-plan.js';
import { engineInput } from '../../src/results/input.js';
import { ingest } from '../../src/trace/ingest.js';
import { load } from '../bench/engine-load.js';
import { anyStory } from '../model/property.js';
import fc from '../support/fast-check.js';
import { laneText } from '../support/lane-text.js';
import { ALL, EIGHT, planOf, type Rules, rulesOf, TIMINGS, USUAL } from '../support/passes.js';
import { build, traceOf } from '../support/replay.js';

/** '' or which lane of one pass does not end as alone. */
function difference(input: EngineInput, names: readonly string[], rules: Rules, settings = {}): string {
  const plan = planOf(names, rules, settings);
  const together = replay(input, plan);
  for (const [i, policy] of plan.policies.entries()) {
    const [alone] = replay(input, { ...plan, policies: [policy] });
    if (laneText(together[i]!) !== laneText(alone!)) return names[i]!;
  }
  return '';
}

const folder = join(import.meta.dirname, '..', '..', 'traces');
/** One recording each; those of other folders are of the same runs, or have no rows that a seal decides. */
const recordings = ['ftrace', 'trace-dat', 'ndjson', 'strace'].flatMap((format) =>
  readdirSync(join(folder, format))
    .filter((name) => !/\.(jsonl|json)(\.gz)?$|\.driver\.|\.report-|\.v6\./.test(name))
    .filter((name) => format !== 'trace-dat' || !name.endsWith('.txt.gz'))
    .map((name) => join(format, name)),
);

test('there are recordings to replay', () => {
  expect(existsSync(folder)).toBe(true);
  expect(recordings.length).toBeGreaterThan(15);
});

test.each(recordings)('%s: the usual eight policies in one pass as alone', { timeout: 120_000 }, async (name) => {
  const { trace } = await ingest([join(folder, name)]);
  const input = engineInput(trace);
  for (const timing of TIMINGS) expect(difference(input, EIGHT, { ...USUAL, timing }), timing).toBe('');
});

test('random traces, rules and settings: policies in one pass as alone', { timeout: 240_000 }, async () => {
  let turn = 0;
  await fc.assert(
    fc.asyncProperty(anyStory, async ({ lines, chosen }) => {
      const input = engineInput(await traceOf(lines));
      const rules = rulesOf(chosen);
      // A pass of the usual eight, or of six others in turn.
      const first = turn++ % ALL.length;
      const names = turn % 3 === 0 ? EIGHT : [...ALL, ...ALL].slice(first, first + 6);
      for (const timing of TIMINGS)
        expect(
          difference(input, names, { ...rules, timing }, chosen.settings),
          JSON.stringify({ timing, chosen, lines }),
        ).toBe('');
    }),
    { numRuns: 20, seed: 20170814, endOnFailure: true },
  );
});

test('the load of the benchmark, with waits', { timeout: 120_000 }, () => {
  const input = load(50_000, 3, 0.01);
  for (const timing of TIMINGS) expect(difference(input, EIGHT, { ...USUAL, timing }), timing).toBe('');
});

test('lanes stay together for as long as they do the same, and nothing of a version is lost', () => {
  const input = load(120_000, 3, 0.002);
  const kernel = build('dax');
  const policies = ['pagecache', 'dax', 'ondisk', 'odp'].map((name) => lanePolicies(build(name), input, kernel));
  const plan = planSeals(input, USUAL.sealRule);
  const pass = new Pass(input, plan, policies, foldPrices(reference), { ...USUAL, timing: 'open', kernel });
  pass.runTo(input.endNs);
  const [first, ...others] = pass.lanes.map(({ files }) => files);
  expect(first!.check()).toBe('');
  const shared = Array.from({ length: input.fileCount }, (_, file) => file).filter((file) =>
    others.every((files) => files.mapOf(file) === first!.mapOf(file)),
  );
  // Some file was sealed and a change of it refused in one lane only; most were not.
  expect(shared.length).toBeGreaterThan(0.8 * input.fileCount);
  expect(shared.length).toBeLessThan(input.fileCount);
  pass.finish();
  expect(first!.check()).toBe('');
});
