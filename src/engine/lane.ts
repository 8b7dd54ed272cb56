// One lane: one policy, priced by one cost model, replayed over the columns with its own holds and counters; the states of files
// it shares with lanes that did the same to them. `Pass` drives it, row by row.
// Open time: every operation starts when the trace says it did. Closed time: a thread that waited goes on as much later.
import type { Room } from '../base/room.js';
import type { EventColumns } from '../model/events.js';
import { Flag, isObservation, Op } from '../model/events.js';
import type { Policy } from '../model/policy.js';
import { NONE } from '../model/units.js';
import { Accesses, Touches } from './accesses.js';
import { isFault } from './cases.js';
import { Claims } from './claims.js';
import { Coherence } from './coherence.js';
import { Conflicts } from './conflicts.js';
import { Decider } from './decision.js';
import { Effects } from './effects.js';
import { type FateBits, Fates } from './fates.js';
import type { Fidelity } from './fidelity.js';
import { FileSizes } from './file-sizes.js';
import { FileStates } from './file-states.js';
import type { FileVersions } from './file-versions.js';
import { Foresight } from './foresight.js';
import { Hazards } from './hazards.js';
import { HoldTable } from './holds.js';
import { type EngineInput, pidAt } from './input.js';
import type { LanePolicies } from './lane-policies.js';
import { laneResult } from './lane-result.js';
import { isKill, LateStarts } from './late-starts.js';
import { Ledger } from './ledger.js';
import { MapChanges, TAKES_AWAY } from './map-changes.js';
import { Obstacles } from './obstacles.js';
import { Operations } from './operations.js';
import { OrdinaryLeases } from './ordinary-leases.js';
import type { LaneParts } from './parts.js';
import { Later, TimeQueue } from './queue.js';
import type { Prices } from './recipes.js';
import type { OnDeny } from './refusals.js';
import { refusingKinds } from './regimes.js';
import { Releases } from './releases.js';
import type { CrashRow, LaneResult } from './result.js';
import { EndedBy, type SealPlan } from './seal-plan.js';
import { Seals, type Unseal } from './seals.js';
import { SeenRows } from './seen-rows.js';
import { ShortWay } from './short-way.js';
import { Threads } from './threads.js';
import { Users } from './users.js';
import { Waits } from './waits.js';

/** Behind every byte of a file. */
const LATEST = Number.POSITIVE_INFINITY;

export interface LaneOptions {
  readonly unseal: Unseal;
  readonly onDeny: OnDeny;
  readonly timing: 'open' | 'closed';
  /** The policy the trace was recorded under. */
  readonly kernel: Policy;
  /** From so many rows on, plain ones are run by WebAssembly. */
  readonly kernelFrom?: number;
}

/** What a lane has from the pass it is in. */
export interface LaneSeat {
  readonly versions: FileVersions;
  /** Its number among the lanes that share versions. */
  readonly lane: number;
  /** By task: the lanes in which it is late and runs from its own chain. */
  readonly apart: Int32Array;
  /** By `opId`, by file: what became of operations, and where a lane did not do what the recording just did. */
  readonly fates: FateBits;
  readonly interfered: Int32Array;
  /** By file: how often holds changed in any lane for whose sake plain operations are refused. */
  readonly epochs: Uint32Array;
  /** Other kinds of hold are alive on a file. */
  readonly changed: (file: number) => void;
  /** Where its arrays are. */
  readonly room: Room;
  /** A row went ahead as it may in other lanes, and took what it takes; false: it is not the one that the pass is at. */
  readonly wentAlike: (row: number) => boolean;
  /** Runs late rows in their order, as long as they are simple, up to a time; when the last of them ran, ns, -1 for none. */
  readonly late: (limitNs: number) => number;
  /** The short way of a plain row for this lane alone; false, and nothing has happened, when it is not as simple as that. */
  readonly short: (row: number, nowNs: number) => boolean;
}

export class Lane {
  readonly policies: LanePolicies;
  readonly files: FileStates;
  readonly holds: HoldTable;
  /** Null where nothing is recorded to be held against. */
  readonly fidelity: Fidelity | null;
  readonly ledger: Ledger;
  readonly queue: TimeQueue;
  private readonly c: EventColumns;
  private readonly input: EngineInput;
  private readonly plan: SealPlan;
  private readonly seat: LaneSeat;
  private readonly effects: Effects;
  private readonly hazards: Hazards;
  private readonly seals: Seals;
  private readonly coherence: Coherence | null;
  private readonly fates: Fates;
  private readonly touches: Touches;
  private readonly devices: Accesses;
  private readonly sizes: FileSizes;
  private readonly conflicts: Conflicts;
  private readonly claims: Claims;
  private readonly leases: OrdinaryLeases;
  private readonly waits: Waits;
  /** Null in open time. */
  readonly threads: Threads | null;
  private readonly decider: Decider;
  private readonly operations: Operations;
  private readonly seen: SeenRows;
  /** Null in open time. */
  private readonly starts: LateStarts | null;
  readonly changes: MapChanges;
  /** What a plain row that every lane decides alike does in this one. */
  readonly shortWay: ShortWay;
  private readonly foresight: Foresight | null;
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
    const columns = input.columns;
    const queue = new TimeQueue(seat.room);
    this.queue = queue;
    const files = new FileStates(seat.versions, seat.lane, input.deviceOf, plan.regions, seat.room);
    const refusing = policies.all.map(refusingKinds);
    const holds = new HoldTable(seat.epochs, plan.handles, (file) => refusing[policies.indexOf(file)]!, seat.changed);
    const users = new Users(input.fileCount, plan.handles);
    const obstacles = new Obstacles(columns, files, holds, users);
    const closed = options.timing === 'closed' && !policies.recorded;
    this.c = columns;
    this.input = input;
    this.plan = plan;
    this.policies = policies;
    this.files = files;
    this.holds = holds;
    this.seat = seat;
    this.effects = new Effects(columns, files);
    this.hazards = new Hazards(columns, files);
    const isSoftware = !policies.recorded && policies.all.some(({ behaviour }) => behaviour.coherence === 'software');
    this.coherence = isSoftware ? new Coherence({ columns, policies, files, hazards: this.hazards, prices }) : null;
    this.seals = new Seals({
      ...{ policies, files, holds, users, obstacles, prices, plan, queue },
      ...{ unseal: options.unseal, endNs: input.endNs },
      flushed: (file) => this.coherence?.flushAll(file),
    });
    this.ledger = new Ledger(columns.rows, input.endNs);
    this.fates = new Fates(seat.fates, seat.lane);
    this.claims = new Claims({
      ...{ columns, policies, plan, holds, users, queue, files, seals: this.seals, hazards: this.hazards },
      freed: (file) => this.operations.stir(file),
    });
    this.changes = new MapChanges({
      ...{ columns, plan, files, effects: this.effects, fates: this.fates, hazards: this.hazards, claims: this.claims },
    });
    this.threads = closed
      ? new Threads(seat.apart, seat.lane, columns.timeNs, plan.nextOfTask, queue, seat.room)
      : null;
    this.leases = new OrdinaryLeases({
      ...{ columns, policies, plan: plan.leases, queue },
      freed: (file) => this.operations.stir(file),
    });
    this.waits = new Waits(columns, policies, plan, holds, this.threads, this.leases);
    this.conflicts = new Conflicts(input, policies, files, holds, queue);
    this.touches = new Touches(seat.interfered, seat.lane);
    this.sizes = new FileSizes(columns, files, queue);
    this.starts = this.threads === null ? null : new LateStarts(input, plan, this.threads, queue);
    this.decider = new Decider(input, policies, options.kernel, plan.dax, files, holds, this.sizes);
    this.fidelity = this.decider.fidelity;
    this.devices = new Accesses({
      ...{ columns, policies, kernel: options.kernel, prices, files, holds, claims: this.claims, queue },
      hazards: this.hazards,
      coherence: this.coherence,
      touches: this.touches,
      diverge: (opId) => this.fates.diverge(opId),
    });
    const applyModel: LaneParts['applyModel'] = (row, nowNs, later, mostBytes) =>
      this.changes.applyModel(row, nowNs, later, mostBytes);
    this.foresight = policies.all.some(({ foresees }) => foresees === true)
      ? new Foresight({
          ...{ columns, plan, policies, files, users, effects: this.effects, hazards: this.hazards },
          accesses: this.devices,
          pidOf: (row) => pidAt(input, row),
        })
      : null;
    const parts: LaneParts = {
      foresight: this.foresight,
      ...{ columns, policies, plan, prices, files, queue, onDeny: options.onDeny, sizes: this.sizes },
      ...{
        decider: this.decider,
        claims: this.claims,
        waits: this.waits,
        leases: this.leases,
        threads: this.threads,
        fates: this.fates,
      },
      ...{ ledger: this.ledger, conflicts: this.conflicts, devices: this.devices, touches: this.touches },
      coherence: this.coherence,
      releases: new Releases(users, applyModel),
      observe: (row, nowNs) => this.seen.observation(row, nowNs),
      applyModel,
      wentAlike: seat.wentAlike,
      over: (row, nowNs) => {
        this.nowNs = nowNs;
        this.starts?.started(row, nowNs);
      },
    };
    this.operations = new Operations(parts);
    this.seen = new SeenRows({
      ...{ columns, prices, files, changes: this.changes, hazards: this.hazards, waits: this.waits },
      ...{
        devices: this.devices,
        fates: this.fates,
        fidelity: this.fidelity,
        foresight: this.foresight,
        ledger: this.ledger,
      },
      stir: (file) => this.operations.stir(file),
    });
    this.shortWay = new ShortWay(parts, this.hazards, holds, input, this.operations.bills);
  }

  /** What a crash now would leave; the replay goes on as if there had been none. */
  crash(timeNs: number): void {
    this.seals.settleCommits();
    const had = this.seals.rows.filter((seal) => seal.failure === '' && seal.endedBy === EndedBy.alive);
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
    const { claims, coherence, conflicts, crashes, decider, devices, fates, fidelity, hazards, input, leases } = this;
    const { ledger, operations, policies, seals, starts, threads } = this;
    return laneResult(
      {
        ...{ claims, coherence, conflicts, crashes, decider, devices, fates, fidelity, hazards, input, leases },
        ...{ ledger, operations, policies, seals, starts, threads },
      },
      endNs,
    );
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
    else if (what === Later.after) this.conflicts.after(row);
    else if (what === Later.size) this.sizes.apply(row, this.c.op[row]!, this.c.file[row]!);
    else if (what === Later.accessEnd) this.devices.end(row);
    else if (what === Later.row) this.step(row, nowNs, false);
    else if (what === Later.wake) this.operations.wake(row, nowNs);
    else if (what === Later.limit) this.claims.breaks.atLimit(row, nowNs);
    else if (what === Later.interrupt) this.operations.interrupt(row, nowNs);
    else if (what === Later.lease) this.leases.atLimit(row, nowNs);
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
