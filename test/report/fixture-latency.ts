// Latencies drawn from a fixed seed, for every operation kind and policy.
import type { HeatMap, Histogram, LatencyStats } from '../../src/results/types.js';

export const POLICIES = [
  'recorded',
  'pagecache',
  'dax',
  'mapsync-pin',
  'ondisk',
  'mapdirect',
  'mapdirect-lease',
  'odp',
] as const;
export type PolicyId = (typeof POLICIES)[number];

export const TITLES: Readonly<Record<PolicyId, string>> = {
  recorded: 'what the trace says happened',
  pagecache: 'ordinary file, no seal',
  dax: 'DAX inode, no seal',
  'mapsync-pin': 'MAP_SYNC with long-term pins',
  ondisk: 'fallocate SEAL_BLOCK_MAP, inode flag',
  mapdirect: 'MAP_DIRECT, ends with the last mapping',
  'mapdirect-lease': 'MAP_DIRECT as a breakable lease',
  odp: 'on-demand paging, no pins',
};

export const SPAN = { fromNs: 0, toNs: 3_214_551_000 };
export const OPERATIONS = 5012;

export const random = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
};

const upperOf = (ns: number): number => {
  const exponent = Math.max(0, Math.floor(Math.log2(ns)) - 5);
  return (Math.floor(ns / 2 ** exponent) + 1) * 2 ** exponent;
};

const samplesOf = (
  seed: number,
  count: number,
  typicalNs: number,
  slowShare: number,
  slowNs: number,
): readonly number[] => {
  const next = random(seed);
  return Array.from({ length: count }, () => {
    const spread = Math.exp((next() + next() + next() - 1.5) * 0.8);
    return Math.round(next() < slowShare ? slowNs * spread : typicalNs * spread);
  });
};

export const histogramOf = (samples: readonly number[]): Histogram => {
  const buckets = new Map<number, number>();
  for (const ns of samples) buckets.set(upperOf(ns), (buckets.get(upperOf(ns)) ?? 0) + 1);
  const rows = [...buckets].sort(([a], [b]) => a - b);
  return { upperNs: rows.map(([upper]) => upper), counts: rows.map(([, n]) => n) };
};

export const statsOf = (samples: readonly number[]): LatencyStats => {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  const mean = samples.reduce((a, b) => a + b, 0) / Math.max(1, samples.length);
  return {
    count: samples.length,
    meanNs: Math.round(mean),
    p50Ns: at(0.5),
    p90Ns: at(0.9),
    p99Ns: at(0.99),
    p999Ns: at(0.999),
    maxNs: at(1),
  };
};

export const heatOf = (samples: readonly number[]): HeatMap => {
  const timeBins = 100;
  const latencyUpperNs = Array.from({ length: 40 }, (_, i) => Math.round(256 * 2 ** ((i + 1) * 0.6)));
  const counts = new Array<number>(timeBins * latencyUpperNs.length).fill(0);
  samples.forEach((ns, i) => {
    const t = Math.min(timeBins - 1, Math.floor((i / samples.length) ** 1.2 * timeBins));
    const l = latencyUpperNs.findIndex((upper) => ns <= upper);
    counts[t * latencyUpperNs.length + (l < 0 ? latencyUpperNs.length - 1 : l)]! += 1;
  });
  return { timeBins, latencyUpperNs, counts };
};

interface Load {
  readonly op: string;
  readonly count: number;
  readonly ns: number;
  readonly slow?: Readonly<Partial<Record<PolicyId, readonly [share: number, ns: number]>>>;
}

export const LOADS: readonly Load[] = [
  { op: 'write', count: 2380, ns: 2100, slow: { 'mapdirect-lease': [0.01, 6_500_000], ondisk: [0.004, 700] } },
  { op: 'write_fault', count: 1412, ns: 9800, slow: { 'mapsync-pin': [0.22, 121_000], odp: [0.03, 220_000] } },
  { op: 'read_fault', count: 806, ns: 4400 },
  { op: 'fsync', count: 240, ns: 143_000 },
  { op: 'mmap', count: 61, ns: 3100, slow: { ondisk: [0.3, 380_000], mapdirect: [0.3, 3400] } },
  {
    op: 'punch',
    count: 45,
    ns: 83_000,
    slow: { 'mapsync-pin': [0.4, 41_000_000], 'mapdirect-lease': [0.4, 1_020_000_000], odp: [0.6, 143_000] },
  },
  {
    op: 'truncate',
    count: 37,
    ns: 79_000,
    slow: { 'mapsync-pin': [0.5, 62_000_000], mapdirect: [0.19, 900], ondisk: [0.24, 900], odp: [0.5, 139_000] },
  },
  { op: 'reflink', count: 18, ns: 96_000, slow: { ondisk: [0.5, 900] } },
  { op: 'open', count: 13, ns: 2700 },
];

export const latenciesOf = (policy: PolicyId): Readonly<Record<string, readonly number[]>> =>
  Object.fromEntries(
    LOADS.map(({ op, count, ns, slow }, i) => {
      const [share, slowNs] = slow?.[policy] ?? [0, ns];
      return [op, samplesOf(11 + i, count, ns, share, slowNs)];
    }),
  );
