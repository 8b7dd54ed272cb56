// Cumulative distributions, steps at the upper bounds of the buckets. The share axis is the logarithm of the rest, so
// that p90, p99, p99.9 stand equally far apart and the tail can be read.
import { scaleLog } from 'd3-scale';
import { curveStepAfter, line } from 'd3-shape';
import { formatCount, formatNs, middleCut } from '../format.js';
import { inlines } from '../inline.js';
import type { CdfChart, Series, TableBlock, Text } from '../model.js';
import { type Frame, logTicks, svg, xAxis, yAxis } from './chart-frame.js';
import { h, type Markup } from './escape.js';
import { colourOf, dashOf, lineSample, marker, round } from './marks.js';

const FRAME: Frame = { width: 540, height: 300, left: 52, right: 14, top: 24, bottom: 42 };
const SHARES = [0, 0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999];

export const cdfSvg = (chart: CdfChart): Markup => {
  const x = xScale(chart);
  const y = yScale(chart);
  const least = y.domain()[1]!;
  const xTicks = logTicks(x.domain()[0]!, x.domain()[1]!, 7).map((ns) => ({ at: x(ns), label: formatNs(ns) }));
  const yTicks = SHARES.filter((share) => 1 - share >= least * 0.999).map((share) => ({
    at: y(1 - share),
    label: `p${Number((share * 100).toPrecision(6))}`,
  }));
  const ends = [...yTicks.filter(({ at }) => at > FRAME.top + 13), { at: FRAME.top, label: 'max' }];
  const lines = chart.series.map((series, i) =>
    drawSeries(series, i, chart.series.length, x, (share) => y(Math.max(least, 1 - share))),
  );
  return svg(FRAME, chart.summary, [
    xAxis(FRAME, xTicks, `${chart.xLabel} (log)`),
    yAxis(FRAME, ends, 'share of operations'),
    lines,
  ]);
};

const xScale = ({ series }: CdfChart) => {
  const all = series.flatMap(({ x }) => [x[0] ?? 1, x[x.length - 1] ?? 1]);
  const low = Math.min(...all);
  const high = Math.max(...all);
  return scaleLog([low / 1.25, Math.max(high, low * 2) * 1.1], [FRAME.left, FRAME.width - FRAME.right]);
};

/** Domain 1 (nothing below) to the rest that the largest series can still show. */
const yScale = ({ series }: CdfChart) => {
  const most = Math.max(10, ...series.map(({ count }) => count));
  return scaleLog([1, Math.max(1e-5, 0.5 / most)], [FRAME.height - FRAME.bottom, FRAME.top]);
};

type Place = (value: number) => number;
type Point = readonly [number, number];

const drawSeries = (series: Series, index: number, of: number, x: Place, y: Place): Markup => {
  const points = thinned(series.x.map((ns, i): Point => [x(ns), y(series.y[i]!)]));
  const first = points[0] ?? [FRAME.left, FRAME.height - FRAME.bottom];
  const last = points[points.length - 1] ?? first;
  const path = line<Point>(
    ([px]) => round(px),
    ([, py]) => round(py),
  ).curve(curveStepAfter)([[first[0], FRAME.height - FRAME.bottom], ...points]);
  const marks = markPlaces(series, index, of).map((share) => {
    const at = series.y.findIndex((below) => below >= share);
    return at < 0 ? null : marker(series.style, x(series.x[at]!), y(share));
  });
  return h`<path class="series" d="${path ?? ''}" stroke="${colourOf(series.style)}" stroke-dasharray="${dashOf(series.style)}"/>${marks}${marker(series.style, last[0], last[1])}`;
};

/** Markers at shares of their own for each series, so that those on top of each other stay apart. */
const markPlaces = (series: Series, index: number, of: number): readonly number[] => {
  const shift = (index + 0.5) / of;
  return [1 - 10 ** -(0.15 + 0.7 * shift), 1 - 10 ** -(1.1 + 0.8 * shift)].filter(
    (share) => 1 - share > 1 / Math.max(1, series.count),
  );
};

/** Drops points that would fall on the pixel of the one before. */
const thinned = (points: readonly Point[]): readonly Point[] =>
  points.filter((point, i) => {
    const next = points[i + 1];
    return next === undefined || round(next[0]) - round(point[0]) >= 0.5 || Math.abs(next[1] - point[1]) > 3;
  });

export const cdfLegend = (chart: CdfChart): Markup =>
  h`<ul class="legend">${chart.series.map(({ names, style, count }) => h`<li>${lineSample(style)}${middleCut(names.join(' = '), 200)} <small>${formatCount(count)}</small></li>`)}</ul>`;

const TWIN = [0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999, 1];

export const cdfTwin = (chart: CdfChart): TableBlock => ({
  kind: 'table',
  caption: ['Latency at these shares of the operations: ', ...inlines(chart.caption)],
  dense: true,
  columns: [
    { title: 'Share', head: true },
    ...chart.series.map((series) => ({ title: heading(series), align: 'end' as const })),
  ],
  rows: [
    [{ text: 'operations' }, ...chart.series.map(({ count }) => ({ text: formatCount(count) }))],
    ...TWIN.map((share) => [
      { text: shareName(share) },
      ...chart.series.map((series) => ({ text: formatNs(reached(series, share)) })),
    ]),
  ],
});

const heading = ({ names, style }: Series): Text => {
  const policy = { kind: 'policy', name: names[0] ?? '', style } as const;
  return names.length < 2 ? policy : [policy, ` + ${names.length - 1}`];
};

const shareName = (share: number): string => {
  if (share === 0) return 'min';
  return share === 1 ? 'max' : `p${Number((share * 100).toPrecision(6))}`;
};

/** Upper bound of the bucket in which a share is reached. */
const reached = ({ x, y }: Series, share: number): number =>
  x[
    Math.max(
      0,
      y.findIndex((below) => below >= share - 1e-12),
    )
  ] ?? Number.NaN;
