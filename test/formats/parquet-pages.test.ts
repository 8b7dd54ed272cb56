// Parquet pages that are longer than what is read of them at a time, in every encoding DuckDB writes.
import { expect, test } from 'vitest';
import { parquet } from '../../src/formats/index.js';
import { duckdbWriter } from '../support/duckdb.js';
import { readFormat } from '../support/read-format.js';

/** A page of so many, more than one piece; the second page has the rest. */
const PAGE_ROWS = 20_480;
const ROWS = PAGE_ROWS + 2048;
const path = (i: number): string => `/${i % 3 === 0 ? 'few' : `file-${i}`}`;
/** Without one a row begins at 0. */
const offset = (i: number): number => (i % 7 === 0 ? 0 : i * 512);
const TABLE = `select make_timestamp_ns(1700000000000000000 + i * 1000) as time, if(i % 3 = 0, 'write', 'read') as op,
  if(i % 7 = 0, null, i * 512) as "offset", (i % 5 * 4096)::double as size, '/' || if(i % 3 = 0, 'few', 'file-' || i) as path,
  i % 2 = 0 as sync, i::ubigint as id from range(${ROWS}) t(i)`;

const written = duckdbWriter();

test.each([
  'codec snappy',
  'codec uncompressed',
  'codec zstd, parquet_version v2',
  'codec uncompressed, parquet_version v2',
])('%s', async (options) => {
  const bytes = await written(TABLE, `format parquet, row_group_size ${PAGE_ROWS}, ${options}`);
  const { trace, intact } = await readFormat(parquet, bytes);
  expect(intact).toEqual([true]);
  const { columns: c, files } = trace;
  const found = Array.from({ length: c.rows }, (_, i) => [
    c.timeNs[i],
    files[c.file[i]!]?.path,
    c.offset[i],
    c.length[i],
  ]);
  const expected = Array.from({ length: ROWS }, (_, i) => [i * 1000, path(i), offset(i), (i % 5) * 4096]);
  expect(found).toEqual(expected);
});
