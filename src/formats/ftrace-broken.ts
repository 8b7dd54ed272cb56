// Names of files may hold line breaks, and ftrace's text prints them as they are: the record of such a name goes on in the next
// line, which by itself is no record. Read without its rest it would tell of another file.
import type { Slot } from '../model/kernel.js';
import type { TraceSink } from '../model/trace.js';
import type { Actors } from './ftrace-columns.js';
import { isRemark } from './ftrace-others.js';

const LF = 10;
const text = new TextDecoder();
/** Longer ones are no name (NAME_MAX is 255 bytes). */
const LONGEST_REST = 512;
export const MOST_EMPTY = 8;
export const isEmpty = (b: Buffer, from: number, lf: number): boolean =>
  lf === from || (lf === from + 1 && b[from] === 13);
/** Columns, or a part of them, as a record has them: what is left of one whose beginning is missing, or a task whose name is cut. */
const LIKE_RECORD = /^ {3}|\[\d{3,}\]|\d[.]\d{6,9}: |: \w+: /;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control bytes are what tells damage from a name
const DAMAGED = /[\u0000-\u0008\ufffd]/;

/** Of a name that `report -R` prints, before or behind it. */
const NAME_LENGTH = ' namelen=';

/** A record that may go on, and how far it is known. */
export interface HeldLine {
  readonly bytes: Buffer;
  readonly line: number;
}

export class BrokenNames {
  readonly #sink: TraceSink;
  readonly #actors: Actors;
  /** By the printed name of an event: has it a word that may be a name? */
  readonly #named = new Map<string, boolean>();

  /** Lines without anything stand between records, too. */
  apart = false;

  constructor(sink: TraceSink, actors: Actors) {
    this.#sink = sink;
    this.#actors = actors;
  }

  /** Does the line go on the record that is held? Bytes as no name has them are damage, unless the name is over before. */
  takes(held: Buffer, rest: string): boolean {
    return isOver(held, rest) || (!DAMAGED.test(rest) && this.holdsName(held, 0, held.length));
  }

  /** `empty`: lines without anything before this one. Where the line at `from` ends, if it is whole and no line of its own, but may be the rest of a name; else -1. */
  goesOn(b: Buffer, from: number, empty = 0): number {
    const end = b.indexOf(LF, from);
    // Where a chunk ends, more of the line may come.
    if (end < 0 || end - from > LONGEST_REST || this.#actors.of(b, from, end) !== null) return -1;
    // Empty lines stand at the ends of files and between them, too: they belong to a name that goes on behind them.
    if (isEmpty(b, from, end)) {
      if (empty === MOST_EMPTY) return -1;
      // Where records do not stand apart, an empty line before the next one is the end of a name.
      return this.goesOn(b, end + 1, empty + 1) >= 0 || (!this.apart && this.#isRecord(b, end + 1)) ? end : -1;
    }
    const rest = text.decode(b.subarray(from, end));
    return LIKE_RECORD.test(rest) || (isRemark(rest) && !rest.includes(NAME_LENGTH)) ? -1 : end;
  }

  #isRecord(b: Buffer, from: number): boolean {
    const end = b.indexOf(LF, from);
    return end > from && this.#actors.of(b, from, end) !== null;
  }

  /** Does the event of this record tell a name? */
  holdsName(b: Buffer, from: number, to: number): boolean {
    const name = /: +(\w+): /.exec(text.decode(b.subarray(from, to)))?.[1];
    if (name === undefined) return false;
    let known = this.#named.get(name);
    if (known === undefined) {
      const { catalogue } = this.#sink.kernel;
      const event = catalogue.events[catalogue.code(name)];
      known = event !== undefined && holdsName(event.slots);
      this.#named.set(name, known);
    }
    return known;
  }

  say(held: Buffer, line: number, rest: string): void {
    if (!isOver(held, rest)) sayNameGoesOn(this.#sink, line, rest);
  }
}

/**
 * `report -R` prints a name that no zero ends, as XFS has them, with what stood behind it before, up to the next zero. Beside it is
 * how long the name is, and no more of it is taken for it.
 */
function isOver(held: Buffer, rest: string): boolean {
  const before = text.decode(held);
  const at = before.lastIndexOf(' name=');
  return at >= 0 && !before.includes('=', at + 6) && (before.includes(NAME_LENGTH) || rest.includes(NAME_LENGTH));
}

export function sayNameGoesOn(sink: TraceSink, line: number, rest: string): void {
  sink.issue(
    'name-goes-on',
    line,
    `expected a record, found ${JSON.stringify(rest.slice(0, 80))} behind one that tells a name: it is taken as a part of that name, which holds a line break`,
  );
}

/** Fields that hold names of files. */
const NAMES = /name|path/;
export const holdsName = (slots: readonly Slot[]): boolean =>
  slots.some(({ type, field }) => (type === 's' || type === 'S') && NAMES.test(field));
