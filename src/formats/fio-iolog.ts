// fio's I/O log, versions 2 and 3 (fio(1), TRACE FILE FORMAT): `[time] file action [offset length]`.
// Version 3 stamps each line in microseconds (log_io_u in fio's iolog.c); version 2 tells time by `wait` lines only, which no fio
// writes: its manual and its own reader do not agree on what they say, and a reading is told.
import { LineSplitter, LONGEST_LINE } from '../base/line-splitter.js';
import { GUESSED } from '../model/issue.js';
import type { Format, TraceSink } from '../model/trace.js';
import { EventReader } from './ndjson-events.js';
import { Fields, shown } from './ndjson-fields.js';

const HEADER = /^fio version (\d+) iolog\s*$/;
/** Operations by action; a trim is a discard, which leaves a hole. */
const OPERATIONS: Readonly<Record<string, string>> = {
  open: 'open',
  close: 'close',
  read: 'read',
  write: 'write',
  sync: 'fsync',
  datasync: 'fsync',
  // Of the whole file system, so of the file too.
  syncfs: 'fsync',
  trim: 'punch',
};
/** Actions that are no operation on a file. */
const OTHERS: ReadonlySet<string> = new Set(['add', 'wait', 'sync_file_range']);
/** Names of files may hold blanks: jobs with a blank in theirs make such. */
const KNOWN = new RegExp(`^(.*\\S)\\s+(${[...Object.keys(OPERATIONS), ...OTHERS].join('|')})((?:\\s+\\d+)*)$`);
/** Of --write_lat_log, --write_bw_log and their kin: ms or ns, a value, read, write or trim, size, and with some options an offset and more. */
const MEASURED = /^\d+, \d+, [012], \d+(?:, (?:\d+|0x[\da-f]+))*$/;
const RANGED: ReadonlySet<string> = new Set(['read', 'write', 'trim']);
const NS_PER_US = 1000;
const utf8 = new TextDecoder();

export const fioIolog: Format = {
  name: 'fio-iolog',
  title: 'fio I/O log, versions 2 and 3',
  sniff: (head) => HEADER.test(utf8.decode(head).split('\n', 1)[0]!),
  advice: (head) => {
    const lines = utf8.decode(head).split('\n').slice(0, -1);
    return lines.length > 0 && lines.every((line) => MEASURED.test(line))
      ? "it looks like one of fio's logs of latencies, bandwidth or IOPS, which does not tell what was read and written; run it with --write_iolog=FILE and give FILE"
      : '';
  },
  async read(input, sink) {
    const reader = new LineReader(sink);
    const lines = new LineSplitter((line) => reader.line(line));
    for await (const chunk of input.chunks()) lines.push(chunk);
    lines.end();
    return reader.isIntact;
  },
};

class LineReader {
  isIntact = true;
  readonly #sink: TraceSink;
  readonly #events: EventReader;
  #line = 0;
  #version = 0;
  #timeNs = 0;

  constructor(sink: TraceSink) {
    this.#sink = sink;
    this.#events = new EventReader(sink);
    sink.source.clock = 'time since the start of the job';
    this.#events.shift = Number(0n - sink.origin(0n));
  }

  line(bytes: Uint8Array | null): void {
    this.#line++;
    const fault =
      bytes === null ? `lines of at most ${LONGEST_LINE} bytes, found a longer one` : this.#text(utf8.decode(bytes));
    if (fault === '') return;
    this.isIntact = false;
    this.#sink.issue('bad-line', this.#line, `expected ${fault}; the line was left out`);
  }

  /** Takes a line; returns what was expected and what was found, '' when it can be used. */
  #text(text: string): string {
    if (text.trim() === '') return '';
    const header = HEADER.exec(text);
    if (header !== null) return this.#header(Number(header[1]));
    const line = text.trim();
    if (this.#version !== 3) return this.#action(wordsOf(line), text);
    const stamp = /^\S+/.exec(line)![0];
    if (!/^\d{1,15}$/.test(stamp)) return `a time in us at the beginning, found ${shown(text)}`;
    this.#timeNs = Number(stamp) * NS_PER_US;
    return this.#action(wordsOf(line.slice(stamp.length).trim()), text);
  }

  /** Jobs that write one log write it one after the other, each with a header and with times from when it began. */
  #header(version: number): string {
    if (this.#version === 3)
      this.#sink.issue(
        `${GUESSED}jobs`,
        this.#line,
        'the log of another job begins, whose times count from when that job began: all are taken as begun together, which jobs behind a stonewall were not',
      );
    this.#version = version;
    return version === 2 || version === 3 ? '' : `version 2 or 3 of fio's log, found version ${version}`;
  }

  #action(words: readonly string[], text: string): string {
    const [path, action, ...numbers] = words;
    const expected = `"${this.#version === 3 ? 'TIME ' : ''}FILE ACTION [OFFSET LENGTH]", found ${shown(text)}`;
    if (path === undefined || action === undefined || !numbers.every((one) => /^\d{1,20}$/.test(one))) return expected;
    const [off, len] = numbers.map(Number);
    const op = OPERATIONS[action];
    if (RANGED.has(action) && len === undefined) return expected;
    if (op === undefined) return this.#other(action, off, expected);
    const range = RANGED.has(action) ? { off, len } : {};
    const fault = this.#events.take(new Fields({ t: this.#timeNs, op, comm: 'fio', path, ...range }), this.#line);
    return fault.replace(/^expected /, '');
  }

  /** A wait lasts from the wait before it, as the manual has it; `add` names a file that is there. */
  #other(action: string, waitUs: number | undefined, expected: string): string {
    if (action === 'wait' && waitUs === undefined) return expected;
    if (action === 'wait') {
      if (waitUs! > 0)
        this.#sink.issue(
          `${GUESSED}waits`,
          this.#line,
          'wait lines are read as fio(1) describes them, in us from the wait before; fio 3.33 itself takes them for ms from its start',
        );
      this.#timeNs += waitUs! * NS_PER_US;
    }
    const isKnown = OTHERS.has(action);
    if (!isKnown)
      this.#sink.issue(
        'unknown-action',
        this.#line,
        `expected an action of fio's log, found ${shown(action)}; it is counted as generic`,
      );
    const { records } = this.#sink;
    records.timeNs = this.#timeNs + this.#events.shift;
    records.kind = records.kindId(action, isKnown);
    records.row = this.#line;
    records.commit();
    return '';
  }
}

/** The file, the action and its numbers. */
function wordsOf(line: string): readonly string[] {
  const known = KNOWN.exec(line);
  if (known === null) return line.split(/\s+/);
  return [known[1]!, known[2]!, ...known[3]!.trim().split(/\s+/)].filter((word) => word !== '');
}
