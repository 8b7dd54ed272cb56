// What happened when: verdicts by time bin, and the bins in which a kind of conflict came up. Bins are those of the heat map.

import { HEAT_BINS } from '../engine/heat.js';
import type { ConflictGroup, LaneResult } from '../engine/result.js';
import { VERDICT_COUNT, Verdict } from '../model/policy.js';
import type { Trace } from '../model/trace.js';
import { NONE } from '../model/units.js';

/** `[bin * VERDICT_COUNT + verdict]`. */
export function verdictsByTime({ columns, endNs }: Trace, { answers }: LaneResult): number[] {
  const counts = new Array<number>(HEAT_BINS * VERDICT_COUNT).fill(0);
  const perNs = HEAT_BINS / Math.max(1, endNs + 1);
  for (let row = 0; row < columns.rows; row++) {
    const verdict = answers.verdictAt(row);
    if (verdict > 0) counts[Math.floor(columns.timeNs[row]! * perNs) * VERDICT_COUNT + verdict - 1]!++;
  }
  return counts;
}

/** The bins in which operations like that of a group (same kind, file, program and answer) came up. */
export function conflictBins(trace: Trace, lane: LaneResult): (group: ConflictGroup) => readonly number[] {
  const { columns, endNs } = trace;
  const perNs = HEAT_BINS / Math.max(1, endNs + 1);
  const seen = new Map<string, Set<number>>();
  for (let row = 0; row < columns.rows; row++) {
    if (lane.answers.verdictAt(row) <= Verdict.revoke) continue;
    const key = likeness(trace, lane, row);
    const bins = seen.get(key) ?? new Set<number>();
    bins.add(Math.floor(columns.timeNs[row]! * perNs));
    seen.set(key, bins);
  }
  return ({ row }) => {
    const bins = seen.get(likeness(trace, lane, row));
    return bins === undefined ? [Math.floor(columns.timeNs[row]! * perNs)] : [...bins].sort((a, b) => a - b);
  };
}

function likeness({ columns: c, tasks }: Trace, lane: LaneResult, row: number): string {
  const name = c.task[row] === NONE ? '' : tasks[c.task[row]!]!.name;
  return `${c.op[row]}/${c.file[row]}/${lane.answers.verdictAt(row)}/${lane.answers.errnoAt(row)}/${name}`;
}
