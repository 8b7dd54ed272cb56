// Tables that only a fresh replay can give, because a run file would be as large as the trace: every operation, what every
// policy answered to it, and every hold.

import type { LaneResult } from '../engine/result.js';
import { planSeals } from '../engine/seal-plan.js';
import { OPS } from '../model/events.js';
import { errnoName, VERDICTS } from '../model/policy.js';
import type { Trace } from '../model/trace.js';
import { NONE, UNKNOWN_RESULT } from '../model/units.js';
import { holdLife, holdRows } from './hold-lives.js';
import { engineInput, fileName } from './input.js';
import { sealRuleOf } from './rules.js';
import { type DataTable, holdTable, tableOf } from './tables.js';
import { isOperation } from './trace-summary.js';

/** `sealRule`: as the run was made with. */
export function traceTables(trace: Trace, lanes: readonly LaneResult[], sealRule: string): DataTable[] {
  const rows = operationRows(trace);
  const plan = planSeals(engineInput(trace), sealRuleOf(sealRule));
  return [
    operations(trace, rows),
    verdicts(trace, lanes, rows),
    holdTable(holdRows(trace).map((row) => holdLife(trace, plan, row))),
    tableOf(
      'files',
      'files of the trace',
      trace.files.map((file, id) => ({ file: id, name: fileName(trace, id), device: file.device, inode: file.inode })),
      { file: 0, name: '', device: '', inode: '' },
    ),
    tableOf(
      'tasks',
      'threads and devices of the trace',
      trace.tasks.map(({ pid, tid, name }, id) => ({ task: id, pid, tid, name })),
      { task: 0, pid: 0, tid: 0, name: '' },
    ),
  ];
}

function operationRows(trace: Trace): Uint32Array {
  const kept: number[] = [];
  for (let row = 0; row < trace.columns.rows; row++) if (isOperation(trace.columns, row)) kept.push(row);
  return Uint32Array.from(kept);
}

function operations(trace: Trace, rows: Uint32Array): DataTable {
  const { columns: c, sources } = trace;
  const origin = Number(trace.originNs);
  const integer = (name: string, of: (row: number) => number) =>
    ({ kind: 'integer', name, values: Float64Array.from(rows, of) }) as const;
  return {
    name: 'operations',
    title: 'every operation that the policies decided',
    rows: rows.length,
    columns: [
      { kind: 'integer', name: 'operation', values: rows },
      integer('time_ns', (row) => origin + c.timeNs[row]!),
      { kind: 'word', name: 'op', codes: Uint8Array.from(rows, (row) => c.op[row]!), list: OPS },
      integer('file', (row) => (c.file[row] === NONE ? -1 : c.file[row]!)),
      integer('task', (row) => (c.task[row] === NONE ? -1 : c.task[row]!)),
      integer('offset_bytes', (row) => c.offset[row]!),
      integer('length_bytes', (row) => c.length[row]!),
      // 1: not recorded; results are 0 or negative errnos.
      integer('result', (row) => (c.result[row] === UNKNOWN_RESULT ? 1 : c.result[row]!)),
      integer('latency_ns', (row) => c.latencyNs[row]!),
      {
        kind: 'word',
        name: 'source',
        codes: Uint16Array.from(rows, (row) => Math.min(c.source[row]!, Math.max(0, sources.length - 1))),
        list: sources.length === 0 ? [''] : sources.map(({ name }) => name),
      },
      integer('line', (row) => c.row[row]!),
    ],
  };
}

/** One row per operation and policy that decided it. */
function verdicts(_trace: Trace, lanes: readonly LaneResult[], rows: Uint32Array): DataTable {
  const decided = lanes.map((lane) => rows.filter((row) => lane.answers.verdictAt(row) > 0));
  const total = decided.reduce((sum, part) => sum + part.length, 0);
  const operation = new Uint32Array(total);
  const policy = new Uint8Array(total);
  const verdict = new Uint8Array(total);
  const errno = new Uint16Array(total);
  const names = ['', ...new Set(lanes.flatMap((lane) => [...lane.denied.keys()].map(errnoName)))];
  const codes = new Map(names.map((name, code) => [name, code]));
  let at = 0;
  lanes.forEach((lane, i) => {
    for (const row of decided[i]!) {
      operation[at] = row;
      policy[at] = i;
      verdict[at] = lane.answers.verdictAt(row) - 1;
      const given = lane.answers.errnoAt(row);
      errno[at++] = given === 0 ? 0 : codes.get(errnoName(given))!;
    }
  });
  return {
    name: 'verdicts',
    title: 'what every policy answered to every operation',
    rows: total,
    columns: [
      { kind: 'integer', name: 'operation', values: operation },
      { kind: 'word', name: 'policy', codes: policy, list: lanes.map((lane) => lane.policy.name) },
      { kind: 'word', name: 'verdict', codes: verdict, list: VERDICTS },
      { kind: 'word', name: 'errno', codes: errno, list: names },
    ],
  };
}
