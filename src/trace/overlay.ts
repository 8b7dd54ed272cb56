// Two traces as one: the rows of the second come among those of the first by time, where times are equal behind them.
import type { EventColumns, FileInfo } from '../model/events.js';
import type { Trace } from '../model/trace.js';
import { NONE } from '../model/units.js';

/**
 * `fileOf`: the file of `base` that a file of `added` stands for; -1 for a new one. Times of both begin at the same zero.
 * `at`: where rows of `added` come among those of the same time.
 */
export function laidOver(
  base: Trace,
  added: Trace,
  fileOf: (file: FileInfo) => number,
  at: 'before' | 'behind' = 'behind',
): Trace {
  const files = [...base.files];
  const fileAt = added.files.map((file) => {
    const known = fileOf(file);
    return known >= 0 ? known : files.push(file) - 1;
  });
  const moved = renumbered(added.columns, {
    file: fileAt,
    task: base.tasks.length,
    source: base.sources.length,
    id: highestId(base),
  });
  const order = mergeOrder(base.columns, moved, at === 'before');
  return {
    ...base,
    columns: merged(base.columns, moved, order),
    files,
    tasks: [...base.tasks, ...added.tasks],
    sources: [...base.sources, ...added.sources],
    issues: [...base.issues, ...added.issues],
    endNs: Math.max(base.endNs, added.endNs),
    extras: movedExtras(base, order),
  };
}

interface Shift {
  readonly file: readonly number[];
  readonly task: number;
  readonly source: number;
  readonly id: number;
}

function renumbered(columns: EventColumns, shift: Shift): EventColumns {
  const id = (value: number): number => (value === 0 ? 0 : value + shift.id);
  return {
    ...columns,
    file: columns.file.map((file) => (file === NONE ? NONE : shift.file[file]!)),
    task: columns.task.map((task) => (task === NONE ? NONE : task + shift.task)),
    source: columns.source.map((source) => source + shift.source),
    opId: columns.opId.map(id),
    handle: columns.handle.map(id),
  };
}

/** Operations, holds and the records of operations share their numbers. */
function highestId({ columns, records }: Trace): number {
  let most = 0;
  for (const ids of [columns.opId, columns.handle, records.opId]) for (const id of ids) if (id > most) most = id;
  return most;
}

/** By place: the row of the first, or the row of the second counted on behind the first's. */
function mergeOrder(first: EventColumns, second: EventColumns, secondWins: boolean): Uint32Array {
  const order = new Uint32Array(first.rows + second.rows);
  let a = 0;
  let b = 0;
  for (let place = 0; place < order.length; place++) {
    const lead = a < first.rows && b < second.rows ? second.timeNs[b]! - first.timeNs[a]! : 0;
    const takesFirst = b === second.rows || (a < first.rows && (lead > 0 || (lead === 0 && !secondWins)));
    order[place] = takesFirst ? a++ : first.rows + b++;
  }
  return order;
}

type Column = Float64Array | Uint8Array | Uint16Array | Uint32Array | Int16Array;

function merged(first: EventColumns, second: EventColumns, order: Uint32Array): EventColumns {
  const pick = <T extends Column>(a: T, b: T, out: T): T => {
    for (let i = 0; i < order.length; i++) out[i] = order[i]! < first.rows ? a[order[i]!]! : b[order[i]! - first.rows]!;
    return out;
  };
  const n = order.length;
  const floats = (key: 'timeNs' | 'offset' | 'length' | 'addr' | 'latencyNs') =>
    pick(first[key], second[key], new Float64Array(n));
  const words = (key: 'flags' | 'file' | 'task' | 'handle' | 'opId' | 'row') =>
    pick(first[key], second[key], new Uint32Array(n));
  return {
    rows: n,
    timeNs: floats('timeNs'),
    op: pick(first.op, second.op, new Uint8Array(n)),
    flags: words('flags'),
    file: words('file'),
    task: words('task'),
    offset: floats('offset'),
    length: floats('length'),
    addr: floats('addr'),
    handle: words('handle'),
    opId: words('opId'),
    result: pick(first.result, second.result, new Int16Array(n)),
    latencyNs: floats('latencyNs'),
    source: pick(first.source, second.source, new Uint16Array(n)),
    row: words('row'),
  };
}

function movedExtras({ extras, columns }: Trace, order: Uint32Array): Map<number, string> {
  const moved = new Map<number, string>();
  if (extras.size === 0) return moved;
  order.forEach((row, place) => {
    const json = row < columns.rows ? extras.get(row) : undefined;
    if (json !== undefined) moved.set(place, json);
  });
  return moved;
}
