// The distributions of single operation kinds for the chosen range; of the whole trace the exact ones of the page are shown.
import type uPlot from 'uplot';
import { binsIn, levelsIn, sum } from './bins.ts';
import { all, data, make } from './page.ts';
import { distribution } from './plots.ts';
import { onChange, type State, state } from './state.ts';

interface Place {
  readonly figure: HTMLElement;
  readonly op: string;
  readonly live: HTMLElement;
}

export const startByOperation = (): void => {
  if (data === null) return;
  const places = all('figure.cdf[data-op]')
    .filter(({ dataset }) => (data!.operations[dataset.op ?? '']?.length ?? 0) > 0)
    .map((figure): Place => {
      const live = make('div', { class: 'plot live' });
      figure.querySelector('figcaption')?.after(live);
      return { figure, op: figure.dataset.op ?? '', live };
    });
  let drawn: uPlot[] = [];
  const show = ({ range }: State): void => {
    for (const plot of drawn) plot.destroy();
    for (const { figure, live } of places) {
      figure.classList.toggle('in-range', range !== null);
      live.hidden = range === null;
    }
    drawn = range === null ? [] : places.map((place) => draw(place, range));
  };
  onChange((now, before) => {
    if (String(now.range) !== String(before.range)) show(now);
  });
  show(state());
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => show(state()));
};

const draw = ({ op, live }: Place, range: NonNullable<State['range']>): uPlot => {
  const lines = data!.operations[op]!.map(({ names, style, heat }) => ({
    name: names.join(' = '),
    style,
    levels: levelsIn(heat, binsIn(range)),
  }));
  const most = Math.max(...lines.map(({ levels }) => sum(levels)));
  return distribution(lines, `In the range: ${most} ${op.replaceAll('_', ' ')}, in bins`, live);
};
