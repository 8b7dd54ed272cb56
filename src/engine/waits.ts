// Operations that wait in one lane: for pins, for leases that are asked back, for the I/O lock that a sleeper keeps, for their
// next try. Each is a copy of its decision, kept with the file until what is in its way is gone (seal-semantics section 4).
import type { EventColumns } from '../model/events.js';
import { MASKS, Verdict } from '../model/policy.js';
import { NONE } from '../model/units.js';
import type { Decision } from './decision.js';
import type { HoldTable } from './holds.js';
import type { LanePolicies } from './lane-policies.js';
import type { OrdinaryLeases } from './ordinary-leases.js';
import type { SealPlan } from './seal-plan.js';
import { isDeviceRow } from './thread-chains.js';
import type { Threads } from './threads.js';

/** What a waiter waits for. `lock`: for the one who waits for pins and keeps the I/O lock (secondary blocking). */
export type WaitsFor = 'pins' | 'lease' | 'lock' | 'retry';

export interface Waiter {
  readonly decision: Decision;
  readonly what: WaitsFor;
  readonly sinceNs: number;
  /** Carried out already: only its time is still open (open timing, behind the I/O lock). */
  readonly done: boolean;
  /** Observed changes of the call that came before it was let go. */
  readonly late: number[];
  /** It looks again at whole multiples of this from its beginning; 0: it is told at once. */
  readonly pollNs: number;
  /** Of who waits for pins: handle and place of the hold it sleeps on, and how often it has slept. */
  sleepsOn: number;
  sleepsAt: number;
  sleeps: number;
  /** It was woken, and has not looked yet. */
  woken: boolean;
}

export class Waits {
  private readonly c: EventColumns;
  private readonly policies: LanePolicies;
  private readonly plan: SealPlan;
  private readonly holds: HoldTable;
  private readonly threads: Threads | null;
  private readonly leases: OrdinaryLeases;
  private readonly ofFile = new Map<number, Waiter[]>();
  private readonly ofOperation = new Map<number, Waiter>();
  private readonly ofTask = new Map<number, Waiter>();
  private readonly byRow = new Map<number, Waiter>();
  /** How many try again: whatever changes a file may let them through, not only what somebody gives back. */
  retrying = 0;

  constructor(
    columns: EventColumns,
    policies: LanePolicies,
    plan: SealPlan,
    holds: HoldTable,
    threads: Threads | null,
    leases: OrdinaryLeases,
  ) {
    this.c = columns;
    this.policies = policies;
    this.plan = plan;
    this.holds = holds;
    this.threads = threads;
    this.leases = leases;
  }

  get any(): boolean {
    return this.byRow.size > 0;
  }

  add(waiter: Waiter): void {
    const { opId, row, task } = waiter.decision;
    this.byRow.set(row, waiter);
    for (const file of filesOf(waiter.decision)) {
      const list = this.ofFile.get(file);
      if (list === undefined) this.ofFile.set(file, [waiter]);
      else list.push(waiter);
    }
    if (waiter.what === 'retry') this.retrying++;
    if (opId !== 0 && !waiter.done) this.ofOperation.set(opId, waiter);
    if (task !== NONE) this.ofTask.set(task, waiter);
  }

  remove(waiter: Waiter): void {
    const { opId, row, task } = waiter.decision;
    this.byRow.delete(row);
    for (const file of filesOf(waiter.decision)) {
      const list = this.ofFile.get(file)!;
      list.splice(list.indexOf(waiter), 1);
      if (list.length === 0) this.ofFile.delete(file);
    }
    if (waiter.what === 'retry') this.retrying--;
    if (this.ofOperation.get(opId) === waiter) this.ofOperation.delete(opId);
    if (this.ofTask.get(task) === waiter) this.ofTask.delete(task);
  }

  on(file: number): readonly Waiter[] {
    return this.ofFile.get(file) ?? [];
  }

  of(opId: number): Waiter | undefined {
    return this.ofOperation.get(opId);
  }

  /** By the row of its operation. */
  ofRow(row: number): Waiter | undefined {
    return this.byRow.get(row);
  }

  /** In the order in which they began to wait. */
  all(): readonly Waiter[] {
    return [...this.byRow.values()];
  }

  /** Is the operation still held back? By the holds whose own cells say so, or by somebody who keeps the lock. */
  heldBack(d: Decision, what: WaitsFor): boolean {
    if (what === 'lock') return this.keepsLock(d.blocked);
    if (d.leased) return this.leases.inTheWay(d).length > 0;
    return this.inTheWay(d).next().done !== true;
  }

  /** Sleeps until the first pin that it found is gone. */
  sleep(waiter: Waiter): void {
    const first = this.inTheWay(waiter.decision).next();
    waiter.sleepsAt = first.done === true ? -1 : first.value;
    waiter.sleepsOn = first.done === true ? 0 : this.holds.handle[first.value]!;
    waiter.woken = false;
  }

  /** Is the pin that it sleeps on still there? */
  isAsleep({ sleepsAt, sleepsOn }: Waiter): boolean {
    return sleepsOn !== 0 && this.holds.byHandle(sleepsOn) === sleepsAt;
  }

  /** Somebody waits for pins of this file and keeps its I/O lock meanwhile. */
  keepsLock(file: number): boolean {
    return this.policies.of(file).behaviour.waitKeepsLock && this.on(file).some((waiter) => waiter.what === 'pins');
  }

  /**
   * Places of the holds in the hold table that make the operation wait. Who waits for pins gives the fault lock away while it
   * sleeps and looks at the whole file again when it wakes, so that pins taken meanwhile count (section 4.1); one gap lets it
   * through, so that a single re-pinning thread does not starve it (section 10.1). Leases are not granted meanwhile.
   */
  *inTheWay(d: Decision): Generator<number> {
    yield* this.holding(d, d.blocked, d.operationCase);
    if (d.also !== NONE) yield* this.holding(d, d.also, d.alsoCase);
  }

  private *holding(d: Decision, file: number, operationCase: number): Generator<number> {
    const { holds } = this;
    const policy = this.policies.of(file);
    for (let at = holds.of(file); at >= 0; at = holds.after(at)) {
      const index = operationCase * MASKS + (1 << holds.kind[at]!);
      const verdict = holds.pid[at] === d.pid ? policy.verdictHolder[index]! : policy.verdictOther[index]!;
      if (verdict === d.wanted && (verdict === Verdict.wait || holds.fromNs[at]! <= d.askedNs)) yield at;
    }
  }

  /**
   * Threads that wait for each other in a ring with this one, itself first; empty when there is none. A ring is closed by
   * the thread that came last, so that it is found when it does (closed time only: in open time nobody is held up).
   */
  ring(from: Waiter): readonly number[] {
    const start = from.decision.task;
    if (start === NONE) return [];
    const seen = new Set<number>();
    const path: number[] = [];
    const leadsBack = (waiter: Waiter): boolean => {
      path.push(waiter.decision.task);
      for (const task of this.waitsFor(waiter)) {
        if (task === start) return true;
        const next = seen.has(task) || this.threads?.isBlocked(task) !== true ? undefined : this.ofTask.get(task);
        seen.add(task);
        if (next !== undefined && leadsBack(next)) return true;
      }
      path.pop();
      return false;
    };
    return leadsBack(from) ? path : [];
  }

  /** The threads that the trace shows releasing what is in the way. */
  private waitsFor({ decision, what }: Waiter): readonly number[] {
    const { c, holds, plan } = this;
    if (what === 'lock') return this.on(decision.blocked).flatMap((w) => (w.what === 'pins' ? [w.decision.task] : []));
    const tasks: number[] = [];
    const handles = decision.leased
      ? this.leases.inTheWay(decision).map(({ handle }) => handle)
      : [...this.inTheWay(decision)].map((at) => holds.handle[at]!);
    for (const handle of handles) {
      const row = handle === 0 ? NONE : plan.endRow[plan.handles.of(handle)]!;
      if (row !== NONE && !isDeviceRow(c, row) && c.task[row] !== NONE) tasks.push(c.task[row]!);
    }
    return tasks;
  }
}

/** The files whose holds it waits for. */
export const filesOf = ({ blocked, also }: Decision): readonly number[] =>
  also === NONE ? [blocked] : [blocked, also];

/** What a verdict waits for. */
export const waitOf = (verdict: number): WaitsFor => (verdict === Verdict.wait ? 'pins' : 'lease');
