// The operations of one lane: decided, counted, made to wait, carried out. The one way an operation goes, in open and closed time.
import type { EventColumns } from '../model/events.js';
import { Flag, Op, opSet } from '../model/events.js';
import { Case, ERRNO, Verdict } from '../model/policy.js';
import { NONE } from '../model/units.js';
import { isFault, reachOf } from './cases.js';
import type { Coherence } from './coherence.js';
import { Decision } from './decision.js';
import { unlinkedBy } from './file-sizes.js';
import type { LaneParts } from './parts.js';
import { Later } from './queue.js';
import type { DeadlockRow } from './result.js';
import { filesOf, type Waiter, type WaitsFor, waitOf } from './waits.js';

/** Ops that ask for a claim, which a policy may turn down. */
const REQUESTS = opSet(['seal', 'mmap', 'lease', 'layout_get', 'swapon', 'address_query']);
const SIGBUS = ERRNO.SIGBUS!;
const EAGAIN = ERRNO.EAGAIN!;
const EFBIG = ERRNO.EFBIG!;
const RECALLCONFLICT = ERRNO.RECALLCONFLICT!;

const NONE_LIFTED: readonly number[] = [];

/** How the application answers a refusal (replay reference, section 3). */
export type OnDeny = { readonly kind: 'skip' | 'unseal' } | { readonly kind: 'retry'; readonly ns: number };

export class Operations {
  journalCommits = 0;
  stillWaiting = 0;
  interrupted = 0;
  readonly deadlocks: DeadlockRow[] = [];
  private readonly parts: LaneParts;
  private readonly c: EventColumns;
  private readonly recorded: boolean;
  private readonly scratch = new Decision();
  /** Files where somebody who waits may go on. */
  private readonly stirred = new Set<number>();

  constructor(parts: LaneParts) {
    this.parts = parts;
    this.c = parts.columns;
    this.recorded = parts.policies.recorded;
  }

  /** One operation of the trace begins. */
  begin(row: number, nowNs: number): void {
    const { parts } = this;
    const d = this.scratch;
    if (!parts.decider.read(d, row, nowNs)) return;
    d.sealNs = this.sealsBefore(d);
    if (this.parts.leases.any && this.meetsLease(d, nowNs)) return;
    this.decide(d);
    if (!this.recorded) this.amend(d);
    const wait = this.waitOf(d);
    if (d.verdict === Verdict.recall) this.startBreaks(d);
    this.go(d, wait, nowNs);
  }

  private go(d: Decision, wait: WaitsFor | null, nowNs: number): void {
    if (d.counted) this.count(d);
    this.interfere(d);
    this.stirRetries(d);
    if (wait !== null) return this.park(d, wait);
    this.complete(d, nowNs);
    this.parts.over(d.row, nowNs);
  }

  /**
   * An ordinary lease comes before everything that a policy says of an open or a truncate: it is asked back, and who will not wait is
   * told so. What the policy says is asked when the lease is gone.
   */
  private meetsLease(d: Decision, nowNs: number): boolean {
    const { conflicts, decider, leases } = this.parts;
    const [lease = null] = leases.inTheWay(d);
    if (lease === null) return false;
    d.lease = lease;
    decider.decide(d);
    d.insideBytes = -1;
    leases.startBreak(d, nowNs);
    if ((d.flags & Flag.nowait) !== 0) {
      deny(d, EAGAIN);
      this.go(d, null, nowNs);
      return true;
    }
    d.leased = true;
    d.blocked = d.file;
    d.also = NONE;
    d.verdict = Verdict.recall;
    d.errno = 0;
    if (d.counted) d.conflict = conflicts.add(d);
    this.interfere(d);
    this.park(d, 'lease');
    return true;
  }

  /** Its leases are gone: asks the policy, and returns false unless that makes it wait once more. */
  private asksAgain(d: Decision, late: readonly number[], nowNs: number): boolean {
    const { conflicts, ledger } = this.parts;
    const first = d.conflict;
    d.leased = false;
    d.askedNs = nowNs;
    this.decide(d);
    this.amend(d);
    const isWeaker = d.verdict < Verdict.recall;
    if (d.counted) ledger.count(d.row, d.op, isWeaker ? Verdict.recall : d.verdict, d.errno);
    if (isWeaker) return false;
    // Two things stood in its way, one after the other.
    if (d.counted) {
      d.lease = null;
      if (first !== null) conflicts.over(first, d.row, d.timeNs, d.waitNs);
      d.conflict = conflicts.add(d);
    }
    const what = this.waitOf(d);
    if (d.verdict === Verdict.recall) this.startBreaks(d);
    if (what === null) return false;
    this.park(d, what, late);
    return true;
  }

  /** Whatever an operation does to a file may let those through that try again. */
  private stirRetries(d: Decision): void {
    if (this.parts.waits.retrying === 0) return;
    for (const file of [d.file, this.fileOf(d.second)]) if (file !== NONE) this.stir(file);
  }

  /** A file lost a hold, a user, or a sleeper. */
  stir(file: number): void {
    this.stirred.add(file);
  }

  /** Lets those go on whose way is free. Nothing else happens at this time before it. */
  settle(nowNs: number): void {
    const { waits, releases } = this.parts;
    while (this.stirred.size > 0) {
      const [file] = this.stirred;
      this.stirred.delete(file!);
      releases.of(file!, nowNs);
      if (!waits.any) continue;
      for (const waiter of [...waits.on(file!)]) this.look(waiter, nowNs);
    }
  }

  /** A waiter that looks by itself from time to time does so; `row` is its operation's. */
  wake(row: number, nowNs: number): void {
    const { waits } = this.parts;
    const waiter = waits.ofRow(row);
    if (waiter === undefined) return;
    if (!this.heldBack(waiter, nowNs)) this.resume(waiter, nowNs);
    else if (waiter.what === 'pins') waits.sleep(waiter);
  }

  /** A signal ends the waits of a killed process: nothing of what they wanted happens. */
  kill(pid: number, nowNs: number): void {
    const { waits } = this.parts;
    for (const waiter of waits.all())
      if (waiter.decision.pid === pid) {
        this.interrupted++;
        this.giveUp(waiter, nowNs);
      }
  }

  /** The recorded call ended here for a signal, which comes whatever it waits for; if it still does, nothing of it happens. */
  interrupt(row: number, nowNs: number): void {
    const { threads, waits } = this.parts;
    const waiter = waits.ofRow(row);
    if (waiter === undefined || waiter.done) return;
    this.interrupted++;
    this.giveUp(waiter, nowNs);
    threads?.release(waiter.decision.task, 0, nowNs);
  }

  /** The trace is over: who waits now waits for ever. */
  finish(endNs: number): void {
    for (const waiter of this.parts.waits.all()) {
      this.stillWaiting++;
      this.giveUp(waiter, Math.max(endNs, waiter.sinceNs));
    }
  }

  // --- before

  private decide(d: Decision): void {
    const { decider, foresight } = this.parts;
    decider.decide(d);
    // What the table refuses changes nothing.
    if (d.verdict !== Verdict.deny && foresight?.refuses(d) === true) deny(d, isFault(d.op) ? SIGBUS : ERRNO.ETXTBSY!);
  }

  /** Seals that an application would have called before this operation; what they cost. */
  private sealsBefore(d: Decision): number {
    const { claims } = this.parts;
    const there = this.fileOf(d.second);
    const here = d.file === NONE ? 0 : claims.sealBefore(d.row, d.file, d.pid, d.timeNs);
    return there === NONE ? here : here + claims.sealBefore(d.second, there, d.pid, d.timeNs);
  }

  private fileOf(row: number): number {
    return row < 0 ? NONE : this.c.file[row]!;
  }

  /** What the table cannot say: requests that are turned down, mappings that a broken lease took away, impatient callers. */
  private amend(d: Decision): void {
    const { claims, policies } = this.parts;
    if (isFault(d.op)) {
      if (claims.barsFault(d)) deny(d, SIGBUS);
      else if (d.verdict === Verdict.proceed && claims.commitsFault(d)) d.verdict = Verdict.commit;
      const { breaks } = policies.of(d.file);
      if (breaks?.faultsBreak === true && d.verdict === Verdict.deny && !d.beyond) claims.startBreak(d.file, d.askedNs);
    } else if (REQUESTS[d.op] === 1) {
      const refusal = claims.turnsDown(d);
      if (refusal !== 0) deny(d, refusal);
      if (refusal === RECALLCONFLICT) claims.startBreak(d.file, d.askedNs, d.pid);
    }
    if (d.errno === EFBIG && policies.of(d.file).shortWrites === 'nothing') writeNothing(d);
    if (d.verdict !== Verdict.recall || (d.flags & Flag.nowait) === 0) return;
    // Who will not wait is told so, and the break starts all the same.
    this.startBreaks(d);
    deny(d, EAGAIN);
  }

  private startBreaks(d: Decision): void {
    for (const file of filesOf(d)) this.parts.claims.startBreak(file, d.askedNs);
  }

  private waitOf(d: Decision): WaitsFor | null {
    const { waits, onDeny } = this.parts;
    if (this.recorded) return null;
    if (d.waits) return waits.heldBack(d, waitOf(d.verdict)) ? waitOf(d.verdict) : null;
    if (d.verdict === Verdict.deny) return onDeny.kind === 'retry' && retries(d) && !this.fallsBack(d) ? 'retry' : null;
    if ((d.op !== Op.read && d.op !== Op.write) || !waits.any || !waits.keepsLock(d.file)) return null;
    d.blocked = d.file;
    d.also = NONE;
    return 'lock';
  }

  private count(d: Decision): void {
    const { ledger, conflicts } = this.parts;
    ledger.count(d.row, d.op, d.verdict, d.errno);
    // A fault past the end of file fails under every policy, and a call that failed for reasons of its own is nobody's conflict.
    if (d.verdict >= Verdict.revoke && !d.beyond && (!this.recorded || sealErrno(d.errno)))
      d.conflict = conflicts.add(d);
  }

  /** The recording just made a change that this lane refuses, delays or announces. */
  private interfere(d: Decision): void {
    if (d.verdict < Verdict.revoke || !d.frees) return;
    const { interfered } = this.parts.touches;
    if (d.file !== NONE) interfered[d.file] = 1;
    const there = this.fileOf(d.second);
    if (there !== NONE) interfered[there] = 1;
  }

  // --- waiting

  private park(d: Decision, what: WaitsFor, late: readonly number[] = []): void {
    const { waits, threads, onDeny, policies } = this.parts;
    const decision = Object.assign(new Decision(), d);
    // The other file may be what refuses it the next time.
    if (what === 'retry') decision.also = [d.file, this.fileOf(d.second)].find((file) => file !== d.blocked) ?? NONE;
    const pollNs =
      what === 'retry' && onDeny.kind === 'retry'
        ? onDeny.ns
        : what === 'lease' && !d.leased
          ? (policies.of(d.blocked).breaks?.pollNs ?? 0)
          : 0;
    // Who queues behind a lock in open time delays nothing but its own return.
    const done = what === 'lock' && threads === null;
    const waiter: Waiter = {
      ...{ decision, what, sinceNs: d.timeNs, done, late: [...late], pollNs },
      ...{ sleepsOn: 0, sleepsAt: -1, sleeps: 0, woken: false },
    };
    const sleeper = what === 'lock' ? waits.on(d.blocked).find((one) => one.what === 'pins') : undefined;
    if (sleeper !== undefined && sleeper.decision.conflict?.row === sleeper.decision.row)
      sleeper.decision.conflict.queued++;
    waits.add(waiter);
    if (what === 'pins') waits.sleep(waiter);
    const latencyNs = this.c.latencyNs[d.row]!;
    if (isInterrupted(d.result) && latencyNs >= 0 && what !== 'retry')
      this.parts.queue.add(d.timeNs + latencyNs, Later.interrupt, d.row);
    this.parts.files.strayed = true;
    if (done) return this.carryOut(decision, d.timeNs);
    if (threads === null) return;
    threads.block(d.task, d.row);
    const tasks = waits.ring(waiter);
    if (tasks.length > 0) this.deadlocks.push({ timeNs: d.timeNs, file: d.blocked, row: d.row, tasks });
  }

  private look(waiter: Waiter, nowNs: number): void {
    // Linux 6.1: the pin that goes does not wake it (seal-semantics section 10.1).
    const { behaviour } = this.parts.policies.of(waiter.decision.blocked);
    if (waiter.what === 'pins' && behaviour.waitEnds === 'signal') return;
    if (waiter.what === 'pins' && this.wakesLater(waiter, nowNs)) return;
    if (this.heldBack(waiter, nowNs) || this.sleepsOn(waiter, nowNs)) return;
    const { pollNs, decision } = waiter;
    const { askedNs } = decision;
    // Who tries again does so after a pause; who looks whether a holder is gone may find so at once.
    const looks = pollNs === 0 ? 0 : Math.max(Math.ceil((nowNs - askedNs) / pollNs), waiter.what === 'retry' ? 1 : 0);
    const dueNs = pollNs === 0 ? nowNs : askedNs + looks * pollNs;
    if (dueNs > nowNs) this.parts.queue.wakeAt(dueNs, decision.row);
    else this.resume(waiter, nowNs);
  }

  /** Until a sleeper that is woken runs and looks, as much time passes as was measured; false where none was. */
  private wakesLater(waiter: Waiter, nowNs: number): boolean {
    const { plan, queue, waits } = this.parts;
    const afterNs = plan.wakes.get(waiter.decision.opId);
    if (afterNs === undefined) return false;
    if (waiter.woken || waits.isAsleep(waiter)) return true;
    waiter.woken = true;
    queue.wakeAt(nowNs + afterNs[Math.min(waiter.sleeps++, afterNs.length - 1)]!, waiter.decision.row);
    return true;
  }

  /** Its way is free, but it was seen to sleep through such a pause, which lasts as long as it did; then it looks. */
  private sleepsOn(waiter: Waiter, nowNs: number): boolean {
    const { plan, queue } = this.parts;
    const { opId, row } = waiter.decision;
    const pausesNs = waiter.what === 'pins' && !plan.wakes.has(opId) ? plan.pauses.get(opId) : undefined;
    if (pausesNs === undefined || waiter.woken) return waiter.woken;
    const pauseNs = pausesNs[waiter.sleeps++];
    if (pauseNs === undefined) return false;
    waiter.woken = true;
    // Just after the pin that it found next was taken.
    queue.wakeAt(nowNs + pauseNs + 1, row);
    return true;
  }

  private heldBack({ decision, what }: Waiter, nowNs: number): boolean {
    const { waits, claims, leases } = this.parts;
    if (what !== 'retry') return waits.heldBack(decision, what);
    const again = Object.assign(new Decision(), decision, { timeNs: nowNs, askedNs: nowNs });
    if (leases.inTheWay(again).length > 0) return true;
    this.decide(again);
    decision.insideBytes = again.insideBytes;
    return again.verdict === Verdict.deny || claims.refusal(again) !== 0;
  }

  private resume(waiter: Waiter, nowNs: number): void {
    const { waits, threads } = this.parts;
    const { decision: d, late } = waiter;
    waits.remove(waiter);
    d.waitNs = nowNs - waiter.sinceNs;
    d.retried = waiter.what === 'retry';
    if (d.leased && this.asksAgain(d, late, nowNs)) return;
    const lateNs = waiter.done ? this.settleTime(d) : this.complete(d, nowNs);
    for (const row of late) this.parts.observe(row, nowNs);
    threads?.release(d.task, lateNs, nowNs);
    if (threads !== null && d.conflict?.row === d.row) d.conflict.lateNs = lateNs;
    if (!waiter.done) this.parts.over(d.row, nowNs);
    // A sleeper that kept the lock gives it back.
    for (const file of filesOf(d)) this.stir(file);
    this.stirRetries(d);
  }

  /** Its wait ends without what it waited for: it is as if it had been refused. */
  private giveUp(waiter: Waiter, nowNs: number): void {
    const { waits, fates } = this.parts;
    const { decision: d, late } = waiter;
    waits.remove(waiter);
    d.waitNs = nowNs - waiter.sinceNs;
    if (d.leased && d.counted) this.parts.ledger.count(d.row, d.op, Verdict.recall, 0);
    this.settleTime(d);
    if (!waiter.done) fates.deny(d.opId);
    for (const row of late) this.parts.observe(row, nowNs);
    for (const file of filesOf(d)) this.stir(file);
  }

  // --- carrying out

  /** Returns by how much the wait makes the thread later than the recording, ns. */
  private complete(d: Decision, nowNs: number): number {
    this.carryOut(d, nowNs);
    return this.settleTime(d);
  }

  private settleTime(d: Decision): number {
    if (d.conflict !== null) this.parts.conflicts.over(d.conflict, d.row, d.timeNs, d.waitNs);
    return d.counted ? this.account(d) : 0;
  }

  private account(d: Decision): number {
    const { ledger, plan, prices } = this.parts;
    const { row, op, verdict } = d;
    const recordedNs = this.c.latencyNs[row]!;
    const whole = op === Op.truncate ? 0 : Math.max(0, this.c.length[row]!);
    const bytes = d.insideBytes < 0 ? whole : d.insideBytes;
    let measured = recordedNs >= 0;
    const plainNs = measured ? recordedNs : prices.fixedNs[op]! + prices.nsPerByte[op]! * bytes;
    let ns = plainNs;
    if (!this.recorded) {
      const seenNs = measured ? plan.waitedNs[d.opId]! : 0;
      if (seenNs > 0) ns = this.workAndWait(d, seenNs, recordedNs);
      const pastLease = d.lease !== null && verdict !== Verdict.deny;
      if (d.waits || d.waitNs > 0 || pastLease) {
        // The recording may hold the very wait; it is not counted twice.
        if (seenNs === 0) ns = Math.max(ns, d.waitNs + prices.fixedNs[op]!);
        const first = d.waits || verdict === Verdict.deny || pastLease;
        (first ? ledger.wait : ledger.secondary).record(d.waitNs);
        if (first) ledger.waitNs.set(row, d.waitNs);
      } else if ((verdict === Verdict.deny || d.short) && (d.result >= 0 || !measured)) {
        ns = prices.price('refuse');
        measured = false;
      }
    }
    const lateNs = Math.max(0, ns - plainNs);
    if (!this.recorded) {
      if (verdict === Verdict.commit) {
        ns += prices.price('commit');
        this.journalCommits++;
      } else if (verdict === Verdict.revoke) ns += prices.price('invalidate');
      ns += d.sealNs;
    }
    ledger.tally.time(op, d.timeNs, ns, measured);
    return d.waitNs > 0 ? lateNs : 0;
  }

  /** The recorded run was seen to wait: a wait of this lane takes its place, from the beginning of the operation on. */
  private workAndWait(d: Decision, seenNs: number, recordedNs: number): number {
    const { waitedFromNs } = this.parts.plan;
    const beforeNs = Math.max(0, waitedFromNs[d.opId]! - this.c.timeNs[d.row]!);
    return Math.max(beforeNs, d.waitNs) + Math.max(0, recordedNs - seenNs - beforeNs);
  }

  private carryOut(d: Decision, nowNs: number): void {
    const { claims, coherence, devices, fates, files, leases, plan, sizes } = this.parts;
    const { file, verdict, opId } = d;
    const failed = d.result < 0;
    const retried = verdict === Verdict.deny && d.retried;
    const lifted = verdict === Verdict.deny && !retried ? this.lift(d, nowNs) : NONE_LIFTED;
    const refused = verdict === Verdict.deny && !this.recorded && !retried && lifted.length === 0;
    if (refused || d.short) return this.refuse(d, nowNs);
    // The recording refused what this policy lets through: what it would have done is not in the trace.
    if (!this.recorded && failed && sealErrno(-d.result) && d.operationCase >= 0) fates.diverge(opId);
    this.revoke(d);
    if (verdict === Verdict.commit) {
      // Whatever was uncommitted goes with it, and so does what the call itself changes.
      fates.committed[opId] = 1;
      files.commit(file);
    }
    if (d.frees && verdict < Verdict.revoke && !this.recorded && !failed) devices.freed(d);
    if (!failed) {
      if (d.insideBytes >= 0) this.writeInside(d, nowNs);
      else if (file !== NONE && plan.observed[file] === 0) this.model(d, nowNs);
      else if (file !== NONE) sizes.later(d.row, d.op, file, nowNs);
      if ((d.flags & Flag.raw) !== 0) devices.raw(d, nowNs);
      if (coherence !== null) this.handOver(d, coherence);
      claims.take(d, nowNs);
      if (!this.recorded) leases.see(d, nowNs);
    }
    this.sealAgain(d, lifted, nowNs);
  }

  /** Devices on demand lose their translation, also where something stronger was decided than that. */
  private revoke(d: Decision): void {
    const { claims, files, policies } = this.parts;
    for (const row of [d.row, d.second]) {
      const file = this.fileOf(row);
      if (file === NONE || (d.verdict !== Verdict.revoke && !claims.revokes(file, d.operationCase))) continue;
      const ranged = policies.of(file).rangedMask !== 0;
      claims.revoke(file, ranged ? reachOf(this.c, row, files.sizeOf(file)) : null);
      if (d.verdict !== Verdict.revoke) d.sealNs += this.parts.prices.price('invalidate');
    }
  }

  /** The CPU takes over what devices stored, leaves what it stores; what an operation takes away nobody meets any more. */
  private handOver(d: Decision, coherence: Coherence): void {
    d.sealNs += coherence.ran(d);
    const gone = unlinkedBy(this.c, d.row);
    for (const row of d.frees ? [d.row, d.second] : [gone]) {
      const file = this.fileOf(row);
      if (file === NONE) continue;
      const { from, to } = reachOf(this.c, row, this.parts.files.sizeOf(file));
      coherence.forget(file, from, to);
    }
  }

  /** A write that ends where the file does: no block is added, and the rest of what the recording shows is not done. */
  private writeInside(d: Decision, nowNs: number): void {
    const { applyModel, fates, files, plan } = this.parts;
    files.strayed = true;
    fates.cut(d.opId, this.c.offset[d.row]! + d.insideBytes);
    if (plan.observed[d.file] === 0) applyModel(d.row, nowNs, false, d.insideBytes);
    else files.divergeBy(d.file, d.row);
  }

  /** A long-term pin was refused to an application that knows another way (on_refused_pin). */
  private fallsBack({ operationCase, verdict, file, result }: Decision): boolean {
    if (operationCase !== Case.pin_long || verdict !== Verdict.deny || result < 0 || this.recorded) return false;
    return this.parts.policies.of(file).behaviour.onRefusedPin !== 'abort';
  }

  private fallBack(d: Decision, nowNs: number): void {
    const { claims, policies, prices } = this.parts;
    if (policies.of(d.file).behaviour.onRefusedPin === 'odp') {
      claims.onDemand(d, nowNs);
      d.sealNs += prices.price('register');
    } else claims.buffer(d);
  }

  private refuse(d: Decision, nowNs: number): void {
    const { fates, files, plan } = this.parts;
    fates.deny(d.opId);
    files.strayed = true;
    if (this.fallsBack(d)) this.fallBack(d, nowNs);
    // Refused here and let through there: from now on the file's map is another one, if the call changed it.
    if (d.result < 0 || d.file === NONE || plan.observed[d.file] === 1 || !d.frees) return;
    files.divergeBy(d.file, d.row);
  }

  /**
   * The refused application takes the seals back, to do its work and seal again; nobody may map a file meanwhile. Returns
   * the files; none when it is refused all the same.
   */
  private lift(d: Decision, nowNs: number): readonly number[] {
    const { claims, decider, onDeny } = this.parts;
    if (onDeny.kind !== 'unseal' || !retries(d) || this.fallsBack(d)) return NONE_LIFTED;
    const lifted = filesOf(d).filter((file) => claims.liftSeal(file, nowNs));
    const again = Object.assign(new Decision(), d);
    if (lifted.length > 0) decider.decide(again);
    if (again.verdict !== Verdict.deny) return lifted;
    this.sealAgain(d, lifted, nowNs);
    return NONE_LIFTED;
  }

  private sealAgain(d: Decision, lifted: readonly number[], nowNs: number): void {
    const { claims, prices } = this.parts;
    for (const file of lifted) d.sealNs += prices.price('commit') + claims.sealAgain(d, file, nowNs);
  }

  /** Applies what the call does to maps that were not recorded: at once, or when nobody uses the unlinked file any more. */
  private model(d: Decision, nowNs: number): void {
    const { releases } = this.parts;
    const gone = unlinkedBy(this.c, d.row);
    if (gone >= 0 && releases.later(this.fileOf(gone), gone)) this.parts.files.strayed = true;
    else this.parts.applyModel(d.row, nowNs, false);
    // Where changes were recorded, commits were as well.
    if (d.op === Op.fsync || d.op === Op.msync) this.parts.files.commit(d.file);
  }
}

/** Ended by a signal: EINTR, or begun anew by the kernel after it. */
const isInterrupted = (result: number): boolean => result === -ERRNO.EINTR! || (result <= -512 && result >= -516);

/** A write that would be refused for its end returns a count of 0 instead. */
function writeNothing(d: Decision): void {
  d.verdict = Verdict.proceed;
  d.errno = 0;
  d.short = true;
}

function deny(d: Decision, errno: number): void {
  d.verdict = Verdict.deny;
  d.errno = errno;
}

/** A refusal that an application can answer: not of a fault, which kills it, and not for want of patience. */
const retries = (d: Decision): boolean =>
  d.counted && !isFault(d.op) && d.blocked !== NONE && sealErrno(d.errno) && d.operationCase >= 0;

/** errnos that a seal of one kind or another answers with; others tell of something else. */
export function sealErrno(errno: number): boolean {
  return errno === ERRNO.ETXTBSY || errno === ERRNO.EPERM || errno === ERRNO.EBUSY || errno === SIGBUS;
}
