// The scanner of ftrace lines (wasm/line-scanner.ts) and its memory: what it is taught goes in, rows come out.
import { LINE_SCANNER } from './line-scanner-code.js';
import type { PayloadPlan } from './payload-plan.js';

const PAGE = 65_536;
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

/** What of the engine's own object is used here: the library of the language has no types for it. */
interface Memory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}
interface Engine {
  readonly Module: new (code: Uint8Array) => object;
  readonly Memory: new (size: { readonly initial: number }) => Memory;
  readonly Instance: new (
    module: object,
    imports: { readonly env: { readonly memory: Memory } },
  ) => { readonly exports: Readonly<Record<string, unknown>> };
  readonly Global: new () => { readonly value: number };
}
const engine = (globalThis as unknown as { readonly WebAssembly: Engine }).WebAssembly;

let module: object | null = null;

export class LineScanner {
  /** By row of the last scan. */
  times = new Float64Array(0);
  /** Numbers in the head of a row, and all heads. */
  readonly head: number;
  heads = new Int32Array(0);
  #values = new Float64Array(0);
  #words = new Int32Array(0);
  #bytes: Uint8Array = new Uint8Array(0);
  readonly #memory = new engine.Memory({ initial: 1 });
  readonly #run: Exports;
  /** The layout of the memory, as the scanner says. */
  readonly #at: Readonly<Record<string, number>>;
  readonly #input: number;
  readonly #width: number;
  /** Where the next plan goes. */
  #free: number;
  readonly #plans: Taught[] = [];
  readonly #intern: (b: Uint8Array, from: number, to: number) => number;

  /** `intern` gives words their numbers. */
  constructor(intern: (b: Uint8Array, from: number, to: number) => number) {
    this.#intern = intern;
    module ??= new engine.Module(Buffer.from(LINE_SCANNER, 'base64'));
    const { exports } = new engine.Instance(module, { env: { memory: this.#memory } });
    this.#run = exports as unknown as Exports;
    const at: Record<string, number> = {};
    for (const [name, one] of Object.entries(exports)) if (one instanceof engine.Global) at[name] = one.value;
    this.#at = at;
    this.#input = this.#at.INPUT!;
    this.#width = this.#at.WIDTH!;
    this.#free = this.#at.TAUGHT!;
    this.head = this.#at.HEAD!;
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
    this.#bytes.set(b, this.#input);
    // Whatever is being read ends here.
    this.#bytes[this.#input + b.length] = LF;
  }

  /** Rows of the lines from `from` on, up to one that has to be parsed, or as many as fit; there may be more then. */
  scan(from: number, end: number): number {
    return this.#run.scan(this.#input + from, this.#input + end);
  }

  /** Where the first line begins that was not taken. */
  get reached(): number {
    return this.#words[this.#at.REACHED! >> 2]! - this.#input;
  }

  get rows(): number {
    return this.#at.ROWS!;
  }

  /** Number of a row's beginning, as it was taught. */
  beginning(row: number): number {
    return this.heads[row * this.head]!;
  }

  name(row: number): number {
    return this.heads[row * this.head + 1]!;
  }

  /** Does its payload have to be parsed, from where to where? */
  isUnread(row: number): boolean {
    return this.heads[row * this.head + 2] === this.#at.UNREAD;
  }

  payload(row: number): number {
    return this.heads[row * this.head + 3]! - this.#input;
  }

  lineEnd(row: number): number {
    return this.heads[row * this.head + 4]! - this.#input;
  }

  // hot
  /** Fills `v`, which is NaN from place `used` on, with the values of a row; returns from where on it is then. Nothing is done where nobody wants them. */
  values(row: number, v: Float64Array, used: number): number {
    const number = this.heads[row * this.head + 2]!;
    if (number < 0) return used;
    const plan = this.#plans[number]!;
    const { filled, words } = plan;
    const values = this.#values;
    const first = row * this.#width;
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
    const slot = this.#run.beginningSlot(this.#input + from);
    const entry = this.#at.BEGINNINGS! + slot * this.#at.ENTRY!;
    return this.#enter(entry, from, to, slot) ? slot : -1;
  }

  /** The same of an event's name, with its colon and the spaces behind it; rows will give its number. */
  teachName(from: number, to: number, number: number): void {
    const { NAME_TABLE, ENTRY, NAMES } = this.#at as Record<'NAME_TABLE' | 'ENTRY' | 'NAMES', number>;
    if (number >= NAMES) return;
    const slot = this.#run.nameSlot(this.#input + from);
    const entry = NAME_TABLE + slot * ENTRY;
    // Two names may share a slot: then the second one moves aside.
    this.#bytes.copyWithin(NAME_TABLE + (slot ^ 1) * ENTRY, entry, entry + ENTRY);
    if (!this.#enter(entry, from, to, number)) this.#words[entry >> 2] = 0;
  }

  #enter(entry: number, from: number, to: number, number: number): boolean {
    const bytes = this.#bytes;
    const first = entry + 8;
    if (to - from > this.#at.LONGEST_SEEN!) return false;
    bytes.copyWithin(first, this.#input + from, this.#input + to);
    this.#words[entry >> 2] = to - from;
    this.#words[(entry >> 2) + 1] = number;
    return true;
  }

  /** Whether an event's payload is wanted, and whether a new look of it is worth a stop. */
  teachEvent(name: number, wanted: boolean, teachable: boolean): void {
    if (name >= this.#at.NAMES!) return;
    const { WANTED, TEACHABLE } = this.#at as Record<'WANTED' | 'TEACHABLE', number>;
    this.#words[this.#event(name)] = (wanted ? WANTED : 0) | (teachable ? TEACHABLE : 0);
  }

  #event(name: number): number {
    return (this.#at.EVENTS! + name * this.#at.EVENT!) >> 2;
  }

  /** How payloads of an event may look; the latest is tried first. */
  teachPlan(name: number, { steps, filled, whole }: PayloadPlan): void {
    const at = this.#at as Record<'PLAN_HEAD' | 'STEP' | 'WORD' | 'WORD_SLOTS' | 'WORD_ENTRY' | 'MOST_PLANS', number>;
    const plan = this.#free;
    const aligned = (size: number): number => (size + 7) & ~7;
    const words = steps.filter(({ kind }) => kind === at.WORD);
    const literals = steps.reduce((sum, { before }) => sum + aligned(before.length), 0);
    const known = words.length * at.WORD_SLOTS * at.WORD_ENTRY;
    const end = aligned(plan + at.PLAN_HEAD + steps.length * at.STEP) + literals + known;
    if (name >= this.#at.NAMES! || filled > this.#width || end > this.#at.TAUGHT! + this.#at.TAUGHT_BYTES!) return;
    this.#free = end;
    const numbers = this.#words;
    numbers[plan >> 2] = steps.length;
    numbers[(plan >> 2) + 1] = whole ? 1 : 0;
    numbers[(plan >> 2) + 2] = this.#plans.length;
    let bytesAt = aligned(plan + at.PLAN_HEAD + steps.length * at.STEP);
    let wordsAt = bytesAt + literals;
    const stepsOfWords: number[] = [];
    steps.forEach(({ kind, place, before }, i) => {
      const step = plan + at.PLAN_HEAD + i * at.STEP;
      numbers.set([kind, place, before.length, bytesAt, wordsAt], step >> 2);
      this.#bytes.set(before, bytesAt);
      bytesAt += aligned(before.length);
      if (kind !== at.WORD) return;
      stepsOfWords.push(step);
      wordsAt += at.WORD_SLOTS * at.WORD_ENTRY;
    });
    this.#plans.push({ filled, words: words.map(({ place }) => place), steps: stepsOfWords });
    const event = this.#event(name);
    const count = Math.min(numbers[event + 1]! + 1, at.MOST_PLANS);
    numbers.copyWithin(event + 3, event + 2, event + 1 + count);
    numbers[event + 1] = count;
    numbers[event + 2] = plan;
  }

  /** Room for so many bytes of input. */
  #room(bytes: number): void {
    const size = this.#input + bytes + SLACK;
    const { byteLength } = this.#memory.buffer;
    if (this.#bytes.length > 0 && size <= byteLength) return;
    if (size > byteLength) this.#memory.grow(Math.ceil((size - byteLength) / PAGE));
    const { buffer } = this.#memory;
    this.#bytes = new Uint8Array(buffer);
    this.#words = new Int32Array(buffer);
    this.times = new Float64Array(buffer, this.#at.TIMES!, this.#at.ROWS!);
    this.heads = new Int32Array(buffer, this.#at.HEADS!, this.#at.ROWS! * this.head);
    this.#values = new Float64Array(buffer, this.#at.VALUES!, this.#at.ROWS! * this.#width);
  }
}
