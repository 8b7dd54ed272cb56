// The figures of the chosen range: the table of policies, and charts that zoom to it.
import uPlot from 'uplot';
import { formatCount, formatNs } from '../src/report/format.ts';
import type { PageLane } from '../src/report/render/page-data.ts';
import { data, make } from './page.ts';
import { onChange, type State, state } from './state.ts';

const VERDICTS = 6;
const DENY = 5;
const REVOKE = 2;
const WAITS = [3, 4];

interface Figures {
  readonly operations: number;
  readonly refused: number;
  readonly waited: number;
  readonly revoked: number;
  /** Operations by latency level. */
  readonly levels: readonly number[];
}

export const startRange = (): void => {
  if (data === null || data.time.bins === 0 || data.upperNs.length === 0) return;
  const table = document.querySelector<HTMLTableElement>('#time table[data-name="range"]');
  const whole = [...(table?.tBodies[0]?.rows ?? [])].map((row) => [...row.cells].map((cell) => [...cell.childNodes]));
  const charts = placeCharts();
  const show = (now: State): void => {
    const figures = data!.lanes.map((lane) => figuresOf(lane, binsIn(now.range)));
    if (table !== null) fill(table, figures, whole, now.range === null);
    charts?.(figures, now.range);
  };
  onChange((now, before) => {
    if (String(now.range) !== String(before.range)) show(now);
  });
  show(state());
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => show(state()));
};

const binsIn = (range: State['range']): readonly [number, number] => {
  const { bins, fromNs, toNs } = data!.time;
  const width = (toNs - fromNs) / bins;
  if (range === null) return [0, bins];
  return [Math.min(bins - 1, Math.floor(range[0] / width)), Math.min(bins, Math.ceil(range[1] / width))];
};

const figuresOf = (lane: PageLane, [from, to]: readonly [number, number]): Figures => {
  const levels = new Array<number>(data!.upperNs.length).fill(0);
  eachPair(lane.heat, levels.length, from, to, (level, n) => {
    levels[level]! += n;
  });
  const verdicts = new Array<number>(VERDICTS).fill(0);
  eachPair(lane.verdicts, VERDICTS, from, to, (verdict, n) => {
    verdicts[verdict]! += n;
  });
  return {
    operations: sum(verdicts),
    refused: verdicts[DENY]!,
    waited: sum(WAITS.map((verdict) => verdicts[verdict]!)),
    revoked: verdicts[REVOKE]!,
    levels,
  };
};

const eachPair = (
  pairs: readonly number[],
  size: number,
  from: number,
  to: number,
  visit: (inBin: number, count: number, bin: number) => void,
): void => {
  for (let i = 0; i < pairs.length; i += 2) {
    const bin = Math.floor(pairs[i]! / size);
    if (bin >= from && bin < to) visit(pairs[i]! % size, pairs[i + 1]!, bin);
  }
};

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

/** Upper bound of the level in which a share is reached. */
const reached = (levels: readonly number[], share: number): number | null => {
  const most = sum(levels);
  let below = 0;
  for (const [level, n] of levels.entries()) {
    below += n;
    if (most > 0 && n > 0 && below >= share * most) return data!.upperNs[level]!;
  }
  return null;
};

const fill = (
  table: HTMLTableElement,
  figures: readonly Figures[],
  whole: readonly (readonly (readonly Node[])[])[],
  isWhole: boolean,
): void => {
  [...(table.tBodies[0]?.rows ?? [])].forEach((row, i) => {
    const { operations, refused, waited, revoked, levels } = figures[i]!;
    const counts = [operations, refused, waited, revoked].map((n) => [String(n), formatCount(n)] as const);
    const times = [0.5, 0.99, 1].map((share) => {
      const ns = reached(levels, share);
      return ns === null ? (['', '–'] as const) : ([String(ns), formatNs(ns)] as const);
    });
    [...counts, ...times].forEach(([value, text], column) => {
      const cell = row.cells[column + 1];
      if (cell === undefined) return;
      if (isWhole) cell.replaceChildren(...whole[i]![column + 1]!);
      else cell.replaceChildren(make('data', { class: column === 0 ? 'v v-recorded' : 'v v-modelled', value }, text));
    });
  });
};

type Draw = (figures: readonly Figures[], range: State['range']) => void;

/** Two charts in place of the static one: the distribution, and percentiles over time, both of the range. */
const placeCharts = (): Draw | null => {
  const figure = document.querySelector<HTMLElement>('#time .chart.cdf .drawing');
  if (figure === null || data === null) return null;
  const places = [make('div', { class: 'plot' }), make('div', { class: 'plot' })] as const;
  const pair = make('div', { class: 'live grid' }, ...places);
  figure.closest('figure')?.after(pair);
  figure.closest('figure')?.classList.add('still');
  let drawn: uPlot[] = [];
  return (figures, range) => {
    for (const plot of drawn) plot.destroy();
    drawn = [distribution(figures, places[0]), overTime(range, places[1])];
  };
};

const css = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const DASHES = [[], [7, 3], [2, 3], [9, 3, 2, 3], [4, 2], [12, 3], [1, 2], [6, 2, 1, 2]];

const seriesOf = (lane: PageLane, format: (n: number) => string): uPlot.Series => ({
  label: lane.policy,
  stroke: css(`--p${lane.style % 8}`),
  width: 2,
  dash: DASHES[lane.style % DASHES.length]!,
  points: { show: false },
  paths: uPlot.paths.stepped!({ align: 1 }),
  value: (_, n) => (n === null ? '–' : format(n)),
});

const axis = (label: string, format: (n: number) => string): uPlot.Axis => ({
  label,
  stroke: css('--soft'),
  grid: { stroke: css('--faint'), width: 1 },
  ticks: { stroke: css('--line'), width: 1 },
  font: '12px system-ui, sans-serif',
  labelFont: '12px system-ui, sans-serif',
  size: 62,
  values: (_, splits) => splits.map((n) => (n === null ? '' : format(n))),
});

/** Only p0, p90, p99 and so on have a label. */
const share = (rest: number): string =>
  Number.isInteger(Math.round(Math.log10(rest) * 1e6) / 1e6) ? shareText(rest) : '';
const shareText = (rest: number): string => (rest >= 1 ? 'p0' : `p${Number(((1 - rest) * 100).toPrecision(6))}`);

/** Share of operations slower than x; the axis is turned round, so that p99 stands above p90. */
const distribution = (figures: readonly Figures[], place: HTMLElement): uPlot => {
  const { upperNs, lanes } = data!;
  const used = upperNs.map((_, level) => level).filter((level) => figures.some(({ levels }) => levels[level]! > 0));
  const first = Math.max(0, (used[0] ?? 1) - 1);
  const shown = upperNs.slice(first, (used.at(-1) ?? 0) + 1);
  const most = Math.max(10, ...figures.map(({ levels }) => sum(levels)));
  const least = 10 ** -Math.min(5, Math.ceil(Math.log10(most) + 0.3));
  const rests = figures.map(({ levels }) => {
    const all = sum(levels);
    let below = sum(levels.slice(0, first));
    return shown.map((_, i) => {
      below += levels[first + i]!;
      return all === 0 ? null : Math.max(least, 1 - below / all);
    });
  });
  return plot(place, 'Latency of all operations in the range', {
    scales: { x: { time: false, distr: 3 }, y: { distr: 3, dir: -1, range: [least, 1] } },
    axes: [axis('latency (log)', formatNs), axis('share of operations', share)],
    series: [
      { label: 'latency', value: (_, n) => (n === null ? '' : formatNs(n)) },
      ...lanes.map((lane) => seriesOf(lane, shareText)),
    ],
    data: [[...shown], ...rests],
  });
};

/** p99 of every time bin of the range, by policy. */
const overTime = (range: State['range'], place: HTMLElement): uPlot => {
  const { lanes, time, upperNs } = data!;
  const [from, to] = binsIn(range);
  const width = (time.toNs - time.fromNs) / time.bins;
  const bins = Array.from({ length: to - from }, (_, i) => from + i);
  const lines = lanes.map((lane) => {
    const levels = new Map<number, number[]>();
    eachPair(lane.heat, upperNs.length, from, to, (level, n, bin) => {
      const counts = levels.get(bin) ?? new Array<number>(upperNs.length).fill(0);
      counts[level]! += n;
      levels.set(bin, counts);
    });
    return bins.map((bin) => reached(levels.get(bin) ?? [], 0.99));
  });
  return plot(place, 'p99 of each time bin in the range', {
    scales: { x: { time: false }, y: { distr: 3 } },
    axes: [axis('time since the start of the trace', formatNs), axis('p99 (log)', formatNs)],
    series: [
      { label: 'time', value: (_, n) => (n === null ? '' : formatNs(n)) },
      ...lanes.map((lane) => seriesOf(lane, formatNs)),
    ],
    data: [bins.map((bin) => bin * width), ...lines],
  });
};

const plot = (
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
