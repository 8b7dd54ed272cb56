// Tables as text: comma, tab, semicolon, bar or blanks between the cells (RFC 4180), with a header, in the form of a known
// archive, or as `--map` says.
import { unixLines } from '../base/line-ends.js';
import { LineSplitter, LONGEST_LINE } from '../base/line-splitter.js';
import { GUESSED } from '../model/issue.js';
import type { Format, MappedColumn, TraceSink } from '../model/trace.js';
import { cellsOf, JoinedLines, type TextLine } from './csv-cells.js';
import { TableReader } from './table.js';
import { guessLayout, type Layout, mappedLayout, presetLayout, presetOf } from './table-columns.js';
import { tableText } from './table-text.js';

/** Lines by which a table shows itself. */
const MOST_LOOKED_AT = 10;
const DELIMITERS = [',', '\t', ';', '|'];
/** A byte order mark is left out. */
const utf8 = new TextDecoder();
const TIMES: ReadonlySet<string> = new Set(['time', 'ns']);
const NAME = /^[\p{L}_#][\p{L}\d_ .:()[\]/%µ-]*$/u;

export const csv: Format = {
  name: 'csv',
  title: 'tables as CSV or TSV: with a header, --map, or of a block-trace archive (MSR, Alibaba, Tencent, FIU ...)',
  sniff(head) {
    return tableIn(firstLines(head).slice(0, 3), []) !== null;
  },
  /** Cells set apart by something other than blanks, as many in each line: prose and JSON have no such lines. */
  sniffMapped(head) {
    const lines = firstLines(head).slice(0, MOST_LOOKED_AT);
    const [first = ''] = lines;
    const delimiter = delimiterOf(first);
    const rows = lines.map((line) => cellsOf(line, delimiter));
    // A cell may go on in the next line.
    const whole = rows.slice(0, rows.findIndex(({ isOpen }) => isOpen) >>> 0);
    const [{ cells } = { cells: [] }] = whole;
    return delimiter !== ' ' && !/^\s*[[{]/.test(first) && whole.every((row) => row.cells.length === cells.length);
  },
  advice(head) {
    const [first = '', second = ''] = utf8.decode(head).split(/\r?\n|\r/);
    const delimiter = delimiterOf(first);
    const names = cellsOf(first, delimiter).cells.map((cell) => cell.trim());
    const { cells } = cellsOf(second, delimiter);
    const numbers = cells.filter((cell) => /^\s*-?\d/.test(cell)).length;
    const isTable = names.length > 2 && names.every((name) => NAME.test(name)) && cells.length === names.length;
    return isTable && delimiter !== ' ' && numbers > 1
      ? 'it may be a table whose columns have other names: say what they are with --map time=COLUMN:UNIT,op=COLUMN,off=COLUMN:UNIT,len=COLUMN:UNIT'
      : '';
  },
  async read(input, sink, options) {
    const reader = new LineReader(sink, options?.columns ?? []);
    const lines = new LineSplitter((line) => reader.line(line));
    for await (const chunk of unixLines(input.chunks())) lines.push(chunk);
    lines.end();
    return reader.finish();
  },
};

/** Those with anything in them; the last one may be cut. */
function firstLines(head: Uint8Array): readonly string[] {
  const lines = utf8.decode(head).split(/\r?\n|\r/);
  return lines.slice(0, Math.max(1, lines.length - 1)).filter((line) => !isBlank(line));
}

interface Table {
  readonly layout: Layout;
  readonly delimiter: string;
  readonly hasHeader: boolean;
}

/** How the table is to be read, by its first lines; null when they do not tell. */
function tableIn(lines: readonly string[], mapped: readonly MappedColumn[]): Table | null {
  const [first, second = ''] = lines;
  if (first === undefined) return null;
  const found = mapped.length === 0 ? presetOf(lines) : null;
  if (found !== null)
    return { layout: presetLayout(found.preset), delimiter: found.preset.delimiter, hasHeader: found.hasHeader };
  const delimiter = delimiterOf(first);
  const names = cellsOf(first, delimiter).cells.map((cell) => cell.trim().replace(/\s+/g, ' '));
  // pandas and R give no name to the column of row numbers; some end each line with a delimiter.
  const named = names.filter((name) => name !== '');
  const isHeader = named.length > 1 && named.every((name) => NAME.test(name)) && new Set(named).size === named.length;
  const { cells } = cellsOf(isHeader ? second : first, delimiter);
  const sample = cells.map((cell) => withPoint(cell, delimiter) ?? cell);
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

/** Excel writes the delimiter into a first line of its own. */
const isBlank = (line: string): boolean => line.trim() === '' || line.startsWith('#') || /^sep=.$/i.test(line);

/** A number with a decimal comma, as programs write it in many countries, where the comma sets no cells apart; else null. */
function withPoint(cell: string, delimiter: string): string | null {
  return delimiter !== ',' && cell.includes(',') && /^\s*-?\d+,\d+\s*$/.test(cell) ? cell.replace(',', '.') : null;
}

class LineReader {
  readonly #sink: TraceSink;
  readonly #mapped: readonly MappedColumn[];
  #line = 0;
  /** Lines of a cell that has not ended. */
  readonly #open = new JoinedLines();
  /** The first line, kept until the second one has shown what it is. */
  #held: TextLine | null = null;
  #table: Table | null = null;
  /** Places of times, which may be written with a decimal comma. */
  #times: readonly number[] = [];
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
    const one = { text: tableText(bytes, this.#line, this.#sink), line: this.#line };
    if (!this.#open.isEmpty) this.#goesOn(one);
    else if (!isBlank(one.text)) this.#take(one, true);
  }

  /** False when a row could not be used. */
  finish(): boolean {
    if (!this.#open.isEmpty) this.#unclosed();
    if (this.#rows === null && this.#held !== null) this.#begin(null);
    return !this.#damaged && this.#rows?.isIntact !== false;
  }

  /** Another line while a cell is open. */
  #goesOn(one: TextLine): void {
    const open = this.#open;
    if (!open.hold(one)) return this.#unclosed();
    if (!one.text.includes('"')) return;
    const { text } = open;
    if (cellsOf(text, this.#delimiter(text)).isOpen) return;
    const [{ line }] = open.release() as [TextLine, ...TextLine[]];
    this.#take({ text, line }, false);
  }

  /** The quote was none that begins a cell of several lines: each line is read by itself. */
  #unclosed(): void {
    const lines = this.#open.release();
    const { text, line } = lines[0]!;
    this.#damaged = true;
    this.#sink.issue(
      'unclosed-quote',
      line,
      `expected a quote at the end of the cell that begins with one, found none in this line or the next ${lines.length - 1}: ${JSON.stringify(text.slice(0, 80))}; each of these lines is read by itself; close the quote, or write a quote inside a cell twice`,
    );
    for (const one of lines) if (!isBlank(one.text)) this.#take(one, false);
  }

  #delimiter = (text: string): string => this.#table?.delimiter ?? delimiterOf(text);

  /** `joins`: the next lines may belong to its last cell. */
  #take(one: TextLine, joins: boolean): void {
    const { text } = one;
    const delimiter = this.#delimiter(text);
    const isFirst = this.#rows === null && this.#held === null;
    // A first line that ends within a cell may hold no delimiter yet.
    const { cells, isOpen } = cellsOf(text, isFirst && delimiter === ' ' ? ',' : delimiter);
    if (isOpen && joins) this.#open.hold(one);
    else if (this.#rows !== null) this.#row(cells, one.line);
    else if (this.#held === null) this.#held = one;
    else this.#begin(one);
  }

  #begin(second: TextLine | null): void {
    const { text, line } = this.#held!;
    this.#table = tableIn(second === null ? [text] : [text, second.text], this.#mapped);
    if (this.#table === null) {
      this.#isUnknown = true;
      return this.#damage(
        'unknown-columns',
        `expected a header with columns for time, operation and offset or path, found ${JSON.stringify(text.slice(0, 80))}; name them with --map time=COLUMN,op=COLUMN,off=COLUMN,len=COLUMN`,
      );
    }
    const { layout, delimiter, hasHeader } = this.#table;
    if (delimiter !== ',') this.#times = layout.columns.filter(({ role }) => TIMES.has(role)).map(({ place }) => place);
    this.#rows = new TableReader(this.#sink, layout, line);
    if (!hasHeader) this.#row(cellsOf(text, delimiter).cells, line);
    if (second !== null) this.#row(cellsOf(second.text, delimiter).cells, second.line);
  }

  #row(cells: readonly string[], line: number): void {
    const { delimiter } = this.#table!;
    let row = cells;
    for (const place of this.#times) {
      const number = withPoint(cells[place] ?? '', delimiter);
      if (number === null) continue;
      row = row.with(place, number);
      this.#sink.issue(
        `${GUESSED}decimal-comma`,
        line,
        `read ${JSON.stringify(cells[place])} as ${number.trim()}, a number with a decimal comma; if that is wrong, write numbers without separators`,
      );
    }
    this.#rows!.row(row, line);
  }

  #damage(code: string, text: string): void {
    this.#damaged = true;
    this.#sink.issue(code, this.#line, text);
  }
}
