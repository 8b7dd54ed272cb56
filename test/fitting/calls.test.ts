// How calls, page faults and ends of threads follow one another in what a fitted workload makes, against the recording.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeOnce } from '../../src/cli/model.js';
import { Op } from '../../src/model/events.js';
import type { Trace } from '../../src/model/trace.js';
import { type Fitted, fitted } from './support.js';

const recording = (name: string): Promise<Fitted> =>
  fitted(join(import.meta.dirname, '..', '..', 'traces', 'ftrace', `${name}.report.txt.gz`));
const SEEDS = [1, 2, 3];

/** Pins that a thread took while it still had one. */
function overlaps({ columns: c }: Trace): number {
  const live = new Map<number, Set<number>>();
  let found = 0;
  for (let row = 0; row < c.rows; row++) {
    const pins = live.get(c.task[row]!) ?? new Set<number>();
    live.set(c.task[row]!, pins);
    if (c.op[row] === Op.pin && c.result[row]! >= 0 && c.handle[row] !== 0) {
      if (pins.size > 0) found++;
      pins.add(c.handle[row]!);
    } else if (c.op[row] === Op.unpin) pins.delete(c.handle[row]!);
  }
  return found;
}

test('who reads with O_DIRECT has its pages pinned by one call at a time, as it was recorded', async () => {
  const { trace, model } = await recording('nvme-pagecache');
  expect(overlaps(trace)).toBe(0);
  for (const seed of SEEDS) expect(overlaps(makeOnce(model, seed))).toBe(0);
});

/** Share of the write faults that met written blocks which earlier faults had filled. */
function refaults({ model }: Fitted): number {
  const steps = model.roles.flatMap(({ chain }) => chain).filter(({ op }) => op === 'write_fault');
  const taken = ({ next }: (typeof steps)[number]): number => next.flat().reduce((sum, { count }) => sum + count, 0);
  const all = steps.reduce((sum, step) => sum + taken(step), 0);
  return steps.filter((step) => step.case === 'faulted').reduce((sum, step) => sum + taken(step), 0) / all;
}

test.each([
  ['xfs-movers', 0, 0],
  ['dax-odirect', 0.05, 0.2],
] as const)(
  '%s: page faults on what other faults filled are told from those on other written blocks',
  async (name, least, most) => {
    const share = refaults(await recording(name));
    expect(share).toBeGreaterThanOrEqual(least);
    expect(share).toBeLessThanOrEqual(most);
  },
);

/** Of threads that ended: ns from the last operation to the end, the one in the middle. */
function staysNs({ columns: c }: Trace): number {
  const lastNs = new Map<number, number>();
  const stays: number[] = [];
  for (let row = 0; row < c.rows; row++) {
    const task = c.task[row]!;
    if (c.op[row] === Op.exit) stays.push(c.timeNs[row]! - (lastNs.get(task) ?? c.timeNs[row]!));
    else if (c.op[row] !== Op.unpin) lastNs.set(task, c.timeNs[row]!);
  }
  return stays.sort((a, b) => a - b)[stays.length >> 1]!;
}

test('threads live on after their last operation for as long as they did', async () => {
  const { trace, model } = await recording('xfs-kill');
  const recorded = staysNs(trace);
  expect(recorded).toBeGreaterThan(1000);
  for (const seed of SEEDS) {
    const made = staysNs(makeOnce(model, seed));
    expect(made).toBeGreaterThan(recorded / 4);
    expect(made).toBeLessThan(recorded * 4);
  }
});
