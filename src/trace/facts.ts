// Facts that two recordings of one run can have in common: system calls with their results, kernel events with all their
// fields, block requests, markers. Found on a tape, with when they were seen to begin and to end there; kept in the store.
import { NumberHash } from '../base/number-hash.js';
import { PagedColumns } from '../base/paged-columns.js';
import { SortedLog } from '../base/sorted-log.js';
import type { SortedRuns } from '../base/sorted-runs.js';
import { ARGUMENTS, type EventKind, NOTE_MARKER } from './event-kinds.js';
import { LOST, type Tape } from './tape.js';

export const FACT_KINDS = ['marker', 'call', 'event'] as const;
export type FactKind = (typeof FACT_KINDS)[number];

export const ARGUMENT_COUNT = 6;

export interface Fact {
  readonly kind: FactKind;
  /** Entry of the enter, or of the event itself. */
  readonly entry: number;
  /** Entry of the exit; -1 for none. */
  readonly exit: number;
  /** Same number, same syscall, or same event with the same values, or same text of a marker. */
  readonly name: number;
  readonly tid: number;
  readonly result: number;
  /** By the clock of the tape; equal for events. */
  readonly t0: number;
  readonly t1: number;
  /** When the thread was seen to begin its next call; infinite when none. */
  readonly nextNs: number;
  /** Of a call, in the 32 bits that every recorder shows alike; NaN where it does not tell. */
  readonly args: readonly number[];
  /** Stamped by the kernel's own probe, and not told beside something else. */
  readonly sameProbe: boolean;
}

/** What `pairs` needs of facts: they are gone through several times. */
export interface Facts extends Iterable<Fact> {
  /** By name of a call, the arguments that every one of them has, as bits. */
  readonly told: ReadonlyMap<number, number>;
}

const FACT_SHAPE = {
  /** When it begins. */
  timeNs: Float64Array,
  t1: Float64Array,
  nextNs: Float64Array,
  name: Float64Array,
  result: Float64Array,
  entry: Uint32Array,
  /** The number of an entry and 1. */
  exit: Uint32Array,
  tid: Int32Array,
  arg0: Uint32Array,
  arg1: Uint32Array,
  arg2: Uint32Array,
  arg3: Uint32Array,
  arg4: Uint32Array,
  arg5: Uint32Array,
  told: Uint8Array,
  kind: Uint8Array,
  sameProbe: Uint8Array,
};

/** All facts of a tape in the order in which they begin. */
export class TapeFacts implements Facts {
  readonly tape: Tape;
  readonly told = new Map<number, number>();
  readonly #runs: SortedRuns<typeof FACT_SHAPE>;

  /** Calls and markers, and the events of these ids. */
  constructor(tape: Tape, ids: ReadonlySet<number>) {
    this.tape = tape;
    const log = new SortedLog(FACT_SHAPE, tape.real.store);
    new Finder(tape, ids, (fact) => {
      if (fact.kind === 'call') tell(this.told, fact);
      write(log, fact);
    }).run();
    this.#runs = log.sorted();
  }

  *[Symbol.iterator](): Iterator<Fact> {
    for (const { rows, at } of this.#runs.batches(1024)) for (let i = 0; i < rows; i++) yield read(at, i);
  }
}

type FactColumns = SortedLog<typeof FACT_SHAPE>['at'];

function write(log: SortedLog<typeof FACT_SHAPE>, fact: Fact): void {
  const row = log.add();
  const { at } = log;
  at.timeNs[row] = fact.t0;
  at.t1[row] = fact.t1;
  at.nextNs[row] = fact.nextNs;
  at.name[row] = fact.name;
  at.result[row] = fact.result;
  at.entry[row] = fact.entry;
  at.exit[row] = fact.exit + 1;
  at.tid[row] = fact.tid;
  at.told[row] = toldBits(fact);
  at.kind[row] = FACT_KINDS.indexOf(fact.kind);
  at.sameProbe[row] = fact.sameProbe ? 1 : 0;
  if (fact.kind !== 'call') return;
  argumentColumns(at).forEach((column, i) => {
    column[row] = fact.args[i]!;
  });
}

function read(at: FactColumns, i: number): Fact {
  const kind = FACT_KINDS[at.kind[i]!]!;
  const told = at.told[i]!;
  return {
    kind,
    entry: at.entry[i]!,
    exit: at.exit[i]! - 1,
    name: at.name[i]!,
    tid: at.tid[i]!,
    result: at.result[i]!,
    t0: at.timeNs[i]!,
    t1: at.t1[i]!,
    nextNs: at.nextNs[i]!,
    args: kind === 'call' ? argumentColumns(at).map((column, k) => ((told >> k) & 1 ? column[i]! : Number.NaN)) : NONE,
    sameProbe: at.sameProbe[i] === 1,
  };
}

const argumentColumns = (at: FactColumns): readonly Uint32Array[] => [
  at.arg0,
  at.arg1,
  at.arg2,
  at.arg3,
  at.arg4,
  at.arg5,
];

const NONE: readonly number[] = [];

export const toldBits = ({ args }: Fact): number =>
  args.reduce((bits, value, i) => (Number.isNaN(value) ? bits : bits | (1 << i)), 0);

/** Takes a call among those whose arguments are told. */
export function tell(told: Map<number, number>, call: Fact): void {
  const bits = toldBits(call);
  told.set(call.name, (told.get(call.name) ?? bits) & bits);
}

/** Can both be the same call? What only one of them tells speaks neither for nor against it. */
export function sameCall(a: Fact, b: Fact): boolean {
  if (a.name !== b.name || (a.result !== b.result && !Number.isNaN(a.result) && !Number.isNaN(b.result))) return false;
  for (let i = 0; i < ARGUMENT_COUNT; i++) {
    const x = a.args[i]!;
    const y = b.args[i]!;
    if (x !== y && !Number.isNaN(x) && !Number.isNaN(y)) return false;
  }
  return true;
}

const { MASK } = PagedColumns;
const INT32 = 2 ** 32;
const low = (value: number): number => ((value % INT32) + INT32) % INT32;

/** A call under way. */
interface Open {
  readonly entry: number;
  readonly kind: EventKind;
  readonly t0: number;
  args: readonly number[];
  /** Texts written by the call, by their words. */
  readonly marks: { readonly entry: number; readonly name: number; readonly sameProbe: boolean }[];
}

type Known = { -readonly [K in keyof Fact]: Fact[K] };

class Finder {
  readonly #tape: Tape;
  readonly #ids: ReadonlySet<number>;
  readonly #found: (fact: Fact) => void;
  readonly #hash = new NumberHash();
  readonly #open = new Map<number, Open>();
  /** Calls and markers of a thread whose next call has not begun. */
  readonly #waiting = new Map<number, Known[]>();

  constructor(tape: Tape, ids: ReadonlySet<number>, found: (fact: Fact) => void) {
    this.#tape = tape;
    this.#ids = ids;
    this.#found = found;
  }

  run(): void {
    const { entries, rules } = this.#tape;
    for (let entry = 0; entry < entries.length; entry++) {
      const at = entries.of(entry);
      const i = entry & MASK;
      const event = at.event[i]!;
      if (event === LOST) continue;
      const kind = rules.kinds.of(event);
      const tid = at.tid[i]!;
      const timeNs = at.timeNs[i]!;
      const from = at.at[i]!;
      const sameProbe = at.beside[i] === 0;
      if (kind.call !== '') this.#call(entry, kind, tid, timeNs, from);
      else if (kind.id === ARGUMENTS) this.#arguments(tid, from);
      else if (kind.isMarker) this.#mark(entry, kind, tid, timeNs, from, sameProbe);
      else if (!kind.isNote && this.#ids.has(kind.id))
        this.#event(entry, kind, tid, timeNs, from, at.arrays[i]!, sameProbe);
    }
    for (const tid of [...this.#open.keys()]) this.#ends(tid, -1, Number.POSITIVE_INFINITY, Number.NaN);
    for (const list of this.#waiting.values()) for (const fact of list) this.#found(fact);
  }

  #call(entry: number, kind: EventKind, tid: number, timeNs: number, from: number): void {
    if (!kind.isEnter) {
      if (this.#open.get(tid)?.kind.call === kind.call) this.#ends(tid, entry, timeNs, this.#tape.value(from, 0));
      return;
    }
    // A call that never returned ends at the latest when the next one begins.
    if (this.#open.has(tid)) this.#ends(tid, -1, timeNs, Number.NaN);
    for (const fact of this.#waiting.get(tid) ?? []) {
      fact.nextNs = timeNs;
      this.#found(fact);
    }
    this.#waiting.set(tid, []);
    this.#open.set(tid, { entry, kind, t0: timeNs, args: this.#argsAt(from), marks: [] });
  }

  #arguments(tid: number, from: number): void {
    const open = this.#open.get(tid);
    if (open !== undefined) open.args = this.#argsAt(from);
  }

  #argsAt(from: number): readonly number[] {
    return Array.from({ length: ARGUMENT_COUNT }, (_, i) => low(this.#tape.value(from, i)));
  }

  #ends(tid: number, exit: number, t1: number, result: number): void {
    const { entry, kind, t0, args, marks } = this.#open.get(tid)!;
    this.#open.delete(tid);
    const name = this.#tape.rules.kinds.callNumber(kind.call);
    this.#wait({ kind: 'call', entry, exit, name, tid, result, t0, t1, args, ...UNTOLD, sameProbe: true });
    for (const mark of marks) this.#marker(mark.entry, mark.name, tid, t0, t1, mark.sameProbe);
  }

  #mark(entry: number, { id }: EventKind, tid: number, timeNs: number, from: number, sameProbe: boolean): void {
    const { words } = this.#tape.rules;
    const text = words.get(this.#tape.value(from, 0)).trim();
    if (text === '') return;
    const name = words.text(text);
    const open = id === NOTE_MARKER ? this.#open.get(tid) : undefined;
    if (open === undefined) this.#marker(entry, name, tid, timeNs, timeNs, sameProbe);
    else open.marks.push({ entry, name, sameProbe });
  }

  #marker(entry: number, name: number, tid: number, t0: number, t1: number, sameProbe: boolean): void {
    const result = Number.NaN;
    this.#wait({ kind: 'marker', entry, exit: -1, name, tid, result, t0, t1, args: NONE, ...UNTOLD, sameProbe });
  }

  #event(
    entry: number,
    kind: EventKind,
    thread: number,
    t0: number,
    from: number,
    arrays: number,
    sameProbe: boolean,
  ): void {
    const hash = this.#hash.start().add(kind.id);
    for (const place of kind.knownBy) hash.add(this.#tape.value(from, place));
    for (let left = arrays, place = kind.width; left > 0; left--) {
      const count = this.#tape.value(from, place);
      for (let k = 0; k <= count; k++) hash.add(this.#tape.value(from, place++));
    }
    const tid = kind.anyThread ? 0 : thread;
    const name = hash.value;
    const result = Number.NaN;
    this.#found({ kind: 'event', entry, exit: -1, name, tid, result, t0, t1: t0, args: NONE, ...UNTOLD, sameProbe });
  }

  #wait(fact: Known): void {
    const waiting = this.#waiting.get(fact.tid);
    if (waiting === undefined) this.#waiting.set(fact.tid, [fact]);
    else waiting.push(fact);
  }
}

const UNTOLD = { nextNs: Number.POSITIVE_INFINITY };

/** Facts of every tape, looked for once. Events are found where another recording has such as well. */
export class AllFacts {
  readonly #byTape: ReadonlyMap<Tape, TapeFacts>;

  constructor(recordings: readonly (readonly Tape[])[]) {
    const times = new Map<number, number>();
    for (const tapes of recordings)
      for (const id of new Set(tapes.flatMap(({ ids }) => [...ids]))) times.set(id, (times.get(id) ?? 0) + 1);
    const shared = new Set([...times].filter(([, count]) => count > 1).map(([id]) => id));
    this.#byTape = new Map(recordings.flat().map((tape) => [tape, new TapeFacts(tape, shared)]));
  }

  of(tape: Tape): TapeFacts {
    return this.#byTape.get(tape)!;
  }
}

/** Those of several tapes, one tape after the other. */
export function together(all: readonly Facts[]): Facts {
  const told = new Map<number, number>();
  for (const facts of all) for (const [name, bits] of facts.told) told.set(name, (told.get(name) ?? bits) & bits);
  return {
    told,
    *[Symbol.iterator]() {
      for (const facts of all) yield* facts;
    },
  };
}
