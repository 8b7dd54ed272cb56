// Charts that are drawn again for a range of time, by uPlot, in the look of the page.
import uPlot from 'uplot';
import { formatNs } from '../src/report/format.ts';
import { sum } from './bins.ts';
import { data, make } from './page.ts';

/** One distribution: operations by latency level. */
export interface Line {
  readonly name: string;
  readonly style: number;
  readonly levels: readonly number[];
}

const css = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const DASHES = [[], [7, 3], [2, 3], [9, 3, 2, 3], [4, 2], [12, 3], [1, 2], [6, 2, 1, 2]];

export const seriesOf = (name: string, style: number, format: (n: number) => string): uPlot.Series => ({
  label: name,
  stroke: css(`--p${style % 8}`),
  width: 2,
  dash: DASHES[style % DASHES.length]!,
  points: { show: false },
  paths: uPlot.paths.stepped!({ align: 1 }),
  value: (_, n) => (n === null ? '–' : format(n)),
});

/** Of a log axis only the powers of ten have a line: the rest would hide the data. */
const decades: uPlot.Axis.Filter = (_, splits) => splits.map((n) => (isPowerOfTen(n) ? n : null));
const isPowerOfTen = (n: number): boolean => Number.isInteger(Math.round(Math.log10(n) * 1e6) / 1e6);

export const axis = (label: string, format: (n: number) => string, log = true): uPlot.Axis => ({
  label,
  stroke: css('--soft'),
  grid: { stroke: css('--faint'), width: 1, ...(log ? { filter: decades } : {}) },
  ticks: { stroke: css('--line'), width: 1, ...(log ? { filter: decades } : {}) },
  font: '12px system-ui, sans-serif',
  labelFont: '12px system-ui, sans-serif',
  size: 62,
  values: (_, splits) => splits.map((n) => (n === null ? '' : format(n))),
});

/** Only p0, p90, p99 and so on have a label. */
const share = (rest: number): string => (isPowerOfTen(rest) ? shareText(rest) : '');
const shareText = (rest: number): string => (rest >= 1 ? 'p0' : `p${Number(((1 - rest) * 100).toPrecision(6))}`);

/** Share of operations slower than x; the axis is turned round, so that p99 stands above p90. */
export const distribution = (lines: readonly Line[], title: string, place: HTMLElement): uPlot => {
  const { upperNs } = data!;
  const used = upperNs.map((_, level) => level).filter((level) => lines.some(({ levels }) => levels[level]! > 0));
  const first = Math.max(0, (used[0] ?? 1) - 1);
  const shown = upperNs.slice(first, (used.at(-1) ?? 0) + 1);
  const most = Math.max(10, ...lines.map(({ levels }) => sum(levels)));
  const least = 10 ** -Math.min(5, Math.ceil(Math.log10(most) + 0.3));
  const rests = lines.map(({ levels }) => {
    const all = sum(levels);
    let below = sum(levels.slice(0, first));
    return shown.map((_, i) => {
      below += levels[first + i]!;
      return all === 0 ? null : Math.max(least, 1 - below / all);
    });
  });
  return plot(place, title, {
    scales: { x: { time: false, distr: 3 }, y: { distr: 3, dir: -1, range: [least, 1] } },
    axes: [axis('latency (log)', formatNs), axis('share of operations', share)],
    series: [
      { label: 'latency', value: (_, n) => (n === null ? '' : formatNs(n)) },
      ...lines.map(({ name, style }) => seriesOf(name, style, shareText)),
    ],
    data: [[...shown], ...rests],
  });
};

export const plot = (
  place: HTMLElement,
  title: string,
  { data: values, ...options }: Omit<uPlot.Options, 'width' | 'height'> & { readonly data: uPlot.AlignedData },
): uPlot => {
  place.replaceChildren(make('p', { class: 'plot-title' }, title));
  const width = Math.max(280, Math.min(place.clientWidth, 620));
  const made = new uPlot({ ...options, width, height: 320, cursor: { drag: { x: true, y: false } } }, values, place);
  const canvas = place.querySelector('canvas');
  canvas?.setAttribute('role', 'img');
  canvas?.setAttribute('aria-label', `${title}; the table above has the figures`);
  return made;
};
