// The forms a report is written in: one file of a renderer, or a folder of tables. One way to check and to write each.
import { existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../model/issue.js';
import { buildReport, type FolderRenderer, type Renderer } from '../report/index.js';
import type { DataTable } from '../results/tables.js';
import type { Run } from '../results/types.js';
import { integers, type OutColumn, texts, words, writeTable } from '../trace/arrow-table.js';
import type { Io } from './io.js';
import { checkFolder, checkOutput, writeOutput } from './output.js';

export interface Form {
  readonly name: string;
  readonly title: string;
  /** Of the name it is given when nobody names it. */
  readonly ending: string;
  /** Fails early when `out` cannot be written. */
  check(out: string): void;
  write(io: Io, out: string, run: Run, tables: () => readonly DataTable[]): Promise<void>;
}

export const fileForm = (renderer: Renderer): Form => ({
  name: renderer.name,
  title: renderer.title,
  ending: `.${renderer.extension}`,
  check: checkOutput,
  write: (io, out, run, tables) =>
    writeOutput(io, out, [renderer.render(buildReport(run), run, renderer.needsTables === true ? tables() : [])]),
});

export const folderForm = (renderer: FolderRenderer): Form => ({
  name: renderer.name,
  title: renderer.title,
  ending: `.${renderer.name}`,
  check: checkTables,
  async write(io, out, _run, tables) {
    mkdirSync(out, { recursive: true });
    for (const { name, text } of renderer.files(tables())) await writeOutput(io, join(out, name), text);
  },
});

export const arrowForm: Form = {
  name: 'arrow',
  title: 'a folder of Arrow files, one per table',
  ending: '.arrow',
  check: checkTables,
  async write(_io, out, _run, tables) {
    mkdirSync(out, { recursive: true });
    for (const table of tables()) writeArrow(join(out, `${table.name}.arrow`), table);
  },
};

function writeArrow(path: string, { name, rows, columns }: DataTable): void {
  const fresh = `${path}.tmp`;
  try {
    writeTable(fresh, [{ rows, columns: columns.map(outColumn) }], {
      schema: `sealtrace.tables/1 ${name}`,
      rows: String(rows),
    });
    renameSync(fresh, path);
  } finally {
    rmSync(fresh, { force: true });
  }
}

function outColumn(column: DataTable['columns'][number], place: number): OutColumn {
  if (column.kind === 'integer') return integers(column.name, column.values);
  return column.kind === 'text'
    ? texts(column.name, (row) => column.values[row]!)
    : words(column.name, column.codes, column.list, place);
}

function checkTables(out: string): void {
  if (out === '-') throw new UserError('this form is a folder of files and cannot go to stdout; name a folder with -o');
  if (existsSync(out) && !statSync(out).isDirectory())
    throw new UserError(`cannot write the tables into ${out}: it is a file; name a folder with -o`);
  if (!existsSync(out)) checkFolder(out);
}
