// Tables as Parquet: the columns that are asked for, piece by piece of a row group (parquet-format, README and LogicalTypes).
import type { FileMetaData, SchemaElement } from 'hyparquet';
import { unpack } from '../base/unpack.js';
import type { Format, Input, MappedColumn, RandomAccess, TraceSink } from '../model/trace.js';
import { randomAccess } from './random-access.js';
import { TableReader } from './table.js';
import { guessLayout, type Layout, mappedLayout } from './table-columns.js';
import type { Cell } from './table-units.js';

type Library = typeof import('hyparquet');
type RowGroup = FileMetaData['row_groups'][number];
type Values = ArrayLike<unknown>;
/** Values of a column of a group, from a row of it up to another. */
type ReadColumn = (column: string, rowStart: number, rowEnd: number) => Promise<Values>;

const MAGIC = 'PAR1';
/** Rows in memory: writers make groups of a million rows and more. */
const PIECE_ROWS = 1 << 17;
/** A page that claims to unpack to more is damaged; writers make pages of about 1 MiB. */
const LARGEST_PAGE = 2 ** 28;
const NS = { ms: 1_000_000n, us: 1000n } as const;
/** Times as nanoseconds since 1970, exactly. */
const PARSERS = {
  timestampFromMilliseconds: (ms: bigint) => ms * NS.ms,
  timestampFromMicroseconds: (us: bigint) => us * NS.us,
  timestampFromNanoseconds: (ns: bigint) => ns,
};

export const parquet: Format = {
  name: 'parquet',
  title: 'tables as Parquet',
  sniff: (head) => [...MAGIC].every((char, i) => head[i] === char.charCodeAt(0)),
  async read(input, sink, options) {
    const reader = new GroupReader(sink, options?.columns ?? []);
    try {
      await reader.read(input);
    } catch (error) {
      if (error instanceof Error && error.name === 'UserError') throw error;
      reader.damage('bad-parquet', error instanceof Error ? error.message : String(error));
    }
    return reader.isIntact;
  },
};

class GroupReader {
  readonly #sink: TraceSink;
  readonly #mapped: readonly MappedColumn[];
  #rows: TableReader | null = null;
  #row = 0;
  #damaged = false;

  constructor(sink: TraceSink, mapped: readonly MappedColumn[]) {
    this.#sink = sink;
    this.#mapped = mapped;
  }

  get isIntact(): boolean {
    return !this.#damaged && this.#rows?.isIntact !== false;
  }

  damage(code: string, text: string): void {
    this.#damaged = true;
    this.#sink.issue(
      code,
      this.#row,
      `expected a Parquet table, found one that cannot be read behind row ${this.#row}: ${text}`,
    );
  }

  async read(input: Input): Promise<void> {
    const library = await import('hyparquet');
    const file = bufferOf(await randomAccess(input));
    const metadata = await library.parquetMetadataAsync(file, { geoparquet: false, parsers: PARSERS });
    const names = namesOf(metadata);
    if (this.#mapped.length === 0 && guessLayout(names, [], unitsOf(metadata)) === null) return this.#refuse(names);
    const read = await columnReader(library, file, metadata);
    for (const group of metadata.row_groups) {
      const rows = Number(group.num_rows);
      if (rows === 0) continue;
      const column = read(group);
      const layout = this.#rows === null ? await this.#open(column, names, metadata) : this.#layout;
      if (layout === null) return;
      for (let from = 0; from < rows; from += PIECE_ROWS)
        await this.#piece(column, names, layout, from, Math.min(from + PIECE_ROWS, rows));
    }
  }

  #layout: Layout | null = null;

  /** The first row shows the units; only then the columns that are needed are known. */
  async #open(read: ReadColumn, names: readonly string[], metadata: FileMetaData): Promise<Layout | null> {
    const first: Cell[] = [];
    for (const column of names) {
      const [cell] = Array.from(await read(column, 0, 1));
      first.push(cellOf(cell));
    }
    const units = unitsOf(metadata);
    this.#layout =
      this.#mapped.length > 0 ? mappedLayout(this.#mapped, names, first, units) : guessLayout(names, first, units);
    if (this.#layout !== null) this.#rows = new TableReader(this.#sink, this.#layout, 1);
    return this.#layout;
  }

  async #piece(read: ReadColumn, names: readonly string[], layout: Layout, from: number, to: number): Promise<void> {
    const wanted = new Set([...layout.columns.map(({ place }) => place), ...layout.volume]);
    const columns: (Values | null)[] = [];
    for (const [place, column] of names.entries())
      columns.push(wanted.has(place) ? await read(column, from, to) : null);
    const expected = to - from;
    const found = Math.min(expected, ...columns.map((values) => values?.length ?? expected));
    for (let row = 0; row < found; row++)
      this.#rows!.row(
        columns.map((values) => cellOf(values?.[row])),
        ++this.#row,
      );
    if (found < expected) throw new Error(`a column holds ${found} of the ${expected} rows of a part of its group`);
  }

  #refuse(names: readonly string[]): void {
    this.#damaged = true;
    this.#sink.issue(
      'unknown-columns',
      0,
      `expected columns for time, operation and offset or path, found ${JSON.stringify(names.join(', ').slice(0, 200))}; name them with --map time=COLUMN,op=COLUMN,off=COLUMN,len=COLUMN`,
    );
  }
}

const cellOf = (value: unknown): Cell =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean'
    ? value
    : undefined;

/** Flat columns at the top; what is nested is no column for us. */
function flatColumns({ schema }: FileMetaData): readonly SchemaElement[] {
  const found: SchemaElement[] = [];
  let at = 1;
  const skip = (): void => {
    const children = schema[at++]?.num_children ?? 0;
    for (let i = 0; i < children && at < schema.length; i++) skip();
  };
  while (at < schema.length) {
    const element = schema[at]!;
    if ((element.num_children ?? 0) === 0 && element.repetition_type !== 'REPEATED') found.push(element);
    skip();
  }
  return found;
}

const namesOf = (metadata: FileMetaData): readonly string[] => flatColumns(metadata).map(({ name }) => name);

/** Columns that `PARSERS` make nanoseconds. */
function unitsOf(metadata: FileMetaData): ReadonlyMap<string, string> {
  const times = flatColumns(metadata).filter(
    ({ type, logical_type, converted_type }) =>
      type === 'INT96' || logical_type?.type === 'TIMESTAMP' || converted_type?.startsWith('TIMESTAMP') === true,
  );
  return new Map(times.map(({ name }) => [name, 'ns']));
}

/** The library keeps what it read last of every column of a scan: each has a scan of its own, and a copy of what was asked for. */
async function columnReader(
  { parquetScan }: Library,
  file: ReturnType<typeof bufferOf>,
  whole: FileMetaData,
): Promise<(group: RowGroup) => ReadColumn> {
  const options = { file, parsers: PARSERS, compressors: await compressors() };
  return (group) => {
    const metadata = { ...whole, row_groups: [group] };
    return async (column, rowStart, rowEnd) => {
      const scan = await parquetScan({ ...options, metadata });
      const values = await scan.readColumn({ column, rowStart, rowEnd });
      return values.slice();
    };
  };
}

function bufferOf(access: RandomAccess): { byteLength: number; slice(from: number, to?: number): ArrayBuffer } {
  return {
    byteLength: access.size,
    slice(from, to = access.size) {
      if (!(from >= 0 && to >= from && to <= access.size))
        throw new Error(`a part stands at bytes ${from} to ${to} of ${access.size}`);
      const memory = new Uint8Array(to - from);
      const bytes = access.read(from, to - from, memory);
      return bytes.buffer === memory.buffer ? memory.buffer : new Uint8Array(bytes).buffer;
    },
  };
}

/** The sizes come from the file: none is believed beyond a bound. */
async function compressors(): Promise<Readonly<Record<string, (input: Uint8Array, length: number) => Uint8Array>>> {
  const library = await import('hyparquet-compressors');
  const bounded = Object.entries(library.compressors).map(([name, decompress]) => {
    const within = (input: Uint8Array, length: number): Uint8Array => {
      if (!(length >= 0 && length <= LARGEST_PAGE)) throw new Error(`a page claims to unpack to ${length} bytes`);
      return name === 'ZSTD' ? unpack('zstd', input, length) : decompress(input, length);
    };
    return [name, within] as const;
  });
  return Object.fromEntries(bounded);
}
