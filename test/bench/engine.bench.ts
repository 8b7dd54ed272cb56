// Lanes over one seeded trace, half of whose events touch a block map: one policy in open and in closed time, and eight.
// Run: npx tsx test/bench/engine.bench.ts; EVENTS sets the size (default 300,000).
import assert from 'node:assert/strict';
import { add, complete, cycle, suite } from 'benny';
import { reference } from '../../src/costs/reference.js';
import { type ReplayPlan, replay } from '../../src/engine/replay.js';
import type { Policy, PolicyEntry } from '../../src/model/policy.js';
import * as registry from '../../src/policies/index.js';
import { validateSettings } from '../../src/policies/switches.js';
import { load } from './engine-load.js';

const EVENTS = Number(process.env.EVENTS ?? 300_000);
const EIGHT = ['pagecache', 'dax', 'mapsync-pin', 'ondisk', 'mapdirect', 'mapdirect-lease', 'odp', 'recorded'];
const input = load(EVENTS, 1, 0.001);
const entries: readonly PolicyEntry[] = Object.values(registry);
const policyOf = (name: string): Policy => entries.find((entry) => entry.name === name)!.build(validateSettings({}));

const run = (names: readonly string[], timing: ReplayPlan['timing']): number => {
  const lanes = replay(input, {
    policies: names.map(policyOf),
    costs: reference,
    sealRule: { kind: 'dma' },
    unseal: { kind: 'never' },
    onDeny: { kind: 'skip' },
    timing,
    kernel: policyOf('dax'),
  });
  return lanes.reduce((sum, lane) => sum + lane.operations, 0);
};

// Both times count the same operations before either is timed, and some of them wait.
assert.equal(run(['dax'], 'closed'), run(['dax'], 'open'));

suite(
  `replay of ${EVENTS} events`,
  add('one policy, open time', () => void run(['dax'], 'open')),
  add('one policy, closed time', () => void run(['dax'], 'closed')),
  add('eight policies, open time', () => void run(EIGHT, 'open')),
  cycle(),
  complete(({ results }) => {
    const seconds = results.map((result) => result.details.mean);
    const [open, closed, eight] = seconds as [number, number, number];
    console.log(`${(EVENTS / open / 1e6).toFixed(2)} M events/s with one policy in open time`);
    console.log(
      `closed time costs ${(closed / open).toFixed(2)} of open time, eight policies ${(eight / open).toFixed(2)} of one`,
    );
  }),
);
