// Times and rows as a reader finds them again in the recording.
import { Op } from '../model/events.js';
import type { Trace } from '../model/trace.js';
import { NONE } from '../model/units.js';
import type { Evidence } from './types.js';

/** A time as the trace's own clock shows it; -1 for none. */
export const clock = (trace: Trace, ns: number): number =>
  ns < 0 || !Number.isFinite(ns) ? -1 : Number(trace.originNs) + ns;

export function evidence(trace: Trace, row: number): Evidence[] {
  const source = trace.sources[trace.columns.source[row]!];
  const line = trace.columns.row[row]!;
  return source === undefined || line === 0 ? [] : [{ source: source.name, row: line, text: '' }];
}

/** Records of one operation that are shown. */
const MOST_RECORDS = 6;

/** For each of these events: its records in the sources, the one it is named after first. */
export function recordsOf(trace: Trace, rows: readonly number[]): ReadonlyMap<number, readonly Evidence[]> {
  const { columns: c, records: r } = trace;
  const wanted = new Map(rows.filter((row) => c.opId[row] !== 0).map((row) => [c.opId[row]!, [] as Evidence[]]));
  for (let i = 0; i < r.rows && wanted.size > 0; i++) {
    const found = r.opId[i] === 0 ? undefined : wanted.get(r.opId[i]!);
    const source = trace.sources[r.source[i]!];
    if (found !== undefined && found.length < MOST_RECORDS && source !== undefined)
      found.push({ source: source.name, row: r.row[i]!, text: '' });
  }
  return new Map(rows.map((row) => [row, unique([...evidence(trace, row), ...(wanted.get(c.opId[row]!) ?? [])])]));
}

function unique(all: readonly Evidence[]): readonly Evidence[] {
  const seen = new Map(all.map((one) => [`${one.source}:${one.row}`, one]));
  return [...seen.values()];
}

/** Process id to the time of its exit, relative to the origin. */
export function exitTimes({ columns: c, tasks }: Trace): ReadonlyMap<number, number> {
  const exits = new Map<number, number>();
  for (let row = 0; row < c.rows; row++)
    if (c.op[row] === Op.exit && c.task[row] !== NONE) exits.set(tasks[c.task[row]!]!.pid, c.timeNs[row]!);
  return exits;
}
