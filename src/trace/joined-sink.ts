// What one assembly of several recordings writes to: every row and issue goes to the source of the record it came from.
import type { EventWriter } from '../model/events.js';
import type { Loss, RecordWriter, SourceInfo, TraceSink } from '../model/trace.js';
import { EVENT_FIELDS, EventRow } from './event-row.js';
import type { AssemblySink } from './sink.js';

/** A source's sink and the source's own number of a record. */
export interface Place {
  readonly sink: TraceSink & AssemblySink;
  readonly row: number;
}

export class JoinedSink implements AssemblySink {
  readonly source: SourceInfo;
  readonly events: EventWriter;
  readonly records: RecordWriter;
  readonly deviceAccess: AssemblySink['deviceAccess'];
  readonly store: AssemblySink['store'];
  readonly #first: TraceSink & AssemblySink;
  readonly #placeOf: (row: number) => Place;

  /** `placeOf`: by the number that the assembly knows a record by. */
  constructor(first: TraceSink & AssemblySink, placeOf: (row: number) => Place) {
    this.#first = first;
    this.#placeOf = placeOf;
    this.source = first.source;
    this.records = first.records;
    this.deviceAccess = first.deviceAccess;
    this.store = first.store;
    this.events = new EventRow(first.events, (event) => {
      const place = event.row === 0 ? { sink: first, row: 0 } : placeOf(event.row);
      const out = place.sink.events;
      for (const name of EVENT_FIELDS) out[name] = event[name];
      out.row = place.row;
      out.commit();
    });
  }

  origin(absoluteNs: bigint): bigint {
    return this.#first.origin(absoluteNs);
  }

  lost(loss: Loss): void {
    this.#first.lost(loss);
  }

  issue(code: string, row: number, text: string): void {
    const place = row === 0 ? { sink: this.#first, row } : this.#placeOf(row);
    place.sink.issue(code, place.row, text);
  }

  unplaced(cause: string, count?: number): void {
    this.#first.unplaced(cause, count);
  }

  unpaired(count?: number): void {
    this.#first.unpaired(count);
  }

  extra(json: string): void {
    this.#first.extra(json);
  }
}
