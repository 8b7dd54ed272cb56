// Tables: heading groups, row headings, bars under figures; wide ones scroll in their own box, never the page.
import { middleCut } from '../format.js';
import type { Cell, Column, Mark, TableBlock } from '../model.js';
import { type Budget, fitting, leftOutNote } from './budget.js';
import { h, type Insert, type Markup } from './escape.js';
import { plainText, renderText } from './inline.js';
import { round } from './marks.js';

export const renderTable = (block: TableBlock, budget: Budget): Markup => {
  const { name, caption, columns, rows, marks, note, dense, shaded } = block;
  const { items, leftOut } = fitting(rows, budget, (row, i) => renderRow(columns, row, marks?.[i]));
  return h`<div class="scroll" tabindex="0" role="group" aria-label="${middleCut(plainText(caption), 160)}"><table class="${dense ? 'dense' : 'wide'}${shaded ? ' shade' : ''}"${name === undefined ? null : h` data-name="${name}"`}>
<caption>${renderText(caption)}</caption>
<thead>${groupRow(columns)}<tr>${columns.map((column) => h`<th scope="col" class="${alignOf(column)}">${renderText(column.title)}</th>`)}</tr></thead>
<tbody>${items}</tbody></table></div>${leftOutNote(leftOut)}${note === undefined ? null : h`<p class="note">${renderText(note)}</p>`}`;
};

const alignOf = (column: Column): string => `a-${column.align ?? 'start'}`;

/** The row above the headings, where columns belong together. */
const groupRow = (columns: readonly Column[]): Insert => {
  if (columns.every((column) => column.group === undefined)) return null;
  const groups: { name: string; span: number }[] = [];
  for (const { group = '' } of columns) {
    const last = groups[groups.length - 1];
    if (last !== undefined && last.name === group) last.span++;
    else groups.push({ name: group, span: 1 });
  }
  return h`<tr class="groups">${groups.map(({ name, span }) => (name === '' ? h`<td colspan="${span}"></td>` : h`<th scope="colgroup" colspan="${span}">${name}</th>`))}</tr>`;
};

/** A row shorter than the head lacks its first columns: a heading above covers them. */
const renderRow = (columns: readonly Column[], row: readonly Cell[], mark: Mark | undefined): Markup => {
  const missing = columns.length - row.length;
  const starts = row.some((cell) => cell.rows !== undefined);
  return h`<tr${starts ? h` class="starts"` : null}${markAttributes(mark)}>${row.map((cell, i) => renderCell(columns[i + missing]!, cell))}</tr>\n`;
};

/** What a script filters by. */
export const markAttributes = (mark: Mark | undefined): Insert =>
  mark === undefined
    ? null
    : h`${mark.answers === undefined ? null : h` data-answers="${mark.answers.join(' ')}"`}${mark.when === undefined ? null : h` data-when="${mark.when.map(([from, to]) => `${from}-${to}`).join(' ')}"`}`;

const renderCell = (column: Column, cell: Cell): Markup => {
  const classes = `${alignOf(column)}${cell.tone === undefined ? '' : ` t-${cell.tone}`}`;
  const rows = cell.rows === undefined ? null : h` rowspan="${cell.rows}"`;
  const scope = cell.rows === undefined ? 'row' : 'rowgroup';
  const inside = h`${renderText(cell.text)}${bar(cell.bar)}`;
  return column.head
    ? h`<th scope="${scope}" class="${classes}"${rows}>${inside}</th>`
    : h`<td class="${classes}"${rows}>${inside}</td>`;
};

const bar = (share: number | undefined): Insert =>
  share === undefined || share <= 0
    ? null
    : h`<svg class="bar" width="100%" height="4" aria-hidden="true"><rect x="${round(100 - Math.max(2, share * 100))}%" width="${round(Math.max(2, share * 100))}%" height="4" rx="2"/></svg>`;
