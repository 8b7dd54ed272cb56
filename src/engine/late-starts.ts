// Closed time: when rows come whose thread, or the one that took their hold, is late.
import type { EventColumns } from '../model/events.js';
import { Flag, Op } from '../model/events.js';
import { NONE } from '../model/units.js';
import { type EngineInput, pidAt } from './input.js';
import { Later, type TimeQueue } from './queue.js';
import type { SealPlan } from './seal-plan.js';
import { isDeviceRow } from './thread-chains.js';
import type { Threads } from './threads.js';

export const isKill = (c: EventColumns, row: number): boolean =>
  c.op[row] === Op.exit && (c.flags[row]! & Flag.killed) !== 0;

export class LateStarts {
  /** Rows of killed threads that they never came to. */
  notReached = 0;
  private readonly input: EngineInput;
  private readonly c: EventColumns;
  private readonly plan: SealPlan;
  private readonly threads: Threads;
  private readonly queue: TimeQueue;
  /** Rows of devices through a hold that a late thread has not taken yet, by handle. */
  private readonly early = new Map<number, number[]>();
  /** By number of a handle: how late the thread was that took it, ns + 1; 0 until it did. */
  private readonly late: Float64Array;

  constructor(input: EngineInput, plan: SealPlan, threads: Threads, queue: TimeQueue) {
    this.input = input;
    this.c = input.columns;
    this.plan = plan;
    this.threads = threads;
    this.queue = queue;
    this.late = new Float64Array(plan.handles.count);
  }

  /** Does a row run when the trace says? Not if its thread, or the one that took its hold, is late. */
  isDue(row: number): boolean {
    const { c, threads } = this;
    // A kill comes from outside, whatever its victim is at.
    if (isKill(c, row)) {
      const pid = pidAt(this.input, row);
      for (let task = 0; task < this.input.pidOf.length; task++)
        if (this.input.pidOf[task] === pid) this.notReached += threads.kill(task, row);
      return true;
    }
    if (!isDeviceRow(c, row)) return !threads.runsApart(c.task[row]!);
    const handle = c.handle[row]!;
    const { handles, startRow } = this.plan;
    const start = startRow[handles.numberOf[handle]!]!;
    const late = this.late[handles.numberOf[handle]!]!;
    if (start > row || late === 1) return true;
    if (late > 0) this.queue.add(c.timeNs[row]! + late - 1, Later.row, row);
    else this.early.set(handle, [...(this.early.get(handle) ?? []), row]);
    return false;
  }

  /** A hold was taken, or refused: the devices that come through it know from now on how late they are. */
  started(row: number, nowNs: number): void {
    const handle = this.c.handle[row]!;
    const number = this.plan.handles.numberOf[handle]!;
    if (handle === 0 || this.plan.startRow[number] !== row) return;
    const task = this.c.task[row]!;
    const lateNs = task === NONE ? 0 : this.threads.lateNs[task]!;
    this.late[number] = lateNs + 1;
    // A call that waited may return later than its thread is late: nothing goes back in time for that.
    for (const waiting of this.early.get(handle) ?? [])
      this.queue.add(Math.max(nowNs, this.c.timeNs[waiting]! + lateNs), Later.row, waiting);
    this.early.delete(handle);
  }
}
