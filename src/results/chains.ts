// The ends of the chains of conflicts: what came after an operation in its own thread, and threads that wait for each other by name.
import type { DeadlockRow } from '../engine/result.js';
import { Flag, OBSERVED_OPS, OPS, opSet } from '../model/events.js';
import type { Trace } from '../model/trace.js';
import { NONE } from '../model/units.js';
import { fileName, taskName } from './input.js';
import { clock, recordsOf } from './places.js';
import type { Ring } from './types.js';

/** Rings told by name; more say nothing to a reader. */
const MOST_RINGS = 20;
const SEEN = opSet(OBSERVED_OPS);

/** What follows a row in its thread: how many events, and the row of the first, -1 for none. */
export interface Following {
  readonly events: number;
  readonly next: number;
}

/** By row, for these rows of the trace. */
export function followingOf({ columns: c, tasks }: Trace, rows: ReadonlySet<number>): ReadonlyMap<number, Following> {
  const found = new Map<number, Following>();
  const events = new Uint32Array(tasks.length);
  const next = new Int32Array(tasks.length).fill(-1);
  for (let row = c.rows - 1; row >= 0 && rows.size > 0; row--) {
    const task = c.task[row]!;
    if (task === NONE) continue;
    if (rows.has(row)) found.set(row, { events: events[task]!, next: next[task]! });
    if (SEEN[c.op[row]!] === 1 || (c.flags[row]! & (Flag.second | Flag.synthetic)) !== 0) continue;
    events[task]!++;
    next[task] = row;
  }
  return found;
}

export function ringsOf(trace: Trace, deadlocks: readonly DeadlockRow[]): Ring[] {
  const shown = deadlocks.slice(0, MOST_RINGS);
  const records = recordsOf(
    trace,
    shown.map(({ row }) => row),
  );
  return shown.map(({ timeNs, file, row, tasks }) => ({
    atNs: clock(trace, timeNs),
    op: OPS[trace.columns.op[row]!]!,
    file: fileName(trace, file),
    threads: tasks.map((task) => taskName(trace, task)),
    evidence: records.get(row) ?? [],
  }));
}
