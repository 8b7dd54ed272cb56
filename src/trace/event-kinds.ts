// What joining asks of each event of a catalogue: how many values it has, which call it begins or ends, by what it is known
// again in another recording. By code of the catalogue, so that events of a map are told like sealtrace's own.
import type { EventCatalogue } from '../model/event-catalogue.js';
import { type KernelEvent, kernelEvent, slotPlaces } from '../model/kernel-events.js';

const CALL_VALUES = 6;
/** Tracepoints that programs write to; `note_marker` is the same as seen from outside. */
const MARKERS = new Set(['print', 'tracing_mark_write', 'note_marker']);
/** Notes on the call they are told in. Those on tasks stand for themselves. */
const ON_CALLS = new Set([
  'note_fd_path',
  'note_fd_inode',
  'note_inode',
  'note_path',
  'note_remap',
  'note_transfer',
  'note_passed',
  'note_buffer',
]);
/**
 * Places of the values by which an event is known again, where it is not by all numbers and its thread. Requests have no
 * thread of their own.
 */
const KNOWN_BY: Readonly<Record<string, { readonly places: readonly number[]; readonly anyThread: boolean }>> = {
  block_rq_issue: { places: [0, 3, 4], anyThread: true },
  block_rq_complete: { places: [0, 3, 4], anyThread: true },
  block_bio_queue: { places: [0, 3, 4], anyThread: true },
  block_bio_complete: { places: [0, 3, 4], anyThread: true },
  block_bio_remap: { places: [0, 3, 5, 6], anyThread: true },
  signal_deliver: { places: [0], anyThread: false },
};
/** Events that tell of blocks, by which a request can be led to a file; page cache and mappings name devices as well. */
const OF_BLOCKS = /^(xfs|ext4|iomap|dax|block)_/;

/** Ids of events that joining knows by name. */
export const ARGUMENTS = kernelEvent('note_arguments');
export const NOTE_MARKER = kernelEvent('note_marker');
export const REMAP = kernelEvent('block_bio_remap');
export const ISSUE = kernelEvent('block_rq_issue');
export const PAGE_FAULT = kernelEvent('page_fault_user');

export interface EventKind {
  /** The same for all codes of one name: an event that a map teaches something about has a code of its own. */
  readonly id: number;
  /** Values that are kept of it. */
  readonly width: number;
  /** Syscall that it begins or ends; empty for none. */
  readonly call: string;
  readonly isEnter: boolean;
  readonly isNote: boolean;
  readonly isOnCall: boolean;
  readonly isMarker: boolean;
  /** A tracepoint that is no call and no marker, seen by the kernel itself; an observer outside sees signals too. */
  readonly isKernel: boolean;
  /** Places of the values that it is known by. */
  readonly knownBy: readonly number[];
  readonly anyThread: boolean;
  /** Places of the devices whose blocks it tells of. */
  readonly devices: readonly number[];
}

export class EventKinds {
  readonly catalogue: EventCatalogue;
  readonly #kinds: readonly EventKind[];
  readonly #calls: ReadonlyMap<string, number>;

  constructor(catalogue: EventCatalogue) {
    this.catalogue = catalogue;
    const { events } = catalogue;
    const ids = new Map<string, number>();
    events.forEach(({ name }, code) => {
      if (!ids.has(name)) ids.set(name, code);
    });
    this.#calls = new Map([...new Set(events.map(({ call }) => call))].map((call, i) => [call, i]));
    this.#kinds = events.map((event) => kindOf(event, ids.get(event.name)!));
  }

  /** The same for the enter and the exit of a call, whatever code they have. */
  callNumber(call: string): number {
    return this.#calls.get(call)!;
  }

  of(code: number): EventKind {
    return this.#kinds[code]!;
  }
}

function kindOf(event: KernelEvent, id: number): EventKind {
  const { name, kind, slots } = event;
  const call = kind === 'tracepoint' ? '' : event.call;
  const isNote = name.startsWith('note_');
  const width = widthOf(event);
  const known = KNOWN_BY[name];
  return {
    id,
    width,
    call,
    isEnter: kind === 'enter',
    isNote,
    isOnCall: ON_CALLS.has(name),
    isMarker: MARKERS.has(name),
    isKernel: !isNote && call === '' && !MARKERS.has(name) && name !== 'signal_deliver',
    knownBy: known?.places ?? numbersOf(event, width),
    anyThread: known?.anyThread ?? false,
    devices: OF_BLOCKS.test(name) ? slots.flatMap((s, i) => (s.type === 'd' ? [slotPlaces(event)[i]!] : [])) : [],
  };
}

function widthOf(event: KernelEvent): number {
  const places = slotPlaces(event);
  const last = event.slots.reduce((most, { type }, i) => {
    const width = type === 'r' ? 2 : type.startsWith('A') ? 0 : 1;
    return Math.max(most, places[i]! + width);
  }, 0);
  return event.kind === 'enter' ? Math.max(CALL_VALUES, last) : last;
}

/** Words are printed by every recorder in its own way. */
function numbersOf(event: KernelEvent, width: number): readonly number[] {
  const places = slotPlaces(event);
  return Array.from({ length: width }, (_, place) => place).filter((place) => {
    const slot = event.slots[places.lastIndexOf(place)];
    return slot === undefined || !/[sS]/.test(slot.type);
  });
}
