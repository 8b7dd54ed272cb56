// A workload that a model describes. `copies` of its files and processes live side by side in the time that was recorded;
// a trace that is to be longer goes on with the same files, and its threads begin again.
import { type Distribution, drawsOf, quantile } from '../../base/distribution.js';
import type { Random } from '../../base/random.js';
import type { Workload } from '../parts/workload.js';
import { MOST_FILES, type World } from '../parts/world.js';
import { cellsFor, type KindFiles, kindFiles } from './files.js';
import { Mappings } from './holds.js';
import type { FileMember, WorkloadModel } from './model.js';
import { readyRole } from './role.js';
import { Space } from './space.js';
import { Thread } from './thread.js';

export interface Amount {
  /** Copies of the files and processes of the recording. */
  readonly copies: number;
  /** Threads that are done begin again, for ever. */
  readonly repeats: boolean;
}

export function modelledWorkload(name: string, model: WorkloadModel, amount: Amount): Workload {
  return {
    name,
    title: 'fitted to a recording',
    meantFor: [],
    parameters: [],
    declares: [],
    populate: (world) => populate(world, model, amount),
  };
}

interface Cast {
  readonly model: WorkloadModel;
  readonly repeats: boolean;
  readonly random: Random;
  /** By role: when its threads start, when those end that are killed, and how many steps they take, to be taken from the end. */
  readonly starts: number[][];
  readonly lives: (number[] | null)[];
  readonly steps: number[][];
}

function populate(world: World, model: WorkloadModel, { copies, repeats }: Amount): void {
  const random = world.fork();
  const space = new Space(world, model.reuse);
  const threads = threadsOf(model).map((count) => count * copies);
  const cast: Cast = {
    model,
    repeats,
    random,
    starts: model.roles.map(({ starts }, i) => spread(starts, threads[i]!, random)),
    lives: model.roles.map(({ lives }, i) => (lives === null ? null : spread(lives, threads[i]!, random))),
    steps: model.roles.map(({ steps }, i) => spread(steps, threads[i]!, random)),
  };
  for (let copy = 0; copy < copies; copy++) {
    const kinds = model.kinds.map((kind, i) =>
      kindFiles(world, { kind, number: copy * model.kinds.length + i, space, random }),
    );
    addProcesses(world, cast, kinds);
  }
}

function addProcesses(world: World, cast: Cast, kinds: readonly KindFiles[]): void {
  const { model, random, starts, lives, steps } = cast;
  // The decks of a role are in the order of the recording, which each copy goes through by itself.
  const roles = model.roles.map(readyRole);
  const againNs = cast.repeats ? model.spanNs : Number.POSITIVE_INFINITY;
  for (const { count, threads } of model.processes)
    for (let i = 0; i < count; i++) {
      const mappings = new Mappings(kinds.length);
      const pid = world.nextPid;
      for (const one of threads)
        for (let n = 0; n < one.count; n++) {
          const role = roles[one.role]!;
          const task = world.thread(`role-${one.role}`, pid);
          const firstNs = Math.max(0, starts[one.role]!.pop()!);
          const wanted = Math.max(1, Math.round(steps[one.role]!.pop()!));
          const endNs = firstNs + (lives[one.role]?.pop() ?? Number.POSITIVE_INFINITY);
          const { spanNs } = model;
          new Thread(world, random, { role, kinds, mappings, task, againNs, firstNs, endNs, spanNs, steps: wanted });
        }
    }
}

/** What one trace may have of each; the cells of all files together take about 600 MB then. */
const MOST = { files: MOST_FILES, threads: 1_000_000, 'blocks of files': 2 ** 26 } as const;

/** How many copies there may be, and what there would be too much of beyond. */
export function mostCopies(model: WorkloadModel): { readonly copies: number; readonly limit: string } {
  const members = model.kinds.flatMap((kind) => kind.members);
  const sum = (of: (member: FileMember) => number): number =>
    members.reduce((total, member) => total + member.count * of(member), 0);
  const has: Readonly<Record<keyof typeof MOST, number>> = {
    files: sum(() => 1),
    threads: threadsOf(model).reduce((total, count) => total + count, 0),
    'blocks of files': sum((member) => cellsFor(member).cells),
  };
  const limits = (Object.keys(MOST) as (keyof typeof MOST)[]).map((what) => ({
    copies: Math.floor(MOST[what] / Math.max(1, has[what])),
    limit: `${has[what]} ${what} each, ${MOST[what]} at most`,
  }));
  return limits.reduce((least, one) => (one.copies < least.copies ? one : least));
}

/** Threads of each role in one copy. */
export function threadsOf({ roles, processes }: WorkloadModel): number[] {
  const threads = roles.map(() => 0);
  for (const one of processes) for (const { role, count } of one.threads) threads[role]! += one.count * count;
  return threads;
}

/** So many values that are spread like the distribution, in random order: nothing of it is missed by chance. Ordered ones stay so. */
function spread(one: Distribution, count: number, random: Random): number[] {
  if (one.is === 'ordered')
    return Array.from({ length: count }, (_, i) => one.values[(count - 1 - i) % one.values.length]!);
  const draws = drawsOf(one);
  const values = Array.from({ length: count }, (_, i) => valueAt(one, (i + 0.5) / count) ?? draws.next(random));
  for (let i = values.length - 1; i > 0; i--) {
    const other = random.below(i + 1);
    [values[i], values[other]] = [values[other]!, values[i]!];
  }
  return values;
}

/** null: a family has no table to look into. */
function valueAt(one: Distribution, share: number): number | null {
  if (one.is === 'quantiles') return quantile(one, share);
  if (one.is !== 'values') return null;
  const total = one.counts.reduce((sum, count) => sum + count, 0);
  let reached = 0;
  const at = one.counts.findIndex((count) => {
    reached += count;
    return reached >= share * total;
  });
  return one.values[at]!;
}
