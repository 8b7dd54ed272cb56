// A whole trace as pieces, pieces as a whole trace, and pieces of another size.
import { eventRoom, recordRoom } from '../base/trace-shapes.js';
import { type EventColumns, Flag } from '../model/events.js';
import type { StoredParts } from '../model/parts.js';
import type { RecordColumns, Trace } from '../model/trace.js';

export function partsOf(trace: Trace): StoredParts {
  const { clock, originNs, files, tasks, extras, columns, records } = trace;
  return {
    ...{ clock, originNs, files, tasks, extras },
    mostRows: columns.rows,
    repeatable: true,
    batches: () => [columns],
    records: () => [records],
    rest: () => ({ ...trace, recordRows: records.rows }),
  };
}

/** All pieces in memory. */
export function wholeOf(parts: StoredParts): Trace {
  const columns = gather(eventRoom(parts.mostRows), parts.batches());
  const { recordRows } = parts.rest();
  const records = gather(recordRoom(recordRows), parts.records());
  const { recordRows: _, ...rest } = parts.rest();
  return { ...rest, files: [...rest.files], columns, records };
}

/** The same events, second rows in one piece with the first. Pieces keep their memory. */
export function* pairsTogether(pieces: Iterable<EventColumns>): Iterable<EventColumns> {
  let held: EventColumns | null = null;
  for (const piece of pieces) {
    let seconds = 0;
    while (held !== null && seconds < piece.rows && (piece.flags[seconds]! & Flag.second) !== 0) seconds++;
    if (held !== null)
      yield seconds === 0 ? held : gather(eventRoom(held.rows + seconds), [held, someRows(piece, 0, seconds)]);
    held = seconds === 0 ? piece : someRows(piece, seconds, piece.rows);
  }
  if (held !== null) yield held;
}

type Column = Float64Array | Uint32Array | Int16Array | Uint16Array | Uint8Array;

/** The pieces one behind the other in columns that have room for them. */
function gather<C extends EventColumns | RecordColumns>(room: C, pieces: Iterable<C>): C {
  let rows = 0;
  for (const piece of pieces) {
    copyRows(room, rows, piece, 0, piece.rows);
    rows += piece.rows;
  }
  return someRows(room, 0, rows);
}

/** The same events in pieces of `most`; the last has what is left. There is at least one. */
export function* evenly(pieces: Iterable<EventColumns>, most: number): Iterable<EventColumns> {
  let held = 0;
  let room: EventColumns | null = null;
  let given = false;
  for (const piece of pieces) {
    let from = 0;
    for (; held === 0 && piece.rows - from >= most; from += most) {
      given = true;
      yield from === 0 && piece.rows === most ? piece : someRows(piece, from, from + most);
    }
    while (from < piece.rows) {
      room ??= eventRoom(most);
      const count = Math.min(most - held, piece.rows - from);
      copyRows(room, held, piece, from, from + count);
      held += count;
      from += count;
      if (held < most) continue;
      given = true;
      yield room;
      held = 0;
    }
  }
  if (held > 0 || !given) yield someRows(room ?? eventRoom(0), 0, held);
}

const columnsOf = (columns: EventColumns | RecordColumns): [string, Column][] =>
  Object.entries(columns).filter((entry): entry is [string, Column] => typeof entry[1] !== 'number');

function copyRows<C extends EventColumns | RecordColumns>(
  room: C,
  at: number,
  from: C,
  first: number,
  end: number,
): void {
  const source = Object.fromEntries(columnsOf(from));
  for (const [name, column] of columnsOf(room)) column.set(source[name]!.subarray(first, end), at);
}

/** Rows `from` to `to`, in the memory of the columns they come from. */
export function someRows<C extends EventColumns | RecordColumns>(columns: C, from: number, to: number): C {
  const cut = columnsOf(columns).map(([name, column]) => [name, column.subarray(from, to)]);
  return { ...columns, ...Object.fromEntries(cut), rows: to - from };
}
