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

export const farOf = ({ distances }: Closeness): string[] => distances.filter(({ near }) => !near).map(({ of }) => of);
