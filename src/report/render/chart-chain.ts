// One conflict on a small time axis: the hold, the request, the waits. Open ends have an arrow.
import { symbol, symbolTriangle2 } from 'd3-shape';
import { formatTime, middleCut } from '../format.js';
import type { ChainChart, TableBlock } from '../model.js';
import { type Frame, sinceStart, svg, timeScale, timeTicks, xAxis } from './chart-frame.js';
import { h, type Markup } from './escape.js';
import { round } from './marks.js';

const ROW = 22;
const ASKED = symbol(symbolTriangle2, 60)() ?? '';

const frameOf = (rows: number): Frame => ({
  width: 640,
  height: 8 + rows * ROW + 42,
  left: 186,
  right: 24,
  top: 8,
  bottom: 42,
});

export const chainSvg = (chart: ChainChart): Markup => {
  const frame = frameOf(chart.rows.length);
  const [from, to] = windowOf(chart);
  const x = timeScale(frame, from, to).clamp(true);
  const rows = chart.rows.map(({ label, look, fromNs, toNs }, i) => {
    const top = frame.top + i * ROW;
    const [left, right] = [x(fromNs), x(toNs < 0 ? to : toNs)];
    const shape =
      look === 'asked'
        ? h`<path class="chain-line" d="M${round(left)} ${frame.top}V${frame.height - frame.bottom}"/><path class="chain-asked" d="${ASKED}" transform="translate(${round(left)},${top + 11}) rotate(180)"/>`
        : h`<rect class="chain-${look}" x="${round(left)}" y="${top + 6}" width="${round(Math.max(2, right - left))}" height="11"/>${toNs < 0 || toNs > to ? h`<path class="chain-${look}" d="M${round(right)} ${top + 5}l9 6.5l-9 6.5z"/>` : null}`;
    return h`<text class="row" x="${frame.left - 8}" y="${top + 15}" text-anchor="end">${middleCut(label, 24)}</text>${shape}`;
  });
  return svg(frame, chart.summary, [xAxis(frame, timeTicks(x, 4, chart.startNs), sinceStart(chart.startNs)), rows]);
};

/** Everything that has an end, and a margin on either side. */
const windowOf = ({ rows, startNs, endNs }: ChainChart): readonly [number, number] => {
  const from = Math.min(...rows.map(({ fromNs }) => fromNs));
  const ends = rows.flatMap(({ fromNs, toNs }) => (toNs < 0 ? [fromNs] : [toNs]));
  const to = Math.min(Math.max(endNs, from + 1), Math.max(...ends));
  const margin = Math.max(100, (to - from) * 0.12);
  return [Math.max(startNs, from - margin), to + margin];
};

export const chainLegend = (): null => null;

export const chainTwin = ({ rows }: ChainChart): TableBlock => ({
  kind: 'table',
  caption: 'In the order of time',
  dense: true,
  columns: [
    { title: 'What', head: true },
    { title: 'From', align: 'end' },
    { title: 'To', align: 'end' },
  ],
  rows: rows.map(({ label, fromNs, toNs }) => [
    { text: label },
    { text: formatTime(fromNs) },
    { text: toNs < 0 ? 'after the end of the trace' : formatTime(toNs) },
  ]),
});
