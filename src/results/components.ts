// Where the time of a lane's operations goes, by operation kind: the parts of the sum that its latency histogram holds.
// The call itself, commits, invalidations and refusals follow from the verdicts; what is left over is waiting and sealing.
import { foldPrices, type Prices } from '../engine/recipes.js';
import type { LaneResult } from '../engine/result.js';
import type { CostModel } from '../model/costs.js';
import { OP_COUNT, OPS, Op } from '../model/events.js';
import { Verdict } from '../model/policy.js';
import type { Trace } from '../model/trace.js';
import type { Components } from './types.js';

type Sums = { -readonly [K in keyof Components]: number };
const none = (): Sums => ({
  recordedNs: 0,
  pricedNs: 0,
  refusedNs: 0,
  commitNs: 0,
  invalidateNs: 0,
  flushNs: 0,
  waitNs: 0,
  extraNs: 0,
});

export function components(trace: Trace, lane: LaneResult, costs: CostModel): Record<string, Components> {
  const sums = Array.from({ length: OP_COUNT }, none);
  const prices = foldPrices(costs);
  for (let row = 0; row < trace.columns.rows; row++)
    if (lane.answers.verdictAt(row) > 0) add(sums[trace.columns.op[row]!]!, trace, lane, row, prices);
  lane.flushNs?.forEach((ns, op) => {
    sums[op]!.flushNs = ns;
  });
  const waits = waitsByOp(trace, lane);
  const filled = OPS.flatMap((name, op) => {
    const total = lane.latency[op]?.sum ?? 0;
    return total > 0 ? [[name, shared(sums[op]!, total, waits[op]!)] as const] : [];
  });
  return Object.fromEntries(filled);
}

function add(sums: Sums, { columns: c }: Trace, lane: LaneResult, row: number, prices: Prices): void {
  const op = c.op[row]!;
  const verdict = lane.answers.verdictAt(row) - 1;
  const recordedNs = c.latencyNs[row]!;
  const replays = lane.policy.recorded !== true;
  if (replays && verdict === Verdict.deny && (c.result[row]! >= 0 || recordedNs < 0)) {
    sums.refusedNs += prices.price('refuse');
    return;
  }
  if (recordedNs >= 0) sums.recordedNs += recordedNs;
  else {
    const bytes = op === Op.truncate ? 0 : Math.max(0, c.length[row]!);
    sums.pricedNs += prices.fixedNs[op]! + prices.nsPerByte[op]! * bytes;
  }
  if (replays && verdict === Verdict.commit) sums.commitNs += prices.price('commit');
  if (replays && verdict === Verdict.revoke) sums.invalidateNs += prices.price('invalidate');
}

/** What the known parts do not explain of the total is waiting, as far as there was any, and seal calls or device faults. */
function shared(sums: Sums, totalNs: number, waitNs: number): Components {
  const { recordedNs, pricedNs, refusedNs, commitNs, invalidateNs, flushNs } = sums;
  const rest = Math.max(0, totalNs - recordedNs - pricedNs - refusedNs - commitNs - invalidateNs - flushNs);
  const waited = Math.min(rest, waitNs);
  const parts = { ...sums, waitNs: waited, extraNs: rest - waited };
  return Object.fromEntries(Object.entries(parts).map(([name, ns]) => [name, Math.round(ns)])) as unknown as Components;
}

function waitsByOp({ columns }: Trace, lane: LaneResult): Float64Array {
  const waits = new Float64Array(OP_COUNT);
  for (const { row, totalWaitNs } of lane.groups) waits[columns.op[row]!]! += totalWaitNs;
  // Reads and writes also queue behind a sleeper without being in conflict themselves.
  for (const op of [Op.read, Op.write]) waits[op]! += lane.secondary.sum;
  return waits;
}
