// Tables as text: comma, tab, semicolon, bar or blanks between the cells (RFC 4180 without line breaks in a cell), with a header,
// in the form of a known archive, or as `--map` says.
import { LineSplitter, LONGEST_LINE } from '../base/line-splitter.js';
import type { Format, MappedColumn, TraceSink } from '../model/trace.js';
import { TableReader } from './table.js';
import { guessLayout, type Layout, mappedLayout, presetLayout, presetOf } from './table-columns.js';

const DELIMITERS = [',', '\t', ';', '|'];
const utf8 = new TextDecoder();
const NAME = /^[\p{L}_#][\p{L}\d_ .:()[\]/%µ-]*$/u;

export const csv: Format = {
  name: 'csv',
  title: 'tables as CSV or TSV: with a header, --map, or of a block-trace archive (MSR, Alibaba, Tencent, FIU ...)',
  sniff(head) {
    const lines = utf8.decode(head).split('\n');
    // The last line may be cut.
    const whole = lines.slice(0, Math.max(1, lines.length - 1)).map((line) => line.replace(/\r$/, ''));
    return tableIn(whole.filter((line) => !isBlank(line)).slice(0, 3), []) !== null;
  },
  async read(input, sink, options) {
    const reader = new LineReader(sink, options?.columns ?? []);
    const lines = new LineSplitter((line) => reader.line(line));
    for await (const chunk of input.chunks()) lines.push(chunk);
    lines.end();
    return reader.finish();
  },
};

interface Table {
  readonly layout: Layout;
  readonly delimiter: string;
  readonly hasHeader: boolean;
}

/** How the table is to be read, by its first lines; null when they do not tell. */
function tableIn(lines: readonly string[], mapped: readonly MappedColumn[]): Table | null {
  const [first, second = ''] = lines;
  if (first === undefined) return null;
  const preset = mapped.length === 0 ? presetOf(lines) : null;
  if (preset !== null)
    return { layout: presetLayout(preset), delimiter: preset.delimiter, hasHeader: preset.header !== undefined };
  const delimiter = delimiterOf(first);
  const names = cellsOf(first, delimiter).map((cell) => cell.trim());
  const isHeader = names.length > 1 && names.every((name) => NAME.test(name)) && new Set(names).size === names.length;
  const sample = cellsOf(isHeader ? second : first, delimiter);
  if (mapped.length > 0)
    return { layout: mappedLayout(mapped, isHeader ? names : [], sample), delimiter, hasHeader: isHeader };
  // Columns set apart by blanks only are too much like any other text.
  const layout = isHeader && delimiter !== ' ' ? guessLayout(names, sample) : null;
  return layout === null ? null : { layout, delimiter, hasHeader: true };
}

function delimiterOf(line: string): string {
  const counts = DELIMITERS.map((one) => line.split(one).length);
  const most = Math.max(...counts);
  return most > 1 ? DELIMITERS[counts.indexOf(most)]! : ' ';
}

const isBlank = (line: string): boolean => line.trim() === '' || line.startsWith('#');

function cellsOf(line: string, delimiter: string): readonly string[] {
  if (delimiter === ' ') return line.trim().split(/\s+/);
  return line.includes('"') ? quotedCells(line, delimiter) : line.split(delimiter);
}

/** A quote is written twice inside quotes. */
function quotedCells(line: string, delimiter: string): string[] {
  const cells: string[] = [];
  let cell = '';
  let isQuoted = false;
  for (let i = 0; i < line.length; i++) {
    const char = line[i]!;
    if (isQuoted && char === '"' && line[i + 1] === '"') {
      cell += char;
      i++;
    } else if (char === '"') isQuoted = !isQuoted;
    else if (char === delimiter && !isQuoted) {
      cells.push(cell);
      cell = '';
    } else cell += char;
  }
  cells.push(cell);
  return cells;
}

class LineReader {
  readonly #sink: TraceSink;
  readonly #mapped: readonly MappedColumn[];
  #line = 0;
  /** The first line, kept until the second one has shown what it is. */
  #held: { readonly text: string; readonly line: number } | null = null;
  #table: Table | null = null;
  #rows: TableReader | null = null;
  #isUnknown = false;
  #damaged = false;

  constructor(sink: TraceSink, mapped: readonly MappedColumn[]) {
    this.#sink = sink;
    this.#mapped = mapped;
  }

  line(bytes: Uint8Array | null): void {
    this.#line++;
    if (this.#isUnknown) return;
    if (bytes === null)
      return this.#damage(
        'line-too-long',
        `expected lines of at most ${LONGEST_LINE} bytes, found a longer one; it was left out`,
      );
    const text = utf8.decode(bytes);
    if (isBlank(text)) return;
    if (this.#rows !== null) this.#row(text, this.#line);
    else if (this.#held === null) this.#held = { text: text.replace(/^\ufeff/, ''), line: this.#line };
    else this.#begin(text);
  }

  /** False when a row could not be used. */
  finish(): boolean {
    if (this.#rows === null && this.#held !== null) this.#begin(undefined);
    return !this.#damaged && this.#rows?.isIntact !== false;
  }

  #begin(second: string | undefined): void {
    const { text, line } = this.#held!;
    this.#table = tableIn(second === undefined ? [text] : [text, second], this.#mapped);
    if (this.#table === null) {
      this.#isUnknown = true;
      return this.#damage(
        'unknown-columns',
        `expected a header with columns for time, operation and offset or path, found ${JSON.stringify(text.slice(0, 80))}; name them with --map time=COLUMN,op=COLUMN,off=COLUMN,len=COLUMN`,
      );
    }
    this.#rows = new TableReader(this.#sink, this.#table.layout, line);
    if (!this.#table.hasHeader) this.#row(text, line);
    if (second !== undefined) this.#row(second, this.#line);
  }

  #row(text: string, line: number): void {
    this.#rows!.row(cellsOf(text, this.#table!.delimiter), line);
  }

  #damage(code: string, text: string): void {
    this.#damaged = true;
    this.#sink.issue(code, this.#line, text);
  }
}
