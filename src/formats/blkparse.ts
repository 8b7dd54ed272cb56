// blkparse's default text: "maj,min cpu seq time pid action rwbs sector + sectors [name]", and its summary (blkparse(1)).
import { LineSplitter, LONGEST_LINE } from '../base/line-splitter.js';
import type { Format, TraceSink } from '../model/trace.js';
import { blockEvent, LONGEST_RECORD } from './block-lines.js';
import { BlockRequests } from './block-requests.js';
import { SequenceGaps } from './sequence-gaps.js';

const LINE = /^\s*(\d+),(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\.(\d{9})\s+(\d+)\s+([A-Za-z]{1,2})\s+([A-Z]+)(?:\s+(.*))?$/;
/** Words of a line that -f has put in another order: a letter for the action, and letters for the direction. */
const ACTION = /^(UT|[ABCDFGIMPQRSTUXm])$/;
const DIRECTION = /^(F?[RWDZ][FSAM]*|F?N|F)$/;
const LIKE_BLKPARSE = 3;
const NO_FORMAT =
  'run blkparse without -f (blkparse -i NAME), or give the NAME.blktrace.* files themselves; of -f, "%D %2c %8s %5T.%9t %5p %2a %3d %S + %n [%C]\\n" is read';
/** Lines of the header, of the summary, with -s of each program's (`dd (123)`, or with one of many `dd (123, ...)`), and of blktrace itself. */
const REMARKS =
  /^(#|(?:\^C)?CPU\d+ \(|Total|Throughput|Skips:|Input file|Device:|===|\s*$|\s+CPU\s*\d+:|\s+Total:|\s+(Reads?|Writes?|IO|Timer|Discards?|PC|Allocation|Dispatch|Completion|Depth)\b.*:|\S.{0,63} \(\d+(, ?\.\.\.)?\)\s*$)/;
const utf8 = new TextDecoder();

export const blkparse: Format = {
  name: 'blkparse',
  title: 'blkparse text in its default form',
  sniff(head) {
    const lines = utf8.decode(head).split('\n').slice(0, 60);
    return lines.some((line) => LINE.test(line.trimEnd()));
  },
  advice(head) {
    const lines = utf8.decode(head).split('\n').slice(0, 60);
    const like = lines.filter((line) => {
      const words = line.split(/[\s,;|=]+/);
      const action = words.findIndex((word) => ACTION.test(word));
      return action >= 0 && words.some((word, i) => i !== action && DIRECTION.test(word)) && /\d{9}/.test(line);
    });
    return like.length >= LIKE_BLKPARSE
      ? `it looks like what blkparse -f prints, in a form that is not told: ${NO_FORMAT}`
      : '';
  },
  async read(input, sink) {
    const reader = new LineReader(sink);
    const lines = new LineSplitter((line) => reader.line(line));
    let last = 0;
    for await (const chunk of input.chunks()) {
      lines.push(chunk);
      last = chunk.at(-1) ?? last;
    }
    reader.isCut = last !== 10;
    lines.end();
    return reader.finish();
  },
};

class LineReader {
  /** The line that comes is the last one and has no newline. */
  isCut = false;
  readonly #sink: TraceSink;
  readonly #requests = new BlockRequests();
  readonly #gaps: SequenceGaps;
  #line = 0;
  #records = 0;
  #entries = -1;
  #skips = -1;
  #damaged = false;
  #originNs: bigint | null = null;

  constructor(sink: TraceSink) {
    this.#sink = sink;
    this.#gaps = new SequenceGaps(sink);
    sink.source.clock = 'blktrace-relative';
  }

  line(bytes: Uint8Array | null): void {
    this.#line++;
    if (bytes === null) return this.#damage('line-too-long', `expected lines of at most ${LONGEST_LINE} bytes`);
    const text = utf8.decode(bytes);
    const match = text.length > LONGEST_RECORD ? null : LINE.exec(text);
    if (match === null || !this.#record(match)) this.#other(text, match !== null);
  }

  /** False when a line could not be used. */
  finish(): boolean {
    this.#requests.end();
    this.#gaps.finish(this.#skips !== 0);
    if (this.#entries >= 0 && this.#entries !== this.#records)
      this.#sink.issue(
        'entries-differ',
        this.#line,
        `expected the ${this.#entries} entries that blkparse counted, found ${this.#records}; lines were left out of the text`,
      );
    return !this.#damaged;
  }

  /** False: its end is not as blkparse prints it. */
  #record(match: RegExpExecArray): boolean {
    const [, major, minor, cpu, sequence, seconds, nanos, pid, letters, rwbs, rest = ''] = match;
    const device = Number(major) * 2 ** 20 + Number(minor);
    const parts = { device, cpu: Number(cpu), tid: Number(pid), letters: letters!, rwbs: rwbs!, rest };
    const event = blockEvent(this.#sink, this.#requests, parts, this.#time(seconds!, nanos!), this.#line);
    if (event === null) return false;
    this.#records++;
    this.#gaps.take(device, parts.cpu, Number(sequence), event.timeNs);
    this.#requests.take(event, this.#sink);
    return true;
  }

  #time(seconds: string, nanos: string): number {
    this.#originNs ??= this.#sink.origin(0n);
    return Number(BigInt(seconds) * 1_000_000_000n + BigInt(nanos) - this.#originNs);
  }

  /** `isRecord`: all but its end is as blkparse prints it. */
  #other(line: string, isRecord: boolean): void {
    const text = line.slice(0, LONGEST_RECORD);
    const entries = /^Events \(.*\): ([\d,]+) entries/.exec(text);
    const skips = /^Skips: ([\d,]+) forward/.exec(text);
    const dropped = /\(dropped (\d+)\)|^You have (\d+) .*dropped events/.exec(text);
    if (entries !== null) this.#entries = Math.max(0, this.#entries) + digits(entries[1]!);
    if (skips !== null) this.#skips = Math.max(0, this.#skips) + digits(skips[1]!);
    const count = Number(dropped?.[1] ?? dropped?.[2] ?? 0);
    if (count > 0) this.#sink.lost({ fromNs: 0, toNs: 0, cpu: -1, count });
    if (entries !== null || dropped !== null || REMARKS.test(text)) return;
    const shown = JSON.stringify(text.slice(0, 80));
    if (this.isCut)
      this.#damage(
        'truncated-line',
        `expected a whole record, found a line cut in the middle: ${shown}; everything before it was used`,
      );
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control bytes are what tells damage from an odd line
    else if (/[\u0000-\u0008\ufffd]/.test(text.slice(0, 80)))
      this.#damage(
        'unreadable-line',
        `expected "maj,min cpu seq time pid action rwbs ...", found bytes that are no text: ${shown}`,
      );
    else if (isRecord)
      this.#sink.issue(
        'unreadable-range',
        this.#line,
        `expected "sector + sectors [name]" behind the direction, found ${shown}; the line was skipped; ${NO_FORMAT}`,
      );
    else
      this.#sink.issue(
        'unreadable-line',
        this.#line,
        `expected "maj,min cpu seq time pid action rwbs ...", found ${shown}; the line was skipped`,
      );
  }

  #damage(code: string, text: string): void {
    this.#damaged = true;
    this.#sink.issue(code, this.#line, text);
  }
}

const digits = (text: string): number => Number(text.replaceAll(',', ''));
