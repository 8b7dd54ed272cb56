// A trace that is handed on piece by piece: what writers need, whether or not it is whole in memory.
import type { EventColumns } from '../model/events.js';
import type { Trace } from '../model/trace.js';

export interface TraceParts {
  readonly clock: string;
  readonly originNs: bigint;
  /**
   * In the order of time, each valid until the next is asked for. The rows of one operation come in one piece, and in a
   * trace of several pieces no number is both an operation's and a hold's.
   */
  batches(): Iterable<EventColumns>;
  /** Everything that the pieces so far name. */
  readonly files: Trace['files'];
  readonly tasks: Trace['tasks'];
  /** By row; only of traces that are one piece. */
  readonly extras: Trace['extras'];
  /** What is known at the end of the last piece. */
  rest(): Omit<Trace, 'columns'>;
}

export function partsOf(trace: Trace): TraceParts {
  const { clock, originNs, files, tasks, extras, columns } = trace;
  return { clock, originNs, files, tasks, extras, batches: () => [columns], rest: () => trace };
}
