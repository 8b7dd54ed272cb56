// Kernel records: tracepoints as sealtrace knows them, by name, with their fields in fixed slots whatever the recorder.
// Text formats find a field by the word before it in the print format; binary ones by the name in the `format` file.
// Where the two differ, the schema gives both: `print|field`. Source: kernel-events reference and the events' format files.
import type { EventCatalogue } from './event-catalogue.js';
import type { Nanos } from './units.js';

/**
 * How a slot's text is written.
 * `n` number, decimal or 0x-hex, 64-bit two's complement; `h` hex without 0x; `p` pfn_t (flag bits above bit 52); `d` device `maj:min` (any base);
 * `s` word, interned; `S` rest of the line, interned; `r` `first-last` (two slots); `A8`, `A4` byte array of 8/4-byte words.
 */
export type SlotType = 'n' | 'h' | 'p' | 'd' | 's' | 'S' | 'r' | 'A8' | 'A4';

export interface Slot {
  /** Word in the printed line. */
  readonly print: string;
  /** Name in the format file. */
  readonly field: string;
  /** Word in the line, or name in the format file, of earlier kernels: the field's name where nothing else is known. */
  readonly older: string;
  readonly type: SlotType;
  /** The field times this is the printed value (`index` in pages is printed as bytes). */
  readonly fieldScale: number;
}

/** A record the parser hands over; reused, valid during the call only. */
export interface KernelRecord {
  /** Index into the catalogue's events. */
  event: number;
  timeNs: Nanos;
  cpu: number;
  /** Thread id of the acting task, and its process when the recorder tells (else -1). */
  tid: number;
  pid: number;
  /** Interned name of the acting task. */
  comm: number;
  /** Line or record number in the source. */
  row: number;
  /** Slots in schema order; NaN where the record lacks the field. Strings are interned ids. */
  readonly v: Float64Array;
  /** Words of array slots, in order of the slots; empty where absent. */
  readonly arrays: number[][];
}

/** Interned strings: the same bytes give the same id, so that no line needs a string of its own. */
export interface Words {
  bytes(buffer: Uint8Array, from: number, to: number): number;
  text(text: string): number;
  get(id: number): string;
}

/** Takes kernel records in time order and turns them into operations (rooms: assembly). */
export interface KernelSink {
  /** The events it takes, by name. */
  readonly catalogue: EventCatalogue;
  readonly record: KernelRecord;
  readonly words: Words;
  /** Are the slots of this event looked at? Those of others need not be filled. Where it is missing, all are. */
  reads?(event: number): boolean;
  /** Takes `record`; returns the `opId` of the operation it belongs to, or 0. */
  take(): number;
  /** A task row for a record that is not handed over. */
  task(tid: number, pid: number, comm: number): number;
  /** From here on every map is a guess. */
  lost(timeNs: Nanos): void;
  /** No more records of this source: unfinished operations are closed and what was learned late is filled in. */
  finish(): void;
}
