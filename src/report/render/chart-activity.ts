// What went on over the time of the trace: one strip per series, a bar per time bin, every strip on its own scale.
import { scaleLinear } from 'd3-scale';
import { formatCount, formatNs, middleCut } from '../format.js';
import type { ActivityChart, TableBlock } from '../model.js';
import { type Frame, sinceStart, svg, timeScale, timeSpan, timeTicks, xAxis } from './chart-frame.js';
import { h, type Markup } from './escape.js';
import { round } from './marks.js';

const STRIP = 52;
const GAP = 16;
const TWIN_ROWS = 24;

const frameOf = (strips: number): Frame => ({
  width: 1120,
  height: 8 + strips * (STRIP + GAP) + 42,
  left: 190,
  right: 26,
  top: 8,
  bottom: 42,
});

export const activitySvg = (chart: ActivityChart): Markup => {
  const frame = frameOf(chart.series.length);
  const x = timeScale(frame, chart.fromNs, chart.toNs);
  const strips = chart.series.map((series, i) => {
    const bottom = frame.top + i * (STRIP + GAP) + STRIP + GAP / 2;
    const most = Math.max(1, ...series.counts);
    const y = scaleLinear([0, most], [0, STRIP]);
    const width = (frame.width - frame.left - frame.right) / Math.max(1, series.counts.length);
    const path = series.counts
      .map((n, bin) =>
        n === 0
          ? ''
          : `M${round(frame.left + bin * width)} ${bottom}v${-round(Math.max(1.5, y(n)))}h${round(width)}V${bottom}z`,
      )
      .join('');
    return h`<text class="row" x="${frame.left - 10}" y="${bottom - STRIP / 2 + 4}" text-anchor="end">${middleCut(series.label, 25)}</text><text class="row-note" x="${frame.left - 10}" y="${bottom - STRIP / 2 + 19}" text-anchor="end">up to ${formatCount(most)} per bin</text><path class="base" d="M${frame.left} ${bottom}H${frame.width - frame.right}"/><path class="act-${series.look}" d="${path}"/>`;
  });
  return svg(
    frame,
    chart.summary,
    [xAxis(frame, timeTicks(x, 9, chart.fromNs), sinceStart(chart.fromNs)), strips],
    timeSpan(frame, chart.fromNs, chart.toNs),
  );
};

export const activityLegend = (): null => null;

export const activityTwin = (chart: ActivityChart): TableBlock => {
  const bins = Math.max(0, ...chart.series.map(({ counts }) => counts.length));
  const by = Math.max(1, Math.ceil(bins / TWIN_ROWS));
  const width = (chart.toNs - chart.fromNs) / Math.max(1, bins);
  return {
    kind: 'table',
    caption: 'What happened when',
    dense: true,
    columns: [
      { title: 'Since start', head: true, align: 'end' },
      ...chart.series.map(({ label }) => ({ title: middleCut(label, 60), align: 'end' as const })),
    ],
    rows: Array.from({ length: Math.ceil(bins / by) }, (_, row) => [
      { text: formatNs(row * by * width) },
      ...chart.series.map(({ counts }) => ({
        text: formatCount(counts.slice(row * by, (row + 1) * by).reduce((a, b) => a + b, 0)),
      })),
    ]),
  };
};
