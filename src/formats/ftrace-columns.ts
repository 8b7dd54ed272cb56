// The columns of an ftrace line that repeat from line to line: who acted, and the event's name. What was seen before is
// recognised by its bytes; only a new one is taken apart.
import type { Words } from '../model/kernel.js';
import type { TraceSink } from '../model/trace.js';
import { RecordKind } from './call-records.js';

const SPACE = 32;
const BRACKET = 91;
/** A name is printed in so many bytes, whatever its length. */
const NAME_WIDTH = 16;
const text = new TextDecoder();

/** Who acted, as the line's first columns say. */
export interface Actor {
  readonly comm: number;
  readonly tid: number;
  readonly pid: number;
  /** Bytes of the columns, up to the bracket of the CPU. */
  readonly length: number;
}

export class Actors {
  private readonly words: Words;
  /** By the interned id of the columns; null: they are no actor. */
  private readonly known: (Actor | null | undefined)[] = [];

  constructor(words: Words) {
    this.words = words;
  }

  /** The actor of a line; null when the line does not begin like a record. */
  of(b: Buffer, from: number, to: number): Actor | null {
    let bracket = b.indexOf(BRACKET, from);
    while (bracket >= 0 && bracket < to && !isCpu(b, bracket, from, to)) bracket = b.indexOf(BRACKET, bracket + 1);
    if (bracket < 0 || bracket >= to) return null;
    const id = this.words.bytes(b, from, bracket);
    const known = this.known[id];
    if (known !== undefined) return known;
    const actor = this.split(b.subarray(from, bracket));
    this.known[id] = actor;
    return actor;
  }

  private split(columns: Buffer): Actor | null {
    const match = /-(\d+)\s*(?:\(\s*([\d-]+)\))?$/.exec(columns.toString('latin1').trimEnd());
    if (match === null) return null;
    return {
      comm: this.words.text(nameOf(columns.subarray(0, match.index))),
      tid: Number(match[1]),
      pid: match[2] !== undefined && /^\d+$/.test(match[2]) ? Number(match[2]) : -1,
      length: columns.length,
    };
  }
}

/** The task's name, without those of a file and an instance that trace-cmd prints before it: `run.dat: inst:        dd`. */
function nameOf(columns: Buffer): string {
  const at = columns.length - NAME_WIDTH;
  if (columns.subarray(0, Math.max(at, 0)).toString('latin1').endsWith(': '))
    return text.decode(columns.subarray(at)).trim();
  return text
    .decode(columns)
    .replace(/^\S+:\s{2,}/, '')
    .trim();
}

/** `[001]` behind `comm-pid `; a name may itself hold brackets. */
function isCpu(b: Buffer, bracket: number, from: number, to: number): boolean {
  let i = bracket + 1;
  while (i < to && b[i]! >= 48 && b[i]! <= 57) i++;
  if (i - bracket < 4 || b[i] !== 93 || bracket === from || b[bracket - 1] !== SPACE) return false;
  let k = bracket - 1;
  while (k > from && b[k] === SPACE) k--;
  return b[k] === 41 || (b[k]! >= 48 && b[k]! <= 57);
}

/** Shape of a probe's name. */
export const PROBE = 4;

/** What a name means in a line of a shape. */
export class EventName extends RecordKind {
  /** Among the names of a recording. */
  readonly number: number;
  /** Does assembly read its fields? */
  readonly read: boolean;

  constructor(sink: TraceSink, name: string, code: number, number: number) {
    super(sink, name, code);
    this.number = number;
    this.read = code >= 0 && sink.kernel.reads?.(code) !== false;
  }
}

export class EventNames {
  private readonly sink: TraceSink;
  /** By their number. */
  readonly all: EventName[] = [];
  /** By the interned name times 8, plus the shape. */
  private readonly known: (EventName | undefined)[] = [];

  constructor(sink: TraceSink) {
    this.sink = sink;
  }

  /** `shape`: 0 `name:`, 1 `sys_name(`, 2 `sys_name ->`, 3 any other, 4 `name:` of a probe. */
  of(b: Buffer, from: number, to: number, shape: number): EventName {
    const key = this.sink.kernel.words.bytes(b, from, to) * 8 + shape;
    this.known[key] ??= this.lookUp(text.decode(b.subarray(from, to)), shape);
    return this.known[key];
  }

  /** Only calls have no colon; the function tracer's functions have none either (`xfs_create <-vfs_create`), and names of events. */
  private lookUp(printed: string, shape: number): EventName {
    const isCall = shape > 0 && shape < 3 && printed.startsWith('sys_');
    const name = isCall ? printed.replace('sys_', shape === 1 ? 'sys_enter_' : 'sys_exit_') : printed;
    const isEvent = isCall || shape === 0 || shape === PROBE;
    const code = isEvent ? this.sink.kernel.catalogue.code(name, '', shape === PROBE) : -1;
    const event = new EventName(this.sink, name, code, this.all.length);
    this.all.push(event);
    return event;
  }
}
