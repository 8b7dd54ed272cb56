// What a renderer file exports.
import type { DataTable } from '../../results/tables.js';
import type { Run } from '../../results/types.js';
import type { Report } from '../model.js';

export interface OutFile {
  readonly name: string;
  readonly text: Iterable<string>;
}

export interface Renderer {
  readonly name: string;
  readonly title: string;
  readonly extension: string;
  /** Draws single operations: making the tables for all others would be waste. */
  readonly needsTables?: boolean;
  /** One file. `tables` has everything the run was made of, as far as it is at hand. */
  render(report: Report, run: Run, tables?: readonly DataTable[]): string;
}

/** A form that takes several files, in a folder. */
export interface FolderRenderer {
  readonly name: string;
  readonly title: string;
  files(tables: readonly DataTable[]): readonly OutFile[];
}
