// Tables into an in-memory DuckDB, and one question to it. DuckDB is an optional peer: 70 MB that few need.
import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api';
import { UserError } from '../model/issue.js';
import { cellOf, type DataTable } from '../results/tables.js';

export type Value = string | number | boolean | null | readonly Value[] | { readonly [key: string]: Value };
export interface Answer {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Value[])[];
}

type DuckDb = typeof import('@duckdb/node-api');

export async function ask(tables: readonly DataTable[], sql: string): Promise<Answer> {
  const duckdb = await load();
  const instance = await duckdb.DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    for (const table of tables) if (table.columns.length > 0) await fill(duckdb, connection, table);
    return await answer(connection, sql);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

async function load(): Promise<DuckDb> {
  try {
    return await import('@duckdb/node-api');
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : '';
    throw new UserError(
      `query needs DuckDB, which is not installed beside sealtrace (${reason}). Install it with: npm install @duckdb/node-api`,
    );
  }
}

/** Rows of one chunk: DuckDB's own vector size. */
const CHUNK = 2048;

async function fill(duckdb: DuckDb, connection: DuckDBConnection, table: DataTable): Promise<void> {
  const types = table.columns.map(({ kind }) => (kind === 'integer' ? duckdb.BIGINT : duckdb.VARCHAR));
  const fields = table.columns.map(({ name, kind }) => `"${name}" ${kind === 'integer' ? 'BIGINT' : 'VARCHAR'}`);
  await connection.run(`create table "${table.name}" (${fields.join(', ')})`);
  const appender = await connection.createAppender(table.name);
  for (let from = 0; from < table.rows; from += CHUNK) {
    const rows = Math.min(CHUNK, table.rows - from);
    const chunk = duckdb.DuckDBDataChunk.create(types, rows);
    chunk.setColumns(
      table.columns.map((column) =>
        Array.from({ length: rows }, (_, i): DuckDBValue => {
          const value = cellOf(column, from + i);
          return typeof value === 'number' ? BigInt(value) : value;
        }),
      ),
    );
    appender.appendDataChunk(chunk);
  }
  appender.closeSync();
}

async function answer(connection: DuckDBConnection, sql: string): Promise<Answer> {
  try {
    const reader = await connection.runAndReadAll(sql);
    return { columns: reader.deduplicatedColumnNames(), rows: reader.getRowsJS().map((row) => row.map(plainValue)) };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw new UserError(`the query failed: ${text}\n"show tables" and "describe TABLE" tell what there is`);
  }
}

/** What JSON can hold: whole numbers beyond 2^53 and everything without a JSON form become text. */
function plainValue(value: unknown): Value {
  if (value === null || value === undefined) return null;
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (Array.isArray(value)) return value.map(plainValue);
  if (value instanceof Date) return value.toISOString();
  return String(value);
}
