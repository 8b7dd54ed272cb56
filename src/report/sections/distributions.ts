// Latency as distributions: one CDF per operation kind with the policies overlaid, and latency over time per lane.
import type { Histogram, LaneDetail, Run } from '../../results/types.js';
import { formatCount } from '../format.js';
import { baselineOf, detailOf, namer, opsBySpread, sum, words } from '../lanes.js';
import type { Block, CdfChart, Section, Series } from '../model.js';
import type { SectionBuilder } from '../section.js';

const CDFS = 6;
const HEATS = 4;

export const distributions: SectionBuilder = {
  place: 50,
  build: (run: Run): Section | null => {
    const ops = opsBySpread(run).filter((op) => run.details.some((detail) => total(detail.histograms[op]) > 0));
    const charts = ops.map((op) => cdf(run, op));
    const differing = charts.filter((chart) => chart.series.length > 1).slice(0, CDFS);
    const shown = differing.length > 0 ? differing : charts.slice(0, 2);
    const heats = heatLanes(run).map((detail, _, all) => heat(run, detail, sharedRange(all)));
    if (shown.length + heats.length === 0) return null;
    return {
      id: 'distributions',
      title: 'Latency distributions',
      short: 'Distributions',
      finding: finding(charts),
      blocks: [
        ...(shown.length > 0 ? [{ kind: 'grid', blocks: shown } as const] : []),
        ...(heats.length > 0 ? [{ kind: 'grid', blocks: heats } as const] : []),
      ],
    };
  },
};

const finding = (charts: readonly CdfChart[]): string => {
  const same = charts.filter((chart) => chart.series.length === 1).length;
  if (charts.length === 0) return 'Latency over the time of the trace.';
  if (same === charts.length)
    return `All ${formatCount(same)} operation kinds have the same distribution under every policy.`;
  return `Policies with the same distribution share a line; ${formatCount(same)} of ${formatCount(charts.length)} operation kinds are alike under all and not drawn.`;
};

const total = (histogram: Histogram | undefined): number => sum(histogram?.counts ?? []);

/** Policies whose histograms are equal become one line that names them all. */
const cdf = (run: Run, op: string): CdfChart => {
  const groups = new Map<string, { names: string[]; histogram: Histogram }>();
  for (const detail of run.details) {
    const histogram = detail.histograms[op];
    if (histogram === undefined || total(histogram) === 0) continue;
    const key = `${histogram.upperNs.join()};${histogram.counts.join()}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { names: [detail.policy], histogram });
    else group.names.push(detail.policy);
  }
  const style = namer(run);
  const series = [...groups.values()].map(
    ({ names, histogram }): Series => ({
      names,
      style: style(names[0]!).style,
      ...cumulated(histogram),
      count: total(histogram),
    }),
  );
  return {
    kind: 'chart',
    mark: 'cdf',
    caption: words(op),
    summary: `Share of ${words(op)} operations that took at most so long, ${series.length === 1 ? 'the same under every policy' : `${series.length} different distributions`}.`,
    xLabel: 'latency',
    series,
  };
};

const cumulated = ({
  upperNs,
  counts,
}: Histogram): { readonly x: readonly number[]; readonly y: readonly number[] } => {
  const all = sum(counts);
  let below = 0;
  return {
    x: upperNs.map((upper) => Math.max(1, upper)),
    y: counts.map((n) => {
      below += n;
      return below / all;
    }),
  };
};

/** The baseline, and the lanes whose latencies moved most away from it. */
const heatLanes = (run: Run): readonly LaneDetail[] => {
  const base = baselineOf(run);
  const filled = run.details.filter((detail) => sum(detail.heat.counts) > 0);
  const distance = (detail: LaneDetail): number => {
    const lane = run.report.lanes.find(({ policy }) => policy === detail.policy);
    return (
      (lane?.wait.totalNs ?? 0) + sum(Object.values(lane?.latency ?? {}).map(({ meanNs, count }) => meanNs * count))
    );
  };
  const first = base === null ? undefined : detailOf(run, base.policy);
  const seen = new Set([first?.heat.counts.join()]);
  const others = filled
    .filter((detail) => detail !== first)
    .sort((a, b) => distance(b) - distance(a))
    .filter((detail) => !seen.has(detail.heat.counts.join()) && seen.add(detail.heat.counts.join()));
  return [...(first !== undefined && filled.includes(first) ? [first] : []), ...others].slice(0, HEATS);
};

/** One latency axis for all heat maps, so that they can be compared. */
const sharedRange = (details: readonly LaneDetail[]): readonly [number, number] => {
  const bounds = details.flatMap(({ heat: { latencyUpperNs, counts } }) =>
    latencyUpperNs.flatMap((upper, l) =>
      counts.some((n, i) => n > 0 && i % latencyUpperNs.length === l)
        ? [latencyUpperNs[l - 1] ?? upper / 2, upper]
        : [],
    ),
  );
  return [Math.max(1, Math.min(...bounds)), Math.max(2, ...bounds)];
};

const heat = (run: Run, { policy, heat: map }: LaneDetail, rangeNs: readonly [number, number]): Block => ({
  kind: 'chart',
  mark: 'heat',
  caption: [namer(run)(policy), ': latency over the time of the trace'],
  summary: `Number of operations by time and latency under ${policy}; the lines are p50 and p99 of each time bin.`,
  fromNs: run.report.trace.span.fromNs,
  toNs: run.report.trace.span.toNs,
  timeBins: map.timeBins,
  rangeNs,
  upperNs: map.latencyUpperNs,
  counts: map.counts,
});
