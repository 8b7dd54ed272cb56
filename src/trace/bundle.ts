// A trace on disk: the folder `X.sealtrace` of Arrow IPC files, readable by any Arrow reader (schema `sealtrace.events/1`).
// Written into a folder beside it and renamed, so that a killed run leaves the old bundle or the new one.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type EventColumns, OP_COUNT, OPS, Op } from '../model/events.js';
import { UserError } from '../model/issue.js';
import type { Loss, RecordColumns, RecordKind, SourceInfo, Trace } from '../model/trace.js';
import {
  BATCH_ROWS,
  InTable,
  integers,
  numbers,
  type OutColumn,
  type TablePart,
  texts,
  within,
  words,
  writeTable,
  zip,
} from './arrow-table.js';
import { evenly, partsOf, type StoredParts, type TraceEnd, type TraceParts } from './parts.js';

export const SCHEMA = 'sealtrace.events/1';
const EVENTS = 'events.arrow';
const RECORDS = 'records.arrow';
/** CRC-32 of every table, by file name. */
const SUMS = 'checksums.json';

/** A folder that holds a bundle, or by its name should. */
export function isBundle(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined || !stat.isDirectory()) return false;
  return resolve(path).endsWith('.sealtrace') || existsSync(join(path, EVENTS));
}

/** Writes `trace` to `dir`, replacing a bundle that is there. */
export const writeBundle = (trace: Trace, dir: string): void => writeBundleParts(partsOf(trace), dir);

/** The same for a trace that comes piece by piece: no more than a piece of it is in memory. */
export function writeBundleParts(trace: TraceParts, dir: string): void {
  const target = resolve(dir);
  const mark = randomBytes(4).toString('hex');
  const fresh = `${target}.tmp-${mark}`;
  const old = `${target}.old-${mark}`;
  try {
    refuseForeign(target);
    mkdirSync(fresh);
    writeTables(trace, fresh);
    if (existsSync(target)) renameSync(target, old);
    renameSync(fresh, target);
  } catch (error) {
    if (error instanceof UserError || !isSystemError(error)) throw error;
    throw new UserError(`cannot write ${dir}: ${error.message}; name a folder that can be written with -o`);
  } finally {
    if (existsSync(fresh)) rmSync(fresh, { recursive: true });
    if (existsSync(old)) {
      if (existsSync(target)) rmSync(old, { recursive: true });
      else renameSync(old, target);
    }
  }
}

/** Reads a bundle; throws a UserError (exit code 3) that names the file when it is damaged or incomplete. */
export function readBundle(dir: string): Trace {
  const sums = take(dir, SUMS, (path) => JSON.parse(readFileSync(path, 'utf8')) as Readonly<Record<string, number>>);
  return readTables((file, read) =>
    take(dir, file, (path) => {
      const table = new InTable(path, sums[file] ?? -1);
      const schema = table.metadata.get('schema');
      if (schema !== SCHEMA) throw new Error(`expected schema ${SCHEMA}, found ${schema ?? 'none'}`);
      return read(table);
    }),
  );
}

/** The same piece by piece. */
export function openBundle(dir: string): { readonly parts: StoredParts; close(): void } {
  return { parts: partsOf(readBundle(dir)), close: () => {} };
}

/** Whatever goes wrong with a file of the bundle is told with its name. */
function take<T>(dir: string, file: string, read: (path: string) => T): T {
  const path = join(dir, file);
  const advice = 'ingest the recording again, or restore the bundle from a copy';
  if (!existsSync(path)) throw new UserError(`${dir} is not a whole bundle: ${file} is missing; ${advice}`, 3);
  try {
    return read(path);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UserError(`${path} is damaged: ${why}; ${advice}`, 3);
  }
}

function eventPart(columns: EventColumns): TablePart {
  return {
    rows: columns.rows,
    columns: [
      integers('time_ns', columns.timeNs),
      words('op', columns.op, OPS),
      numbers('flags', columns.flags),
      numbers('file', columns.file),
      numbers('task', columns.task),
      integers('offset', columns.offset),
      integers('length', columns.length),
      integers('addr', columns.addr),
      numbers('handle', columns.handle),
      numbers('op_id', columns.opId),
      numbers('result', columns.result),
      integers('latency_ns', columns.latencyNs),
      numbers('source', columns.source),
      numbers('row', columns.row),
    ],
  };
}

function recordPart(records: RecordColumns, names: readonly string[]): TablePart {
  return {
    rows: records.rows,
    columns: [
      integers('time_ns', records.timeNs),
      words('kind', records.kind, names),
      numbers('task', records.task),
      numbers('cpu', records.cpu),
      numbers('source', records.source),
      numbers('row', records.row),
      numbers('op_id', records.opId),
    ],
  };
}

function* mapped<T>(pieces: Iterable<T>, part: (piece: T) => TablePart): Iterable<TablePart> {
  for (const piece of pieces) yield part(piece);
}

function writeTables(parts: TraceParts, dir: string): void {
  const base = { schema: SCHEMA, clock: parts.clock, originNs: String(parts.originNs) };
  const sums: Record<string, number> = {};
  sums[EVENTS] = writeTable(join(dir, EVENTS), mapped(evenly(parts.batches(), BATCH_ROWS), eventPart), base);
  const { recordRows, kinds } = parts.rest();
  const names = kinds.map((kind) => kind.name);
  sums[RECORDS] = writeTable(
    join(dir, RECORDS),
    mapped(parts.records(), (records) => recordPart(records, names)),
    { ...base, kinds: JSON.stringify(kinds), rows: String(recordRows) },
  );
  writeSideTables(parts.rest(), base, dir, sums);
  writeFileSync(join(dir, SUMS), `${JSON.stringify(sums, null, 2)}\n`);
}

function writeSideTables(
  trace: TraceEnd,
  base: Readonly<Record<string, string>>,
  dir: string,
  sums: Record<string, number>,
): void {
  const write = (
    file: string,
    rows: number,
    columns: readonly OutColumn[],
    more: Readonly<Record<string, string>> = {},
  ): void => {
    sums[file] = writeTable(join(dir, file), [{ rows, columns }], { ...base, ...more, rows: String(rows) });
  };
  const { files, tasks, sources, issues } = trace;
  const text = <T>(list: readonly T[], key: keyof T & string) =>
    texts(
      key,
      list.map((item) => String(item[key])),
    );
  const whole = <T>(list: readonly T[], key: keyof T & string, name: string = key) =>
    integers(
      name,
      list.map((item) => Number(item[key])),
    );
  write('files.arrow', files.length, [text(files, 'device'), text(files, 'inode'), text(files, 'path')]);
  write('tasks.arrow', tasks.length, [whole(tasks, 'pid'), whole(tasks, 'tid'), text(tasks, 'name')]);
  const sourceParts = [
    text(sources, 'name'),
    text(sources, 'format'),
    ...(['bytes', 'records', 'typed', 'generic'] as const).map((key) => whole(sources, key)),
    text(sources, 'clock'),
    text(sources, 'kernel'),
  ];
  const { unplaced, unpaired, deviceAccess, endNs } = trace;
  write('sources.arrow', sources.length, sourceParts, {
    totals: JSON.stringify({ unplaced, unpaired, deviceAccess, endNs }),
    maps: JSON.stringify(sources.map(({ maps = [] }) => maps)),
  });
  const issueParts = [
    text(issues, 'code'),
    whole(issues, 'count'),
    text(issues, 'source'),
    whole(issues, 'row'),
    text(issues, 'text'),
  ];
  write('issues.arrow', issues.length, issueParts);
  const losses = sources.flatMap(({ lost }, source) => lost.map((loss) => ({ source, ...loss })));
  const lossParts = [
    whole(losses, 'source'),
    whole(losses, 'fromNs', 'from_ns'),
    whole(losses, 'toNs', 'to_ns'),
    whole(losses, 'cpu'),
    whole(losses, 'count'),
  ];
  write('lost.arrow', losses.length, lossParts);
  const extras = [...trace.extras];
  write('extras.arrow', extras.length, [
    integers(
      'event',
      extras.map(([row]) => row),
    ),
    texts(
      'json',
      extras.map(([, json]) => json),
    ),
  ]);
}

type Open = <T>(file: string, read: (table: InTable) => T) => T;

function readTables(open: Open): Trace {
  const files = open('files.arrow', (table) =>
    zip({ device: table.texts('device'), inode: table.texts('inode'), path: table.texts('path') }),
  );
  const tasks = open('tasks.arrow', (table) =>
    zip({ pid: table.integers('pid'), tid: table.integers('tid'), name: table.texts('name') }),
  );
  const { sources, totals } = open('sources.arrow', readSources);
  for (const loss of open('lost.arrow', readLosses)) sources[loss.source]?.lost.push(loss.loss);
  const issues = open('issues.arrow', (table) =>
    zip({
      code: table.texts('code'),
      count: table.integers('count'),
      source: table.texts('source'),
      row: table.integers('row'),
      text: table.texts('text'),
    }),
  );
  const sizes = { file: files.length, task: tasks.length, source: sources.length };
  const { records, kinds } = open('records.arrow', (table) => readRecords(table, sizes));
  const { columns, clock, originNs } = open(EVENTS, (table) => ({
    columns: readEvents(table, sizes),
    clock: table.metadata.get('clock') ?? '',
    originNs: BigInt(table.metadata.get('originNs') ?? '0'),
  }));
  const extras = open('extras.arrow', (table) => {
    const rows = table.integers('event');
    return new Map(table.texts('json').map((json, i) => [rows[i]!, json]));
  });
  return { columns, records, kinds, files, tasks, sources, issues, ...totals, originNs, clock, extras };
}

type Sizes = Readonly<Record<'file' | 'task' | 'source', number>>;

function readEvents(table: InTable, sizes: Sizes): Trace['columns'] {
  return {
    rows: table.rows,
    timeNs: sorted(table.integers('time_ns')),
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

function readRecords(table: InTable, sizes: Sizes): { records: Trace['records']; kinds: RecordKind[] } {
  const { codes, list } = table.words('kind', Uint16Array);
  const kinds = JSON.parse(table.metadata.get('kinds') ?? '[]') as RecordKind[];
  if (kinds.length !== list.length) throw new Error(`expected ${list.length} kinds of record, found ${kinds.length}`);
  const records = {
    rows: table.rows,
    timeNs: table.integers('time_ns'),
    kind: codes,
    task: within(table.numbers('task', Uint32Array), sizes.task, 'task'),
    cpu: table.numbers('cpu', Uint16Array),
    source: within(table.numbers('source', Uint16Array), sizes.source, 'source'),
    row: table.numbers('row', Uint32Array),
    opId: table.numbers('op_id', Uint32Array),
  };
  return { records, kinds };
}

type Totals = Pick<Trace, 'unplaced' | 'unpaired' | 'deviceAccess' | 'endNs'>;

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
  const totals = table.metadata.get('totals');
  if (totals === undefined) throw new Error('its totals are missing');
  const maps = JSON.parse(table.metadata.get('maps') ?? '[]') as SourceInfo['maps'][];
  const sources = rows.map(
    (row, i): SourceInfo => ({ ...row, lost: [], ...(maps[i]?.length ? { maps: maps[i] } : {}) }),
  );
  return { sources, totals: JSON.parse(totals) as Totals };
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

function sorted(times: Float64Array): Float64Array {
  for (let i = 1; i < times.length; i++)
    if (times[i]! < times[i - 1]!) throw new Error(`column "time_ns" is not in order at row ${i}`);
  return times;
}

/** Only a bundle, whole or damaged, or an empty folder is replaced. */
function refuseForeign(target: string): void {
  const stat = statSync(target, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (stat.isDirectory()) {
    const entries = readdirSync(target);
    if (entries.length === 0 || entries.includes(EVENTS)) return;
    if (isBundle(target) && entries.every((entry) => entry === SUMS || entry.endsWith('.arrow'))) return;
  }
  throw new UserError(`${target} exists and is not a bundle; choose another name for the output, or remove it`);
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error && 'syscall' in error;
}
