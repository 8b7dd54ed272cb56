// A second replay, as naive as it can be, written from replay.md and seal-semantics.md: it shares the policies' tables and
// the vocabulary of the model with the engine, and no code. Its time is a sorted list of things to do.

import { OPS } from '../../src/model/events.js';
import { CASES, ERRNO, HOLDS, MASKS, type Policy, VERDICTS, Verdict } from '../../src/model/policy.js';
import { PAGE } from '../support/replay.js';
import { type Call, caseOf, effect, isBeyond, isDevice, isFault, isKill, OBSERVED } from './calls.js';
import { Claims, type Unseal } from './claims.js';
import { Disk, type FileModel } from './disk.js';
import { chainsOf, planOf, type Rule, type SealPlaces } from './plan.js';

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
}

export interface Answer {
  readonly verdict: number;
  readonly errno: number;
}

interface Attempt {
  readonly call: Call;
  readonly file: FileModel | null;
  readonly other: FileModel | null;
  readonly atNs: number;
  verdict: number;
  errno: number;
  /** The table's own answer, before requests, impatience and the end of file change it. */
  wanted: number;
  /** Files whose holds it waits for, or that refuse it. */
  blocked: FileModel[];
  cases: string[];
}

interface Waiter {
  readonly attempt: Attempt;
  readonly what: 'pins' | 'lease' | 'lock' | 'retry';
  /** Carried out already, only its time is open. */
  readonly done: boolean;
  /** It looks every so often, 0: it is told at once. */
  readonly pollNs: number;
  lookedNs: number;
  /** Something happened since it looked, at that time; its place among what is put off. */
  changedNs: number;
  order: number;
}

interface Thread {
  readonly todo: Call[];
  lateNs: number;
  apart: boolean;
  isBlocked: boolean;
  dueNs: number;
}

const WAITS: readonly number[] = [Verdict.wait, Verdict.recall];
const SEAL_ERRNOS = [ERRNO.ETXTBSY, ERRNO.EPERM, ERRNO.EBUSY, ERRNO.SIGBUS];

export class NaiveReplay {
  readonly disk: Disk;
  readonly claims: Claims;
  /** By index of the line. */
  readonly answers = new Map<number, Answer>();
  readonly waits: number[] = [];
  readonly secondary: number[] = [];
  readonly hazards: { readonly line: number; readonly class: string; readonly bytes: number }[] = [];
  stillWaiting = 0;
  interrupted = 0;
  refaults = 0;
  private readonly s: Settings;
  private readonly calls: readonly Call[];
  private readonly plan: SealPlaces;
  private readonly threads = new Map<string, Thread>();
  private readonly waiters: Waiter[] = [];
  private readonly later: { readonly atNs: number; readonly order: number; readonly act: (nowNs: number) => void }[] =
    [];
  private puts = 0;
  private readonly stirred = new Set<FileModel>();
  private readonly unlinked = new Map<FileModel, Attempt>();
  /** By handle: how late the thread was that took it; rows of devices that wait to know. */
  private readonly lateOf = new Map<string, number>();
  private readonly early: Call[] = [];
  private readonly endNs: number;
  private nowNs = 0;

  constructor(calls: readonly Call[], settings: Settings) {
    this.s = settings;
    this.calls = calls;
    this.plan = planOf(this.calls, settings.rule);
    this.disk = new Disk(settings.firstFree);
    this.endNs = Math.max(0, ...calls.map(({ line }) => line.t));
    this.claims = new Claims({
      ...{ policy: settings.policy, disk: this.disk, plan: this.plan, rule: settings.rule, unseal: settings.unseal },
      ...{ endNs: this.endNs, freed: (file) => this.stirred.add(file), at: (t, act) => this.at(t, act) },
    });
    for (const [name, todo] of chainsOf(this.calls, isDevice))
      this.threads.set(name, { todo, lateNs: 0, apart: false, isBlocked: false, dueNs: -1 });
  }

  private get closed(): boolean {
    return this.s.timing === 'closed' && this.s.policy.recorded !== true;
  }

  run(): this {
    const rows = [...this.calls];
    for (;;) {
      const item = this.earliest();
      const poll = this.nextPoll();
      const itemNs = item?.atNs ?? Number.POSITIVE_INFINITY;
      const rowNs = rows[0]?.line.t ?? Number.POSITIVE_INFINITY;
      const pollNs = poll?.atNs ?? Number.POSITIVE_INFINITY;
      const order = item?.order ?? Number.POSITIVE_INFINITY;
      const looksFirst = poll !== undefined && (pollNs < itemNs || (pollNs === itemNs && poll.waiter.order < order));
      // At the same time what was put off goes in the order in which it was, and before what the trace has then.
      if (looksFirst && pollNs <= rowNs) this.look(poll.waiter, pollNs);
      else if (item !== undefined && itemNs <= rowNs) {
        this.later.splice(this.later.indexOf(item), 1);
        item.act(itemNs);
        this.settle(itemNs);
      } else if (rows.length > 0) this.row(rows.shift()!);
      else break;
    }
    return this.finish();
  }

  // --- time

  private at(atNs: number, act: (nowNs: number) => void): void {
    this.later.push({ atNs, order: this.puts++, act });
  }

  private earliest(): (typeof this.later)[number] | undefined {
    return this.later.reduce<(typeof this.later)[number] | undefined>(
      (first, one) => (first === undefined || one.atNs < first.atNs ? one : first),
      undefined,
    );
  }

  /** Who looks from time to time finds nothing new until something has happened: only such looks are made. */
  private nextPoll(): { readonly waiter: Waiter; readonly atNs: number } | undefined {
    let first: { readonly waiter: Waiter; readonly atNs: number } | undefined;
    for (const waiter of this.waiters) {
      const { pollNs, attempt, changedNs, lookedNs } = waiter;
      if (pollNs === 0 || changedNs < 0) continue;
      let atNs = attempt.atNs + Math.ceil((changedNs - attempt.atNs) / pollNs) * pollNs;
      while (atNs <= lookedNs) atNs += pollNs;
      if (first === undefined || atNs < first.atNs) first = { waiter, atNs };
    }
    return first;
  }

  private look(waiter: Waiter, nowNs: number): void {
    waiter.lookedNs = nowNs;
    waiter.changedNs = -1;
    if (this.isHeldBack(waiter)) return;
    this.resume(waiter, nowNs);
    this.settle(nowNs);
  }

  private row(call: Call): void {
    if (!this.closed) return this.step(call, call.line.t);
    if (isKill(call)) {
      // A kill comes from outside, whatever its victim is at.
      for (const [name, thread] of this.threads) if (name.startsWith(`${call.pid}/`)) this.kill(thread, call);
      return this.step(call, call.line.t);
    }
    if (isDevice(call)) return this.deviceRow(call);
    const thread = this.threads.get(call.thread);
    if (OBSERVED.has(call.op) || thread === undefined) return this.step(call, call.line.t);
    if (thread.apart) return;
    thread.todo.shift();
    this.step(call, call.line.t);
  }

  private kill(thread: Thread, at: Call): void {
    const position = (call: Call): number => this.calls.indexOf(call);
    while (thread.todo.length > 0 && position(thread.todo[0]!) <= position(at)) thread.todo.shift();
    Object.assign(thread, { lateNs: 0, apart: false, isBlocked: false, dueNs: -1 });
  }

  /** Devices come through a hold as late as the thread was that took it. */
  private deviceRow(call: Call): void {
    const taken = this.plan.takenBy.get(call.handle);
    const isLater = taken === undefined || this.calls.findIndex((c) => c.index === taken) > this.calls.indexOf(call);
    const lateNs = isLater ? 0 : this.lateOf.get(call.handle);
    if (lateNs === undefined) this.early.push(call);
    else if (lateNs === 0) this.step(call, call.line.t);
    else this.at(call.line.t + lateNs, (nowNs) => this.step(call, nowNs));
  }

  private started(call: Call): void {
    if (!this.closed || call.handle === '' || this.plan.takenBy.get(call.handle) !== call.index) return;
    const lateNs = this.threads.get(call.thread)?.lateNs ?? 0;
    this.lateOf.set(call.handle, lateNs);
    for (const waiting of this.early.filter((one) => one.handle === call.handle)) {
      this.early.splice(this.early.indexOf(waiting), 1);
      this.at(waiting.line.t + lateNs, (nowNs) => this.step(waiting, nowNs));
    }
  }

  /** The next line of a thread that runs by itself, no earlier than now. */
  private schedule(thread: Thread, nowNs: number): void {
    const next = thread.todo[0];
    if (next === undefined || thread.isBlocked) return;
    const dueNs = Math.max(nowNs, next.line.t + thread.lateNs);
    thread.dueNs = dueNs;
    this.at(dueNs, () => {
      if (thread.isBlocked || thread.todo[0] !== next || thread.dueNs !== dueNs) return;
      thread.todo.shift();
      this.step(next, dueNs);
      this.schedule(thread, dueNs);
    });
  }

  private step(call: Call, nowNs: number): void {
    this.nowNs = nowNs;
    const file = call.path === null ? null : this.disk.file(call.path);
    const other = call.otherPath === null ? null : this.disk.file(call.otherPath);
    if (OBSERVED.has(call.op)) this.observe(call, file);
    else if (call.op === 'dma_read' || call.op === 'dma_write') this.access(call, file);
    else {
      if (isKill(call)) this.interrupt(call.pid, nowNs);
      this.begin(call, file, other, nowNs);
    }
    this.settle(nowNs);
  }

  private observe(call: Call, file: FileModel | null): void {
    const { metadata } = this.disk;
    const blocks: number[] = [];
    for (let at = Math.floor(call.addr / PAGE); at * PAGE < call.addr + call.length; at++) blocks.push(at * PAGE);
    if (call.op === 'commit') for (const one of this.disk.files.values()) one.dirty = false;
    else if (call.op === 'block_io') {
      if (call.flags.has('meta') && call.flags.has('write')) for (const addr of blocks) metadata.add(addr);
    } else if (call.op === 'file') {
      file!.size = call.length;
      file!.known = true;
    } else
      blocks.forEach((addr, i) => {
        const state = call.line.state === 'unwritten' ? 'unwritten' : 'written';
        file!.cells.set(call.offset / PAGE + i, { addr, state, shared: call.line.state === 'shared' });
      });
  }

  // --- operations

  private begin(call: Call, file: FileModel | null, other: FileModel | null, nowNs: number): void {
    for (const one of [file, other]) if (one !== null) this.claims.sealBefore(call, one, nowNs);
    const attempt = this.attempt(call, file, other, nowNs);
    if (this.s.policy.recorded === true) {
      attempt.verdict = call.failed ? Verdict.deny : Verdict.proceed;
      attempt.errno = call.errno;
    } else this.amend(attempt);
    const what = this.waitsFor(attempt);
    if (attempt.verdict === Verdict.recall) for (const one of attempt.blocked) this.claims.startBreak(one, nowNs);
    this.answers.set(call.index, { verdict: attempt.verdict, errno: attempt.errno });
    if (what === null) this.complete(attempt, nowNs, 0);
    else this.park(attempt, what);
    if (what === null) this.started(call);
  }

  /** What the table says of the two files of a call; the stronger one counts, both when they are equal. */
  private attempt(call: Call, file: FileModel | null, other: FileModel | null, atNs: number): Attempt {
    const here = this.tableFor(call, file, false);
    const there = other === null ? null : this.tableFor(call, other, true);
    const second = there !== null && there.verdict > here.verdict;
    const both = there !== null && there.verdict === here.verdict;
    const { verdict, errno } = second ? there : here;
    const blocked = [...(second ? [] : [file]), ...(second || both ? [other] : [])].filter((one) => one !== null);
    const cases = [second ? there.name : here.name].filter((name) => name !== null);
    const attempt = { call, file, other, atNs, verdict, errno, wanted: verdict, blocked, cases };
    if (isBeyond(call, file)) Object.assign(attempt, { verdict: Verdict.deny, errno: ERRNO.SIGBUS! });
    return attempt;
  }

  private tableFor(call: Call, file: FileModel | null, second: boolean): Answer & { readonly name: string | null } {
    const { policy } = this.s;
    const instead = (policy.instead ?? []).find(
      ({ op, flag }) => op === call.op && (flag === undefined || call.flags.has(flag)),
    );
    const name = instead?.as ?? caseOf(call, file, second);
    if (name === null) return { verdict: Verdict.proceed, errno: 0, name };
    const holds = this.claims.of(file);
    const mask = holds.reduce((bits, { kind }) => bits | (1 << HOLDS.indexOf(kind)), 0);
    const isHolder = holds.some(
      ({ kind, pid }) => pid === call.pid && (policy.holderMask & (1 << HOLDS.indexOf(kind))) !== 0,
    );
    const at = CASES.indexOf(name) * MASKS + mask;
    const verdict = (isHolder ? policy.verdictHolder : policy.verdictOther)[at]!;
    const errno = (isHolder ? policy.errnoHolder : policy.errnoOther)[at]!;
    if (verdict !== Verdict.commitIfDirty) return { verdict, errno, name };
    return { verdict: file?.dirty === true ? Verdict.commit : Verdict.proceed, errno, name };
  }

  /** What no table can say. */
  private amend(attempt: Attempt): void {
    const { call, file, atNs } = attempt;
    const { policy } = this.s;
    const beyond = isBeyond(call, file);
    const refusal = this.refusalOf(call, file);
    // A refused seal call was written down when it was made.
    if (refusal !== 0 && call.op !== 'seal') this.claims.open(file!, call.pid, atNs, refusal);
    if (refusal !== 0) deny(attempt, refusal);
    else if (isFault(call.op) && file !== null && this.claims.barsFault(call, file)) deny(attempt, ERRNO.SIGBUS!);
    if (policy.breaks?.faultsBreak === true && isFault(call.op) && attempt.verdict === Verdict.deny && !beyond)
      this.claims.startBreak(file!, atNs);
    if (attempt.verdict !== Verdict.recall || !call.flags.has('nowait')) return;
    for (const one of attempt.blocked) this.claims.startBreak(one, atNs);
    deny(attempt, ERRNO.EAGAIN!);
  }

  /** A seal call, a MAP_DIRECT mapping or a claim that is what the policy seals with, and that meets an obstacle. */
  private refusalOf(call: Call, file: FileModel | null): number {
    const { seal } = this.s.policy;
    if (file === null) return 0;
    const isCall = call.op === 'seal' && seal?.taken === 'call' && !this.claims.sealed.has(file);
    const isMapping = call.op === 'mmap' && call.flags.has('direct') && seal?.taken === 'mapping';
    const isClaim = seal !== undefined && seal !== null && this.claims.claimOf(call) === seal.hold;
    return isCall || isMapping || isClaim ? this.claims.refusal(file, call, true) : 0;
  }

  private waitsFor(attempt: Attempt): Waiter['what'] | null {
    const { policy, onDeny } = this.s;
    const { verdict, call, file } = attempt;
    if (policy.recorded === true) return null;
    if (WAITS.includes(verdict)) {
      if (this.inTheWay(attempt).length === 0) return null;
      return verdict === Verdict.wait ? 'pins' : 'lease';
    }
    if (verdict === Verdict.deny) return onDeny === 'retry' && this.canRetry(attempt) ? 'retry' : null;
    if (!['read', 'write'].includes(call.op) || file === null || !this.isLocked(file)) return null;
    attempt.blocked = [file];
    return 'lock';
  }

  private canRetry({ call, errno, blocked, cases }: Attempt): boolean {
    return !isFault(call.op) && blocked.length > 0 && cases.length > 0 && SEAL_ERRNOS.includes(errno);
  }

  /** Holds that make it wait by themselves: those that were there when it came. */
  private inTheWay({ call, blocked, wanted, cases, atNs, file }: Attempt): unknown[] {
    const { policy } = this.s;
    return this.claims.holds.filter((hold) => {
      if (!blocked.includes(hold.file) || hold.fromNs > atNs) return false;
      const name =
        call.op === 'reflink' || call.op === 'dedupe' ? caseOf(call, hold.file, hold.file !== file) : cases[0];
      const table = hold.pid === call.pid ? policy.verdictHolder : policy.verdictOther;
      return table[CASES.indexOf(name as (typeof CASES)[number]) * MASKS + (1 << HOLDS.indexOf(hold.kind))] === wanted;
    });
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
    // Linux 6.1: only a signal ends a wait for pins (section 10.1).
    if (what === 'pins' && this.s.policy.behaviour.waitEnds === 'signal') return true;
    if (what !== 'retry') return this.inTheWay(attempt).length > 0;
    const { call, file, other, atNs } = attempt;
    return this.attempt(call, file, other, atNs).verdict === Verdict.deny || this.refusalOf(call, file) !== 0;
  }

  private park(attempt: Attempt, what: Waiter['what']): void {
    const { policy, retryNs } = this.s;
    const pollNs = what === 'retry' ? retryNs : what === 'lease' ? (policy.breaks?.pollNs ?? 0) : 0;
    // Who queues behind a lock in open time delays nothing but its own return.
    const done = what === 'lock' && !this.closed;
    this.waiters.push({ attempt, what, done, pollNs, lookedNs: attempt.atNs, changedNs: -1, order: 0 });
    if (done) return this.carryOut(attempt, attempt.atNs, 0);
    const thread = this.closed ? this.threads.get(attempt.call.thread) : undefined;
    if (thread === undefined) return;
    thread.apart = true;
    thread.isBlocked = true;
  }

  private resume(waiter: Waiter, nowNs: number): void {
    const { attempt, done } = waiter;
    this.waiters.splice(this.waiters.indexOf(waiter), 1);
    const waitNs = nowNs - attempt.atNs;
    if (!done) this.nowNs = nowNs;
    if (done) this.account(attempt, waitNs);
    else this.complete(attempt, nowNs, waitNs);
    const thread = this.closed ? this.threads.get(attempt.call.thread) : undefined;
    if (thread !== undefined) {
      thread.isBlocked = false;
      thread.lateNs += this.lateBy(attempt, waitNs);
      this.schedule(thread, nowNs);
    }
    if (!done) this.started(attempt.call);
    for (const file of attempt.blocked) this.stirred.add(file);
  }

  private interrupt(pid: number, nowNs: number): void {
    for (const waiter of this.waiters.filter(({ attempt }) => attempt.call.pid === pid)) {
      this.interrupted++;
      this.giveUp(waiter, nowNs);
    }
  }

  private giveUp(waiter: Waiter, nowNs: number): void {
    this.waiters.splice(this.waiters.indexOf(waiter), 1);
    this.account(waiter.attempt, nowNs - waiter.attempt.atNs);
    for (const file of waiter.attempt.blocked) this.stirred.add(file);
  }

  private finish(): this {
    const endNs = Math.max(this.endNs, this.nowNs);
    for (const waiter of [...this.waiters]) {
      this.stillWaiting++;
      this.giveUp(waiter, Math.max(endNs, waiter.attempt.atNs));
    }
    return this;
  }

  /** Lets those go on whose way is free; nothing else happens at this time before it. */
  private settle(nowNs: number): void {
    for (const waiter of this.waiters)
      if (waiter.changedNs < 0) Object.assign(waiter, { changedNs: nowNs, order: this.puts++ });
    for (const file of this.stirred) {
      this.stirred.delete(file);
      const gone = this.unlinked.get(file);
      if (gone !== undefined && !this.claims.inUse(file)) {
        this.unlinked.delete(file);
        this.disk.clear(file);
        if (this.s.policy.devicePages === true) this.claims.revoke(file);
      }
      for (const waiter of this.waiters.filter(({ attempt }) => attempt.blocked.includes(file)))
        if (waiter.pollNs === 0 && this.waiters.includes(waiter) && !this.isHeldBack(waiter))
          this.resume(waiter, nowNs);
    }
  }

  // --- carrying out

  private complete(attempt: Attempt, nowNs: number, waitNs: number): void {
    this.carryOut(attempt, nowNs, waitNs);
    this.account(attempt, waitNs);
  }

  private account({ verdict }: Attempt, waitNs: number): void {
    if (this.s.policy.recorded === true) return;
    if (WAITS.includes(verdict) || (verdict === Verdict.deny && waitNs > 0)) this.waits.push(waitNs);
    else if (waitNs > 0) this.secondary.push(waitNs);
  }

  /** A wait that the recording holds already is not counted twice; what was not measured is priced. */
  private lateBy({ call }: Attempt, waitNs: number): number {
    if (waitNs === 0) return 0;
    const { fixed, perByte } = this.s.serviceNs(call.op);
    const bytes = call.op === 'truncate' ? 0 : Math.max(0, call.length);
    const plainNs = call.ns >= 0 ? call.ns : fixed + perByte * bytes;
    return Math.max(plainNs, waitNs + fixed) - plainNs;
  }

  private carryOut(attempt: Attempt, nowNs: number, waitNs: number): void {
    const { call, file, other, verdict } = attempt;
    const { policy } = this.s;
    const refused = verdict === Verdict.deny && policy.recorded !== true && waitNs === 0;
    if (refused) {
      const lifted = this.lift(attempt);
      if (lifted.verdict !== Verdict.deny) this.perform(attempt, nowNs);
      for (const one of lifted.files) this.claims.call(call, one, nowNs, false);
      return;
    }
    if (verdict === Verdict.revoke) for (const one of [file, other]) if (one !== null) this.claims.revoke(one);
    // Whatever was uncommitted goes with the commit, and so does what the call itself changes.
    if (verdict === Verdict.commit && file !== null) file.dirty = false;
    this.perform(attempt, nowNs);
  }

  /** The refused application takes the seals back and asks again: which ones, and what it is told then. */
  private lift(attempt: Attempt): { readonly files: readonly FileModel[]; readonly verdict: number } {
    const { call, file, other, atNs, blocked, verdict } = attempt;
    if (this.s.onDeny !== 'unseal' || !this.canRetry(attempt)) return { files: [], verdict };
    const files = blocked.filter((one) => this.claims.sealed.has(one) && !this.claims.isMapped(one));
    for (const one of files) this.claims.unseal(one);
    return { files, verdict: files.length === 0 ? verdict : this.attempt(call, file, other, atNs).verdict };
  }

  private perform(attempt: Attempt, nowNs: number): void {
    const { call, file, other } = attempt;
    if (call.failed) return;
    const { op, flags } = call;
    const gone = op === 'unlink' || (op === 'rename' && flags.has('over'));
    if (file !== null) {
      if (gone && this.claims.inUse(file)) this.unlinked.set(file, attempt);
      else effect(this.disk, call, file, other);
      if (attempt.verdict === Verdict.commit) for (const one of [file, other]) if (one !== null) one.dirty = false;
    }
    this.takeAndGive(call, file, nowNs);
    const { spoils } = this.s.policy;
    if (file !== null && spoils?.cases.some((name) => attempt.cases.includes(name)) === true)
      this.claims.spoil(file, nowNs);
  }

  private takeAndGive(call: Call, file: FileModel | null, nowNs: number): void {
    const { op, handle } = call;
    const gives = ['close', 'unpin', 'deregister', 'swapoff', 'lease_release', 'layout_return'].includes(op);
    // Part of a mapping may go; its hold ends with its last byte.
    if (gives || (op === 'munmap' && this.plan.last.has(call.index))) this.claims.giveBack(handle, nowNs);
    else if (op === 'exit') this.claims.exit(call.pid, nowNs, call.flags.has('killed'));
    else if (op === 'mount') this.claims.mount();
    else if (file !== null) this.claims.take(call, file, nowNs);
  }

  // --- devices

  /** Through a copy of the map that was taken earlier: every block that is no longer there is stale. */
  private access(call: Call, file: FileModel | null): void {
    if (file === null) return;
    this.answers.set(call.index, { verdict: Verdict.proceed, errno: 0 });
    const { claims } = this;
    const hold = claims.holds.find((one) => one.handle === call.handle && one.stale);
    if (!claims.copies.has(call.handle)) return;
    if (hold !== undefined && this.s.policy.devicePages === true) {
      hold.stale = false;
      this.refaults++;
      claims.copy(call.handle, hold.file, hold);
    }
    const copy = claims.copies.get(call.handle)!;
    const from = call.whole ? copy.offset : call.offset;
    const to = call.whole ? copy.offset + copy.length : call.offset + call.length;
    const blocks = [...copy.blocks].sort(([a], [b]) => a - b);
    const bytes = (at: number): number =>
      Math.max(0, Math.min(to, (at + 1) * PAGE, copy.offset + copy.length) - Math.max(from, at * PAGE, copy.offset));
    const stale = blocks.filter(([at, addr]) => bytes(at) > 0 && copy.file.cells.get(at)?.addr !== addr);
    if (stale.length === 0) return;
    const classes = stale.map(([, addr]) => this.hazardClass(call.op, copy.file, addr));
    const total = stale.reduce((sum, [at]) => sum + bytes(at), 0);
    this.hazards.push({ line: call.index, class: classes[0]!, bytes: total });
  }

  private hazardClass(op: string, file: FileModel, addr: number): string {
    const owners = this.disk.owners(addr);
    const other = owners.some((owner) => owner.file !== file);
    const meta = owners.length === 0 && this.disk.metadata.has(addr);
    if (!other && !meta) return 'a';
    return op === 'dma_read' ? 'b' : meta ? 'd' : 'c';
  }
}

function deny(attempt: Attempt, errno: number): void {
  attempt.verdict = Verdict.deny;
  attempt.errno = errno;
}

export const verdictText = (answer: Answer | undefined): string =>
  answer === undefined ? 'none' : `${VERDICTS[answer.verdict]!}${answer.errno === 0 ? '' : ` ${answer.errno}`}`;

export const opCode = (op: string): number => OPS.indexOf(op as (typeof OPS)[number]);
