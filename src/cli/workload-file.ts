// A workload from a file that `sealtrace model` wrote, and how its maps are looked at while it is fitted.
import { readFileSync } from 'node:fs';
import type { MapsAt } from '../fitting/use.js';
import type { CostModel } from '../model/costs.js';
import { UserError } from '../model/issue.js';
import type { Policy } from '../model/policy.js';
import type { Trace } from '../model/trace.js';
import { recordedMaps } from '../results/recorded-maps.js';
import type { WorkloadModel } from '../workloads/modelled/model.js';
import { readWorkload } from '../workloads/modelled/read.js';
import { shortName } from './load.js';

/** A name of a workload has no dot and no slash. */
export const isWorkloadFile = (word: string): boolean => /[./\\]/.test(word);

export function workloadFile(path: string): WorkloadModel {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new UserError(`cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
  return readWorkload(shortName(path), text);
}

/** Looks at a recording's maps from its beginning on, as often as it is called. */
export const mapsOf = (trace: Trace, recorded: Policy, costs: CostModel) => (): MapsAt => {
  const { size, holding, parts } = recordedMaps(trace, recorded, costs);
  return {
    size,
    holding,
    extents: (file, nowNs) =>
      parts(file, 0, Number.POSITIVE_INFINITY, nowNs).map(({ length, unwritten, shared }) => ({
        length,
        state: unwritten ? 'unwritten' : shared ? 'shared' : 'written',
      })),
  };
};
