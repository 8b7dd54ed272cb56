// What the threads of a role do: the chain of their steps, with what was seen at each.
import { Op } from '../model/events.js';
import type { Bytes, Nanos } from '../model/units.js';
import { type Deals, ENDS, type Step, TAKES_RANGE } from '../workloads/modelled/model.js';
import type { Kinds } from './kinds.js';
import { dealsOf, type Seen, stepModel, waitsFor } from './steps.js';
import type { Use } from './use.js';

const isFault = ({ op }: Use): boolean => op === Op.read_fault || op === Op.write_fault;

/** A thread of so many steps may come to the last of them early, and would go round there for long. */
const MANY_STEPS = 1000;

interface Last {
  file: number;
  readonly ends: Map<number, { offset: Bytes; end: Bytes }>;
}

/** Where a thread is in its chain, and where it was last in the files of each kind. */
interface Walker {
  before: number;
  beforeNs: Nanos;
  /** When the last hold is given back that its next call waits for. */
  heldNs: Nanos;
  readonly lasts: Map<number, Last>;
}

export interface Chain {
  readonly first: Deals;
  readonly chain: readonly Step[];
}

/** `threads`: the uses of each thread of the role, by time. */
export function chainOf(threads: readonly (readonly Use[])[], { kindOf, memberOf, kinds }: Kinds): Chain {
  const seen: Seen[] = [];
  const numbers = new Map<string, number>();
  const first: number[] = [];
  const walkers = new Map<Use, Walker>();
  for (const uses of threads) {
    const walker: Walker = { before: -1, beforeNs: 0, heldNs: 0, lasts: new Map() };
    for (const use of uses) walkers.set(use, walker);
  }
  // All threads of a role deal from the same decks, so what they did is put in the order in which it was done.
  const inOrder = threads.flat().sort((a, b) => a.timeNs - b.timeNs);
  const stepAt = inOrder.map((use) => stepOf(use, kindOf, seen, numbers));
  countGiven(threads, new Map(inOrder.map((use, i) => [use, seen[stepAt[i]!]!])));
  inOrder.forEach((use, i) => {
    const walker = walkers.get(use)!;
    const number = stepAt[i]!;
    const step = seen[number]!;
    (walker.before < 0 ? first : seen[walker.before]!.next).push(number);
    const freeNs = isFault(use) ? walker.beforeNs : Math.max(walker.beforeNs, walker.heldNs);
    if (walker.before >= 0) step.gaps.push(Math.max(0, use.timeNs - freeNs));
    note(step, use, walker.lasts, memberOf);
    walker.before = number;
    walker.beforeNs = use.timeNs;
    if (waitsFor(step)) walker.heldNs = Math.max(walker.heldNs, use.hold?.endNs ?? 0);
  });
  for (const uses of threads) if (uses.length >= MANY_STEPS) seen[walkers.get(uses[0]!)!.before]!.next.push(ENDS);
  const choice = (step: Seen): boolean => kinds[step.kind]!.members.length > 1;
  return { first: dealsOf(first), chain: seen.map((step) => stepModel(step, choice(step))) };
}

function countGiven(threads: readonly (readonly Use[])[], stepOfUse: ReadonlyMap<Use, Seen>): void {
  for (const uses of threads)
    uses.forEach((use, i) => {
      if (use.hold === null || use.hold.endNs < 0) return;
      const { endNs } = use.hold;
      let next = i + 1;
      while (next < uses.length && isFault(uses[next]!)) next++;
      if (next === uses.length) return;
      const step = stepOfUse.get(use)!;
      step.given++;
      if (endNs <= uses[next]!.timeNs) step.givenFirst++;
      step.tails.push(Math.max(0, endNs - uses[next - 1]!.timeNs));
    });
}

function stepOf(use: Use, kindOf: Int32Array, seen: Seen[], numbers: Map<string, number>): number {
  const kind = kindOf[use.file]!;
  const other = use.other < 0 ? -1 : kindOf[use.other]!;
  const key = [
    use.op,
    use.flags,
    use.case,
    use.errno,
    kind,
    other,
    use.length < 0 ? 'w' : '',
    use.forgotten,
    use.learnt ? 'k' : '',
    // A call faults pages in before it pins them, others while it does.
    isFault(use) && use.pinnedHere ? 'p' : '',
  ].join(' ');
  const known = numbers.get(key);
  if (known !== undefined) return known;
  numbers.set(key, seen.length);
  const places = { start: 0, same: 0, sequential: 0, end: 0, ahead: 0 };
  const lists = { gaps: [], latencies: [], heldLatencies: [], bytes: [], offsets: [], at: [], skips: [], holds: [] };
  return (
    seen.push({
      use,
      kind,
      other,
      next: [],
      files: [],
      ...lists,
      given: 0,
      givenFirst: 0,
      tails: [],
      places,
      placed: 0,
      again: 0,
      mapped: 0,
      pinned: 0,
      count: 0,
    }) - 1
  );
}

function note(step: Seen, use: Use, lasts: Map<number, Last>, memberOf: Int32Array): void {
  const last = lasts.get(step.kind) ?? { file: -1, ends: new Map() };
  lasts.set(step.kind, last);
  step.count++;
  if (use.mapped) step.mapped++;
  if (use.pinned) step.pinned++;
  if (last.file === use.file) step.again++;
  else step.files.push(memberOf[use.file]!);
  last.file = use.file;
  if (use.latencyNs >= 0) (use.pinned ? step.heldLatencies : step.latencies).push(use.latencyNs);
  if (use.length >= 0) step.bytes.push(use.length);
  if (use.hold !== null) step.holds.push(use.hold);
  if (use.op === Op.truncate) return resized(step, use);
  if (use.offset < 0 || use.length < 0) return;
  place(step, use, last.ends.get(use.file));
  if (TAKES_RANGE[use.op] === 0) last.ends.set(use.file, { offset: use.offset, end: use.offset + use.length });
}

function resized(step: Seen, { length, size }: Use): void {
  if (length < 0 || size < 0 || length === size) return;
  step.placed++;
  step.places.ahead++;
  step.skips.push(Math.abs(length - size));
}

function place(step: Seen, use: Use, last: { readonly offset: Bytes; readonly end: Bytes } | undefined): void {
  step.placed++;
  const { offset, size } = use;
  if (last !== undefined && offset === last.end) step.places.sequential++;
  else if (size > 0 && offset === size) step.places.end++;
  else if (last !== undefined && offset === last.offset) step.places.same++;
  else if (offset === 0) step.places.start++;
  else if (size >= 0 && offset > size) {
    step.places.ahead++;
    step.skips.push(offset - size);
  } else {
    step.offsets.push(offset);
    step.at.push(size > 0 ? offset / size : Number.NaN);
  }
}
