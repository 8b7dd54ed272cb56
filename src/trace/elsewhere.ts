// One fact that several recordings tell is one operation: the recording that tells more of what surrounds it gives it, in
// the others it is skipped. What only a skipped one tells of it (paths, descriptors, ranges) goes to where it is told.
import { kernelEvent } from '../model/kernel-events.js';
import { codesOf, eventsOf, type Fact, factsOf, sameCall } from './facts.js';
import { endAfterEvents } from './outside.js';
import { LOST, type Tape } from './tape.js';

/** A tape on the common timeline. */
export interface Lane {
  readonly tape: Tape;
  /** Number of its recording; what one recorder wrote is not told twice, however alike two records are. */
  readonly recording: number;
  /** Added to its times. */
  readonly shiftNs: number;
  /** By how much these may be wrong, steps of its stamps included. */
  readonly errorNs: number;
  /** Place of its first entry among those of all lanes. */
  readonly base: number;
}

export interface Plan {
  /** When each entry is handed over, on the common clock. */
  readonly when: Float64Array;
  readonly skip: Uint8Array;
  /** The entry of another lane that tells the same; -1 for none. */
  readonly twin: Int32Array;
}

/** Notes on the call they are told in. Those on tasks stand for themselves. */
const ON_CALLS = new Set(
  ['note_fd_path', 'note_fd_inode', 'note_inode', 'note_path', 'note_remap', 'note_buffer'].map(kernelEvent),
);
const ARGUMENTS = kernelEvent('note_arguments');
/** Two probes of one event may be interrupted between their looks at the clock. */
const INTERRUPTED_NS = 20_000;
/** Puts a note before or behind an event of the same ns. */
const BESIDE_NS = 0.25;

/** `devices`: block devices that the recordings know; of others what is told beside events is left to these events. */
export function planOf(lanes: readonly Lane[], entries: number, devices: ReadonlySet<number>): Plan {
  const plan = {
    when: new Float64Array(entries),
    skip: new Uint8Array(entries),
    twin: new Int32Array(entries).fill(-1),
  };
  for (const lane of lanes) begin(plan, lane);
  const codes = sharedCodes(lanes);
  const ranked = lanes
    .map((lane) => ({ lane, tells: eventsOf(lane.tape).size, facts: inTime(factsOf(lane.tape, codes)) }))
    .sort((a, b) => b.tells - a.tells);
  ranked.forEach((lesser, i) => {
    const calls = new Map<number, Fact>();
    for (const { lane, facts } of ranked.slice(0, i)) {
      if (lane.recording === lesser.lane.recording) continue;
      sameEvents(plan, lane, facts, lesser.lane, lesser.facts);
      sameCalls(plan, lane, facts, lesser.lane, lesser.facts, calls);
    }
    if (lesser.tells === 0) endAfterEvents(plan, lesser.lane, lesser.facts, lanes);
    if (calls.size > 0) new Calls(plan, lanes, lesser.lane, calls).place(lesser.facts);
  });
  for (const lane of lanes) {
    leave(plan, lane, devices);
    inOrder(plan, lane);
  }
  return plan;
}

function begin({ when }: Plan, { tape, shiftNs, base }: Lane): void {
  const { at, length } = tape.entries;
  for (let i = 0; i < length; i++) when[base + i] = at.timeNs[i]! + shiftNs;
}

/** What is told beside events of a device that no other recording knows: the events tell it. */
function leave({ skip }: Plan, { tape, base }: Lane, devices: ReadonlySet<number>): void {
  const { at, length } = tape.entries;
  for (let i = 0; i < length; i++) if (at.beside[i] === 1 && !devices.has(tape.value(i, 0))) skip[base + i] = 1;
}

function sharedCodes(lanes: readonly Lane[]): Set<number> {
  const recordings = new Map<number, Set<number>>();
  for (const { tape, recording } of lanes)
    for (const code of codesOf(tape)) {
      const known = recordings.get(code) ?? new Set();
      recordings.set(code, known.add(recording));
    }
  return new Set([...recordings].filter(([, known]) => known.size > 1).map(([code]) => code));
}

const inTime = (facts: Fact[]): Fact[] => facts.sort((a, b) => a.t0 - b.t0);

function sameEvents(plan: Plan, first: Lane, facts: readonly Fact[], lesser: Lane, others: readonly Fact[]): void {
  const known = new Map<string, Fact[]>();
  for (const fact of facts) if (fact.kind === 'event') push(known, `${fact.tid}/${fact.name}`, fact);
  const within = first.errorNs + lesser.errorNs + INTERRUPTED_NS;
  const next = new Map<string, number>();
  for (const fact of others) {
    if (fact.kind !== 'event' || plan.skip[lesser.base + fact.entry] === 1) continue;
    const key = `${fact.tid}/${fact.name}`;
    const list = known.get(key);
    if (list === undefined) continue;
    const t = fact.t0 + lesser.shiftNs;
    let i = next.get(key) ?? 0;
    while (i < list.length && list[i]!.t0 + first.shiftNs < t - within) i++;
    const same = i < list.length && list[i]!.t0 + first.shiftNs <= t + within;
    if (same) twin(plan, lesser.base + fact.entry, first.base + list[i]!.entry);
    next.set(key, same ? i + 1 : i);
  }
}

function twin(plan: Plan, entry: number, of: number): void {
  plan.skip[entry] = 1;
  // What is told there may be told elsewhere itself.
  plan.twin[entry] = plan.twin[of]! >= 0 ? plan.twin[of]! : of;
}

/** A last call is over by then. */
const LAST_CALL_NS = 1_000_000;

/** An observer's duration may be over before the call has begun in the kernel; certain is that it ends before the next one. */
const latestEnd = ({ t1, nextNs }: Fact): number => (Number.isFinite(nextNs) ? nextNs : t1 + LAST_CALL_NS);

/** Calls of a thread come one after the other: the one that lasted at the same time is the same. */
function sameCalls(
  plan: Plan,
  first: Lane,
  facts: readonly Fact[],
  lesser: Lane,
  others: readonly Fact[],
  found: Map<number, Fact>,
): void {
  const known = new Map<string, Fact[]>();
  for (const fact of facts) if (fact.kind === 'call') push(known, `${fact.tid}/${fact.name}`, fact);
  const within = first.errorNs + lesser.errorNs + INTERRUPTED_NS;
  const shift = lesser.shiftNs - first.shiftNs;
  const next = new Map<string, number>();
  for (const fact of others) {
    if (fact.kind !== 'call' || plan.skip[lesser.base + fact.entry] === 1) continue;
    const key = `${fact.tid}/${fact.name}`;
    const list = known.get(key) ?? [];
    let i = next.get(key) ?? 0;
    while (i < list.length && latestEnd(list[i]!) < fact.t0 + shift - within) i++;
    let best = -1;
    let most = Number.NEGATIVE_INFINITY;
    for (let k = i; k < list.length && list[k]!.t0 <= latestEnd(fact) + shift + within; k++) {
      const shared = Math.min(latestEnd(list[k]!), latestEnd(fact) + shift) - Math.max(list[k]!.t0, fact.t0 + shift);
      if (shared > most && sameCall(list[k]!, fact)) {
        best = k;
        most = shared;
      }
    }
    next.set(key, best < 0 ? i : best + 1);
    if (best < 0) continue;
    const same = list[best]!;
    twin(plan, lesser.base + fact.entry, first.base + same.entry);
    if (fact.exit >= 0) twin(plan, lesser.base + fact.exit, first.base + (same.exit < 0 ? same.entry : same.exit));
    found.set(fact.entry, same);
  }
}

/** Puts what a lane says of its calls to where these are told. */
class Calls {
  readonly #plan: Plan;
  readonly #lane: Lane;
  /** By entry of the enter: the call of another lane that is the same. */
  readonly #same: ReadonlyMap<number, Fact>;
  readonly #lanes: ReadonlyMap<Tape, Lane>;

  constructor(plan: Plan, lanes: readonly Lane[], lane: Lane, same: ReadonlyMap<number, Fact>) {
    this.#plan = plan;
    this.#lane = lane;
    this.#same = same;
    this.#lanes = new Map(lanes.map((one) => [one.tape, one]));
  }

  place(facts: readonly Fact[]): void {
    this.#notes(facts);
    this.#between(facts);
  }

  #notes(facts: readonly Fact[]): void {
    const { at, length } = this.#lane.tape.entries;
    const { base } = this.#lane;
    const enters = new Map(facts.filter(({ kind }) => kind === 'call').map((fact) => [fact.entry, fact]));
    const exits = new Map([...enters.values()].map((fact) => [fact.exit, fact]));
    const current = new Map<number, { readonly fact: Fact; isOver: boolean }>();
    for (let i = 0; i < length; i++) {
      const tid = at.tid[i]!;
      const begun = enters.get(i);
      const ended = exits.get(i);
      if (begun !== undefined) current.set(tid, { fact: begun, isOver: false });
      else if (ended !== undefined) current.set(tid, { fact: ended, isOver: true });
      const now = current.get(tid);
      const same = now === undefined ? undefined : this.#same.get(now.fact.entry);
      if (now === undefined || same === undefined) continue;
      if (at.event[i] === ARGUMENTS) this.#plan.skip[base + i] = 1;
      else if (ON_CALLS.has(at.event[i]!) && same.exit >= 0)
        this.#plan.when[base + i] = this.#time(same, same.t1) + (now.isOver ? BESIDE_NS : -BESIDE_NS);
    }
  }

  /** A call that only this lane tells ends before the thread's next one begins, however uncertain the clocks. */
  #between(facts: readonly Fact[]): void {
    const { when } = this.#plan;
    const { base } = this.#lane;
    const next = new Map<number, number>();
    for (const fact of [...facts].reverse()) {
      if (fact.kind !== 'call') continue;
      const same = this.#same.get(fact.entry);
      if (same !== undefined) {
        next.set(fact.tid, this.#time(same, same.t0));
        continue;
      }
      const latest = (next.get(fact.tid) ?? Number.POSITIVE_INFINITY) - BESIDE_NS;
      for (const entry of [fact.entry, fact.exit])
        if (entry >= 0) when[base + entry] = Math.min(when[base + entry]!, latest);
    }
  }

  #time({ tape }: Fact, ns: number): number {
    return ns + this.#lanes.get(tape)!.shiftNs;
  }
}

/** What a lane tells of a thread keeps its order. */
function inOrder({ when, skip }: Plan, { tape, base }: Lane): void {
  const { at, length } = tape.entries;
  const last = new Map<number, number>();
  for (let i = 0; i < length; i++) {
    // A loss has no thread, and begins before what tells of it.
    if (skip[base + i] === 1 || at.event[i] === LOST) continue;
    const tid = at.tid[i]!;
    const ns = Math.max(when[base + i]!, last.get(tid) ?? Number.NEGATIVE_INFINITY);
    when[base + i] = ns;
    last.set(tid, ns);
  }
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
