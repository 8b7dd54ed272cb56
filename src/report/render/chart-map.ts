// The block map of a file over time: cells by state, holders as bars above it, and on it what moved, collided or went stale.
import { scaleLinear } from 'd3-scale';
import { symbol, symbolCross, symbolDiamond2, symbolTriangle2 } from 'd3-shape';
import { formatBytes, middleCut } from '../format.js';
import type { MapChart, MapLine, MapPoint } from '../model.js';
import { type Frame, sinceStart, svg, timeScale, timeSpan, timeTicks, xAxis } from './chart-frame.js';
import { h, type Markup } from './escape.js';
import { round } from './marks.js';

const WIDTH = 1120;
const BODY = 300;
const LINE = 19;
const MOST_LINES = 8;
const CODES: Readonly<Record<string, string>> = {
  w: 'written',
  u: 'unwritten',
  d: 'delalloc',
  s: 'shared',
  '?': 'unknown',
};

interface Row {
  readonly label: string;
  readonly lines: readonly MapLine[];
}

/** Holds of one kind and holder share a row. */
export const holdRowsOf = (holds: readonly MapLine[]): readonly Row[] => {
  const rows = new Map<string, MapLine[]>();
  for (const line of holds) rows.set(line.label, [...(rows.get(line.label) ?? []), line]);
  return [...rows].map(([label, lines]) => ({ label, lines }));
};

const frameOf = (rows: number): Frame => ({
  width: WIDTH,
  height: 26 + rows * LINE + BODY + 44,
  left: 210,
  right: 26,
  top: 26 + rows * LINE,
  bottom: 44,
});

export const mapSvg = (chart: MapChart): Markup => {
  const rows = holdRowsOf(chart.holds).slice(0, MOST_LINES);
  const frame = frameOf(rows.length);
  const x = timeScale(frame, chart.fromNs, chart.toNs).clamp(true);
  const y = scaleLinear([0, chart.endBytes], [frame.top, frame.top + BODY]).clamp(true);
  const label = h`<g class="axis"><text class="axis-title" x="${frame.left - 10}" y="${frame.top + 12}" text-anchor="end">file offset 0</text><text class="axis-title" x="${frame.left - 10}" y="${frame.top + BODY / 2 + 4}" text-anchor="end">${formatBytes(chart.endBytes / 2)}</text><text class="axis-title" x="${frame.left - 10}" y="${frame.top + BODY - 2}" text-anchor="end">${formatBytes(chart.endBytes)}</text></g>`;
  return svg(
    frame,
    chart.summary,
    [
      h`<rect class="x-hole" x="${frame.left}" y="${frame.top}" width="${frame.width - frame.left - frame.right}" height="${BODY}"/>`,
      xAxis(frame, timeTicks(x, 9, chart.startNs), sinceStart(chart.startNs)),
      cells(chart, frame),
      moved(chart, frame),
      label,
      rows.map((row, i) => holders(row, 16 + i * LINE, frame, x, chart.toNs)),
      chart.holds.slice(0, 60).map((line) => outline(line, chart, x, y)),
      chart.points.map((point) => mark(point, chart, x, y)),
    ],
    timeSpan(frame, chart.fromNs, chart.toNs),
  );
};

/** One path per state; equal neighbours in time are one rectangle. */
const cells = ({ states }: MapChart, frame: Frame): Markup => {
  const offsets = states[0]?.length ?? 0;
  const width = (frame.width - frame.left - frame.right) / Math.max(1, states.length);
  const height = BODY / Math.max(1, offsets);
  const paths = new Map<string, string>();
  for (let o = 0; o < offsets; o++) {
    for (let t = 0; t < states.length; ) {
      const code = states[t]![o]!;
      let end = t + 1;
      while (end < states.length && states[end]![o] === code) end++;
      if (CODES[code] !== undefined) {
        const cell = `M${round(frame.left + t * width)} ${round(frame.top + o * height)}h${round((end - t) * width)}v${round(height + 0.2)}h${-round((end - t) * width)}z`;
        paths.set(code, (paths.get(code) ?? '') + cell);
      }
      t = end;
    }
  }
  return h`${[...paths].map(([code, path]) => h`<path class="m-${CODES[code]!}" d="${path}"/>`)}`;
};

/** A stroke at the left edge of every cell whose blocks lie elsewhere than before. */
const moved = ({ states, moved: places }: MapChart, frame: Frame): Markup | null => {
  const offsets = states[0]?.length ?? 0;
  if (offsets === 0 || places.length === 0) return null;
  const width = (frame.width - frame.left - frame.right) / states.length;
  const height = BODY / offsets;
  const path = places.map((place) => {
    const [t, o] = [Math.floor(place / offsets), place % offsets];
    return `M${round(frame.left + t * width)} ${round(frame.top + o * height)}v${round(height)}`;
  });
  return h`<path class="m-moved" d="${path.join('')}"/>`;
};

const holders = (row: Row, top: number, frame: Frame, x: (ns: number) => number, toNs: number): Markup =>
  h`<g><text class="row" x="${frame.left - 10}" y="${top + 11}" text-anchor="end">${middleCut(row.label, 27)}</text>${row.lines.map(
    ({ fromNs, toNs: until, text }) => {
      const left = x(fromNs);
      const right = x(until < 0 ? toNs : until);
      return h`<rect class="m-hold" x="${round(left)}" y="${top + 2}" width="${round(Math.max(2, right - left))}" height="10"><title>${middleCut(text, 160)}</title></rect>${until < 0 ? h`<path class="m-hold" d="M${round(right)} ${top + 1}l9 6l-9 6z"/>` : null}`;
    },
  )}</g>`;

/** The range that a hold pins down, where it is not the whole file. */
const outline = (
  { fromNs, toNs, offset, length }: MapLine,
  chart: MapChart,
  x: (ns: number) => number,
  y: (bytes: number) => number,
): Markup | null => {
  const end = length < 0 ? chart.endBytes : offset + length;
  if (offset === 0 && end >= chart.endBytes) return null;
  const [left, right, top] = [x(fromNs), x(toNs < 0 ? chart.toNs : toNs), y(offset)];
  return h`<rect class="m-range" x="${round(left)}" y="${round(top)}" width="${round(Math.max(2, right - left))}" height="${round(Math.max(2, y(end) - top))}"/>`;
};

const SIGNS = {
  moved: symbol(symbolTriangle2, 22)() ?? '',
  delayed: symbol(symbolDiamond2, 60)() ?? '',
  refused: symbol(symbolCross, 64)() ?? '',
  stale: symbol(symbolDiamond2, 60)() ?? '',
} as const;

const mark = (
  point: MapPoint,
  chart: MapChart,
  x: (ns: number) => number,
  y: (bytes: number) => number,
): Markup | null => {
  if (point.atNs < chart.fromNs || point.atNs > chart.toNs) return null;
  const at = round(x(point.atNs));
  const from = y(point.offset);
  const to = y(point.length < 0 ? chart.endBytes : point.offset + point.length);
  const turned = point.look === 'refused' ? ' rotate(45)' : '';
  return h`<g class="k-${point.look}"><title>${middleCut(point.text, 200)}</title><path class="k-range" d="M${at} ${round(from)}V${round(Math.max(from + 1, to))}"/><path d="${SIGNS[point.look]}" transform="translate(${at},${round((from + to) / 2)})${turned}"/></g>`;
};

const NAMES: Readonly<Record<MapPoint['look'], string>> = {
  moved: 'went ahead under every policy',
  delayed: 'delayed by a policy',
  refused: 'refused by a policy',
  stale: 'stale device access',
};

export const mapLegend = (chart: MapChart): Markup => {
  const used = Object.entries(CODES).filter(([code]) => chart.states.some((column) => column.includes(code)));
  const looks = (Object.keys(NAMES) as MapPoint['look'][]).filter((look) => chart.points.some((p) => p.look === look));
  const box = (inside: Markup): Markup =>
    h`<svg class="sample" width="22" height="14" viewBox="0 0 22 14" aria-hidden="true">${inside}</svg>`;
  return h`<ul class="legend">${used.map(([, name]) => h`<li>${box(h`<rect class="m-${name}" x="1" y="2" width="20" height="10"/>`)}${name === 'unknown' ? 'not known' : name}</li>`)}<li>${box(h`<rect class="x-hole" x="1" y="2" width="20" height="10"/>`)}hole</li>${
    chart.moved.length > 0
      ? h`<li>${box(h`<rect class="m-written" x="1" y="2" width="20" height="10"/><path class="m-moved" d="M11 2v10"/>`)}blocks now at another address</li>`
      : null
  }${chart.holds.length > 0 ? h`<li>${box(h`<rect class="m-hold" x="1" y="2" width="20" height="10"/>`)}hold</li>` : null}${looks.map(
    (look) =>
      h`<li>${box(h`<g class="k-${look}"><path d="${SIGNS[look]}" transform="translate(11,7)${look === 'refused' ? ' rotate(45)' : ''}"/></g>`)}${NAMES[look]}</li>`,
  )}</ul>`;
};
