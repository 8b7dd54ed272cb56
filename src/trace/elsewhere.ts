// One fact that several recordings tell is one operation: the recording that tells more of what surrounds it gives it, in
// the others it is skipped. What only a skipped one tells of it (paths, descriptors, ranges) goes to where it is told.
import { PagedColumns } from '../base/paged-columns.js';
import { ARGUMENTS } from './event-kinds.js';
import type { AllFacts } from './facts.js';
import { endAfterEvents } from './outside.js';
import { type Lane, Plan } from './plan.js';
import { sameFacts } from './same-facts.js';
import { LOST } from './tape.js';

const { MASK } = PagedColumns;
/** Puts a note before or behind an event of the same ns. */
const BESIDE_NS = 0.25;

/** `devices`: block devices that the recordings know; of others what is told beside events is left to these events. */
export function planOf(lanes: readonly Lane[], all: AllFacts, devices: ReadonlySet<number>): Plan {
  const plan = new Plan(lanes[0]!.tape.real.store);
  for (const lane of lanes) begin(plan, lane);
  const ranked = lanes
    .map((lane) => ({ lane, tells: lane.tape.kernelIds.size, facts: all.of(lane.tape) }))
    .sort((a, b) => b.tells - a.tells);
  ranked.forEach((lesser, i) => {
    let isLent = false;
    for (const { lane, facts } of ranked.slice(0, i))
      if (lane.recording !== lesser.lane.recording && sameFacts(plan, lane, facts, lesser.lane, lesser.facts))
        isLent = true;
    if (lesser.tells === 0) endAfterEvents(plan, lesser.lane, lesser.facts, lanes);
    if (!isLent) return;
    placeNotes(plan, lesser.lane);
    endBeforeNext(plan, lesser.lane);
  });
  for (const lane of lanes) {
    leave(plan, lane, devices);
    inOrder(plan, lane);
  }
  return plan;
}

function begin(plan: Plan, { tape: { entries }, shiftNs }: Lane): void {
  for (let i = 0; i < entries.length; i++) plan.add(entries.of(i).timeNs[i & MASK]! + shiftNs);
}

/** Puts what a lane says of calls that are told elsewhere to where they are told. */
function placeNotes(plan: Plan, { tape, base }: Lane): void {
  const { entries, rules } = tape;
  /** By thread: the last call that it began. */
  const calls = new Map<number, { readonly entry: number; readonly call: string; isOver: boolean }>();
  for (let i = 0; i < entries.length; i++) {
    const at = entries.of(i);
    const event = at.event[i & MASK]!;
    if (event === LOST) continue;
    const kind = rules.kinds.of(event);
    const tid = at.tid[i & MASK]!;
    if (kind.isEnter) calls.set(tid, { entry: base + i, call: kind.call, isOver: false });
    const now = calls.get(tid);
    if (now === undefined) continue;
    if (kind.call === now.call && !kind.isEnter) now.isOver = true;
    if (!kind.isOnCall && kind.id !== ARGUMENTS) continue;
    if (Number.isNaN(plan.sameFrom(now.entry))) continue;
    const to = plan.sameTo(now.entry);
    if (kind.id === ARGUMENTS) plan.skip(base + i);
    else if (!Number.isNaN(to)) plan.setWhen(base + i, to + (now.isOver ? BESIDE_NS : -BESIDE_NS));
  }
}

/** A call that only this lane tells ends before the thread's next one begins, however uncertain the clocks. */
function endBeforeNext(plan: Plan, { tape, base }: Lane): void {
  const { entries, rules } = tape;
  /** By thread: when its next call that is told elsewhere begins there. */
  const next = new Map<number, number>();
  for (let i = entries.length - 1; i >= 0; i--) {
    const at = entries.of(i);
    const event = at.event[i & MASK]!;
    if (event === LOST) continue;
    const { call, isEnter } = rules.kinds.of(event);
    if (call === '') continue;
    const tid = at.tid[i & MASK]!;
    const entry = base + i;
    const from = isEnter ? plan.sameFrom(entry) : Number.NaN;
    if (!Number.isNaN(from)) next.set(tid, from);
    else if (plan.twin(entry) < 0) {
      const latest = (next.get(tid) ?? Number.POSITIVE_INFINITY) - BESIDE_NS;
      if (latest < plan.when(entry)) plan.setWhen(entry, latest);
    }
  }
}

/** What is told beside events of a device that no other recording knows: the events tell it. */
function leave(plan: Plan, { tape, base }: Lane, devices: ReadonlySet<number>): void {
  const { entries } = tape;
  for (let i = 0; i < entries.length; i++) {
    const at = entries.of(i);
    if (at.beside[i & MASK] === 1 && !devices.has(tape.value(at.at[i & MASK]!, 0))) plan.skip(base + i);
  }
}

/** What a lane tells of a thread keeps its order. */
function inOrder(plan: Plan, { tape: { entries }, base }: Lane): void {
  const last = new Map<number, number>();
  for (let i = 0; i < entries.length; i++) {
    const at = entries.of(i);
    // A loss has no thread, and begins before what tells of it.
    if (at.event[i & MASK] === LOST || plan.isSkipped(base + i)) continue;
    const tid = at.tid[i & MASK]!;
    const own = plan.when(base + i);
    const ns = Math.max(own, last.get(tid) ?? Number.NEGATIVE_INFINITY);
    if (ns !== own) plan.setWhen(base + i, ns);
    last.set(tid, ns);
  }
}
