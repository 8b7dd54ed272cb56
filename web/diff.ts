// Two policies of the reader's choice against each other.
import { type Answer, CHANGES, changeChip, changeOf, verdictChip } from '../src/report/answers.ts';
import type { DiffRow } from '../src/report/differences.ts';
import { formatCount } from '../src/report/format.ts';
import type { Chip } from '../src/report/model.ts';
import { data, make } from './page.ts';
import { go, onChange, state } from './state.ts';

const LISTED = 200;

export const startDiff = (): void => {
  const table = document.querySelector<HTMLTableElement>('#differences table[data-name="differences"]');
  if (data === null || table === null || data.lanes.length < 2) return;
  const names = data.lanes.map(({ policy }) => policy);
  const [first, second] = [select('Compare', names), select('with', names)] as const;
  const byDefault = data.pair ?? ([names[0]!, names[1]!] as const);
  const change = (): void => go({ diff: [first.value, second.value] }, true);
  first.addEventListener('change', change);
  second.addEventListener('change', change);
  const summary = make('output');
  const tools = make('p', { class: 'pair' }, label('Compare ', first), label(' with ', second), ' ', summary);
  table.closest('details')?.before(tools);
  const show = (): void => {
    const pair = state().diff ?? byDefault;
    if (!pair.every((name) => names.includes(name))) return;
    first.value = pair[0];
    second.value = pair[1];
    fill(table, pair, summary);
  };
  onChange((now, before) => {
    if (String(now.diff) !== String(before.diff)) show();
  });
  if (state().diff !== null) {
    const box = table.closest('details');
    if (box !== null) box.open = true;
  }
  show();
};

const select = (name: string, options: readonly string[]): HTMLSelectElement =>
  make('select', { 'aria-label': `${name} policy` }, ...options.map((text) => make('option', { value: text }, text)));
const label = (text: string, inside: HTMLElement): HTMLElement => make('label', {}, text, inside);

const fill = (table: HTMLTableElement, [a, b]: readonly [string, string], summary: HTMLElement): void => {
  const rows = data!.differences.map((row) => ({
    row,
    change: changeOf(row.answers[a] ?? null, row.answers[b] ?? null),
  }));
  const counts = CHANGES.map((change) => [change, rows.filter((one) => one.change === change).length] as const);
  summary.textContent = counts
    .filter(([, n]) => n > 0)
    .map(([change, n]) => `${formatCount(n)} ${change}`)
    .join(', ');
  const heads = table.tHead?.rows[0]?.cells;
  heads?.[5]?.replaceChildren(a);
  heads?.[6]?.replaceChildren(b);
  table.caption?.replaceChildren(`${a} against ${b}`);
  const shown = rows
    .filter(({ change }) => change !== 'same')
    .sort((x, y) => CHANGES.indexOf(x.change) - CHANGES.indexOf(y.change))
    .slice(0, LISTED);
  table.tBodies[0]?.replaceChildren(...shown.map(({ row, change }) => line(row, changeChip(change), [a, b])));
};

const line = (row: DiffRow, change: Chip, pair: readonly [string, string]): HTMLTableRowElement => {
  const operation = row.id === '' ? row.what : make('a', { href: `#${row.id}` }, row.what);
  const name = (text: string): HTMLElement => make('td', {}, make('bdi', { class: 'raw' }, text));
  return make(
    'tr',
    {},
    make('th', { scope: 'row' }, chip(change)),
    make('td', {}, operation),
    name(row.file),
    name(row.wanter),
    name(row.holder || 'nobody'),
    ...pair.map((policy) => make('td', { class: 'a-center' }, ...answer(row.answers[policy] ?? null))),
  );
};

const answer = (given: Answer | null): (Node | string)[] => {
  if (given === null) return ['not decided'];
  const shown = verdictChip(given.verdict, given.errno);
  if (shown.tone === 'quiet') return [shown.text];
  return given.count > 1 ? [chip(shown), make('small', {}, `× ${formatCount(given.count)}`)] : [chip(shown)];
};

const chip = ({ tone, text }: Chip): HTMLElement => make('span', { class: `chip t-${tone}` }, text);
