// The scanner of ftrace lines (wasm/line-scanner.ts) and its memory: what it is taught goes in, rows come out.

import { exportsOf, memoryOf, PAGE_BYTES } from '../base/wasm.js';
import * as layout from './line-scanner-code.js';
import type { PayloadPlan } from './payload-plan.js';

/** What may be read behind the input. */
const SLACK = 256;
const LF = 10;
/** A word that is not known: minus its place times this, minus its length. */
const PLACE = 65_536;

interface Exports {
  scan(from: number, end: number): number;
  setOrigin(seconds: number, nanos: number): void;
  allowBare(): void;
  beginningSlot(at: number): number;
  nameSlot(at: number): number;
  learnWord(step: number, begin: number, length: number, id: number): void;
}

/** A plan in memory. */
interface Taught {
  /** Places of `v` that it fills: all below this. */
  readonly filled: number;
  /** Places of words, and where the step of each is. */
  readonly words: readonly number[];
  readonly steps: readonly number[];
}

export class LineScanner {
  /** By row of the last scan. */
  times = new Float64Array(0);
  /** Of all rows, one behind the other. */
  heads = new Int32Array(0);
  #values = new Float64Array(0);
  #words = new Int32Array(0);
  #bytes: Uint8Array = new Uint8Array(0);
  readonly #memory = memoryOf(layout.INPUT);
  readonly #run: Exports;
  /** Where the next plan goes. */
  #free = layout.TAUGHT;
  readonly #plans: Taught[] = [];
  readonly #intern: (b: Uint8Array, from: number, to: number) => number;

  /** `intern` gives words their numbers. */
  constructor(intern: (b: Uint8Array, from: number, to: number) => number) {
    this.#intern = intern;
    this.#run = exportsOf<Exports>(layout.CODE, this.#memory);
    this.#room(0);
  }

  /** Times count from here. */
  begin(seconds: number, nanos: number): void {
    this.#run.setOrigin(seconds, nanos);
  }

  /** Stamps may be bare nanoseconds. */
  allowBare(): void {
    this.#run.allowBare();
  }

  /** The bytes that are scanned next; places count from their first. */
  load(b: Uint8Array): void {
    this.#room(b.length);
    this.#bytes.set(b, layout.INPUT);
    // Whatever is being read ends here.
    this.#bytes[layout.INPUT + b.length] = LF;
  }

  /** Rows of the lines from `from` on, up to one that has to be parsed, or as many as fit; there may be more then. */
  scan(from: number, end: number): number {
    return this.#run.scan(layout.INPUT + from, layout.INPUT + end);
  }

  /** Where the first line begins that was not taken. */
  get reached(): number {
    return this.#words[layout.REACHED >> 2]! - layout.INPUT;
  }

  get rows(): number {
    return layout.ROWS;
  }

  name(row: number): number {
    return this.heads[row * layout.HEAD + 1]!;
  }

  /** Does its payload have to be parsed, from where to where? */
  isUnread(row: number): boolean {
    return this.heads[row * layout.HEAD + 2] === layout.UNREAD;
  }

  payload(row: number): number {
    return this.heads[row * layout.HEAD + 3]! - layout.INPUT;
  }

  lineEnd(row: number): number {
    return this.heads[row * layout.HEAD + 4]! - layout.INPUT;
  }

  // hot
  /** Fills `v`, which is NaN from place `used` on, with the values of a row; returns from where on it is then. Nothing is done where nobody wants them. */
  values(row: number, v: Float64Array, used: number): number {
    const number = this.heads[row * layout.HEAD + 2]!;
    if (number < 0) return used;
    const plan = this.#plans[number]!;
    const { filled, words } = plan;
    const values = this.#values;
    const first = row * layout.WIDTH;
    for (let i = 0; i < filled; i++) v[i] = values[first + i]!;
    for (let i = filled; i < used; i++) v[i] = Number.NaN;
    for (let i = 0; i < words.length; i++) if (v[words[i]!]! < 0) this.#word(plan, i, v);
    return filled;
  }

  /** A word that the scanner does not know, or forgot. */
  #word({ words, steps }: Taught, i: number, v: Float64Array): void {
    const place = -v[words[i]!]!;
    const length = place % PLACE;
    const begin = (place - length) / PLACE;
    const id = this.#intern(this.#bytes, begin, begin + length);
    this.#run.learnWord(steps[i]!, begin, length, id);
    v[words[i]!] = id;
  }

  /** Lines that begin as the bytes [from, to) do; the number by which rows name them, -1 where they cannot be taught. */
  teachBeginning(from: number, to: number): number {
    const slot = this.#run.beginningSlot(layout.INPUT + from);
    const entry = layout.BEGINNINGS + slot * layout.ENTRY;
    return this.#enter(entry, from, to, slot) ? slot : -1;
  }

  /** The same of an event's name, with its colon and the spaces behind it; rows will give its number. */
  teachName(from: number, to: number, number: number): void {
    if (number >= layout.NAMES) return;
    const slot = this.#run.nameSlot(layout.INPUT + from);
    const entry = layout.NAME_TABLE + slot * layout.ENTRY;
    // Two names may share a slot: then the second one moves aside.
    this.#bytes.copyWithin(layout.NAME_TABLE + (slot ^ 1) * layout.ENTRY, entry, entry + layout.ENTRY);
    if (!this.#enter(entry, from, to, number)) this.#words[entry >> 2] = 0;
  }

  #enter(entry: number, from: number, to: number, number: number): boolean {
    const bytes = this.#bytes;
    const first = entry + 8;
    if (to - from > layout.LONGEST_SEEN) return false;
    bytes.copyWithin(first, layout.INPUT + from, layout.INPUT + to);
    this.#words[entry >> 2] = to - from;
    this.#words[(entry >> 2) + 1] = number;
    return true;
  }

  /** Whether an event's payload is wanted, and whether a new look of it is worth a stop. */
  teachEvent(name: number, wanted: boolean, teachable: boolean): void {
    if (name >= layout.NAMES) return;
    this.#words[this.#event(name)] = (wanted ? layout.WANTED : 0) | (teachable ? layout.TEACHABLE : 0);
  }

  #event(name: number): number {
    return (layout.EVENTS + name * layout.EVENT) >> 2;
  }

  /** How payloads of an event may look; the latest is tried first. */
  teachPlan(name: number, { steps, filled, whole }: PayloadPlan): void {
    const plan = this.#free;
    const aligned = (size: number): number => (size + 7) & ~7;
    const words = steps.filter(({ kind }) => kind === layout.WORD);
    const literals = steps.reduce((sum, { before }) => sum + aligned(before.length), 0);
    const known = words.length * layout.WORD_SLOTS * layout.WORD_ENTRY;
    const end = aligned(plan + layout.PLAN_HEAD + steps.length * layout.STEP) + literals + known;
    if (name >= layout.NAMES || filled > layout.WIDTH || end > layout.TAUGHT + layout.TAUGHT_BYTES) return;
    this.#free = end;
    const numbers = this.#words;
    numbers[plan >> 2] = steps.length;
    numbers[(plan >> 2) + 1] = whole ? 1 : 0;
    numbers[(plan >> 2) + 2] = this.#plans.length;
    let bytesAt = aligned(plan + layout.PLAN_HEAD + steps.length * layout.STEP);
    let wordsAt = bytesAt + literals;
    const stepsOfWords: number[] = [];
    steps.forEach(({ kind, place, before }, i) => {
      const step = plan + layout.PLAN_HEAD + i * layout.STEP;
      numbers.set([kind, place, before.length, bytesAt, wordsAt], step >> 2);
      this.#bytes.set(before, bytesAt);
      bytesAt += aligned(before.length);
      if (kind !== layout.WORD) return;
      stepsOfWords.push(step);
      wordsAt += layout.WORD_SLOTS * layout.WORD_ENTRY;
    });
    this.#plans.push({ filled, words: words.map(({ place }) => place), steps: stepsOfWords });
    const event = this.#event(name);
    const count = Math.min(numbers[event + 1]! + 1, layout.MOST_PLANS);
    numbers.copyWithin(event + 3, event + 2, event + 1 + count);
    numbers[event + 1] = count;
    numbers[event + 2] = plan;
  }

  /** Room for so many bytes of input. */
  #room(bytes: number): void {
    const size = layout.INPUT + bytes + SLACK;
    const { byteLength } = this.#memory.buffer;
    if (this.#bytes.length > 0 && size <= byteLength) return;
    if (size > byteLength) this.#memory.grow(Math.ceil((size - byteLength) / PAGE_BYTES));
    const { buffer } = this.#memory;
    this.#bytes = new Uint8Array(buffer);
    this.#words = new Int32Array(buffer);
    this.times = new Float64Array(buffer, layout.TIMES, layout.ROWS);
    this.heads = new Int32Array(buffer, layout.HEADS, layout.ROWS * layout.HEAD);
    this.#values = new Float64Array(buffer, layout.VALUES, layout.ROWS * layout.WIDTH);
  }
}
