// Calls that were timed from outside of the kernel (strace) seem to end too early: the observer's own work is not in the
// duration it prints. What the thread still did before its next call, and was no fault, it did inside the call.
import { kernelEvent } from '../model/kernel-events.js';
import type { Lane, Plan } from './elsewhere.js';
import { type Fact, isKernelEvent } from './facts.js';
import { LOST } from './tape.js';

/** Longer than an observer takes to be woken and to print a line. */
const OBSERVING_NS = 200_000;
const FAULT = kernelEvent('page_fault_user');
/** Puts the end behind the event. */
const BEHIND_NS = 0.25;

interface Moment {
  readonly ns: number;
  readonly isFault: boolean;
}

/** `facts` are those of `lane`, in time; calls that another lane tells are left alone. */
export function endAfterEvents({ when, skip }: Plan, lane: Lane, facts: readonly Fact[], lanes: readonly Lane[]): void {
  const { base, shiftNs, errorNs } = lane;
  const own = facts.filter(({ kind, entry, exit }) => kind === 'call' && exit >= 0 && skip[base + entry] === 0);
  if (own.length === 0) return;
  const moments = momentsOf(new Set(own.map(({ tid }) => tid)), lane, lanes);
  const next = new Map<number, number>();
  for (const { tid, exit, nextNs } of own) {
    const list = moments.get(tid) ?? [];
    const from = when[base + exit]!;
    const until = Math.min(nextNs + shiftNs, from + errorNs + OBSERVING_NS);
    let i = next.get(tid) ?? 0;
    while (i < list.length && list[i]!.ns <= from) i++;
    for (; i < list.length && list[i]!.ns < until && !list[i]!.isFault; i++)
      when[base + exit] = list[i]!.ns + BEHIND_NS;
    next.set(tid, i);
  }
}

/** When the other lanes saw these threads do something in the kernel. */
function momentsOf(tids: ReadonlySet<number>, own: Lane, lanes: readonly Lane[]): Map<number, Moment[]> {
  const found = new Map<number, Moment[]>();
  for (const { tape, shiftNs, recording } of lanes) {
    if (recording === own.recording) continue;
    const { at, length } = tape.entries;
    for (let i = 0; i < length; i++) {
      const tid = at.tid[i]!;
      const event = at.event[i]!;
      if (event === LOST || !tids.has(tid) || !isKernelEvent(event)) continue;
      const list = found.get(tid) ?? [];
      if (list.length === 0) found.set(tid, list);
      list.push({ ns: at.timeNs[i]! + shiftNs, isFault: event === FAULT });
    }
  }
  for (const list of found.values()) list.sort((a, b) => a.ns - b.ns);
  return found;
}
