// One timed run of the engine benchmark; engine.bench.ts bundles this as the program is, and runs it in a process of its own.
import { PerformanceObserver, performance } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import { reference } from '../../src/costs/reference.js';
import { lanePolicies } from '../../src/engine/lane-policies.js';
import { Pass } from '../../src/engine/pass.js';
import { foldPrices } from '../../src/engine/recipes.js';
import type { LaneResult } from '../../src/engine/result.js';
import { planSeals } from '../../src/engine/seal-plan.js';
import type { Policy, PolicyEntry } from '../../src/model/policy.js';
import * as registry from '../../src/policies/index.js';
import { validateSettings } from '../../src/policies/switches.js';
import { load, START_NS } from './engine-load.js';

const EIGHT = ['pagecache', 'dax', 'mapsync-pin', 'ondisk', 'mapdirect', 'mapdirect-lease', 'odp', 'recorded'] as const;

/** Share of events followed by a pin of the same file, which some changes of it wait for. */
const WAITS = 0.001;

/** So often, the warm-up: what is compiled for the first time meets new objects in the second, and what few rows come to takes longer. */
const WARM_UPS = 6;

export const KINDS = {
  one: { name: 'one policy, open timing', policies: ['dax'], timing: 'open' },
  closed: { name: 'one policy, closed timing', policies: ['dax'], timing: 'closed' },
  eight: { name: 'eight policies in one pass, open timing', policies: EIGHT, timing: 'open' },
  apart: { name: 'eight policies, a run each, open timing', policies: EIGHT, timing: 'open' },
} as const;
export type Name = keyof typeof KINDS;

export interface Run {
  /** Of the plan, the lanes and their results; neither of the load nor of the warm-up, ns. */
  readonly cpuNs: number;
  /** Of the second half of the events: part of the time that garbage collection took. */
  readonly gcShare: number;
  readonly operations: number;
  /** By lane: checksums of what it counted. */
  readonly sums: readonly (readonly number[])[];
}

const entries: readonly PolicyEntry[] = Object.values(registry);
const policyOf = (name: string): Policy => entries.find((entry) => entry.name === name)!.build(validateSettings({}));

async function measure(kind: Name, events: number): Promise<Run> {
  const { policies: names, timing } = KINDS[kind];
  const groups: (readonly string[])[] = kind === 'apart' ? names.map((name) => [name]) : [names];
  // Made first: what is compiled meanwhile would be thrown away with the columns of another length.
  const input = load(events, 1, WAITS);
  // The same code on a smaller load first: compilers are not what is timed. What it leaves is kept until the end: compiled code
  // knows the objects that it was made for, and is thrown away with them; a long replay does not lose its own.
  const warm = load(400_000, 2, WAITS);
  const kept = Array.from({ length: WARM_UPS }, () => groups.map((group) => replayed(warm, group, timing)));
  const pauses: { startMs: number; ms: number }[] = [];
  const observer = new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) pauses.push({ startMs: startTime, ms: duration });
  });
  observer.observe({ entryTypes: ['gc'] });
  globalThis.gc?.();
  const before = process.cpuUsage();
  const parts = groups.map((group) => replayed(input, group, timing));
  const { user, system } = process.cpuUsage(before);
  // Pauses are told of in turns of the event loop.
  for (let turn = 0; turn < 3; turn++) await setTimeout(5);
  if (kept.flat().some(({ pass }) => pass.lanes.length === 0)) throw new Error('a warm-up without lanes');
  const results = parts.flatMap(({ lanes }) => lanes);
  const spans = parts.map(({ steadyMs }) => steadyMs);
  // The forced collection before the first span proves that pauses are seen at all.
  if (pauses.length === 0) throw new Error('no garbage collection was seen, not even the forced one');
  const paused = pauses
    .filter(({ startMs }) => spans.some(([from, to]) => startMs >= from && startMs < to))
    .reduce((sum, { ms }) => sum + ms, 0);
  return {
    cpuNs: (user + system) * 1000,
    gcShare: paused / spans.reduce((sum, [from, to]) => sum + to - from, 0),
    operations: results.reduce((sum, lane) => sum + lane.operations, 0),
    sums: results.map(checksum),
  };
}

interface Replayed {
  readonly pass: Pass;
  readonly lanes: readonly LaneResult[];
  /** When the second half of the events ran. */
  readonly steadyMs: readonly [number, number];
}

function replayed(input: ReturnType<typeof load>, names: readonly string[], timing: 'open' | 'closed'): Replayed {
  const kernel = policyOf('dax');
  const policies = names.map((name) => lanePolicies(policyOf(name), input, kernel));
  const options = { unseal: { kind: 'never' }, onDeny: { kind: 'skip' }, timing, kernel } as const;
  const pass = new Pass(input, planSeals(input, { kind: 'dma' }), policies, foldPrices(reference), options);
  pass.runTo((START_NS + input.endNs) / 2);
  const fromMs = performance.now();
  pass.runTo(input.endNs);
  const steadyMs = [fromMs, performance.now()] as const;
  return { pass, lanes: pass.finish(), steadyMs };
}

/** Verdicts, errnos, latencies, conflicts and hazards of a lane. */
function checksum(lane: LaneResult): number[] {
  const latency = lane.latency.reduce((sum, one) => sum + (one?.sum ?? 0) + (one?.quantile(0.99) ?? 0), 0);
  const places = (many: number, at: (i: number) => number): number => {
    let sum = 0;
    for (let i = 0; i < many; i++) sum = (sum * 31 + at(i)) % 4294967291;
    return sum;
  };
  const { answers, counts } = lane;
  return [
    ...[lane.operations, lane.conflicts, lane.groups.length, lane.hazardCount, lane.diverged, latency],
    places(counts.length, (i) => counts[i]!),
    places(answers.rows, (row) => answers.verdictAt(row)),
    ...[places(answers.rows, (row) => answers.errnoAt(row)), lane.wait.sum],
  ];
}

const [kind, events] = process.argv.slice(2);
if (kind !== undefined && kind in KINDS) console.log(JSON.stringify(await measure(kind as Name, Number(events))));
