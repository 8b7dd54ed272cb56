// One lane: one policy, priced by one cost model, replayed over the columns with its own holds and counters; the states of files
// it shares with lanes that did the same to them. `Pass` drives it, row by row. What it is made of is put together in lane-organs.ts.
// Open time: every operation starts when the trace says it did. Closed time: a thread that waited goes on as much later.
import type { EventColumns } from '../model/events.js';
import { Flag, isObservation, Op } from '../model/events.js';
import { NONE } from '../model/units.js';
import type { Accesses, Touches } from './accesses.js';
import { isFault } from './cases.js';
import type { Claims } from './claims.js';
import type { Coherence } from './coherence.js';
import type { Fates } from './fates.js';
import type { Fidelity } from './fidelity.js';
import type { FileSizes } from './file-sizes.js';
import type { FileStates } from './file-states.js';
import type { Foresight } from './foresight.js';
import type { HoldTable } from './holds.js';
import { type EngineInput, pidAt } from './input.js';
import { type LaneOptions, type LaneSeat, type Organs, organsOf } from './lane-organs.js';
import type { LanePolicies } from './lane-policies.js';
import { laneResult } from './lane-result.js';
import { isKill, type LateStarts } from './late-starts.js';
import type { Ledger } from './ledger.js';
import { type MapChanges, TAKES_AWAY } from './map-changes.js';
import type { Operations } from './operations.js';
import { Later, type TimeQueue } from './queue.js';
import type { Prices } from './recipes.js';
import type { CrashRow, LaneResult } from './result.js';
import { EndedBy, type SealPlan } from './seal-plan.js';
import type { SeenRows } from './seen-rows.js';
import type { ShortWay } from './short-way.js';
import type { Threads } from './threads.js';
import type { Waits } from './waits.js';

export type { LaneOptions, LaneSeat } from './lane-organs.js';

/** Behind every byte of a file. */
const LATEST = Number.POSITIVE_INFINITY;

export class Lane {
  readonly policies: LanePolicies;
  readonly files: FileStates;
  readonly holds: HoldTable;
  /** Null where nothing is recorded to be held against. */
  readonly fidelity: Fidelity | null;
  readonly ledger: Ledger;
  readonly queue: TimeQueue;
  /** Null in open time. */
  readonly threads: Threads | null;
  readonly changes: MapChanges;
  /** What a plain row that every lane decides alike does in this one. */
  readonly shortWay: ShortWay;
  private readonly c: EventColumns;
  private readonly input: EngineInput;
  private readonly plan: SealPlan;
  private readonly seat: LaneSeat;
  private readonly organs: Organs;
  private readonly claims: Claims;
  private readonly coherence: Coherence | null;
  private readonly devices: Accesses;
  private readonly fates: Fates;
  private readonly foresight: Foresight | null;
  private readonly operations: Operations;
  private readonly seen: SeenRows;
  private readonly sizes: FileSizes;
  /** Null in open time. */
  private readonly starts: LateStarts | null;
  private readonly touches: Touches;
  private readonly waits: Waits;
  /** When the last operation ran that was not the short way of a row of the columns. */
  private nowNs = 0;
  private readonly crashes: CrashRow[] = [];

  constructor(
    input: EngineInput,
    plan: SealPlan,
    policies: LanePolicies,
    prices: Prices,
    options: LaneOptions,
    seat: LaneSeat,
  ) {
    const organs = organsOf({ input, plan, policies, prices, options, seat }, (row, nowNs) => {
      this.nowNs = nowNs;
      organs.starts?.started(row, nowNs);
    });
    this.c = input.columns;
    this.input = input;
    this.plan = plan;
    this.policies = policies;
    this.seat = seat;
    this.organs = organs;
    this.files = organs.files;
    this.holds = organs.holds;
    this.fidelity = organs.decider.fidelity;
    this.ledger = organs.ledger;
    this.queue = organs.queue;
    this.threads = organs.threads;
    this.changes = organs.changes;
    this.shortWay = organs.shortWay;
    this.claims = organs.claims;
    this.coherence = organs.coherence;
    this.devices = organs.devices;
    this.fates = organs.fates;
    this.foresight = organs.foresight;
    this.operations = organs.operations;
    this.seen = organs.seen;
    this.sizes = organs.sizes;
    this.starts = organs.starts;
    this.touches = organs.touches;
    this.waits = organs.waits;
  }

  /** What a crash now would leave; the replay goes on as if there had been none. */
  crash(timeNs: number): void {
    const { seals } = this.organs;
    seals.settleCommits();
    const had = seals.rows.filter((seal) => seal.failure === '' && seal.endedBy === EndedBy.alive);
    const left = had.filter((seal) => seal.survivesCrash);
    const uncommitted = Array.from({ length: this.files.count }, (_, file) => file).filter((file) =>
      this.files.isDirty(file),
    );
    this.crashes.push({ timeNs, left, gone: had.length - left.length, uncommitted });
  }

  /** Nothing more comes from the columns, at the end of the trace or at an earlier time: returns when the lane ends. */
  stop(atNs: number): number {
    const endNs = Math.min(atNs, Math.max(this.input.endNs, this.nowNs));
    this.operations.finish(endNs);
    return endNs;
  }

  result(endNs: number): LaneResult {
    const { crashes, input, organs, policies } = this;
    return laneResult({ ...organs, fidelity: organs.decider.fidelity, crashes, input, policies }, endNs);
  }

  // --- for the pass

  /**
   * Does something go on in this lane that may keep a plain row from the short way: waits, devices at work? Then it is
   * asked about each row (`goesShort`).
   */
  get isBusy(): boolean {
    const { claims, devices, fidelity, sizes, waits } = this;
    return (
      this.foresight !== null ||
      this.coherence !== null ||
      waits.any ||
      devices.any ||
      claims.endings.zapped.any ||
      (fidelity !== null && (fidelity.leases.any || sizes.shrinks))
    );
  }

  /** Only if nothing that goes on here concerns its file. */
  private goesShort(row: number, nowNs: number): boolean {
    const { c, claims, devices, fidelity, files, waits, sizes } = this;
    if (this.plan.plain[row] === 0 || (files.strayed && c.addr[row]! >= 0)) return false;
    if (!this.isBusy) return true;
    if (this.foresight !== null || this.coherence !== null) return false;
    const file = c.file[row]!;
    if (waits.any && (waits.retrying > 0 || waits.on(file).length > 0)) return false;
    if (devices.atWork(file)) return false;
    const fault = isFault(c.op[row]!);
    if (fault && claims.endings.zapped.any) return false;
    return fidelity === null || !(fidelity.leases.any || (fault && sizes.undecided(file, c.offset[row]!, nowNs)));
  }

  /** hot: a row of the columns, in its time; `tried`: its short way is closed. False: it comes later, and nothing has happened. */
  take(row: number, tried: boolean): boolean {
    const { threads } = this;
    if (threads !== null) {
      // No kill and no device: whether its thread is late is all there is to ask.
      const due = this.plan.plain[row] === 1 ? !threads.runsApart(this.c.task[row]!) : this.starts!.isDue(row);
      if (!due) {
        this.missed(row);
        return false;
      }
    }
    this.step(row, this.c.timeNs[row]!, tried);
    return true;
  }

  /** No operation was refused, cut short, made to wait or committed so far. */
  get isFresh(): boolean {
    return this.fates.isFresh && !this.waits.any;
  }

  /** Some operation ends with a journal commit. */
  commits(): void {
    this.fates.isFresh = false;
  }

  /** Is what follows from an operation another thing here than what was seen of it: was it refused, cut short, made to wait, committed? */
  hasDealtWith(opId: number): boolean {
    const { fates } = this;
    return this.waits.any || fates.denied(opId) || fates.committed(opId) || fates.isCut(opId, LATEST);
  }

  /** Everything that was put off up to and including a time. */
  catchUp(timeNs: number): void {
    const { queue } = this;
    while (queue.nextNs <= timeNs && queue.nextNs < Number.POSITIVE_INFINITY) {
      if (this.threads !== null && !this.isBusy) {
        const nowNs = this.seat.late(timeNs);
        if (nowNs >= 0) this.nowNs = nowNs;
        if (!(queue.nextNs <= timeNs && queue.nextNs < Number.POSITIVE_INFINITY)) return;
      }
      this.later();
    }
  }

  // --- time

  /** The next thing that was put off. */
  private later(): void {
    const { queue } = this;
    queue.take();
    const { takenWhat: what, takenRow: row, takenNs: nowNs } = queue;
    if (what === Later.thread) this.runThread(row, nowNs);
    else if (what === Later.after) this.organs.conflicts.after(row);
    else if (what === Later.size) this.sizes.apply(row, this.c.op[row]!, this.c.file[row]!);
    else if (what === Later.accessEnd) this.devices.end(row);
    else if (what === Later.row) this.step(row, nowNs, false);
    else if (what === Later.wake) this.operations.wake(row, nowNs);
    else if (what === Later.limit) this.claims.breaks.atLimit(row, nowNs);
    else if (what === Later.interrupt) this.operations.interrupt(row, nowNs);
    else if (what === Later.lease) this.organs.leases.atLimit(row, nowNs);
    else if (what === Later.sealLimit) this.claims.breaks.atSealLimit(row, nowNs);
    else if (what === Later.rawEnd) this.devices.rawEnd(row, pidAt(this.input, row), nowNs);
    else this.claims.idle(row, nowNs);
    this.operations.settle(nowNs);
  }

  private runThread(task: number, nowNs: number): void {
    const threads = this.threads!;
    const row = threads.take(task, nowNs);
    if (row === NONE) return;
    // A kill that was put off comes by itself.
    if (!isKill(this.c, row)) this.step(row, nowNs, false);
    threads.schedule(task, nowNs);
  }

  /** The recording made this change now; here it comes later, or not at all. */
  private missed(row: number): void {
    const { c, touches } = this;
    if (TAKES_AWAY[c.op[row]!] === 1 && c.file[row] !== NONE) touches.interfere(c.file[row]!);
  }

  private step(row: number, nowNs: number, tried: boolean): void {
    const { c } = this;
    const op = c.op[row]!;
    const flags = c.flags[row]!;
    if ((flags & Flag.second) === 0) this.nowNs = nowNs;
    if (!tried && this.goesShort(row, nowNs) && this.seat.short(row, nowNs)) return;
    if (isObservation(op, flags)) this.seen.observation(row, nowNs);
    else if (op === Op.dma_read || op === Op.dma_write) this.seen.access(row, nowNs);
    else if ((flags & Flag.second) === 0) {
      if (isKill(c, row)) {
        this.starts?.kill(row, nowNs);
        this.operations.kill(pidAt(this.input, row), nowNs);
      }
      this.operations.begin(row, nowNs);
    }
    this.operations.settle(nowNs);
  }
}
