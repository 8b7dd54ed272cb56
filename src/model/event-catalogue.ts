// The events that one reading of recordings knows: sealtrace's own, and those that event maps teach it. What formats ask
// for the meaning of a name; a taught event stands beside what sealtrace reads of it by itself.
import type { EventField, EventMap, EventName } from './event-map.js';
import { FIELD_FORMS, fullName } from './event-map.js';
import type { Slot } from './kernel.js';
import { KERNEL_EVENTS, type KernelEvent, kernelEvent, MAX_SLOTS, slotPlaces } from './kernel-events.js';

interface Taught {
  readonly system: string;
  readonly code: number;
}

export class EventCatalogue {
  readonly events: readonly KernelEvent[];
  readonly maps: readonly EventMap[];
  /** Most places that the slots of an event take. */
  readonly places: number;
  readonly #taught = new Map<string, Taught[]>();

  constructor(maps: readonly EventMap[] = []) {
    const events = [...KERNEL_EVENTS];
    this.events = events;
    this.maps = maps;
    for (const map of maps) {
      for (const name of map.known) this.#learn(events, name);
      for (const { enter, returns } of map.operations)
        for (const name of [enter, ...returns]) this.#learn(events, name);
      for (const field of fieldsOf(map)) {
        const code = this.#learn(events, field.event);
        const event = events[code]!;
        if (this.#slot(event, field) < 0) events[code] = { ...event, slots: [...event.slots, slotFor(event, field)] };
      }
    }
    this.places = Math.max(MAX_SLOTS, ...events.map(({ slots }) => slots.length + 1));
  }

  /** Code of an event's name, or -1. `system` is empty where the recorder does not tell it. A probe is a taught event or none. */
  code(name: string, system = '', isProbe = false): number {
    const taught = this.#taught.get(name);
    const found = taught?.find((one) => system === '' || one.system === '' || one.system === system);
    if (found !== undefined) return found.code;
    return isProbe ? -1 : kernelEvent(name);
  }

  /** Where `KernelRecord.v` has the field. */
  place({ event, field, form }: EventField): number {
    const known = this.events[this.code(event.name, event.system)]!;
    const slot = this.#slot(known, { field, form });
    return slot < 0 ? -1 : slotPlaces(known)[slot]!;
  }

  #slot({ slots }: KernelEvent, { field, form }: Pick<EventField, 'field' | 'form'>): number {
    return slots.findIndex((slot) => slot.field === field && slot.type === FIELD_FORMS[form]);
  }

  /** Slots of an event that sealtrace reads by itself keep their places: taught ones come behind them. */
  #learn(events: KernelEvent[], name: EventName): number {
    const list = this.#taught.get(name.name) ?? [];
    const known = list.find(({ system }) => system === name.system);
    if (known !== undefined) return known.code;
    const own = KERNEL_EVENTS[kernelEvent(name.name)];
    const code = events.push(own ?? { name: name.name, kind: 'tracepoint', call: '', slots: [] }) - 1;
    this.#taught.set(name.name, [...list, { system: name.system, code }]);
    return code;
  }
}

/** Call arguments are read by their place and not by name: a taught field must be one of them. */
function slotFor({ kind, name }: KernelEvent, { field, print, form }: EventField): Slot {
  if (kind !== 'tracepoint') throw new Error(`${name} has no argument ${field}`);
  return { print, field, older: field, type: FIELD_FORMS[form]!, fieldScale: 1 };
}

/** Every field that a map reads. */
export function fieldsOf({ operations }: EventMap): readonly EventField[] {
  return operations.flatMap(({ fields, when, flags }) => [
    ...Object.values(fields),
    ...when.map(({ field }) => field),
    ...flags.flatMap((flag) => (flag.when === null ? [] : [flag.when.field])),
  ]);
}

/** Every event that a map names, once. */
export function eventsOf(map: EventMap): readonly EventName[] {
  const all = [
    ...map.operations.flatMap(({ enter, returns }) => [enter, ...returns]),
    ...fieldsOf(map).map(({ event }) => event),
    ...map.known,
  ];
  return [...new Map(all.map((name) => [fullName(name), name])).values()];
}

/** What sealtrace knows by itself. */
export const OWN_EVENTS = new EventCatalogue();
