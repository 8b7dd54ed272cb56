// Latency over time: darker means more operations in the bin, lines are p50 and p99 of each time bin.
import { scaleLog } from 'd3-scale';
import { curveStep, line } from 'd3-shape';
import { formatCount, formatNs } from '../format.js';
import type { HeatChart, TableBlock } from '../model.js';
import { type Frame, logTicks, sinceStart, svg, timeScale, timeSpan, timeTicks, xAxis, yAxis } from './chart-frame.js';
import { h, type Markup } from './escape.js';
import { round } from './marks.js';

const FRAME: Frame = { width: 540, height: 300, left: 58, right: 14, top: 24, bottom: 42 };
const LEVELS = 7;
const MOST_COLUMNS = 120;
const TWIN_ROWS = 24;

interface Grid {
  readonly columns: number;
  readonly upper: readonly number[];
  readonly counts: readonly number[];
}

/** Joins neighbouring time bins until at most `most` are left. */
const coarser = (chart: HeatChart, most: number): Grid => {
  const rows = chart.upperNs.length;
  const by = Math.max(1, Math.ceil(chart.timeBins / most));
  const columns = Math.ceil(chart.timeBins / by);
  const counts = new Array<number>(columns * rows).fill(0);
  for (let t = 0; t < chart.timeBins; t++) {
    const to = Math.floor(t / by) * rows;
    for (let l = 0; l < rows; l++) counts[to + l]! += chart.counts[t * rows + l] ?? 0;
  }
  return { columns, upper: chart.upperNs, counts };
};

/** Lower bound of a latency bin: the bound below, or as far again as the next one. */
const lowerOf = (upper: readonly number[], i: number): number => {
  if (i > 0) return Math.max(0.5, upper[i - 1]!);
  const first = Math.max(1, upper[0] ?? 1);
  return upper.length > 1 ? first * Math.min(0.9, first / Math.max(first + 1, upper[1]!)) : first / 2;
};

export const heatSvg = (chart: HeatChart): Markup => {
  const grid = coarser(chart, MOST_COLUMNS);
  const y = scaleLog(chart.rangeNs, [FRAME.height - FRAME.bottom, FRAME.top]);
  const x = timeScale(FRAME, chart.fromNs, chart.toNs);
  const [bottom, top] = chart.rangeNs;
  const yTicks = logTicks(bottom, top, 8).map((ns) => ({ at: y(ns), label: formatNs(ns) }));
  return svg(
    FRAME,
    chart.summary,
    [
      xAxis(FRAME, timeTicks(x, 5, chart.fromNs), sinceStart(chart.fromNs)),
      yAxis(FRAME, yTicks, 'latency (log)'),
      cells(grid, y),
      percentileLine(grid, 0.5, y, 'p50'),
      percentileLine(grid, 0.99, y, 'p99'),
    ],
    timeSpan(FRAME, chart.fromNs, chart.toNs),
  );
};

/** One path per level: a file of thousands of rectangles would be large and slow. */
const cells = ({ columns, upper, counts }: Grid, y: (ns: number) => number): Markup => {
  const most = Math.max(1, ...counts);
  const width = (FRAME.width - FRAME.left - FRAME.right) / Math.max(1, columns);
  const paths = new Array<string>(LEVELS).fill('');
  counts.forEach((n, i) => {
    if (n === 0) return;
    const l = i % upper.length;
    const left = FRAME.left + Math.floor(i / upper.length) * width;
    const [top, bottom] = [y(Math.max(1, upper[l]!)), y(lowerOf(upper, l))];
    paths[levelOf(n, most)] +=
      `M${round(left)} ${round(top)}h${round(width + 0.1)}v${round(Math.max(1, bottom - top))}h${round(-width - 0.1)}z`;
  });
  return h`${paths.map((path, level) => (path === '' ? null : h`<path class="heat-${level}" d="${path}"/>`))}`;
};

/** Logarithmic, so that single slow operations stay visible beside thousands of fast ones. */
const levelOf = (n: number, most: number): number =>
  Math.min(LEVELS - 1, Math.floor((Math.log(n) / Math.log(Math.max(2, most))) * LEVELS));

/** Upper bound of the bin in which a share of one column is reached; NaN for an empty column. */
const percentile = ({ upper, counts }: Grid, column: number, share: number): number => {
  const part = counts.slice(column * upper.length, (column + 1) * upper.length);
  const all = part.reduce((a, b) => a + b, 0);
  let below = 0;
  const at = part.findIndex((n) => {
    below += n;
    return below >= share * all && all > 0;
  });
  return at < 0 ? Number.NaN : Math.max(1, upper[at]!);
};

const percentileLine = (grid: Grid, share: number, y: (ns: number) => number, name: string): Markup => {
  const width = (FRAME.width - FRAME.left - FRAME.right) / Math.max(1, grid.columns);
  const values = Array.from({ length: grid.columns }, (_, t) => percentile(grid, t, share));
  const path = line<number>(
    (_, t) => round(FRAME.left + (t + 0.5) * width),
    (ns) => round(y(ns)),
  )
    .defined((ns) => !Number.isNaN(ns))
    .curve(curveStep)(values);
  return h`<path class="halo" d="${path ?? ''}"/><path class="${name}" d="${path ?? ''}"/>`;
};

export const heatLegend = (chart: HeatChart): Markup => {
  const most = Math.max(0, ...coarser(chart, MOST_COLUMNS).counts);
  const scale = Array.from(
    { length: LEVELS },
    (_, level) => h`<rect class="heat-${level}" x="${level * 14}" y="1" width="14" height="10"/>`,
  );
  return h`<ul class="legend"><li>1 <svg class="sample" width="98" height="12" viewBox="0 0 98 12" aria-hidden="true">${scale}</svg> ${formatCount(most)} operations per bin (log)</li><li><svg class="sample" width="34" height="12" viewBox="0 0 34 12" aria-hidden="true"><path class="halo" d="M1 6H33"/><path class="p50" d="M1 6H33"/></svg>p50</li><li><svg class="sample" width="34" height="12" viewBox="0 0 34 12" aria-hidden="true"><path class="halo" d="M1 6H33"/><path class="p99" d="M1 6H33"/></svg>p99</li></ul>`;
};

export const heatTwin = (chart: HeatChart): TableBlock => {
  const grid = coarser(chart, TWIN_ROWS);
  const width = (chart.toNs - chart.fromNs) / Math.max(1, grid.columns);
  return {
    kind: 'table',
    caption: 'Operations and latency by time',
    dense: true,
    columns: [
      { title: 'Since start', head: true, align: 'end' },
      ...['Operations', 'p50', 'p99', 'max'].map((title) => ({ title, align: 'end' as const })),
    ],
    rows: Array.from({ length: grid.columns }, (_, t) => [
      { text: formatNs(t * width) },
      {
        text: formatCount(
          grid.counts.slice(t * grid.upper.length, (t + 1) * grid.upper.length).reduce((a, b) => a + b, 0),
        ),
      },
      ...[0.5, 0.99, 1].map((share) => ({ text: formatNs(percentile(grid, t, share)) })),
    ]),
  };
};
