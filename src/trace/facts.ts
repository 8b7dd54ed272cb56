// Facts that two recordings of one run can have in common: system calls with their results, kernel events with all their
// fields, block requests, markers. Found on a tape, with when they were seen to begin and to end there.
import { KERNEL_EVENTS, kernelEvent, slotPlaces } from '../model/kernel-events.js';
import { LOST, type Tape, WIDTHS } from './tape.js';

export type FactKind = 'call' | 'event' | 'marker';

export interface Fact {
  readonly kind: FactKind;
  readonly tape: Tape;
  /** Entry of the enter, or of the event itself. */
  readonly entry: number;
  /** Entry of the exit; -1 for none. */
  readonly exit: number;
  /** Entry that has the arguments. */
  readonly told: number;
  /** Syscall name of a call, event code of an event as text, or what is marked. */
  readonly name: string;
  readonly tid: number;
  readonly result: number;
  /** By the clock of the tape; equal for events. */
  readonly t0: number;
  readonly t1: number;
  /** When the thread was seen to begin its next call; infinite when none. */
  nextNs: number;
}

const ARGUMENTS = kernelEvent('note_arguments');
const NOTE_MARKER = kernelEvent('note_marker');
export const MARKERS: ReadonlySet<number> = new Set([
  kernelEvent('print'),
  kernelEvent('tracing_mark_write'),
  NOTE_MARKER,
]);
/** By which values an event is known again, where it is not by all numbers and its thread. Requests have no thread of their own. */
const KNOWN_BY: ReadonlyMap<number, readonly number[]> = new Map([
  [kernelEvent('block_rq_issue'), [0, 3, 4]],
  [kernelEvent('block_rq_complete'), [0, 3, 4]],
  [kernelEvent('block_bio_remap'), [0, 3, 5, 6]],
]);
const SIGNAL = kernelEvent('signal_deliver');
/** Places of numbers; words are printed by every recorder in its own way. */
const NUMBERS = KERNEL_EVENTS.map((event, code) =>
  Array.from({ length: WIDTHS[code]! }, (_, place) => place).filter((place) => {
    const slot = event.slots[slotPlaces(event).lastIndexOf(place)];
    return slot === undefined || !/[sS]/.test(slot.type);
  }),
);
const IS_NOTE = KERNEL_EVENTS.map(({ name }) => name.startsWith('note_'));
const SYSCALL = KERNEL_EVENTS.map(({ kind, call }) => (kind === 'tracepoint' ? '' : call));
const IS_ENTER = KERNEL_EVENTS.map(({ kind }) => kind === 'enter');

/** A tracepoint that is no call and no marker, seen by the kernel itself. */
export const isKernelEvent = (event: number): boolean =>
  !IS_NOTE[event] && SYSCALL[event] === '' && !MARKERS.has(event);

/** Tracepoints of a recording, without calls, notes and markers: the more of them, the more it tells of what a call did. */
export function eventsOf({ entries }: Tape): ReadonlySet<number> {
  const found = new Set<number>();
  for (let i = 0; i < entries.length; i++) {
    const event = entries.at.event[i]!;
    if (event === LOST || entries.at.beside[i] === 1) continue;
    if (isKernelEvent(event)) found.add(event);
  }
  return found;
}

/** Every event code of a tape, those told beside its own events among them. */
export function codesOf({ entries }: Tape): Set<number> {
  return new Set(entries.view().event);
}

interface Open {
  readonly entry: number;
  told: number;
  readonly marks: number[];
}

/** All calls and markers, and the events among `codes`. */
export function factsOf(tape: Tape, codes: ReadonlySet<number>): Fact[] {
  return new Finder(tape, codes).run();
}

class Finder {
  readonly #tape: Tape;
  readonly #codes: ReadonlySet<number>;
  readonly #facts: Fact[] = [];
  readonly #open = new Map<number, Open>();
  /** Calls and markers of a thread whose next call has not begun. */
  readonly #waiting = new Map<number, Fact[]>();

  constructor(tape: Tape, codes: ReadonlySet<number>) {
    this.#tape = tape;
    this.#codes = codes;
  }

  run(): Fact[] {
    const { at, length } = this.#tape.entries;
    for (let i = 0; i < length; i++) {
      const event = at.event[i]!;
      if (event === LOST) continue;
      if (SYSCALL[event] !== '') this.#call(i, event);
      else if (event === ARGUMENTS) this.#arguments(i);
      else if (event === NOTE_MARKER && this.#open.has(at.tid[i]!)) this.#open.get(at.tid[i]!)!.marks.push(i);
      else if (MARKERS.has(event)) this.#marker(i, at.timeNs[i]!, at.timeNs[i]!);
      else if (!IS_NOTE[event] && this.#codes.has(event)) this.#event(i, event);
    }
    for (const tid of [...this.#open.keys()]) this.#ends(tid, -1, Number.POSITIVE_INFINITY);
    return this.#facts;
  }

  #call(entry: number, event: number): void {
    const { at } = this.#tape.entries;
    const tid = at.tid[entry]!;
    if (!IS_ENTER[event]) {
      const open = this.#open.get(tid);
      if (open !== undefined && SYSCALL[at.event[open.entry]!] === SYSCALL[event])
        this.#ends(tid, entry, at.timeNs[entry]!);
      return;
    }
    // A call that never returned ends at the latest when the next one begins.
    if (this.#open.has(tid)) this.#ends(tid, -1, at.timeNs[entry]!);
    for (const fact of this.#waiting.get(tid) ?? []) fact.nextNs = at.timeNs[entry]!;
    this.#waiting.set(tid, []);
    this.#open.set(tid, { entry, told: entry, marks: [] });
  }

  #arguments(entry: number): void {
    const open = this.#open.get(this.#tape.entries.at.tid[entry]!);
    if (open !== undefined) open.told = entry;
  }

  #ends(tid: number, exit: number, t1: number): void {
    const { at } = this.#tape.entries;
    const { entry, told, marks } = this.#open.get(tid)!;
    this.#open.delete(tid);
    const t0 = at.timeNs[entry]!;
    const result = exit < 0 ? Number.NaN : this.#tape.value(exit, 0);
    const name = SYSCALL[at.event[entry]!]!;
    this.#add({ kind: 'call', entry, exit, told, name, tid, result, t0, t1 });
    for (const mark of marks) this.#marker(mark, t0, t1);
  }

  #marker(entry: number, t0: number, t1: number): void {
    const name = this.#tape.words.get(this.#tape.value(entry, 0)).trim();
    const tid = this.#tape.entries.at.tid[entry]!;
    if (name !== '') this.#add({ kind: 'marker', entry, exit: -1, told: entry, name, tid, result: Number.NaN, t0, t1 });
  }

  #event(entry: number, event: number): void {
    const { at } = this.#tape.entries;
    const t0 = at.timeNs[entry]!;
    const known = KNOWN_BY.get(event);
    const tid = known === undefined ? at.tid[entry]! : 0;
    const places = known ?? (event === SIGNAL ? [0] : NUMBERS[event]!);
    const values = places.map((place) => this.#tape.value(entry, place));
    const words = this.#tape.arrays.get(entry);
    const name = `${event}:${values.join()}${words === undefined ? '' : `:${words.join()}`}`;
    this.#add({ kind: 'event', entry, exit: -1, told: entry, name, tid, result: Number.NaN, t0, t1: t0 });
  }

  #add(one: Omit<Fact, 'tape' | 'nextNs'>): void {
    const fact = { ...one, tape: this.#tape, nextNs: Number.POSITIVE_INFINITY };
    this.#facts.push(fact);
    if (one.kind === 'event') return;
    const waiting = this.#waiting.get(one.tid);
    if (waiting === undefined) this.#waiting.set(one.tid, [fact]);
    else waiting.push(fact);
  }
}

const INT32 = 2 ** 32;
const low = (value: number): number => ((value % INT32) + INT32) % INT32;

/** Argument `i` in the 32 bits that every recorder shows alike; NaN where it does not tell. */
export const argument = ({ tape, told }: Fact, i: number): number => low(tape.value(told, i));

/** Can both be the same call? What only one of them tells speaks neither for nor against it. */
export function sameCall(a: Fact, b: Fact): boolean {
  if (a.name !== b.name || (a.result !== b.result && !Number.isNaN(a.result) && !Number.isNaN(b.result))) return false;
  for (let i = 0; i < 6; i++) {
    const x = argument(a, i);
    const y = argument(b, i);
    if (x !== y && !Number.isNaN(x) && !Number.isNaN(y)) return false;
  }
  return true;
}
