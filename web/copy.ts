// Every table can be copied as CSV or Markdown; the figures of the page can be downloaded as JSON.
import { csvLine, markdownCell } from '../src/report/render/cells.ts';
import { all, button, data, make, say } from './page.ts';

export const startCopy = (): void => {
  for (const table of all<HTMLTableElement>('main table')) {
    if (table.caption === null) continue;
    const name = table.caption.textContent ?? 'table';
    const tools = make(
      'span',
      { class: 'copy' },
      button('CSV', () => void copy(csvOf(table), 'CSV'), `CSV, copy as CSV: ${name}`),
      button('MD', () => void copy(markdownOf(table), 'Markdown'), `MD, copy as Markdown: ${name}`),
    );
    table.caption.append(tools);
  }
  const foot = document.querySelector('footer.wrap');
  if (data !== null) foot?.prepend(make('p', {}, button('Download the figures as JSON', download)));
};

/** What stands in a cell; a figure is given as the plain number. */
const textOf = (cell: HTMLTableCellElement): string => {
  const figures = all<HTMLDataElement>('data[value]', cell);
  const only = figures.length === 1 && figures[0]!.textContent === cell.textContent ? figures[0]!.value : '';
  return only === '' ? (cell.innerText ?? cell.textContent ?? '').replace(/\s+/g, ' ').trim() : only;
};

/** Rows with every cell in its column: a cell that covers several rows is repeated. */
const grid = (table: HTMLTableElement): string[][] => {
  const lines: string[][] = [];
  const head = [...(table.tHead?.rows ?? [])].at(-1);
  if (head !== undefined) lines.push([...head.cells].map(textOf));
  let covering: { text: string; left: number } | null = null;
  for (const row of all<HTMLTableRowElement>('tbody tr:not([hidden])', table)) {
    const cells = [...row.cells].map(textOf);
    const first = row.cells[0];
    if (first !== undefined && first.rowSpan > 1) covering = { text: cells[0]!, left: first.rowSpan };
    else if (covering !== null && covering.left > 0) cells.unshift(covering.text);
    if (covering !== null) covering.left--;
    lines.push(cells);
  }
  return lines;
};

const csvOf = (table: HTMLTableElement): string => grid(table).map(csvLine).join('');

const markdownOf = (table: HTMLTableElement): string => {
  const [head = [], ...rows] = grid(table);
  const line = (cells: readonly string[]): string => `| ${cells.map(markdownCell).join(' | ')} |\n`;
  return `${line(head)}|${' --- |'.repeat(head.length)}\n${rows.map(line).join('')}`;
};

const copy = async (text: string, what: string): Promise<void> => {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // A page from a file may not use the clipboard directly everywhere.
    const area = make('textarea', { 'aria-hidden': 'true' });
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand('copy');
    area.remove();
  }
  say(`Copied as ${what}`);
};

const download = (): void => {
  const address = URL.createObjectURL(new Blob([`${JSON.stringify(data, null, 1)}\n`], { type: 'application/json' }));
  const link = make('a', { href: address, download: 'sealtrace-figures.json' });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
};
