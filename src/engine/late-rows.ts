// Late rows of one lane in the kernel of plain rows: those of its threads that run from their own chains (threads.ts), in the order of
// its queue.

import type { EventColumns } from '../model/events.js';
import { NONE } from '../model/units.js';
import type { KernelMemory, KernelSlots, Table } from './kernel-slots.js';
import type { PlainCounts } from './plain-counts.js';
import { Later, type TimeQueue } from './queue.js';
import { RowWindow } from './row-window.js';
import type { SealPlan } from './seal-plan.js';
import type { ThreadChains } from './thread-chains.js';
import type { Threads } from './threads.js';

/** Rows at hand: threads of one lane are mostly late by about as much as each other. */
const WINDOW = 8192;

/** Who runs the kernel. */
export interface Runner {
  /** The row that the kernel calls 0. */
  base: number;
  /** Something else has to be seen to before the next row. */
  isStopped(): boolean;
}

export class LateRows {
  readonly table: Table;
  readonly window: RowWindow;
  private readonly bit: number;
  private readonly slots: KernelSlots;
  private readonly threads: Threads;
  private readonly queue: TimeQueue;
  private readonly counts: PlainCounts;
  private readonly chain: Uint32Array<ArrayBuffer>;
  private readonly chains: ThreadChains;
  private readonly moves: number;
  private readonly timeAt: number;

  constructor(
    lane: number,
    { threads, queue }: { readonly threads: Threads; readonly queue: TimeQueue },
    columns: EventColumns,
    plan: SealPlan,
    counts: PlainCounts,
    slots: KernelSlots,
    { room }: KernelMemory,
  ) {
    this.bit = 1 << lane;
    this.slots = slots;
    this.threads = threads;
    this.queue = queue;
    this.counts = counts;
    this.window = new RowWindow(room, WINDOW, columns, plan.plain);
    this.chain = room.uint32(WINDOW);
    this.chains = plan.chains;
    this.moves = slots.get('MOVES');
    this.timeAt = slots.get('QUEUE_TIME');
    this.table = slots.table();
    const { blocked, dueNs, lateNs, pending } = threads;
    slots.place(
      {
        ...this.window.arrays,
        ...{ NEXT_OF_TASK: this.chain, PENDING: pending, BLOCKED: blocked, DUE_NS: dueNs, LATE_NS: lateNs },
        ...{ QUEUE: queue.head, QUEUE_SIZES: queue.sizes },
      },
      [this.table],
    );
    const held = slots.get('LATE_ROOM');
    slots.place({ LATE_ROWS: room.int32(held), LATE_AT: room.float64(held) }, [this.table]);
    this.table[slots.get('THREAD')] = Later.thread;
  }

  /** hot: runs what comes up to a time. */
  run(limitNs: number, runner: Runner): void {
    const { counts, queue, slots, table, window } = this;
    const { exports } = slots;
    if (table[this.timeAt] !== queue.time.byteOffset)
      slots.place({ QUEUE_TIME: queue.time, QUEUE_ORDER: queue.order, QUEUE_WHAT: queue.what, QUEUE_ROW: queue.row }, [
        table,
      ]);
    for (;;) {
      runner.base = window.from;
      const end = exports.runLate(table.byteOffset, this.bit, limitNs, counts.before);
      if (runner.isStopped() || end !== this.moves || !this.move()) return;
    }
  }

  /** False: the rows that are needed are not near each other. */
  private move(): boolean {
    const { threads, window } = this;
    let first = NONE;
    for (let task = 0; task < threads.pending.length; task++)
      if (threads.blocked[task] === 0 && threads.pending[task]! < first) first = threads.pending[task]!;
    if (first === NONE || (first === window.from && window.to > first)) return false;
    window.bring(first);
    this.chains.among(first, window.to, this.chain);
    this.table[this.slots.get('MARKS')] = this.counts.rows.byteOffset + first;
    this.table[this.slots.get('FROM_ROW')] = first;
    this.table[this.slots.get('TO_ROW')] = window.to;
    return true;
  }
}
