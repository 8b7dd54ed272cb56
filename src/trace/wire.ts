// How a thread that reads a recording hands kernel records to the one that assembles them: as a row of numbers, in blocks of
// memory that both see, in the order in which a format calls its sink. What is no number goes beside a block, in the same order.
import type { EventCatalogue } from '../model/event-catalogue.js';
import { slotPlaces } from '../model/kernel-events.js';
import type { ClockPair, Loss, SourceInfo } from '../model/trace.js';

/** What a call of a sink begins with. */
export const Call = { take: 1, record: 2, lost: 3, told: 4, state: 5 } as const;

/** 8 bytes each. */
export const BLOCK_NUMBERS = 1 << 16;
/** Blocks that may be under way: the reader waits where the assembly is so far behind. */
export const BLOCKS = 4;
/** Places of the counters that both threads see. */
export const Count = { filled: 0, emptied: 1 } as const;

/** What is no number, told in its place. */
export type Told =
  | { readonly what: 'kind'; readonly name: string; readonly typed: boolean }
  | { readonly what: 'actor'; readonly tid: number; readonly pid: number; readonly comm: number }
  | { readonly what: 'word'; readonly bytes: Uint8Array }
  | { readonly what: 'origin'; readonly absoluteNs: bigint }
  | { readonly what: 'loss'; readonly loss: Loss }
  | { readonly what: 'clocks'; readonly pair: ClockPair }
  | { readonly what: 'issue'; readonly code: string; readonly row: number; readonly text: string }
  | { readonly what: 'unplaced'; readonly cause: string; readonly count: number };

/** What the reading thread is given. */
export interface ReadOrder {
  readonly path: string;
  readonly format: string;
  readonly catalogue: Pick<EventCatalogue, 'maps'>;
  /** By code of event: are its values looked at? */
  readonly reads: readonly boolean[];
  readonly blocks: readonly SharedArrayBuffer[];
  readonly counts: SharedArrayBuffer;
}

export interface BlockFilled {
  readonly numbers: number;
  readonly told: readonly Told[];
  readonly bytesDone: number;
}

export interface ReadDone {
  readonly intact: boolean;
  readonly damage: string;
  readonly source: Pick<SourceInfo, 'clock' | 'kernel' | 'ofTasks'>;
}

export type ReadAnswer =
  | ({ readonly type: 'block' } & BlockFilled)
  | ({ readonly type: 'done' } & ReadDone)
  | { readonly type: 'failed'; readonly message: string; readonly isUserError: boolean; readonly stack: string };

export interface WireEvent {
  /** Values that are handed over. */
  readonly width: number;
  /** Places of words among them. */
  readonly words: readonly number[];
}

/** By code of event. */
export const wireEvents = ({ events }: EventCatalogue): readonly WireEvent[] =>
  events.map((event) => {
    const places = slotPlaces(event);
    const words = event.slots.flatMap(({ type }, i) => (/^[sS]$/.test(type) ? [places[i]!] : []));
    const last = event.slots.reduce((most, { type }, i) => {
      const width = type === 'r' ? 2 : type.startsWith('A') ? 0 : 1;
      return Math.max(most, places[i]! + width);
    }, 0);
    return { width: event.kind === 'enter' ? Math.max(6, last) : last, words };
  });
