// The offset between two clocks from facts that both have stamped, with a bound of its error. Times are ns.
import type { Fact } from './facts.js';
import { argument } from './facts.js';

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
const MOST_SPREAD = 0.95;

/** Null where the facts do not agree on one offset. `resolutionNs`: the coarser step of the two clocks. */
export function estimate(a: readonly Fact[], b: readonly Fact[], resolutionNs: number): Estimate | null {
  const all = pairs(a, b);
  const markers = all.length > 0 && all[0]![0].kind === 'marker';
  const agreeing = densest(all);
  if (agreeing.length < (markers ? 1 : FEWEST) || agreeing.length * 2 < all.length) return null;
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
export function pairs(a: readonly Fact[], b: readonly Fact[]): Pair[] {
  const left = byKey(a, b);
  const right = byKey(b, a);
  return [...left].flatMap(([key, list]) => {
    const other = right.get(key);
    return other?.length === list.length ? list.map((fact, i): Pair => [fact, other[i]!]) : [];
  });
}

/** Calls are known by the arguments that both recordings always tell. */
function byKey(facts: readonly Fact[], others: readonly Fact[]): Map<string, Fact[]> {
  const mine = told(facts);
  const theirs = told(others);
  const found = new Map<string, Fact[]>();
  for (const fact of facts) {
    const shown = (mine.get(fact.name) ?? 0) & (theirs.get(fact.name) ?? 0);
    let key = fact.kind === 'marker' ? fact.name : `${fact.tid}/${fact.name}/${fact.result}`;
    if (fact.kind === 'call') for (let i = 0; i < 6; i++) if ((shown & (1 << i)) !== 0) key += `/${argument(fact, i)}`;
    const list = found.get(key);
    if (list === undefined) found.set(key, [fact]);
    else list.push(fact);
  }
  return found;
}

/** By name of a call, the arguments that every one of them has, as bits. */
function told(facts: readonly Fact[]): Map<string, number> {
  const bits = new Map<string, number>();
  for (const fact of facts) {
    if (fact.kind !== 'call') continue;
    let shown = 0;
    for (let i = 0; i < 6; i++) if (!Number.isNaN(argument(fact, i))) shown |= 1 << i;
    bits.set(fact.name, (bits.get(fact.name) ?? shown) & shown);
  }
  return bits;
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

const markerBound = (list: readonly Pair[]): number =>
  list.every(([x, y]) => sameProbe(x) && sameProbe(y)) ? PROBES_NS : WRITES_NS;

/** The kernel's own marker event, which several recordings can have of one write. */
const sameProbe = ({ tape, entry }: Fact): boolean => tape.entries.at.beside[entry] === 0;

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
