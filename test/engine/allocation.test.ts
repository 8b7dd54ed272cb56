// In steady state the replay allocates nothing for an event: what is left is for holds, new kinds of conflict, and maps that grow.
import { type HeapProfiler, Session } from 'node:inspector';
import { expect, test } from 'vitest';
import { reference } from '../../src/costs/reference.js';
import { newLane } from '../../src/engine/replay.js';
import { planSeals } from '../../src/engine/seal-plan.js';
import { load, START_NS } from '../bench/engine-load.js';
import { build } from '../support/replay.js';

const EVENTS = 400_000;
const WARM = 2;
const USUAL = { sealRule: { kind: 'dma' }, unseal: { kind: 'never' }, onDeny: { kind: 'skip' } } as const;

/** Bytes that are allocated while it runs, kept or not. */
function allocatedBy(run: () => void): number {
  const session = new Session();
  session.connect();
  session.post('HeapProfiler.startSampling', {
    samplingInterval: 4096,
    includeObjectsCollectedByMajorGC: true,
    includeObjectsCollectedByMinorGC: true,
  } as HeapProfiler.StartSamplingParameterType);
  run();
  let bytes = 0;
  session.post('HeapProfiler.stopSampling', (error, { profile }) => {
    expect(error).toBeNull();
    bytes = sizeOf(profile.head);
  });
  session.disconnect();
  return bytes;
}

const sizeOf = ({ selfSize, children }: HeapProfiler.SamplingHeapProfileNode): number =>
  children.reduce((sum, child) => sum + sizeOf(child), selfSize);

test('the profiler sees what is allocated', () => {
  const kept: number[][] = [];
  const bytes = allocatedBy(() => {
    for (let i = 0; i < 50_000; i++) kept[i % 100] = [i, i + 1, i + 2];
  });
  expect(bytes / 50_000).toBeGreaterThan(20);
});

test.each(['open', 'closed'] as const)('less than 16 bytes an event in %s timing', { timeout: 120_000 }, (timing) => {
  const input = load(EVENTS, 1, 0.0005);
  const plan = { ...USUAL, costs: reference, timing, kernel: build('dax') };
  const start = () => newLane(input, planSeals(input, plan.sealRule), build('dax'), plan);
  // Code that is not compiled yet allocates numbers with fractions, and on a busy machine the compiler comes late.
  for (let warm = 0; warm < WARM; warm++) start().runTo(input.endNs);
  const lane = start();
  lane.runTo((START_NS + input.endNs) / 2);
  const bytes = allocatedBy(() => lane.runTo(input.endNs));
  expect(lane.finish().wait.count).toBeGreaterThan(0);
  expect(bytes / (EVENTS / 2)).toBeLessThan(16);
});
