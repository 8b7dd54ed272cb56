// What is drawn on a block map: operations that move blocks or that a policy would hold up, and stale device accesses.
import type { LaneResult } from '../engine/result.js';
import { Flag, OPS, Op } from '../model/events.js';
import { Verdict } from '../model/policy.js';
import type { Trace } from '../model/trace.js';
import { HAZARD_CLASSES } from './hazard-classes.js';
import { taskName } from './input.js';
import type { MapHazard, MapMark } from './types.js';

const MOST_MARKS = 160;
const MOST_HAZARDS = 120;

const MOVERS = new Set<number>([
  Op.truncate,
  Op.punch,
  Op.zero,
  Op.collapse,
  Op.insert,
  Op.unshare,
  Op.reflink,
  Op.dedupe,
  Op.exchange,
  Op.swapext,
  Op.unlink,
]);

interface Marks {
  readonly marks: readonly MapMark[];
  readonly marksLeftOut: number;
}

type Found = { -readonly [K in keyof MapMark]: MapMark[K] };

/** Size of a cell of the picture. */
interface Cell {
  readonly ns: number;
  readonly bytes: number;
}

/** Marks of one kind that fall into one cell are one, and counted; its range covers them all. The refused ones come first when there is no room. */
export function mapMarks(trace: Trace, lanes: readonly LaneResult[], file: number, cell: Cell): Marks {
  const { columns: c } = trace;
  const found = new Map<string, Found>();
  for (let row = 0; row < c.rows; row++) {
    if (c.file[row] !== file) continue;
    const asked = (c.flags[row]! & Flag.second) !== 0 && row > 0 ? row - 1 : row;
    const refusedBy = answeredBy(lanes, asked, (verdict) => verdict === Verdict.deny);
    const delayedBy = answeredBy(lanes, asked, (verdict) => verdict === Verdict.wait || verdict === Verdict.recall);
    const held = refusedBy.length + delayedBy.length > 0;
    if (!held && (!MOVERS.has(c.op[row]!) || c.result[row]! < 0)) continue;
    add(found, trace, row, cell, refusedBy, delayedBy);
  }
  const ranked = [...found.values()].sort(
    (a, b) => b.refusedBy.length + b.delayedBy.length - a.refusedBy.length - a.delayedBy.length || a.atNs - b.atNs,
  );
  const kept = ranked.slice(0, MOST_MARKS).sort((a, b) => a.atNs - b.atNs);
  return { marks: kept, marksLeftOut: ranked.length - kept.length };
}

function add(
  found: Map<string, Found>,
  trace: Trace,
  row: number,
  { ns, bytes }: Cell,
  refusedBy: readonly string[],
  delayedBy: readonly string[],
): void {
  const { columns: c } = trace;
  const op = c.op[row]!;
  const offset = op === Op.truncate ? Math.max(0, c.length[row]!) : Math.max(0, c.offset[row]!);
  const open = op === Op.truncate || c.length[row]! < 0 || (c.flags[row]! & Flag.whole) !== 0;
  const [bin, place] = [Math.floor(c.timeNs[row]! / Math.max(1, ns)), Math.floor(offset / Math.max(1, bytes))];
  const key = `${bin}/${op}/${place}/${open}/${refusedBy.join()}/${delayedBy.join()}`;
  const known = found.get(key);
  if (known !== undefined) {
    known.count++;
    if (!open) widen(known, offset, c.length[row]!);
    return;
  }
  found.set(key, {
    atNs: Number(trace.originNs) + c.timeNs[row]!,
    op: OPS[op]!,
    wanter: taskName(trace, c.task[row]!),
    offset,
    length: open ? -1 : c.length[row]!,
    count: 1,
    refusedBy,
    delayedBy,
  });
}

function widen(mark: Found, offset: number, length: number): void {
  const end = Math.max(mark.offset + mark.length, offset + length);
  mark.offset = Math.min(mark.offset, offset);
  mark.length = end - mark.offset;
}

const answeredBy = (
  lanes: readonly LaneResult[],
  row: number,
  matches: (verdict: number) => boolean,
): readonly string[] => {
  const names: string[] = [];
  for (const { answers, policy } of lanes) {
    const verdict = answers.verdictAt(row) - 1;
    if (verdict >= 0 && policy.recorded !== true && matches(verdict)) names.push(policy.name);
  }
  return names;
};

export function mapHazards(trace: Trace, lanes: readonly LaneResult[], file: number): MapHazard[] {
  const found = new Map<string, { hazard: Omit<MapHazard, 'policies'>; policies: string[] }>();
  for (const { hazards, policy } of lanes) {
    for (const hazard of hazards) {
      if (hazard.file !== file) continue;
      const atNs = Number(trace.originNs) + trace.columns.timeNs[hazard.row]!;
      const hazardClass = HAZARD_CLASSES[hazard.hazardClass]!;
      const { offset, bytes } = hazard;
      const key = `${atNs}/${offset}/${bytes}/${hazardClass}`;
      const known = found.get(key);
      if (known === undefined)
        found.set(key, { hazard: { atNs, offset, bytes, hazardClass }, policies: [policy.name] });
      else known.policies.push(policy.name);
    }
  }
  const all = [...found.values()].map(({ hazard, policies }) => ({ ...hazard, policies }));
  return all.sort((a, b) => a.atNs - b.atNs).slice(0, MOST_HAZARDS);
}
