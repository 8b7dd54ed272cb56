// Latency as distributions: one CDF per operation kind with the policies overlaid.
import type { Histogram, Run } from '../../results/types.js';
import { formatCount } from '../format.js';
import { distributionBasis, namer, opsBySpread, sum, words } from '../lanes.js';
import type { CdfChart, Section, Series } from '../model.js';
import type { SectionBuilder } from '../section.js';

const CDFS = 6;

export const distributions: SectionBuilder = {
  place: 54,
  build: (run: Run): Section | null => {
    const ops = opsBySpread(run).filter((op) => run.details.some((detail) => total(detail.histograms[op]) > 0));
    const charts = ops.map((op) => cdf(run, op));
    const differing = charts.filter((chart) => chart.series.length > 1).slice(0, CDFS);
    const shown = differing.length > 0 ? differing : charts.slice(0, 2);
    if (shown.length === 0) return null;
    return {
      id: 'distributions',
      title: 'Latency distributions',
      short: 'Distributions',
      finding: finding(charts),
      blocks: [{ kind: 'grid', blocks: shown }],
    };
  },
};

const finding = (charts: readonly CdfChart[]): string => {
  const same = charts.filter((chart) => chart.series.length === 1).length;
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
    op,
    caption: words(op),
    summary: `Share of ${words(op)} operations that took at most so long, ${series.length === 1 ? 'the same under every policy' : `${series.length} different distributions`}.`,
    basis: distributionBasis(run, op),
    xLabel: 'latency',
    series,
  };
};

export const cumulated = ({
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
