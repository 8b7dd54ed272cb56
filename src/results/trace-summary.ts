// What is in a trace, in numbers: the head of every answer about it.
import { type EventColumns, Flag, OBSERVED_OPS, OPS, Op } from '../model/events.js';
import type { TraceEnd } from '../model/parts.js';
import type { Trace } from '../model/trace.js';
import { NONE } from '../model/units.js';
import type { TraceSummary } from './types.js';

const OBSERVED = new Set<string>(OBSERVED_OPS);
const FILELESS = new Set<number>([Op.exit, Op.fork, Op.mount, Op.umount, Op.crash]);

/** Is this row an operation that lanes decide (and not an observation, a second range, or one whose file nobody can tell)? */
export function isOperation(columns: EventColumns, row: number): boolean {
  const { op, flags, file, opId } = columns;
  if (OBSERVED.has(OPS[op[row]!]!) || (flags[row]! & (Flag.second | Flag.synthetic)) !== 0) return false;
  if ((op[row] === Op.collapse || op[row] === Op.insert) && (flags[row]! & Flag.observed) !== 0) return false;
  if (file[row] !== NONE || FILELESS.has(op[row]!)) return true;
  const next = row + 1;
  return next < columns.rows && opId[next] === opId[row] && (flags[next]! & Flag.second) !== 0 && file[next] !== NONE;
}

/** Counts the operations of a trace, piece by piece. */
export class OperationCount {
  total = 0;
  /** Calls on a file that nothing names. */
  nameless = 0;

  add(columns: EventColumns): void {
    for (let row = 0; row < columns.rows; row++) {
      if (isOperation(columns, row)) this.total++;
      else if (columns.file[row] === NONE && !OBSERVED.has(OPS[columns.op[row]!]!) && !FILELESS.has(columns.op[row]!))
        this.nameless++;
    }
  }
}

export function summarize(trace: Trace, name: string): TraceSummary {
  const operations = new OperationCount();
  operations.add(trace.columns);
  return summaryOf(trace, operations, name);
}

export function summaryOf(
  trace: Omit<TraceEnd, 'recordRows'>,
  { total, nameless }: OperationCount,
  name: string,
): TraceSummary {
  const unplaced = Object.entries(trace.unplaced).map(([cause, count]) => ({ cause, count }));
  if (nameless > 0) unplaced.push({ cause: 'operations on a file whose inode no event tells', count: nameless });
  unplaced.sort((a, b) => b.count - a.count || (a.cause < b.cause ? -1 : 1));
  return {
    name,
    sources: trace.sources.map((s) => ({
      name: s.name,
      format: s.format,
      bytes: s.bytes,
      records: s.records,
      typed: s.typed,
      generic: s.generic,
      lost: { events: s.lost.reduce((sum, l) => sum + l.count, 0), spans: s.lost.map((l) => absolute(trace, l)) },
      clock: s.clock,
      kernel: s.kernel,
    })),
    operations: { total, unpaired: trace.unpaired },
    files: trace.files.length,
    tasks: trace.tasks.length,
    span: absolute(trace, { fromNs: 0, toNs: trace.endNs }),
    unplaced,
    deviceAccess: { ...trace.deviceAccess },
    issues: trace.issues.map((i) => ({
      code: i.code,
      count: i.count,
      first: { source: i.source, row: i.row },
      text: i.text,
    })),
  };
}

/** Times of the trace's own clock. */
function absolute<T extends { fromNs: number; toNs: number }>({ originNs }: Pick<Trace, 'originNs'>, span: T): T {
  const origin = Number(originNs);
  return { ...span, fromNs: origin + span.fromNs, toNs: origin + span.toNs };
}
