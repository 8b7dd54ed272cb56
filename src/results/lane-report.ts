// One lane's counts as the replay report prints them.
import type { Histogram } from '../base/histogram.js';
import type { LaneResult } from '../engine/result.js';
import { EndedBy } from '../engine/seal-plan.js';
import { OPS } from '../model/events.js';
import { errnoName, VERDICT_COUNT, VERDICTS } from '../model/policy.js';
import type { Trace } from '../model/trace.js';
import { ringsOf } from './chains.js';
import { fileName } from './input.js';
import type { LaneReport, LatencyStats, VerdictCounts, WaitStats } from './types.js';

/** Files named of a crash; more say nothing to a reader. */
const MOST_NAMES = 20;

export function laneReport(trace: Trace, lane: LaneResult, costs: string): LaneReport {
  const byOp: Record<string, VerdictCounts> = {};
  const latency: Record<string, LatencyStats> = {};
  OPS.forEach((name, op) => {
    const counts = verdictCounts(lane.counts, op * VERDICT_COUNT);
    if (Object.values(counts).some((n) => n > 0)) byOp[name] = counts;
    const histogram = lane.latency[op];
    if (histogram !== undefined && histogram.count > 0) latency[name] = latencyStats(histogram);
  });
  const total = new Float64Array(VERDICT_COUNT);
  lane.counts.forEach((n, i) => {
    total[i % VERDICT_COUNT]! += n;
  });
  const denied = [...lane.denied]
    .map(([errno, n]) => [errnoName(errno), n] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const [a, b, c, d] = lane.hazardClasses as unknown as [number, number, number, number];
  const had = lane.seals.filter((s) => s.failure === '');
  return {
    policy: lane.policy.name,
    title: lane.policy.title,
    ...(lane.policy.rules.length === 0 ? {} : { rules: lane.policy.rules }),
    costs,
    operations: lane.operations,
    verdicts: verdictCounts(total, 0),
    byOp,
    denied: Object.fromEntries(denied),
    latency,
    wait: waitStats(lane.wait),
    stillWaiting: lane.stillWaiting,
    secondary: waitStats(lane.secondary),
    interrupted: lane.interrupted,
    deadlocks: lane.deadlocks.length,
    ...(lane.deadlocks.length === 0 ? {} : { rings: ringsOf(trace, lane.deadlocks) }),
    notReached: lane.notReached,
    latestNs: lane.latestNs,
    conflicts: lane.conflicts,
    hazards: {
      ...{ count: lane.hazardCount, bytes: lane.hazardBytes, byClass: { a, b, c, d } },
      ...{ incoherent: lane.incoherent, incoherentBytes: lane.incoherentBytes },
    },
    handOvers: lane.handOvers,
    seals: {
      opened: had.length,
      closed: had.filter((s) => s.endedBy !== EndedBy.alive).length,
      aliveAtEnd: had.filter((s) => s.endedBy === EndedBy.alive).length,
      orphaned: had.filter((s) => s.orphaned).length,
      leftAfterCrash:
        lane.crashes.length > 0
          ? Math.max(...lane.crashes.map(({ left }) => left.length))
          : had.filter((s) => s.survivesCrash && s.endedBy === EndedBy.alive).length,
      failed: lane.seals.length - had.length,
    },
    crashes: lane.crashes.map((crash) => ({
      atNs: Number(trace.originNs) + crash.timeNs,
      sealsLeft: crash.left.length,
      sealed: [...new Set(crash.left.map(({ file }) => fileName(trace, file)))].slice(0, MOST_NAMES),
      clearedBy: [...new Set(crash.left.map(({ file }) => lane.policy.of(file).seal?.clearedBy ?? ''))].join('; '),
      claimsGone: crash.gone,
      uncommittedFiles: crash.uncommitted.length,
    })),
    journalCommits: lane.journalCommits,
    deviceRefaults: lane.deviceRefaults,
    bounced: lane.bounced,
    diverged: lane.diverged,
    measuredShare: lane.measured + lane.priced === 0 ? 0 : lane.measured / (lane.measured + lane.priced),
  };
}

function verdictCounts(counts: Float64Array, at: number): VerdictCounts {
  return Object.fromEntries(VERDICTS.map((name, v) => [name, counts[at + v]!])) as VerdictCounts;
}

const waitStats = (h: Histogram): WaitStats => ({
  count: h.count,
  totalNs: Math.round(h.sum),
  p99Ns: h.quantile(0.99),
  maxNs: h.max,
});

function latencyStats(h: Histogram): LatencyStats {
  return {
    count: h.count,
    meanNs: Math.round(h.mean),
    p50Ns: h.quantile(0.5),
    p90Ns: h.quantile(0.9),
    p99Ns: h.quantile(0.99),
    p999Ns: h.quantile(0.999),
    maxNs: h.max,
  };
}
