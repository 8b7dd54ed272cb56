// A process that changes files at random times, in one of several ways; and the ways that more than one workload uses.
import { Alias, zipfWeights } from '../../base/alias.js';
import type { Random } from '../../base/random.js';
import { Op } from '../../model/events.js';
import { parameter } from './parameters.js';
import type { Storage } from './storage.js';
import type { Parameter, Values } from './workload.js';
import type { World } from './world.js';

const NS = 1e9;

/** Changes `file` on behalf of `task`; does nothing where the file's state does not allow it. */
export type Change = (task: number, file: number, random: Random) => void;

export interface ChangerOptions {
  readonly name: string;
  /** Changes a second, exponential gaps. */
  readonly rate: number;
  /** Files from 0 to this are changed, by Zipf ranks of this exponent. */
  readonly files: number;
  readonly popularity: number;
  readonly ways: readonly { readonly weight: number; readonly change: Change }[];
}

export function addChanger(world: World, options: ChangerOptions): void {
  const ways = options.ways.filter(({ weight }) => weight > 0);
  if (options.rate <= 0 || ways.length === 0) return;
  const random = world.fork();
  const task = world.task(options.name);
  const files = new Alias(zipfWeights(options.files, options.popularity));
  const way = new Alias(ways.map(({ weight }) => weight));
  const gapNs = NS / options.rate;
  world.actor(random.exponential(gapNs), (nowNs) => {
    ways[way.pick(random)]!.change(task, files.pick(random), random);
    return nowNs + random.exponential(gapNs);
  });
}

/** Parameters of the files of a workload. */
export const FILE_PARAMETERS: readonly Parameter[] = [
  parameter('files', 64, 'files', [1, 1_000_000], 'files; as many as the file system has inodes at most', {
    whole: true,
  }),
  parameter('runs', 32, '', [1, 4096], 'extents of a file at first', { whole: true }),
  parameter('run_bytes', 65536, 'bytes', [4096, 2 ** 30], 'size of an extent; a multiple of 4096', { whole: true }),
  parameter('reuse', 0.9, 'share', [0, 1], 'allocations that get what was freed last', {
    distribution: 'Bernoulli',
  }),
];

/** What is registered or moved at once of a file that was recorded. */
export const RUN_BYTES = FILE_PARAMETERS.filter(({ key }) => key === 'run_bytes');

/** Most runs that a trace keeps track of, over all files. */
const MOST_RUNS = 2 ** 26;

export function storageOptions(values: Values, prefix: string, mostRuns: number) {
  const { files, runs, run_bytes, reuse } = values;
  return {
    prefix,
    files: files!,
    runs: runs!,
    mostRuns: Math.min(mostRuns, Math.max(runs!, Math.floor(MOST_RUNS / files!))),
    runBytes: Math.ceil(run_bytes! / 4096) * 4096,
    reuse: reuse!,
  };
}

/** Frees a run, or fills the hole of an earlier call. */
export const punchOrFill =
  (storage: Storage): Change =>
  (task, file, random) => {
    const runs = storage.runs[file]!;
    if (runs === 0) return;
    const run = random.below(runs);
    if (storage.isHole(file, run)) storage.fill(Op.write, task, file, run);
    else storage.punch(task, file, run);
  };

/** Makes the file a run longer; a file that may not grow is cut to half. */
export const append =
  (storage: Storage): Change =>
  (task, file) => {
    if (storage.runs[file]! < storage.mostRuns) storage.append(Op.write, task, file);
    else storage.truncate(task, file, storage.mostRuns >> 1);
  };

/** Cuts the file to a part of its size. */
export const truncate =
  (storage: Storage): Change =>
  (task, file, random) => {
    const runs = storage.runs[file]!;
    if (runs > 1) storage.truncate(task, file, 1 + random.below(runs - 1));
  };

/** Writes in place. */
export const overwrite =
  (storage: Storage): Change =>
  (task, file, random) => {
    const runs = storage.runs[file]!;
    if (runs === 0) return;
    const run = random.below(runs);
    if (!storage.isHole(file, run)) storage.write(Op.write, task, file, run, 0, Math.min(storage.runBytes, 65536));
  };
