// What a model promises to keep, as samples of a recording or of what was made of it, name by name.
import { OPS, Op } from '../model/events.js';
import type { Trace } from '../model/trace.js';
import { kindsOf } from './kinds.js';
import type { MapsAt, Use } from './use.js';
import { readUses } from './uses.js';

export interface Observations {
  /** Operations by name, with what gives holds back and what devices do. */
  readonly counts: ReadonlyMap<string, number>;
  /** Samples by what they are of. */
  readonly samples: ReadonlyMap<string, readonly number[]>;
}

export function observe(trace: Trace, maps: () => MapsAt): Observations {
  const { uses } = readUses(trace, maps());
  const samples = new Map<string, number[]>();
  const put = (name: string, value: number): void => {
    const list = samples.get(name);
    if (list === undefined) samples.set(name, [value]);
    else list.push(value);
  };
  const lastOfTask = new Map<number, number>();
  let lastNs = -1;
  for (const use of uses) {
    // Counted as well, but nobody's operation.
    if (use.op === Op.extent) continue;
    const name = OPS[use.op]!;
    const before = lastOfTask.get(use.task);
    if (lastNs >= 0) put('time between operations', use.timeNs - lastNs);
    if (before !== undefined) put(`think time before ${name}`, use.timeNs - before);
    lastNs = use.timeNs;
    lastOfTask.set(use.task, use.timeNs);
    if (use.length >= 0) put(use.op === Op.truncate ? 'new size of truncate' : `size of ${name}`, use.length);
    if (use.hold !== null) holdSamples(use, name, put);
  }
  for (const rank of popularity(uses)) put('popularity of files', rank);
  for (const { members } of kindsOf(trace, uses, maps()).kinds)
    for (const { count, bytes, extents } of members)
      for (let i = 0; i < count; i++) {
        put('size of files at first', bytes);
        put('extents of files at first', extents);
      }
  return { counts: countsOf(uses), samples };
}

type Put = (name: string, value: number) => void;

function holdSamples({ hold, timeNs }: Use, name: string, put: Put): void {
  if (hold!.endNs >= 0) put(`hold time of ${name}`, hold!.endNs - timeNs);
  put(`device accesses of ${name}`, hold!.accesses.length);
  for (const { bytes } of hold!.accesses) put(`size of device accesses of ${name}`, bytes);
}

/** Of each operation, the rank of its file among the files by how often they are used. */
function popularity(uses: readonly Use[]): number[] {
  const counts = new Map<number, number>();
  for (const { file } of uses) counts.set(file, (counts.get(file) ?? 0) + 1);
  const ranked = [...counts].sort(([, a], [, b]) => b - a);
  return ranked.flatMap(([, count], rank) => Array<number>(count).fill(rank));
}

function countsOf(uses: readonly Use[]): Map<string, number> {
  const counts = new Map<string, number>();
  const add = (name: string): void => {
    counts.set(name, (counts.get(name) ?? 0) + 1);
  };
  for (const { op, hold } of uses) {
    add(OPS[op]!);
    if (hold === null) continue;
    if (hold.endNs >= 0) add(hold.release);
    for (const { write } of hold.accesses) add(write ? 'dma_write' : 'dma_read');
  }
  return counts;
}
