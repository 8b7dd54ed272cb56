// The figures of the chosen range: the table of policies, and charts that zoom to it.
import type uPlot from 'uplot';
import { formatCount, formatNs } from '../src/report/format.ts';
import type { PageLane } from '../src/report/render/page-data.ts';
import { binsIn, eachPair, levelsIn, reached, sum } from './bins.ts';
import { data, make } from './page.ts';
import { axis, distribution, plot, seriesOf } from './plots.ts';
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

const figuresOf = (lane: PageLane, [from, to]: readonly [number, number]): Figures => {
  const verdicts = new Array<number>(VERDICTS).fill(0);
  eachPair(lane.verdicts, VERDICTS, from, to, (verdict, n) => {
    verdicts[verdict]! += n;
  });
  return {
    operations: sum(verdicts),
    refused: verdicts[DENY]!,
    waited: sum(WAITS.map((verdict) => verdicts[verdict]!)),
    revoked: verdicts[REVOKE]!,
    levels: levelsIn(lane.heat, [from, to]),
  };
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
    const lines = data!.lanes.map(({ policy, style }, i) => ({ name: policy, style, levels: figures[i]!.levels }));
    drawn = [distribution(lines, 'Latency of all operations in the range', places[0]), overTime(range, places[1])];
  };
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
    axes: [axis('time since the start of the trace', formatNs, false), axis('p99 (log)', formatNs)],
    series: [
      { label: 'time', value: (_, n) => (n === null ? '' : formatNs(n)) },
      ...lanes.map((lane) => seriesOf(lane.policy, lane.style, formatNs)),
    ],
    data: [bins.map((bin) => bin * width), ...lines],
  });
};
