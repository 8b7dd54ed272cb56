// Closed time: every thread keeps its own order and its own think time. A thread that was never held up runs straight from the
// columns; one that was runs from its own chain of rows, each as much later as the thread is late (replay reference, section 4).
import { ANYWHERE } from '../base/room.js';
import { NONE } from '../model/units.js';
import { Later, type TimeQueue } from './queue.js';
import type { ThreadChains } from './thread-chains.js';

export class Threads {
  /** By task: how late it is, ns. Only waits make a thread late; it never becomes early. */
  readonly lateNs: Float64Array<ArrayBuffer>;
  /** By task: the lanes of the pass in which it does not run from the columns. */
  private readonly apart: Int32Array;
  /** Of this lane, among them. */
  private readonly bit: number;
  readonly pending: Uint32Array<ArrayBuffer>;
  /** By task: 1 while it waits. */
  readonly blocked: Uint8Array<ArrayBuffer>;
  /** By task: when its pending row runs. */
  readonly dueNs: Float64Array<ArrayBuffer>;
  private readonly timeNs: Float64Array;
  private readonly chains: ThreadChains;
  private readonly queue: TimeQueue;

  constructor(
    apart: Int32Array,
    lane: number,
    timeNs: Float64Array,
    chains: ThreadChains,
    queue: TimeQueue,
    room = ANYWHERE,
  ) {
    const tasks = apart.length;
    this.lateNs = room.float64(tasks);
    this.apart = apart;
    this.bit = 1 << lane;
    this.pending = room.uint32(tasks).fill(NONE);
    this.blocked = room.uint8(tasks);
    this.dueNs = room.float64(tasks).fill(-1);
    this.timeNs = timeNs;
    this.chains = chains;
    this.queue = queue;
  }

  /** Does the row at hand belong to a thread that runs from its own chain? */
  runsApart(task: number): boolean {
    return task !== NONE && (this.apart[task]! & this.bit) !== 0;
  }

  isBlocked(task: number): boolean {
    return task !== NONE && this.blocked[task] === 1;
  }

  /** The thread waits in the operation of `row`: nothing of what follows happens until `release`. */
  block(task: number, row: number): void {
    if (task === NONE) return;
    this.apart[task]! |= this.bit;
    this.blocked[task] = 1;
    this.pending[task] = this.chains.after(row);
  }

  /** It goes on, `more` ns later than it was. */
  release(task: number, more: number, nowNs: number): void {
    if (task === NONE) return;
    this.blocked[task] = 0;
    this.lateNs[task]! += more;
    this.schedule(task, nowNs);
  }

  /** Takes the row that is due for a task out of its chain; NONE when the call is out of date. */
  take(task: number, nowNs: number): number {
    const row = this.pending[task]!;
    if (row === NONE || this.blocked[task] === 1 || this.dueNs[task] !== nowNs) return NONE;
    this.pending[task] = this.chains.after(row);
    return row;
  }

  /** After its row was run, unless that made it wait. */
  schedule(task: number, nowNs: number): void {
    const row = this.pending[task]!;
    if (row === NONE || this.blocked[task] === 1) return;
    // What the trace has within the call that waited (a fault in a write) comes no earlier than its end.
    this.dueNs[task] = Math.max(nowNs, this.timeNs[row]! + this.lateNs[task]!);
    this.queue.add(this.dueNs[task]!, Later.thread, task);
  }

  /** Has it not come to this row of its own yet, because it is late? */
  isBefore(task: number, row: number): boolean {
    return this.runsApart(task) && this.pending[task] !== NONE && this.pending[task]! <= row;
  }

  /**
   * A killed thread does nothing of what it was late with; returns how many rows that were. What comes after it, of another one
   * under its number, is no later than recorded: from the columns, or from its chain where they are past that (`putOff`).
   */
  kill(task: number, atRow: number, nowNs: number, putOff: boolean): number {
    let lost = 0;
    let row = NONE;
    if (this.runsApart(task)) {
      for (row = this.pending[task]!; row !== NONE && row < atRow; row = this.chains.after(row)) lost++;
      if (row === atRow) row = this.chains.after(row);
    }
    this.blocked[task] = 0;
    this.lateNs[task] = 0;
    this.pending[task] = putOff ? row : NONE;
    if (putOff && row !== NONE) this.schedule(task, nowNs);
    else this.apart[task]! &= ~this.bit;
    return lost;
  }

  /** Rows that blocked threads never came to. */
  notReached(): number {
    let rows = 0;
    for (let task = 0; task < this.pending.length; task++)
      if (this.blocked[task] === 1)
        for (let row = this.pending[task]!; row !== NONE; row = this.chains.after(row)) rows++;
    return rows;
  }
}
