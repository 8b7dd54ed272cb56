// A trace that is handed on piece by piece: what writers need, whether or not it is whole in memory.
import type { EventColumns, FileInfo } from './events.js';
import type { RecordColumns, Trace } from './trace.js';

/** Files by their number. An array of them is one; where there are very many, each is made when it is asked for. */
export interface Files extends Iterable<FileInfo> {
  readonly length: number;
  at(file: number): FileInfo | undefined;
}

/** What is known of a trace once its last piece was seen. */
export interface TraceEnd extends Omit<Trace, 'columns' | 'records' | 'files'> {
  readonly files: Files;
  readonly recordRows: number;
}

/** No value of a column is beyond these two, and `unit`, a power of two, divides all that are not negative. */
export interface Range {
  readonly least: number;
  readonly most: number;
  readonly unit: number;
}

/** What the columns of a trace hold. */
export interface Ranges {
  readonly timeNs: Range;
  /** -1 for none. */
  readonly file: Range;
  readonly task: Range;
  /** Numbers of operations and holds. */
  readonly id: Range;
  readonly offset: Range;
  readonly length: Range;
  readonly addr: Range;
  readonly latencyNs: Range;
  readonly row: Range;
  readonly source: Range;
  readonly recordTimeNs: Range;
  readonly recordRow: Range;
  readonly cpu: Range;
  /** Every value there is, in order; null where one byte cannot number them (lengths: two bytes). */
  readonly flags: readonly number[] | null;
  readonly result: readonly number[] | null;
  readonly lengths: readonly number[] | null;
}

export interface TraceParts {
  readonly clock: string;
  readonly originNs: bigint;
  /**
   * In the order of time, each valid until the next is asked for. A second row of an operation comes in one piece with
   * the first.
   */
  batches(): Iterable<EventColumns>;
  /**
   * The batches can be had as often as one likes. If not, the rows of one operation come in one piece, and no number is
   * both an operation's and a hold's.
   */
  readonly repeatable: boolean;
  /** What the pieces will hold, where that is known before the first of them without going through all. */
  ranges?(): Ranges;
  /** Everything that the pieces so far name. */
  readonly files: Files;
  readonly tasks: Trace['tasks'];
  /** By row of the trace. */
  readonly extras: Trace['extras'];
  /** Once the batches have ended; each valid until the next is asked for. */
  records(): Iterable<RecordColumns>;
  /** Once the batches have ended. What the records name is in it when they have ended as well. */
  rest(): TraceEnd;
}

/** A trace that is kept somewhere: its pieces can be had again. */
export interface StoredParts extends TraceParts {
  readonly repeatable: true;
  /** No more events than these. */
  readonly mostRows: number;
}
