// Lines of a text format that are handed over one by one, and what is said of those that are no records.
import { LineSplitter, LONGEST_LINE } from '../base/line-splitter.js';
import type { Input, TraceSink } from '../model/trace.js';

/** What stands behind is data: names of a program, of a file. */
const MOST_TRIED = 4096;

export interface LineReader {
  /** `line` counts from 1. `cut`: the last line, without its newline; it may be a part of a record. */
  read(bytes: Uint8Array, line: number, cut: boolean): void;
}

/** Lines that a format could not use. `expected` says what a record looks like. */
export class BadLines {
  damaged = false;
  readonly #sink: TraceSink;
  readonly #expected: string;

  constructor(sink: TraceSink, expected: string) {
    this.#sink = sink;
    this.#expected = expected;
  }

  tooLong(line: number): void {
    this.damaged = true;
    this.#sink.issue(
      'line-too-long',
      line,
      `expected lines of at most ${LONGEST_LINE} bytes, found a longer one; it was skipped`,
    );
  }

  say(text: string, line: number, cut: boolean): void {
    const shown = text.slice(0, 80);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control bytes are what tells damage from an odd line
    const binary = /[\u0000-\u0008\ufffd]/.test(shown);
    if (cut || binary) this.damaged = true;
    if (cut)
      this.#sink.issue(
        'truncated-line',
        line,
        `expected a whole record, found a line cut in the middle: ${JSON.stringify(shown)}; everything before it was used`,
      );
    else if (binary)
      this.#sink.issue(
        'unreadable-line',
        line,
        `expected ${this.#expected}, found bytes that are no text: ${JSON.stringify(shown)}`,
      );
    else
      this.#sink.issue('unreadable-line', line, `expected ${this.#expected}, found "${shown}"; the line was skipped`);
  }
}

export async function readLines(input: Input, reader: LineReader, bad: BadLines): Promise<void> {
  let cut = false;
  let line = 0;
  const lines = new LineSplitter((bytes) => {
    line++;
    if (bytes === null) bad.tooLong(line);
    else reader.read(bytes, line, cut);
  });
  for await (const chunk of input.chunks()) lines.push(chunk);
  cut = true;
  lines.end();
}

/**
 * The first whole lines of a recording, as text, for recognising it; of each no more than tells what it is, as patterns that are
 * tried in every place of a line take long for one without end.
 */
export function firstLines(head: Uint8Array, most = 60): string[] {
  const lines = new TextDecoder().decode(head).split('\n').slice(0, most);
  return lines.map((line) => line.slice(0, MOST_TRIED));
}
