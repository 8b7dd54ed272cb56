// `sealtrace query`: SQL over the tables of a run, through DuckDB where it is installed.
import { formatCount } from '../report/format.js';
import type { Command, Context } from './command.js';
import { type Answer, ask } from './duckdb.js';
import { statusOf } from './load.js';
import { REPLAY } from './options.js';
import { runOf } from './report.js';
import { table } from './table.js';
import { plain, toJson } from './text.js';

const LISTED = 200;

export const query: Command = {
  name: 'query',
  summary: 'SQL over the tables of a run, or of a trace, which is replayed first (needs @duckdb/node-api)',
  operands: ['RUN|TRACE', 'SQL'],
  options: {
    policy: { kind: 'text', text: 'policies (A,B,...), usual or all; for a trace', fallback: 'usual' },
    ...REPLAY,
  },
  examples: [
    ['sealtrace query run.sealrun "show tables"', 'what there is to ask'],
    [
      'sealtrace query run.sealrun "select policy, deny, hazards from lanes order by deny"',
      'refusals against stale accesses',
    ],
    ['sealtrace query run.txt.gz "copy verdicts to \'verdicts.parquet\'"', 'every answer of every policy, as Parquet'],
  ],
  async run(context) {
    const [path, sql] = context.operands as [string, string];
    const { run, tables, damaged } = await runOf(context, path);
    const answer = await ask(tables(), sql);
    await context.io.out(context.json ? toJson({ schema: 'sealtrace.query/1', ...answer }) : human(answer, context));
    return statusOf(context, damaged, run.report.quality.safe);
  },
};

function human({ columns, rows }: Answer, { style }: Context): string {
  if (columns.length === 0) return '';
  const heads = columns.map((title, i) => {
    const isNumber = rows.every((row) => row[i] === null || typeof row[i] === 'number');
    return { title, ...(isNumber && rows.length > 0 ? { align: 'right' as const } : {}) };
  });
  const cells = rows.map((row) =>
    row.map((value) => (value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value))),
  );
  const count = `${formatCount(rows.length)} ${rows.length === 1 ? 'row' : 'rows'}`;
  return plain(`${table(heads, cells, style, LISTED)}${style.dim(count)}\n`);
}
