// Rows of a table, whatever file they came from, into events: each becomes one object of the plain form (events reference)
// and goes the way of those.
import { OPS } from '../model/events.js';
import { GUESSED } from '../model/issue.js';
import type { TraceSink } from '../model/trace.js';
import { EventReader } from './ndjson-events.js';
import { Fields, shown } from './ndjson-fields.js';
import type { Column, Layout } from './table-columns.js';
import { type Cell, isMissing, isUnknown, toBytes, toNs, toNumber } from './table-units.js';

const NAMES: ReadonlySet<string> = new Set(OPS);
/** Words for reads, writes and the like, in lower case; `fill_rwbs` of the kernel adds letters behind the first. */
const WORDS: readonly (readonly [words: RegExp, onFile: string, onVolume: string])[] = [
  [/^(r[sam]*|rd|reads?|readv?|pread(64|v)?)$/, 'read', 'dma_read'],
  [/^(f?w[fsm]*|wr|writes?|writev|pwrite(64|v)?)$/, 'write', 'dma_write'],
  [/^(d[sm]*|discard|trim|unmap)$/, 'punch', 'punch'],
  [/^(f+|flush|sync|datasync|fdatasync)$/, 'fsync', 'fsync'],
];
const SIZES: ReadonlySet<string> = new Set(['off', 'len', 'size', 'addr']);
const PLAIN: ReadonlySet<string> = new Set(['pid', 'tid']);
/** What many tables tell the two apart by, some one way and some the other. */
const BIT = /^[01]$/;
/** Columns of amounts, of which there may be none, and all columns of numbers. */
const AMOUNTS: ReadonlySet<string> = new Set([...SIZES, 'ns']);
const NUMBERS: ReadonlySet<string> = new Set([...AMOUNTS, ...PLAIN, 'time', 'ret']);

export class TableReader {
  isIntact = true;
  readonly #sink: TraceSink;
  readonly #events: EventReader;
  #layout: Layout;
  #isVolume: boolean;
  readonly #ops = new Map<string, string>();
  /** Cells a row must have. */
  #width: number;
  #originNs: bigint | null = null;

  constructor(sink: TraceSink, layout: Layout, row: number) {
    this.#sink = sink;
    this.#events = new EventReader(sink);
    this.#layout = layout;
    this.#isVolume = isVolume(layout);
    this.#width = widthOf(layout);
    sink.source.clock = layout.clock;
    if (layout.assumed !== '')
      sink.issue(
        `${GUESSED}columns`,
        row,
        `read as ${layout.assumed}; if that is wrong, say it with --map ROLE=COLUMN[:UNIT],...`,
      );
  }

  /** A column that the table had not before is read from here on. */
  widen(layout: Layout): void {
    this.#layout = layout;
    this.#isVolume = isVolume(layout);
    this.#width = widthOf(layout);
    this.#ops.clear();
  }

  /** `row` is the line or record number. */
  row(cells: readonly Cell[], row: number): void {
    const json: Record<string, unknown> = {};
    let fault = cells.length < this.#width ? `expected ${this.#width} cells, found ${cells.length}` : '';
    for (const column of this.#layout.columns) {
      const cell = cells[column.place];
      if (cell === undefined || cell === null || cell === '') continue;
      if (NUMBERS.has(column.role) && isMissing(cell)) continue;
      if (AMOUNTS.has(column.role) && isUnknown(cell)) continue;
      fault ||= this.#put(json, column, cell);
    }
    if (json.t === undefined) fault ||= `expected a time, found ${shown(cells[this.#timePlace()])}`;
    // Some archives leave it out on purpose.
    if (json.op === undefined && this.#layout.ops[''] !== undefined) json.op = this.#op('');
    if (json.op === undefined) fault ||= 'expected an operation, found none';
    if (this.#isVolume) json.path = this.#volume(cells);
    fault ||= this.#events.take(new Fields(json), row);
    if (fault !== '') this.damage('bad-row', row, `${fault}; the row was left out`);
  }

  damage(code: string, row: number, text: string): void {
    this.isIntact = false;
    this.#sink.issue(code, row, text);
  }

  /** Returns what is wrong with the cell, '' for nothing. */
  #put(json: Record<string, unknown>, column: Column, cell: Exclude<Cell, null | undefined>): string {
    const { role, unit, name } = column;
    if (role === 'time') {
      // A first row of `0` shows no unit, and nothing is stamped in parts of a nanosecond.
      if (column.bySize === true && unit === 'ns' && hasFraction(cell))
        return `expected whole nanoseconds in "${name}", as its first row looks, found ${shown(String(cell))}; say the unit with --map, as time=${name}:s`;
      const ns = toNs(cell, unit);
      if (ns === null) return `expected a time in ${unit} in "${name}", found ${shown(String(cell))}`;
      this.#originNs ??= this.#sink.origin(ns);
      json.t = Number(ns - this.#originNs);
    } else if (role === 'ns') {
      const ns = toNs(cell, unit);
      if (ns === null) return `expected a duration in ${unit} in "${name}", found ${shown(String(cell))}`;
      json.ns = Number(ns);
    } else if (role === 'op') json.op = this.#op(String(cell).trim());
    else if (SIZES.has(role)) json[role] = toBytes(cell, unit);
    else if (PLAIN.has(role)) json[role] = toNumber(cell);
    else if (role === 'ret') json.ret = toNumber(cell);
    else if (role === 'flags') json.flags = String(cell).split(/[|+ ]+/);
    else json[role] = String(cell).trim();
    return '';
  }

  /** An operation by its name, by the words of the table, or by those that are usual; what is none of them is generic. */
  #op(word: string): string {
    const known = this.#ops.get(word);
    if (known !== undefined) return known;
    const said = this.#layout.ops[word] ?? word;
    const lower = said.toLowerCase();
    const usual = WORDS.find(([words]) => words.test(lower));
    const isSettled = NAMES.has(said) && said !== word;
    const op = isSettled ? said : usual !== undefined ? usual[this.#isVolume ? 2 : 1] : NAMES.has(lower) ? lower : said;
    if (!NAMES.has(op))
      this.#sink.issue(
        'unknown-operation',
        0,
        `expected names of operations (read, write, mmap, ...), found ${shown(word)}; such rows are counted as generic${BIT.test(word) ? '; --map op=COLUMN:read0 says that 0 is a read and 1 a write, write0 the other way' : ''}`,
      );
    // A hostile table has a new word on every row.
    if (this.#ops.size < 1000) this.#ops.set(word, op);
    return op;
  }

  #volume(cells: readonly Cell[]): string {
    const names = this.#layout.volume.map((place) => String(cells[place] ?? '').trim());
    return names.length === 0 ? 'volume' : `volume ${names.join('.')}`;
  }

  #timePlace(): number {
    return this.#layout.columns.find(({ role }) => role === 'time')?.place ?? -1;
  }
}

const hasFraction = (cell: Cell): boolean => /^-?\d+\.\d*[1-9]/.test(typeof cell === 'bigint' ? '' : String(cell));

/** No column names a file: the disk is one. */
const isVolume = ({ columns }: Layout): boolean => !columns.some(({ role }) => role === 'path' || role === 'ino');

const widthOf = ({ columns, volume }: Layout): number => 1 + Math.max(...columns.map(({ place }) => place), ...volume);
