// The clocks of recordings that are joined: which are the same, and by how much the others differ from the first one's.
// Never guessed: given by the user, found from what two recordings both stamped, or stated by a recorder.
import { CLOCK_DIFFERS, GUESSED, UserError } from '../model/issue.js';
import type { JoinedBy } from '../model/trace.js';
import { type Estimate, estimate, pairs } from './clock-offset.js';
import { type AllFacts, FACT_KINDS, type FactKind, type Facts, together } from './facts.js';
import { StampSteps } from './stamp-steps.js';
import type { Clock, Tape } from './tape.js';

/** Inputs with one clock. */
export interface Recording {
  readonly tapes: Tape[];
  readonly clock: Clock;
  /** Number of its first input among all sources, from 1. */
  readonly first: number;
}

export interface Offset {
  readonly by: JoinedBy;
  /** Added to absolute times of the recording gives those of the first one's clock. */
  readonly offsetNs: bigint;
  /** -1 where nothing tells. */
  readonly errorNs: number;
  readonly pairs: number;
}

/** What the user says of a source, by its name or number. */
export interface GivenOffset {
  readonly source: string;
  readonly offsetNs: bigint;
}

const SAME: Way = { by: 'same clock', offsetNs: 0n, errorNs: 0, pairs: 0, stated: 0 };
/** Clocks that count from a begin of their own, or are not told: no two of them are known to be one. */
const OF_ITS_OWN = /^$|^time |-relative$|^counter$/;
/** Times further apart cannot be kept in one trace: certainly two clocks. */
const MOST_APART_NS = 104n * 86_400n * 1_000_000_000n;
/** A same clock that found offsets contradict by more is none. */
const DIFFERS_NS = 1_000_000;

export const clockOf = ({ tapes }: Recording): string =>
  tapes.find(({ source }) => source.clock !== '')?.source.clock ?? '';
const nameOf = ({ tapes }: Recording): string => tapes[0]?.source.name ?? '';

/** Offsets to the first recording, in their order. Throws a UserError where clocks differ and nothing tells by how much. */
export function offsets(recordings: readonly Recording[], given: readonly GivenOffset[], facts: AllFacts): Offset[] {
  const [first] = recordings;
  if (first === undefined) return [];
  const found = new Map<Recording, Way>([[first, SAME]]);
  for (const [one, offset] of givenTo(recordings, given)) found.set(one, { ...offset, stated: 0 });
  for (const edges = new Edges(recordings, facts); ; ) {
    const next = edges.nearest(found);
    if (next === null) break;
    found.set(next.one, next.way);
  }
  const all = recordings.map((one) => found.get(one) ?? besides(one, first, found));
  recordings.forEach((one, i) => {
    if (isFar(one, first, all[i]!.offsetNs))
      throw new UserError(
        `${nameOf(one)} is more than 104 days from ${nameOf(first)} with ${all[i]!.offsetNs} ns added to its times (${all[i]!.by}); expected recordings of one run; give the right one with --clock-offset ${nameOf(one)}=NS`,
      );
  });
  return all;
}

function isFar(one: Recording, first: Recording, offsetNs: bigint): boolean {
  if (one.clock.origin === null || first.clock.origin === null) return false;
  const apart = one.clock.origin + offsetNs - first.clock.origin;
  return apart > MOST_APART_NS || -apart > MOST_APART_NS;
}

/** An offset to the first clock that is found by way of others, and how many steps of it rest on what a recorder states. */
interface Way extends Offset {
  readonly stated: number;
}

/**
 * What leads from one recording to another, looked for once. The way with the smallest error is taken, whatever the order of
 * the recordings: of several with one clock, that one is led first which shares most with another clock.
 */
class Edges {
  readonly #all: readonly Recording[];
  readonly #facts: AllFacts;
  readonly #seen = new Map<string, Offset | null>();
  readonly #longNs: number;

  constructor(all: readonly Recording[], facts: AllFacts) {
    this.#all = all;
    this.#facts = facts;
    this.#longNs = all.map(spanOf).reduce((sum, { from, to }) => sum + Math.max(0, to - from), 0);
  }

  /** The recording that is led best to those that are; null where nothing leads any other. */
  nearest(found: ReadonlyMap<Recording, Way>): { readonly one: Recording; readonly way: Way } | null {
    const left = this.#all.filter((one) => !found.has(one));
    for (const one of left) {
      const alike = [...found].filter(([other]) => isSameClock(one, other));
      if (alike.length === 0) continue;
      const [other, way] = alike[0]!;
      const seen = this.#between(other, one);
      if (seen !== null && Math.abs(Number(seen.offsetNs)) > seen.errorNs + DIFFERS_NS) contradicts(one, other, seen);
      if (seen === null && alike.every(([each]) => goesOn(one, each, this.#longNs))) assumesOneBoot(one, other);
      return { one, way };
    }
    const ways = left.flatMap((one) => [...found].flatMap(([other, base]) => this.#way(other, one, base)));
    return ways.sort((a, b) => a.way.stated - b.way.stated || trusted(a.way) - trusted(b.way))[0] ?? null;
  }

  #way(other: Recording, one: Recording, base: Way): { one: Recording; way: Way }[] {
    const seen = this.#between(other, one);
    const next = seen ?? statedOffset(clockOf(other), clockOf(one), this.#all);
    return next === null ? [] : [{ one, way: onTopOf(base, next) }];
  }

  #between(other: Recording, one: Recording): Offset | null {
    const key = `${other.first}/${one.first}`;
    const known = this.#seen.get(key);
    if (known !== undefined) return known;
    const seen = seenOffset(other, one, this.#facts, goesOn(one, other, this.#longNs) ? ['marker'] : FACT_KINDS);
    this.#seen.set(key, seen);
    return seen;
  }
}

function isSameClock(one: Recording, other: Recording): boolean {
  const clock = clockOf(one);
  return !OF_ITS_OWN.test(clock) && clock === clockOf(other);
}

/**
 * Does one begin where the other has ended, on one clock or on one that neither names? They are pieces of one recording, or
 * made one after the other: what both tell happened twice, as in a loop. Only a marker is a name. `allNs`: how long all are
 * together; clocks that differ by more are two.
 */
function goesOn(one: Recording, other: Recording, allNs: number): boolean {
  const isSame = isSameClock(one, other);
  const areAlike = formatOf(one) === formatOf(other) && clockOf(one) === '' && clockOf(other) === '';
  if (!isSame && !areAlike) return false;
  const [a, b] = [spanOf(one), spanOf(other)];
  const gap = Math.max(b.from - a.to, a.from - b.to);
  return gap >= 0 && (isSame || gap <= allNs);
}

const formatOf = ({ tapes }: Recording): string => tapes[0]?.source.format ?? '';

/** Of all its records; one without records has none. */
function spanOf({ tapes, clock }: Recording): { readonly from: number; readonly to: number } {
  const from = Math.min(...tapes.map(({ span }) => span[0]!));
  const to = Math.max(...tapes.map(({ span }) => span[1]!));
  const origin = Number(clock.origin ?? 0n);
  return { from: origin + from, to: origin + to };
}

/** An error that nobody knows is larger than any. */
const trusted = ({ errorNs }: Offset): number => (errorNs < 0 ? Number.POSITIVE_INFINITY : errorNs);

const onTopOf = (base: Way, { by, offsetNs, errorNs, pairs }: Offset): Way => ({
  by,
  offsetNs: base.offsetNs + offsetNs,
  errorNs: base.errorNs < 0 ? -1 : base.errorNs + errorNs,
  pairs,
  // What was seen in both counts more than what a recorder states.
  stated: base.stated + (by === 'stated' ? 1 : 0),
});

/** Between two clocks, by what any of the recordings says both showed at one moment. */
function statedOffset(to: string, from: string, all: readonly Recording[]): Offset | null {
  for (const { clock } of all)
    for (const pair of clock.pairs) {
      const { errorNs } = pair;
      if (pair.clock === to && pair.otherClock === from)
        return { by: 'stated', offsetNs: pair.ns - pair.otherNs, errorNs, pairs: 1 };
      if (pair.clock === from && pair.otherClock === to)
        return { by: 'stated', offsetNs: pair.otherNs - pair.ns, errorNs, pairs: 1 };
    }
  return null;
}

function contradicts(one: Recording, other: Recording, seen: Offset): void {
  one.tapes[0]!.issue(
    CLOCK_DIFFERS,
    0,
    `${nameOf(one)} and ${nameOf(other)} both say that their clock is ${clockOf(one)}, but ${seen.pairs} facts in both are ${seen.offsetNs} ns apart; nothing was shifted, say --clock-offset ${nameOf(one)}=${seen.offsetNs} if they were made on two machines or two boots`,
  );
}

/** What no start of a machine begins anew. */
const OF_A_DAY = /^(?:realtime|tai)$/;

/** Told once, however many pieces a recording has. */
function assumesOneBoot(one: Recording, other: Recording): void {
  const clock = clockOf(one);
  if (OF_A_DAY.test(clock)) return;
  other.tapes[0]!.issue(
    `${GUESSED}one-boot`,
    0,
    `${nameOf(other)} and ${nameOf(one)} are not of one time, and no marker is in both: their clock ${clock} was taken for that of one start of the machine; if it was started anew between them, ingest them apart`,
  );
}

/** No offset is known: clocks that are told differ, and those that are not may. */
function besides(one: Recording, first: Recording, found: ReadonlyMap<Recording, Offset>): Offset {
  const clock = clockOf(one);
  const others = [...new Set([...found.keys()].map(clockOf))].map((name) => name || 'unknown').join(', ');
  if ((clock !== '' && clockOf(first) !== '') || isFar(one, first, 0n))
    throw new UserError(
      `${nameOf(one)} is on the clock ${clock || '(unknown)'}, ${nameOf(first)} on ${clockOf(first) || '(unknown)'} (joined so far: ${others}); expected a marker or at least three calls, events or requests that both have stamped, found none, or none that agree on one offset. ` +
        `${areOfOneBoot(clock, clockOf(first)) ? 'mono stands still while a machine sleeps and boot does not: of a machine that has not slept since it was started the number is 0. ' : ''}Say what to add to its times with --clock-offset ${nameOf(one)}=NS (or ${one.first}=+1.5s), record with one clock (trace-cmd -C mono, perf -k mono), or ingest them apart`,
    );
  return { by: 'nothing', offsetNs: 0n, errorNs: -1, pairs: 0 };
}

/** What tells them apart is how long the machine has slept. */
const areOfOneBoot = (...clocks: readonly string[]): boolean => clocks.includes('mono') && clocks.includes('boot');

function givenTo(recordings: readonly Recording[], given: readonly GivenOffset[]): Map<Recording, Offset> {
  const found = new Map<Recording, Offset>();
  for (const { source, offsetNs } of given) {
    const named = recordings.filter(({ tapes, first }) =>
      tapes.some((tape, i) => String(first + i) === source || tape.source.name === source),
    );
    if (named.length !== 1) {
      const names = recordings.map((one) => `${one.first} (${nameOf(one)})`).join(', ');
      throw new UserError(
        `--clock-offset ${source}: expected one of the inputs, found ${named.length === 0 ? 'none' : 'several'} of that name; they are ${names}`,
      );
    }
    if (named[0] === recordings[0])
      throw new UserError(
        `--clock-offset ${source}: times of the first input stay, all others are led to its clock; give what to add to the others`,
      );
    found.set(named[0]!, { by: 'given', offsetNs, errorNs: -1, pairs: 0 });
  }
  return found;
}

/** The offset with the smallest error of all kinds of facts that tell one. */
function seenOffset(other: Recording, one: Recording, facts: AllFacts, kinds: readonly FactKind[]): Offset | null {
  const base = (other.clock.origin ?? 0n) - (one.clock.origin ?? 0n);
  const resolution = Math.max(resolutionOf(other), resolutionOf(one));
  const of = ({ tapes }: Recording): Facts => together(tapes.map((tape) => facts.of(tape)));
  const all = pairs(of(other), of(one));
  const offsets = kinds.flatMap((kind) => {
    const found = estimate(all[kind], resolution);
    return found === null ? [] : [asOffset(found, base, kind)];
  });
  return offsets.sort((a, b) => a.errorNs - b.errorNs)[0] ?? null;
}

const asOffset = ({ offsetNs, errorNs, pairs }: Estimate, base: bigint, kind: FactKind): Offset => ({
  by: kind === 'marker' ? 'markers' : 'paired stamps',
  offsetNs: BigInt(offsetNs) + base,
  errorNs,
  pairs,
});

/** Largest of the usual steps that all stamps of a recording keep: jiffies, us, ns. */
export const resolutionOf = ({ tapes, clock }: Recording): number =>
  StampSteps.longest(
    tapes.map(({ steps }) => steps),
    clock.origin ?? 0n,
  );
