// The offset between two clocks from facts that both have stamped, with a bound of its error. Times are ns.
import { NumberHash } from '../base/number-hash.js';
import { ARGUMENT_COUNT, type Fact, type FactKind, type Facts } from './facts.js';

export interface Estimate {
  /** To be added to the second clock's times to have those of the first. */
  readonly offsetNs: number;
  readonly errorNs: number;
  readonly pairs: number;
}

/** A fact as two recordings have it. */
export type Pair = readonly [Fact, Fact];

/** Two looks at one moment are no further apart than this, whatever the clocks: more is another moment. */
const WINDOW_NS = 20_000_000;
/** Calls that last longer by so much in one recording were timed from outside, around what the other one saw. */
const OUTSIDE_NS = 2000;
/** Two probes of one event read their clocks one after the other. */
const PROBES_NS = 1000;
/** Two texts that a program writes to two places, one after the other. */
const WRITES_NS = 1_000_000;
/** Pairs further than so many median distances from the middle bound nothing. */
const USUAL_SPREADS = 10;
/** Fewer agreeing stamps are chance. A marker is a name: one is enough. */
const FEWEST = 3;
/** Clocks that count the same unit drift by less; what a look may be late is no drift. */
const MOST_DRIFT = 0.01;
const LATE_NS = 1_000_000;
const MOST_SPREAD = 0.95;

/** Facts of a kind that are looked at, and of those that are alike; all of a recording of usual length. */
const MOST_FACTS = 16_384;
const MOST_ALIKE = 1024;

/** Null where the pairs do not agree on one offset. `resolutionNs`: the coarser step of the two clocks. */
export function estimate(all: readonly Pair[], resolutionNs: number): Estimate | null {
  const markers = all.length > 0 && all[0]![0].kind === 'marker';
  const agreeing = densest(all);
  if (agreeing.length < (markers ? 1 : FEWEST) || agreeing.length * 2 < all.length) return null;
  if (drifts(all, resolutionNs)) return null;
  const longer = median(agreeing.map(([x, y]) => y.t1 - y.t0 - (x.t1 - x.t0)).filter((ns) => !Number.isNaN(ns)));
  const found =
    longer > OUTSIDE_NS
      ? around(agreeing, false)
      : longer < -OUTSIDE_NS
        ? around(agreeing, true)
        : together(agreeing, markers ? markerBound(agreeing) : PROBES_NS);
  return { ...found, errorNs: Math.ceil(found.errorNs + resolutionNs), pairs: agreeing.length };
}

/** The k-th of the same name in one with the k-th in the other, where both have as many. */
export function pairs(a: Facts, b: Facts): Readonly<Record<FactKind, readonly Pair[]>> {
  const left = samplesOf(a, b);
  const right = samplesOf(b, a);
  return {
    call: paired(left.call, right.call),
    event: paired(left.event, right.event),
    marker: paired(left.marker, right.marker),
  };
}

function paired(a: Sample, b: Sample): Pair[] {
  a.keepAs(b);
  b.keepAs(a);
  return [...a.groups].flatMap(([key, { count, facts }]) => {
    const other = b.groups.get(key);
    return other?.count === count ? facts.map((fact, i): Pair => [fact, other.facts[i]!]) : [];
  });
}

/**
 * Facts by what they are known by. However long the recording: where there are too many, only those stay whose key is a
 * multiple of 2, 4, 8 ..., which are the same ones in both recordings.
 */
class Sample {
  readonly groups = new Map<number, { count: number; readonly facts: Fact[] }>();
  #kept = 0;
  #divisor = 1;

  // hot
  add(key: number, fact: Fact): void {
    if (key % this.#divisor !== 0) return;
    const group = this.groups.get(key);
    if (group === undefined) this.groups.set(key, { count: 1, facts: [fact] });
    else {
      group.count++;
      if (group.facts.length === MOST_ALIKE) return;
      group.facts.push(fact);
    }
    this.#kept++;
    while (this.#kept > MOST_FACTS) this.#keep(this.#divisor * 2);
  }

  keepAs(other: Sample): void {
    if (other.#divisor > this.#divisor) this.#keep(other.#divisor);
  }

  #keep(divisor: number): void {
    this.#divisor = divisor;
    for (const [key, { facts }] of this.groups)
      if (key % divisor !== 0) {
        this.groups.delete(key);
        this.#kept -= facts.length;
      }
  }
}

/** Calls are known by the arguments that both recordings always tell. */
function samplesOf(facts: Facts, others: Facts): Readonly<Record<FactKind, Sample>> {
  const found = { call: new Sample(), event: new Sample(), marker: new Sample() };
  const hash = new NumberHash();
  for (const fact of facts) {
    hash.start().add(fact.name);
    if (fact.kind !== 'marker') hash.add(fact.tid);
    if (fact.kind === 'call') {
      const shown = (facts.told.get(fact.name) ?? 0) & (others.told.get(fact.name) ?? 0);
      hash.add(fact.result);
      for (let i = 0; i < ARGUMENT_COUNT; i++) if ((shown & (1 << i)) !== 0) hash.add(fact.args[i]!);
    }
    found[fact.kind].add(hash.value, fact);
  }
  return found;
}

/** Most pairs whose begins are apart by the same, within the window. */
function densest(all: readonly Pair[]): Pair[] {
  const sorted = all
    .map((pair) => ({ pair, delta: pair[0].t0 - pair[1].t0 }))
    .filter(({ delta }) => Number.isFinite(delta))
    .sort((x, y) => x.delta - y.delta);
  let best = 0;
  let bestFrom = 0;
  for (let from = 0, to = 0; to < sorted.length; to++) {
    while (sorted[to]!.delta - sorted[from]!.delta > WINDOW_NS) from++;
    if (to - from + 1 > best) {
      best = to - from + 1;
      bestFrom = from;
    }
  }
  return sorted.slice(bestFrom, bestFrom + best).map(({ pair }) => pair);
}

/** Is one of the clocks none of ns (cycles, jiffies, a count of events)? What was stamped late is then further apart than what was early. */
function drifts(all: readonly Pair[], resolutionNs: number): boolean {
  const sorted = [...all].sort(([x], [y]) => x.t0 - y.t0);
  const third = Math.ceil(sorted.length / 3);
  const early = middleOf(sorted.slice(0, third));
  const late = middleOf(sorted.slice(-third));
  const apart = Math.abs(late.delta - early.delta);
  return apart > LATE_NS + 2 * resolutionNs && apart > MOST_DRIFT * (late.at - early.at);
}

const middleOf = (some: readonly Pair[]): { at: number; delta: number } => ({
  at: median(some.map(([x]) => x.t0)),
  delta: median(some.map(([x, y]) => x.t0 - y.t0)),
});

/**
 * One recorder stood outside: it stamped the begin before the other saw it, and the thread's next call after the other saw
 * this one end. The offset lies between the tightest of these bounds.
 */
function around(list: readonly Pair[], firstIsOutside: boolean): Omit<Estimate, 'pairs'> {
  let most = Number.POSITIVE_INFINITY;
  let least = Number.NEGATIVE_INFINITY;
  for (const [x, y] of usual(list)) {
    const [inside, outside] = firstIsOutside ? [y, x] : [x, y];
    most = Math.min(most, inside.t0 - outside.t0);
    const bound = inside.t1 - outside.nextNs;
    if (Number.isFinite(bound) && inside.t1 < inside.nextNs) least = Math.max(least, bound);
  }
  if (least === Number.NEGATIVE_INFINITY) least = Math.min(...list.map(([x, y]) => insideEnd(x, y, firstIsOutside)));
  const middle = Math.round((most + least) / 2);
  return { offsetNs: firstIsOutside ? 0 - middle : middle, errorNs: Math.abs(most - least) / 2 };
}

/** Without pairs whose begins are apart by far more or less than the others': the bounds must not rest on a wrong pair. */
function usual(list: readonly Pair[]): readonly Pair[] {
  const middle = median(list.map(([x, y]) => x.t0 - y.t0));
  const spread = median(list.map(([x, y]) => Math.abs(x.t0 - y.t0 - middle)));
  return list.filter(([x, y]) => Math.abs(x.t0 - y.t0 - middle) <= USUAL_SPREADS * spread + OUTSIDE_NS);
}

/** Where no next call bounds it, the end that the outer recorder gave does. */
function insideEnd(x: Fact, y: Fact, firstIsOutside: boolean): number {
  return firstIsOutside ? y.t1 - x.t1 : x.t1 - y.t1;
}

/** Both stamped the same moment: the median, and how far nearly all are from it. */
function together(list: readonly Pair[], boundNs: number): Omit<Estimate, 'pairs'> {
  const deltas = list.flatMap(([x, y]) => [x.t0 - y.t0, x.t1 - y.t1]).filter(Number.isFinite);
  const offsetNs = Math.round(median(deltas));
  const spread = deltas.map((delta) => Math.abs(delta - offsetNs)).sort((x, y) => x - y);
  return { offsetNs, errorNs: spread[Math.floor((spread.length - 1) * MOST_SPREAD)]! + boundNs };
}

/** A kernel's own marker event is one that several recordings can have of one write. */
const markerBound = (list: readonly Pair[]): number =>
  list.every(([x, y]) => x.sameProbe && y.sameProbe) ? PROBES_NS : WRITES_NS;

function median(values: readonly number[]): number {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((x, y) => x - y);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

const UNITS: Readonly<Record<string, number>> = { ns: 0, us: 3, ms: 6, s: 9 };

/** `1500`, `-2ms`, `+1.5s` as ns; null when it is none of them. */
export function durationNs(text: string): bigint | null {
  const match = /^([+-]?)(\d+)(?:\.(\d+))?\s*(ns|us|ms|s)?$/.exec(text.trim());
  if (match === null) return null;
  const [, sign, whole, fraction = '', unit = 'ns'] = match as unknown as readonly string[];
  const places = UNITS[unit!]!;
  if (fraction.length > places) return null;
  const ns = BigInt(`${whole}${fraction.padEnd(places, '0')}`);
  return sign === '-' ? -ns : ns;
}
