// SQL over a real recording: every query of docs/queries.md runs, and DuckDB's own counts agree with those of the replay.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import type { ReplayReport } from '../../src/results/types.js';
import { recording, scratch, sealtrace } from './support.js';

vi.setConfig({ testTimeout: 120_000 });
const { path } = scratch();
const SWAP = recording('xfs-swap');
const DOCS = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'queries.md'), 'utf8');

interface Answer {
  readonly schema: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number | null)[])[];
}

const ask = async (sql: string, what = SWAP): Promise<Answer> => {
  const { out, err, code } = await sealtrace(['query', what, sql, '--json', '-q']);
  expect(err).toBe('');
  expect(code).toBe(0);
  return JSON.parse(out) as Answer;
};

describe('query', () => {
  const worked = [...DOCS.matchAll(/^## (\d+)\. (.*)\n```sql\n([^`]+)```/gm)];

  it('has ten worked queries', () => expect(worked).toHaveLength(10));

  it.each(worked.map(([, n, title, sql]) => [n!, title!, sql!]))('%s. %s', async (_n, _title, sql) => {
    const answer = await ask(sql);
    expect(answer.schema).toBe('sealtrace.query/1');
    expect(answer.rows.length).toBeGreaterThan(0);
    for (const row of answer.rows) expect(row).toHaveLength(answer.columns.length);
  });

  it('counts what the replay counted', async () => {
    const { out } = await sealtrace(['replay', SWAP, '--policy', 'usual', '--json', '-q']);
    const { lanes } = JSON.parse(out) as ReplayReport;
    const { rows } = await ask('select policy, verdict, count(*) as n from verdicts group by all');
    const found = new Map(rows.map(([policy, verdict, n]) => [`${policy} ${verdict}`, n]));
    for (const { policy, verdicts } of lanes)
      for (const [verdict, n] of Object.entries(verdicts)) expect(found.get(`${policy} ${verdict}`) ?? 0).toBe(n);
    const sums = await ask('select policy, sum(operations) from histogram group by policy');
    for (const [policy, n] of sums.rows) expect(n).toBe(lanes.find((lane) => lane.policy === policy)!.operations);
  });

  it('asks a run file as well, hands over Parquet, and says what is wrong with a query', async () => {
    const run = path('swap.sealrun');
    await sealtrace(['replay', SWAP, '--policy', 'ondisk,mapdirect', '-o', run, '-q']);
    expect((await ask('select policy from lanes order by policy', run)).rows).toEqual([['mapdirect'], ['ondisk']]);
    const parquet = path('latency.parquet');
    await ask(`copy latency to '${parquet}'`, run);
    const counted = await ask(`select count(*) from '${parquet}'`, run);
    expect(counted.rows).toEqual((await ask('select count(*) from latency', run)).rows);
    const { code, err } = await sealtrace(['query', run, 'select nonsense from nowhere']);
    expect(code).toBe(2);
    expect(err).toMatch(/the query failed: .*nowhere/);
    expect(err).toContain('show tables');
  });

  it('says how to install DuckDB where it is missing', async () => {
    vi.resetModules();
    vi.doMock('@duckdb/node-api', () => {
      throw new Error("Cannot find package '@duckdb/node-api'");
    });
    const { ask: fresh } = await import('../../src/cli/duckdb.js');
    await expect(fresh([], 'select 1')).rejects.toThrow(/npm install @duckdb\/node-api/);
    vi.doUnmock('@duckdb/node-api');
  });
});
