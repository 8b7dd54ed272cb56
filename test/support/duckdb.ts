// Tables as DuckDB writes them.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll } from 'vitest';

/** For the tests of a file, or of a `describe`: the bytes of what a query gives; `options` are those of COPY. */
export function duckdbWriter(): (query: string, options: string) => Promise<Uint8Array> {
  const folder = mkdtempSync(join(tmpdir(), 'sealtrace-duckdb-'));
  let duckdb: DuckDBInstance;
  beforeAll(async () => {
    duckdb = await DuckDBInstance.create(':memory:');
  });
  afterAll(() => {
    duckdb.closeSync();
    rmSync(folder, { recursive: true });
  });
  return async (query, options) => {
    const file = join(folder, 'table');
    const connection = await duckdb.connect();
    await connection.run(`copy (${query}) to '${file}' (${options})`);
    connection.closeSync();
    return new Uint8Array(readFileSync(file));
  };
}
