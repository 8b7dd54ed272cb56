// A bundle read back, piece by piece. Every table is held against its checksum before anything of it is used.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type EventColumns, OP_COUNT, OPS, Op } from '../model/events.js';
import { UserError } from '../model/issue.js';
import type { Files, StoredParts, TraceEnd } from '../model/parts.js';
import type { Loss, RecordColumns, RecordKind, SourceInfo, Trace } from '../model/trace.js';
import { EVENTS, RECORDS, SCHEMAS, SUMS } from './bundle.js';
import { kindsIn, originIn, rowsIn, sourceFactsIn, type Totals, totalsIn } from './bundle-facts.js';
import { LazyFiles } from './files.js';
import { type InTable, newRooms, type Rooms, readTable, readTableParts, within, zip } from './in-table.js';
import { pairsTogether, wholeOf } from './parts.js';
import { checkTable } from './table-file.js';

/** Exit status of a bundle that cannot be used. */
const DAMAGED = 3;

/** Throws a UserError (exit code 3) that names the file when the bundle is damaged or incomplete. */
export const readBundle = (dir: string): Trace => wholeOf(openBundle(dir));

/** The same piece by piece. */
export const openBundle = (dir: string): StoredParts => new BundleParts(new Tables(dir));

class BundleParts implements StoredParts {
  readonly repeatable = true;
  readonly clock: string;
  readonly originNs: bigint;
  readonly files: Files;
  readonly tasks: Trace['tasks'];
  readonly extras: Trace['extras'];
  readonly #tables: Tables;
  readonly #sizes: Sizes;
  readonly #end: TraceEnd;
  #rows = -1;
  /** Of the last reader that is through. */
  #rooms: Rooms | null = null;

  constructor(tables: Tables) {
    this.#tables = tables;
    const files = tables.whole('files.arrow', (table) => {
      const [device, inode, path] = [table.textAt('device'), table.textAt('inode'), table.textAt('path')];
      return new LazyFiles(table.rows, (row) => ({ device: device(row), inode: inode(row), path: path(row) }));
    });
    const tasks = tables.whole('tasks.arrow', (table) =>
      zip({ pid: table.integers('pid'), tid: table.integers('tid'), name: table.texts('name') }),
    );
    const { sources, totals } = tables.whole('sources.arrow', readSources);
    for (const { source, loss } of tables.whole('lost.arrow', readLosses)) sources[source]?.lost.push(loss);
    const issues = tables.whole('issues.arrow', readIssues);
    const { kinds, recordRows } = tables.first(RECORDS, (table, path) => {
      return { kinds: readKinds(table), recordRows: rowsIn(table.metadata, statSync(path).size) };
    });
    const { clock, originNs } = tables.first(EVENTS, ({ metadata }) => {
      return { clock: metadata.get('clock') ?? '', originNs: originIn(metadata) };
    });
    const extras = tables.whole('extras.arrow', (table) => {
      const rows = table.integers('event');
      return new Map(table.texts('json').map((json, i) => [rows[i]!, json]));
    });
    this.clock = clock;
    this.originNs = originNs;
    this.files = files;
    this.tasks = tasks;
    this.extras = extras;
    this.#sizes = { file: files.length, task: tasks.length, source: sources.length };
    this.#end = { ...totals, kinds, files, tasks, sources, issues, originNs, clock, extras, recordRows };
  }

  get mostRows(): number {
    if (this.#rows < 0) {
      let rows = 0;
      for (const one of this.#tables.parts(EVENTS, (table) => table.rows)) rows += one;
      this.#rows = rows;
    }
    return this.#rows;
  }

  batches(): Iterable<EventColumns> {
    return this.#inRooms((rooms) => pairsTogether(this.#batches(rooms)));
  }

  records(): Iterable<RecordColumns> {
    return this.#inRooms((rooms) => this.#tables.parts(RECORDS, (table) => readRecords(table, this.#sizes), rooms));
  }

  /** Whoever reads while another one does gets memory of his own. */
  *#inRooms<T>(pieces: (rooms: Rooms) => Iterable<T>): Iterable<T> {
    const rooms = this.#rooms ?? newRooms();
    this.#rooms = null;
    yield* pieces(rooms);
    this.#rooms = rooms;
  }

  rest(): TraceEnd {
    return this.#end;
  }

  *#batches(rooms: Rooms): Iterable<EventColumns> {
    let rows = 0;
    let lastNs = Number.NEGATIVE_INFINITY;
    const read = (table: InTable): EventColumns => {
      const columns = readEvents(table, this.#sizes);
      const { timeNs } = columns;
      for (let i = 0; i < timeNs.length; i++) {
        if (timeNs[i]! < lastNs) throw new Error(`column "time_ns" is not in order at row ${rows + i}`);
        lastNs = timeNs[i]!;
      }
      rows += columns.rows;
      return columns;
    };
    yield* this.#tables.parts(EVENTS, read, rooms);
    this.#rows = rows;
  }
}

/** The tables of a bundle; whatever goes wrong with one is told with its name. */
class Tables {
  readonly #dir: string;
  readonly #sums: Readonly<Record<string, number>>;
  readonly #checked = new Set<string>();

  constructor(dir: string) {
    this.#dir = dir;
    this.#sums = this.#take(SUMS, sumsIn);
  }

  whole<T>(file: string, read: (table: InTable) => T): T {
    return this.#take(file, (path) => read(this.#ours(readTable(this.#check(file, path)))));
  }

  /** What the first batch tells. */
  first<T>(file: string, read: (table: InTable, path: string) => T): T {
    return this.#take(file, (path) => {
      for (const table of readTableParts(this.#check(file, path))) return read(this.#ours(table), path);
      throw new Error('it holds nothing');
    });
  }

  *parts<T>(file: string, read: (table: InTable) => T, rooms?: Rooms): Iterable<T> {
    const parts = this.#take(file, (path) => readTableParts(this.#check(file, path), rooms)[Symbol.iterator]());
    try {
      for (;;) {
        const next = this.#take(file, () => {
          const { done, value } = parts.next();
          return done === true ? null : { value: read(value) };
        });
        if (next === null) return;
        yield next.value;
      }
    } finally {
      parts.return?.();
    }
  }

  #check(file: string, path: string): string {
    if (!this.#checked.has(file)) checkTable(path, this.#sums[file] ?? -1);
    this.#checked.add(file);
    return path;
  }

  #ours(table: InTable): InTable {
    const schema = table.metadata.get('schema') ?? 'none';
    if (SCHEMAS.includes(schema)) return table;
    throw new UserError(
      `${this.#dir} was written by another version of sealtrace: expected schema ${SCHEMAS.join(' or ')}, found ${schema}; ingest the recording again`,
      DAMAGED,
    );
  }

  #take<T>(file: string, read: (path: string) => T): T {
    const path = join(this.#dir, file);
    const advice = 'ingest the recording again, or restore the bundle from a copy';
    if (!existsSync(path))
      throw new UserError(`${this.#dir} is not a whole bundle: ${file} is missing; ${advice}`, DAMAGED);
    try {
      return read(path);
    } catch (error) {
      if (error instanceof UserError && error.exitCode === DAMAGED) throw error;
      const why = error instanceof Error ? error.message : String(error);
      throw new UserError(`${path} is damaged: ${why}; ${advice}`, DAMAGED);
    }
  }
}

const readIssues = (table: InTable): Trace['issues'] =>
  zip({
    code: table.texts('code'),
    count: table.integers('count'),
    source: table.texts('source'),
    row: table.integers('row'),
    text: table.texts('text'),
  });

type Sizes = Readonly<Record<'file' | 'task' | 'source', number>>;

function readEvents(table: InTable, sizes: Sizes): EventColumns {
  return {
    rows: table.rows,
    timeNs: table.integers('time_ns'),
    op: readOps(table),
    flags: table.numbers('flags', Uint32Array),
    file: within(table.numbers('file', Uint32Array), sizes.file, 'file'),
    task: within(table.numbers('task', Uint32Array), sizes.task, 'task'),
    offset: table.integers('offset'),
    length: table.integers('length'),
    addr: table.integers('addr'),
    handle: table.numbers('handle', Uint32Array),
    opId: table.numbers('op_id', Uint32Array),
    result: table.numbers('result', Int16Array),
    latencyNs: table.integers('latency_ns'),
    source: within(table.numbers('source', Uint16Array), sizes.source, 'source'),
    row: table.numbers('row', Uint32Array),
  };
}

/** Op codes by name: a bundle of another version may list them differently. */
function readOps(table: InTable): Uint8Array {
  const { codes, list } = table.words('op', Uint8Array);
  const same = list.length <= OP_COUNT && list.every((name, code) => OPS[code] === name);
  if (same) return codes;
  const known: Readonly<Record<string, number>> = Op;
  return codes.map((code) => (Object.hasOwn(known, list[code]!) ? known[list[code]!]! : Op.generic));
}

function readRecords(table: InTable, sizes: Sizes): RecordColumns {
  return {
    rows: table.rows,
    timeNs: table.integers('time_ns'),
    kind: table.words('kind', Uint16Array).codes,
    task: within(table.numbers('task', Uint32Array), sizes.task, 'task'),
    cpu: table.numbers('cpu', Uint16Array),
    source: within(table.numbers('source', Uint16Array), sizes.source, 'source'),
    row: table.numbers('row', Uint32Array),
    opId: table.numbers('op_id', Uint32Array),
  };
}

function readKinds(table: InTable): RecordKind[] {
  const { list } = table.words('kind', Uint16Array);
  const kinds = kindsIn(table.metadata);
  if (kinds.length !== list.length) throw new Error(`expected ${list.length} kinds of record, found ${kinds.length}`);
  return kinds;
}

function readSources(table: InTable): { sources: SourceInfo[]; totals: Totals } {
  const rows = zip({
    name: table.texts('name'),
    format: table.texts('format'),
    bytes: table.integers('bytes'),
    records: table.integers('records'),
    typed: table.integers('typed'),
    generic: table.integers('generic'),
    clock: table.texts('clock'),
    kernel: table.texts('kernel'),
  });
  const facts = sourceFactsIn(table.metadata);
  const sources = rows.map((row, i): SourceInfo => ({ ...row, lost: [], ...(facts[i] ?? { facts: {} }) }));
  return { sources, totals: totalsIn(table.metadata) };
}

function readLosses(table: InTable): { source: number; loss: Loss }[] {
  const source = table.integers('source');
  const losses = zip({
    fromNs: table.integers('from_ns'),
    toNs: table.integers('to_ns'),
    cpu: table.integers('cpu'),
    count: table.integers('count'),
  });
  return losses.map((loss, i) => ({ source: source[i]!, loss }));
}

function sumsIn(path: string): Readonly<Record<string, number>> {
  const json: unknown = JSON.parse(readFileSync(path, 'utf8'));
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new Error('expected a checksum for each table, found none');
  return json as Record<string, number>;
}
