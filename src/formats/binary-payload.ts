// Raw trace records into slots: the binary twin of payload.ts, shared by every format that embeds the kernel's `format` files.
// Per event number a plan says once which bytes fill which slot (event-plan.ts).
import type { EventCatalogue } from '../model/event-catalogue.js';
import type { KernelRecord, KernelSink, Words } from '../model/kernel.js';
import { type EventPlan, Fill, planOfEvent, Read, type SlotPlan } from './event-plan.js';
import type { TracepointFormat } from './tracepoint-format.js';

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
    return planOfEvent(this.#catalogue, format, system, this.#little);
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

  /** The same from the first `count` of the values from `first` on. */
  // hot
  set(values: Float64Array, first: number, count: number): void {
    const { v, arrays } = this.record;
    for (let i = 0; i < count; i++) v[i] = values[first + i]!;
    for (let i = count; i < this.#most; i++) v[i] = Number.NaN;
    this.#most = count;
    if (arrays.length > 0) arrays.length = 0;
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
}

const MOST_LABELS = 4096;

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
