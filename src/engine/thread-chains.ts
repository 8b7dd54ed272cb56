// Each thread's own order of rows.
import { type EventColumns, Flag, opSet } from '../model/events.js';
import { NONE } from '../model/units.js';
import type { EngineInput } from './input.js';

const DEVICE_OPS = opSet(['unpin', 'dma_read', 'dma_write', 'device_fault']);

/** Done by a device through a hold of the trace, whatever the thread is at that took it: an I/O that ends, a remote access. */
export const isDeviceRow = (c: EventColumns, row: number): boolean =>
  DEVICE_OPS[c.op[row]!] === 1 && c.handle[row] !== 0;

const isInChain = (c: EventColumns, row: number): boolean =>
  (c.flags[row]! & Flag.second) === 0 && !isDeviceRow(c, row);

/** Rows in which the next one of a thread is looked for before all are worked out: fresh memory for every row is dear, and seldom needed. */
const NEAR = 1024;

export class ThreadChains {
  private readonly c: EventColumns;
  /** By task: the next row of it that was met. */
  private readonly met: Uint32Array;
  /** By row: the next row of the same thread, NONE after its last. */
  private all: Uint32Array | null = null;

  constructor({ columns, pidOf }: EngineInput) {
    this.c = columns;
    this.met = new Uint32Array(pidOf.length).fill(NONE);
  }

  /** The next row of the same thread, NONE after its last. */
  after(row: number): number {
    if (this.all === null) {
      const { c } = this;
      const task = c.task[row]!;
      const end = Math.min(c.rows, row + NEAR);
      for (let i = row + 1; i < end; i++) if (c.task[i] === task && isInChain(c, i)) return i;
      this.all = new Uint32Array(c.rows);
      this.among(0, c.rows, this.all);
    }
    return this.all[row]!;
  }

  /** hot: the same of the rows from `from` up to `to`, where it is before `to`; elsewhere `to`, or NONE where no rows follow. */
  among(from: number, to: number, next: Uint32Array): void {
    const { c, met } = this;
    const { task: tasks } = c;
    const behind = to < c.rows ? to : NONE;
    for (let i = to - 1; i >= from; i--) {
      const task = tasks[i]!;
      if (task === NONE) continue;
      const known = met[task]!;
      next[i - from] = known === NONE ? behind : known;
      if (isInChain(c, i)) met[task] = i;
    }
    for (let i = from; i < to; i++) if (tasks[i]! !== NONE) met[tasks[i]!] = NONE;
  }
}
