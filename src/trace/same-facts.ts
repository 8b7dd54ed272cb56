// Facts of one lane that another one tells as well. Both are gone through once, in the order of time; only what may still be
// the same as something that comes is kept.
import type { Fact, TapeFacts } from './facts.js';
import { sameCall } from './facts.js';
import type { Lane, Plan } from './plan.js';

/** Two probes of one event may be interrupted between their looks at the clock. */
const INTERRUPTED_NS = 20_000;
/** A last call is over by then. */
const LAST_CALL_NS = 1_000_000;

/** An observer's duration may be over before the call has begun in the kernel; certain is that it ends before the next one. */
const latestEnd = ({ t1, nextNs }: Fact): number => (Number.isFinite(nextNs) ? nextNs : t1 + LAST_CALL_NS);

/** A fact of the lane that tells more, on the clock of the other lane. */
interface Candidate {
  readonly fact: Fact;
  readonly t0: number;
  readonly latest: number;
}

/** A call of the lesser lane that what comes may still be the same as. */
interface Open {
  readonly fact: Fact;
  readonly latest: number;
  best: Candidate | null;
  shared: number;
}

/** Finds what `lesser` tells that `first` tells as well; answers whether there are calls among it. */
export function sameFacts(plan: Plan, first: Lane, facts: TapeFacts, lesser: Lane, others: TapeFacts): boolean {
  return new Matcher(plan, first, facts, lesser).run(others);
}

class Matcher {
  readonly #plan: Plan;
  readonly #first: Lane;
  readonly #lesser: Lane;
  readonly #within: number;
  readonly #facts: Iterator<Fact>;
  /** Of the facts of `first`, the next one. */
  #next: Candidate | null = null;
  /** By thread and name, in time: candidates that are not used up. */
  readonly #events = new Map<string, Candidate[]>();
  readonly #calls = new Map<string, Candidate[]>();
  /** Events among them, of all threads. */
  readonly #recent: Candidate[] = [];
  #oldest = 0;
  readonly #open = new Map<string, Open>();
  #found = false;

  constructor(plan: Plan, first: Lane, facts: TapeFacts, lesser: Lane) {
    this.#plan = plan;
    this.#first = first;
    this.#lesser = lesser;
    this.#within = first.errorNs + lesser.errorNs + INTERRUPTED_NS;
    this.#facts = facts[Symbol.iterator]();
    this.#step();
  }

  run(others: Iterable<Fact>): boolean {
    for (const fact of others) {
      if (fact.kind === 'marker' || this.#plan.isSkipped(this.#lesser.base + fact.entry)) continue;
      this.#forget(fact.t0 - this.#within);
      this.#readTo(fact.t0 + this.#within, fact.t0 - this.#within);
      if (fact.kind === 'event') this.#event(fact);
      else this.#call(fact);
    }
    for (const { latest } of [...this.#open.values()]) this.#readTo(latest + this.#within, Number.POSITIVE_INFINITY);
    for (const key of [...this.#open.keys()]) this.#decide(key);
    return this.#found;
  }

  #step(): void {
    const { done, value } = this.#facts.next();
    if (done === true) {
      this.#next = null;
      return;
    }
    const shift = this.#first.shiftNs - this.#lesser.shiftNs;
    this.#next = { fact: value, t0: value.t0 + shift, latest: latestEnd(value) + shift };
  }

  /** Reads what begins until then; of calls, what is over before `from` is the same as nothing that comes. */
  #readTo(until: number, from: number): void {
    for (let next = this.#next; next !== null && next.t0 <= until; next = this.#next) {
      this.#step();
      const { kind } = next.fact;
      if (kind === 'event') this.#readEvent(next, from);
      else if (kind === 'call') this.#readCall(next, from);
    }
  }

  #readEvent(next: Candidate, from: number): void {
    if (next.t0 < from) return;
    push(this.#events, keyOf(next.fact), next);
    this.#recent.push(next);
  }

  #readCall(next: Candidate, from: number): void {
    const key = keyOf(next.fact);
    const open = this.#open.get(key);
    if (open !== undefined) this.#compare(open, next);
    const list = this.#calls.get(key);
    if (list !== undefined) while (list.length > 0 && list[0]!.latest < from) list.shift();
    if (next.latest < from) return;
    if (list === undefined) this.#calls.set(key, [next]);
    else list.push(next);
  }

  /** Events before then. */
  #forget(before: number): void {
    const recent = this.#recent;
    while (this.#oldest < recent.length && recent[this.#oldest]!.t0 < before) {
      const gone = recent[this.#oldest++]!;
      const key = keyOf(gone.fact);
      const list = this.#events.get(key);
      // It may have been used up.
      if (list?.[0] === gone) list.shift();
      if (list?.length === 0) this.#events.delete(key);
    }
    if (this.#oldest < 1024 || this.#oldest * 2 < recent.length) return;
    recent.splice(0, this.#oldest);
    this.#oldest = 0;
  }

  #event(fact: Fact): void {
    const same = this.#events.get(keyOf(fact))?.shift();
    if (same !== undefined) this.#twin(fact.entry, same.fact.entry);
  }

  /** Calls of a thread come one after the other: the one that lasted at the same time is the same. */
  #call(fact: Fact): void {
    const key = keyOf(fact);
    this.#decide(key);
    const open: Open = { fact, latest: latestEnd(fact), best: null, shared: Number.NEGATIVE_INFINITY };
    this.#open.set(key, open);
    const list = this.#calls.get(key) ?? [];
    while (list.length > 0 && list[0]!.latest < fact.t0 - this.#within) list.shift();
    for (const one of list) this.#compare(open, one);
  }

  #compare(open: Open, one: Candidate): void {
    const { fact } = open;
    if (one.t0 > open.latest + this.#within || one.latest < fact.t0 - this.#within) return;
    const shared = Math.min(one.latest, open.latest) - Math.max(one.t0, fact.t0);
    if (shared <= open.shared || !sameCall(one.fact, fact)) return;
    open.best = one;
    open.shared = shared;
  }

  /** Nothing that comes can be the same as the open call of this name. */
  #decide(key: string): void {
    const open = this.#open.get(key);
    this.#open.delete(key);
    const best = open?.best ?? null;
    if (open === undefined || best === null) return;
    const list = this.#calls.get(key);
    const place = list?.indexOf(best) ?? -1;
    if (place >= 0) list!.splice(0, place + 1);
    const { fact } = open;
    const same = best.fact;
    const { shiftNs } = this.#first;
    this.#twin(fact.entry, same.entry);
    if (fact.exit >= 0) this.#twin(fact.exit, same.exit < 0 ? same.entry : same.exit);
    const to = same.exit < 0 ? Number.NaN : same.t1 + shiftNs;
    this.#plan.setSame(this.#lesser.base + fact.entry, same.t0 + shiftNs, to);
    this.#found = true;
  }

  #twin(entry: number, of: number): void {
    this.#plan.setTwin(this.#lesser.base + entry, this.#first.base + of);
  }
}

const keyOf = ({ tid, name }: Fact): string => `${tid}/${name}`;

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
