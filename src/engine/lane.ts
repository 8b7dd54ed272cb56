// One lane: one policy, priced by one cost model, replayed over the columns with its own holds and counters; the states of files
// it shares with lanes that did the same to them. `Pass` drives it, row by row.
// Open time: every operation starts when the trace says it did. Closed time: a thread that waited goes on as much later.
import type { EventColumns } from '../model/events.js';
import { Flag, Op, opSet } from '../model/events.js';
import { MASKS, type Policy, Verdict } from '../model/policy.js';
import { NONE } from '../model/units.js';
import { Accesses, type Touches } from './accesses.js';
import { FREES, isFault } from './cases.js';
import { Claims } from './claims.js';
import { Coherence } from './coherence.js';
import { Conflicts } from './conflicts.js';
import { Decider, Decision } from './decision.js';
import { Effects, isObservation } from './effects.js';
import { Fates } from './fates.js';
import type { Fidelity } from './fidelity.js';
import { FileSizes, secondOf } from './file-sizes.js';
import { Deed, FileStates } from './file-states.js';
import type { FileVersions } from './file-versions.js';
import { Foresight } from './foresight.js';
import { Hazards } from './hazards.js';
import { HoldTable } from './holds.js';
import { type EngineInput, pidAt } from './input.js';
import type { LanePolicies } from './lane-policies.js';
import { Ledger } from './ledger.js';
import { Obstacles } from './obstacles.js';
import { type OnDeny, Operations } from './operations.js';
import { OrdinaryLeases } from './ordinary-leases.js';
import type { LaneParts } from './parts.js';
import { Later, TimeQueue } from './queue.js';
import type { Prices } from './recipes.js';
import { Releases } from './releases.js';
import type { CrashRow, LaneResult } from './result.js';
import { EndedBy, type SealPlan } from './seal-plan.js';
import { Seals, type Unseal } from './seals.js';
import { isDeviceRow } from './thread-chains.js';
import { Threads } from './threads.js';
import { Users } from './users.js';
import { Waits } from './waits.js';

/** Ops that may take a range's pages from the file; writeback and writes move blocks under pages that stay. */
export const TAKES_AWAY = opSet([
  ...(['truncate', 'open', 'punch', 'zero', 'collapse', 'insert', 'unlink', 'rename'] as const),
  ...(['reflink', 'dedupe', 'exchange', 'swapext'] as const),
]);

/** Does the call take pages of its file away? */
const takesAway = (c: EventColumns, row: number): boolean =>
  TAKES_AWAY[c.op[row]!] === 1 && (c.op[row] !== Op.open || (c.flags[row]! & Flag.trunc) !== 0);

const isKill = (c: EventColumns, row: number): boolean => c.op[row] === Op.exit && (c.flags[row]! & Flag.killed) !== 0;

export interface LaneOptions {
  readonly unseal: Unseal;
  readonly onDeny: OnDeny;
  readonly timing: 'open' | 'closed';
  /** The policy the trace was recorded under. */
  readonly kernel: Policy;
}

/** What a lane has from the pass it is in. */
export interface LaneSeat {
  readonly versions: FileVersions;
  /** Its number among the lanes that share versions. */
  readonly lane: number;
  /** By task: the lanes in which it is late and runs from its own chain. */
  readonly apart: Int32Array;
  /** Other kinds of hold are alive on a file. */
  readonly changed: (file: number) => void;
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
  readonly queue = new TimeQueue();
  private readonly c: EventColumns;
  private readonly input: EngineInput;
  private readonly plan: SealPlan;
  private readonly prices: Prices;
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
  private readonly threads: Threads | null;
  private readonly decider: Decider;
  private readonly operations: Operations;
  private readonly refusalNs: number;
  private readonly commitNs: number;
  /** The refusal at hand: one object for all of them. */
  private readonly clash = new Decision();
  /** Rows of devices through a hold that a late thread has not taken yet, by handle. */
  private readonly early = new Map<number, number[]>();
  /** By number of a handle: how late the thread was that took it, ns + 1; 0 until it did (closed time). */
  private readonly late: Float64Array;
  private readonly foresight: Foresight | null;
  /** When the last operation ran that was not the short way of a row of the columns. */
  private nowNs = 0;
  private notReached = 0;
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
    const { queue } = this;
    const files = new FileStates(seat.versions, seat.lane, input.deviceOf, plan.regions);
    const holds = new HoldTable(input.fileCount, seat.changed);
    const users = new Users(input.fileCount, plan.handles);
    const obstacles = new Obstacles(columns, files, holds, users);
    const closed = options.timing === 'closed' && !policies.recorded;
    this.c = columns;
    this.input = input;
    this.plan = plan;
    this.policies = policies;
    this.prices = prices;
    this.files = files;
    this.holds = holds;
    this.seat = seat;
    this.effects = new Effects(columns, files);
    this.refusalNs = prices.price('refuse');
    this.commitNs = prices.price('commit');
    this.clash.verdict = Verdict.deny;
    this.hazards = new Hazards(columns, files);
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
      ...{ columns, policies, plan, holds, users, queue, files, seals: this.seals, hazards: this.hazards },
      freed: (file) => this.operations.stir(file),
    });
    this.threads = closed ? new Threads(seat.apart, seat.lane, columns.timeNs, plan.nextOfTask, queue) : null;
    this.leases = new OrdinaryLeases({
      ...{ columns, policies, plan: plan.leases, queue },
      freed: (file) => this.operations.stir(file),
    });
    this.waits = new Waits(columns, policies, plan, holds, this.threads, this.leases);
    this.conflicts = new Conflicts(input, policies, files, holds, queue);
    this.touches = { interfered: new Uint8Array(input.fileCount) };
    this.sizes = new FileSizes(columns, files, queue);
    this.late = new Float64Array(closed ? plan.handles.count : 0);
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
      this.applyModel(row, nowNs, later, mostBytes);
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
      observe: (row, nowNs) => this.observation(row, nowNs),
      applyModel,
      over: (row, nowNs) => {
        this.nowNs = nowNs;
        this.started(row, nowNs);
      },
    };
    this.operations = new Operations(parts);
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
    const { ledger, hazards, operations } = this;
    const { tally } = ledger;
    this.fidelity?.finish();
    this.seals.settleCommits();
    this.conflicts.finish();
    for (const group of this.conflicts.groups) {
      const handle = group.holdHandle;
      // The kernel may have taken a lease before its holder gave it back.
      const leaseNs = this.leases.endedNs(handle);
      const endedNs = handle === 0 ? -1 : leaseNs >= 0 ? leaseNs : this.claims.endedNs(handle);
      if (endedNs >= 0) group.holdToNs = endedNs;
    }
    return {
      policy: this.policies,
      operations: ledger.operations,
      counts: ledger.counts,
      denied: ledger.denied,
      latency: tally.ofOp.map((one) => one?.histogram),
      wait: ledger.wait,
      waitNs: ledger.waitNs,
      stillWaiting: operations.stillWaiting,
      secondary: ledger.secondary,
      interrupted: operations.interrupted,
      deadlocks: operations.deadlocks,
      notReached: this.notReached + (this.threads?.notReached() ?? 0),
      latestNs: Math.max(0, endNs - this.input.endNs),
      conflicts: this.conflicts.count,
      groups: this.conflicts.groups,
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
      measured: tally.measured,
      priced: tally.priced,
      uncertain: this.decider.uncertain,
      heats: tally.ofOp.map((one) => one?.heat),
      verdicts: ledger.verdicts,
      errnos: ledger.errnos,
      fidelity: this.fidelity?.counts ?? null,
    };
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
      claims.zapped.any ||
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
    if (fault && claims.zapped.any) return false;
    return fidelity === null || !(fidelity.leases.any || (fault && sizes.undecided(file, c.offset[row]!, nowNs)));
  }

  /** hot: a row of the columns, in its time; `tried`: its short way is closed. False: it comes later, and nothing has happened. */
  take(row: number, tried: boolean): boolean {
    const { threads } = this;
    if (threads !== null) {
      // No kill and no device: whether its thread is late is all there is to ask.
      const due = this.plan.plain[row] === 1 ? !threads.runsApart(this.c.task[row]!) : this.isDue(row, threads);
      if (!due) {
        this.missed(row);
        return false;
      }
    }
    this.step(row, this.c.timeNs[row]!, tried);
    return true;
  }

  /** Everything that was put off up to and including a time. */
  catchUp(timeNs: number): void {
    const { queue } = this;
    while (queue.nextNs <= timeNs && queue.nextNs < Number.POSITIVE_INFINITY) this.later();
  }

  /** A row that went the short way gives blocks to a file by name. */
  named(row: number): void {
    this.hazards.data(row);
  }

  /** A row that went the short way sets the size of a file whose map is recorded. */
  resized(row: number, nowNs: number): void {
    this.sizes.later(row, this.c.op[row]!, this.c.file[row]!, nowNs);
  }

  /** hot: a plain row is refused, whoever asks. True: there is something to come of it, or the lane strays from here on. */
  refuse(row: number, operationCase: number, nowNs: number): boolean {
    const { c, clash, conflicts, fates, files, ledger, plan } = this;
    const file = c.file[row]!;
    const policy = this.policies.of(file);
    const errno = policy.errnoOther[operationCase * MASKS + this.holds.mask[file]!]!;
    const op = c.op[row]!;
    clash.row = row;
    clash.op = op;
    clash.operationCase = operationCase;
    clash.blocked = file;
    clash.errno = errno;
    clash.task = c.task[row]!;
    clash.pid = pidAt(this.input, row);
    ledger.count(row, op, Verdict.deny, errno);
    const isFirst = conflicts.refuse(clash, nowNs);
    fates.deny(c.opId[row]!);
    if (FREES[operationCase] === 1) {
      this.touches.interfered[file] = 1;
      // Refused here and let through there: from now on the file's map is another one.
      if (plan.observed[file] === 0) files.divergeBy(file, row);
    }
    ledger.tally.time(op, nowNs, this.refusalNs, false);
    const tells = isFirst || !files.strayed;
    files.strayed = true;
    return tells;
  }

  /** A row that went the short way ended with a journal commit. */
  committed(row: number, nowNs: number, ns: number, measured: boolean): void {
    const op = this.c.op[row]!;
    this.fates.committed[this.c.opId[row]!] = 1;
    this.ledger.count(row, op, Verdict.commit, 0);
    this.ledger.tally.time(op, nowNs, ns + this.commitNs, measured);
    this.operations.journalCommits++;
  }

  /** Rows that went the short way were on ranges whose map the trace does not tell. */
  unsure(times: number): void {
    this.decider.uncertain += times;
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
    else if (what === Later.limit) this.claims.atLimit(row, nowNs);
    else if (what === Later.interrupt) this.operations.interrupt(row, nowNs);
    else if (what === Later.lease) this.leases.atLimit(row, nowNs);
    else if (what === Later.sealLimit) this.claims.atSealLimit(row, nowNs);
    else if (what === Later.rawEnd) this.devices.rawEnd(row, pidAt(this.input, row), nowNs);
    else this.claims.idle(row, nowNs);
    this.operations.settle(nowNs);
  }

  private runThread(task: number, nowNs: number): void {
    const threads = this.threads!;
    const row = threads.take(task, nowNs);
    if (row === NONE) return;
    this.step(row, nowNs, false);
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
    const { handles, startRow } = this.plan;
    const start = startRow[handles.numberOf[handle]!]!;
    const late = this.late[handles.numberOf[handle]!]!;
    if (start > row || late === 1) return true;
    if (late > 0) this.queue.add(c.timeNs[row]! + late - 1, Later.row, row);
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

  private step(row: number, nowNs: number, tried: boolean): void {
    const { c } = this;
    const op = c.op[row]!;
    const flags = c.flags[row]!;
    if ((flags & Flag.second) === 0) this.nowNs = nowNs;
    if (!tried && this.goesShort(row, nowNs) && this.seat.short(row, nowNs)) return;
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
      this.fidelity?.lookUp(this.files, c, row);
      return;
    }
    const opId = c.opId[row]!;
    const file = c.file[row]!;
    const denied = this.fates.denied(opId) || this.fates.isCut(opId, c.offset[row]! + c.length[row]!);
    const waiter = denied || !this.waits.any ? undefined : this.waits.of(opId);
    if (!denied && waiter === undefined) return this.applyObserved(row, nowNs);
    // What the refused call would have freed stays with the file; what a waiting one frees does so for now.
    if (op === Op.map_remove && file !== NONE) this.files.keep(file, c.offset[row]!, c.length[row]!);
    if (file !== NONE) this.files.divergeBy(file, row);
    waiter?.late.push(row);
  }

  private applyObserved(row: number, nowNs: number): void {
    const { c, fates, files, plan } = this;
    const opId = c.opId[row]!;
    const file = c.file[row]!;
    const parent = plan.opOf[opId]!;
    if (file === NONE) {
      this.effects.observe(row, parent);
      return;
    }
    const removed = c.op[row] !== Op.map_insert && TAKES_AWAY[parent] === 1;
    // Where the map is another one than the recorded, other files may have what the row names.
    if (files.hasDiverged(file)) {
      if (this.changes(file, nowNs, removed, () => this.effects.observe(row, parent))) fates.diverge(opId);
    } else if (files.does(Deed.observe, row, file, nowNs)) {
      this.changes(file, nowNs, removed, () => this.effects.observe(row, parent));
      files.did(0);
    }
    if (c.op[row] === Op.map_insert) this.hazards.data(row);
    if (fates.committed[opId] === 1) files.commit(file);
  }

  /** Runs what may change a file's map, and keeps when it did. */
  private changes(file: number, nowNs: number, removed: boolean, run: () => boolean): boolean {
    const { files } = this;
    const before = files.mapOf(file)?.seq ?? 0;
    const result = run();
    if (removed) files.lose(file);
    if ((files.mapOf(file)?.seq ?? 0) !== before) files.touch(file, nowNs);
    return result;
  }

  private applyModel(row: number, nowNs: number, later: boolean, mostBytes?: number): void {
    const { c, effects, fates, files } = this;
    const second = secondOf(c, row);
    const opId = c.opId[row]!;
    const file = c.file[row]!;
    // Where two files take part, or one that may own what the row names, more than the state of this file decides.
    const alone = second >= 0 || mostBytes !== undefined || (c.addr[row]! >= 0 && files.strayed);
    let replaced = false;
    if (alone) replaced = this.model(row, second, nowNs, mostBytes);
    else if (!effects.leaves(row)) replaced = this.changeFor(row, file, nowNs, 0);
    if (replaced) fates.diverge(opId);
    if (mostBytes === undefined) this.hazards.data(row);
    for (const one of second >= 0 ? [file, c.file[second]!] : [file]) {
      if (one === NONE) continue;
      // Blocks that go later than the call: the device's copy goes with them.
      if (later && takesAway(c, row)) this.claims.revoke(one, null);
      if (fates.committed[opId] === 1) files.commit(one);
    }
  }

  /** The same for all lanes in whose name it acts; `held`: what the range holds, if that was asked. True: as `Effects.model`. */
  changeFor(row: number, file: number, nowNs: number, held: number): boolean {
    const { files } = this;
    if (!files.does(Deed.model, row, file, nowNs)) return files.outcome(file) === 1;
    const before = files.mapOf(file)?.seq ?? 0;
    const replaced = this.effects.model(row, -1, held);
    if (takesAway(this.c, row)) files.lose(file);
    if ((files.mapOf(file)?.seq ?? 0) !== before) files.touch(file, nowNs);
    files.did(replaced ? 1 : 0);
    return replaced;
  }

  private model(row: number, second: number, nowNs: number, mostBytes?: number): boolean {
    const { c, files } = this;
    const there = second < 0 ? NONE : c.file[second]!;
    const before = c.file[row] === NONE ? 0 : (files.mapOf(c.file[row]!)?.seq ?? 0);
    const replaced = this.effects.model(row, second, 0, mostBytes);
    for (const file of [c.file[row]!, there]) {
      if (file === NONE) continue;
      if (takesAway(c, row)) files.lose(file);
      if (second >= 0 || (files.mapOf(file)?.seq ?? 0) !== before) files.touch(file, nowNs);
    }
    return replaced;
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
    this.ledger.tally.time(op, nowNs, ns, measuredNs >= 0);
  }

  /** An access that a change was refused for has been: who was refused may try again. */
  private foretold(row: number, file: number): void {
    if (this.foresight === null) return;
    this.foresight.passed(row);
    this.operations.stir(file);
  }
}
