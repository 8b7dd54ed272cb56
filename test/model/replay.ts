// A second replay, as naive as it can be, written from replay.md and seal-semantics.md: it shares the policies' tables and
// the vocabulary of the model with the engine, and no code. Its time is a sorted list of things to do.
import { type CaseName, ERRNO, type Policy, Verdict } from '../../src/model/policy.js';
import { Acts } from './acts.js';
import { type Call, isBeyond, isFault, isKill, OBSERVED, observe, spanOf } from './calls.js';
import { Claims } from './claims.js';
import { Lines } from './coherence.js';
import { Devices } from './devices.js';
import { Disk, type FileModel } from './disk.js';
import { FileLeaseList } from './file-leases.js';
import { type Forced, harms, isChange } from './foresight.js';
import { Holds } from './holds.js';
import { planOf, type Rule, type SealPlaces } from './plan.js';
import type { Seals, Unseal } from './seals.js';
import { type Answer, type Attempt, canRetry, deny, Table } from './table.js';
import { Agenda, Threads } from './threads.js';
import { nextPoll, type Waiter } from './waiters.js';

export interface Settings {
  readonly policy: Policy;
  readonly rule: Rule;
  readonly unseal: Unseal;
  /** `retry` tries again every `retryNs`. */
  readonly onDeny: 'skip' | 'unseal' | 'retry';
  readonly retryNs: number;
  readonly timing: 'open' | 'closed';
  /** Price of a call that was not measured, ns. */
  readonly serviceNs: (op: string) => { readonly fixed: number; readonly perByte: number };
  readonly firstFree: number;
  /** Of a policy that knows the future: what is decided already. */
  readonly forced?: Forced;
}

const WAITS: readonly number[] = [Verdict.wait, Verdict.recall];

export class NaiveReplay {
  readonly disk: Disk;
  readonly holds = new Holds();
  readonly devices: Devices;
  readonly lines: Lines;
  /** By index of the line. */
  readonly answers = new Map<number, Answer>();
  readonly waits: number[] = [];
  readonly secondary: number[] = [];
  stillWaiting = 0;
  interrupted = 0;
  private readonly s: Settings;
  private readonly calls: readonly Call[];
  private readonly plan: SealPlaces;
  private readonly claims: Claims;
  private readonly leases: FileLeaseList;
  private readonly seals: Seals;
  private readonly table: Table;
  private readonly acts: Acts;
  private readonly agenda = new Agenda();
  /** Null in open time. */
  private readonly threads: Threads | null;
  private readonly waiters: Waiter[] = [];
  private readonly stirred = new Set<FileModel>();
  /** By line: was the change refused that would have harmed? */
  private readonly decided = new Map<number, boolean>();
  private readonly endNs: number;
  private nowNs = 0;

  constructor(calls: readonly Call[], settings: Settings) {
    this.s = settings;
    this.calls = calls;
    this.plan = planOf(this.calls, settings.rule);
    this.disk = new Disk(settings.firstFree);
    // Every file that the trace names is one, whatever this lane comes to.
    for (const { path, otherPath } of calls) for (const one of [path, otherPath]) if (one !== null) this.disk.file(one);
    this.endNs = Math.max(0, ...calls.map(({ line }) => line.t));
    const { policy, rule, unseal, timing } = settings;
    const at = (atNs: number, act: (nowNs: number) => void): void => this.agenda.put(atNs, act);
    const freed = (file: FileModel): void => {
      this.stirred.add(file);
    };
    this.leases = new FileLeaseList(calls, { policy, freed, at });
    this.claims = new Claims({
      ...{ policy, disk: this.disk, plan: this.plan, rule, unseal, endNs: this.endNs, holds: this.holds },
      ...{
        freed,
        flushed: (file) => this.lines.flushAll(file),
        at,
      },
    });
    this.seals = this.claims.seals;
    this.table = new Table(policy, this.holds, this.seals);
    this.lines = new Lines(policy);
    this.acts = new Acts(policy, this.disk, this.plan, this.claims, this.lines);
    this.devices = new Devices(policy, this.disk, this.holds, this.lines);
    const isClosed = timing === 'closed' && policy.recorded !== true;
    const step = (call: Call, nowNs: number): void => this.step(call, nowNs);
    this.threads = isClosed ? new Threads(calls, this.plan, this.agenda, step) : null;
  }

  run(): this {
    const rows = [...this.calls];
    for (;;) {
      const item = this.agenda.earliest();
      const poll = nextPoll(this.waiters);
      const itemNs = item?.atNs ?? Number.POSITIVE_INFINITY;
      const rowNs = rows[0]?.line.t ?? Number.POSITIVE_INFINITY;
      const pollNs = poll?.atNs ?? Number.POSITIVE_INFINITY;
      const order = item?.order ?? Number.POSITIVE_INFINITY;
      const looksFirst = poll !== undefined && (pollNs < itemNs || (pollNs === itemNs && poll.waiter.order < order));
      // At the same time what was put off goes in the order in which it was, and before what the trace has then.
      if (looksFirst && pollNs <= rowNs) this.look(poll.waiter, pollNs);
      else if (item !== undefined && itemNs <= rowNs) {
        this.agenda.take(item);
        item.act(itemNs);
        this.settle(itemNs);
      } else if (rows.length === 0) break;
      else if (this.threads !== null) this.threads.line(rows.shift()!);
      else this.step(rows.shift()!, rowNs);
    }
    return this.finish();
  }

  // --- time

  private look(waiter: Waiter, nowNs: number): void {
    waiter.lookedNs = nowNs;
    waiter.changedNs = -1;
    if (this.isHeldBack(waiter)) return;
    this.resume(waiter, nowNs);
    this.settle(nowNs);
  }

  private step(call: Call, nowNs: number): void {
    this.nowNs = nowNs;
    const file = call.path === null ? null : this.disk.file(call.path);
    const other = call.otherPath === null ? null : this.disk.file(call.otherPath);
    if (OBSERVED.has(call.op)) observe(this.disk, call, file);
    else if (call.op === 'dma_read' || call.op === 'dma_write') {
      if (file === null) return;
      this.answers.set(call.index, { verdict: Verdict.proceed, errno: 0 });
      this.devices.access(call);
    } else {
      if (isKill(call)) {
        this.threads?.kill(call, nowNs);
        this.interrupt(call.pid, nowNs);
      }
      this.begin(call, file, other, nowNs);
    }
    this.settle(nowNs);
  }

  // --- operations

  private begin(call: Call, file: FileModel | null, other: FileModel | null, nowNs: number): void {
    for (const one of [file, other]) if (one !== null) this.seals.sealBefore(call, one, nowNs);
    const attempt = this.table.attempt(call, file, other, nowNs);
    const isStopped = this.s.policy.recorded !== true && this.leases.inTheWay(call, file).length > 0;
    if (isStopped) return this.meetLease(attempt, nowNs);
    if (this.s.policy.foresees === true) this.foresee(attempt);
    if (this.s.policy.recorded === true) {
      attempt.verdict = call.failed ? Verdict.deny : Verdict.proceed;
      attempt.errno = call.errno;
    } else this.amend(attempt);
    const what = this.waitsFor(attempt);
    if (attempt.verdict === Verdict.recall) for (const one of attempt.blocked) this.claims.startBreak(one, nowNs);
    this.answers.set(call.index, { verdict: attempt.verdict, errno: attempt.errno });
    if (what !== null) return this.park(attempt, what);
    this.complete(attempt, nowNs, 0);
    this.threads?.over(call, nowNs);
  }

  /** An ordinary lease comes before the policy: it is broken, and who will not wait is told so. */
  private meetLease(attempt: Attempt, nowNs: number): void {
    const { call, file } = attempt;
    this.leases.startBreak(call, file!, nowNs);
    Object.assign(attempt, { verdict: Verdict.recall, errno: 0, blocked: [file!], leased: true, part: null });
    if (call.flags.has('nowait')) deny(attempt, ERRNO.EAGAIN!);
    this.answers.set(call.index, { verdict: attempt.verdict, errno: attempt.errno });
    if (!call.flags.has('nowait')) return this.park(attempt, 'lease');
    this.complete(Object.assign(attempt, { leased: false }), nowNs, 0);
    this.threads?.over(call, nowNs);
  }

  /** No ordinary lease is left: the policy is asked now. Null: it makes it wait once more. */
  private askAgain({ call, file, other, sinceNs }: Attempt, nowNs: number): Attempt | null {
    const attempt = this.table.attempt(call, file, other, nowNs, sinceNs);
    if (this.s.policy.foresees === true) this.foresee(attempt);
    this.amend(attempt);
    const { verdict, errno } = attempt;
    const isStronger = verdict === Verdict.recall || verdict === Verdict.wait || verdict === Verdict.deny;
    this.answers.set(call.index, { verdict: isStronger ? verdict : Verdict.recall, errno });
    const what = this.waitsFor(attempt);
    if (verdict === Verdict.recall) for (const one of attempt.blocked) this.claims.startBreak(one, nowNs);
    if (what === null) return attempt;
    this.park(attempt, what);
    return null;
  }

  /** Refused for the sake of an access to come. */
  private foresee(attempt: Attempt): void {
    const { call } = attempt;
    if (!isChange(call) || call.failed || attempt.verdict === Verdict.deny) return;
    const refused = this.s.forced?.(call.index) ?? this.harms(call.index);
    this.decided.set(call.index, refused);
    if (refused) deny(attempt, isFault(call.op) ? ERRNO.SIGBUS! : ERRNO.ETXTBSY!);
  }

  private harms(index: number): boolean {
    const settings = { ...this.s, onDeny: 'skip', timing: 'open' } as const;
    return harms(index, this.decided, (forced) => new NaiveReplay(this.calls, { ...settings, forced }).run());
  }

  /** What no table can say. */
  private amend(attempt: Attempt): void {
    const { call, file, atNs } = attempt;
    const { policy } = this.s;
    const beyond = isBeyond(call, file);
    const refusal = this.table.refusalOf(call, file);
    // A refused seal call was written down when it was made.
    const isOwn = call.op !== 'seal' && (call.op !== 'swapon' || policy.seal?.hold === 'swap');
    if (refusal !== 0 && isOwn) this.holds.seal(file!, call.pid, atNs, refusal);
    if (refusal === ERRNO.RECALLCONFLICT) this.claims.startBreak(file!, atNs, call.pid);
    if (refusal !== 0) deny(attempt, refusal);
    else if (isFault(call.op) && file !== null && this.claims.barsFault(call, file)) deny(attempt, ERRNO.SIGBUS!);
    // Note 7: through a MAP_SYNC mapping, a fault that needs a block commits.
    const needsBlock = attempt.cases.some((name) => name === 'write_fault_hole' || name === 'write_fault_unwritten');
    const isSynced = [...this.holds.users.values()].some(
      (user) => user.synced && user.file === file && user.pid === call.pid,
    );
    if (policy.name === 'odp' && needsBlock && isSynced && attempt.verdict === Verdict.proceed)
      attempt.verdict = Verdict.commit;
    if (policy.breaks?.faultsBreak === true && isFault(call.op) && attempt.verdict === Verdict.deny && !beyond)
      this.claims.startBreak(file!, atNs);
    if (attempt.verdict !== Verdict.recall || !call.flags.has('nowait')) return;
    for (const one of attempt.blocked) this.claims.startBreak(one, atNs);
    deny(attempt, ERRNO.EAGAIN!);
  }

  private waitsFor(attempt: Attempt): Waiter['what'] | null {
    const { policy, onDeny } = this.s;
    const { verdict, call, file } = attempt;
    if (policy.recorded === true) return null;
    if (WAITS.includes(verdict)) {
      if (this.table.inTheWay(attempt).length === 0) return null;
      return verdict === Verdict.wait ? 'pins' : 'lease';
    }
    if (verdict === Verdict.deny) {
      return onDeny === 'retry' && canRetry(attempt) && !this.fallsBack(attempt) ? 'retry' : null;
    }
    if (!['read', 'write'].includes(call.op) || file === null || !this.isLocked(file)) return null;
    attempt.blocked = [file];
    return 'lock';
  }

  /** A long-term pin was refused to an application that knows another way. */
  private fallsBack({ call, cases, verdict }: Attempt): boolean {
    const isRefused = cases.includes('pin_long') && verdict === Verdict.deny && !call.failed;
    return isRefused && this.s.policy.behaviour.onRefusedPin !== 'abort';
  }

  /** Somebody waits for pins of the file and keeps its I/O lock. */
  private isLocked(file: FileModel): boolean {
    return (
      this.s.policy.behaviour.waitKeepsLock &&
      this.waiters.some(({ what, attempt }) => what === 'pins' && attempt.blocked.includes(file))
    );
  }

  private isHeldBack({ what, attempt }: Waiter): boolean {
    if (what === 'lock') return this.isLocked(attempt.blocked[0]!);
    if (attempt.leased) return this.leases.inTheWay(attempt.call, attempt.file).length > 0;
    // Linux 6.1: only a signal ends a wait for pins (section 10.1).
    if (what === 'pins' && this.s.policy.behaviour.waitEnds === 'signal') return true;
    if (what !== 'retry') return this.table.inTheWay(attempt).length > 0;
    const { call, file, other, atNs } = attempt;
    if (this.leases.inTheWay(call, file).length > 0) return true;
    const again = this.table.attempt(call, file, other, atNs);
    attempt.part = again.part;
    return again.verdict === Verdict.deny || this.table.refusalOf(call, file) !== 0;
  }

  private park(attempt: Attempt, what: Waiter['what']): void {
    const { policy, retryNs } = this.s;
    const pollNs = what === 'retry' ? retryNs : what === 'lease' && !attempt.leased ? (policy.breaks?.pollNs ?? 0) : 0;
    // Who queues behind a lock in open time delays nothing but its own return.
    const done = what === 'lock' && this.threads === null;
    this.waiters.push({ attempt, what, done, pollNs, lookedNs: attempt.atNs, changedNs: -1, order: 0 });
    if (attempt.call.errno === ERRNO.EINTR && attempt.call.ns >= 0 && what !== 'retry')
      this.agenda.put(attempt.sinceNs + attempt.call.ns, (nowNs) => this.signal(attempt.call, nowNs));
    if (done) return this.carryOut(attempt, attempt.atNs, false);
    this.threads?.block(attempt.call);
  }

  private resume(waiter: Waiter, nowNs: number): void {
    const { done, what } = waiter;
    this.waiters.splice(this.waiters.indexOf(waiter), 1);
    const asked = waiter.attempt.leased ? this.askAgain(waiter.attempt, nowNs) : waiter.attempt;
    if (asked === null) return;
    const attempt = asked;
    const waitNs = nowNs - attempt.sinceNs;
    if (!done) this.nowNs = nowNs;
    if (done) this.account(attempt, waitNs, waiter.attempt.leased);
    else this.complete(attempt, nowNs, waitNs, what === 'retry', waiter.attempt.leased);
    this.threads?.release(attempt.call, this.lateBy(attempt, waitNs), nowNs);
    if (!done) this.threads?.over(attempt.call, nowNs);
    for (const file of attempt.blocked) this.stirred.add(file);
  }

  private interrupt(pid: number, nowNs: number): void {
    for (const waiter of this.waiters.filter(({ attempt }) => attempt.call.pid === pid)) {
      this.interrupted++;
      this.giveUp(waiter, nowNs);
    }
  }

  /** The recorded call ended here for a signal. */
  private signal(call: Call, nowNs: number): void {
    const waiter = this.waiters.find(({ attempt, done }) => attempt.call === call && !done);
    if (waiter === undefined) return;
    this.interrupted++;
    this.giveUp(waiter, nowNs);
    this.threads?.release(call, 0, nowNs);
  }

  private giveUp(waiter: Waiter, nowNs: number): void {
    this.waiters.splice(this.waiters.indexOf(waiter), 1);
    this.account(waiter.attempt, nowNs - waiter.attempt.sinceNs);
    for (const file of waiter.attempt.blocked) this.stirred.add(file);
  }

  private finish(): this {
    const endNs = Math.max(this.endNs, this.nowNs);
    for (const waiter of [...this.waiters]) {
      this.stillWaiting++;
      this.giveUp(waiter, Math.max(endNs, waiter.attempt.sinceNs));
    }
    return this;
  }

  /** Lets those go on whose way is free; nothing else happens at this time before it. */
  private settle(nowNs: number): void {
    for (const waiter of this.waiters)
      if (waiter.changedNs < 0) Object.assign(waiter, { changedNs: nowNs, order: this.agenda.place() });
    for (const file of this.stirred) {
      this.stirred.delete(file);
      this.acts.left(file);
      for (const waiter of this.waiters.filter(({ attempt }) => attempt.blocked.includes(file)))
        if (waiter.pollNs === 0 && this.waiters.includes(waiter) && !this.isHeldBack(waiter))
          this.resume(waiter, nowNs);
    }
  }

  // --- carrying out

  private complete(attempt: Attempt, nowNs: number, waitNs: number, retried = false, leased = false): void {
    this.carryOut(attempt, nowNs, retried);
    this.account(attempt, waitNs, leased);
  }

  private account({ verdict }: Attempt, waitNs: number, leased = false): void {
    if (this.s.policy.recorded === true) return;
    if ((leased && verdict !== Verdict.deny) || WAITS.includes(verdict) || (verdict === Verdict.deny && waitNs > 0))
      this.waits.push(waitNs);
    else if (waitNs > 0) this.secondary.push(waitNs);
  }

  /** A wait that the recording holds already is not counted twice; what was not measured is priced. */
  private lateBy(attempt: Attempt, waitNs: number): number {
    if (waitNs === 0) return 0;
    const call = attempt.part ?? attempt.call;
    const { fixed, perByte } = this.s.serviceNs(call.op);
    const bytes = call.op === 'truncate' ? 0 : Math.max(0, call.length);
    const plainNs = call.ns >= 0 ? call.ns : fixed + perByte * bytes;
    return Math.max(plainNs, waitNs + fixed) - plainNs;
  }

  private carryOut(attempt: Attempt, nowNs: number, retried: boolean): void {
    const { call, file, verdict } = attempt;
    const { policy } = this.s;
    const refused = verdict === Verdict.deny && policy.recorded !== true && !retried;
    if (refused && this.fallsBack(attempt)) return this.claims.instead(call, file!, nowNs);
    if (refused) {
      const lifted = this.lift(attempt);
      if (lifted.verdict !== Verdict.deny) {
        this.revoke(attempt);
        this.acts.perform(attempt, nowNs);
        this.leases.see(attempt.call, attempt.file);
      }
      for (const one of lifted.files) this.seals.call(call, one, nowNs, false);
      return;
    }
    this.revoke(attempt);
    // Whatever was uncommitted goes with the commit, and so does what the call itself changes.
    if (verdict === Verdict.commit && file !== null) file.dirty = false;
    this.acts.perform(attempt, nowNs);
    if (!attempt.call.failed && policy.recorded !== true) this.leases.see(attempt.call, attempt.file);
  }

  /** Devices on demand lose their translation, also where something stronger was decided than that. */
  private revoke({ call, file, other, verdict, cases }: Attempt): void {
    const { policy } = this.s;
    for (const one of [file, other]) {
      if (one === null) continue;
      const cell = policy.held.ondemand?.[cases[0] as CaseName];
      const isDevice = this.holds.of(one).some(({ kind }) => kind === 'ondemand');
      if (verdict === Verdict.revoke || (isDevice && cell === 'I'))
        this.holds.revoke(one, policy, spanOf(call, one, one === other));
    }
  }

  /** The refused application takes the seals back and asks again: which ones, and what it is told then. */
  private lift(attempt: Attempt): { readonly files: readonly FileModel[]; readonly verdict: number } {
    const { call, file, other, atNs, blocked, verdict } = attempt;
    if (this.s.onDeny !== 'unseal' || !canRetry(attempt)) return { files: [], verdict };
    const files = blocked.filter((one) => this.seals.sealed.has(one) && !this.holds.isMapped(one));
    for (const one of files) this.seals.unseal(one);
    return { files, verdict: files.length === 0 ? verdict : this.table.attempt(call, file, other, atNs).verdict };
  }
}
