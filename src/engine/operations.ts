// The operations of one lane: decided, counted, made to wait, carried out. The one way an operation goes, in open and closed time.
import type { EventColumns } from '../model/events.js';
import { Flag, Op } from '../model/events.js';
import { ERRNO, Verdict } from '../model/policy.js';
import { NONE } from '../model/units.js';
import { Bills } from './bills.js';
import { Decision } from './decision.js';
import { Outcomes } from './outcomes.js';
import type { LaneParts } from './parts.js';
import { Later } from './queue.js';
import { deny, retries, sealErrno } from './refusals.js';
import type { DeadlockRow } from './result.js';
import { Sleeps } from './sleeps.js';
import { Verdicts } from './verdicts.js';
import { filesOf, type Waiter, type WaitsFor, waitOf } from './waits.js';

const EAGAIN = ERRNO.EAGAIN!;

export class Operations {
  stillWaiting = 0;
  interrupted = 0;
  readonly deadlocks: DeadlockRow[] = [];
  private readonly parts: LaneParts;
  private readonly c: EventColumns;
  private readonly recorded: boolean;
  private readonly verdicts: Verdicts;
  private readonly outcomes: Outcomes;
  private readonly sleeps: Sleeps;
  readonly bills: Bills;
  private readonly scratch = new Decision();
  /** Files where somebody who waits may go on, in turn, and how many; by file: 1 where it is one of them. */
  private readonly stirred: number[] = [];
  private stirs = 0;
  private readonly isStirred: Uint8Array;

  constructor(parts: LaneParts) {
    this.parts = parts;
    this.c = parts.columns;
    this.recorded = parts.policies.recorded;
    this.verdicts = new Verdicts(parts);
    this.outcomes = new Outcomes(parts);
    this.sleeps = new Sleeps(parts);
    this.bills = new Bills(parts);
    this.isStirred = new Uint8Array(parts.files.count);
  }

  /** One operation of the trace begins. */
  begin(row: number, nowNs: number): void {
    const { parts } = this;
    const d = this.scratch;
    if (!parts.decider.read(d, row, nowNs)) return;
    d.sealNs = this.verdicts.sealsBefore(d);
    if (this.parts.leases.any && this.meetsLease(d, nowNs)) return;
    this.verdicts.decide(d);
    if (!this.recorded) this.verdicts.amend(d);
    const wait = this.waitOf(d);
    if (d.verdict === Verdict.recall) this.verdicts.startBreaks(d);
    this.go(d, wait, nowNs);
  }

  private go(d: Decision, wait: WaitsFor | null, nowNs: number): void {
    // What simply goes ahead is counted when it has run: other lanes may do the same.
    d.isUntold = d.counted && wait === null && d.verdict === Verdict.proceed;
    if (d.counted && !d.isUntold) this.count(d);
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
    this.verdicts.decide(d);
    this.verdicts.amend(d);
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
    if (d.verdict === Verdict.recall) this.verdicts.startBreaks(d);
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
    if (this.isStirred[file] === 1) return;
    this.isStirred[file] = 1;
    this.stirred[this.stirs++] = file;
  }

  /** Lets those go on whose way is free. Nothing else happens at this time before it. */
  settle(nowNs: number): void {
    const { isStirred, stirred } = this;
    if (this.stirs === 0) return;
    const { waits, releases } = this.parts;
    // More may come while one is looked at.
    for (let i = 0; i < this.stirs; i++) {
      const file = stirred[i]!;
      isStirred[file] = 0;
      releases.of(file, nowNs);
      if (!waits.any) continue;
      for (const waiter of [...waits.on(file)]) this.look(waiter, nowNs);
    }
    this.stirs = 0;
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

  private fileOf(row: number): number {
    return row < 0 ? NONE : this.c.file[row]!;
  }

  private waitOf(d: Decision): WaitsFor | null {
    const { waits, onDeny } = this.parts;
    if (this.recorded) return null;
    if (d.waits) return waits.heldBack(d, waitOf(d.verdict)) ? waitOf(d.verdict) : null;
    if (d.verdict === Verdict.deny)
      return onDeny.kind === 'retry' && retries(d) && !this.outcomes.fallsBack(d) ? 'retry' : null;
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
    const { touches } = this.parts;
    if (d.file !== NONE) touches.interfere(d.file);
    const there = this.fileOf(d.second);
    if (there !== NONE) touches.interfere(there);
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
    if (done) return this.outcomes.carryOut(decision, d.timeNs);
    if (threads === null) return;
    threads.block(d.task, d.row);
    const tasks = waits.ring(waiter);
    if (tasks.length > 0) this.deadlocks.push({ timeNs: d.timeNs, file: d.blocked, row: d.row, tasks });
  }

  private look(waiter: Waiter, nowNs: number): void {
    // Linux 6.1: the pin that goes does not wake it (seal-semantics section 10.1).
    const { behaviour } = this.parts.policies.of(waiter.decision.blocked);
    if (waiter.what === 'pins' && behaviour.waitEnds === 'signal') return;
    if (waiter.what === 'pins' && this.sleeps.wakesLater(waiter, nowNs)) return;
    if (this.heldBack(waiter, nowNs) || this.sleeps.sleepsOn(waiter, nowNs)) return;
    const { pollNs, decision } = waiter;
    const { askedNs } = decision;
    // Who tries again does so after a pause; who looks whether a holder is gone may find so at once.
    const looks = pollNs === 0 ? 0 : Math.max(Math.ceil((nowNs - askedNs) / pollNs), waiter.what === 'retry' ? 1 : 0);
    const dueNs = pollNs === 0 ? nowNs : askedNs + looks * pollNs;
    if (dueNs > nowNs) this.parts.queue.wakeAt(dueNs, decision.row);
    else this.resume(waiter, nowNs);
  }

  private heldBack({ decision, what }: Waiter, nowNs: number): boolean {
    const { waits, claims, leases } = this.parts;
    if (what !== 'retry') return waits.heldBack(decision, what);
    const again = Object.assign(new Decision(), decision, { timeNs: nowNs, askedNs: nowNs });
    if (leases.inTheWay(again).length > 0) return true;
    this.verdicts.decide(again);
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
    const lateNs = waiter.done ? this.bills.settleTime(d) : this.complete(d, nowNs);
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
    this.bills.settleTime(d);
    if (!waiter.done) fates.deny(d.opId);
    for (const row of late) this.parts.observe(row, nowNs);
    for (const file of filesOf(d)) this.stir(file);
  }

  // --- carrying out

  /** Returns by how much the wait makes the thread later than the recording, ns. */
  private complete(d: Decision, nowNs: number): number {
    this.outcomes.carryOut(d, nowNs);
    return this.bills.settleTime(d);
  }
}

/** Ended by a signal: EINTR, or begun anew by the kernel after it. */
const isInterrupted = (result: number): boolean => result === -ERRNO.EINTR! || (result <= -512 && result >= -516);
