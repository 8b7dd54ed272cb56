// Which bytes of an event's raw records fill which slot, by field name (kernel-events reference, trap 14): found once per event
// number from the kernel's `format` file.
import type { EventCatalogue } from '../model/event-catalogue.js';
import type { Slot } from '../model/kernel.js';
import { slotPlaces } from '../model/kernel-events.js';
import { type Labels, labelsOf } from './print-labels.js';
import { isProbeFormat } from './probes.js';
import type { FormatField, TracepointFormat } from './tracepoint-format.js';

/** How the bytes of a plain number are read; `other` for all that is no such. */
export const Read = { other: 0, u64: 1, u32: 2, i32: 3, u16: 4, i16: 5, u8: 6, i8: 7 } as const;

/** How a slot is filled. `bytes` are those of the field itself. */
export const Fill = {
  number: 0,
  pageFrame: 1,
  range: 2,
  text: 3,
  dynamicText: 4,
  label: 5,
  array: 6,
  dynamicArray: 7,
} as const;

export interface SlotPlan {
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

/** `system`: that of the event, empty where the recording does not tell it. */
export function planOfEvent(
  catalogue: EventCatalogue,
  format: TracepointFormat,
  system: string,
  little: boolean,
): EventPlan {
  const code = catalogue.code(format.name, system, isProbeFormat(format));
  const event = catalogue.events[code];
  if (event === undefined) return compiled(format.name, code, [], 0);
  const places = slotPlaces(event);
  const found = event.kind === 'enter' ? syscallArguments(format) : event.name === RAW_ENTER ? registers(format) : null;
  const slots = event.slots.flatMap((slot, i) => {
    const field = found === null ? fieldOf(format, slot) : found[i];
    return field === undefined ? [] : [slotPlan(format, slot, field, places[i]!, little)];
  });
  return compiled(format.name, code, slots, event.slots.length - slots.length);
}

function slotPlan(format: TracepointFormat, slot: Slot, field: FormatField, place: number, little: boolean): SlotPlan {
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
    little: little || (words && field.elementSize === 1),
    labels: fill === Fill.label ? labelsOf(format.print, field.name) : null,
    words: new Map(),
    last: format.fields.find(({ name }) => name === `last_${field.name}`)?.offset ?? field.offset,
  };
}

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
  return named(slot.field) ?? named(slot.print) ?? named(slot.older);
}

const RAW_ENTER = 'sys_enter';

/** The six registers of `args`, an array, one by one; then the number of the call. */
function registers({ fields }: TracepointFormat): readonly (FormatField | undefined)[] {
  const args = fields.find(({ name }) => name === 'args');
  const size = (args?.size ?? 0) / REGISTERS;
  const each = Array.from({ length: REGISTERS }, (_, i) =>
    args === undefined ? undefined : { ...args, offset: args.offset + i * size, size, array: false },
  );
  return [...each, fields.find(({ name }) => name === 'id')];
}
const REGISTERS = 6;

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
