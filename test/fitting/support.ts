// A recording, the workload that is fitted to it, and what that makes.
import { makeOnce } from '../../src/cli/model.js';
import { mapsOf } from '../../src/cli/workload-file.js';
import { reference } from '../../src/costs/reference.js';
import { type Closeness, closeness } from '../../src/fitting/closeness.js';
import { fitWorkload } from '../../src/fitting/fit.js';
import { type Observations, observe } from '../../src/fitting/observations.js';
import type { Trace } from '../../src/model/trace.js';
import { ingest } from '../../src/trace/ingest.js';
import type { WorkloadModel } from '../../src/workloads/modelled/model.js';
import { build } from '../support/replay.js';

const maps = (trace: Trace) => mapsOf(trace, build('recorded'), reference);

export interface Fitted {
  readonly trace: Trace;
  readonly model: WorkloadModel;
  readonly seen: Observations;
}

export async function fitted(path: string): Promise<Fitted> {
  const { trace } = await ingest([path]);
  return fittedTo(trace);
}

export const fittedTo = (trace: Trace): Fitted => ({
  trace,
  model: fitWorkload(trace, maps(trace)),
  seen: observe(trace, maps(trace)),
});

/** How near what a model makes is to a recording. */
export function nearness({ seen }: Fitted, model: WorkloadModel, seed = 1): Closeness {
  const made = makeOnce(model, seed);
  return closeness(seen, observe(made, maps(made)));
}

/** How near what a model makes is over several seeds: their values as one sample, so that chance plays a smaller part. */
export function nearnessOver({ seen }: Fitted, model: WorkloadModel, seeds: readonly number[]): Closeness {
  const samples = new Map<string, number[]>();
  const counts = new Map<string, number>();
  for (const seed of seeds) {
    const made = makeOnce(model, seed);
    const found = observe(made, maps(made));
    for (const [name, values] of found.samples) samples.set(name, [...(samples.get(name) ?? []), ...values]);
    for (const [op, count] of found.counts) counts.set(op, (counts.get(op) ?? 0) + count / seeds.length);
  }
  return closeness(seen, { counts, samples });
}

export const farOf = ({ distances }: Closeness): string[] => distances.filter(({ near }) => !near).map(({ of }) => of);
