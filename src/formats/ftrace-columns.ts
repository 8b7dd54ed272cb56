// The columns of an ftrace line that repeat from line to line: who acted, and the event's name. What was seen lately is
// recognised by its bytes; only a new one is taken apart.
import type { Words } from '../model/kernel.js';
import type { TraceSink } from '../model/trace.js';

const SPACE = 32;
const BRACKET = 91;
/** Threads that take turns at a time: a few per CPU. */
const LATELY = 8;
/** Names are found by length and three of their bytes; a power of two, several times the events of a recording. */
const SLOTS = 1024;
const text = new TextDecoder();

/** Who acted, as the line's first columns say. */
export interface Actor {
  readonly comm: number;
  readonly tid: number;
  readonly pid: number;
  /** The columns, up to the bracket of the CPU. */
  readonly raw: Uint8Array;
  readonly length: number;
}

export class Actors {
  private readonly words: Words;
  /** By the interned id of the columns; null: they are no actor. */
  private readonly known: (Actor | null | undefined)[] = [];
  private readonly lately: Actor[] = [];
  private turn = 0;

  constructor(words: Words) {
    this.words = words;
  }

  /** The actor of a line; null when the line does not begin like a record. */
  of(b: Buffer, from: number, to: number): Actor | null {
    const { lately } = this;
    for (let i = 0; i < lately.length; i++) {
      const actor = lately[i]!;
      if (!begins(b, from, to, actor)) continue;
      // One place forward: whoever acts often is found first.
      if (i > 0) {
        lately[i] = lately[i - 1]!;
        lately[i - 1] = actor;
      }
      return actor;
    }
    let bracket = b.indexOf(BRACKET, from);
    while (bracket > 0 && bracket < to && !isCpu(b, bracket, from, to)) bracket = b.indexOf(BRACKET, bracket + 1);
    if (bracket < 0 || bracket >= to) return null;
    const actor = this.split(b, from, bracket);
    // In turn: two newcomers that alternate must not drive each other out.
    if (actor !== null) lately[this.turn++ % LATELY] = actor;
    return actor;
  }

  private split(b: Buffer, from: number, to: number): Actor | null {
    const id = this.words.bytes(b, from, to);
    const known = this.known[id];
    if (known !== undefined) return known;
    const raw = Uint8Array.from(b.subarray(from, to));
    const match = /^(?:\S+:\s{2,})?\s*(.*)-(\d+)\s*(?:\(\s*([\d-]+)\))?\s*$/s.exec(text.decode(raw));
    const actor =
      match === null
        ? null
        : {
            comm: this.words.text(match[1]!.trim()),
            tid: Number(match[2]),
            pid: match[3] !== undefined && /^\d+$/.test(match[3]) ? Number(match[3]) : -1,
            raw,
            length: raw.length,
          };
    this.known[id] = actor;
    return actor;
  }
}

/** Does the line begin with these columns and a CPU? Pids differ at the end, so that is looked at first. */
function begins(b: Buffer, from: number, to: number, { raw, length }: Actor): boolean {
  let at = from + length;
  if (at >= to || b[at] !== BRACKET) return false;
  for (let i = length - 1; i >= 0; i--) if (raw[i] !== b[from + i]) return false;
  const first = ++at;
  while (at < to && b[at]! >= 48 && b[at]! <= 57) at++;
  return at - first >= 3 && b[at] === 93;
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
  readonly raw: Uint8Array;
  readonly shape: number;
}

export class EventNames {
  private readonly sink: TraceSink;
  private readonly slots: (EventName | null)[] = new Array<null>(SLOTS).fill(null);
  /** By the interned name times 4, plus the shape. */
  private readonly known: (EventName | undefined)[] = [];

  constructor(sink: TraceSink) {
    this.sink = sink;
  }

  /** `shape`: 0 `name:`, 1 `sys_name(`, 2 `sys_name ->`, 3 any other. */
  of(b: Buffer, from: number, to: number, shape: number): EventName {
    const length = to - from;
    const slot = (length * 4 + shape + b[from + (length >> 1)]! * 33 + b[to - 1]! * 5 + b[to - 4]! * 129) & (SLOTS - 1);
    const seen = this.slots[slot];
    if (seen != null && seen.shape === shape && same(seen.raw, b, from, length)) return seen;
    const key = this.sink.kernel.words.bytes(b, from, to) * 4 + shape;
    this.known[key] ??= this.lookUp(Uint8Array.from(b.subarray(from, to)), shape);
    this.slots[slot] = this.known[key];
    return this.known[key];
  }

  private lookUp(raw: Uint8Array, shape: number): EventName {
    let name = text.decode(raw);
    if (shape === 1) name = name.replace(/^sys_/, 'sys_enter_');
    else if (shape === 2) name = name.replace(/^sys_/, 'sys_exit_');
    const { records, kernel } = this.sink;
    const code = kernel.catalogue.code(name);
    const kind = records.kindId(name, code >= 0);
    return { code, kind, read: code >= 0 && kernel.reads?.(code) !== false, raw, shape };
  }
}

function same(raw: Uint8Array, b: Buffer, from: number, length: number): boolean {
  if (raw.length !== length) return false;
  for (let i = 0; i < length; i++) if (raw[i] !== b[from + i]) return false;
  return true;
}
