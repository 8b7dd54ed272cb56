// One lane: one policy, priced by one cost model, replayed over the columns with its own maps, holds and counters.
// Open time: every operation starts when the trace says it did. Closed time: a thread that waited goes on as much later.
import type { EventColumns } from '../model/events.js';
import { Flag, Op, opSet } from '../model/events.js';
import { type Policy, Verdict } from '../model/policy.js';
import { NONE } from '../model/units.js';
import { Accesses, type Touches } from './accesses.js';
import { Claims } from './claims.js';
import { Coherence } from './coherence.js';
import { Conflicts } from './conflicts.js';
import { Decider } from './decision.js';
import { Effects, isObservation } from './effects.js';
import { Fates } from './fates.js';
import { FileSizes, secondOf } from './file-sizes.js';
import { FileStates } from './file-states.js';
import { Foresight } from './foresight.js';
import { Hazards } from './hazards.js';
import { HoldTable } from './holds.js';
import type { EngineInput } from './input.js';
import type { LanePolicies } from './lane-policies.js';
import { Ledger } from './ledger.js';
import { Obstacles } from './obstacles.js';
import { type OnDeny, Operations } from './operations.js';
import type { LaneParts } from './parts.js';
import { Plain } from './plain.js';
import { Later, TimeQueue } from './queue.js';
import type { Prices } from './recipes.js';
import { Releases } from './releases.js';
import type { CrashRow, LaneResult } from './result.js';
import { EndedBy, isDeviceRow, pidAt, type SealPlan } from './seal-plan.js';
import { Seals, type Unseal } from './seals.js';
import { Threads } from './threads.js';
import { Users } from './users.js';
import { Waits } from './waits.js';

/** Ops that may take a range's pages from the file; writeback and writes move blocks under pages that stay. */
const TAKES_AWAY = opSet([
  ...(['truncate', 'open', 'punch', 'zero', 'collapse', 'insert', 'unlink', 'rename'] as const),
  ...(['reflink', 'dedupe', 'exchange', 'swapext'] as const),
]);

const isKill = (c: EventColumns, row: number): boolean => c.op[row] === Op.exit && (c.flags[row]! & Flag.killed) !== 0;

export interface LaneOptions {
  readonly unseal: Unseal;
  readonly onDeny: OnDeny;
  readonly timing: 'open' | 'closed';
  /** The policy the trace was recorded under. */
  readonly kernel: Policy;
}

export class Lane {
  readonly policies: LanePolicies;
  readonly files: FileStates;
  private readonly c: EventColumns;
  private readonly input: EngineInput;
  private readonly plan: SealPlan;
  private readonly prices: Prices;
  private readonly effects: Effects;
  private readonly hazards: Hazards;
  private readonly seals: Seals;
  private readonly coherence: Coherence | null;
  private readonly ledger: Ledger;
  private readonly queue = new TimeQueue();
  private readonly fates: Fates;
  private readonly touches: Touches;
  private readonly devices: Accesses;
  private readonly sizes: FileSizes;
  private readonly conflicts: Conflicts;
  private readonly claims: Claims;
  private readonly waits: Waits;
  private readonly threads: Threads | null;
  private readonly decider: Decider;
  private readonly operations: Operations;
  /** Null where every operation has to be held against the future, or handed over between CPU and device. */
  private readonly plain: Plain | null;
  /** Rows of devices through a hold that a late thread has not taken yet, by handle. */
  private readonly early = new Map<number, number[]>();
  /** By handle: how late the thread was that took it, ns; NaN until it did (closed time). */
  private readonly lateNs: Float64Array;
  private readonly foresight: Foresight | null;
  private next = 0;
  /** When the last operation ran. */
  private nowNs = 0;
  private notReached = 0;
  private readonly crashes: CrashRow[] = [];

  constructor(input: EngineInput, plan: SealPlan, policies: LanePolicies, prices: Prices, options: LaneOptions) {
    const columns = input.columns;
    const { queue } = this;
    const files = new FileStates(input.fileCount, input.deviceOf, plan.firstFreeAddr);
    const holds = new HoldTable(input.fileCount);
    const users = new Users(input.fileCount, plan.highestId);
    const obstacles = new Obstacles(columns, files, holds, users);
    const closed = options.timing === 'closed' && !policies.recorded;
    this.c = columns;
    this.input = input;
    this.plan = plan;
    this.policies = policies;
    this.prices = prices;
    this.files = files;
    this.effects = new Effects(columns, files);
    this.hazards = new Hazards(columns, files, input.fileCount);
    const isSoftware = !policies.recorded && policies.all.some(({ behaviour }) => behaviour.coherence === 'software');
    this.coherence = isSoftware ? new Coherence({ columns, policies, files, hazards: this.hazards, prices }) : null;
    this.seals = new Seals({
      ...{ policies, files, holds, users, obstacles, prices, plan, queue },
      ...{ unseal: options.unseal, endNs: input.endNs },
      flushed: (file) => this.coherence?.flushAll(file),
    });
    this.ledger = new Ledger(columns.rows, input.endNs);
    this.fates = new Fates(plan.highestId);
    this.claims = new Claims({
      ...{ columns, policies, plan, holds, users, queue, seals: this.seals, hazards: this.hazards },
      freed: (file) => this.operations.stir(file),
    });
    this.threads = closed ? new Threads(input.pidOf.length, columns.timeNs, plan.nextOfTask, queue) : null;
    this.waits = new Waits(columns, policies, plan, holds, this.threads);
    this.conflicts = new Conflicts(input, policies, files, holds, this.ledger, queue);
    this.touches = { removals: new Uint32Array(input.fileCount), interfered: new Uint8Array(input.fileCount) };
    this.sizes = new FileSizes(columns, files, queue);
    this.lateNs = new Float64Array(closed ? plan.highestId + 1 : 0).fill(Number.NaN);
    this.decider = new Decider(input, policies, options.kernel, files, holds, this.sizes);
    this.devices = new Accesses({
      ...{
        columns,
        policies,
        kernel: options.kernel,
        prices,
        holds,
        claims: this.claims,
        hazards: this.hazards,
        queue,
      },
      coherence: this.coherence,
      touches: this.touches,
      diverge: (opId) => this.fates.diverge(opId),
    });
    const applyModel: LaneParts['applyModel'] = (row, nowNs, later, held, mostBytes) =>
      this.applyModel(row, nowNs, later, held, mostBytes);
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
      ...{ decider: this.decider, claims: this.claims, waits: this.waits, threads: this.threads, fates: this.fates },
      ...{ ledger: this.ledger, conflicts: this.conflicts, devices: this.devices, touches: this.touches },
      coherence: this.coherence,
      releases: new Releases(users, applyModel),
      observe: (row, nowNs) => this.observation(row, nowNs),
      applyModel,
      over: (row, nowNs) => {
        this.nowNs = nowNs;
        this.started(row, nowNs);
      },
    };
    this.operations = new Operations(parts);
    this.plain =
      this.foresight === null && this.coherence === null ? new Plain(parts, holds, this.hazards, options.kernel) : null;
  }

  /** Replays all events up to and including a time. */
  runTo(timeNs: number): void {
    const { queue } = this;
    const { rows, timeNs: times } = this.c;
    while (this.next < rows && times[this.next]! <= timeNs) {
      if (queue.nextNs <= times[this.next]!) {
        this.later();
        continue;
      }
      const row = this.next++;
      if (this.threads === null || this.isDue(row, this.threads)) this.step(row, times[row]!);
      else this.missed(row);
    }
    while (queue.nextNs <= timeNs && queue.nextNs < Number.POSITIVE_INFINITY) this.later();
  }

  /** What a crash at this time would leave; the replay goes on as if there had been none. Times must not run back. */
  crash(timeNs: number): void {
    this.runTo(timeNs);
    this.seals.settleCommits();
    const had = this.seals.rows.filter((seal) => seal.failure === '' && seal.endedBy === EndedBy.alive);
    const left = had.filter((seal) => seal.survivesCrash);
    const uncommitted = [...this.files.dirty.keys()].filter((file) => this.files.dirty[file] === 1);
    this.crashes.push({ timeNs, left, gone: had.length - left.length, uncommitted });
  }

  /** Ends the replay: at the end of the trace and of what is late, or at an earlier time. */
  finish(atNs = Number.POSITIVE_INFINITY): LaneResult {
    this.runTo(atNs);
    const endNs = Math.min(atNs, Math.max(this.input.endNs, this.nowNs));
    this.operations.finish(endNs);
    this.runTo(atNs);
    return this.result(endNs);
  }

  private result(endNs: number): LaneResult {
    const { ledger, hazards, operations } = this;
    this.seals.settleCommits();
    for (const group of ledger.groups.values()) {
      const endedNs = group.holdHandle === 0 ? -1 : this.claims.endedNs[group.holdHandle]!;
      if (endedNs >= 0) group.holdToNs = endedNs;
    }
    return {
      policy: this.policies,
      operations: ledger.operations,
      counts: ledger.counts,
      denied: ledger.denied,
      latency: ledger.latency,
      wait: ledger.wait,
      waitNs: ledger.waitNs,
      stillWaiting: operations.stillWaiting,
      secondary: ledger.secondary,
      interrupted: operations.interrupted,
      deadlocks: operations.deadlocks,
      notReached: this.notReached + (this.threads?.notReached() ?? 0),
      latestNs: Math.max(0, endNs - this.input.endNs),
      conflicts: ledger.conflicts,
      groups: [...ledger.groups.values()],
      hazards: hazards.rows,
      hazardBytes: hazards.bytes,
      hazardClasses: hazards.classes,
      hazardCount: hazards.count,
      incoherent: hazards.incoherent,
      incoherentBytes: hazards.incoherentBytes,
      handOvers: this.coherence?.handOvers ?? 0,
      flushNs: this.coherence?.flushNs ?? null,
      seals: this.seals.rows,
      crashes: this.crashes,
      journalCommits: operations.journalCommits,
      deviceRefaults: this.devices.deviceRefaults,
      bounced: this.devices.bounced,
      diverged: this.fates.diverged,
      measured: ledger.measured,
      priced: ledger.priced,
      uncertain: this.decider.uncertain,
      heats: ledger.heats,
      verdicts: ledger.verdicts,
      errnos: ledger.errnos,
      fidelity: this.decider.fidelity?.counts ?? null,
    };
  }

  // --- time

  /** The next thing that was put off. */
  private later(): void {
    const { queue } = this;
    queue.take();
    const { takenWhat: what, takenRow: row, takenNs: nowNs } = queue;
    if (what === Later.after) this.conflicts.after(row);
    else if (what === Later.size) this.sizes.apply(row, this.c.op[row]!, this.c.file[row]!);
    else if (what === Later.accessEnd) this.devices.end(row);
    else if (what === Later.row) this.step(row, nowNs);
    else if (what === Later.wake) this.operations.wake(row, nowNs);
    else if (what === Later.limit) this.claims.atLimit(row, nowNs);
    else if (what === Later.sealLimit) this.claims.atSealLimit(row, nowNs);
    else if (what === Later.rawEnd) this.devices.rawEnd(row, pidAt(this.input, row), nowNs);
    else if (what === Later.idle) this.claims.idle(row, nowNs);
    else this.runThread(row, nowNs);
    this.operations.settle(nowNs);
  }

  private runThread(task: number, nowNs: number): void {
    const threads = this.threads!;
    const row = threads.take(task, nowNs);
    if (row === NONE) return;
    this.step(row, nowNs);
    threads.schedule(task, nowNs);
  }

  /** Does a row run when the trace says? Not if its thread, or the one that took its hold, is late. */
  private isDue(row: number, threads: Threads): boolean {
    const { c } = this;
    // A kill comes from outside, whatever its victim is at.
    if (isKill(c, row)) {
      const pid = pidAt(this.input, row);
      for (let task = 0; task < this.input.pidOf.length; task++)
        if (this.input.pidOf[task] === pid) this.notReached += threads.kill(task, row);
      return true;
    }
    if (!isDeviceRow(c, row)) return !threads.runsApart(c.task[row]!);
    const handle = c.handle[row]!;
    const start = this.plan.startRow[handle]!;
    const lateNs = this.lateNs[handle]!;
    if (start > row || lateNs === 0) return true;
    if (lateNs > 0) this.queue.add(c.timeNs[row]! + lateNs, Later.row, row);
    else this.early.set(handle, [...(this.early.get(handle) ?? []), row]);
    return false;
  }

  /** The recording made this change now; here it comes later, or not at all. */
  private missed(row: number): void {
    const { c, touches } = this;
    if (TAKES_AWAY[c.op[row]!] === 1 && c.file[row] !== NONE) touches.interfered[c.file[row]!] = 1;
  }

  /** A hold was taken, or refused: the devices that come through it know from now on how late they are. */
  private started(row: number, nowNs: number): void {
    if (this.threads === null) return;
    const handle = this.c.handle[row]!;
    if (handle === 0 || this.plan.startRow[handle] !== row) return;
    const task = this.c.task[row]!;
    const lateNs = task === NONE ? 0 : this.threads.lateNs[task]!;
    this.lateNs[handle] = lateNs;
    // A call that waited may return later than its thread is late: nothing goes back in time for that.
    for (const waiting of this.early.get(handle) ?? [])
      this.queue.add(Math.max(nowNs, this.c.timeNs[waiting]! + lateNs), Later.row, waiting);
    this.early.delete(handle);
  }

  private step(row: number, nowNs: number): void {
    const { c } = this;
    const op = c.op[row]!;
    const flags = c.flags[row]!;
    if ((flags & Flag.second) === 0) this.nowNs = nowNs;
    if (this.plain?.run(row, nowNs) === true) return;
    if (isObservation(op, flags)) this.observation(row, nowNs);
    else if (op === Op.dma_read || op === Op.dma_write) this.deviceAccess(row, nowNs);
    else if ((flags & Flag.second) === 0) {
      if (isKill(c, row)) this.operations.kill(pidAt(this.input, row), nowNs);
      this.operations.begin(row, nowNs);
    }
    this.operations.settle(nowNs);
  }

  // --- observations

  private observation(row: number, nowNs: number): void {
    const { c } = this;
    const op = c.op[row]!;
    if (op === Op.commit) {
      this.files.commitAll();
      return;
    }
    if (op === Op.block_io) {
      const flags = c.flags[row]!;
      if ((flags & Flag.meta) !== 0 && (flags & Flag.write) !== 0) this.hazards.metadata(row);
      return;
    }
    if (op === Op.map_seen) {
      this.decider.fidelity?.lookUp(this.files, c, row);
      return;
    }
    const opId = c.opId[row]!;
    const file = c.file[row]!;
    const denied = this.fates.denied(opId) || this.fates.isCut(opId, c.offset[row]! + c.length[row]!);
    const waiter = denied || !this.waits.any ? undefined : this.waits.of(opId);
    if (!denied && waiter === undefined) return this.applyObserved(row, nowNs);
    // What the refused call would have freed stays with the file; what a waiting one frees does so for now.
    if (op === Op.map_remove && file !== NONE) this.files.keep(file, c.offset[row]!, c.length[row]!);
    if (file !== NONE) this.files.diverged[file] = 1;
    waiter?.late.push(row);
  }

  private applyObserved(row: number, nowNs: number): void {
    const { c, fates } = this;
    const opId = c.opId[row]!;
    if (this.effects.observe(row, fates.opOf[opId]!)) fates.diverge(opId);
    const file = c.file[row]!;
    if (file === NONE) return;
    if (c.op[row] === Op.map_insert) this.hazards.data(row);
    this.touched(file, nowNs, c.op[row] !== Op.map_insert && TAKES_AWAY[fates.opOf[opId]!] === 1);
    if (fates.committed[opId] === 1) this.files.commit(file);
  }

  private touched(file: number, nowNs: number, removed: boolean): void {
    if (removed) this.touches.removals[file]!++;
    this.hazards.changedNs[file] = nowNs;
  }

  private applyModel(row: number, nowNs: number, later: boolean, held?: number, mostBytes?: number): void {
    const { c, fates } = this;
    const second = secondOf(c, row);
    const opId = c.opId[row]!;
    if (this.effects.model(row, second, held, mostBytes)) fates.diverge(opId);
    if (mostBytes === undefined) this.hazards.data(row);
    const takesAway = TAKES_AWAY[c.op[row]!] === 1;
    this.modelled(c.file[row]!, opId, nowNs, takesAway, later);
    if (second >= 0) this.modelled(c.file[second]!, opId, nowNs, takesAway, later);
  }

  private modelled(file: number, opId: number, nowNs: number, takesAway: boolean, later: boolean): void {
    if (file === NONE) return;
    this.touched(file, nowNs, takesAway);
    // Blocks that go later than the call: the device's copy goes with them.
    if (takesAway && later) this.claims.revoke(file, null);
    if (this.fates.committed[opId] === 1) this.files.commit(file);
  }

  // --- devices

  private deviceAccess(row: number, nowNs: number): void {
    const { c, prices } = this;
    const op = c.op[row]!;
    const flags = c.flags[row]!;
    const handle = c.handle[row]!;
    const file = c.file[row]!;
    const measuredNs = c.latencyNs[row]!;
    if (file === NONE) return;
    let ns = measuredNs >= 0 ? measuredNs : prices.fixedNs[op]! + prices.nsPerByte[op]! * Math.max(0, c.length[row]!);
    if (handle !== 0) ns += this.devices.through(row, handle, nowNs);
    else ns += this.devices.seen(row, file, flags, nowNs);
    this.foretold(row, file);
    if ((flags & Flag.second) !== 0) return;
    this.ledger.count(row, op, Verdict.proceed, 0);
    this.ledger.time(op, nowNs, ns, measuredNs >= 0);
  }

  /** An access that a change was refused for has been: who was refused may try again. */
  private foretold(row: number, file: number): void {
    if (this.foresight === null) return;
    this.foresight.passed(row);
    this.operations.stir(file);
  }
}
