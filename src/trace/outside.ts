// Calls that were timed from outside of the kernel (strace) seem to end too early: the observer's own work is not in the
// duration it prints. What the thread still did before its next call, and was no fault, it did inside the call.
import { PagedColumns } from '../base/paged-columns.js';
import { SortedLog } from '../base/sorted-log.js';
import { PAGE_FAULT } from './event-kinds.js';
import type { TapeFacts } from './facts.js';
import type { Lane, Plan } from './plan.js';
import { LOST } from './tape.js';

/** Longer than an observer takes to be woken and to print a line. */
const OBSERVING_NS = 200_000;
/** Puts the end behind the event. */
const BEHIND_NS = 0.25;

const { MASK } = PagedColumns;

/** Ends of calls, and until when each may really have lasted. */
const END_SHAPE = { timeNs: Float64Array, untilNs: Float64Array, exit: Uint32Array, tid: Int32Array };
/** When the other lanes saw a thread do something in the kernel. */
const MOMENT_SHAPE = { timeNs: Float64Array, tid: Int32Array, isFault: Uint8Array };

interface Moment {
  readonly ns: number;
  readonly tid: number;
  readonly isFault: boolean;
}

/** `facts` are those of `lane`; calls that another lane tells are left alone. */
export function endAfterEvents(plan: Plan, lane: Lane, facts: TapeFacts, lanes: readonly Lane[]): void {
  const tids = new Set<number>();
  const ends = endsOf(plan, lane, facts, tids);
  if (tids.size === 0) return;
  const moments = new Moments(momentsOf(tids, lane, lanes));
  for (const { rows, at } of ends.batches(1024))
    for (let i = 0; i < rows; i++) {
      const until = at.untilNs[i]!;
      for (const { ns, isFault } of moments.between(at.tid[i]!, at.timeNs[i]!, until)) {
        if (isFault) break;
        plan.setWhen(lane.base + at.exit[i]!, ns + BEHIND_NS);
      }
    }
}

function endsOf(plan: Plan, { tape, base, shiftNs, errorNs }: Lane, facts: TapeFacts, tids: Set<number>) {
  const log = new SortedLog(END_SHAPE, tape.real.store);
  for (const { kind, entry, exit, tid, nextNs } of facts) {
    if (kind !== 'call' || exit < 0 || plan.isSkipped(base + entry)) continue;
    tids.add(tid);
    const row = log.add();
    const from = plan.when(base + exit);
    log.at.timeNs[row] = from;
    log.at.untilNs[row] = Math.min(nextNs + shiftNs, from + errorNs + OBSERVING_NS);
    log.at.exit[row] = exit;
    log.at.tid[row] = tid;
  }
  return log.sorted();
}

function momentsOf(tids: ReadonlySet<number>, own: Lane, lanes: readonly Lane[]) {
  const log = new SortedLog(MOMENT_SHAPE, own.tape.real.store);
  for (const { tape, shiftNs, recording } of lanes) {
    if (recording === own.recording) continue;
    const { entries, rules } = tape;
    for (let i = 0; i < entries.length; i++) {
      const at = entries.of(i);
      const event = at.event[i & MASK]!;
      if (event === LOST || !tids.has(at.tid[i & MASK]!)) continue;
      const { isKernel, id } = rules.kinds.of(event);
      if (!isKernel) continue;
      const row = log.add();
      log.at.timeNs[row] = at.timeNs[i & MASK]! + shiftNs;
      log.at.tid[row] = at.tid[i & MASK]!;
      log.at.isFault[row] = id === PAGE_FAULT ? 1 : 0;
    }
  }
  return log.sorted();
}

/** A window on moments that moves on in time. */
class Moments {
  readonly #all: Iterator<Moment>;
  #next: Moment | null = null;
  #window: Moment[] = [];

  constructor(moments: ReturnType<typeof momentsOf>) {
    this.#all = each(moments);
    this.#step();
  }

  /** Those of a thread behind `from` and before `until`; `from` never goes back. */
  *between(tid: number, from: number, until: number): Iterable<Moment> {
    this.#window = this.#window.filter(({ ns }) => ns > from);
    for (let next = this.#next; next !== null && next.ns < until; next = this.#next) {
      this.#step();
      if (next.ns > from) this.#window.push(next);
    }
    for (const one of this.#window) if (one.tid === tid && one.ns < until) yield one;
  }

  #step(): void {
    const { done, value } = this.#all.next();
    this.#next = done === true ? null : value;
  }
}

function* each(moments: ReturnType<typeof momentsOf>): Generator<Moment, void> {
  for (const { rows, at } of moments.batches(1024))
    for (let i = 0; i < rows; i++) yield { ns: at.timeNs[i]!, tid: at.tid[i]!, isFault: at.isFault[i] === 1 };
}
