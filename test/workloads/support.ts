// A synthetic trace in memory, made as the command makes it, and its replay.

import type { Trace } from '../../src/model/trace.js';
import type { LaneReport } from '../../src/results/types.js';
import * as registry from '../../src/workloads/index.js';
import { parameterValues } from '../../src/workloads/parts/parameters.js';
import { synthesize } from '../../src/workloads/parts/synthesize.js';
import type { Values, Workload } from '../../src/workloads/parts/workload.js';
import { runOf } from '../support/replay.js';
import { newBuilder } from '../trace/support.js';

export const workloads: readonly Workload[] = Object.values(registry);

export interface Asked {
  readonly seed: number;
  readonly events: number;
  readonly set?: Values;
}

export function synthetic(workload: Workload, { seed, events, set = {} }: Asked): Trace {
  const builder = newBuilder();
  const given = Object.fromEntries(Object.entries(set).map(([key, value]) => [key, String(value)]));
  const values = parameterValues(workload.name, workload.parameters, given);
  const sink = builder.startSource(workload.name, 'synth', 0);
  const synthesis = synthesize(workload, { values, seed, events }, sink);
  while (synthesis.advance(1000));
  return builder.finish();
}

export function laneOf(trace: Trace, policy: string, settings: Readonly<Record<string, string>> = {}): LaneReport {
  const run = runOf(trace, { policies: [policy], settings });
  return run.report.lanes.find((lane) => lane.policy === policy)!;
}
