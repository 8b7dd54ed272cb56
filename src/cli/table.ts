// Plain text tables for people: columns as wide as they must be, figures to the right.
import { clean } from './text.js';

export interface TableColumn {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  warn(text: string): string;
}

const GAP = '  ';

/** Lines with their newline. `most` cuts a table that would be too long, and says so; `all`: so many rows there are, of which not all may be given. */
export function table(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
  style: Style,
  most = 40,
  all = rows.length,
): string {
  const shown = rows.slice(0, most).map((row) => row.map(clean));
  const widths = columns.map(({ title }, i) => Math.max(title.length, ...shown.map((row) => (row[i] ?? '').length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (columns[i]?.align === 'right' ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join(GAP)
      .trimEnd();
  const lines = [style.dim(line(columns.map(({ title }) => title))), ...shown.map(line)];
  const left = all - shown.length;
  if (left > 0) lines.push(style.dim(`... and ${left} more (--json has all)`));
  return `${lines.map((text) => `${GAP}${text}`).join('\n')}\n`;
}

/** `label  text`, the labels equally wide. */
export function facts(items: readonly (readonly [string, string])[], style: Style): string {
  const width = Math.max(...items.map(([label]) => label.length));
  return items.map(([label, text]) => `${GAP}${style.dim(label.padEnd(width))}${GAP}${clean(text)}\n`).join('');
}

export function heading(text: string, style: Style): string {
  return `\n${style.bold(text)}\n`;
}

export const makeStyle = (on: boolean): Style => ({
  bold: paint(on, '1'),
  dim: paint(on, '2'),
  warn: paint(on, '33'),
});

const paint =
  (on: boolean, code: string) =>
  (text: string): string =>
    on ? `\u001b[${code}m${text}\u001b[0m` : text;
