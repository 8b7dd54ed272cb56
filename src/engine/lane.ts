// One lane: one policy, priced by one cost model, replayed over the columns with its own maps, holds and counters.
// Open timing: every operation starts when the trace says it did; a wait delays that operation only (replay reference, 4).
import type { EventColumns } from '../model/events.js';
import { Flag, OBSERVED_OPS, OPS, Op } from '../model/events.js';
import { ERRNO, type Policy, Verdict } from '../model/policy.js';
import { NONE } from '../model/units.js';
import { Accesses, type Touches } from './accesses.js';
import { Claims } from './claims.js';
import { Conflicts } from './conflicts.js';
import { Decider, Decision } from './decision.js';
import { Effects } from './effects.js';
import { FileSizes, secondOf } from './file-sizes.js';
import { FileStates } from './file-states.js';
import { Hazards } from './hazards.js';
import { HoldTable } from './holds.js';
import type { EngineInput } from './input.js';
import { Ledger } from './ledger.js';
import { Later, TimeQueue } from './queue.js';
import type { Prices } from './recipes.js';
import type { LaneResult } from './result.js';
import type { SealPlan } from './seal-plan.js';
import { Seals, type Unseal } from './seals.js';

const SIGBUS = ERRNO.SIGBUS!;
const EAGAIN = ERRNO.EAGAIN!;

/** What is known of each `opId`'s fate. */
const Fate = { none: 0, denied: 1, delayed: 2, diverged: 3 } as const;

const OBSERVED: Uint8Array = Uint8Array.from(OPS, (name) => (OBSERVED_OPS.includes(name) ? 1 : 0));

/** Ops that may take a range's pages from the file; writeback and writes move blocks under pages that stay. */
const TAKES_AWAY: Uint8Array = Uint8Array.from(OPS, (name) =>
  [
    'truncate',
    'open',
    'punch',
    'zero',
    'collapse',
    'insert',
    'unlink',
    'reflink',
    'dedupe',
    'exchange',
    'swapext',
  ].includes(name)
    ? 1
    : 0,
);

export interface LaneOptions {
  readonly unseal: Unseal;
  /** The policy the trace was recorded under. */
  readonly kernel: Policy;
}

export class Lane {
  readonly policy: Policy;
  readonly files: FileStates;
  private readonly c: EventColumns;
  private readonly plan: SealPlan;
  private readonly prices: Prices;
  private readonly holds: HoldTable;
  private readonly effects: Effects;
  private readonly hazards: Hazards;
  private readonly seals: Seals;
  private readonly ledger: Ledger;
  private readonly queue = new TimeQueue();
  private readonly fate: Uint8Array;
  private readonly opOf: Uint8Array;
  /** By `opId`: 1 when the operation ends with a journal commit in this lane. */
  private readonly committed: Uint8Array;
  private readonly releaseNs = new Map<number, number>();
  private readonly touches: Touches;
  private readonly devices: Accesses;
  private readonly sizes: FileSizes;
  private readonly conflicts: Conflicts;
  private readonly claims: Claims;
  private readonly decision = new Decision();
  private readonly decider: Decider;
  private readonly recorded: boolean;
  private journalCommits = 0;
  private diverged = 0;
  private next = 0;

  constructor(
    input: EngineInput,
    plan: SealPlan,
    policy: Policy,
    prices: Prices,
    firstFreeAddr: number,
    options: LaneOptions,
  ) {
    this.c = input.columns;
    this.plan = plan;
    this.policy = policy;
    this.prices = prices;
    this.files = new FileStates(input.fileCount, input.deviceOf, firstFreeAddr);
    this.holds = new HoldTable(input.fileCount);
    this.effects = new Effects(input.columns, this.files);
    this.hazards = new Hazards(input.columns, this.files, input.fileCount);
    this.seals = new Seals(policy, this.files, this.holds, prices, plan, options.unseal, input.endNs);
    this.ledger = new Ledger(input.columns.rows, input.endNs);
    this.claims = new Claims(input, policy, plan, this.holds, this.seals, this.hazards, this.queue);
    this.conflicts = new Conflicts(input, policy, this.files, this.holds, this.ledger, this.queue);
    this.fate = new Uint8Array(plan.highestId + 1);
    this.opOf = new Uint8Array(plan.highestId + 1);
    this.committed = new Uint8Array(plan.highestId + 1);
    this.touches = { removals: new Uint32Array(input.fileCount), interfered: new Uint8Array(input.fileCount) };
    this.sizes = new FileSizes(input.columns, this.files, this.queue);
    this.recorded = policy.recorded === true;
    this.decider = new Decider(input, policy, options.kernel, this.files, this.holds, this.sizes);
    this.devices = new Accesses({
      columns: this.c,
      policy,
      kernel: options.kernel,
      plan,
      prices,
      holds: this.holds,
      hazards: this.hazards,
      queue: this.queue,
      touches: this.touches,
      diverge: (opId) => this.diverge(opId),
    });
  }

  /** Replays all events up to and including a time. */
  runTo(timeNs: number): void {
    const { c } = this;
    const { rows, timeNs: times } = c;
    while (this.next < rows && times[this.next]! <= timeNs) {
      const row = this.next++;
      if (this.queue.nextNs <= times[row]!) this.drain(times[row]!);
      this.step(row);
    }
    this.drain(timeNs);
  }

  finish(): LaneResult {
    this.runTo(Number.POSITIVE_INFINITY);
    this.seals.finish();
    const { ledger, hazards } = this;
    return {
      policy: this.policy,
      operations: ledger.operations,
      counts: ledger.counts,
      denied: ledger.denied,
      latency: ledger.latency,
      wait: ledger.wait,
      stillWaiting: this.claims.stillWaiting,
      conflicts: ledger.conflicts,
      groups: [...ledger.groups.values()],
      hazards: hazards.rows,
      hazardBytes: hazards.bytes,
      hazardClasses: hazards.classes,
      hazardCount: hazards.count,
      seals: this.seals.rows,
      journalCommits: this.journalCommits,
      deviceRefaults: this.devices.deviceRefaults,
      diverged: this.diverged,
      measured: ledger.measured,
      priced: ledger.priced,
      uncertain: this.decider.uncertain,
      heat: ledger.heat,
      verdicts: ledger.verdicts,
      errnos: ledger.errnos,
      fidelity: this.decider.fidelity?.counts ?? null,
    };
  }

  private step(row: number): void {
    const { c } = this;
    const op = c.op[row]!;
    const flags = c.flags[row]!;
    if (OBSERVED[op] === 1 || ((op === Op.collapse || op === Op.insert) && (flags & Flag.observed) !== 0))
      this.observation(row);
    else if (op === Op.dma_read || op === Op.dma_write) this.deviceAccess(row);
    else if ((flags & Flag.second) === 0) this.operation(row);
  }

  private drain(timeNs: number): void {
    const { queue } = this;
    while (queue.nextNs <= timeNs && queue.take()) {
      const row = queue.takenRow;
      if (queue.takenWhat === Later.observe) this.applyObserved(row);
      else if (queue.takenWhat === Later.model) this.applyModel(row, queue.takenNs);
      else if (queue.takenWhat === Later.dropHold) this.claims.breakHold(row, queue.takenNs);
      else if (queue.takenWhat === Later.after) this.conflicts.after(row);
      else if (queue.takenWhat === Later.size) this.sizes.apply(row, this.c.op[row]!, this.c.file[row]!);
      else this.devices.end(row);
    }
  }

  // --- observations

  private observation(row: number): void {
    const { c } = this;
    const op = c.op[row]!;
    if (op === Op.commit) {
      this.files.dirty.fill(0);
      return;
    }
    if (op === Op.map_seen) {
      this.decider.fidelity?.lookUp(this.files, c, row);
      return;
    }
    const opId = c.opId[row]!;
    const fate = this.fate[opId]!;
    if (fate === Fate.denied) {
      const file = c.file[row]!;
      // What the refused call would have freed stays with the file.
      if (op === Op.map_remove && file !== NONE) this.files.keep(file, c.offset[row]!, c.length[row]!);
      if (file !== NONE) this.files.diverged[file] = 1;
      return;
    }
    if (fate === Fate.delayed) {
      const release = this.releaseNs.get(opId) ?? 0;
      if (release > c.timeNs[row]!) {
        if (c.file[row] !== NONE) this.files.diverged[c.file[row]!] = 1;
        this.queue.add(release, Later.observe, row);
        return;
      }
    }
    this.applyObserved(row);
  }

  private applyObserved(row: number): void {
    const { c } = this;
    const opId = c.opId[row]!;
    const differs = this.effects.observe(row, this.opOf[opId]!);
    if (differs) this.diverge(opId);
    const file = c.file[row]!;
    if (file === NONE) return;
    this.touched(file, c.timeNs[row]!, c.op[row] !== Op.map_insert && TAKES_AWAY[this.opOf[opId]!] === 1);
    if (this.committed[opId] === 1) this.files.dirty[file] = 0;
  }

  private touched(file: number, timeNs: number, removed: boolean): void {
    if (removed) this.touches.removals[file]!++;
    this.hazards.changedNs[file] = timeNs;
  }

  private diverge(opId: number): void {
    if (this.fate[opId] === Fate.diverged) return;
    if (opId !== 0 && this.fate[opId] === Fate.none) this.fate[opId] = Fate.diverged;
    this.diverged++;
  }

  private applyModel(row: number, timeNs: number): void {
    const second = secondOf(this.c, row);
    const { c } = this;
    if (this.effects.model(row, second)) this.diverge(c.opId[row]!);
    const takesAway = TAKES_AWAY[c.op[row]!] === 1;
    for (const at of second < 0 ? [row] : [row, second]) {
      const file = c.file[at]!;
      if (file === NONE) continue;
      this.touched(file, timeNs, takesAway);
      // Blocks that go later than the call: the device's copy goes with them.
      if (takesAway && timeNs > c.timeNs[row]! && this.policy.devicePages === true) this.claims.revoke(file);
      if (this.committed[c.opId[row]!] === 1) this.files.dirty[file] = 0;
    }
  }

  // --- operations

  private operation(row: number): void {
    const d = this.decision;
    if (!this.decider.read(d, row)) return;
    this.opOf[d.opId] = d.op;
    d.sealNs = this.seal(d);
    this.decider.decide(d);
    if (d.verdict === Verdict.recall && (d.flags & Flag.nowait) !== 0) {
      // Who will not wait is told so, and the break starts all the same.
      this.claims.startBreak(d.blocked, d.timeNs);
      d.verdict = Verdict.deny;
      d.errno = EAGAIN;
    }
    const waits = d.verdict === Verdict.wait || d.verdict === Verdict.recall;
    d.waitNs = waits ? this.claims.waitFor(d.blocked, d.verdict, d.timeNs) : 0;
    if (waits && this.claims.endless) this.fate[d.opId] = Fate.denied;
    if (d.counted) {
      this.account(d);
      // A fault past the end of file fails under every policy, and a call that failed for reasons of its own is nobody's conflict.
      if (d.verdict >= Verdict.revoke && !d.beyond && (!this.recorded || sealErrno(d.errno))) this.conflicts.add(d);
    }
    this.carryOut(d);
  }

  /** Seals that an application would have called before this operation; what they cost. */
  private seal(d: Decision): number {
    const there = this.fileOf(d.second);
    const here = d.file === NONE ? 0 : this.claims.sealBefore(d.row, d.file, d.timeNs);
    return there === NONE ? here : here + this.claims.sealBefore(d.second, there, d.timeNs);
  }

  private fileOf(row: number): number {
    return row < 0 ? NONE : this.c.file[row]!;
  }

  private account(d: Decision): void {
    const { c, ledger, prices } = this;
    const { row, op, verdict } = d;
    ledger.count(row, op, verdict, d.errno);
    const recordedNs = c.latencyNs[row]!;
    const bytes = op === Op.truncate ? 0 : Math.max(0, c.length[row]!);
    let measured = recordedNs >= 0;
    let ns = measured ? recordedNs : prices.fixedNs[op]! + prices.nsPerByte[op]! * bytes;
    if (!this.recorded) {
      if (verdict === Verdict.deny && (d.result >= 0 || !measured)) {
        ns = prices.price('refuse');
        measured = false;
      } else if (verdict === Verdict.commit) {
        ns += prices.price('commit');
        this.journalCommits++;
      } else if (verdict === Verdict.revoke) ns += prices.price('invalidate');
      else if (verdict === Verdict.wait || verdict === Verdict.recall) {
        // The recording may hold the very wait; it is not counted twice.
        ns = Math.max(ns, d.waitNs + prices.fixedNs[op]!);
        ledger.wait.record(d.waitNs);
      }
      ns += d.sealNs;
    }
    ledger.time(op, d.timeNs, ns, measured);
  }

  // --- effects

  private carryOut(d: Decision): void {
    const { file, second, verdict, opId, timeNs } = d;
    const failed = d.result < 0;
    const there = this.fileOf(second);
    if (verdict >= Verdict.revoke && d.frees) {
      if (file !== NONE) this.touches.interfered[file] = 1;
      if (there !== NONE) this.touches.interfered[there] = 1;
    }
    if (verdict === Verdict.deny && !this.recorded) return this.refuse(d);
    // The recording refused what this policy lets through: what it would have done is not in the trace.
    if (!this.recorded && failed && sealErrno(-d.result) && d.operationCase >= 0 && verdict <= Verdict.recall)
      this.diverge(opId);
    if (verdict === Verdict.revoke) {
      if (file !== NONE) this.claims.revoke(file);
      if (there !== NONE) this.claims.revoke(there);
    } else if (verdict === Verdict.commit) this.committed[opId] = 1;
    if (d.frees && verdict < Verdict.revoke && !this.recorded && !failed) this.devices.freed(d);
    const release = timeNs + d.waitNs;
    if (d.waitNs > 0 && this.fate[opId] !== Fate.denied) {
      this.fate[opId] = Fate.delayed;
      this.releaseNs.set(opId, release);
    }
    if (this.fate[opId] === Fate.denied || failed) return;
    if (file !== NONE && this.plan.observed[file] === 0) this.modelFrom(d, release);
    else if (file !== NONE) this.sizes.later(d.row, d.op, file, release);
    this.claims.take(d);
    this.claims.spoil(d);
  }

  private refuse(d: Decision): void {
    this.fate[d.opId] = Fate.denied;
    // Refused here and let through there: from now on the file's map is another one, if the call changed it.
    if (d.result < 0 || d.file === NONE || this.plan.observed[d.file] === 1 || !d.frees) return;
    this.files.diverged[d.file] = 1;
    this.keepBlocks(d.row, d.second);
  }

  /** Applies what the call does to maps that were not recorded, at once or when what holds it back is gone. */
  private modelFrom(d: Decision, release: number): void {
    const at = Math.max(release, this.plan.goneNs.get(d.row) ?? 0);
    if (at > d.timeNs) {
      this.keepBlocks(d.row, d.second);
      if (at < Number.POSITIVE_INFINITY) this.queue.add(at, Later.model, d.row);
    } else this.applyModel(d.row, d.timeNs);
    if (d.op === Op.fsync || d.op === Op.msync) this.files.dirty[d.file] = 0;
  }

  /** What a call of the trace frees at once, and this lane later or never: the trace may hand it to somebody else before. */
  private keepBlocks(row: number, second: number): void {
    for (const at of second < 0 ? [row] : [row, second])
      if (this.c.file[at] !== NONE) this.files.keep(this.c.file[at]!, 0, Number.POSITIVE_INFINITY);
  }

  // --- devices

  private deviceAccess(row: number): void {
    const { c } = this;
    const op = c.op[row]!;
    const flags = c.flags[row]!;
    const handle = c.handle[row]!;
    const file = c.file[row]!;
    const timeNs = c.timeNs[row]!;
    if (file === NONE) return;
    let ns =
      c.latencyNs[row]! >= 0
        ? c.latencyNs[row]!
        : this.prices.fixedNs[op]! + this.prices.nsPerByte[op]! * Math.max(0, c.length[row]!);
    if (handle !== 0) ns += this.devices.through(row, handle);
    else this.devices.seen(row, file, flags);
    if ((flags & Flag.second) !== 0) return;
    this.ledger.count(row, op, Verdict.proceed, 0);
    this.ledger.time(op, timeNs, ns, c.latencyNs[row]! >= 0);
  }
}

/** errnos that a seal of one kind or another answers with; others tell of something else. */
export function sealErrno(errno: number): boolean {
  return errno === ERRNO.ETXTBSY || errno === ERRNO.EPERM || errno === ERRNO.EBUSY || errno === SIGBUS;
}
