// What was seen at one step of a role, and the step of the model that it becomes.
import type { Distribution } from '../base/distribution.js';
import { FLAGS, Flag, OPS, Op } from '../model/events.js';
import type { Bytes, Nanos } from '../model/units.js';
import { CHANGES, type Count, type Deals, type HoldModel, type Place, type Step } from '../workloads/modelled/model.js';
import { distributionOf, distributionOrNull } from './distributions.js';
import type { HoldUse, Use } from './use.js';

/** Powers of two that offsets are held against, and the share that has to be multiples. */
const MOST_ALIGN = 2 ** 20;
const ALIGNED = 0.95;

/** Steps that led to so few others are dealt in order, the others in so many parts. */
const MOST_ORDERED = 64;
const PARTS = 16;
/** And so many values at a step. */
const MOST_ORDERED_VALUES = 128;

/** Holds that devices went through in the same way, of all, for this to be the way. */
const ALIKE = 0.95;

/** Who gave back so many of the holds of a step before its next call waits for that. */
const WAITS = 0.95;

/** What was seen at one step of a role. */
export interface Seen {
  readonly use: Use;
  readonly kind: number;
  readonly other: number;
  readonly next: number[];
  readonly files: number[];
  readonly gaps: number[];
  readonly latencies: number[];
  /** Of those that met a device. */
  readonly heldLatencies: number[];
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

/** A call that pins pages for as long as it lasts, and may take faults meanwhile: the next call of its thread comes after it. */
export const waitsFor = ({ given, givenFirst }: Seen): boolean => given > 0 && givenFirst >= WAITS * given;

/** A step that led to few others keeps their order; of one that led to many, the parts of its life keep theirs. */
export function dealsOf(next: readonly number[]): Deals {
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

export function stepModel(step: Seen, choice: boolean): Step {
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
    gap: inOrder(step.gaps.length > 0 ? step.gaps : [0]),
    ...latenciesOf(step),
    bytes: grows(step) ? inOrder(step.bytes) : distributionOrNull(step.bytes),
    place: placeOf(step),
    again: share(step.again, count),
    hold: step.holds.length === 0 ? null : holdModel(step),
    forgets: use.forgotten,
    learns: use.learnt,
    mapped: share(step.mapped, count),
    pinned: share(step.pinned, count),
  };
}

/** Sizes that a file grows to; how far it is cut depends on how large it was. */
const grows = ({ use, bytes }: Seen): boolean => use.op === Op.truncate && use.case !== 'down' && bytes.length > 0;

/**
 * Of a step that came seldom: one gap may be longer than all others are together, and when it comes decides who meets whom; the
 * sizes of a file that grows come one after the other.
 */
function inOrder(values: readonly number[]): Distribution {
  const fitted = distributionOf(values);
  const one = fitted.is === 'values' && fitted.values.length === 1;
  return one || values.length > MOST_ORDERED_VALUES ? fitted : { is: 'ordered', values };
}

/** Only who changes a file's blocks waits for the devices that have them. */
function latenciesOf({ use, latencies, heldLatencies }: Seen): Pick<Step, 'latency' | 'heldLatency'> {
  const apart = CHANGES[use.op] === 1 && latencies.length > 0;
  return {
    latency: distributionOrNull(apart ? latencies : [...latencies, ...heldLatencies]),
    heldLatency: apart ? distributionOrNull(heldLatencies) : null,
  };
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
            atMost: largestPiece(holds),
            writes: share(accesses.filter(({ write }) => write).length, accesses.length),
          },
  };
}

/** Devices with a largest request go through what is held piece by piece: that size, null where they do otherwise. */
function largestPiece(holds: readonly HoldUse[]): Bytes | null {
  const used = holds.filter(({ accesses }) => accesses.length > 0);
  const most = used.flatMap(({ accesses }) => accesses).reduce((largest, { bytes }) => Math.max(largest, bytes), 0);
  const shared = used.filter(({ length, accesses }) =>
    accesses.every(({ bytes }, i) => bytes === Math.min(most, length - i * most)),
  );
  return shared.length >= ALIKE * used.length && used.length >= ALIKE * holds.length ? most : null;
}

/** Six digits of a share say all that a size does. */
const partsOf = ({ length, accesses }: HoldUse): number[] =>
  accesses.map(({ bytes }) => Number(Math.min(1, length > 0 ? bytes / length : 1).toFixed(6)));
