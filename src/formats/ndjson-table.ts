// Tables as NDJSON: one flat JSON object a line, its keys the columns (`jq -c`, loggers, other tracers).
import { LineSplitter, LONGEST_LINE } from '../base/line-splitter.js';
import type { Format, MappedColumn, TraceSink } from '../model/trace.js';
import { type Json, parse, shown } from './ndjson-fields.js';
import { TableReader } from './table.js';
import { guessLayout, mappedLayout } from './table-columns.js';
import type { Cell } from './table-units.js';

const utf8 = new TextDecoder();

export const ndjsonTable: Format = {
  name: 'ndjson-table',
  title: 'tables as NDJSON, one flat object a line',
  sniff(head) {
    const json = parse(utf8.decode(head).trimStart().split('\n', 1)[0]!);
    return (
      json !== null &&
      json.schema === undefined &&
      guessLayout(Object.keys(json), Object.values(json).map(cellOf)) !== null
    );
  },
  async read(input, sink, options) {
    const reader = new LineReader(sink, options?.columns ?? []);
    const lines = new LineSplitter((line) => reader.line(line));
    for await (const chunk of input.chunks()) lines.push(chunk);
    lines.end();
    return reader.isIntact;
  },
};

/** Text, numbers and truth; what is nested is no cell. */
const cellOf = (value: unknown): Cell =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : undefined;

class LineReader {
  readonly #sink: TraceSink;
  readonly #mapped: readonly MappedColumn[];
  #line = 0;
  #keys: readonly string[] = [];
  #rows: TableReader | null = null;
  #damaged = false;
  #isUnknown = false;

  constructor(sink: TraceSink, mapped: readonly MappedColumn[]) {
    this.#sink = sink;
    this.#mapped = mapped;
  }

  get isIntact(): boolean {
    return !this.#damaged && this.#rows?.isIntact !== false;
  }

  line(bytes: Uint8Array | null): void {
    this.#line++;
    if (this.#isUnknown) return;
    if (bytes === null)
      return this.#damage('line-too-long', `expected lines of at most ${LONGEST_LINE} bytes, found a longer one`);
    const text = utf8.decode(bytes);
    if (text.trim() === '') return;
    const json = parse(text);
    if (json === null)
      return this.#damage('bad-line', `expected a JSON object, found ${shown(text)}; the line was left out`);
    this.#rows ??= this.#begin(json);
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
    if (layout !== null) return new TableReader(this.#sink, layout, this.#line);
    this.#isUnknown = true;
    this.#damage(
      'unknown-columns',
      `expected keys for time, operation and offset or path, found ${shown(this.#keys.join(', '))}; name them with --map time=KEY,op=KEY,off=KEY,len=KEY`,
    );
    return null;
  }

  #damage(code: string, text: string): void {
    this.#damaged = true;
    this.#sink.issue(code, this.#line, text);
  }
}
