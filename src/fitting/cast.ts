// Who acts in a recording: threads that are alike make a role, processes with the same roles a kind of process.
import type { Trace } from '../model/trace.js';
import { NONE } from '../model/units.js';
import type { ProcessKind } from '../workloads/modelled/model.js';
import { Groups, sharesOf } from './groups.js';
import { MOST_KINDS } from './kinds.js';
import type { Use } from './use.js';

/** Roles that are told apart. */
const MOST_ROLES = 64;

export interface Cast {
  /** By task. */
  readonly roleOf: ReadonlyMap<number, number>;
  readonly processes: readonly ProcessKind[];
  /** By role: the uses of each of its threads. */
  readonly threads: readonly (readonly (readonly Use[])[])[];
}

export function castOf(trace: Trace, uses: readonly Use[], kindOf: Int32Array): Cast {
  const ofTask = usesByTask(uses);
  const groups = new Groups(MOST_ROLES);
  const roleOf = new Map<number, number>();
  const ranked = [...ofTask].sort(([, a], [, b]) => b.length - a.length);
  for (const [task, own] of ranked) {
    // Threads that are numbered are of one name.
    const name = task === NONE ? '' : trace.tasks[task]!.name.replaceAll(/\d+/g, '#');
    roleOf.set(task, groups.of(name, sharesOf(own.map((use) => doing(use, kindOf)))));
  }
  const threads = Array.from({ length: groups.length }, (): (readonly Use[])[] => []);
  for (const [task, own] of ofTask) threads[roleOf.get(task)!]!.push(own);
  return { roleOf, processes: processesOf(trace, ofTask.keys(), roleOf), threads };
}

/** An operation on a kind of files; one that fails is another, for who keeps failing does something else from then on. */
const doing = ({ op, file, errno }: Use, kindOf: Int32Array): number =>
  (op * MOST_KINDS + kindOf[file]!) * 2 + (errno < 0 ? 1 : 0);

function usesByTask(uses: readonly Use[]): ReadonlyMap<number, readonly Use[]> {
  const ofTask = new Map<number, Use[]>();
  for (const use of uses) {
    const list = ofTask.get(use.task);
    if (list === undefined) ofTask.set(use.task, [use]);
    else list.push(use);
  }
  return ofTask;
}

function processesOf(trace: Trace, tasks: Iterable<number>, roleOf: ReadonlyMap<number, number>): ProcessKind[] {
  const ofPid = new Map<number, Map<number, number>>();
  for (const task of tasks) {
    const pid = task === NONE ? -1 : trace.tasks[task]!.pid;
    const counts = ofPid.get(pid) ?? new Map<number, number>();
    ofPid.set(pid, counts);
    const role = roleOf.get(task)!;
    counts.set(role, (counts.get(role) ?? 0) + 1);
  }
  const kinds = new Map<string, { count: number; threads: { role: number; count: number }[] }>();
  for (const counts of ofPid.values()) {
    const threads = [...counts].sort(([a], [b]) => a - b).map(([role, count]) => ({ role, count }));
    const key = JSON.stringify(threads);
    const known = kinds.get(key);
    if (known === undefined) kinds.set(key, { count: 1, threads });
    else known.count++;
  }
  return [...kinds.values()];
}
