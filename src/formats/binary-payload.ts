// Raw trace records into slots: the binary twin of payload.ts, shared by every format that embeds the kernel's `format` files.
// Per event number a plan says once which bytes fill which slot, by field name (kernel-events reference, trap 14).
import type { EventCatalogue } from '../model/event-catalogue.js';
import type { KernelRecord, KernelSink, Slot, Words } from '../model/kernel.js';
import { slotPlaces } from '../model/kernel-events.js';
import { type Labels, labelsOf } from './print-labels.js';
import type { FormatField, TracepointFormat } from './tracepoint-format.js';

/** How the bytes of a plain number are read; `other` for all that is no such. */
const Read = { other: 0, u64: 1, u32: 2, i32: 3, u16: 4, i16: 5, u8: 6, i8: 7 } as const;

/** How a slot is filled. `bytes` are those of the field itself. */
const Fill = {
  number: 0,
  pageFrame: 1,
  range: 2,
  text: 3,
  dynamicText: 4,
  label: 5,
  array: 6,
  dynamicArray: 7,
} as const;

interface SlotPlan {
  readonly fill: number;
  readonly offset: number;
  readonly size: number;
  readonly signed: boolean;
  readonly scale: number;
  readonly place: number;
  /** `__rel_loc`: places count from here within the record. */
  readonly base: number;
  /** Bytes of an array's words, and whether they are little endian. */
  readonly width: number;
  readonly little: boolean;
  readonly labels: Labels | null;
  /** Interned words of numbers seen. */
  readonly words: Map<number, number>;
  /** Place of the range's other end. */
  readonly last: number;
}

export interface EventPlan {
  readonly name: string;
  /** Index into the catalogue's events, -1 for an event that is only counted. */
  readonly code: number;
  readonly slots: readonly SlotPlan[];
  /** By slot, the same as its plan says: how it is read, from which byte, times what, and where it goes. */
  readonly reads: Uint8Array;
  readonly offsets: Int32Array;
  readonly scales: Float64Array;
  readonly places: Uint8Array;
  /** The first so many places are filled by every record that has every field. */
  readonly filled: number;
  /** No place from here on is filled. */
  readonly most: number;
  /** A record of so many bytes has every field. */
  readonly bytes: number;
  /** Slots the kernel's format has no field for. */
  readonly missing: number;
}

export class BinaryPayload {
  readonly record: KernelRecord;
  readonly #catalogue: EventCatalogue;
  readonly #words: Words;
  readonly #little: boolean;
  /** Slots of the last record that lie behind its end. */
  missing = 0;
  /** No place from here on was filled by the last record. */
  #most: number;

  constructor(kernel: KernelSink, little: boolean) {
    this.record = kernel.record;
    this.#catalogue = kernel.catalogue;
    this.#words = kernel.words;
    this.#little = little;
    this.#most = kernel.record.v.length;
  }

  /** `system`: that of the event, empty where the recording does not tell it. */
  plan(format: TracepointFormat, system = ''): EventPlan {
    const code = this.#catalogue.code(format.name, system);
    const event = this.#catalogue.events[code];
    if (event === undefined) return compiled(format.name, code, [], 0);
    const places = slotPlaces(event);
    const found = event.kind === 'enter' ? syscallArguments(format) : null;
    const slots = event.slots.flatMap((slot, i) => {
      const field = found === null ? fieldOf(format, slot) : found[i];
      return field === undefined ? [] : [this.#slot(format, slot, field, places[i]!)];
    });
    return compiled(format.name, code, slots, event.slots.length - slots.length);
  }

  /** Fills `record.v` and `record.arrays` from the record at bytes [from, to). */
  // hot
  fill(plan: EventPlan, bytes: Uint8Array, view: DataView, from: number, to: number): void {
    const { v, arrays } = this.record;
    const whole = this.#little && from + plan.bytes <= to;
    // Not `fill`, which is a call into the engine, on every record.
    const last = this.#most;
    for (let i = whole ? plan.filled : 0; i < last; i++) v[i] = Number.NaN;
    this.#most = plan.most;
    if (arrays.length > 0) arrays.length = 0;
    this.missing = plan.missing;
    if (!whole) return this.#fillSlots(plan, bytes, view, from, to);
    const { reads, offsets, scales, places } = plan;
    for (let i = 0; i < reads.length; i++) {
      const at = from + offsets[i]!;
      switch (reads[i]) {
        case Read.u64:
          v[places[i]!] = (view.getInt32(at + 4, true) * 4294967296 + view.getUint32(at, true)) * scales[i]!;
          break;
        case Read.u32:
          v[places[i]!] = view.getUint32(at, true) * scales[i]!;
          break;
        case Read.i32:
          v[places[i]!] = view.getInt32(at, true) * scales[i]!;
          break;
        case Read.u16:
          v[places[i]!] = view.getUint16(at, true) * scales[i]!;
          break;
        case Read.i16:
          v[places[i]!] = view.getInt16(at, true) * scales[i]!;
          break;
        case Read.u8:
          v[places[i]!] = view.getUint8(at) * scales[i]!;
          break;
        case Read.i8:
          v[places[i]!] = view.getInt8(at) * scales[i]!;
          break;
        default:
          this.#other(plan.slots[i]!, bytes, view, from, at, to);
      }
    }
  }

  /** The same where bytes are in the other order, or may be too few. */
  #fillSlots({ slots }: EventPlan, bytes: Uint8Array, view: DataView, from: number, to: number): void {
    const { v } = this.record;
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i]!;
      const at = from + slot.offset;
      if (at + slot.size > to) this.#lacks(slot);
      else if (slot.fill === Fill.number) v[slot.place] = this.#number(view, at, slot) * slot.scale;
      else this.#other(slot, bytes, view, from, at, to);
    }
  }

  #lacks(slot: SlotPlan): void {
    this.missing++;
    if (slot.fill >= Fill.array) this.record.arrays.push([]);
  }

  #other(slot: SlotPlan, bytes: Uint8Array, view: DataView, from: number, at: number, to: number): void {
    const { v, arrays } = this.record;
    switch (slot.fill) {
      case Fill.pageFrame:
        v[slot.place] = pageFrame(view, at, this.#little);
        break;
      case Fill.range:
        v[slot.place] = this.#number(view, at, slot) * slot.scale;
        if (from + slot.last + slot.size <= to)
          v[slot.place + 1] = (this.#number(view, from + slot.last, slot) + 1) * slot.scale - 1;
        break;
      case Fill.label:
        v[slot.place] = this.#label(slot, view, at);
        break;
      case Fill.text:
        // Without a size (`char buf[]`) it is the rest of the record.
        v[slot.place] = this.#text(bytes, at, slot.size === 0 ? to : at + slot.size);
        break;
      case Fill.array:
        arrays.push(wordsOf(view, at, at + slot.size, slot));
        break;
      default: {
        const word = view.getUint32(at, this.#little);
        const begin = from + slot.base + (word & 0xffff);
        const end = Math.min(begin + (word >>> 16), to);
        if (begin > to) this.#lacks(slot);
        else if (slot.fill === Fill.dynamicText) v[slot.place] = this.#text(bytes, begin, end);
        else arrays.push(wordsOf(view, begin, end, slot));
      }
    }
  }

  /** 64 bits are read as two's complement, as the text forms are. */
  #number(view: DataView, at: number, { size, signed }: SlotPlan): number {
    const little = this.#little;
    if (size === 8)
      return little
        ? view.getInt32(at + 4, true) * 4294967296 + view.getUint32(at, true)
        : view.getInt32(at, false) * 4294967296 + view.getUint32(at + 4, false);
    if (size === 4) return signed ? view.getInt32(at, little) : view.getUint32(at, little);
    if (size === 2) return signed ? view.getInt16(at, little) : view.getUint16(at, little);
    return signed ? view.getInt8(at) : view.getUint8(at);
  }

  #label(slot: SlotPlan, view: DataView, at: number): number {
    const value = this.#number(view, at, slot);
    const known = slot.words.get(value);
    if (known !== undefined) return known;
    const exact = slot.size === 8 ? view.getBigUint64(at, this.#little) : BigInt.asUintN(64, BigInt(value));
    const text = slot.labels === null ? String(value) : slot.labels(exact);
    const id = this.#words.text(text);
    if (slot.words.size < MOST_LABELS) slot.words.set(value, id);
    return id;
  }

  #text(bytes: Uint8Array, from: number, to: number): number {
    let end = from;
    while (end < to && bytes[end] !== 0) end++;
    return this.#words.bytes(bytes, from, end);
  }

  #slot(format: TracepointFormat, slot: Slot, field: FormatField, place: number): SlotPlan {
    const words = slot.type === 'A8' || slot.type === 'A4';
    const fill = fillOf(slot, field);
    const width = slot.type === 'A8' ? 8 : 4;
    return {
      fill,
      offset: field.offset,
      size: sizeOf(fill, field.size),
      signed: field.signed,
      scale: slot.fieldScale,
      place,
      base: field.location === 'relative' ? field.offset + field.size : 0,
      width,
      // Bytes that a device defines (an NVMe command) are little endian on every machine.
      little: this.#little || (words && field.elementSize === 1),
      labels: fill === Fill.label ? labelsOf(format.print, field.name) : null,
      words: new Map(),
      last: format.fields.find(({ name }) => name === `last_${field.name}`)?.offset ?? field.offset,
    };
  }
}

const MOST_LABELS = 4096;

function compiled(name: string, code: number, slots: readonly SlotPlan[], missing: number): EventPlan {
  // Written out: objects that are spread into one another each have a hidden class of their own.
  return {
    name,
    code,
    slots,
    missing,
    reads: Uint8Array.from(slots, readOf),
    offsets: Int32Array.from(slots, ({ offset }) => offset),
    scales: Float64Array.from(slots, ({ scale }) => scale),
    places: Uint8Array.from(slots, ({ place }) => place),
    filled: filledBy(slots),
    most: slots.reduce((most, { place, fill }) => Math.max(most, place + (fill === Fill.range ? 2 : 1)), 0),
    bytes: slots.reduce((most, { offset, size }) => Math.max(most, offset + size), 0),
  };
}

/** As far as places follow one another without one that a record may leave out. */
function filledBy(slots: readonly SlotPlan[]): number {
  const always = slots.filter(({ fill }) => fill <= Fill.pageFrame || fill === Fill.text || fill === Fill.label);
  const places = new Set(always.map(({ place }) => place));
  let filled = 0;
  while (places.has(filled)) filled++;
  return filled;
}

function readOf({ fill, size, signed }: SlotPlan): number {
  if (fill !== Fill.number) return Read.other;
  if (size === 8) return Read.u64;
  if (size === 4) return signed ? Read.i32 : Read.u32;
  if (size === 2) return signed ? Read.i16 : Read.u16;
  return signed ? Read.i8 : Read.u8;
}

/** The kernel renames fields; the printed word is what it tends to keep. */
function fieldOf(format: TracepointFormat, slot: Slot): FormatField | undefined {
  const named = (name: string): FormatField | undefined => format.fields.find((field) => field.name === name);
  return named(slot.field) ?? named(slot.print);
}

/** Arguments are the fields behind the call's number, in ABI order whatever their names. */
function syscallArguments({ fields }: TracepointFormat): readonly FormatField[] {
  const number = fields.findIndex(({ name }) => name === '__syscall_nr' || name === 'nr');
  return fields
    .slice(number + 1)
    .filter(({ name, location }) => location === 'inline' && !name.startsWith('common_'))
    .sort((a, b) => a.offset - b.offset);
}

function fillOf(slot: Slot, field: FormatField): number {
  const dynamic = field.location !== 'inline';
  if (slot.type === 'A8' || slot.type === 'A4') return dynamic ? Fill.dynamicArray : Fill.array;
  if (slot.type === 's' || slot.type === 'S') {
    if (dynamic) return Fill.dynamicText;
    return field.array ? Fill.text : Fill.label;
  }
  if (slot.type === 'p' && field.size >= 8) return Fill.pageFrame;
  return slot.type === 'r' ? Fill.range : Fill.number;
}

/** Bytes that are read at the field's place, whatever size an odd format claims. */
function sizeOf(fill: number, size: number): number {
  if (fill === Fill.text || fill === Fill.array) return size;
  if (fill === Fill.dynamicText || fill === Fill.dynamicArray) return 4;
  return size >= 8 ? 8 : size >= 4 ? 4 : size >= 2 ? 2 : 1;
}

/** A pfn_t: its low 52 bits, NaN when no flag is set above them (the zero page has none). */
function pageFrame(view: DataView, at: number, little: boolean): number {
  const high = view.getUint32(little ? at + 4 : at, little);
  return high >>> 20 === 0 ? Number.NaN : (high & 0xfffff) * 4294967296 + view.getUint32(little ? at : at + 4, little);
}

function wordsOf(view: DataView, from: number, to: number, { width, little }: SlotPlan): number[] {
  const words: number[] = [];
  for (let at = from; at + width <= to; at += width) {
    const first = view.getUint32(at, little);
    if (width === 4) words.push(first);
    else
      words.push(
        little ? view.getUint32(at + 4, true) * 4294967296 + first : first * 4294967296 + view.getUint32(at + 4, false),
      );
  }
  return words;
}
