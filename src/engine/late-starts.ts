// Closed time: when rows come whose thread, or the one that took their hold, is late.
import type { EventColumns } from '../model/events.js';
import { Flag, Op } from '../model/events.js';
import { NONE } from '../model/units.js';
import { secondOf } from './file-sizes.js';
import { type EngineInput, pidAt } from './input.js';
import { Later, type TimeQueue } from './queue.js';
import type { SealPlan } from './seal-plan.js';
import { isDeviceRow } from './thread-chains.js';
import type { Threads } from './threads.js';

export const isKill = (c: EventColumns, row: number): boolean =>
  c.op[row] === Op.exit && (c.flags[row]! & Flag.killed) !== 0;

/** The row of the one that is made. */
const isBirth = (c: EventColumns, row: number): boolean => c.op[row] === Op.fork && (c.flags[row]! & Flag.second) !== 0;

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
  /** Tasks whose maker is late and has not made them yet: the row of their birth. */
  private readonly unborn = new Map<number, number>();
  /** By pid, of processes that were made late: by how much, ns. */
  private readonly bornLateNs = new Map<number, number>();
  /** Kills that come later than recorded, because who is killed was made late. */
  private readonly killsPutOff = new Set<number>();

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
    if (isKill(c, row)) return this.isKillDue(row);
    if (isBirth(c, row)) this.beginsLife(row);
    if (!isDeviceRow(c, row)) return !threads.runsApart(c.task[row]!);
    const handle = c.handle[row]!;
    const { handles, startRow } = this.plan;
    const start = startRow[handles.of(handle)]!;
    const late = this.late[handles.of(handle)]!;
    if (start > row || late === 1) return true;
    if (late > 0) this.queue.add(c.timeNs[row]! + late - 1, Later.row, row);
    else this.early.set(handle, [...(this.early.get(handle) ?? []), row]);
    return false;
  }

  /** A hold was taken, or refused: the devices that come through it know from now on how late they are. */
  started(row: number, nowNs: number): void {
    if (this.c.op[row] === Op.fork) this.made(row, nowNs);
    const handle = this.c.handle[row]!;
    const number = this.plan.handles.of(handle);
    if (handle === 0 || this.plan.startRow[number] !== row) return;
    const task = this.c.task[row]!;
    const lateNs = task === NONE ? 0 : this.threads.lateNs[task]!;
    this.late[number] = lateNs + 1;
    // A call that waited may return later than its thread is late: nothing goes back in time for that.
    for (const waiting of this.early.get(handle) ?? [])
      this.queue.add(Math.max(nowNs, this.c.timeNs[waiting]! + lateNs), Later.row, waiting);
    this.early.delete(handle);
  }

  /** Nobody of a killed process does what it was late with. */
  kill(row: number, nowNs: number): void {
    const pid = pidAt(this.input, row);
    const putOff = this.killsPutOff.delete(row);
    // Another process under its number was not made then.
    this.bornLateNs.delete(pid);
    for (const task of this.tasksOf(pid)) {
      this.unborn.delete(task);
      this.notReached += this.threads.kill(task, row, nowNs, putOff);
    }
  }

  // --- who is made late

  /** The recording has a task made here. While the maker is late and has not come to that, nothing of the task happens. */
  private beginsLife(row: number): void {
    const { c, threads } = this;
    const child = c.task[row]!;
    if (child === NONE) return;
    const pid = pidAt(this.input, row);
    if (pid !== pidAt(this.input, row - 1)) this.bornLateNs.delete(pid);
    if (!threads.isBefore(c.task[row - 1]!, row - 1) || threads.runsApart(child)) return;
    threads.block(child, row);
    this.unborn.set(child, row);
  }

  private made(row: number, nowNs: number): void {
    const { c, threads } = this;
    const birth = secondOf(c, row);
    const child = birth < 0 ? NONE : c.task[birth]!;
    if (this.unborn.get(child) !== birth) return;
    this.unborn.delete(child);
    const lateNs = threads.lateNs[c.task[row]!]!;
    threads.release(child, lateNs, nowNs);
    const pid = pidAt(this.input, birth);
    if (pid === pidAt(this.input, row)) return;
    this.bornLateNs.set(pid, lateNs);
    for (const kill of this.killsPutOff)
      if (pidAt(this.input, kill) === pid) this.queue.add(Math.max(nowNs, c.timeNs[kill]! + lateNs), Later.row, kill);
  }

  /** A kill comes from outside, whatever its victim is at; but who was made late has lived as long as recorded when it comes. */
  private isKillDue(row: number): boolean {
    const pid = pidAt(this.input, row);
    const lateNs = this.bornLateNs.get(pid) ?? 0;
    const births = this.tasksOf(pid).map((task) => this.unborn.get(task) ?? 0);
    const isUnborn = births.some((birth) => birth > 0 && pidAt(this.input, birth - 1) !== pid);
    if (lateNs === 0 && !isUnborn) return true;
    this.killsPutOff.add(row);
    if (!isUnborn) this.queue.add(this.c.timeNs[row]! + lateNs, Later.row, row);
    return false;
  }

  private tasksOf(pid: number): number[] {
    const tasks: number[] = [];
    for (let task = 0; task < this.input.pidOf.length; task++) if (this.input.pidOf[task] === pid) tasks.push(task);
    return tasks;
  }
}
