// The printed part of a kernel event behind its name: words into slots. Serves every text format of tracepoints.
// A field is found by the word before it, scanning forward from the last one and wrapping once, so that fields which
// another kernel adds, drops or moves do no harm (kernel-events reference, trap 14).
import { cursor, device, number, pageFrame } from '../base/digits.js';
import type { KernelRecord, KernelSink, Slot, SlotType, Words } from '../model/kernel.js';
import { type KernelEvent, slotPlaces } from '../model/kernel-events.js';
import { isFlagName, namedFlags } from './open-flags.js';
import { type FoundType, type FoundValue, fills, type PayloadPlan, planOf } from './payload-plan.js';
import { LEARNABLE, READS_RAW, SPECIAL } from './payload-special.js';
import { array, bareHex, octal, restOrKey, skipPast, skipQuoted } from './payload-values.js';
import { ascii, find, next, skipWord } from './payload-words.js';

interface CompiledSlot {
  readonly print: Uint8Array;
  readonly field: Uint8Array;
  /** Empty where earlier kernels print the same word. */
  readonly older: Uint8Array;
  readonly type: SlotType;
  readonly place: number;
  readonly scale: number;
  /** Raw field with the length of a name, which is printed without a NUL at its end. */
  readonly size: Uint8Array;
}

interface CompiledEvent {
  readonly slots: readonly CompiledSlot[];
  /** Places that they have. */
  readonly width: number;
  readonly call: boolean;
  readonly special: Special | null;
  readonly readsRaw: boolean;
  /** How many more looks may be learned. */
  lessons: number;
}

export type Special = (d: PayloadDecoder, b: Uint8Array, from: number, to: number) => void;

const SPACE = 32;
const ARRAY = ascii('ARRAY[');
const FLAGS = ascii('flags');
const NO_BYTES = new Uint8Array(0);
/** Lines of most events look one way; some print words of their own, and then nothing repeats. */
const MOST_LESSONS = 8;

export class PayloadDecoder {
  readonly record: KernelRecord;
  readonly words: Words;
  readonly #known: readonly KernelEvent[];
  readonly #events: (CompiledEvent | undefined)[] = [];
  /** Values of the line at hand, where it is one to learn from. */
  #found: FoundValue[] | null = null;
  /** Result bits of DAX faults by interned word. */
  readonly vmFaults = new Map<number, number>();
  /** Slots of the last record that were not found. */
  missing = 0;
  /** How lines like the last one are read, where it taught that. */
  learned: PayloadPlan | null = null;
  /** Row of the last record whose name may go on behind its end, over several lines even. */
  longNameRow = -1;

  constructor(kernel: KernelSink) {
    this.record = kernel.record;
    this.words = kernel.words;
    this.#known = kernel.catalogue.events;
  }

  event(code: number): CompiledEvent {
    this.#events[code] ??= compiled(this.#known[code]!);
    return this.#events[code];
  }

  /** Says how many slots a special form could not find. */
  lacks(slots: number): void {
    this.missing = slots;
  }

  /** May further lines of the event teach how they look? */
  isTeachable(event: number): boolean {
    return this.event(event).lessons > 0;
  }

  /** Fills `record.v` and `record.arrays` for event code `event` from bytes [from, to). `learns`: it is an example for others. */
  decode(event: number, b: Uint8Array, from: number, to: number, learns = false): void {
    const compiled = this.event(event);
    const { v, arrays } = this.record;
    if (arrays.length > 0) arrays.length = 0;
    // Not `fill`, which is a call into the engine, on every record.
    for (let i = 0; i < v.length; i++) v[i] = Number.NaN;
    this.missing = 0;
    this.learned = null;
    this.#found = compiled.lessons > 0 && learns ? [] : null;
    if (compiled.call) this.syscall(compiled, b, from, to);
    else {
      // Raw form (`trace-cmd report -R`) names every field as the format file does: then no event is special.
      const raw = startsRaw(b, from, to);
      if (compiled.special !== null && (!raw || compiled.readsRaw)) compiled.special(this, b, from, to);
      else if (!raw || !this.plain(compiled.slots, b, from, to)) {
        // What is looked for by two names is not learned.
        if (raw) this.#found = null;
        this.named(compiled.slots, b, from, to, raw);
      }
    }
    if (this.#found !== null) this.learn(compiled, this.#found, b, from, to);
  }

  private learn(compiled: CompiledEvent, found: readonly FoundValue[], b: Uint8Array, from: number, to: number): void {
    this.#found = null;
    const { width, special } = compiled;
    if (this.missing > 0 || width === 0 || !fills(found, width)) return;
    for (let place = 0; place < width; place++) if (Number.isNaN(this.record.v[place])) return;
    compiled.lessons--;
    const last = found.at(-1)!;
    // A value alone, or of a print format of `name=value` throughout, is one only where nothing follows.
    const whole = special === null ? found[0]!.from === from || startsRaw(b, from, to) : last.type === 'end';
    if (whole && last.to !== to) return;
    this.learned = planOf(b, from, found, whole);
  }

  /**
   * Syscall arguments by position: `dfd: 0x.., flags: 0x..`, `dfd=0x.. flags=0x..`, or a bare return value. In parentheses, as
   * tracefs prints them, hex has no 0x before Linux 6.18; where 6.19 names the flags of openat, what is before them is decimal.
   */
  private syscall(compiled: CompiledEvent, b: Uint8Array, from: number, to: number): void {
    const { v } = this.record;
    const slots = compiled.slots;
    let at = from;
    let n = 0;
    const isBare = b[from - 1] === 40 && !isFlagName(b, find(b, FLAGS, from, from, to));
    let digits = isBare ? bareHex : number;
    while (n < slots.length && at < to) {
      while (at < to && (b[at] === SPACE || b[at] === 44 || b[at] === 40)) at++;
      let word = at;
      while (at < to && b[at] !== 58 && b[at] !== 61 && b[at] !== SPACE) at++;
      // tracefs option `verbose`: the type before the name, `const char * filename: 0x..`.
      while (at < to && b[at] === SPACE && (b[word]! > 57 || b[word] === 42)) {
        while (at < to && b[at] === SPACE) at++;
        word = at;
        while (at < to && b[at] !== 58 && b[at] !== 61 && b[at] !== SPACE) at++;
      }
      if (at < to && b[at] !== SPACE) {
        const name = b[word];
        at++;
        while (at < to && b[at] === SPACE) at++;
        const isNamed = isFlagName(b, at);
        const value = isNamed ? namedFlags(b, at, to) : digits(b, at, to);
        if (name !== 95 /* __syscall_nr */) {
          if (!isNamed) this.#found?.push({ type: 'n', place: n, from: at, to: cursor.at });
          // Behind flags by name the mode is octal.
          else digits = octal;
          v[n++] = value;
        }
        at = Number.isNaN(value) ? skipWord(b, at, to) : cursor.at;
        while (at < to && b[at] !== 44 && b[at] !== SPACE) at++;
        // What the pointer points at (`(68:69, ...) "hi"`); tracefs option `fields`: every number a second time, `fd=0x4 (4)`.
        if (at < to && b[at] === SPACE && b[at + 1] === 40) at = skipPast(b, 41, at + 2, to);
        if (at < to && b[at] === SPACE && b[at + 1] === 34) at = skipWord(b, skipQuoted(b, at + 1, to), to);
      } else {
        const value = number(b, word, to);
        this.#found?.push({ type: 'n', place: n, from: word, to: cursor.at });
        v[n++] = value;
      }
    }
    this.missing = slots.length - n;
  }

  /**
   * A print format of `name=value` throughout looks raw and is not: its own names, each behind the last one's value, to the
   * very end. Nothing is left then in which a raw name could be found. False: it is not so, and nothing was read.
   */
  private plain(slots: readonly CompiledSlot[], b: Uint8Array, from: number, to: number): boolean {
    let at = from;
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i]!;
      const value = slot.type === 'S' ? -1 : next(b, slot.print, at, from, to);
      if (value < 0) return this.forget(i, slots);
      this.value(slot.type, slot.place, b, value, to);
      at = cursor.at;
    }
    return at === to || this.forget(slots.length, slots);
  }

  /** Takes back the first `count` slots. */
  private forget(count: number, slots: readonly CompiledSlot[]): false {
    if (this.#found !== null) this.#found.length = 0;
    if (count > 0) this.record.v.fill(Number.NaN);
    if (slots.length > 0) this.record.arrays.length = 0;
    return false;
  }

  /** Slots by the word before them; `raw`: by their names in the format file. */
  named(slots: readonly CompiledSlot[], b: Uint8Array, from: number, to: number, raw: boolean): void {
    let at = from;
    for (const slot of slots) {
      const key = raw ? slot.field : slot.print;
      // Most fields stand directly behind the last one.
      let value = next(b, key, at, from, to);
      if (value < 0) value = find(b, key, at, from, to);
      if (value < 0 && at > from) value = find(b, key, from, from, to);
      // Some print formats are `name=value` themselves, with names of their own.
      const printed = raw && value < 0;
      if (printed) value = find(b, slot.print, from, from, to);
      if (value < 0 && slot.older.length > 0) value = find(b, slot.older, from, from, to);
      if (value < 0) {
        this.missing++;
        if (slot.type === 'A8' || slot.type === 'A4') this.record.arrays.push([]);
        continue;
      }
      if (raw && (slot.type === 's' || slot.type === 'S')) this.rawName(slot, b, value, from, to);
      else this.value(slot.type, slot.place, b, value, to);
      at = cursor.at;
      if (raw && !printed && slot.scale !== 1) {
        this.record.v[slot.place]! *= slot.scale;
        if (slot.type === 'r') this.record.v[slot.place + 1]! *= slot.scale;
      }
    }
  }

  /**
   * A name is as long as the field beside it says: `report -R` prints what stands behind it in memory as well, and the bytes
   * one by one where no zero happens to follow.
   */
  private rawName(slot: CompiledSlot, b: Uint8Array, at: number, from: number, to: number): void {
    const size = find(b, slot.size, from, from, to);
    const length = size < 0 ? Number.NaN : number(b, size, to);
    if (Number.isNaN(length)) return this.value(slot.type, slot.place, b, at, to);
    this.longNameRow = this.record.row;
    const bytes = ARRAY.every((byte, i) => b[at + i] === byte) ? Uint8Array.from(array(b, at, to, 1)) : NO_BYTES;
    const isListed = bytes.length > 0 && bytes.length >= length;
    const end = isListed ? cursor.at : Math.min(to, at + length);
    this.record.v[slot.place] = isListed ? this.words.bytes(bytes, 0, length) : this.words.bytes(b, at, end);
    cursor.at = end;
  }

  /** Reads one value at `at`, leaves `cursor.at` behind it. */
  value(type: FoundType, place: number, b: Uint8Array, at: number, to: number): void {
    const alone = b[at] === 40 && b[at - 1] === 61 ? numberAlone(b, at, to) : -1;
    if (alone < 0) this.store(type, place, b, at, to);
    else this.store(type, place, b, at + 1, alone);
    this.#found?.push({ type, place, from: alone < 0 ? at : at + 1, to: cursor.at });
  }

  private store(type: FoundType, place: number, b: Uint8Array, at: number, to: number): void {
    const { v } = this.record;
    if (type === 'n') v[place] = number(b, at, to);
    else if (type === 'end') cursor.at = to;
    else if (type === 'sectors') {
      v[place] = number(b, at, to);
      v[place - 2] = v[place]! * 512;
    } else if (type === 'h') v[place] = bareHex(b, at, to);
    else if (type === 'p') v[place] = pageFrame(b, at, to);
    else if (type === 'd') v[place] = device(b, at, to);
    else if (type === 's' || type === 'S') {
      const end = type === 's' ? skipWord(b, at, to) : restOrKey(b, at, to);
      v[place] = this.words.bytes(b, at, end);
      cursor.at = end;
    } else if (type === 'r') {
      v[place] = number(b, at, to);
      v[place + 1] = b[cursor.at] === 45 ? number(b, cursor.at + 1, to) : v[place]!;
    } else this.record.arrays.push(array(b, at, to, type === 'A8' ? 8 : 4));
  }
}

/** Where `(8)` ends, as the tracefs option `fields` of Linux 6.18 shows what has one byte: `status=(8)`; -1 where it is none. */
function numberAlone(b: Uint8Array, at: number, to: number): number {
  let end = at + 1;
  while (end < to && b[end]! >= 48 && b[end]! <= 57) end++;
  return end > at + 1 && b[end] === 41 && (end + 1 >= to || b[end + 1] === SPACE) ? end : -1;
}

function compiled(event: KernelEvent): CompiledEvent {
  const places = slotPlaces(event);
  const call = event.kind !== 'tracepoint';
  const special = SPECIAL[event.name] ?? null;
  const slots = event.slots.map((s: Slot, i) => ({
    print: ascii(s.print),
    field: ascii(s.field),
    older: s.older === s.print ? NO_BYTES : ascii(s.older),
    type: s.type,
    place: places[i]!,
    scale: s.fieldScale,
    size: ascii(`${s.field}len`),
  }));
  // A name that could be a number cannot be told from the numbers between values.
  const named = special === null && (call || event.slots.every(({ print }) => !/^[\da-fx]+$/i.test(print)));
  const last = slots.at(-1);
  const width = last === undefined ? 0 : last.place + (last.type === 'r' ? 2 : 1);
  const readsRaw = READS_RAW.has(event.name);
  return { slots, width, call, special, readsRaw, lessons: named || LEARNABLE.has(event.name) ? MOST_LESSONS : 0 };
}

/**
 * `name=value` or `name=ARRAY[..]` of the raw form: a word directly followed by `=` before any space; trace-cmd puts
 * `[FAILED TO PARSE] ` before what it can only print so.
 */
function startsRaw(b: Uint8Array, from: number, to: number): boolean {
  const first = b[from] === 91 ? b.indexOf(93, from) + 2 : from;
  let i = first;
  while (i < to && b[i] !== SPACE && b[i] !== 61) i++;
  return i < to && b[i] === 61 && i > first && b[first]! >= 95;
}
