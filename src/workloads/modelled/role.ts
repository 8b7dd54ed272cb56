// A role made ready to be played: its chain with draws instead of tables. All threads of a role deal from the same decks,
// so that each step comes as often as it did, whoever takes it.
import { Decks, type Distribution, type Draw, drawFrom } from '../../base/distribution.js';
import type { Random } from '../../base/random.js';
import { Flag, Op } from '../../model/events.js';
import type { Bytes } from '../../model/units.js';
import type { CaseName, Deals, HoldModel, Role, Step } from './model.js';

export interface ReadyStep {
  readonly op: number;
  readonly flags: number;
  readonly case: CaseName;
  readonly errno: number;
  readonly kind: number;
  readonly other: number;
  readonly gap: Draw;
  readonly latency: Draw | null;
  readonly bytes: Draw | null;
  readonly again: number;
  readonly files: ReadyDeals | null;
  /** Shares of places, each on top of those before it. */
  readonly start: number;
  readonly same: number;
  readonly sequential: number;
  readonly end: number;
  readonly align: Bytes;
  readonly at: Draw | null;
  readonly hold: ReadyHold | null;
  readonly forgets: boolean;
  readonly mapped: number;
  readonly pinned: number;
  /** What comes after it; null: nothing ever did, so that a thread begins again. */
  readonly next: ReadyDeals | null;
}

export interface ReadyHold {
  readonly release: number;
  readonly released: number;
  readonly time: Draw | null;
  readonly accesses: Draw | null;
  readonly gap: Draw | null;
  readonly part: Draw | null;
  readonly writes: number;
}

/** Numbers of steps or members, dealt from decks. */
export interface ReadyDeals {
  readonly decks: Decks;
  readonly numbers: readonly (readonly number[])[];
}

export interface ReadyRole {
  readonly starts: Distribution;
  readonly steps: Distribution;
  readonly exits: number;
  readonly killed: number;
  readonly first: ReadyDeals;
  readonly chain: readonly ReadyStep[];
}

const ready = (deals: Deals): ReadyDeals => ({
  decks: new Decks(deals.map((deck) => deck.map(({ count }) => count))),
  numbers: deals.map((deck) => deck.map(({ number }) => number)),
});

const readyOrNull = (deals: Deals): ReadyDeals | null => (deals.length === 0 ? null : ready(deals));

// hot
export function deal({ decks, numbers }: ReadyDeals, random: Random): number {
  const from = numbers[decks.deck]!;
  return from[decks.draw(random)]!;
}

export function readyRole(role: Role): ReadyRole {
  const { starts, steps, exits, killed } = role;
  return { starts, steps, exits, killed, first: ready(role.first), chain: role.chain.map(readyStep) };
}

function readyStep(step: Step): ReadyStep {
  const { place } = step;
  const same = place.start + place.same;
  const sequential = same + place.sequential;
  return {
    op: Op[step.op],
    flags: step.flags.reduce((bits, name) => bits | Flag[name], 0),
    case: step.case,
    errno: step.errno,
    kind: step.kind,
    other: step.other,
    gap: drawFrom(step.gap),
    latency: drawOf(step.latency),
    bytes: drawOf(step.bytes),
    again: step.again,
    files: readyOrNull(step.files),
    start: place.start,
    same,
    sequential,
    end: sequential + place.end,
    align: place.align,
    at: drawOf(place.at),
    hold: step.hold === null ? null : readyHold(step.hold),
    forgets: step.forgets,
    mapped: step.mapped,
    pinned: step.pinned,
    next: readyOrNull(step.next),
  };
}

function readyHold({ release, released, time, device }: HoldModel): ReadyHold {
  return {
    release: Op[release],
    released,
    time: drawOf(time),
    accesses: drawOf(device?.accesses ?? null),
    gap: drawOf(device?.gap ?? null),
    part: drawOf(device?.part ?? null),
    writes: device?.writes ?? 0,
  };
}

const drawOf = (one: Distribution | null): Draw | null => (one === null ? null : drawFrom(one));
