// Plain rows as WebAssembly runs them and as TypeScript does: every lane ends the same, to the byte.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
// @ts-expect-error: a script without types
import { plainRows, TARGET } from '../../scripts/plain-rows.mjs';
import { reference } from '../../src/costs/reference.js';
import type { EngineInput } from '../../src/engine/input.js';
import { lanePolicies } from '../../src/engine/lane-policies.js';
import { Pass } from '../../src/engine/pass.js';
import { foldPrices } from '../../src/engine/recipes.js';
import { type ReplayPlan, replay } from '../../src/engine/replay.js';
import { planSeals } from '../../src/engine/seal-plan.js';
import * as registry from '../../src/policies/index.js';
import { engineInput } from '../../src/results/input.js';
import { onDenyOf, sealRuleOf, unsealOf } from '../../src/results/rules.js';
import { ingest } from '../../src/trace/ingest.js';
import { load } from '../bench/engine-load.js';
import { anyStory } from '../model/property.js';
import fc from '../support/fast-check.js';
import { laneText } from '../support/lane-text.js';
import { build, traceOf } from '../support/replay.js';

const ALL = Object.values(registry).map(({ name }) => name);
const EIGHT = ['pagecache', 'dax', 'mapsync-pin', 'ondisk', 'mapdirect', 'mapdirect-lease', 'odp', 'recorded'];
const TIMINGS = ['open', 'closed'] as const;
const USUAL = { sealRule: { kind: 'dma' }, unseal: { kind: 'never' }, onDeny: { kind: 'skip' } } as const;

type Rules = Pick<ReplayPlan, 'sealRule' | 'unseal' | 'onDeny' | 'timing'>;

/** '' or which lane ends otherwise with a kernel than without. */
function difference(input: EngineInput, names: readonly string[], rules: Rules, settings = {}): string {
  const policies = names.map((name) => build(name, settings));
  const plan = { ...rules, costs: reference, kernel: build('dax', settings), policies };
  const compiled = replay(input, { ...plan, kernelFrom: 0 });
  const plain = replay(input, { ...plan, kernelFrom: Number.POSITIVE_INFINITY });
  return names.find((_, i) => laneText(compiled[i]!) !== laneText(plain[i]!)) ?? '';
}

test('the kernel in the repository is the one that its source makes', async () => {
  expect(readFileSync(TARGET, 'utf8')).toBe(await plainRows());
});

test('random traces, rules and settings', { timeout: 240_000 }, async () => {
  let turn = 0;
  await fc.assert(
    fc.asyncProperty(anyStory, async ({ lines, chosen }) => {
      const input = engineInput(await traceOf(lines));
      const { unitNs, settings } = chosen;
      const rules = {
        sealRule: sealRuleOf(chosen.sealRule),
        unseal: unsealOf(chosen.unseal === 'idle' ? `idle:${611 * unitNs}ns` : chosen.unseal),
        onDeny: onDenyOf(chosen.onDeny === 'retry' ? `retry:${377 * unitNs + 1}ns` : chosen.onDeny),
      };
      const first = turn++ % ALL.length;
      const names = turn % 3 === 0 ? EIGHT : [...ALL, ...ALL].slice(first, first + (turn % 7) + 1);
      for (const timing of TIMINGS)
        expect(
          difference(input, names, { ...rules, timing }, settings),
          JSON.stringify({ timing, chosen, lines }),
        ).toBe('');
    }),
    { numRuns: 12, seed: 20170814, endOnFailure: true },
  );
});

test.each(['ftrace/story.report.txt.gz', 'ftrace/xfs-movers.report.txt.gz', 'ndjson/stale-dma.ndjson'])(
  '%s',
  { timeout: 120_000 },
  async (name) => {
    const { trace } = await ingest([join(import.meta.dirname, '..', '..', 'traces', name)]);
    const input = engineInput(trace);
    for (const timing of TIMINGS) expect(difference(input, ALL, { ...USUAL, timing }), timing).toBe('');
  },
);

test.each([0, 0.002, 0.02])('the load of the benchmark, one in %d rows a pin', { timeout: 120_000 }, (waits) => {
  const input = load(45_000, 5, waits);
  for (const timing of TIMINGS)
    for (const names of [EIGHT, ['dax'], ['recorded', 'ondisk'], ['pnfs-layout', 'oracle', 'swap']])
      expect(difference(input, names, { ...USUAL, timing }), `${timing} ${names.join()}`).toBe('');
});

test('maps are the same, word for word, and none is broken', () => {
  const input = load(120_000, 7, 0.002);
  const kernel = build('dax');
  const plan = planSeals(input, USUAL.sealRule);
  const [compiled, plain] = [0, Number.POSITIVE_INFINITY].map((kernelFrom) => {
    const policies = ['pagecache', 'dax', 'ondisk', 'odp'].map((name) => lanePolicies(build(name), input, kernel));
    const options = { ...USUAL, timing: 'open', kernel, kernelFrom } as const;
    const pass = new Pass(input, plan, policies, foldPrices(reference), options);
    pass.runTo(input.endNs);
    return pass.lanes.map(({ files }) => files);
  });
  expect(compiled![0]!.check()).toBe('');
  const extents = (files: (typeof compiled & object)[0], file: number): string => {
    const map = files.mapOf(file)!;
    const all = [
      `${map.seq} ${files.sizeOf(file)} ${files.isDirty(file)} ${files.changedNs(file)} ${files.removalsOf(file)}`,
    ];
    for (let at = map.seek(0); at >= 0; at = map.next(at))
      all.push(`${map.offset(at)} ${map.length(at)} ${map.addr(at)} ${map.state(at)}`);
    return all.join('\n');
  };
  for (const [lane, files] of compiled!.entries())
    for (let file = 0; file < input.fileCount; file++)
      if (extents(files, file) !== extents(plain![lane]!, file))
        expect(extents(files, file), `lane ${lane} file ${file}`).toBe(extents(plain![lane]!, file));
});
