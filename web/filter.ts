// Hides the rows and cards that are outside the chosen range of time, or that are not what a cell of the matrix counted.
import { all, button, make, say } from './page.ts';
import { formatTimeSpan } from './range-format.ts';
import { go, onChange, type State, state } from './state.ts';

const MARKED = '[data-answers],[data-when]';

export const startFilter = (): void => {
  const bar = make('div', { class: 'filters', role: 'region', 'aria-label': 'Active filters' });
  document.querySelector('.toc .wrap')?.append(bar);
  onChange((now, before) => {
    if (now.show !== before.show || String(now.range) !== String(before.range)) apply(now, bar);
  });
  apply(state(), bar);
};

const apply = (now: State, bar: HTMLElement): void => {
  let hidden = 0;
  for (const element of all(MARKED)) {
    const out = !fits(element, now);
    element.toggleAttribute('hidden', out);
    if (out && element.matches('tr')) hidden++;
  }
  shade(now.range);
  bar.replaceChildren();
  if (now.show !== '')
    bar.append(chip(`only ${now.show.replace('.', ' ')}`, 'show all answers', () => go({ show: '' })));
  if (now.range !== null) bar.append(chip(formatTimeSpan(now.range), 'whole trace', () => go({ range: null })));
  if (now.show !== '' || now.range !== null) say(`${hidden} rows are hidden`);
  else say('');
};

const chip = (text: string, clear: string, press: () => void): HTMLElement =>
  make('span', { class: 'filter' }, text, ' ', button('×', press, clear));

const fits = (element: HTMLElement, { show, range }: State): boolean => {
  const { answers, when } = element.dataset;
  if (show !== '' && answers !== undefined && sameKind(element, show) && !answers.split(' ').includes(show))
    return false;
  if (range === null || when === undefined) return true;
  return when.split(' ').some((span) => {
    const [from = 0, to = 0] = span.split('-').map(Number);
    return from <= range[1] && to >= range[0];
  });
};

/** An answer filters its own kind of rows only: refusals say nothing about seals. */
const KINDS: Readonly<Record<string, string>> = {
  deny: 'conflicts',
  wait: 'conflicts',
  revoke: 'conflicts',
  stale: 'hazards',
  opened: 'seals',
  left: 'seals',
  orphaned: 'seals',
  crash: 'seals',
};
const sameKind = (element: HTMLElement, show: string): boolean =>
  element.closest('main > section')?.id === KINDS[show.slice(show.lastIndexOf('.') + 1)];

/** Dims what is outside the range in every chart over time. */
const shade = (range: State['range']): void => {
  for (const old of all('.outside')) old.remove();
  if (range === null) return;
  for (const svg of all<SVGSVGElement>('svg[data-time]')) {
    const [fromNs, toNs, left, right] = svg.dataset.time!.split(' ').map(Number) as [number, number, number, number];
    const start = Number(document.documentElement.dataset.start);
    const x = (since: number): number =>
      Math.min(right, Math.max(left, left + ((since + start - fromNs) / (toNs - fromNs)) * (right - left)));
    const [a, b] = [x(range[0]), x(range[1])];
    svg.append(dim(left, a, svg), dim(b, right, svg));
  }
};

const dim = (from: number, to: number, svg: SVGSVGElement): SVGRectElement => {
  const rect = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
  const attributes = {
    class: 'outside',
    x: from,
    y: 0,
    width: Math.max(0, to - from),
    height: svg.viewBox.baseVal.height - 42,
  };
  for (const [name, value] of Object.entries(attributes)) rect.setAttribute(name, String(value));
  return rect;
};
