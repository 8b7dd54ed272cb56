// Where the time of one operation kind goes: a bar per policy (or group of policies that spend alike), its parts side by side.
import { scaleLinear } from 'd3-scale';
import { stack } from 'd3-shape';
import { formatNs, middleCut } from '../format.js';
import { inlines } from '../inline.js';
import type { StackChart, StackPart, TableBlock } from '../model.js';
import { type Frame, svg, xAxis } from './chart-frame.js';
import { h, type Markup } from './escape.js';
import { plainText } from './inline.js';
import { round } from './marks.js';

const ROW = 40;
const BAR = 16;
const WIDTH = 540;

type Look = StackPart['look'];
const LOOKS: readonly Look[] = ['recorded', 'priced', 'extra', 'commit', 'invalidate', 'flush', 'wait', 'refused'];

const frameOf = (rows: number): Frame => ({
  width: WIDTH,
  height: 6 + rows * ROW + 42,
  left: 8,
  right: 14,
  top: 6,
  bottom: 42,
});

type Row = StackChart['rows'][number];
const nsOf = ({ parts }: Row, look: Look): number => parts.find((part) => part.look === look)?.ns ?? 0;

export const stackSvg = (chart: StackChart): Markup => {
  const frame = frameOf(chart.rows.length);
  const layers = stack<Row, Look>()
    .keys(LOOKS)
    .value((row, look) => nsOf(row, look))([...chart.rows]);
  const longest = Math.max(1, ...layers.flatMap((layer) => layer.map(([, end]) => end)));
  const x = scaleLinear([0, longest], [frame.left, frame.width - frame.right]);
  const labels = chart.rows.map(({ label, note }, i) => {
    const y = frame.top + i * ROW + 14;
    return h`<text class="row" x="${frame.left}" y="${y}">${middleCut(plainText(label), 58)}</text><text class="row-note" x="${frame.width - frame.right}" y="${y}" text-anchor="end">${note}</text>`;
  });
  const bars = layers.flatMap((layer) =>
    layer.map(([from, to], i) =>
      to <= from
        ? null
        : h`<rect class="part c-${layer.key}" x="${round(x(from))}" y="${frame.top + i * ROW + 19}" width="${round(Math.max(1.5, x(to) - x(from)))}" height="${BAR}"><title>${titleOf(chart.rows[i]!, layer.key)}</title></rect>`,
    ),
  );
  const ticks = x.ticks(5).map((ns) => ({ at: x(ns), label: ns === 0 ? '0' : formatNs(ns) }));
  return svg(frame, chart.summary, [xAxis(frame, ticks, chart.xLabel), labels, bars]);
};

const titleOf = ({ parts }: Row, look: Look): string => {
  const part = parts.find((one) => one.look === look);
  return part === undefined ? '' : `${part.label}: ${formatNs(part.ns)}`;
};

const labelsOf = (chart: StackChart): readonly StackPart[] =>
  LOOKS.flatMap(
    (look) => chart.rows.flatMap(({ parts }) => parts).find((part) => part.look === look && part.ns > 0) ?? [],
  );

export const stackLegend = (chart: StackChart): Markup =>
  h`<ul class="legend">${labelsOf(chart).map(
    ({ look, label, basis }) =>
      h`<li><svg class="sample" width="22" height="12" viewBox="0 0 22 12" aria-hidden="true"><rect class="part c-${look}" x="1" y="1" width="20" height="10"/></svg><span class="v-${basis}">${label}</span></li>`,
  )}</ul>`;

export const stackTwin = (chart: StackChart): TableBlock => {
  const shown = labelsOf(chart);
  return {
    kind: 'table',
    caption: ['Sum of time by part: ', ...inlines(chart.caption)],
    dense: true,
    columns: [
      { title: 'Policies', head: true },
      ...shown.map(({ label }) => ({ title: label, align: 'end' as const })),
      { title: 'All', align: 'end' },
    ],
    rows: chart.rows.map((row) => [
      { text: row.label },
      ...shown.map(({ look, basis }) => ({
        text: { kind: 'value' as const, value: nsOf(row, look), unit: 'ns' as const, basis },
      })),
      { text: formatNs(row.parts.reduce((total, { ns }) => total + ns, 0)) },
    ]),
  };
};
