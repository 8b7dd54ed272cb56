// Every workload keeps what it promises, for seeds of this test.
import { describe, expect, test } from 'vitest';
import { reference } from '../../src/costs/reference.js';
import { Op } from '../../src/model/events.js';
import type { Trace } from '../../src/model/trace.js';
import { TIMINGS } from '../../src/results/rules.js';
import { type MapExtent, mapSnapshots } from '../../src/results/snapshots.js';
import { build, PAGE } from '../support/replay.js';
import { broken } from './expectations.js';
import { synthetic, workloads } from './support.js';

const EVENTS = 10_000;
const SEEDS = [4, 1_000_003];

test('there are ten workloads, each with something to promise', () => {
  expect(workloads.map(({ name }) => name).sort()).toEqual([
    'crashy',
    'dax-database',
    'gpu-load',
    'hypervisor',
    'mixed',
    'mover',
    'odp-nic',
    'pnfs-blocks',
    'rdma-server',
    'swapfile',
  ]);
  for (const { declares } of workloads) expect(declares.length).toBeGreaterThan(0);
});

describe.each(workloads.map((one) => [one.name, one] as const))('%s', (_, workload) => {
  test.each(SEEDS)('keeps its promises with seed %i, in open and in closed time', (seed) => {
    const traces = new Map<string, Trace>();
    const faults = workload.declares.flatMap((declared) => {
      const key = JSON.stringify(declared.with ?? {});
      const trace = traces.get(key) ?? synthetic(workload, { seed, events: EVENTS, set: declared.with ?? {} });
      traces.set(key, trace);
      return TIMINGS.flatMap((timing) =>
        broken(trace, declared, timing).map(
          (fault) => `${declared.policy} ${JSON.stringify(declared.set ?? {})} ${timing}: ${fault}`,
        ),
      );
    });
    expect(faults).toEqual([]);
  });

  test('the blocks of two files never overlap, and no file has a block twice', () => {
    const trace = synthetic(workload, { seed: 9, events: 5_000 });
    // The recorded run: what really happened, so its blocks must be those of a real device.
    const options = { atNs: [], costs: reference, sealRule: 'dma', unseal: 'never', kernel: build('dax') };
    const { files } = mapSnapshots(trace, build('recorded'), options).snapshots[0]!;
    const owned = files.flatMap((file) => file.extents.flatMap(blocksOf));
    const clones = trace.columns.op.includes(Op.reflink);
    const distinct = new Set(owned.map(({ block }) => block));
    const single = owned.filter(({ shared }) => !shared);
    expect(new Set(single.map(({ block }) => block)).size).toBe(single.length);
    if (!clones) expect(distinct.size).toBe(owned.length);
    expect(owned.length).toBeGreaterThan(0);
  });
});

function blocksOf({ addr, length, shared }: MapExtent): { block: number; shared: boolean }[] {
  return Array.from({ length: length / PAGE }, (_, i) => ({ block: addr / PAGE + i, shared: shared === true }));
}

test('the judge of promises sees broken ones', () => {
  const rdma = workloads.find(({ name }) => name === 'rdma-server')!;
  const trace = synthetic(rdma, { seed: 1, events: EVENTS });
  const era = { era: '2017' };
  expect(broken(trace, { policy: 'dax', set: era, hazards: 'none' })).toEqual([expect.stringContaining('hazards')]);
  expect(broken(trace, { policy: 'ondisk', hazards: 'some' })).toEqual(['hazards: promised some, found 0']);
  expect(broken(trace, { policy: 'ondisk', refused: 'some', errno: 'EPERM' })).toEqual([
    expect.stringContaining('EPERM'),
  ]);
  expect(broken(trace, { policy: 'dax', set: era, hazards: 'unmapped' })[0]).toContain('while the mapping was there');
});
