// What the threads of a role do: the chain of their steps, with what was seen at each.
import type { Distribution } from '../base/distribution.js';
import { FLAGS, Flag, OPS, Op } from '../model/events.js';
import type { Bytes, Nanos } from '../model/units.js';
import {
  type Count,
  type Deals,
  ENDS,
  type HoldModel,
  type Place,
  type Step,
  TAKES_RANGE,
} from '../workloads/modelled/model.js';
import { distributionOf, distributionOrNull } from './distributions.js';
import type { Kinds } from './kinds.js';
import type { HoldUse, Use } from './use.js';

/** Powers of two that offsets are held against, and the share that has to be multiples. */
const MOST_ALIGN = 2 ** 20;
const ALIGNED = 0.95;

/** Steps that led to so few others are dealt in order, the others in so many parts. */
const MOST_ORDERED = 64;
const PARTS = 16;
/** And so many gaps before a step. */
const MOST_ORDERED_GAPS = 128;

/** Who gave back so many of the holds of a step before its next call waits for that. */
const WAITS = 0.95;

const isFault = ({ op }: Use): boolean => op === Op.read_fault || op === Op.write_fault;

/** A thread of so many steps may come to the last of them early, and would go round there for long. */
const MANY_STEPS = 1000;

/** What was seen at one step of a role. */
interface Seen {
  readonly use: Use;
  readonly kind: number;
  readonly other: number;
  readonly next: number[];
  readonly files: number[];
  readonly gaps: number[];
  readonly latencies: number[];
  readonly bytes: number[];
  readonly offsets: Bytes[];
  readonly at: number[];
  readonly holds: HoldUse[];
  /** Holds that were given back, those of them that were before the next call of the thread, and how long after its last fault before that. */
  given: number;
  givenFirst: number;
  readonly tails: Nanos[];
  readonly skips: Bytes[];
  readonly places: { start: number; same: number; sequential: number; end: number; ahead: number };
  placed: number;
  again: number;
  mapped: number;
  pinned: number;
  count: number;
}

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

/** A call that pins pages for as long as it lasts, and may take faults meanwhile: the next call of its thread comes after it. */
const waitsFor = ({ given, givenFirst }: Seen): boolean => given > 0 && givenFirst >= WAITS * given;

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
    // A call faults pages in before it pins them, others while it does.
    isFault(use) && use.pinnedHere ? 'p' : '',
  ].join(' ');
  const known = numbers.get(key);
  if (known !== undefined) return known;
  numbers.set(key, seen.length);
  const places = { start: 0, same: 0, sequential: 0, end: 0, ahead: 0 };
  const lists = { gaps: [], latencies: [], bytes: [], offsets: [], at: [], skips: [], holds: [] };
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
  if (use.latencyNs >= 0) step.latencies.push(use.latencyNs);
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

/** A step that led to few others keeps their order; of one that led to many, the parts of its life keep theirs. */
function dealsOf(next: readonly number[]): Deals {
  const size = next.length <= MOST_ORDERED ? 1 : Math.ceil(next.length / PARTS);
  const decks: Count[][] = [];
  for (let at = 0; at < next.length; at += size) {
    const counts = countsOf(next.slice(at, at + size));
    const last = decks.at(-1);
    // One value again and again is one deck.
    if (last?.length === 1 && counts.length === 1 && last[0]!.number === counts[0]!.number)
      decks[decks.length - 1] = [{ number: last[0]!.number, count: last[0]!.count + counts[0]!.count }];
    else decks.push(counts);
  }
  return decks;
}

function countsOf(numbers: readonly number[]): Count[] {
  const counts = new Map<number, number>();
  for (const number of numbers) counts.set(number, (counts.get(number) ?? 0) + 1);
  return [...counts].map(([number, count]) => ({ number, count }));
}

function stepModel(step: Seen, choice: boolean): Step {
  const { use, count } = step;
  return {
    op: OPS[use.op]!,
    flags: FLAGS.filter((name) => (use.flags & Flag[name]) !== 0),
    case: use.case,
    errno: use.errno,
    kind: step.kind,
    other: step.other,
    files: choice ? dealsOf(step.files) : [],
    next: dealsOf(step.next),
    gap: gapOf(step.gaps),
    latency: distributionOrNull(step.latencies),
    bytes: distributionOrNull(step.bytes),
    place: placeOf(step),
    again: share(step.again, count),
    hold: step.holds.length === 0 ? null : holdModel(step),
    forgets: use.forgotten,
    mapped: share(step.mapped, count),
    pinned: share(step.pinned, count),
  };
}

/** Of a step that came seldom, one gap may be longer than all others are together: when it comes decides who meets whom. */
function gapOf(gaps: readonly Nanos[]): Distribution {
  const fitted = distributionOf(gaps.length > 0 ? gaps : [0]);
  const one = fitted.is === 'values' && fitted.values.length === 1;
  return one || gaps.length > MOST_ORDERED_GAPS ? fitted : { is: 'ordered', values: gaps };
}

const share = (part: number, whole: number): number => (whole === 0 ? 0 : Number((part / whole).toFixed(6)));

function placeOf({ places, placed, offsets, at, skips }: Seen): Place {
  const known = at.filter((one) => !Number.isNaN(one));
  // Where the size is not known, the largest offset stands for it.
  const most = Math.max(1, ...offsets);
  const relative = known.length === at.length ? known : offsets.map((offset) => offset / most);
  return {
    start: share(places.start, placed),
    same: share(places.same, placed),
    sequential: share(places.sequential, placed),
    end: share(places.end, placed),
    ahead: share(places.ahead, placed),
    skip: distributionOrNull(skips),
    align: alignOf(offsets),
    at: distributionOrNull(relative.map((one) => Number(one.toFixed(6)))),
  };
}

function alignOf(offsets: readonly Bytes[]): Bytes {
  let align = 1;
  while (align < MOST_ALIGN && multiples(offsets, align * 2) >= ALIGNED * offsets.length) align *= 2;
  return offsets.length === 0 ? 1 : align;
}

const multiples = (offsets: readonly Bytes[], of: Bytes): number =>
  offsets.reduce((count, offset) => count + (offset % of === 0 ? 1 : 0), 0);

function holdModel(step: Seen): HoldModel {
  const { holds } = step;
  const waits = waitsFor(step);
  const given = holds.filter(({ endNs }) => endNs >= 0);
  const accesses = holds.flatMap((hold) => hold.accesses);
  const gaps = holds.flatMap((hold) =>
    hold.accesses.map(({ timeNs }, i) => timeNs - (i === 0 ? hold.timeNs : hold.accesses[i - 1]!.timeNs)),
  );
  return {
    release: holds[0]!.release,
    waits,
    released: share(given.length, holds.length),
    time: distributionOrNull(waits ? step.tails : given.map(({ timeNs, endNs }) => endNs - timeNs)),
    device:
      accesses.length === 0
        ? null
        : {
            accesses: distributionOf(holds.map((hold) => hold.accesses.length)),
            gap: distributionOf(gaps),
            part: distributionOf(holds.flatMap(partsOf)),
            writes: share(accesses.filter(({ write }) => write).length, accesses.length),
          },
  };
}

/** Six digits of a share say all that a size does. */
const partsOf = ({ length, accesses }: HoldUse): number[] =>
  accesses.map(({ bytes }) => Number(Math.min(1, length > 0 ? bytes / length : 1).toFixed(6)));
