// The lines of ftrace's text on their way to the parser: many at a time where they are whole records, with those they go on in
// where a name holds a line break.
import type { TraceSink } from '../model/trace.js';
import { BrokenNames, type HeldLine, isEmpty, MOST_EMPTY } from './ftrace-broken.js';
import { RecordParser } from './ftrace-records.js';

const text = new TextDecoder();

/** Fewer bytes are not worth the way to the scanner. */
const FEW = 2048;
/** No record with a name or two is nearly as long. */
const LONGEST_HELD = 4096;
const LF = 10;
const NEWLINE = Uint8Array.of(LF);

/** Without the carriage return of a line that has one. */
const endOf = (b: Buffer, from: number, lf: number): number => (lf > from && b[lf - 1] === 13 ? lf - 1 : lf);

/** Nothing but a few lines without anything: what comes next says whether they are the end of a name. */
function onlyEmpty(b: Buffer, start: number): boolean {
  let from = start;
  for (let count = 0; from < b.length && count < MOST_EMPTY; count++) {
    const end = b.indexOf(LF, from);
    if (end < 0) return count > 0;
    if (!isEmpty(b, from, end)) return false;
    from = end + 1;
  }
  return from === b.length;
}

export class LineParser {
  private readonly parser: RecordParser;
  private readonly broken: BrokenNames;
  /** The last line so far, or a record that goes on: what comes next may belong to it. */
  private held: HeldLine | null = null;

  constructor(sink: TraceSink) {
    this.parser = new RecordParser(sink);
    this.broken = new BrokenNames(sink, this.parser.actors);
  }

  /** Parses all whole lines from a place on; returns the place behind the last. The last of all is held: it may go on. */
  lines(b: Buffer, start: number): number {
    const { parser } = this;
    const last = b.lastIndexOf(LF);
    if (last < start) return start;
    const held = last === 0 ? 0 : b.lastIndexOf(LF, last - 1) + 1;
    let from = this.resume(b, start);
    if (this.held !== null) return from;
    if (isEmpty(b, held, last)) return this.emptyEnd(b, from, held);
    if (from < held) from = this.oneOrMany(b, from, held);
    if (from > last) return from;
    parser.line++;
    this.held = { bytes: Buffer.from(b.subarray(from, endOf(b, from, last))), line: parser.line };
    return last + 1;
  }

  /** The last line has nothing in it: what comes next says whose it is. It stays, with the record before it. */
  private emptyEnd(b: Buffer, start: number, empty: number): number {
    let held = empty;
    let count = 0;
    while (held > start && isEmpty(b, held, b.indexOf(LF, held)) && count++ < MOST_EMPTY)
      held = b.lastIndexOf(LF, held - 2) + 1;
    const from = start < held ? this.oneOrMany(b, start, held) : start;
    return count <= MOST_EMPTY ? from : this.oneByOne(b, from, b.length);
  }

  private oneOrMany(b: Buffer, from: number, to: number): number {
    return b.length < FEW ? this.oneByOne(b, from, to) : this.many(b, from, to);
  }

  /** The lines before `held`, and those behind it that a name of theirs goes on in. */
  private many(b: Buffer, start: number, held: number): number {
    const { parser } = this;
    const { scanner } = parser;
    scanner.load(b);
    let from = start;
    while (from < held) {
      if (parser.ready()) {
        const rows = scanner.scan(from, held);
        const { reached } = scanner;
        if (rows > 0 && this.broken.goesOn(b, reached) >= 0) {
          parser.rows(b, rows - 1);
          from = b.lastIndexOf(LF, reached - 2) + 1;
        } else {
          parser.rows(b, rows);
          from = reached;
          if (rows === scanner.rows || from >= held) continue;
        }
      }
      from = this.one(b, from, true);
    }
    return from;
  }

  private oneByOne(b: Buffer, start: number, held: number): number {
    let from = start;
    while (from < held) from = this.one(b, from, false);
    return from;
  }

  /** One record and all of its lines; returns the place behind it. */
  private one(b: Buffer, from: number, learns: boolean): number {
    const { parser } = this;
    const end = b.indexOf(LF, from);
    const to = endOf(b, from, end);
    parser.line++;
    if (from === to) this.broken.apart = true;
    if (this.broken.goesOn(b, end + 1) < 0) parser.parse(b, from, to, learns, false);
    else {
      this.held = { bytes: Buffer.from(b.subarray(from, to)), line: parser.line };
      return this.resume(b, end + 1);
    }
    return end + 1;
  }

  /** What is held goes on in the lines from here on, or is whole; returns the place behind what belongs to it. */
  private resume(b: Buffer, start: number): number {
    const { parser } = this;
    let from = start;
    while (this.held !== null) {
      const { bytes, line } = this.held;
      const end = this.broken.goesOn(b, from);
      const isWhole = b.indexOf(LF, from) >= 0;
      const rest = end < 0 ? '' : text.decode(b.subarray(from, end));
      if (end >= 0 && bytes.length < LONGEST_HELD && this.broken.takes(bytes, rest)) {
        parser.line++;
        this.broken.say(bytes, parser.line, rest);
        this.held = { bytes: Buffer.concat([bytes, NEWLINE, b.subarray(from, endOf(b, from, end))]), line };
        from = end + 1;
      } else if (isWhole && !onlyEmpty(b, from)) this.release();
      else return from;
    }
    return from;
  }

  /** What is held is whole. */
  private release(): void {
    const { parser } = this;
    if (this.held === null) return;
    const { bytes, line } = this.held;
    const { line: reached } = parser;
    this.held = null;
    parser.line = line;
    parser.parse(bytes, 0, bytes.length, false, false);
    parser.line = reached;
  }

  /** A last line without its newline: a recording that was cut, unless the line is complete. */
  last(b: Buffer): void {
    const { parser } = this;
    const from = b.lastIndexOf(LF) + 1;
    this.oneByOne(b, this.resume(b, 0), from);
    this.release();
    if (from === b.length) return;
    parser.line++;
    parser.parse(b, from, b.length, false, true);
  }

  tooLong(): void {
    const { parser } = this;
    this.release();
    parser.bad.tooLong(++parser.line);
  }

  finish(): boolean {
    const { parser } = this;
    this.release();
    parser.finish();
    return !parser.bad.damaged;
  }
}
