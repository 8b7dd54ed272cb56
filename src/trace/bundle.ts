// A trace on disk: the folder `X.sealtrace` of Arrow IPC files, readable by any Arrow reader (schema `sealtrace.bundle/2`).
// Every column has the narrowest type that holds the whole trace (docs/bundle.md).
// Written into a folder beside it and renamed, so that a killed run leaves the old bundle or the new one.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type EventColumns, OPS } from '../model/events.js';
import { UserError } from '../model/issue.js';
import type { Ranges, StoredParts, TraceEnd, TraceParts } from '../model/parts.js';
import type { Joined, RecordColumns, Trace } from '../model/trace.js';
import {
  BATCH_ROWS,
  coded,
  integers,
  numbers,
  type OutColumn,
  places,
  type TablePart,
  texts,
  words,
  writeTable,
} from './arrow-table.js';
import { evenly, partsOf } from './parts.js';
import { rangesOf } from './ranges.js';

export const SCHEMA = 'sealtrace.bundle/2';
/** Earlier bundles have the same columns in wider types. */
export const SCHEMAS: readonly string[] = ['sealtrace.events/1', SCHEMA];
export const EVENTS = 'events.arrow';
export const RECORDS = 'records.arrow';
/** CRC-32 of every table, by file name. */
export const SUMS = 'checksums.json';

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

function eventPart(columns: EventColumns, r?: Ranges): TablePart {
  return {
    rows: columns.rows,
    columns: [
      integers('time_ns', columns.timeNs, r?.timeNs),
      words('op', columns.op, OPS),
      coded('flags', columns.flags, r?.flags ?? null, 1),
      places('file', columns.file, r?.file),
      places('task', columns.task, r?.task),
      integers('offset', columns.offset, r?.offset, true),
      coded('length', columns.length, r?.lengths ?? null, 3, r?.length),
      integers('addr', columns.addr, r?.addr, true),
      numbers('handle', columns.handle, r?.id),
      numbers('op_id', columns.opId, r?.id),
      coded('result', columns.result, r?.result ?? null, 2),
      integers('latency_ns', columns.latencyNs, r?.latencyNs),
      numbers('source', columns.source, r?.source),
      numbers('row', columns.row, r?.row),
    ],
  };
}

function recordPart(records: RecordColumns, names: readonly string[], r?: Ranges): TablePart {
  return {
    rows: records.rows,
    columns: [
      integers('time_ns', records.timeNs, r?.recordTimeNs),
      words('kind', records.kind, names),
      places('task', records.task, r?.task),
      numbers('cpu', records.cpu, r?.cpu),
      numbers('source', records.source, r?.source),
      numbers('row', records.row, r?.recordRow),
      numbers('op_id', records.opId, r?.id),
    ],
  };
}

function* mapped<T>(pieces: Iterable<T>, part: (piece: T) => TablePart): Iterable<TablePart> {
  for (const piece of pieces) yield part(piece);
}

function writeTables(parts: TraceParts, dir: string): void {
  const base = { schema: SCHEMA, clock: parts.clock, originNs: String(parts.originNs) };
  const sums: Record<string, number> = {};
  // A trace that is written while it is made does not tell what is to come: its columns are the widest.
  const ranges = parts.ranges?.() ?? (isStored(parts) ? rangesOf(parts) : undefined);
  const events = mapped(evenly(parts.batches(), BATCH_ROWS), (columns) => eventPart(columns, ranges));
  sums[EVENTS] = writeTable(join(dir, EVENTS), events, base);
  const { recordRows, kinds } = parts.rest();
  const names = kinds.map((kind) => kind.name);
  sums[RECORDS] = writeTable(
    join(dir, RECORDS),
    mapped(parts.records(), (records) => recordPart(records, names, ranges)),
    { ...base, kinds: JSON.stringify(kinds), rows: String(recordRows) },
  );
  writeSideTables(parts.rest(), base, dir, sums);
  writeFileSync(join(dir, SUMS), `${JSON.stringify(sums, null, 2)}\n`);
}

const isStored = (parts: TraceParts): parts is StoredParts => parts.repeatable;

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
  const text = <T>(list: { at(row: number): T | undefined }, key: keyof T & string) =>
    texts(key, (row) => String(list.at(row)![key]));
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
    joined: JSON.stringify(sources.map(({ joined }) => joinedText(joined))),
    facts: JSON.stringify(sources.map(({ facts }) => facts)),
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
    texts('json', (row) => extras[row]![1]),
  ]);
}

/** JSON has no integers of 64 bits. */
export const joinedText = (
  joined: Joined | undefined,
): (Omit<Joined, 'offsetNs'> & { readonly offsetNs: string }) | null =>
  joined === undefined ? null : { ...joined, offsetNs: String(joined.offsetNs) };

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
