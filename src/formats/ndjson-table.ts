// Tables as NDJSON: one flat JSON object a line, its keys the columns (`jq -c`, loggers, other tracers), or as one array of them.
import { ArrayLines } from '../base/json-array.js';
import { LineSplitter, LONGEST_LINE } from '../base/line-splitter.js';
import { GUESSED } from '../model/issue.js';
import type { Format, MappedColumn, TraceSink } from '../model/trace.js';
import { type Json, parse, shown } from './ndjson-fields.js';
import { TableReader } from './table.js';
import { type Column, guessLayout, type Layout, mappedLayout } from './table-columns.js';
import type { Cell } from './table-units.js';

const utf8 = new TextDecoder();
/** A double holds 15 digits and more of 17; a wall clock in nanoseconds has 19. */
const MANY_DIGITS = /[\d.]{17}/;
// Each begins where no other does, and a text without an end takes the rest of the line: no place is tried twice.
const TEXT_OR_LONG = /"(?:[^"\\]|\\.)*(?:"|$)|-?(?<![\d.])\d[\d.]{16,}(?![\deE.+-])/g;
/** What Python writes for numbers that JSON has no word for. */
const TEXT_OR_NAN = /"(?:[^"\\]|\\.)*(?:"|$)|\bNaN\b/g;
/** Names that are remembered; one that is met again behind so many is looked at again. */
const MOST_NAMES = 4096;

/** The first object, where it is none of the plain form. */
function firstOf(head: Uint8Array): Json | null {
  const json = parseExactly(utf8.decode(new ArrayLines().take(head)).trimStart().split('\n', 1)[0]!);
  return json === null || json.schema !== undefined ? null : json;
}

export const ndjsonTable: Format = {
  name: 'ndjson-table',
  title: 'tables as NDJSON, one flat object a line, or as a JSON array of such',
  sniff(head) {
    const json = firstOf(head);
    return json !== null && guessLayout(Object.keys(json), Object.values(json).map(cellOf)) !== null;
  },
  sniffMapped: (head) => firstOf(head) !== null,
  async read(input, sink, options) {
    const reader = new LineReader(sink, options?.columns ?? []);
    const lines = new LineSplitter((line) => reader.line(line));
    const array = new ArrayLines();
    for await (const chunk of input.chunks()) lines.push(array.take(chunk));
    lines.end();
    if (array.isOpen) reader.unclosed();
    return reader.finish();
  },
};

/** Text, numbers and truth; what is nested is no cell. */
const cellOf = (value: unknown): Cell =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : undefined;

/** Numbers of more digits than a double has become text, which loses none. */
function parseExactly(text: string): Json | null {
  const quoted = (found: string): string => (found.startsWith('"') ? found : `"${found}"`);
  const exact = MANY_DIGITS.test(text) ? text.replace(TEXT_OR_LONG, quoted) : text;
  const json = parse(exact);
  if (json !== null || !exact.includes('NaN')) return json;
  return parse(exact.replace(TEXT_OR_NAN, (found) => (found.startsWith('"') ? found : 'null')));
}

class LineReader {
  readonly #sink: TraceSink;
  readonly #mapped: readonly MappedColumn[];
  #line = 0;
  #keys: readonly string[] = [];
  /** Keys that were looked at; one that the first lines lack may come with a later one. */
  readonly #seen = new Set<string>();
  #layout: Layout | null = null;
  /** Keys that were read from a later line on, and the first of those lines. */
  readonly #more: string[] = [];
  #moreFrom = 0;
  #rows: TableReader | null = null;
  #damaged = false;
  #isUnknown = false;

  constructor(sink: TraceSink, mapped: readonly MappedColumn[]) {
    this.#sink = sink;
    this.#mapped = mapped;
  }

  /** False when a line could not be used. */
  finish(): boolean {
    if (this.#more.length > 0)
      this.#sink.issue(
        `${GUESSED}more-columns`,
        this.#moreFrom,
        `found ${this.#more.map(shown).join(', ')} in later lines only; with them read as ${this.#layout!.assumed}; if that is wrong, say it with --map ROLE=COLUMN[:UNIT],...`,
      );
    return !this.#damaged && this.#rows?.isIntact !== false;
  }

  unclosed(): void {
    this.#damage(
      'unclosed-array',
      'expected "]" at the end of the array of objects, found the end of the file: it was cut',
    );
  }

  line(bytes: Uint8Array | null): void {
    this.#line++;
    if (this.#isUnknown) return;
    if (bytes === null)
      return this.#damage('line-too-long', `expected lines of at most ${LONGEST_LINE} bytes, found a longer one`);
    const text = utf8.decode(bytes);
    if (text.trim() === '') return;
    const json = parseExactly(text);
    if (json === null)
      return this.#damage('bad-line', `expected a JSON object, found ${shown(text)}; the line was left out`);
    this.#rows ??= this.#begin(json);
    for (const key in json) if (!this.#seen.has(key)) this.#meet(key, json);
    this.#rows?.row(
      this.#keys.map((key) => cellOf(json[key])),
      this.#line,
    );
  }

  #begin(json: Json): TableReader | null {
    this.#keys = Object.keys(json);
    const cells = Object.values(json).map(cellOf);
    const layout =
      this.#mapped.length > 0 ? mappedLayout(this.#mapped, this.#keys, cells) : guessLayout(this.#keys, cells);
    this.#layout = layout;
    for (const key of this.#keys) this.#seen.add(key);
    if (layout !== null) return new TableReader(this.#sink, layout, this.#line);
    this.#isUnknown = true;
    this.#damage(
      'unknown-columns',
      `expected keys for time, operation and offset or path, found ${shown(this.#keys.join(', '))}; name them with --map time=KEY,op=KEY,off=KEY,len=KEY`,
    );
    return null;
  }

  /** A key that no line had before: programs leave out what has no value. */
  #meet(key: string, json: Json): void {
    const cell = cellOf(json[key]);
    // What its values are, one that is null does not show.
    if (cell === undefined) return;
    if (this.#seen.size < MOST_NAMES) this.#seen.add(key);
    if (this.#layout === null || this.#mapped.length > 0) return;
    const keys = [...this.#keys, key];
    const layout = guessLayout(
      keys,
      keys.map((one) => cellOf(json[one])),
    );
    const before = this.#layout;
    const isNew = (place: number): boolean => place === this.#keys.length;
    if (layout === null || !(layout.volume.some(isNew) || layout.columns.some(({ place }) => isNew(place)))) return;
    // What was read in one unit goes on in it.
    const kept = ({ place, role }: Column): Column | undefined =>
      before.columns.find((one) => one.place === place && one.role === role);
    this.#layout = { ...layout, columns: layout.columns.map((one) => kept(one) ?? one) };
    this.#keys = keys;
    this.#rows!.widen(this.#layout);
    if (this.#more.length === 0) this.#moreFrom = this.#line;
    this.#more.push(key);
  }

  #damage(code: string, text: string): void {
    this.#damaged = true;
    this.#sink.issue(code, this.#line, text);
  }
}
