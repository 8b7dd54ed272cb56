// What one line of an event teaches about all that look like it: the bytes between its values, and what stands where. A line
// whose bytes are those is read without looking for names; any other line is left to the parser that looks for them.
import { HEX, putDevice, putHex, putNumber } from '../base/digits.js';
import { maskOf, wordsOf } from '../base/known-bytes.js';
import type { SlotType, Words } from '../model/kernel.js';

/** A value that the parser found in a line: its type, where `KernelRecord.v` has it, and its bytes. */
export interface FoundValue {
  readonly type: SlotType;
  readonly place: number;
  readonly from: number;
  readonly to: number;
}

/** Steps of a plan: bytes that must be there, then one of these. */
const Step = { number: 0, hex: 1, device: 2, word: 3, skip: 4 } as const;
const STEP_OF: Readonly<Partial<Record<SlotType, number>>> = {
  n: Step.number,
  h: Step.hex,
  d: Step.device,
  s: Step.word,
};

const SPACE = 32;
const COMMA = 44;
/** A number among the bytes between two values: another one there is as good. */
const NUMBER = /(?<=[ ,(=:/[+])-?\d[\da-fA-FxX]*(?![\w.])/g;
const LONGEST_WORD = 32;
const text = new TextDecoder('latin1');

export class PayloadPlan {
  private readonly kinds: Uint8Array;
  private readonly places: Uint8Array;
  /** Bytes before the value of each step. */
  private readonly lengths: Uint16Array;
  /** The same bytes as words: those of step i end at ends[i], the last of them counts as far as masks[i] says. */
  private readonly known: Int32Array;
  private readonly ends: Uint16Array;
  private readonly masks: Int32Array;
  /** Places of `v` that it fills: all below this. */
  readonly filled: number;
  /** Nothing may stand behind the last value. */
  private readonly whole: boolean;
  private readonly words: Words;
  /** By step, the word that stood there last. */
  private readonly lastWord: Uint8Array;
  private readonly lastLength: Uint8Array;
  private readonly lastId: Int32Array;

  private constructor(steps: readonly NewStep[], filled: number, whole: boolean, words: Words) {
    const known = steps.map(({ before }) => wordsOf(before));
    let end = 0;
    this.kinds = Uint8Array.from(steps, ({ kind }) => kind);
    this.places = Uint8Array.from(steps, ({ place }) => place);
    this.lengths = Uint16Array.from(steps, ({ before }) => before.length);
    this.known = Int32Array.from(known.flatMap((words) => [...words]));
    this.ends = Uint16Array.from(known, ({ length }) => (end += length));
    this.masks = Int32Array.from(steps, ({ before }) => maskOf(before.length));
    this.filled = filled;
    this.whole = whole;
    this.words = words;
    this.lastWord = new Uint8Array(steps.length * LONGEST_WORD);
    this.lastLength = new Uint8Array(steps.length);
    this.lastId = new Int32Array(steps.length).fill(-1);
  }

  /**
   * The plan that a line which begins at `from` gives, whose values are `found` in their order; null where a line that looks
   * alike might have to be read otherwise. `whole`: nothing stood behind the last value, and nothing may.
   */
  static learn(
    b: Uint8Array,
    from: number,
    found: readonly FoundValue[],
    whole: boolean,
    words: Words,
  ): PayloadPlan | null {
    const steps: NewStep[] = [];
    let at = from;
    for (const { type, place, from: value, to } of found) {
      const kind = STEP_OF[type];
      if (kind === undefined || value < at || to <= value) return null;
      if (steps.length === 0 && !tellsForm(b, from, value)) return null;
      addStep(steps, b, at, value, kind, place);
      at = to;
    }
    const literals = steps.reduce((sum, { before }) => sum + before.length, 0);
    if (literals > 0xffff || steps.some(({ place }) => place > 0xff)) return null;
    return new PayloadPlan(steps, found.length, whole, words);
  }

  /**
   * Fills `v` from a line at [from, to); false when the line is another one, and then `v` holds anything. `view` is of the
   * same bytes as `b` and reaches SLACK bytes beyond `to`.
   */
  // hot
  read(b: Uint8Array, view: DataView, from: number, to: number, v: Float64Array): boolean {
    const { kinds, places, lengths, known, ends, masks } = this;
    let at = from;
    let k = 0;
    for (let i = 0; i < kinds.length; i++) {
      const value = at + lengths[i]!;
      if (value >= to) return false;
      const last = ends[i]! - 1;
      for (; k < last; k++, at += 4) if (view.getInt32(at, true) !== known[k]!) return false;
      if (k === last) {
        if (((view.getInt32(at, true) ^ known[k]!) & masks[i]!) !== 0) return false;
        k++;
      }
      const kind = kinds[i]!;
      if (kind === Step.number) at = putNumber(v, places[i]!, b, value, to);
      else if (kind === Step.skip) at = skipNumber(b, value, to);
      else if (kind === Step.device) at = putDevice(v, places[i]!, b, value, to);
      else if (kind === Step.hex) at = putHex(v, places[i]!, b, value, to);
      else at = this.word(i, v, b, value, to);
      if (at < 0) return false;
    }
    return !this.whole || at === to;
  }

  /** Words repeat from line to line: the last one is known by its bytes. */
  private word(step: number, v: Float64Array, b: Uint8Array, from: number, to: number): number {
    const { lastWord, lastLength } = this;
    const place = this.places[step]!;
    const length = lastLength[step]!;
    const first = step * LONGEST_WORD;
    const end = from + length;
    if (length > 0 && (end === to || (end < to && (b[end] === SPACE || b[end] === COMMA)))) {
      let i = 0;
      while (i < length && b[from + i] === lastWord[first + i]) i++;
      if (i === length) {
        v[place] = this.lastId[step]!;
        return end;
      }
    }
    let stop = from;
    while (stop < to && b[stop] !== SPACE && b[stop] !== COMMA) stop++;
    if (stop === from) return -1;
    const id = this.words.bytes(b, from, stop);
    if (stop - from <= LONGEST_WORD) {
      lastLength[step] = stop - from;
      for (let i = from; i < stop; i++) lastWord[first + i - from] = b[i]!;
      this.lastId[step] = id;
    }
    v[place] = id;
    return stop;
  }
}

interface NewStep {
  readonly before: Uint8Array;
  readonly kind: number;
  readonly place: number;
}

/** The bytes up to a value become steps over the numbers among them, then the value's. */
function addStep(steps: NewStep[], b: Uint8Array, from: number, value: number, kind: number, place: number): void {
  const between = text.decode(b.subarray(from, value));
  let at = 0;
  for (const match of between.matchAll(NUMBER)) {
    steps.push({ before: bytesOf(between.slice(at, match.index)), kind: Step.skip, place: 0 });
    at = match.index + match[0].length;
  }
  steps.push({ before: bytesOf(between.slice(at)), kind, place });
}

const bytesOf = (latin1: string): Uint8Array => Uint8Array.from(latin1, (char) => char.charCodeAt(0));

/** Whether a line is of the raw form shows at its first space or `=`; it must be among the bytes that are compared. */
function tellsForm(b: Uint8Array, from: number, value: number): boolean {
  const before = text.decode(b.subarray(from, value));
  const sign = before.search(/[ =]/);
  return value === from || (sign >= 0 && !/\d/.test(before.slice(0, sign)));
}

function skipNumber(b: Uint8Array, from: number, to: number): number {
  let at = b[from] === 45 ? from + 1 : from;
  const first = at;
  while (at < to && (HEX[b[at]!]! >= 0 || b[at] === 120)) at++;
  return at === first ? -1 : at;
}
