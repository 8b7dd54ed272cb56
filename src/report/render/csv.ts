// Every table of a run as a CSV file (RFC 4180, UTF-8); cells that a spreadsheet would take for formulas are defused.
import { cellOf, type DataTable } from '../../results/tables.js';
import { csvLine } from './cells.js';
import type { FolderRenderer } from './renderer.js';

export const csv: FolderRenderer = {
  name: 'csv',
  title: 'a folder of CSV files, one per table',
  files: (tables) => tables.map((table) => ({ name: `${table.name}.csv`, text: lines(table) })),
};

function* lines({ columns, rows }: DataTable): Iterable<string> {
  yield csvLine(columns.map(({ name }) => name));
  for (let row = 0; row < rows; row++) yield csvLine(columns.map((column) => String(cellOf(column, row))));
}
