// One pass over the columns for all lanes: what they have in common is done once (plain.ts, file-versions.ts), what is left of a row
// by each lane itself. Each lane ends as it would have alone.

import { ANYWHERE } from '../base/room.js';
import { type EventColumns, Op, opSet } from '../model/events.js';
import { NONE } from '../model/units.js';
import { FateBits } from './fates.js';
import { FileVersions } from './file-versions.js';
import type { EngineInput } from './input.js';
import { KernelMemory } from './kernel-slots.js';
import { Lane, type LaneOptions } from './lane.js';
import type { LanePolicies } from './lane-policies.js';
import { TAKES_AWAY } from './map-changes.js';
import { Plain } from './plain.js';
import { KERNEL_FROM, PlainKernel } from './plain-kernel.js';
import type { Prices } from './recipes.js';
import { Regimes } from './regimes.js';
import type { LaneResult } from './result.js';
import type { SealPlan } from './seal-plan.js';
import { Unchanging } from './unchanging.js';

/** Lanes are bits of a number. */
export const MOST_LANES = 31;
/** Rows that tell what became of the map of one file. */
const SEEN = opSet(['file', 'extent', 'map_insert', 'map_remove', 'map_convert', 'map_reset', 'map_known']);
/** Rows that may go the shortest way without a look at what was put off. */
const WINDOW = 64;

export class Pass {
  readonly lanes: readonly Lane[];
  private readonly c: EventColumns;
  private readonly plan: SealPlan;
  private readonly versions: FileVersions;
  private readonly regimes: Regimes;
  private readonly plain: Plain;
  private readonly unchanging: Unchanging;
  /** Null where there are too few rows for it, or no memory. */
  private readonly kernel: PlainKernel | null;
  private readonly all: number;
  /** By task: lanes in which it is late (closed time). */
  private readonly apart: Int32Array;
  /** Lanes in which nothing goes on that a plain row has to be held against, and those whose blocks are where the trace names them. */
  private quiet = 0;
  private straight: number;
  private next = 0;
  /** The row that lanes come to one after the other, -1 for none, and those in which it simply went ahead. */
  private at = -1;
  private alike = 0;
  /** Of all lanes: when the first thing comes that was put off, ns. */
  private nextNs = Number.POSITIVE_INFINITY;

  constructor(
    input: EngineInput,
    plan: SealPlan,
    policies: readonly LanePolicies[],
    prices: Prices,
    options: LaneOptions,
  ) {
    this.c = input.columns;
    this.plan = plan;
    const memory = input.columns.rows >= (options.kernelFrom ?? KERNEL_FROM) ? KernelMemory.make() : null;
    const room = memory?.room ?? ANYWHERE;
    this.versions = new FileVersions(input.fileCount, policies.length, room, memory?.arena);
    const apart = room.int32(input.pidOf.length);
    this.apart = apart;
    const fates = new FateBits(plan, policies.length, room);
    const interfered = room.int32(input.fileCount);
    const epochs = room.uint32(input.fileCount);
    this.lanes = policies.map(
      (one, lane) =>
        new Lane(input, plan, one, prices, options, {
          versions: this.versions,
          lane,
          apart: this.apart,
          ...{ fates, interfered, epochs },
          changed: (file) => this.regimes.changed(file),
          short: (row, nowNs) => this.alone(row, nowNs, 1 << lane),
          room,
          wentAlike: (row) => this.wentAlike(row, 1 << lane),
          late: (limitNs) => this.late(lane, limitNs),
        }),
    );
    this.regimes = new Regimes(this.lanes, options.kernel, options.onDeny.kind === 'skip', plan.synced, room);
    const { regimes, versions } = this;
    this.plain = new Plain(input, plan, prices, this.lanes, versions, regimes, room);
    this.unchanging = new Unchanging(input.columns, plan, versions, regimes, this.plain.counts, apart);
    const { plain } = this;
    this.kernel =
      memory === null
        ? null
        : new PlainKernel(
            { columns: input.columns, plan, prices, lanes: this.lanes, versions, regimes, plain },
            { apart, epochs, fates, interfered },
            memory,
          );
    this.all = policies.length === MOST_LANES ? 0x7fffffff : (1 << policies.length) - 1;
    this.straight = this.all;
    for (const lane of this.lanes.keys()) this.looked(lane);
  }

  /** hot: replays all events up to and including a time. */
  runTo(timeNs: number): void {
    const { addr, op, rows, task: tasks, timeNs: times } = this.c;
    const { hasAccesses, plain: plainRows } = this.plan;
    const { all, apart } = this;
    const { plain, unchanging } = this;
    const { kernel } = this;
    let row = this.next;
    for (; row < rows && times[row]! <= timeNs; row++) {
      const task = tasks[row]!;
      const late = task === NONE ? 0 : apart[task]!;
      // Everywhere it comes later: nothing happens, and what was put off has time until something does.
      if (late === all && plainRows[row] === 1 && (TAKES_AWAY[op[row]!] === 0 || !hasAccesses)) {
        row = this.lastLate(row, timeNs);
        continue;
      }
      const isKernels = plainRows[row] === 1 || op[row] === Op.extent;
      if (isKernels && kernel?.isUsable === true && this.quiet === all && late === 0) {
        // What has to come before is seen to first: the row may be another one's then.
        if (this.nextNs <= times[row]!) {
          this.catchUp(times[row]!);
          row--;
          continue;
        }
        plain.counts.passed(row);
        row = kernel.run(row, timeNs, this.nextNs, all);
        if (plain.queued !== 0) this.requeue();
        if (row === rows || times[row]! > timeNs) break;
        if (kernel.isPaused || this.nextNs <= times[row]! || this.isLate(tasks[row]!)) {
          row--;
          continue;
        }
      } else if (plainRows[row] === 1 && this.quiet === all) {
        plain.counts.passed(row);
        const to = Math.min(rows, row + WINDOW);
        const lastNs = times[to - 1]!;
        if (lastNs < this.nextNs && lastNs <= timeNs) {
          const first = row;
          row = unchanging.run(row, to, all);
          // Another row: it is looked at from the beginning.
          if (row > first) {
            row--;
            continue;
          }
        }
      }
      if (this.nextNs <= times[row]!) this.catchUp(times[row]!);
      if (SEEN[op[row]!] === 1 && this.seen(row)) continue;
      let left = all;
      let tried = 0;
      if (plainRows[row] === 1) {
        tried = this.quiet & ~late;
        if (addr[row]! >= 0) tried &= this.straight;
        plain.nowNs = times[row]!;
        if (tried !== 0) left &= ~plain.run(row, tried);
        if (plain.queued !== 0) this.requeue();
      }
      if (left !== 0) this.each(row, left, tried);
    }
    this.next = row;
    this.catchUp(timeNs);
  }

  /** hot: of the plain rows from `first` on that come later in all lanes, the last one before any other. */
  private lastLate(first: number, timeNs: number): number {
    const { op, rows, task: tasks, timeNs: times } = this.c;
    const { hasAccesses, plain } = this.plan;
    const { all, apart } = this;
    let row = first + 1;
    for (; row < rows && times[row]! <= timeNs && plain[row] === 1; row++) {
      const task = tasks[row]!;
      if (task === NONE || apart[task] !== all) break;
      if (hasAccesses && TAKES_AWAY[op[row]!] === 1) break;
    }
    return row - 1;
  }

  /** What a crash at this time would leave; the replay goes on as if there had been none. Times must not run back. */
  crash(timeNs: number): void {
    this.runTo(timeNs);
    for (const lane of this.lanes) lane.crash(timeNs);
  }

  /** Ends the replay: at the end of the trace and of what is late, or at an earlier time. */
  finish(atNs = Number.POSITIVE_INFINITY): LaneResult[] {
    this.runTo(atNs);
    const ends = this.lanes.map((lane, i) => {
      this.versions.acting = 1 << i;
      return lane.stop(atNs);
    });
    this.lanes.forEach((_, lane) => {
      this.looked(lane);
    });
    this.runTo(atNs);
    this.kernel?.finish();
    this.plain.finish();
    return this.lanes.map((lane, i) => lane.result(ends[i]!));
  }

  /** hot: something was seen of a file that all lanes have in the same state: done once for all. False: each has to see for itself. */
  private seen(row: number): boolean {
    const { c, lanes, versions } = this;
    const file = c.file[row]!;
    if (file === NONE || this.isLate(c.task[row]!)) return false;
    const version = versions.first[file]!;
    if (versions.next[version]! >= 0 || versions.diverged[version] === 1) return false;
    const opId = c.opId[row]!;
    for (let lane = 0; lane < lanes.length; lane++) if (lanes[lane]!.hasDealtWith(opId)) return false;
    versions.acting = this.all;
    lanes[0]!.changes.applyObserved(row, c.timeNs[row]!);
    // Blocks that the row names may have been metadata, in each lane by itself.
    if (c.op[row] === Op.map_insert) for (let lane = 1; lane < lanes.length; lane++) lanes[lane]!.shortWay.named(row);
    return true;
  }

  /** Lanes for which the row is not that simple. */
  private each(row: number, lanes: number, tried: number): void {
    this.at = row;
    this.alike = 0;
    for (let left = lanes; left !== 0; left &= left - 1) {
      const bit = left & -left;
      const lane = 31 - Math.clz32(bit);
      this.versions.acting = bit;
      if (this.lanes[lane]!.take(row, (tried & bit) !== 0)) this.looked(lane);
      else if (this.lanes[lane]!.queue.nextNs < this.nextNs) this.nextNs = this.lanes[lane]!.queue.nextNs;
    }
    this.at = -1;
    if (this.alike !== 0) this.plain.counts.went(row, this.c.op[row]!, this.alike);
    if (this.regimes.isStale) this.regimes.settle();
  }

  private wentAlike(row: number, bit: number): boolean {
    if (row !== this.at) return false;
    this.alike |= bit;
    return true;
  }

  /** Everything that was put off up to and including a time. */
  private catchUp(timeNs: number): void {
    if (this.nextNs > timeNs || this.nextNs === Number.POSITIVE_INFINITY) return;
    this.nextNs = Number.POSITIVE_INFINITY;
    for (let lane = 0; lane < this.lanes.length; lane++) {
      const one = this.lanes[lane]!;
      if (one.queue.nextNs <= timeNs) {
        this.versions.acting = 1 << lane;
        one.catchUp(timeNs);
        this.looked(lane);
      } else if (one.queue.nextNs < this.nextNs) this.nextNs = one.queue.nextNs;
    }
    if (this.regimes.isStale) this.regimes.settle();
  }

  /** The short way of a row for a lane that comes to it by itself. */
  private alone(row: number, nowNs: number, bit: number): boolean {
    // What it did before in this row may have changed its holds.
    if (this.regimes.isStale) this.regimes.settle();
    if (this.unchanging.runLate(row, bit)) {
      this.plain.counts.markedLater(row, this.c.op[row]!, nowNs);
      return true;
    }
    this.plain.nowNs = nowNs;
    this.plain.isLate = true;
    const went = this.plain.run(row, bit) === bit;
    this.plain.isLate = false;
    this.versions.acting = bit;
    return went;
  }

  /** Late rows of a lane, as long as they are simple; when the last of them ran, ns, -1 for none. */
  private late(lane: number, limitNs: number): number {
    if (this.kernel?.isUsable !== true) return -1;
    if (this.regimes.isStale) this.regimes.settle();
    return this.kernel.runLate(lane, limitNs);
  }

  /** Something happened in a lane by itself. */
  private looked(lane: number): void {
    const one = this.lanes[lane]!;
    const bit = 1 << lane;
    this.quiet = one.isBusy ? this.quiet & ~bit : this.quiet | bit;
    if (one.files.strayed) this.straight &= ~bit;
    if (one.queue.nextNs < this.nextNs) this.nextNs = one.queue.nextNs;
  }

  /** In some lane. */
  private isLate(task: number): boolean {
    return task !== NONE && this.apart[task] !== 0;
  }

  private requeue(): void {
    for (let left = this.plain.queued; left !== 0; left &= left - 1) this.looked(31 - Math.clz32(left & -left));
    this.plain.queued = 0;
  }
}
