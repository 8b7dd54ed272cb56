// A timeline for the Perfetto UI and chrome://tracing (trace event format, JSON): operations of threads, holds, and what the
// policies would have done to them, with a flow from each hold to the conflict it caused. Times since the start of the trace.
import { cellOf, type DataTable } from '../../results/tables.js';
import type { Conflict, Run } from '../../results/types.js';
import { middleCut } from '../format.js';
import { hazardWords, words } from '../lanes.js';
import { visible } from './escape.js';
import type { Renderer } from './renderer.js';
import { nested, type Slice } from './slices.js';

/** More operations than this make the file too large for the viewer. */
const MOST_OPERATIONS = 200_000;
const LOSSY =
  'Lossy: of equal conflicts only the first is drawn, long runs keep the first operations only, and addresses and block maps are left out. The run file and the report have the figures.';

/** Process numbers of what are no processes of the trace. */
const HOLDS = 1_000_000_001;
const POLICIES = 1_000_000_101;

type TraceEvent = Readonly<Record<string, unknown>>;

export const perfetto: Renderer = {
  name: 'perfetto',
  title: 'a timeline for the Perfetto UI (Chrome trace JSON; lossy)',
  extension: 'perfetto.json',
  needsTables: true,
  render: (_report, run, tables = []) => {
    const start = run.report.trace.span.fromNs;
    const { events, flowsFrom } = holdEvents(run, start);
    const all = [
      ...threads(tables, start),
      ...events,
      ...run.report.lanes.flatMap((_, i) => policyEvents(run, i, flowsFrom, start)),
    ];
    const body = all.map((event) => JSON.stringify(event)).join(',\n');
    const other = JSON.stringify({ note: LOSSY, trace: clean(run.report.trace.name), command: clean(run.command) });
    return `{"displayTimeUnit":"ns","otherData":${other},"traceEvents":[\n${body}\n]}\n`;
  },
};

const clean = (text: string): string => visible(middleCut(text, 200));
/** The importer of Perfetto cuts off what is left of a nanosecond, and 1.001 times 1000 is a little less than 1001. */
const micros = (ns: number): number => {
  const us = Math.round(ns) / 1000;
  return Math.trunc(us * 1000) < Math.round(ns) ? us * (1 + Number.EPSILON) : us;
};

const nameEvents = (pid: number, process: string, threads: ReadonlyMap<number, string>): readonly TraceEvent[] => [
  { ph: 'M', name: 'process_name', pid, args: { name: clean(process) } },
  ...[...threads].map(([tid, name]) => ({ ph: 'M', name: 'thread_name', pid, tid, args: { name: clean(name) } })),
];

const slice = (pid: number, tid: number, { fromNs, toNs, name, args }: Slice): TraceEvent => ({
  ph: 'X',
  cat: 'sealtrace',
  name: clean(name),
  pid,
  tid,
  ts: micros(fromNs),
  dur: micros(toNs - fromNs),
  args,
});

/** Operations of the trace by thread, as recorded; only where the trace itself was at hand. */
const threads = (tables: readonly DataTable[], start: number): readonly TraceEvent[] => {
  const [operations, tasks] = [
    tables.find(({ name }) => name === 'operations'),
    tables.find(({ name }) => name === 'tasks'),
  ];
  if (operations === undefined || tasks === undefined) return [];
  const at = (table: DataTable, column: string): ((row: number) => string | number) => {
    const found = table.columns.find(({ name }) => name === column)!;
    return (row) => cellOf(found, row);
  };
  const [time, op, task, latency, line] = ['time_ns', 'op', 'task', 'latency_ns', 'line'].map((name) =>
    at(operations, name),
  );
  const byTask = new Map<number, Slice[]>();
  for (let row = 0; row < Math.min(operations.rows, MOST_OPERATIONS); row++) {
    const id = Number(task!(row));
    if (id < 0) continue;
    const fromNs = Number(time!(row)) - start;
    const made = {
      fromNs,
      toNs: fromNs + Math.max(0, Number(latency!(row))),
      name: String(op!(row)),
      args: { line: line!(row) },
    };
    const known = byTask.get(id);
    if (known === undefined) byTask.set(id, [made]);
    else known.push(made);
  }
  const [pid, tid, name] = ['pid', 'tid', 'name'].map((column) => at(tasks, column));
  return [...byTask].flatMap(([id, slices]) =>
    track(
      Math.max(1, Number(pid!(id))),
      String(name!(id)),
      Math.max(1, Number(tid!(id))),
      `${name!(id)} ${tid!(id)}`,
      slices,
    ),
  );
};

/** Slices of one track; those that would cross an earlier one go to a track beside it. */
const track = (
  pid: number,
  process: string,
  tid: number,
  label: string,
  slices: readonly Slice[],
): readonly TraceEvent[] => {
  const tracks = nested(slices);
  const names = new Map(tracks.map((_, i) => [tid + i * 10_000_000, i === 0 ? label : `${label} (${i + 1})`]));
  return [
    ...nameEvents(pid, process, names),
    ...tracks.flatMap((some, i) => some.map((one) => slice(pid, tid + i * 10_000_000, one))),
  ];
};

interface Origin {
  readonly tid: number;
  readonly atNs: number;
}

/** Where the flow of a conflict begins: the hold in its way. */
const holdKey = (kind: string, file: string, fromNs: number): string => JSON.stringify([kind, file, fromNs]);

const holdEvents = (
  run: Run,
  start: number,
): { events: readonly TraceEvent[]; flowsFrom: ReadonlyMap<string, Origin> } => {
  const flowsFrom = new Map<string, Origin>();
  const names = new Map<number, string>();
  const end = run.report.trace.span.toNs - start;
  const seals = run.details.flatMap(({ policy, seals: all }) =>
    all.filter(({ failure }) => failure === '').map((seal) => ({ ...seal, policy: ` under ${policy}` })),
  );
  const lives = [...run.holds.map((hold) => ({ ...hold, policy: '' })), ...seals];
  const slices = lives.map(({ kind, file, holder, fromNs, toNs, endedBy, policy }, i) => {
    const tid = i + 1;
    const from = Math.max(0, fromNs - start);
    names.set(tid, `${words(kind)} of ${file}`);
    flowsFrom.set(holdKey(kind, file, fromNs), { tid, atNs: from });
    const to = Math.max(from, toNs < 0 ? end : toNs - start);
    return slice(HOLDS, tid, {
      fromNs: from,
      toNs: to,
      name: `${words(kind)}: ${holder}${policy}`,
      args: { ended_by: endedBy || 'not within the trace' },
    });
  });
  return { events: slices.length === 0 ? [] : [...nameEvents(HOLDS, 'holds and seals', names), ...slices], flowsFrom };
};

const policyEvents = (
  run: Run,
  index: number,
  flowsFrom: ReadonlyMap<string, Origin>,
  start: number,
): readonly TraceEvent[] => {
  const detail = run.details[index];
  if (detail === undefined || detail.conflicts.length + detail.hazards.length === 0) return [];
  const pid = POLICIES + index;
  const names = new Map<number, string>();
  const events: TraceEvent[] = [];
  detail.conflicts.forEach((conflict, i) => {
    const tid = i + 1;
    const fromNs = Math.max(0, conflict.atNs - start);
    names.set(tid, `${words(conflict.op)} by ${conflict.wanter}`);
    events.push(
      slice(pid, tid, {
        fromNs,
        toNs: fromNs + Math.max(1000, conflict.waitNs),
        name: conflictName(conflict),
        args: conflictArgs(conflict),
      }),
    );
    const origin = flowsFrom.get(holdKey(conflict.hold, conflict.file, conflict.holdFromNs));
    if (origin === undefined || origin.atNs > fromNs) return;
    const flow = { cat: 'conflict', name: 'held against', id: pid * 1000 + i };
    events.push(
      { ph: 's', ...flow, pid: HOLDS, tid: origin.tid, ts: micros(origin.atNs) },
      { ph: 'f', bp: 'e', ...flow, pid, tid, ts: micros(fromNs) },
    );
  });
  detail.hazards.forEach((hazard) => {
    const event = {
      ph: 'i',
      s: 'p',
      cat: 'hazard',
      name: hazardWords(hazard),
      pid,
      tid: 0,
    };
    events.push({
      ...event,
      ts: micros(Math.max(0, hazard.atNs - start)),
      args: { file: clean(hazard.file), bytes: hazard.bytes },
    });
  });
  return [...nameEvents(pid, `policy ${detail.policy}`, names), ...events];
};

const conflictName = ({ verdict, errno, op }: Conflict): string =>
  `${verdict === 'deny' ? errno : verdict} ${words(op)}`;

const conflictArgs = (conflict: Conflict): Slice['args'] => ({
  alike: conflict.count,
  file: clean(conflict.file),
  wanted_by: clean(conflict.wanter),
  held_by: clean(conflict.holder),
  source: clean(conflict.evidence[0]?.source ?? ''),
  line: conflict.evidence[0]?.row ?? 0,
});
