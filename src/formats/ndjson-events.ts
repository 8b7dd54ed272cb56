// One event of the plain form: its keys, names and holds become rows. Identities live as long as the file is read.
import { type EventWriter, FLAGS, Flag, OBSERVED_OPS, OPS, Op, secondFlags } from '../model/events.js';
import type { TraceSink } from '../model/trace.js';
import { NONE, UNKNOWN, UNKNOWN_RESULT } from '../model/units.js';
import { Contradictions } from './ndjson-contradictions.js';
import { Fields, isInteger, type Json, shown } from './ndjson-fields.js';
import { Holds, isRelease } from './ndjson-holds.js';

const MOST = Number.MAX_SAFE_INTEGER;
const OP_CODES: ReadonlyMap<string, number> = new Map(OPS.map((name, code) => [name, code]));
const FLAG_BITS: ReadonlyMap<unknown, number> = new Map(FLAGS.map((name) => [name, Flag[name]]));
const OBSERVED = new Set(OBSERVED_OPS.map((name) => Op[name]));
/** Ops whose `size` stands in the length column. */
const SIZED = new Set([Op.truncate, Op.file]);
const TWO_FILES = new Set([Op.reflink, Op.dedupe, Op.exchange, Op.swapext, Op.rename]);
const STATES: ReadonlyMap<unknown, number> = new Map([
  ['written', 0],
  ['unwritten', Flag.unwritten],
  ['shared', Flag.reflinked],
  ['delalloc', Flag.delalloc],
]);
const KEYS = new Set('t op pid tid comm dev ino path file_id off len addr state handle flags ret ns opId'.split(' '));

type Row = Omit<
  EventWriter,
  'fileId' | 'taskId' | 'taskIs' | 'placeholder' | 'mergeFiles' | 'forgetInode' | 'forgetPath' | 'newId' | 'commit'
>;

type Range = Pick<Row, 'offset' | 'length' | 'flags'>;

export class EventReader {
  /** Time zero of the file, in the trace's time. */
  shift = 0;
  readonly #sink: TraceSink;
  readonly #contradictions: Contradictions;
  readonly #holds: Holds;
  /** Numbers that the file uses as identities -> ours. */
  readonly #ids = new Map<number, number>();
  readonly #files = new Map<number, number>();
  /** Paths that a rename moved: to another file, or (NONE) to nothing. */
  readonly #moved = new Map<string, number>();
  #line = 0;
  #reused = 1;

  constructor(sink: TraceSink) {
    this.#sink = sink;
    this.#contradictions = new Contradictions(sink);
    this.#holds = new Holds(sink);
  }

  /** Takes an event; returns what is wrong with it, '' for nothing. */
  take(fields: Fields, line: number): string {
    this.#line = line;
    const { json } = fields;
    const t = fields.integer('t', -MOST);
    if (t === undefined || t === null) fields.expect('t', 'an integer of nanoseconds');
    const timeNs = (t ?? 0) + this.shift;
    if (!Number.isSafeInteger(timeNs)) fields.expect('t', 'a time within 104 days of the first input');
    if (typeof json.op !== 'string' || json.op === '') fields.expect('op', 'the name of an operation');
    if (fields.fault !== '') return fields.fault;
    const name = String(json.op);
    const op = OP_CODES.get(name);
    const { records } = this.#sink;
    if (op !== undefined) {
      const task = this.#task(fields, op);
      const opId = this.#event(fields, op, timeNs, task);
      if (fields.fault !== '') return fields.fault;
      records.task = task;
      records.opId = opId;
    }
    records.timeNs = timeNs;
    records.kind = records.kindId(name, op !== undefined && op !== Op.generic);
    records.row = this.#line;
    records.commit();
    return '';
  }

  /** Names the holds that were used but never acquired. */
  end(): void {
    this.#holds.end();
  }

  /** Writes the row or rows of an event, or nothing where a key is wrong; returns its `opId`. */
  #event(fields: Fields, op: number, timeNs: number, task: number): number {
    const { events } = this.#sink;
    const file = this.#fileOfEvent(fields);
    const range = rangeOf(fields, op, file);
    const flags = this.#flags(fields) | fields.choice('state', STATES, 0) | range.flags;
    const addr = fields.amount('addr');
    const result = fields.result('ret');
    const latencyNs = fields.amount('ns');
    const second = TWO_FILES.has(op) ? this.#second(fields, range) : null;
    const child = op === Op.fork ? this.#child(fields) : NONE;
    const extra = fields.others((key) => isKnown(key, op));
    const number = fields.integer('opId');
    const opId = number === undefined || number === null ? -1 : this.#id(number);
    const failed = result !== UNKNOWN_RESULT && result < 0;
    const handle = this.#handle(fields, op, file, failed, fields.integer('pid') ?? 0);
    if (fields.fault !== '') return 0;

    const id = opId >= 0 ? opId : OBSERVED.has(op) ? 0 : events.newId();
    const { offset, length } = range;
    const name = fields.json.handle;
    const releases = isRelease(op);
    this.#contradictions.add({ line: this.#line, timeNs, op, file, offset, length, name, handle, releases, failed });
    const first: Row = {
      timeNs,
      op,
      flags,
      file,
      task,
      offset,
      length,
      addr,
      handle,
      opId: id,
      result,
      latencyNs,
      row: this.#line,
    };
    writeRow(events, first);
    if (extra !== '') this.#sink.extra(extra);
    if (second !== null) {
      const both = secondFlags(op, flags);
      writeRow(events, { ...first, flags: both, file: second.file, offset: second.offset, addr: UNKNOWN });
    }
    if (child !== NONE) writeRow(events, { ...first, flags: secondFlags(op, flags), task: child });
    const done = result === UNKNOWN_RESULT || result === 0;
    if (op === Op.rename && second !== null && done && (flags & Flag.over) === 0)
      this.#rename(fields.text('path'), file, second.path);
    if (op === Op.lost) this.#sink.lost({ fromNs: timeNs, toNs: timeNs, cpu: -1, count: 1 });
    return id;
  }

  /** Somebody acts in every operation: pid 0 when nobody is named. `pid: null` says that nobody is known. */
  #task(fields: Fields, op: number): number {
    const { json } = fields;
    const named = json.pid !== undefined || json.tid !== undefined || json.comm !== undefined;
    if (json.pid === null || (!named && OBSERVED.has(op))) return NONE;
    const pid = fields.pid('pid') ?? 0;
    const tid = fields.pid('tid') ?? pid;
    const name = fields.text('comm');
    return fields.fault === '' ? this.#sink.events.taskId(pid, tid, name) : NONE;
  }

  /** A line that names a hold and no file is about the file that is held. */
  #fileOfEvent(fields: Fields): number {
    const file = this.#file(fields);
    const { handle } = fields.json;
    return file === NONE && typeof handle === 'string' ? this.#holds.file(handle) : file;
  }

  #file(fields: Fields): number {
    const device = fields.word('dev');
    const inode = fields.word('ino');
    const path = fields.text('path');
    const number = fields.integer('file_id');
    if (fields.fault !== '') return NONE;
    const { events } = this.#sink;
    if (number !== undefined && number !== null) {
      const known = this.#files.get(number);
      if (known !== undefined) return known;
      // Several files had the inode's number, one after the other.
      if (inode !== '') events.forgetInode(device, inode);
      const id = events.fileId(device, inode, path);
      this.#files.set(number, id);
      return id;
    }
    if (inode === '') return path === '' ? NONE : this.#called(device, path);
    this.#moved.delete(path);
    return events.fileId(device, inode, path);
  }

  /** The file that a path means now. After a rename the old path is free: its next use is a new file. */
  #called(device: string, path: string): number {
    const moved = this.#moved.get(path);
    if (moved === undefined) return this.#sink.events.fileId(device, '', path);
    if (moved !== NONE) return moved;
    const id = this.#sink.events.fileId(device, '', `${path} (${++this.#reused})`);
    this.#moved.set(path, id);
    return id;
  }

  #rename(from: string, file: number, to: string): void {
    if (from !== '') this.#moved.set(from, NONE);
    if (to !== '') this.#moved.set(to, file);
  }

  /** The second file of an operation; its offset is the first one's unless `off` says otherwise. */
  #second(fields: Fields, range: Range): { file: number; offset: number; path: string } | null {
    const inner = innerOf(fields, '{"path":"/b","off":0}');
    if (inner === null) return null;
    const file = this.#file(inner);
    const off = inner.integer('off');
    if (file === NONE && inner.fault === '') inner.expect('path', 'the path of the second file');
    fields.fault ||= inner.fault;
    return { file, offset: off === undefined ? range.offset : (off ?? UNKNOWN), path: inner.text('path') };
  }

  /** The task that a fork makes; NONE where it is not told. */
  #child(fields: Fields): number {
    const inner = innerOf(fields, '{"pid":11,"tid":11}');
    if (inner === null) return NONE;
    const pid = inner.pid('pid');
    if (pid === undefined || pid === null) inner.expect('pid', 'the process of the one that is made');
    const tid = inner.pid('tid') ?? pid ?? 0;
    const name = inner.text('comm');
    fields.fault ||= inner.fault;
    return fields.fault === '' ? this.#sink.events.taskId(pid ?? 0, tid, name) : NONE;
  }

  #flags(fields: Fields): number {
    const list = fields.json.flags;
    if (list === undefined || list === null) return 0;
    if (!Array.isArray(list)) {
      fields.expect('flags', 'a list of words');
      return 0;
    }
    let flags = 0;
    for (const word of list) {
      const bit = FLAG_BITS.get(word);
      if (bit !== undefined) flags |= bit;
      else
        this.#sink.issue(
          'unknown-flag',
          this.#line,
          `expected flags of the events page, found ${shown(word)}; the word was left out`,
        );
    }
    return flags;
  }

  /** Our number for a number of the file; 0 stays 0. */
  #id(number: number): number {
    if (number === 0) return 0;
    const id = this.#ids.get(number) ?? this.#sink.events.newId();
    this.#ids.set(number, id);
    return id;
  }

  #handle(fields: Fields, op: number, file: number, failed: boolean, pid: number): number {
    const { handle } = fields.json;
    if (handle === undefined && !failed && fields.fault === '') return this.#holds.nameless(op, file, pid);
    if (handle === undefined || handle === null) return 0;
    if (isInteger(handle) && handle >= 0) return this.#id(handle);
    if (typeof handle !== 'string' || handle === '') fields.expect('handle', 'a name or a number');
    return fields.fault === '' ? this.#holds.named(String(handle), op, file, failed, this.#line) : 0;
  }
}

/** What `to` says; null where it is not there, or is no object. */
function innerOf(fields: Fields, example: string): Fields | null {
  const { to } = fields.json;
  if (to === undefined || to === null) return null;
  if (typeof to === 'object' && !Array.isArray(to)) return new Fields(to as Json, 'to.');
  fields.expect('to', `an object such as ${example}`);
  return null;
}

/** A size stands in the length column; both `off` and `len` missing means the whole file. */
function rangeOf(fields: Fields, op: number, file: number): Range {
  const off = fields.integer('off');
  const len = fields.integer('len');
  const offset = off === undefined ? 0 : (off ?? UNKNOWN);
  const sized = SIZED.has(op);
  const size = sized && fields.json.size !== undefined ? fields.integer('size') : len;
  if (op === Op.truncate && size === undefined) fields.expect('size', 'the new size in bytes');
  if (offset + (size ?? 0) > MOST) fields.expect('len', 'within 2^53 bytes');
  if (sized || off !== undefined || len !== undefined) return { offset, length: size ?? UNKNOWN, flags: 0 };
  return file === NONE
    ? { offset: UNKNOWN, length: UNKNOWN, flags: 0 }
    : { offset: 0, length: UNKNOWN, flags: Flag.whole };
}

function writeRow(events: EventWriter, row: Row): void {
  events.timeNs = row.timeNs;
  events.op = row.op;
  events.flags = row.flags;
  events.file = row.file;
  events.task = row.task;
  events.offset = row.offset;
  events.length = row.length;
  events.addr = row.addr;
  events.handle = row.handle;
  events.opId = row.opId;
  events.result = row.result;
  events.latencyNs = row.latencyNs;
  events.row = row.row;
  events.commit();
}

function isKnown(key: string, op: number): boolean {
  return KEYS.has(key) || (key === 'size' && SIZED.has(op)) || (key === 'to' && (op === Op.fork || TWO_FILES.has(op)));
}
