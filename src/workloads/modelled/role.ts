// A role made ready to be played: its chain with draws instead of tables. All threads of a role deal from the same decks,
// so that each step comes as often as it did, whoever takes it.
import { Decks, type Distribution, type Draws, dealt, drawsOf } from '../../base/distribution.js';
import { Flag, Op, opSet } from '../../model/events.js';
import type { Bytes } from '../../model/units.js';
import { Cell, WRITTEN_SOMEHOW } from './cells.js';
import {
  type CaseName,
  CHANGES,
  type Deals,
  type Forgets,
  type HoldModel,
  type Role,
  type Step,
  TAKES_RANGE,
} from './model.js';
import { Rows } from './rows.js';

/** What a case asks for, beside the state of the cells. */
export const Way = { any: 0, pastEnd: 1, down: 2, up: 3, same: 4 } as const;

const WAYS: Readonly<Partial<Record<CaseName, number>>> = {
  past_eof: Way.pastEnd,
  down: Way.down,
  up: Way.up,
  same: Way.same,
};
const STATES: Readonly<Partial<Record<CaseName, number>>> = {
  hole: Cell.hole,
  shared: Cell.shared,
  unwritten: Cell.unwritten,
  written: Cell.written,
  faulted: Cell.faulted,
};
const PAGE = 4096;
const PAGED = opSet(['read_fault', 'write_fault']);
const MAPPED = opSet(['read_fault', 'write_fault', 'msync', 'pin', 'register']);
const THROUGH = opSet(['read_fault', 'write_fault', 'msync']);
export interface ReadyStep {
  readonly op: number;
  readonly flags: number;
  readonly way: number;
  /** State of the cells that it met, -1 where it did not matter. */
  readonly state: number;
  /** How far it may go: to the end of the file, or as far as there are blocks. */
  readonly grows: boolean;
  /** Devices and faults know no offset within a page. */
  readonly paged: boolean;
  /** Who changes a file's blocks meets its holders in a way that is worth keeping. */
  readonly changes: boolean;
  /** It is done through a mapping, if the process has one; and names it. */
  readonly mapping: boolean;
  readonly through: boolean;
  /** Takes a range without going there: who comes next does not go on behind it. */
  readonly takesRange: boolean;
  readonly errno: number;
  readonly kind: number;
  readonly other: number;
  readonly rows: Rows;
  /** How long it takes where a device has the file; null: as it does otherwise. */
  readonly heldLatency: Draws | null;
  readonly align: Bytes;
  readonly hold: ReadyHold | null;
  readonly forgets: Forgets;
  readonly learns: boolean;
  readonly mapped: number;
  readonly pinned: number;
}

export interface ReadyHold {
  readonly release: number;
  readonly waits: boolean;
  readonly released: number;
  readonly time: Draws | null;
  readonly accesses: Draws | null;
  readonly gap: Draws | null;
  readonly part: Draws | null;
  /** Largest access of those that share out the hold; Infinity: they do not. */
  readonly atMost: Bytes;
  readonly writes: number;
}

export interface ReadyRole {
  /** When a thread begins, and how many steps it takes: of one that begins again. */
  readonly starts: Draws;
  readonly steps: Draws;
  readonly exits: number;
  readonly killed: number;
  readonly stays: Draws | null;
  readonly lives: Draws | null;
  readonly first: Draws;
  readonly chain: readonly ReadyStep[];
}

/** Numbers of steps or members. */
const ready = (deals: Deals): Draws =>
  dealt(
    new Decks(deals.map((deck) => deck.map(({ count }) => count))),
    deals.map((deck) => deck.map(({ number }) => number)),
  );

const readyOrNull = (deals: Deals): Draws | null => (deals.length === 0 ? null : ready(deals));

export function readyRole(role: Role): ReadyRole {
  const { starts, steps, exits, killed } = role;
  return {
    starts: drawsOf(starts),
    steps: drawsOf(steps),
    exits,
    killed,
    stays: drawsOrNull(role.stays),
    lives: drawsOrNull(role.lives),
    first: ready(role.first),
    chain: role.chain.map(readyStep),
  };
}

function readyStep(step: Step): ReadyStep {
  const { place } = step;
  const op = Op[step.op];
  const paged = PAGED[op] === 1;
  const same = place.start + place.same;
  const sequential = same + place.sequential;
  const end = sequential + place.end;
  return {
    op,
    flags: step.flags.reduce((bits, name) => bits | Flag[name], 0),
    way: WAYS[step.case] ?? Way.any,
    // Who writes does not care who filled the blocks.
    state: op === Op.write && step.case === 'written' ? WRITTEN_SOMEHOW : (STATES[step.case] ?? -1),
    grows: op === Op.extent || ((op === Op.fallocate || op === Op.write) && step.case === ''),
    paged,
    changes: CHANGES[op] === 1,
    mapping: MAPPED[op] === 1,
    through: THROUGH[op] === 1,
    takesRange: TAKES_RANGE[op] === 1,
    errno: step.errno,
    kind: step.kind,
    other: step.other,
    rows: new Rows({
      gap: drawsOf(step.gap),
      latency: drawsOrNull(step.latency),
      bytes: drawsOrNull(step.bytes),
      leastBytes: op === Op.truncate ? 0 : 1,
      again: step.again,
      files: readyOrNull(step.files),
      spots: [place.start, same, sequential, end, end + place.ahead],
      skip: drawsOrNull(place.skip),
      at: drawsOrNull(place.at),
      next: readyOrNull(step.next),
    }),
    heldLatency: drawsOrNull(step.heldLatency),
    align: paged ? Math.max(PAGE, place.align) : place.align,
    hold: step.hold === null ? null : readyHold(step.hold),
    forgets: step.forgets,
    learns: step.learns,
    mapped: step.mapped,
    pinned: step.pinned,
  };
}

function readyHold({ release, waits, released, time, device }: HoldModel): ReadyHold {
  return {
    release: Op[release],
    waits,
    released,
    time: drawsOrNull(time),
    accesses: drawsOrNull(device?.accesses ?? null),
    gap: drawsOrNull(device?.gap ?? null),
    part: drawsOrNull(device?.part ?? null),
    atMost: device?.atMost ?? Number.POSITIVE_INFINITY,
    writes: device?.writes ?? 0,
  };
}

const drawsOrNull = (one: Distribution | null): Draws | null => (one === null ? null : drawsOf(one));
