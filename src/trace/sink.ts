// The sink of one input, and what all inputs of a trace share. Rows go straight into the columns.
import type { AssemblySink } from '../assembly/context.js';
import type { ByteStore } from '../base/byte-store.js';
import type { EventWriter } from '../model/events.js';
import type { Issue } from '../model/issue.js';
import type { KernelSink, Words } from '../model/kernel.js';
import type { DeviceAccessCounts, Loss, RecordWriter, SourceInfo, TraceSink } from '../model/trace.js';
import { EventRow, type PlaceOf, RecordRow, type RowTarget } from './rows.js';
import { TraceNames } from './trace-names.js';

export type { AssemblySink };
/** Makes the assembly of one source, at the first use of its sink's `kernel`. */
export type KernelFactory = (sink: AssemblySink) => KernelSink;

export interface PoolRows extends Omit<RowTarget, 'span'> {
  readonly store: ByteStore;
}

/** What all sources of a trace share. */
export class Pool<R extends PoolRows = PoolRows> implements RowTarget {
  readonly events: R['events'];
  readonly records: R['records'];
  readonly store: ByteStore;
  readonly span = emptySpan();
  readonly names = new TraceNames();
  readonly issues: Issue[] = [];
  readonly unplaced = new Map<string, number>();
  readonly deviceAccess: DeviceAccessCounts = {
    accesses: 0,
    pages: 0,
    placedPages: 0,
    directPages: 0,
    directPlacedPages: 0,
  };
  readonly extras = new Map<number, string>();
  unpaired = 0;
  origin: bigint | null = null;

  constructor({ events, records, store }: R) {
    this.events = events;
    this.records = records;
    this.store = store;
  }
}

export const emptySpan = (): Float64Array => Float64Array.of(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY);

export class SourceSink implements TraceSink, AssemblySink {
  readonly source: SourceInfo;
  /** Number of the source. */
  readonly index: number;
  readonly events: EventWriter;
  readonly records: RecordWriter;
  readonly sources: readonly SourceInfo[];
  readonly deviceAccess: DeviceAccessCounts;
  readonly store: ByteStore;
  readonly words: Words;
  readonly #pool: Pool;
  readonly #makeKernel: KernelFactory;
  readonly #issues = new Map<string, Issue>();
  #kernel: KernelSink | null = null;

  constructor(pool: Pool, source: SourceInfo, index: number, makeKernel: KernelFactory) {
    this.#pool = pool;
    this.source = source;
    this.index = index;
    this.events = new EventRow(pool.names, pool, index);
    this.records = new RecordRow(pool.names, pool, index, source);
    this.sources = [source];
    this.deviceAccess = pool.deviceAccess;
    this.store = pool.store;
    this.words = pool.names.words;
    this.#makeKernel = makeKernel;
  }

  get kernel(): KernelSink {
    this.#kernel ??= this.#makeKernel(this);
    return this.#kernel;
  }

  /** Nothing comes any more; what assembly knew goes with it. */
  end(): void {
    this.#kernel?.finish();
    this.#kernel = null;
  }

  /** Rows with the names of this trace that wait elsewhere. */
  waiting(target: RowTarget): { readonly events: EventWriter; readonly records: RecordWriter } {
    const { names } = this.#pool;
    return {
      events: new EventRow(names, target, this.index),
      records: new RecordRow(names, target, this.index, null),
    };
  }

  /** Events of several sources; those of none are this one's. */
  eventsOf(placeOf: PlaceOf): EventWriter {
    return new EventRow(this.#pool.names, this.#pool, this.index, placeOf);
  }

  sourceOf(): SourceInfo {
    return this.source;
  }

  origin(absoluteNs: bigint): bigint {
    this.#pool.origin ??= absoluteNs;
    return this.#pool.origin;
  }

  lost(loss: Loss): void {
    this.source.lost.push(loss);
  }

  issue(code: string, row: number, text: string): void {
    const known = this.#issues.get(code);
    if (known !== undefined) {
      known.count++;
      return;
    }
    const issue = { code, count: 1, source: this.source.name, row, text };
    this.#issues.set(code, issue);
    this.#pool.issues.push(issue);
  }

  unplaced(cause: string, count = 1): void {
    this.#pool.unplaced.set(cause, (this.#pool.unplaced.get(cause) ?? 0) + count);
  }

  unpaired(count = 1): void {
    this.#pool.unpaired += count;
  }

  extra(json: string): void {
    this.#pool.extras.set(this.#pool.events.length - 1, json);
  }
}
