// Collects what formats and assembly write, and turns it into one trace: in memory, or piece by piece.
import { ColumnLog } from '../base/column-log.js';
import { SortedLog } from '../base/sorted-log.js';
import { EVENT_SHAPE, RECORD_SHAPE } from '../base/trace-shapes.js';
import { type Issue, UserError } from '../model/issue.js';
import type { StoredParts } from '../model/parts.js';
import type { Trace } from '../model/trace.js';
import { type CollectedRows, CollectedTrace, RECORD_ROWS } from './collected.js';
import { wholeOf } from './parts.js';
import { TraceRanges } from './ranges.js';
import { type KernelFactory, Pool, SourceSink } from './sink.js';
import { Spill } from './spill.js';

const MOST_SOURCES = 0xffff;

export class TraceBuilder {
  readonly #makeKernel: KernelFactory;
  readonly #store: Spill;
  readonly #pool: Pool<CollectedRows>;
  readonly #sinks: SourceSink[] = [];
  readonly #ranges = new TraceRanges();
  /** By the place of the event. */
  readonly #extras = new Map<number, string>();

  constructor(makeKernel: KernelFactory, store = new Spill()) {
    this.#makeKernel = makeKernel;
    this.#store = store;
    this.#pool = new Pool({
      events: new SortedLog(
        EVENT_SHAPE,
        store,
        (place, rows, numbers) => moveExtras(this.#pool.extras, this.#extras, place, numbers.subarray(0, rows)),
        (rows, at) => this.#ranges.events(rows, at),
      ),
      records: new ColumnLog(RECORD_SHAPE, store, RECORD_ROWS, (rows, at) => this.#ranges.records(rows, at)),
      store,
    });
  }

  /** A sink for one more input; `bytes` is -1 for a pipe. */
  startSource(name: string, format: string, bytes: number): SourceSink {
    if (this.#sinks.length === MOST_SOURCES)
      throw new UserError(`more than ${MOST_SOURCES} inputs; ingest them in several runs`);
    const source = {
      name,
      format,
      bytes,
      records: 0,
      typed: 0,
      generic: 0,
      clock: '',
      kernel: '',
      lost: [],
      facts: {},
    };
    const sink = new SourceSink(this.#pool, source, this.#sinks.length, this.#makeKernel);
    this.#sinks.push(sink);
    return sink;
  }

  /** Of an input that is no source of the trace. */
  issue(issue: Issue): void {
    this.#pool.issues.push(issue);
  }

  /** Ends the assembly of every source and gives the trace; the builder is used up. */
  finish(): Trace {
    const trace = wholeOf(this.finishParts());
    this.close();
    return trace;
  }

  /** The same, piece by piece; they can be had until `close`. */
  finishParts(): StoredParts {
    for (const sink of this.#sinks) sink.end();
    return new CollectedTrace(
      this.#pool,
      this.#sinks.map((sink) => sink.source),
      this.#ranges,
      this.#extras,
    );
  }

  close(): void {
    this.#store.close();
  }
}

/** Row `place + i` is the one that was added as `numbers[i]`. */
function moveExtras(from: Map<number, string>, to: Map<number, string>, place: number, numbers: Uint32Array): void {
  if (from.size === 0) return;
  for (const [i, number] of numbers.entries()) {
    const json = from.get(number);
    if (json === undefined) continue;
    to.set(place + i, json);
    from.delete(number);
  }
}
