// What one line of an event teaches about all that look like it: the bytes between its values, and what stands where. A line
// whose bytes are those is read without looking for names (line-scanner.ts); any other one by the parser that looks for them.
import type { SlotType } from '../model/kernel.js';

/**
 * A slot; a number of sectors, whose bytes stand two places before it; or the end of the line, up to which all bytes have to be
 * as they are.
 */
export type FoundType = SlotType | 'sectors' | 'end';

/** A value that the parser found in a line: its type, where `KernelRecord.v` has it, and its bytes. */
export interface FoundValue {
  readonly type: FoundType;
  readonly place: number;
  readonly from: number;
  readonly to: number;
}

/** What follows the bytes of a step; the scanner knows them by these numbers. */
const Step = { number: 0, hex: 1, device: 2, word: 3, skip: 4, range: 5, sectors: 6, nothing: 7 } as const;
const STEP_OF: Readonly<Partial<Record<FoundType, number>>> = {
  n: Step.number,
  h: Step.hex,
  d: Step.device,
  s: Step.word,
  r: Step.range,
  sectors: Step.sectors,
  end: Step.nothing,
};

/** Places of `KernelRecord.v` that a value fills. */
function placesOf({ type, place }: FoundValue): readonly number[] {
  if (type === 'end') return [];
  if (type === 'r') return [place, place + 1];
  return type === 'sectors' ? [place - 2, place] : [place];
}

/** Do the values fill every place below `count`, each once? */
export function fills(found: readonly FoundValue[], count: number): boolean {
  const places = found.flatMap(placesOf).sort((a, b) => a - b);
  return places.length === count && places.every((place, i) => place === i);
}

/** A number among the bytes between two values: another one there is as good. */
const NUMBER = /(?<=[ ,(=:/[+])-?\d[\da-fA-FxX]*(?![\w.])/g;
const text = new TextDecoder('latin1');

/** Bytes that must be there, then a value. */
export interface PlanStep {
  readonly before: Uint8Array;
  readonly kind: number;
  /** Of `KernelRecord.v`. */
  readonly place: number;
}

export interface PayloadPlan {
  readonly steps: readonly PlanStep[];
  /** Places of `v` that it fills: all below this. */
  readonly filled: number;
  /** Nothing may stand behind the last value. */
  readonly whole: boolean;
}

/**
 * The plan that a line which begins at `from` gives, whose values are `found` in their order; null where a line that looks
 * alike might have to be read otherwise. `whole`: nothing stood behind the last value, and nothing may.
 */
export function planOf(b: Uint8Array, from: number, found: readonly FoundValue[], whole: boolean): PayloadPlan | null {
  const steps: PlanStep[] = [];
  let at = from;
  for (const { type, place, from: value, to } of found) {
    const kind = STEP_OF[type];
    if (kind === undefined || value < at || (to <= value && kind !== Step.nothing)) return null;
    if (steps.length === 0 && !tellsForm(b, from, value)) return null;
    addStep(steps, b, at, value, kind, place);
    at = to;
  }
  return { steps, filled: 1 + Math.max(...found.flatMap(placesOf)), whole };
}

/** The bytes up to a value become steps over the numbers among them, then the value's. */
function addStep(steps: PlanStep[], b: Uint8Array, from: number, value: number, kind: number, place: number): void {
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
