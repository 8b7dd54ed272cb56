// Events that an event map taught (model/event-map.ts): entries and returns joined, operations placed in files, claims joined
// with what gives them back. What cannot be placed is counted by cause, with its event.

import { type EventCatalogue, eventsOf } from '../model/event-catalogue.js';
import { CLAIMS, RELEASES } from '../model/event-map.js';
import { Flag, OPS, Op } from '../model/events.js';
import { UNKNOWN } from '../model/units.js';
import type { AssemblySink, Context } from './context.js';
import { callOp } from './context.js';
import { TAUGHT } from './device-log.js';
import { pinnedNs } from './pins.js';
import type { Thread } from './state.js';
import { Claims, type Placed } from './taught-claims.js';
import { compileOperation, type Operation, type Telling } from './taught-fields.js';
import { fileOfTelling, placesOf } from './taught-places.js';
import { TaughtUses } from './taught-uses.js';

interface Entered {
  readonly operation: Operation;
  readonly telling: Telling;
  /** Part of another claim. */
  readonly inside: boolean;
  /** The call it began in; 0: outside of every call. */
  readonly callRow: number;
}

/** What a thread is in the middle of. */
interface Progress {
  /** Entered and not returned, outermost first. */
  readonly entered: Entered[];
  /** Waiting for the end of the call, which tells its file. */
  readonly ready: { readonly operation: Operation; readonly telling: Telling }[];
  /** Last values of the events that others take fields from, with the call they came in. */
  readonly met: Map<number, { readonly callRow: number; readonly values: Float64Array }>;
}

export class TaughtEvents {
  readonly #c: Context;
  readonly #operations: readonly Operation[];
  /** By code of event. */
  readonly #enters: Operation[][] = [];
  readonly #returns: Operation[][] = [];
  readonly #known = new Set<number>();
  readonly #uses: TaughtUses;
  readonly #kept = new Set<number>();
  readonly #threads = new Map<Thread, Progress>();
  readonly #claims: Claims;

  constructor(c: Context, sink: AssemblySink, catalogue: EventCatalogue) {
    this.#c = c;
    this.#claims = new Claims(c);
    this.#uses = new TaughtUses(sink, catalogue);
    this.#operations = catalogue.maps
      .flatMap(({ name, operations }) => operations.map((spec) => ({ spec, map: name })))
      .map(({ spec, map }, number) =>
        compileOperation(spec, map, catalogue, (row) => this.#uses.operation(number, row)),
      );
    for (const { name, system } of catalogue.maps.flatMap(eventsOf)) this.#known.add(catalogue.code(name, system));
    for (const operation of this.#operations) {
      at(this.#enters, operation.enter).push(operation);
      for (const code of operation.returns) at(this.#returns, code).push(operation);
      for (const code of operation.others) this.#kept.add(code);
    }
  }

  /** Is the event taught? */
  has(code: number): boolean {
    return this.#known.has(code);
  }

  /** It gives something back, in whatever task it happens to be told. */
  isRelease(code: number): boolean {
    const enters = this.#enters[code] ?? [];
    return enters.length > 0 && enters.every(({ spec }) => RELEASES[spec.op] !== undefined);
  }

  /** Takes the record at hand. */
  take(t: Thread): void {
    const { event, timeNs, row, v } = this.#c.record;
    this.#uses.met(event, row);
    const progress = this.#progress(t);
    for (const operation of this.#returns[event] ?? []) this.#return(t, progress, operation);
    for (const operation of this.#enters[event] ?? []) {
      const telling: Telling = {
        timeNs,
        row,
        enter: v.slice(),
        returned: -1,
        returnValues: null,
        other: (code) => {
          const met = progress.met.get(code);
          return met === undefined || met.callRow !== callRowOf(t) ? null : met.values;
        },
      };
      if (!operation.holds(telling)) continue;
      if (operation.spec.op === 'pin') t.call.faultedOffset = -1;
      const inside = CLAIMS.has(operation.spec.op) && progress.entered.some((one) => CLAIMS.has(one.operation.spec.op));
      if (operation.returns.length === 0) this.#over(t, progress, operation, telling, inside);
      else progress.entered.push({ operation, telling, inside, callRow: callRowOf(t) });
    }
    if (this.#kept.has(event)) progress.met.set(event, { callRow: callRowOf(t), values: v.slice() });
  }

  /** The thread's call returns; a claim that a function around the call takes is the one to count. */
  leaving(t: Thread): void {
    const entered = this.#threads.get(t)?.entered ?? [];
    if (entered.some(({ operation, callRow }) => callRow === 0 && CLAIMS.has(operation.spec.op)))
      t.call.holdSeen = true;
  }

  /** The thread's call is over: what was waiting for its file is written. */
  leave(t: Thread): void {
    const progress = this.#threads.get(t);
    if (progress === undefined) return;
    for (const { operation, telling } of progress.ready.splice(0)) this.#placeInCall(t, operation, telling);
    while (progress.entered.length > 0 && progress.entered.at(-1)!.callRow !== 0) unreturned(progress.entered.pop()!);
  }

  finish(): void {
    for (const { entered } of this.#threads.values()) for (const one of entered) unreturned(one);
  }

  #progress(t: Thread): Progress {
    let progress = this.#threads.get(t);
    if (progress === undefined) {
      progress = { entered: [], ready: [], met: new Map() };
      this.#threads.set(t, progress);
    }
    return progress;
  }

  #return(t: Thread, progress: Progress, operation: Operation): void {
    const place = progress.entered.findLastIndex((one) => one.operation === operation);
    if (place < 0) {
      // Most returns end nothing where the entry counts under a condition only.
      if (operation.spec.when.length === 0)
        operation.unplaced('returned, and not seen to be entered', this.#c.record.row);
      return;
    }
    const [one] = progress.entered.splice(place, 1);
    const { event, v } = this.#c.record;
    this.#over(t, progress, operation, { ...one!.telling, returned: event, returnValues: v.slice() }, one!.inside);
  }

  #over(t: Thread, progress: Progress, operation: Operation, told: Telling, inside: boolean): void {
    const telling = { ...told, other: frozen(operation, told) };
    const { op } = operation.spec;
    if (inside) operation.use(telling.row).inside++;
    else if (RELEASES[op] !== undefined) this.#release(t, operation, telling);
    else if (op === 'dma_map') this.#dma(t, operation, telling);
    else if (operation.placesItself) this.#place(t, operation, telling);
    else if (t.call.name !== '')
      progress.ready.push({ operation, telling: { ...telling, endNs: this.#c.record.timeNs } });
    else operation.unplaced('names no file, and is in no call that does', telling.row);
  }

  #place(t: Thread, operation: Operation, telling: Telling): void {
    const actor = this.#actor(t, operation, telling);
    const places = placesOf(this.#c, actor, operation, telling);
    if (places.length === 0) operation.unplaced('its memory, or its inode, is of no file known', telling.row);
    else if (CLAIMS.has(operation.spec.op)) t.call.holdSeen = true;
    this.#write(actor, operation, telling, places);
  }

  #placeInCall(t: Thread, operation: Operation, telling: Telling): void {
    const claim = CLAIMS.has(operation.spec.op);
    if (claim && t.call.holdTold) {
      operation.use(telling.row).inside++;
      return;
    }
    const file = fileOfTelling(this.#c, t, operation);
    if (file < 0) operation.unplaced('its call works on a file that no event tells', telling.row);
    const whole = { file, offset: 0, length: UNKNOWN, whole: true };
    this.#write(t, operation, telling, file < 0 ? [] : [whole]);
  }

  /** One row for each place; each claim is one of its own, given back with the others. */
  #write(t: Thread, operation: Operation, telling: Telling, places: readonly Placed[]): void {
    const { op } = operation.spec;
    const claim = CLAIMS.has(op);
    const result = operation.result(telling);
    const held: { place: Placed; handle: number }[] = [];
    const e = this.#c.events;
    for (const place of places) {
      const handle = claim && !(result < 0) ? e.newId() : 0;
      const fromNs = op === 'pin' ? pinnedNs(t, place.offset, telling.timeNs) : telling.timeNs;
      e.timeNs = fromNs;
      e.op = (OPS as readonly string[]).indexOf(op);
      e.flags = operation.flags(telling) | (place.whole ? Flag.whole : 0);
      e.file = place.file;
      e.task = t.task;
      e.offset = place.offset;
      e.length = place.length;
      e.handle = handle;
      e.opId = e.op === Op.wait || e.op === Op.commit ? callOp(this.#c, t) : e.newId();
      if (!Number.isNaN(result)) e.result = result;
      const endNs = telling.endNs ?? this.#c.record.timeNs;
      if (endNs > fromNs) e.latencyNs = endNs - fromNs;
      e.row = telling.row;
      e.commit();
      if (handle !== 0) held.push({ place, handle });
    }
    if (places.length > 0) operation.use(telling.row).placed++;
    if (claim && !(result < 0)) this.#claims.take(t, operation, telling, held);
  }

  #release(t: Thread, operation: Operation, telling: Telling): void {
    const { op } = operation.spec;
    if (op === 'dma_unmap') {
      this.#c.devices.unmap(TAUGHT, operation.deviceKey(telling), this.#c.record.timeNs);
      operation.use(telling.row).placed++;
      return;
    }
    if (operation.result(telling) < 0) return operation.unplaced('failed', telling.row);
    this.#claims.release(this.#actor(t, operation, telling), operation, telling);
    if (t.call.name !== '') t.call.holdSeen = true;
  }

  #dma(t: Thread, operation: Operation, telling: Telling): void {
    const addr = operation.value('address', telling);
    const length = operation.value('length', telling);
    if (!(addr >= 0) || !(length > 0)) return operation.unplaced('address or length missing', telling.row);
    if (operation.result(telling) < 0) return operation.unplaced('failed', telling.row);
    const { devices } = this.#c;
    const write = (operation.flags(telling) & Flag.write) !== 0;
    const key = operation.deviceKey(telling);
    const { timeNs, row } = telling;
    const who = { timeNs, row, task: t.task, opId: callOp(this.#c, t) };
    devices.map(TAUGHT, key, t.tid, [{ addr, length }], write, who, null);
    operation.use(telling.row).placed++;
  }

  /** Whom the event is about, where it says so. */
  #actor(t: Thread, operation: Operation, telling: Telling): Thread {
    const pid = operation.value('pid', telling);
    const tid = operation.value('tid', telling);
    if (!(pid >= 0) && !(tid >= 0)) return t;
    return this.#c.thread(tid >= 0 ? tid : pid, pid >= 0 ? pid : -1, this.#c.words.text(''));
  }
}

const unreturned = ({ operation, telling }: Entered): void =>
  operation.unplaced('entered, and not seen to return', telling.row);

const callRowOf = (t: Thread): number => (t.call.name === '' ? 0 : t.call.row);

/** The values that an operation takes from other events, as they are now. */
function frozen(operation: Operation, telling: Telling): Telling['other'] {
  if (operation.others.length === 0) return NOTHING;
  const values = new Map(operation.others.map((code) => [code, telling.other(code)]));
  return (code) => values.get(code) ?? null;
}
const NOTHING = (): null => null;

function at<T>(lists: T[][], code: number): T[] {
  lists[code] ??= [];
  return lists[code];
}
