// A recording as a workload: kinds of files, roles of threads with their chains, and processes made of them. Names, numbers
// and times of the recording stay behind.

import type { Distribution } from '../base/distribution.js';
import { Op } from '../model/events.js';
import type { Trace } from '../model/trace.js';
import type { Nanos } from '../model/units.js';
import { type Role, WORKLOAD_SCHEMA, type WorkloadModel } from '../workloads/modelled/model.js';
import { castOf } from './cast.js';
import { chainOf } from './chains.js';
import { distributionOf, distributionOrNull } from './distributions.js';
import { type Kinds, kindsOf } from './kinds.js';
import type { MapsAt, Use, Uses } from './use.js';
import { readUses } from './uses.js';

/** `maps` makes a new look at the recording's maps, from its beginning. */
export function fitWorkload(trace: Trace, maps: () => MapsAt): WorkloadModel {
  const read = readUses(trace, maps());
  const kinds = kindsOf(trace, read.uses, maps());
  const { roleOf, processes, threads } = castOf(trace, read.uses, kinds.kindOf);
  const roles = threads.map((ofRole) => roleOfThreads(ofRole, read, roleOf, kinds));
  const rows = read.uses.reduce((sum, { other, hold }) => sum + 1 + (other >= 0 ? 1 : 0) + rowsOf(hold), 0);
  return {
    schema: WORKLOAD_SCHEMA,
    spanNs: Math.max(1, Math.round(trace.endNs)),
    events: rows + read.exits.length,
    reuse: reuseOf(trace),
    leftOut: read.leftOut,
    kinds: kinds.kinds,
    roles,
    processes,
  };
}

const rowsOf = (hold: Use['hold']): number => (hold === null ? 0 : hold.accesses.length + (hold.endNs >= 0 ? 1 : 0));

function roleOfThreads(
  threads: readonly (readonly Use[])[],
  { exits }: Uses,
  roleOf: ReadonlyMap<number, number>,
  kinds: Kinds,
): Role {
  const role = roleOf.get(threads[0]![0]!.task)!;
  const ended = exits.filter(({ task }) => roleOf.get(task) === role);
  const killed = ended.filter((one) => one.killed).length;
  const lives = killed < threads.length ? [] : livesOf(threads, ended);
  // Who was killed together with whom is told by these, in one order.
  const of = lives.length > 0 && lives.length <= MOST_ORDERED ? orderedOf : distributionOf;
  return {
    starts: of(threads.map(([first]) => Math.max(0, first!.timeNs))),
    lives: lives.length === 0 ? null : of(lives),
    steps: of(threads.map(({ length }) => length)),
    exits: Math.min(1, ended.length / threads.length),
    killed: ended.length === 0 ? 0 : killed / ended.length,
    stays: distributionOrNull(staysOf(threads, ended)),
    ...chainOf(threads, kinds),
  };
}

/** Of killed threads: from their first operation to their end; nothing where one ended before, as numbers are used again. */
function livesOf(threads: readonly (readonly Use[])[], ended: Uses['exits']): Nanos[] {
  const endNs = new Map(ended.map(({ task, timeNs }) => [task, timeNs]));
  const lives = threads.map((uses) => (endNs.get(uses[0]!.task) ?? -1) - uses.at(-1)!.timeNs);
  return lives.some((life) => life < 0)
    ? []
    : lives.map((life, i) => life + threads[i]!.at(-1)!.timeNs - threads[i]![0]!.timeNs);
}

const orderedOf = (values: readonly number[]): Distribution => ({ is: 'ordered', values });

/** Of the threads that ended: how long after their last operation. */
function staysOf(threads: readonly (readonly Use[])[], ended: Uses['exits']): Nanos[] {
  const lastNs = new Map(threads.map((uses) => [uses[0]!.task, uses.at(-1)!.timeNs]));
  return ended.flatMap(({ task, timeNs }) => {
    const last = lastNs.get(task);
    return last === undefined || timeNs < last ? [] : [timeNs - last];
  });
}

/** Threads of a role whose ends are kept in order. */
const MOST_ORDERED = 128;
const PAGE = 4096;
/** Freed pages that are remembered while it is counted. */
const MOST_PAGES = 4_000_000;

/** Share of allocated pages that had been given back before. */
function reuseOf({ columns: c }: Trace): number {
  const owned = new Map<number, boolean>();
  let again = 0;
  let all = 0;
  for (let row = 0; row < c.rows && owned.size < MOST_PAGES; row++) {
    if (c.op[row] !== Op.map_insert || c.addr[row]! < 0) continue;
    const from = Math.floor(c.addr[row]! / PAGE);
    const pages = Math.min(1024, Math.ceil(Math.max(0, c.length[row]!) / PAGE));
    for (let page = from; page < from + pages; page++) {
      all++;
      if (owned.has(page)) again++;
      else owned.set(page, true);
    }
  }
  return all === 0 ? 0.9 : Number((again / all).toFixed(4));
}
