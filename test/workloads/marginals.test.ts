// What the traces show, against the formulas their parameters promise (Kolmogorov-Smirnov, fixed seeds).
import { expect, test } from 'vitest';
import { Op } from '../../src/model/events.js';
import type { Trace } from '../../src/model/trace.js';
import { distance, exponentialCdf, limit, logNormalCdf, zipfCdf } from '../support/kolmogorov.js';
import { synthetic, workloads } from './support.js';

const named = (name: string) => workloads.find((one) => one.name === name)!;

/** Rows that are one of these operations, by a task whose name begins so. */
function rowsOf({ columns, tasks }: Trace, ops: readonly number[], task: string): number[] {
  return Array.from({ length: columns.rows }, (_, row) => row).filter((row) => {
    const name = tasks[columns.task[row]!]?.name ?? '';
    return ops.includes(columns.op[row]!) && name.startsWith(task);
  });
}

const gaps = (times: readonly number[]): number[] => times.slice(1).map((time, i) => time - times[i]!);

const fits = (sample: readonly number[], cdf: (x: number) => number): void => {
  expect(sample.length).toBeGreaterThan(500);
  expect(distance(sample, cdf)).toBeLessThan(limit(sample.length));
};

test('a server changes files at exponential gaps', () => {
  // A change that the state of a file does not allow leaves no row; a hole is always either punched or filled.
  const set = { changes: 4000, append: 0, truncate: 0, overwrite: 0 };
  const trace = synthetic(named('rdma-server'), { seed: 22, events: 60_000, set });
  const rows = rowsOf(trace, [Op.write, Op.punch], 'server');
  fits(gaps(rows.map((row) => trace.columns.timeNs[row]!)), exponentialCdf(1e9 / 4000));
});

test('device accesses of a registration come at exponential gaps', () => {
  const set = { io_gap: 0.0004, hold: 10, hold_sigma: 0, early_unmap: 0 };
  const trace = synthetic(named('rdma-server'), { seed: 23, events: 40_000, set });
  const { columns: c } = trace;
  for (const name of ['smbd-3', 'smbd-5']) {
    const rows = rowsOf(trace, [Op.dma_read, Op.dma_write], name).filter(
      (row) => trace.tasks[c.task[row]!]!.name === name,
    );
    fits(gaps(rows.map((row) => c.timeNs[row]!)), exponentialCdf(0.0004e9));
  }
});

test.each([
  ['registrations', 'rdma-server', { hold: 0.0005, hold_sigma: 0.7, early_unmap: 0 }, Op.register, Op.deregister],
  ['pins', 'dax-database', { pin: 0.0005, readers: 16 }, Op.pin, Op.unpin],
] as const)('%s live log-normal times', (_, name, set, acquire, release) => {
  const { columns: c } = synthetic(named(name), { seed: 24, events: 40_000, set });
  const began = new Map<number, number>();
  const lives: number[] = [];
  for (let row = 0; row < c.rows; row++) {
    if (c.op[row] === acquire) began.set(c.handle[row]!, c.timeNs[row]!);
    else if (c.op[row] === release) lives.push(c.timeNs[row]! - began.get(c.handle[row]!)!);
  }
  fits(lives, logNormalCdf(0.0005e9, 0.7));
});

test('files are taken by Zipf ranks', () => {
  for (const popularity of [0, 0.99]) {
    const set = { popularity, hold: 0.0001, think: 0.0001, files: 40, changes: 0 };
    const trace = synthetic(named('rdma-server'), { seed: 25, events: 30_000, set });
    const ranks = rowsOf(trace, [Op.mmap], 'smbd').map((row) =>
      Number(trace.files[trace.columns.file[row]!]!.path.slice(-4)),
    );
    fits(ranks, zipfCdf(40, popularity));
  }
});

test('shares are what they are said to be', () => {
  const trace = synthetic(named('rdma-server'), { seed: 26, events: 60_000, set: { write_share: 0.3 } });
  const writes = rowsOf(trace, [Op.dma_write], 'smbd').length;
  const all = rowsOf(trace, [Op.dma_write, Op.dma_read], 'smbd').length;
  // Four standard deviations.
  expect(Math.abs(writes / all - 0.3)).toBeLessThan(4 * Math.sqrt((0.3 * 0.7) / all));
});
