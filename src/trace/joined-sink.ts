// What one assembly of several recordings writes to: every row and issue goes to the source of the record it came from.
import type { EventWriter } from '../model/events.js';
import type { Words } from '../model/kernel.js';
import type { Loss, RecordWriter, SourceInfo } from '../model/trace.js';
import type { AssemblySink, SourceSink } from './sink.js';

/** A source's sink and the source's own number of a record. */
export interface SinkPlace {
  readonly sink: SourceSink;
  readonly row: number;
}

export class JoinedSink implements AssemblySink {
  readonly source: SourceInfo;
  readonly sources: readonly SourceInfo[];
  readonly events: EventWriter;
  readonly records: RecordWriter;
  readonly deviceAccess: AssemblySink['deviceAccess'];
  readonly store: AssemblySink['store'];
  readonly words: AssemblySink['words'];
  readonly #first: SourceSink;
  readonly #placeOf: (row: number) => SinkPlace;

  /** `words`: of the records. `placeOf`: by the number that the assembly knows a record by. */
  constructor(first: SourceSink, sources: readonly SourceInfo[], words: Words, placeOf: (row: number) => SinkPlace) {
    this.#first = first;
    this.#placeOf = placeOf;
    this.source = first.source;
    this.sources = sources;
    this.records = first.records;
    this.deviceAccess = first.deviceAccess;
    this.store = first.store;
    this.words = words;
    this.events = first.eventsOf((known) => {
      const { sink, row } = placeOf(known);
      return { source: sink.index, row };
    });
  }

  sourceOf(row: number): SourceInfo {
    return row === 0 ? this.source : this.#placeOf(row).sink.source;
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
