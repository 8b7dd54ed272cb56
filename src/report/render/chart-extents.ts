// The block map of one range as two strips: file offset to the right, state by fill and word, address under it.
import { scaleLinear } from 'd3-scale';
import { formatAddress, formatExactBytes } from '../format.js';
import { raw } from '../inline.js';
import type { Extent, ExtentsChart, TableBlock } from '../model.js';
import { type Frame, svg } from './chart-frame.js';
import { h, type Markup } from './escape.js';
import { round } from './marks.js';

const STRIP = 30;
const GAP = 20;
const FRAME: Frame = { width: 640, height: 142, left: 54, right: 12, top: 20, bottom: 24 };
const ONE_STRIP: Frame = { ...FRAME, height: FRAME.height - STRIP - GAP };
const STATES = ['written', 'unwritten', 'delalloc', 'shared'];
const MOST = 200;

export const extentsSvg = (chart: ExtentsChart): Markup => {
  const [from, to] = windowOf(chart);
  const x = scaleLinear([from, to], [FRAME.left, FRAME.width - FRAME.right]).clamp(true);
  const within = (extents: readonly Extent[]) =>
    extents.filter((extent) => extent.offset < to && extent.offset + extent.length > from);
  const [first, second] = [FRAME.top + 8, FRAME.top + 8 + STRIP + GAP];
  const frame = changes(chart) ? FRAME : ONE_STRIP;
  return svg(frame, chart.summary, [
    asked(chart, x, to, frame),
    strip(changes(chart) ? 'before' : 'map', within(chart.before), first, x, () => false),
    changes(chart) ? strip('after', within(chart.after), second, x, (extent) => !same(extent, chart.before)) : null,
    bounds(from, to, frame),
  ]);
};

/** A refusal leaves the map as it was: one strip says so better than two alike. */
const changes = ({ before, after }: ExtentsChart): boolean => JSON.stringify(before) !== JSON.stringify(after);

/** Was this already there, at this address? A cut extent keeps the addresses of what remains. */
const same = ({ offset, addr }: Extent, before: readonly Extent[]): boolean =>
  before.some(
    (was) => was.offset <= offset && offset < was.offset + was.length && was.addr + offset - was.offset === addr,
  );

/** All extents; where a small range was asked for, only its surroundings. */
const windowOf = ({ before, after, offset, length }: ExtentsChart): readonly [number, number] => {
  const all = [...before, ...after];
  const asks = length > 0 && offset >= 0 ? [offset + length] : [];
  const from = Math.min(...all.map((extent) => extent.offset), ...(offset >= 0 ? [offset] : []));
  const to = Math.max(from + 1, ...all.map((extent) => extent.offset + extent.length), ...asks);
  if (asks.length === 0 || (to - from) / length < 6) return [from, to];
  return [Math.max(from, offset - 2 * length), Math.min(to, offset + 3 * length)];
};

type Place = (bytes: number) => number;

const asked = ({ offset, length }: ExtentsChart, x: Place, end: number, { height }: Frame): Markup | null => {
  if (offset < 0) return null;
  const left = x(offset);
  const width = Math.max(2, x(length < 0 ? end : offset + length) - left);
  const anchor = left > FRAME.width - 100 ? 'end' : 'start';
  return h`<rect class="asked" x="${round(left)}" y="${FRAME.top}" width="${round(width)}" height="${height - FRAME.top - FRAME.bottom + 2}"/><text class="asked-text" x="${round(anchor === 'end' ? left + width : left)}" y="${FRAME.top - 6}" text-anchor="${anchor}">asked for</text>`;
};

const strip = (
  name: string,
  extents: readonly Extent[],
  top: number,
  x: Place,
  moved: (extent: Extent) => boolean,
): Markup =>
  h`<text class="row" x="${FRAME.left - 8}" y="${top + 20}" text-anchor="end">${name}</text><rect class="x-hole" x="${FRAME.left}" y="${top}" width="${FRAME.width - FRAME.left - FRAME.right}" height="${STRIP}"/>${extents
    .slice(0, MOST)
    .map((extent) => box(extent, top, x, moved(extent)))}`;

const box = (extent: Extent, top: number, x: Place, moved: boolean): Markup => {
  const left = x(extent.offset);
  const width = Math.max(1.5, x(extent.offset + extent.length) - left);
  const state = STATES.includes(extent.state) ? extent.state : 'other';
  const word =
    width > state.length * 6.6 + 8
      ? h`<text class="x-text" x="${round(left + width / 2)}" y="${top + 13}" text-anchor="middle">${state}</text>`
      : null;
  const addr =
    width > 84
      ? h`<text class="x-text x-addr" x="${round(left + width / 2)}" y="${top + 25}" text-anchor="middle">${formatAddress(extent.addr)}</text>`
      : null;
  return h`<rect class="x-${state}${moved ? ' x-moved' : ''}" x="${round(left)}" y="${top}" width="${round(width)}" height="${STRIP}"/>${word}${addr}`;
};

const bounds = (from: number, to: number, { height }: Frame): Markup =>
  h`<g class="axis"><text x="${FRAME.left}" y="${height - 6}">${formatExactBytes(from)}</text><text class="axis-title" x="${(FRAME.left + FRAME.width - FRAME.right) / 2}" y="${height - 6}" text-anchor="middle">file offset</text><text x="${FRAME.width - FRAME.right}" y="${height - 6}" text-anchor="end">${formatExactBytes(to)}</text></g>`;

export const extentsLegend = (chart: ExtentsChart): Markup => {
  const all = [...chart.before, ...chart.after];
  const states = STATES.filter((state) => all.some((extent) => extent.state === state));
  const moved = chart.after.some((extent) => !same(extent, chart.before));
  return h`<ul class="legend">${[...states, ...(hasHole(chart) ? ['hole'] : [])].map(
    (state) => h`<li>${sample(`x-${state}`)}${state}</li>`,
  )}${moved ? h`<li>${sample('x-written x-moved')}new or at another address</li>` : null}</ul>`;
};

const sample = (classes: string): Markup =>
  h`<svg class="sample" width="22" height="12" viewBox="0 0 22 12" aria-hidden="true"><rect class="${classes}" x="1.5" y="1.5" width="19" height="9"/></svg>`;

/** Does any of the two maps leave a part of the picture empty? */
const hasHole = (chart: ExtentsChart): boolean => {
  const [from, to] = windowOf(chart);
  const covered = (extents: readonly Extent[]): number =>
    extents.reduce(
      (sum, { offset, length }) => sum + Math.max(0, Math.min(to, offset + length) - Math.max(from, offset)),
      0,
    );
  return [chart.before, chart.after].some((extents) => covered(extents) < to - from);
};

export const extentsTwin = (chart: ExtentsChart): TableBlock => ({
  kind: 'table',
  caption: 'Extents before and after',
  dense: true,
  columns: [
    { title: 'When', head: true },
    { title: 'Offset', align: 'end' },
    { title: 'Length', align: 'end' },
    { title: 'Address', align: 'end' },
    { title: 'State' },
  ],
  rows: [...rowsOf('before', chart.before), ...rowsOf('after', chart.after)],
});

const rowsOf = (when: string, extents: readonly Extent[]): TableBlock['rows'] =>
  extents.length === 0
    ? [[{ text: when }, { text: '–' }, { text: '–' }, { text: '–' }, { text: 'hole' }]]
    : extents
        .slice(0, MOST)
        .map(({ offset, length, addr, state }) => [
          { text: when },
          { text: formatExactBytes(offset) },
          { text: formatExactBytes(length) },
          { text: formatAddress(addr) },
          { text: raw(state) },
        ]);
