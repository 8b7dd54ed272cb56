// The kernel that reads raw records (wasm/record-kernel.ts) and its memory: plans of events go in, rows come out. What it leaves
// unread is for binary-payload.ts, which reads every record and is the reference.

import { exportsOf, memoryOf } from '../base/wasm.js';
import { type EventPlan, Fill, type SlotPlan } from './event-plan.js';
import * as layout from './record-kernel-code.js';

interface Exports {
  setPlaces(id: number, tid: number): void;
  scanPage(room: number, at: number, end: number, time: number): number;
  learnWord(step: number, at: number, id: number): void;
  setLayout(time: number, tid: number, cpu: number, raw: number, trailer: number): void;
  setBase(high: number, low: number): void;
  listRecords(
    from: number,
    end: number,
    origin: number,
    block: number,
    times: number,
    places: number,
    most: number,
    time: number,
  ): number;
  readSamples(room: number, list: number, count: number): void;
}

/** Records that are listed at once. */
const LISTED = 4096;
/** Behind bytes that are read: up to so many more are looked at. */
const SLACK = 16;
/** Rather than that, records are read one by one: a damaged recording may claim any number of CPUs and any size of pages. */
const MOST_BYTES = 1 << 28;
/** Bytes of the widest number, and of the longest text. */
const WIDEST = 8;
const LONGEST_TEXT = 16;

const aligned = (bytes: number): number => (bytes + 63) & ~63;

/** Rows of records at `address`. */
export interface Rows {
  readonly address: number;
  readonly times: Float64Array;
  /** `HEAD` numbers a row. */
  readonly heads: Int32Array;
  /** `WIDTH` numbers a row. */
  readonly values: Float64Array;
}

/** Steps of a plan that need to know words: where each is, the byte its word begins at, and the value it becomes. */
export interface WordSteps {
  readonly addresses: readonly number[];
  readonly offsets: readonly number[];
  readonly places: readonly number[];
  /** A record of so many bytes has every field. */
  readonly bytes: number;
}
const NO_WORDS: WordSteps = { addresses: [], offsets: [], places: [], bytes: 0 };

export class RecordKernel {
  readonly bytes: Uint8Array;
  readonly run: Exports;
  readonly #ints: Int32Array;
  readonly #floats: Float64Array;
  readonly #buffer: ArrayBuffer;
  #freePlan = layout.TAUGHT;
  #freeRoom = aligned(layout.ROOMS);

  /** With `bytes` for rooms; null where that is too much. */
  static of(bytes: number): RecordKernel | null {
    return bytes > MOST_BYTES ? null : new RecordKernel(bytes);
  }

  private constructor(bytes: number) {
    // It never grows: what is seen of it would be lost.
    const memory = memoryOf(aligned(layout.ROOMS) + bytes + SLACK);
    this.run = exportsOf<Exports>(layout.CODE, memory);
    this.#buffer = memory.buffer;
    this.bytes = new Uint8Array(this.#buffer);
    this.#ints = new Int32Array(this.#buffer);
    this.#floats = new Float64Array(this.#buffer);
  }

  /** Bytes of memory that rows take, and that so many bytes of input do. */
  static readonly rowsBytes = aligned(layout.ROOM);
  static readonly inputBytes = (bytes: number): number => aligned(bytes + SLACK);
  static readonly listBytes = aligned(LISTED * 24) + aligned(layout.ROWS * 8);

  rows(): Rows {
    const address = this.#take(RecordKernel.rowsBytes);
    return {
      address,
      times: new Float64Array(this.#buffer, address, layout.ROWS),
      heads: new Int32Array(this.#buffer, address + layout.HEADS, layout.ROWS * layout.HEAD),
      values: new Float64Array(this.#buffer, address + layout.VALUES, layout.ROWS * layout.WIDTH),
    };
  }

  /** Memory for bytes that are to be read. */
  input(bytes: number): Uint8Array {
    return new Uint8Array(this.#buffer, this.#take(RecordKernel.inputBytes(bytes)), bytes);
  }

  /** Memory for a list of perf's records, and for one of samples. */
  lists(): { readonly times: Float64Array; readonly places: Uint32Array; readonly samples: Uint32Array } {
    const address = this.#take(RecordKernel.listBytes);
    return {
      times: new Float64Array(this.#buffer, address, LISTED),
      places: new Uint32Array(this.#buffer, address + LISTED * 8, LISTED * 4),
      samples: new Uint32Array(this.#buffer, address + aligned(LISTED * 24), layout.ROWS * 2),
    };
  }

  holds({ buffer }: Uint8Array): boolean {
    return buffer === this.#buffer;
  }

  get reached(): number {
    return this.#ints[layout.REACHED >> 2]!;
  }

  get now(): number {
    return this.#floats[layout.NOW >> 3]!;
  }

  get earliest(): number {
    return this.#floats[layout.EARLIEST >> 3]!;
  }

  get latest(): number {
    return this.#floats[layout.LATEST >> 3]!;
  }

  /** Records of event `id` are those of `number`; where their values are wanted and it can read them, by the plan. */
  teach(id: number, number: number, plan: EventPlan, wanted: boolean): WordSteps {
    const steps = wanted ? stepsOf(plan) : [];
    if (steps === null) return NO_WORDS;
    const address = this.#freePlan;
    const end = address + layout.PLAN_HEAD + steps.length * layout.STEP;
    const words = steps.filter(({ kind }) => isWord(kind));
    const last = aligned(end) + words.length * layout.WORD_SLOTS * layout.WORD_ENTRY;
    if (last > layout.TAUGHT + layout.TAUGHT_BYTES) return NO_WORDS;
    this.#freePlan = last;
    const count = wanted ? plan.most : layout.SKIPPED;
    this.#ints.set([number, count, plan.bytes, steps.length], address >> 2);
    let known = aligned(end);
    const addresses = steps.map(({ kind, offset, place, scale, last: behind }, i) => {
      const step = address + layout.PLAN_HEAD + i * layout.STEP;
      this.#ints.set([kind, offset, place, known], step >> 2);
      this.#floats[(step + 16) >> 3] = scale;
      this.#ints[(step + 24) >> 2] = behind;
      if (isWord(kind)) known += layout.WORD_SLOTS * layout.WORD_ENTRY;
      return step;
    });
    this.#ints[(layout.PLANS >> 2) + id] = address;
    return {
      addresses: addresses.filter((_, i) => isWord(steps[i]!.kind)),
      offsets: words.map(({ offset }) => offset),
      places: words.map(({ place }) => place),
      bytes: plan.bytes,
    };
  }

  /** The words of the record at [from, to) in its memory, which was read elsewhere, are those in `v`. */
  learn({ addresses, offsets, places, bytes }: WordSteps, from: number, to: number, v: Float64Array): void {
    if (from + bytes > to) return;
    for (let i = 0; i < addresses.length; i++) this.run.learnWord(addresses[i]!, from + offsets[i]!, v[places[i]!]!);
  }

  #take(bytes: number): number {
    const address = this.#freeRoom;
    this.#freeRoom += bytes;
    if (this.#freeRoom > this.bytes.length) throw new Error('the memory of the kernel of records is too small');
    return address;
  }
}

const isWord = (kind: number): boolean => kind > layout.WORD && kind < layout.NONE;

interface Step {
  readonly kind: number;
  readonly offset: number;
  readonly place: number;
  readonly scale: number;
  readonly last: number;
}

/** Null where a field is of a kind that the kernel does not read. */
function stepsOf({ slots, most }: EventPlan): readonly Step[] | null {
  if (most > layout.WIDTH) return null;
  const steps: Step[] = [];
  const empty = new Set(Array.from({ length: most }, (_, place) => place));
  for (const slot of slots) {
    const kind = kindOf(slot);
    if (kind === 0) return null;
    const { offset, place, scale, last } = slot;
    steps.push({ kind, offset, place, scale, last: kind === layout.RANGE ? last : slot.fill === Fill.text ? 1 : 0 });
    empty.delete(place);
    if (kind === layout.RANGE) empty.delete(place + 1);
  }
  for (const place of empty) steps.push({ kind: layout.NONE, offset: 0, place, scale: 1, last: 0 });
  return steps;
}

function kindOf({ fill, size, signed }: SlotPlan): number {
  if (fill === Fill.number) {
    if (size === WIDEST) return layout.U64;
    if (size === 4) return signed ? layout.I32 : layout.U32;
    if (size === 2) return signed ? layout.I16 : layout.U16;
    return signed ? layout.I8 : layout.U8;
  }
  if (fill === Fill.pageFrame) return layout.FRAME;
  if (fill === Fill.range && size === WIDEST) return layout.RANGE;
  const isShort = fill === Fill.label ? size <= WIDEST : fill === Fill.text && size <= LONGEST_TEXT;
  return isShort && size > 0 ? layout.WORD + size : 0;
}
