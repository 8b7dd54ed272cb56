// What each policy did: counts, and the details behind them.
import type { VerdictName } from '../../src/model/policy.js';
import type { Components, LaneDetail, LaneReport, VerdictCounts } from '../../src/results/types.js';
import { CLASHES, conflictOf, hazardsOf, sealsOf } from './fixture-clashes.js';
import {
  heatOf,
  histogramOf,
  LOADS,
  latenciesOf,
  OPERATIONS,
  type PolicyId,
  random,
  statsOf,
  TITLES,
} from './fixture-latency.js';

export const NONE: VerdictCounts = { proceed: 0, commit: 0, revoke: 0, recall: 0, wait: 0, deny: 0 };
export const verdicts = (more: Partial<VerdictCounts>, total: number): VerdictCounts => {
  const used = Object.values(more).reduce((a, b) => a + b, 0);
  return { ...NONE, ...more, proceed: total - used };
};

interface Outcome {
  readonly byOp: Readonly<Record<string, Partial<VerdictCounts>>>;
  readonly denied?: Readonly<Record<string, number>>;
  readonly wait?: LaneReport['wait'];
  readonly hazards?: LaneReport['hazards'];
  readonly seals?: Partial<LaneReport['seals']>;
  readonly journalCommits?: number;
  readonly deviceRefaults?: number;
  readonly diverged?: number;
}

const NO_WAIT: LaneReport['wait'] = { count: 0, totalNs: 0, p99Ns: 0, maxNs: 0 };
const STALE: LaneReport['hazards'] = {
  count: 3,
  bytes: 196_608,
  byClass: { a: 1, b: 1, c: 1, d: 0 },
  incoherent: 0,
  incoherentBytes: 0,
};

const OUTCOMES: Readonly<Record<PolicyId, Outcome>> = {
  recorded: { byOp: {}, hazards: STALE, journalCommits: 240 },
  pagecache: {
    byOp: {},
    hazards: {
      ...STALE,
      count: 2,
      bytes: 131_072,
      byClass: { a: 2, b: 0, c: 0, d: 0 },
      incoherent: 0,
      incoherentBytes: 0,
    },
    journalCommits: 240,
  },
  dax: { byOp: {}, hazards: STALE, journalCommits: 240 },
  'mapsync-pin': {
    byOp: { write_fault: { commit: 311 }, punch: { wait: 18 }, truncate: { wait: 19 } },
    wait: { count: 37, totalNs: 1_916_000_000, p99Ns: 141_000_000, maxNs: 148_200_000 },
    journalCommits: 551,
  },
  ondisk: {
    byOp: { truncate: { deny: 9 }, punch: { deny: 5 }, reflink: { deny: 4 }, unlink: { deny: 2 }, write: { deny: 9 } },
    denied: { ETXTBSY: 27, EPERM: 2 },
    seals: { opened: 4, closed: 1, aliveAtEnd: 3, orphaned: 1, leftAfterCrash: 3, failed: 1 },
    journalCommits: 248,
    diverged: 61,
  },
  mapdirect: {
    byOp: { truncate: { deny: 7 }, punch: { deny: 5 } },
    denied: { ETXTBSY: 12 },
    seals: { opened: 11, closed: 10, aliveAtEnd: 1 },
    journalCommits: 240,
    diverged: 34,
  },
  'mapdirect-lease': {
    byOp: { truncate: { recall: 7 }, punch: { recall: 5 }, write: { recall: 23 } },
    wait: { count: 35, totalNs: 52_110_000_000, p99Ns: 45_000_000_000, maxNs: 46_650_000_000 },
    seals: { opened: 11, closed: 10, aliveAtEnd: 1 },
    journalCommits: 240,
  },
  odp: { byOp: { truncate: { revoke: 19 }, punch: { revoke: 27 } }, deviceRefaults: 44, journalCommits: 240 },
};

export const laneReport = (policy: PolicyId): LaneReport => {
  const outcome = OUTCOMES[policy];
  const loads = [...LOADS, ...(outcome.byOp.unlink === undefined ? [] : [{ op: 'unlink', count: 2 }])];
  const byOp = Object.fromEntries(loads.map(({ op, count }) => [op, verdicts(outcome.byOp[op] ?? {}, count)]));
  const all: VerdictName[] = ['commit', 'revoke', 'recall', 'wait', 'deny'];
  const total = Object.fromEntries(
    all.map((name) => [name, Object.values(outcome.byOp).reduce((n, row) => n + (row[name] ?? 0), 0)]),
  );
  return {
    policy,
    title: TITLES[policy],
    costs: 'reference-2025',
    operations: OPERATIONS,
    verdicts: verdicts(total, OPERATIONS),
    byOp,
    denied: outcome.denied ?? {},
    latency: Object.fromEntries(Object.entries(latenciesOf(policy)).map(([op, samples]) => [op, statsOf(samples)])),
    wait: outcome.wait ?? NO_WAIT,
    stillWaiting: 0,
    secondary: NO_WAIT,
    interrupted: 0,
    deadlocks: 0,
    notReached: 0,
    latestNs: 0,
    conflicts: all.reduce((n, name) => n + total[name]!, 0),
    hazards: outcome.hazards ?? {
      count: 0,
      bytes: 0,
      byClass: { a: 0, b: 0, c: 0, d: 0 },
      incoherent: 0,
      incoherentBytes: 0,
    },
    seals: { opened: 0, closed: 0, aliveAtEnd: 0, orphaned: 0, leftAfterCrash: 0, failed: 0, ...outcome.seals },
    crashes: [
      {
        atNs: 1_500_000_000,
        sealsLeft: policy === 'ondisk' ? 3 : 0,
        sealed: policy === 'ondisk' ? ['/mnt/t/base/rel-16384', '/mnt/t/base/rel-16201'] : [],
        clearedBy: policy === 'ondisk' ? 'root, with chattr' : '',
        claimsGone: 4,
        uncommittedFiles: 2,
      },
    ],
    journalCommits: outcome.journalCommits ?? 0,
    handOvers: 0,
    deviceRefaults: outcome.deviceRefaults ?? 0,
    bounced: 0,
    diverged: outcome.diverged ?? 0,
    measuredShare: policy === 'recorded' ? 1 : 0.87,
  };
};

const filled = (counts: readonly number[]): readonly number[] => counts.flatMap((n, i) => (n > 0 ? [i, n] : []));

export const detailOf = (policy: PolicyId): LaneDetail => {
  const samples = latenciesOf(policy);
  return {
    policy,
    histograms: Object.fromEntries(Object.entries(samples).map(([op, all]) => [op, histogramOf(all)])),
    verdictsByTime: Array.from({ length: 600 }, (_, i) =>
      i % 6 === 0 ? 50 : i % 6 === 5 && i > 96 && policy === 'ondisk' ? 1 : 0,
    ),
    components: componentsOf(policy, samples),
    heat: heatOf(shuffled(Object.values(samples).flat())),
    heatByOp: Object.fromEntries(Object.entries(samples).map(([op, all]) => [op, filled(heatOf(all).counts)])),
    conflicts: CLASHES.flatMap((clash) => conflictOf(clash, policy)),
    conflictsLeftOut: 0,
    hazards: hazardsOf(policy),
    hazardsLeftOut: 0,
    seals: sealsOf(policy),
    sealsLeftOut: 0,
  };
};

const componentsOf = (
  policy: PolicyId,
  samples: Readonly<Record<string, readonly number[]>>,
): Readonly<Record<string, Components>> =>
  Object.fromEntries(
    Object.entries(samples).map(([op, all]) => {
      const total = all.reduce((a, b) => a + b, 0);
      const waits = policy === 'mapsync-pin' && op === 'truncate' ? total / 2 : 0;
      const none = { pricedNs: 0, refusedNs: 0, commitNs: 0, invalidateNs: 0, flushNs: 0, extraNs: 0 };
      return [op, { ...none, recordedNs: Math.round(total - waits), waitNs: Math.round(waits) }];
    }),
  );

const shuffled = (samples: readonly number[]): readonly number[] => {
  const next = random(3);
  return samples
    .map((ns) => ({ ns, at: next() }))
    .sort((a, b) => a.at - b.at)
    .map(({ ns }) => ns);
};
