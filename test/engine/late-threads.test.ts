// Closed timing: what an operation of a late thread costs the queue grows with the logarithm of the late threads, no faster.
import { expect, test, vi } from 'vitest';
import { reference } from '../../src/costs/reference.js';
import { type EngineInput, taskKeysOf } from '../../src/engine/input.js';
import { TimeQueue } from '../../src/engine/queue.js';
import { newLane } from '../../src/engine/replay.js';
import { planSeals } from '../../src/engine/seal-plan.js';
import { Op } from '../../src/model/events.js';
import { emptyColumns } from '../bench/engine-load.js';
import { build, PAGE } from '../support/replay.js';

const READS = 20;
const USUAL = { sealRule: { kind: 'explicit' }, unseal: { kind: 'never' }, onDeny: { kind: 'skip' } } as const;

/** Each thread shortens a pinned file of its own, waits for the pin, and then reads: all of them late, each as late as it waited. */
function story(threads: number): EngineInput {
  const columns = emptyColumns(threads * (5 + READS));
  let row = 0;
  const add = (timeNs: number, op: number, task: number, file: number, length: number, handle = 0): void => {
    Object.assign(columns.timeNs, { [row]: timeNs });
    columns.op[row] = op;
    columns.task[row] = task;
    columns.file[row] = file;
    columns.offset[row] = 0;
    columns.length[row] = length;
    columns.handle[row] = handle;
    columns.latencyNs[row] = 10;
    columns.opId[row] = 1 + row++;
  };
  const each = (visit: (thread: number) => void): void => {
    for (let thread = 0; thread < threads; thread++) visit(thread);
  };
  const holder = threads;
  const handleOf = (thread: number): number => threads * (5 + READS) + 1 + thread;
  each((thread) => add(0, Op.file, holder, thread, 4 * PAGE));
  each((thread) => {
    add(0, Op.extent, holder, thread, 4 * PAGE);
    columns.addr[row - 1] = thread * 8 * PAGE;
  });
  each((thread) => add(1, Op.pin, holder, thread, PAGE, handleOf(thread)));
  each((thread) => add(1000 + thread, Op.truncate, thread, thread, PAGE));
  for (let i = 0; i < READS; i++) each((thread) => add(10_000 * (i + 1) + thread, Op.read, thread, thread, PAGE));
  each((thread) => add(1_000_000 + 7 * thread, Op.unpin, holder, thread, PAGE, handleOf(thread)));
  const taskNames = Array.from({ length: threads + 1 }, () => 'worker');
  return {
    ...{ columns, endNs: 2_000_000, fileCount: threads, deviceOf: new Uint32Array(threads) },
    ...{ fileNames: Array.from({ length: threads }, (_, i) => `/f${i}`), inodes: new Array<string>(threads).fill('') },
    ...{ pidOf: Int32Array.from({ length: threads + 1 }, (_, i) => 100 + i), taskNames },
    taskKeys: taskKeysOf(taskNames),
  };
}

/** Moves of entries in the queue for each late row. */
function movesFor(threads: number): number {
  const input = story(threads);
  const move = vi.spyOn(TimeQueue.prototype as unknown as { set: () => void }, 'set');
  const plan = { ...USUAL, costs: reference, timing: 'closed', kernel: build('dax') } as const;
  const lane = newLane(input, planSeals(input, plan.sealRule), build('dax'), plan);
  const result = lane.finish();
  const moves = move.mock.calls.length;
  move.mockRestore();
  expect(result.wait.count).toBe(threads);
  expect(result.latestNs).toBe(0);
  expect(result.counts.reduce((sum, n) => sum + n, 0)).toBe(threads * (READS + 3));
  return moves / (threads * READS);
}

test('a late operation costs O(log n) moves in the queue', () => {
  const [few, many, most] = [32, 256, 2048].map(movesFor) as [number, number, number];
  expect(few).toBeGreaterThan(1);
  for (const [moves, threads] of [
    [few, 32],
    [many, 256],
    [most, 2048],
  ] as const)
    expect(moves).toBeLessThan(1.5 * Math.log2(threads) + 3);
  // From 32 to 2048 threads the logarithm grows by 11/5.
  expect(most / few).toBeLessThan((1.3 * 11) / 5);
});
