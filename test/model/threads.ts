// Time in the naive replay: a list of what is put off, and threads that keep their own order and think time (replay.md section 4).
import { type Call, isDevice, isKill, OBSERVED } from './calls.js';
import { chainsOf, type SealPlaces } from './plan.js';

export interface Later {
  readonly atNs: number;
  /** Place among all that was put off: equal times keep it. */
  readonly order: number;
  readonly act: (nowNs: number) => void;
}

export class Agenda {
  private readonly items: Later[] = [];
  private puts = 0;

  put(atNs: number, act: (nowNs: number) => void): void {
    this.items.push({ atNs, order: this.place(), act });
  }

  place(): number {
    return this.puts++;
  }

  earliest(): Later | undefined {
    return this.items.reduce<Later | undefined>(
      (first, one) => (first === undefined || one.atNs < first.atNs ? one : first),
      undefined,
    );
  }

  take(item: Later): void {
    this.items.splice(this.items.indexOf(item), 1);
  }
}

interface Thread {
  readonly todo: Call[];
  lateNs: number;
  /** It waited once, and runs by itself since. */
  apart: boolean;
  isBlocked: boolean;
  dueNs: number;
}

/** Closed time. In open time no line asks for it. */
export class Threads {
  private readonly calls: readonly Call[];
  private readonly plan: SealPlaces;
  private readonly agenda: Agenda;
  private readonly step: (call: Call, nowNs: number) => void;
  private readonly threads = new Map<string, Thread>();
  /** By handle: how late the thread was that took it; lines of devices that wait to know. */
  private readonly lateOf = new Map<string, number>();
  private readonly early: Call[] = [];

  constructor(calls: readonly Call[], plan: SealPlaces, agenda: Agenda, step: (call: Call, nowNs: number) => void) {
    this.calls = calls;
    this.plan = plan;
    this.agenda = agenda;
    this.step = step;
    for (const [name, todo] of chainsOf(calls, isDevice))
      this.threads.set(name, { todo, lateNs: 0, apart: false, isBlocked: false, dueNs: -1 });
  }

  /** The recording has this line now; here it may come later, or not at all. */
  line(call: Call): void {
    const thread = this.threads.get(call.thread);
    if (isKill(call)) {
      // A kill comes from outside, whatever its victim is at.
      for (const [name, one] of this.threads) if (name.startsWith(`${call.pid}/`)) this.kill(one, call);
    } else if (isDevice(call)) return this.device(call);
    else if (thread !== undefined && !OBSERVED.has(call.op)) {
      if (thread.apart) return;
      thread.todo.shift();
    }
    this.step(call, call.line.t);
  }

  private kill(thread: Thread, at: Call): void {
    const position = (call: Call): number => this.calls.indexOf(call);
    while (thread.todo.length > 0 && position(thread.todo[0]!) <= position(at)) thread.todo.shift();
    Object.assign(thread, { lateNs: 0, apart: false, isBlocked: false, dueNs: -1 });
  }

  /** Devices come through a hold as late as the thread was that took it. */
  private device(call: Call): void {
    const taken = this.plan.takenBy.get(call.handle);
    const isLater = taken === undefined || this.calls.findIndex((c) => c.index === taken) > this.calls.indexOf(call);
    const lateNs = isLater ? 0 : this.lateOf.get(call.handle);
    if (lateNs === undefined) this.early.push(call);
    else if (lateNs === 0) this.step(call, call.line.t);
    else this.agenda.put(call.line.t + lateNs, (nowNs) => this.step(call, nowNs));
  }

  /** A call has run or was refused: devices know from now on how late its hold was taken. */
  over(call: Call, nowNs: number): void {
    if (call.handle === '' || this.plan.takenBy.get(call.handle) !== call.index) return;
    const lateNs = this.threads.get(call.thread)?.lateNs ?? 0;
    this.lateOf.set(call.handle, lateNs);
    for (const waiting of this.early.filter((one) => one.handle === call.handle)) {
      this.early.splice(this.early.indexOf(waiting), 1);
      this.agenda.put(Math.max(nowNs, waiting.line.t + lateNs), (then) => this.step(waiting, then));
    }
  }

  /** It waits: nothing of what follows happens until `release`. */
  block(call: Call): void {
    const thread = this.threads.get(call.thread);
    if (thread === undefined) return;
    thread.apart = true;
    thread.isBlocked = true;
  }

  release(call: Call, moreNs: number, nowNs: number): void {
    const thread = this.threads.get(call.thread);
    if (thread === undefined) return;
    thread.isBlocked = false;
    thread.lateNs += moreNs;
    this.schedule(thread, nowNs);
  }

  /** The next line of a thread that runs by itself, no earlier than now. */
  private schedule(thread: Thread, nowNs: number): void {
    const next = thread.todo[0];
    if (next === undefined || thread.isBlocked) return;
    const dueNs = Math.max(nowNs, next.line.t + thread.lateNs);
    thread.dueNs = dueNs;
    this.agenda.put(dueNs, () => {
      if (thread.isBlocked || thread.todo[0] !== next || thread.dueNs !== dueNs) return;
      thread.todo.shift();
      this.step(next, dueNs);
      this.schedule(thread, dueNs);
    });
  }
}
