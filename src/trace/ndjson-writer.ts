// A trace as NDJSON (events reference); reading it back gives the same columns, files and tasks.
// Where a row is not what the reader takes for granted, null says "not known" and numbers name holds, operations and files.
import { PagedNumbers } from '../base/paged-numbers.js';
import {
  type EventColumns,
  type FileInfo,
  FLAGS,
  Flag,
  OBSERVED_OPS,
  OPS,
  Op,
  secondFlags,
  type TaskInfo,
} from '../model/events.js';
import type { Files, TraceParts } from '../model/parts.js';
import { errnoName } from '../model/policy.js';
import type { Trace } from '../model/trace.js';
import { NONE, UNKNOWN, UNKNOWN_RESULT } from '../model/units.js';
import { partsOf } from './parts.js';
import { Spill } from './spill.js';

const HOLDS: ReadonlySet<number> = new Set([
  Op.mmap,
  Op.munmap,
  Op.pin,
  Op.unpin,
  Op.register,
  Op.deregister,
  Op.swapon,
  Op.swapoff,
  Op.lease,
  Op.lease_release,
  Op.layout_get,
  Op.layout_return,
  Op.address_query,
]);
const OBSERVED = new Set(OBSERVED_OPS.map((name) => Op[name]));
const SIZED = new Set([Op.truncate, Op.file]);
const TWO_FILES = new Set([Op.reflink, Op.dedupe, Op.exchange, Op.swapext, Op.rename]);
const WITH_STATE = new Set([Op.extent, Op.map_insert, Op.map_remove, Op.map_convert, Op.map_seen]);
const STATE_NAMES: ReadonlyMap<number, string> = new Map([
  [Flag.unwritten, 'unwritten'],
  [Flag.reflinked, 'shared'],
  [Flag.delalloc, 'delalloc'],
]);
const STATE_BITS = Flag.unwritten | Flag.reflinked | Flag.delalloc;

/** What does not change from row to row, as text; made when it is first needed. */
interface Texts {
  readonly files: string[];
  /** Several files had these inodes, one after the other; by device and inode. */
  readonly reused: ReadonlySet<string>;
  readonly tasks: string[];
  /** Lists of flag words by their bits. */
  readonly flags: Map<number, string>;
}

/** The rows at hand, with the names they use. */
interface Piece extends Pick<Trace, 'columns' | 'tasks' | 'extras'> {
  readonly files: Files;
  /** Number of its first row in the trace. */
  readonly first: number;
}

/** Lines with their newline, the header first. */
export const writeNdjson = (trace: Trace): Iterable<string> => writeNdjsonParts(partsOf(trace));

/** The same for a trace that comes piece by piece. */
export function* writeNdjsonParts(trace: TraceParts): Iterable<string> {
  yield `{"schema":"sealtrace.events/1","clock":${JSON.stringify(trace.clock)},"originNs":${trace.originNs}}\n`;
  const { files, tasks, extras } = trace;
  const store = new Spill();
  let first = 0;
  try {
    const survey = trace.repeatable ? surveyed(trace.batches(), store) : null;
    const texts: Texts = { files: [], reused: reusedInodes(files), tasks: [], flags: new Map() };
    for (const columns of trace.batches()) {
      yield* lines({ columns, files, tasks, extras, first }, survey ?? surveyed([columns], store), texts);
      first += columns.rows;
    }
  } finally {
    store.close();
  }
}

/** What a line has to say depends on all others. */
interface Survey {
  /** How often each number of an operation occurs, as that or as the number of a hold. */
  readonly uses: PagedNumbers;
  readonly renames: boolean;
}

function* lines(trace: Piece, { uses, renames }: Survey, texts: Texts): Iterable<string> {
  const { columns, extras, first } = trace;
  for (let row = 0; row < columns.rows; row++) {
    const two = hasSecond(trace, row);
    name(trace, row, renames, texts);
    if (two) name(trace, row + 1, renames, texts);
    const opId = columns.opId[row]!;
    // An operation gets a number of its own when read; only one that is shared, or none, must be said.
    const own = opId !== 0 && uses.get(opId) === (two ? 2 : 1);
    const told = OBSERVED.has(columns.op[row]!) ? opId !== 0 : !own;
    const extra = extras.get(first + row);
    let line = `{"t":${columns.timeNs[row]},"op":"${OPS[columns.op[row]!]}"`;
    line += who(trace, row, texts) + fileOf(columns.file[row]!, texts) + range(trace, row) + details(trace, row, texts);
    if (two) line += second(trace, row, texts);
    if (told) line += `,"opId":${opId}`;
    yield extra === undefined ? `${line}}\n` : `${line},${extra.slice(1)}\n`;
    if (two) row++;
  }
}

/** Makes the texts that a row needs. */
function name({ columns, files, tasks }: Piece, row: number, renames: boolean, texts: Texts): void {
  const file = columns.file[row]!;
  const task = columns.task[row]!;
  if (file !== NONE) texts.files[file] ??= fileKeys(files.at(file)!, file, renames, texts);
  if (task !== NONE) texts.tasks[task] ??= taskKeys(tasks[task]!);
}

function surveyed(pieces: Iterable<EventColumns>, store: Spill): Survey {
  const uses = new PagedNumbers(store);
  let renames = false;
  for (const { op, opId, handle, rows } of pieces) {
    for (let i = 0; i < rows; i++) {
      if (opId[i] !== 0) uses.set(opId[i]!, uses.get(opId[i]!) + 1);
      if (handle[i] !== 0) uses.set(handle[i]!, uses.get(handle[i]!) + 1);
      if (op[i] === Op.rename) renames = true;
    }
  }
  return { uses, renames };
}

/** The next row is what the reader makes of `to`: another file of the same task, or of a fork another task. */
function hasSecond({ columns, extras, first }: Piece, row: number): boolean {
  const next = row + 1;
  const { op, flags, file, task, addr } = columns;
  const forks = op[row] === Op.fork;
  if (!(forks || TWO_FILES.has(op[row]!)) || next >= columns.rows || op[next] !== op[row] || extras.has(first + next))
    return false;
  if (flags[row]! & Flag.second || flags[next] !== secondFlags(op[row]!, flags[row]!)) return false;
  if (addr[next] !== UNKNOWN) return false;
  const alike = forks ? [file, columns.offset] : [task];
  if (forks ? task[next] === NONE : file[next] === NONE) return false;
  const { timeNs, length, handle, opId, result, latencyNs } = columns;
  return [...alike, timeNs, length, handle, opId, result, latencyNs].every((column) => column[next] === column[row]);
}

function second({ columns }: Piece, row: number, texts: Texts): string {
  if (columns.op[row] === Op.fork) return `,"to":{${texts.tasks[columns.task[row + 1]!]!.slice(1)}}`;
  const from = columns.offset[row]!;
  const to = columns.offset[row + 1]!;
  const keys = fileOf(columns.file[row + 1]!, texts) + (from === to ? '' : `,"off":${orNull(to)}`);
  return `,"to":{${keys.slice(1)}}`;
}

function who({ columns }: Piece, row: number, texts: Texts): string {
  const task = columns.task[row]!;
  if (task !== NONE) return texts.tasks[task]!;
  return OBSERVED.has(columns.op[row]!) ? '' : ',"pid":null';
}

function taskKeys({ pid, tid, name }: TaskInfo): string {
  return `,"pid":${pid}${tid === pid ? '' : `,"tid":${tid}`}${name === '' ? '' : `,"comm":${JSON.stringify(name)}`}`;
}

function fileOf(file: number, texts: Texts): string {
  return file === NONE ? '' : texts.files[file]!;
}

/** A rename moves paths, so a trace with one names files without an inode by number; and so are those that share an inode. */
function fileKeys({ device, inode, path }: FileInfo, id: number, renames: boolean, { reused }: Texts): string {
  const number = Number(inode);
  const plain = String(number) === inode && Number.isSafeInteger(number) && number >= 0;
  let text = device === '' ? '' : `,"dev":${JSON.stringify(device)}`;
  if (inode !== '') text += `,"ino":${plain ? inode : JSON.stringify(inode)}`;
  if (path !== '') text += `,"path":${JSON.stringify(path)}`;
  const numbered = inode === '' ? path === '' || renames : reused.has(`${device}/${inode}`);
  return numbered ? `${text},"file_id":${id}` : text;
}

function reusedInodes(files: Files): ReadonlySet<string> {
  const seen = new Set<string>();
  const reused = new Set<string>();
  for (const { device, inode } of files) {
    const key = `${device}/${inode}`;
    if (inode !== '' && seen.has(key)) reused.add(key);
    seen.add(key);
  }
  return reused;
}

function range(trace: Piece, row: number): string {
  const { op, file } = trace.columns;
  const offset = trace.columns.offset[row]!;
  const length = trace.columns.length[row]!;
  if (SIZED.has(op[row]!)) return `${offset === 0 ? '' : `,"off":${orNull(offset)}`},"size":${orNull(length)}`;
  if (isWhole(trace, row) || (file[row] === NONE && offset === UNKNOWN && length === UNKNOWN)) return '';
  return `,"off":${orNull(offset)},"len":${orNull(length)}`;
}

/** The reader takes a file without a range as the whole file. */
function isWhole({ columns }: Piece, row: number): boolean {
  const { op, flags, file, offset, length } = columns;
  const whole = (flags[row]! & Flag.whole) !== 0 && offset[row] === 0 && length[row] === UNKNOWN;
  return whole && file[row] !== NONE && !SIZED.has(op[row]!);
}

function details(trace: Piece, row: number, texts: Texts): string {
  const { columns } = trace;
  const addr = columns.addr[row]!;
  const handle = columns.handle[row]!;
  const result = columns.result[row]!;
  const latency = columns.latencyNs[row]!;
  let flags = columns.flags[row]!;
  if (isWhole(trace, row)) flags &= ~Flag.whole;
  const state = WITH_STATE.has(columns.op[row]!) ? STATE_NAMES.get(flags & STATE_BITS) : undefined;
  if (state !== undefined) flags &= ~STATE_BITS;
  let text = addr === UNKNOWN ? '' : `,"addr":${addr}`;
  if (state !== undefined) text += `,"state":"${state}"`;
  if (handle !== 0) text += `,"handle":${handle}`;
  // Left out, it would mean a hold without a name, which the reader gives one.
  else if (HOLDS.has(columns.op[row]!)) text += ',"handle":null';
  if (flags !== 0) text += flagWords(flags, texts.flags);
  if (result !== UNKNOWN_RESULT) text += `,"ret":${result < 0 ? `"-${errnoName(-result)}"` : result}`;
  return latency === UNKNOWN ? text : `${text},"ns":${latency}`;
}

function flagWords(flags: number, known: Map<number, string>): string {
  let text = known.get(flags);
  if (text === undefined) {
    text = `,"flags":${JSON.stringify(FLAGS.filter((name) => flags & Flag[name]))}`;
    known.set(flags, text);
  }
  return text;
}

const orNull = (value: number): number | null => (value === UNKNOWN ? null : value);
