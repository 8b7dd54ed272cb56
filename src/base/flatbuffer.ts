// Whether bytes are a flatbuffer of a shape (flatbuffers.dev, internals): every offset, list and text within the bytes. Readers of
// flatbuffers believe what they are told, and follow a wrong offset or count wherever it leads, for as long as it lasts.
import { viewOf } from './byte-cursor.js';

/** What a slot of a table holds: a number of so many bytes, a text, another table, or a list. */
export type Slot = number | 'text' | Shape | ListOf | OneOf;
/** Of texts or tables, or of numbers and structures of so many bytes. */
export interface ListOf {
  readonly list: number | 'text' | Shape;
}
/** A table of a shape that the slot before tells by its place here. */
export interface OneOf {
  readonly oneOf: readonly (Shape | null)[];
}
export interface Shape {
  readonly name: string;
  readonly slots: readonly Slot[];
  /** Slots that no table lacks. */
  readonly needs?: readonly number[];
}

/** Tables within each other, and how often over all bytes may be read: a few share one, and many that do would take a reader years. */
const DEEPEST = 64;
const OFTEN = 8;
const SMALLEST = 4;
const NONE = -1;

/** A table in it that was found sound; places are those of its slots. */
export class FlatTable {
  readonly #view: DataView;
  readonly #at: number;

  /** The root where `at` is not given. */
  constructor(view: DataView, at = view.getUint32(0, true)) {
    this.#view = view;
    this.#at = at;
  }

  int(slot: number, bytes: 1 | 2 | 4 | 8): number {
    const at = slotAt(this.#view, this.#at, slot);
    if (at === NONE) return 0;
    if (bytes === 1) return this.#view.getUint8(at);
    if (bytes === 2) return this.#view.getInt16(at, true);
    return bytes === 4 ? this.#view.getInt32(at, true) : Number(this.#view.getBigInt64(at, true));
  }

  /** Where the table or list of a slot begins; -1 where it has none. */
  place(slot: number): number {
    const at = slotAt(this.#view, this.#at, slot);
    return at === NONE ? NONE : at + this.#view.getUint32(at, true);
  }

  table(slot: number): FlatTable | null {
    const at = this.place(slot);
    return at === NONE ? null : new FlatTable(this.#view, at);
  }

  /** Integers of 8 bytes, of a list of structures that are made of so many of them. */
  words(slot: number, inEach: number): Float64Array {
    const at = this.place(slot);
    const out = new Float64Array(at === NONE ? 0 : this.#view.getUint32(at, true) * inEach);
    for (let i = 0; i < out.length; i++) out[i] = Number(this.#view.getBigInt64(at + 4 + 8 * i, true));
    return out;
  }
}

/** Throws an Error in words when the bytes are no flatbuffer whose root is of this shape. */
export function checkFlatbuffer(bytes: Uint8Array, root: Shape): void {
  new Checker(bytes).root(root);
}

class Checker {
  readonly #view: DataView;
  readonly #size: number;
  #left: number;

  constructor(bytes: Uint8Array) {
    this.#view = viewOf(bytes);
    this.#size = bytes.length;
    this.#left = OFTEN * bytes.length;
  }

  root(shape: Shape): void {
    this.#within(0, SMALLEST, shape.name);
    this.#table(this.#view.getUint32(0, true), shape, 0);
  }

  #table(at: number, shape: Shape, depth: number): void {
    const { name, slots, needs = [] } = shape;
    if (depth > DEEPEST) throw new Error(`more than ${DEEPEST} of its parts stand within each other (${name})`);
    this.#within(at, SMALLEST, name);
    const layout = at - this.#view.getInt32(at, true);
    this.#within(layout, SMALLEST, `the layout of ${name}`);
    const length = this.#view.getUint16(layout, true);
    const size = this.#view.getUint16(layout + 2, true);
    this.#within(layout, length, `the layout of ${name}`);
    this.#within(at, size, name);
    this.#spend(size, name);
    for (const slot of needs)
      if (slotAt(this.#view, at, slot) === NONE) throw new Error(`${name} lacks a part (${slot})`);
    slots.forEach((slot, i) => {
      const place = slotAt(this.#view, at, i);
      if (place === NONE) return;
      if (place + bytesOf(slot) > at + size) throw new Error(`a part (${i}) of ${name} stands outside of it`);
      if (typeof slot !== 'number') this.#referred(place, slot, at, i, shape, depth);
    });
  }

  #referred(from: number, slot: Exclude<Slot, number>, table: number, i: number, shape: Shape, depth: number): void {
    const at = from + this.#view.getUint32(from, true);
    if (slot === 'text') this.#list(at, 1, `a text of ${shape.name}`);
    else if ('slots' in slot) this.#table(at, slot, depth + 1);
    else if ('oneOf' in slot) this.#table(at, this.#chosen(slot, table, i, shape), depth + 1);
    else if (typeof slot.list === 'number') this.#list(at, slot.list, `a list of ${shape.name}`);
    else {
      const count = this.#list(at, 4, `a list of ${shape.name}`);
      for (let entry = at + 4; entry < at + 4 + 4 * count; entry += 4)
        this.#referred(entry, slot.list, table, i, shape, depth);
    }
  }

  #chosen({ oneOf }: OneOf, table: number, i: number, { name }: Shape): Shape {
    const place = slotAt(this.#view, table, i - 1);
    const kind = place === NONE ? 0 : this.#view.getUint8(place);
    const found = oneOf[kind] ?? null;
    if (found === null) throw new Error(`${name} is of kind ${kind}, which is not known`);
    return found;
  }

  /** How many entries it has. */
  #list(at: number, each: number, what: string): number {
    this.#within(at, 4, what);
    const count = this.#view.getUint32(at, true);
    if (count * each > this.#size - at - 4)
      throw new Error(`${what} claims ${count} entries in ${this.#size - at - 4} bytes`);
    this.#spend(4 + count * each, what);
    return count;
  }

  #within(at: number, length: number, what: string): void {
    if (length < SMALLEST || at < 0 || at + length > this.#size)
      throw new Error(`${what} stands at byte ${at} of ${this.#size}, with ${length} bytes`);
  }

  #spend(bytes: number, what: string): void {
    this.#left -= bytes;
    if (this.#left < 0) throw new Error(`its parts refer to the same ones again and again (${what})`);
  }
}

/** Where a slot of a table is; -1 where the table lacks it. */
function slotAt(view: DataView, table: number, slot: number): number {
  const layout = table - view.getInt32(table, true);
  const entry = 4 + 2 * slot;
  if (entry + 2 > view.getUint16(layout, true)) return NONE;
  const offset = view.getUint16(layout + entry, true);
  return offset === 0 ? NONE : table + offset;
}

const bytesOf = (slot: Slot): number => (typeof slot === 'number' ? slot : 4);
