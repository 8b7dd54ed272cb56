// What several sections ask of the lanes of a run.
import { OPS } from '../model/events.js';
import type { Components, Hazard, LaneDetail, LaneReport, LatencyStats, Run } from '../results/types.js';
import { middleCut } from './format.js';
import { type PolicyNamer, policyNamer } from './inline.js';
import type { Provenance } from './model.js';

/** The lane that repeats the trace, or the one whose policy the trace ran under: what the others are held against. */
export const baselineOf = (run: Run): LaneReport | null => {
  const { lanes, fidelity } = run.report;
  return (
    lanes.find((lane) => lane.policy === fidelity.policy) ??
    lanes.find((lane) => lane.policy === 'recorded') ??
    lanes[0] ??
    null
  );
};

/** The lane that tells what happens with no seal: the baseline if it is in danger, else the one in most danger of those that opened none. */
export const unsealedLane = (run: Run): LaneReport | null => {
  const base = baselineOf(run);
  const open = run.report.lanes.filter((lane) => lane.seals.opened === 0);
  if (base !== null && base.hazards.count > 0 && open.includes(base)) return base;
  return [...open].sort((a, b) => b.hazards.count - a.hazards.count)[0] ?? null;
};

/** What a lane refused beyond what the baseline refuses as well: a fault past the end of the file fails under any policy. */
export interface Refusals {
  readonly count: number;
  readonly byOp: Readonly<Record<string, number>>;
  readonly byErrno: Readonly<Record<string, number>>;
}

export const refusalsOver = (lane: LaneReport, base: LaneReport | null): Refusals => {
  const byOp = Object.fromEntries(
    Object.entries(lane.byOp).map(([op, { deny }]) => [op, Math.max(0, deny - (base?.byOp[op]?.deny ?? 0))]),
  );
  const byErrno = Object.fromEntries(
    Object.entries(lane.denied).map(([errno, n]) => [errno, Math.max(0, n - (base?.denied[errno] ?? 0))]),
  );
  return { count: sum(Object.values(byOp)), byOp, byErrno };
};

export const detailOf = (run: Run, policy: string): LaneDetail | undefined =>
  run.details.find((detail) => detail.policy === policy);

export const namer = (run: Run): PolicyNamer => policyNamer(run.report.lanes.map((lane) => lane.policy));

/** Is a lane's latency mostly what the trace recorded? */
export const latencyBasis = (lane: LaneReport): Provenance => (lane.measuredShare >= 0.999 ? 'recorded' : 'modelled');
/** Of one operation kind under all policies: recorded where nothing was priced or added. */
export const distributionBasis = (run: Run, op: string): Provenance =>
  run.details.every(({ components }) => isRecorded(components[op])) ? 'recorded' : 'modelled';

const isRecorded = (parts: Components | undefined): boolean =>
  parts === undefined || Object.entries(parts).every(([name, ns]) => name === 'recordedNs' || ns === 0);

export const countBasis = (lane: LaneReport): Provenance => (lane.policy === 'recorded' ? 'recorded' : 'modelled');

export const startOf = (run: Run): number => run.report.trace.span.fromNs;

/** Time bins of the run as spans since the start of the trace; neighbours are joined. */
export const spansOf = (run: Run, policy: string, bins: readonly number[]): readonly (readonly [number, number])[] => {
  const { fromNs, toNs } = run.report.trace.span;
  const width = (toNs - fromNs) / Math.max(1, detailOf(run, policy)?.heat.timeBins ?? 1);
  const spans: [number, number][] = [];
  for (const bin of bins) {
    const last = spans.at(-1);
    const from = Math.floor(bin * width);
    if (last !== undefined && from <= last[1] + 1) last[1] = Math.ceil((bin + 1) * width);
    else spans.push([from, Math.ceil((bin + 1) * width)]);
  }
  return spans;
};

export const sum = (numbers: Iterable<number>): number => {
  let total = 0;
  for (const n of numbers) total += n;
  return total;
};

const rank = new Map<string, number>(OPS.map((name, code) => [name, code]));

/** The highest percentile that so many calls can show. */
export const tailOf = ({
  count,
  p99Ns,
  p999Ns,
  maxNs,
}: LatencyStats): { readonly name: string; readonly ns: number } => {
  if (count >= 1000) return { name: 'p99.9', ns: p999Ns };
  return count >= 100 ? { name: 'p99', ns: p99Ns } : { name: 'max', ns: maxNs };
};

/** Operation kinds with latencies, the ones on which the lanes disagree most first. */
export const opsBySpread = (run: Run): readonly string[] => {
  const lanes = run.report.lanes;
  const ops = new Set(lanes.flatMap((lane) => Object.keys(lane.latency)));
  const scored = [...ops].map((op) => {
    const tails = lanes.flatMap((lane) => {
      const stats = lane.latency[op];
      return stats === undefined || stats.count === 0 ? [] : [tailOf(stats).ns];
    });
    const most = Math.max(...tails);
    const samples = Math.max(...lanes.map((lane) => lane.latency[op]?.count ?? 0));
    return { op, samples, spread: most / Math.max(1, Math.min(...tails)) };
  });
  const order = (op: string): number => rank.get(op) ?? OPS.length;
  return scored
    .filter(({ samples }) => samples > 0)
    .sort(
      (a, b) =>
        Math.round(b.spread * 10) - Math.round(a.spread * 10) || b.samples - a.samples || order(a.op) - order(b.op),
    )
    .map(({ op }) => op);
};

/** Operation kinds in words: `write_fault` -> `write fault`. */
export const words = (name: string): string => middleCut(name.replaceAll('_', ' '), 60);

/** What a hazard is: `stale dma write, class c`, `incoherent read`. */
export const hazardWords = ({ op, hazardClass }: Pick<Hazard, 'op' | 'hazardClass'>): string =>
  hazardClass === 'incoherent' ? `incoherent ${words(op)}` : `stale ${words(op)}, class ${hazardClass}`;

/** Does the run tell of device memory that software keeps coherent? Then its figures belong beside the others. */
export const tellsCoherence = (lanes: readonly LaneReport[]): boolean =>
  lanes.some(({ handOvers, hazards }) => handOvers + hazards.incoherent > 0);

/** Entries of a record, largest first, names as tie-break. */
export const byCount = (record: Readonly<Record<string, number>>): readonly (readonly [string, number])[] =>
  Object.entries(record)
    .filter(([, n]) => n > 0)
    .sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
