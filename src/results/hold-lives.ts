// The holds of a trace: mappings, pins, registrations, leases and whatever else relied on a file's blocks, from when to when.
import { EndedBy, type SealPlan } from '../engine/seal-plan.js';
import { Flag, Op } from '../model/events.js';
import type { HoldName } from '../model/policy.js';
import type { Trace } from '../model/trace.js';
import { NONE, UNKNOWN_RESULT } from '../model/units.js';
import { fileName, taskName } from './input.js';
import { clock, evidence } from './places.js';
import type { HoldLife } from './types.js';

const KINDS: ReadonlyMap<number, HoldName> = new Map<number, HoldName>([
  [Op.mmap, 'mapping'],
  [Op.pin, 'pin'],
  [Op.register, 'registration'],
  [Op.seal, 'seal'],
  [Op.swapon, 'swap'],
  [Op.lease, 'lease'],
  [Op.layout_get, 'layout'],
]);

export const ENDINGS: Readonly<Record<number, string>> = {
  [EndedBy.alive]: '',
  [EndedBy.release]: 'release',
  [EndedBy.exit]: 'exit',
  [EndedBy.killed]: 'exit',
  [EndedBy.unseal]: 'unseal',
  [EndedBy.broken]: 'break',
};

/** Rows of the trace that took a hold. */
export function holdRows({ columns: c }: Trace): number[] {
  const rows: number[] = [];
  for (let row = 0; row < c.rows; row++) {
    const result = c.result[row]!;
    if (!KINDS.has(c.op[row]!) || c.file[row] === NONE || c.handle[row] === 0) continue;
    // Handed on to another process, a lease is the one that was taken.
    if (c.op[row] === Op.lease && (c.flags[row]! & Flag.synthetic) !== 0) continue;
    if (result >= 0 || result === UNKNOWN_RESULT) rows.push(row);
  }
  return rows;
}

export function holdLife(trace: Trace, plan: SealPlan, row: number): HoldLife {
  const { columns: c } = trace;
  const end = plan.endRow[plan.handles.of(c.handle[row]!)] ?? NONE;
  const whole = (c.flags[row]! & Flag.whole) !== 0 || c.length[row]! < 0;
  return {
    kind: KINDS.get(c.op[row]!)!,
    file: fileName(trace, c.file[row]!),
    holder: taskName(trace, c.task[row]!),
    fromNs: clock(trace, c.timeNs[row]!),
    toNs: end === NONE ? -1 : clock(trace, c.timeNs[end]!),
    endedBy: end === NONE ? '' : c.op[end] === Op.exit ? 'exit' : 'release',
    offset: whole ? 0 : Math.max(0, c.offset[row]!),
    length: whole ? -1 : c.length[row]!,
    evidence: evidence(trace, row),
  };
}

/** Holds that a run keeps. */
const MOST_HOLDS = 300;

/** Those on the given files first, then the longest. */
export function holdLives(
  trace: Trace,
  plan: SealPlan,
  files: ReadonlySet<string>,
): { readonly holds: readonly HoldLife[]; readonly holdsLeftOut: number } {
  const rows = holdRows(trace);
  const end = clock(trace, trace.endNs);
  const weight = ({ file, fromNs, toNs }: HoldLife): number =>
    (files.has(file) ? 2 ** 53 : 0) + (toNs < 0 ? end : toNs) - fromNs;
  const all = rows.map((row) => holdLife(trace, plan, row));
  const holds = all
    .map((hold) => ({ hold, weight: weight(hold) }))
    .sort((a, b) => b.weight - a.weight || a.hold.fromNs - b.hold.fromNs)
    .slice(0, MOST_HOLDS)
    .map(({ hold }) => hold);
  return { holds, holdsLeftOut: all.length - holds.length };
}
