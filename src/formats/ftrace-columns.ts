// The columns of an ftrace line that repeat from line to line: who acted, and the event's name. What was seen before is
// recognised by its bytes; only a new one is taken apart.
import { KnownBytes } from '../base/known-bytes.js';
import type { Words } from '../model/kernel.js';
import type { TraceSink } from '../model/trace.js';

const SPACE = 32;
const BRACKET = 91;
/** Beginnings and names are found by some of their bytes; a power of two, several times those of a recording. */
const SLOTS = 1024;
/** Lines at least so long are looked at by their first bytes, and by so many behind the place where a name may stand. */
export const SHORTEST_LINE = 36;
export const NAME_SLACK = 20;
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
    const actor = this.split(text.decode(b.subarray(from, bracket)), bracket - from);
    this.known[id] = actor;
    return actor;
  }

  private split(columns: string, length: number): Actor | null {
    const match = /^(?:\S+:\s{2,})?\s*(.*)-(\d+)\s*(?:\(\s*([\d-]+)\))?\s*$/s.exec(columns);
    if (match === null) return null;
    return {
      comm: this.words.text(match[1]!.trim()),
      tid: Number(match[2]),
      pid: match[3] !== undefined && /^\d+$/.test(match[3]) ? Number(match[3]) : -1,
      length,
    };
  }
}

/** A line up to its time: who, where, and the flags. */
export interface Beginning {
  readonly actor: Actor;
  readonly cpu: number;
  readonly bytes: KnownBytes;
}

/** Beginnings of lines as they were seen, the whole of them. */
export class Beginnings {
  private readonly slots: (Beginning | null)[] = new Array<null>(SLOTS).fill(null);
  private last: Beginning | null = null;

  // hot
  /** The beginning of the line at [from, to), which is SHORTEST_LINE long; null when it is a new one. */
  at(view: DataView, from: number, to: number): Beginning | null {
    const { last } = this;
    if (last !== null && from + last.bytes.length < to && last.bytes.isAt(view, from)) return last;
    const seen = this.slots[slotOf(view, from)]!;
    if (seen === null || from + seen.bytes.length >= to || !seen.bytes.isAt(view, from)) return null;
    this.last = seen;
    return seen;
  }

  learn(b: Buffer, view: DataView, from: number, to: number, actor: Actor, cpu: number): void {
    this.last = { actor, cpu, bytes: new KnownBytes(b.subarray(from, to)) };
    this.slots[slotOf(view, from)] = this.last;
  }
}

/** By the columns in which the end of the name, the thread, the CPU and the flags usually stand. */
function slotOf(view: DataView, from: number): number {
  const who = view.getInt32(from + 12, true) ^ Math.imul(view.getInt32(from + 16, true), 0x01000193);
  const where = view.getInt32(from + 20, true) ^ Math.imul(view.getInt32(from + 24, true), 0x2545f491);
  const hash = Math.imul(who ^ view.getInt32(from + 28, true), 0x2c1b3c6d) ^ where;
  return (hash ^ (hash >>> 10) ^ (hash >>> 20)) & (SLOTS - 1);
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

/** What a name means in a line of a shape. */
export interface EventName {
  /** Index into the catalogue's events, -1 for an event that is not known. */
  readonly code: number;
  /** Kind of record. */
  readonly kind: number;
  /** Does assembly read its fields? */
  readonly read: boolean;
}

/** A name with its colon and the spaces behind it. */
export interface SeenName {
  readonly event: EventName;
  readonly bytes: KnownBytes;
}

export class EventNames {
  private readonly sink: TraceSink;
  private readonly slots: (SeenName | null)[] = new Array<null>(SLOTS).fill(null);
  /** By the interned name times 4, plus the shape. */
  private readonly known: (EventName | undefined)[] = [];

  constructor(sink: TraceSink) {
    this.sink = sink;
  }

  // hot
  /** The name at `at`, if it was seen with as many spaces and something behind it; `view` must reach NAME_SLACK bytes beyond `to`. */
  at(view: DataView, at: number, to: number): SeenName | null {
    const slot = nameSlot(view, at);
    const first = this.slots[slot]!;
    if (first !== null && at + first.bytes.length < to && first.bytes.isAt(view, at)) return first;
    const second = this.slots[slot ^ 1]!;
    if (second === null || at + second.bytes.length >= to || !second.bytes.isAt(view, at)) return null;
    return second;
  }

  /** The line has the name of the event, a colon and spaces at [from, to). */
  learn(b: Buffer, view: DataView, from: number, to: number, event: EventName): void {
    const slot = nameSlot(view, from);
    // Two names may share a slot: then the second one moves aside.
    this.slots[slot ^ 1] = this.slots[slot]!;
    this.slots[slot] = { event, bytes: new KnownBytes(b.subarray(from, to)) };
  }

  /** `shape`: 0 `name:`, 1 `sys_name(`, 2 `sys_name ->`, 3 any other. */
  of(b: Buffer, from: number, to: number, shape: number): EventName {
    const key = this.sink.kernel.words.bytes(b, from, to) * 4 + shape;
    this.known[key] ??= this.lookUp(text.decode(b.subarray(from, to)), shape);
    return this.known[key];
  }

  private lookUp(printed: string, shape: number): EventName {
    let name = printed;
    if (shape === 1) name = name.replace(/^sys_/, 'sys_enter_');
    else if (shape === 2) name = name.replace(/^sys_/, 'sys_exit_');
    const { records, kernel } = this.sink;
    const code = kernel.catalogue.code(name);
    const kind = records.kindId(name, code >= 0);
    return { code, kind, read: code >= 0 && kernel.reads?.(code) !== false };
  }
}

/** Bytes behind a short name differ from line to line: it may stand in several slots. */
function nameSlot(view: DataView, at: number): number {
  const begin = view.getInt32(at + 4, true) ^ Math.imul(view.getInt32(at + 8, true), 0x01000193);
  const hash = Math.imul(begin, 0x2c1b3c6d) ^ Math.imul(view.getInt32(at + 12, true), 0x2545f491);
  return (hash ^ (hash >>> 10) ^ (hash >>> 20)) & (SLOTS - 1);
}
