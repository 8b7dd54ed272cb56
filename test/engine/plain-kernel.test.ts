// Plain rows as WebAssembly runs them and as TypeScript does: every lane ends the same, to the byte.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
// @ts-expect-error: a script without types
import { plainRows, TARGET } from '../../scripts/plain-rows.mjs';
import { reference } from '../../src/costs/reference.js';
import { KernelMemory } from '../../src/engine/kernel-slots.js';
import { lanePolicies } from '../../src/engine/lane-policies.js';
import { Pass } from '../../src/engine/pass.js';
import { foldPrices } from '../../src/engine/recipes.js';
import { planSeals } from '../../src/engine/seal-plan.js';
import { engineInput } from '../../src/results/input.js';
import { ingest } from '../../src/trace/ingest.js';
import { load } from '../bench/engine-load.js';
import { anyStory } from '../model/property.js';
import fc from '../support/fast-check.js';
import { ALL, EIGHT, kernelDifference, rulesOf, TIMINGS, USUAL } from '../support/passes.js';
import { build, type Line, PAGE, pages, replayLines, traceOf } from '../support/replay.js';

test('the kernel in the repository is the one that its source makes', async () => {
  expect(readFileSync(TARGET, 'utf8')).toBe(await plainRows());
});

test('random traces, rules and settings', { timeout: 240_000 }, async () => {
  let turn = 0;
  await fc.assert(
    fc.asyncProperty(anyStory, async ({ lines, chosen }) => {
      const input = engineInput(await traceOf(lines));
      const rules = rulesOf(chosen);
      const first = turn++ % ALL.length;
      const names = turn % 3 === 0 ? EIGHT : [...ALL, ...ALL].slice(first, first + (turn % 7) + 1);
      for (const timing of TIMINGS)
        expect(
          kernelDifference(input, names, { ...rules, timing }, chosen.settings),
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
    for (const timing of TIMINGS) expect(kernelDifference(input, ALL, { ...USUAL, timing }), timing).toBe('');
  },
);

test.each([0, 0.002, 0.02])('the load of the benchmark, one in %d rows a pin', { timeout: 120_000 }, (waits) => {
  const input = load(25_000, 5, waits);
  for (const timing of TIMINGS)
    for (const names of [EIGHT, ['dax'], ['recorded', 'ondisk'], ['pnfs-layout', 'oracle', 'swap']])
      expect(kernelDifference(input, names, { ...USUAL, timing }), `${timing} ${names.join()}`).toBe('');
});

test('in an arena so large that rows are looked ahead for', { timeout: 120_000 }, () => {
  const make = KernelMemory.make.bind(KernelMemory);
  // Words of which nobody makes any use.
  const spy = vi.spyOn(KernelMemory, 'make').mockImplementation(() => {
    const memory = make();
    memory?.arena.take(2 ** 21);
    return memory;
  });
  const input = load(25_000, 7, 0.01);
  for (const timing of TIMINGS)
    for (const names of [EIGHT, ['dax']])
      expect(kernelDifference(input, names, { ...USUAL, timing }), `${timing} ${names.join()}`).toBe('');
  expect(spy).toHaveBeenCalledTimes(4);
  spy.mockRestore();
});

test('what was refused or committed there is known where later rows tell what it did', async () => {
  const lines: Line[] = [
    { t: 0, op: 'file', path: '/f', size: 64 * PAGE },
    { t: 0, op: 'extent', path: '/f', ...pages(0, 64), addr: 200 * PAGE, state: 'unwritten' },
    { t: 1, op: 'seal', pid: 10, path: '/f' },
    { t: 2, op: 'mmap', pid: 20, path: '/f', flags: ['shared', 'writable', 'sync'], handle: 'm' },
  ];
  for (let i = 0; i < 40; i++) {
    const fault = { pid: 20, path: '/f', ...pages(4 + i, 1) };
    lines.push({ ...fault, t: 100 * i + 100, op: 'write_fault', opId: 100 + i });
    lines.push({ ...fault, t: 100 * i + 110, op: 'map_insert', opId: 100 + i, addr: (204 + i) * PAGE });
    // What the first fault changed is durable already.
    lines.push({ ...fault, t: 100 * i + 120, op: 'write_fault', opId: 200 + i });
  }
  const names = ['ondisk', 'mapsync', 'mapsync-pin', 'dax'];
  const settings = { seal_fills: 'false' };
  const rules = { ...USUAL, sealRule: { kind: 'explicit' } } as const;
  const input = engineInput(await traceOf(lines));
  for (const timing of TIMINGS) expect(kernelDifference(input, names, { ...rules, timing }, settings), timing).toBe('');
  const replayed = await replayLines(lines, { policies: names, sealRule: 'explicit', settings });
  expect(replayed.map('ondisk', '/f')).toEqual(['0+64 unwritten@200']);
  expect(replayed.lane('ondisk').verdicts.deny).toBe(80);
  expect(replayed.lane('mapsync-pin').verdicts.commit).toBe(40);
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
