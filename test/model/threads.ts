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

const threadOf = (todo: Call[]): Thread => ({ todo, lateNs: 0, apart: false, isBlocked: false, dueNs: -1 });

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
  /** Threads that their maker, who is late, has not made yet: the fork. */
  private readonly unborn = new Map<Thread, Call>();
  /** By pid, of processes that were made late. */
  private readonly bornLateNs = new Map<number, number>();
  private readonly killsPutOff = new Set<Call>();

  constructor(calls: readonly Call[], plan: SealPlaces, agenda: Agenda, step: (call: Call, nowNs: number) => void) {
    this.calls = calls;
    this.plan = plan;
    this.agenda = agenda;
    this.step = step;
    for (const [name, todo] of chainsOf(calls, isDevice)) this.threads.set(name, threadOf(todo));
    // Who does nothing but be killed is born as well.
    for (const { child } of calls)
      if (child !== null && !this.threads.has(child.thread)) this.threads.set(child.thread, threadOf([]));
  }

  /** The recording has this line now; here it may come later, or not at all. */
  line(call: Call): void {
    const thread = this.threads.get(call.thread);
    if (isKill(call)) {
      // A kill comes from outside, whatever its victim is at; who was made late lives as long as recorded.
      const isUnborn = [...this.unborn].some(([, { pid, child }]) => child?.pid === call.pid && pid !== call.pid);
      const lateNs = this.bornLateNs.get(call.pid) ?? 0;
      if (isUnborn || lateNs > 0) {
        this.killsPutOff.add(call);
        if (!isUnborn) this.agenda.put(call.line.t + lateNs, (nowNs) => this.step(call, nowNs));
        return;
      }
    } else if (isDevice(call)) return this.device(call);
    else if (thread !== undefined && !OBSERVED.has(call.op)) {
      if (thread.apart) return this.beginsLife(call, thread);
      // Not the first always: a kill that was put off stays in front.
      thread.todo.splice(thread.todo.indexOf(call), 1);
      this.beginsLife(call, thread);
    }
    this.step(call, call.line.t);
  }

  /** Nobody of the process does what it was late with. */
  kill(call: Call, nowNs: number): void {
    const putOff = this.killsPutOff.delete(call);
    this.bornLateNs.delete(call.pid);
    const position = (one: Call): number => this.calls.indexOf(one);
    for (const [name, thread] of this.threads) {
      if (!name.startsWith(`${call.pid}/`)) continue;
      this.unborn.delete(thread);
      while (thread.todo.length > 0 && position(thread.todo[0]!) <= position(call)) thread.todo.shift();
      // The recording may be past what another one does under its number.
      const apart = putOff && thread.apart && thread.todo.length > 0;
      Object.assign(thread, { lateNs: 0, apart, isBlocked: false, dueNs: -1 });
      if (apart) this.schedule(thread, nowNs);
    }
  }

  /** The recording has somebody made here. While the maker is late with that, nothing of the one that is made happens. */
  private beginsLife(call: Call, maker: Thread): void {
    if (call.child === null) return;
    if (call.child.pid !== call.pid) this.bornLateNs.delete(call.child.pid);
    const thread = this.threads.get(call.child.thread);
    if (thread === undefined || thread.apart || !maker.apart || !maker.todo.includes(call)) return;
    Object.assign(thread, { apart: true, isBlocked: true });
    this.unborn.set(thread, call);
  }

  private made(call: Call, nowNs: number): void {
    const [thread] = [...this.unborn].find(([, fork]) => fork === call) ?? [];
    if (thread === undefined) return;
    this.unborn.delete(thread);
    const { lateNs } = this.threads.get(call.thread)!;
    thread.isBlocked = false;
    thread.lateNs += lateNs;
    this.schedule(thread, nowNs);
    const { pid } = call.child!;
    if (pid === call.pid) return;
    this.bornLateNs.set(pid, lateNs);
    for (const kill of this.killsPutOff)
      if (kill.pid === pid) this.agenda.put(Math.max(nowNs, kill.line.t + lateNs), (then) => this.step(kill, then));
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
    if (call.child !== null) this.made(call, nowNs);
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
      // A kill that was put off comes by itself.
      if (!isKill(next)) this.step(next, dueNs);
      this.schedule(thread, dueNs);
    });
  }
}
