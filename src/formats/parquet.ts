// Tables as Parquet: the columns that are asked for, piece by piece of a row group (parquet-format, README and LogicalTypes).
import type { FileMetaData, SchemaElement } from 'hyparquet';
import { unpack } from '../base/unpack.js';
import type { Format, Input, MappedColumn, RandomAccess, TraceSink } from '../model/trace.js';
import type { ParquetColumn, Unpack } from './parquet-column.js';
import { randomAccess } from './random-access.js';
import { TableReader } from './table.js';
import { guessLayout, type Layout, mappedLayout } from './table-columns.js';
import type { Cell } from './table-units.js';

/** A column by its name, or null where it is not wanted. */
type Columns = readonly (ParquetColumn | null)[];

const MAGIC = 'PAR1';
/** Rows whose values are in memory: writers make groups, and pages, of a million rows and more. */
const PIECE_ROWS = 1 << 14;
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
      reader.damage('bad-parquet', wordsOf(error));
    }
    return reader.isIntact;
  },
};

/** What was looked for is said; what a library stumbles over, as something that is not there or a place outside, says nothing to a user. */
const wordsOf = (error: unknown): string =>
  error instanceof Error && error.constructor === Error
    ? error.message
    : 'its directory and its pages contradict each other; write the table again, or restore it from a copy';

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
    const { parquetMetadataAsync, parquetSchema } = await import('hyparquet');
    const { ParquetColumn, Room } = await import('./parquet-column.js');
    const access = await randomAccess(input);
    const metadata = await parquetMetadataAsync(bufferOf(access), { geoparquet: false, parsers: PARSERS });
    const names = namesOf(metadata);
    if (this.#mapped.length === 0 && guessLayout(names, [], unitsOf(metadata)) === null) return this.#refuse(names);
    const shared = { access, tree: parquetSchema(metadata), parsers: PARSERS, packed: new Room() };
    const file = { ...shared, unpack: await unpacker() };
    let columns: Columns = names.map((name) => new ParquetColumn(file, name));
    for (const group of metadata.row_groups) {
      const rows = Number(group.num_rows);
      if (rows === 0) continue;
      for (const column of columns) column?.begin(group);
      if (this.#rows === null) {
        const layout = this.#open(columns, names, unitsOf(metadata));
        if (layout === null) return;
        const wanted = new Set([...layout.columns.map(({ place }) => place), ...layout.volume]);
        columns = columns.map((column, place) => (wanted.has(place) ? column : null));
        // Their first row was looked at.
        for (const column of columns) column?.begin(group);
      }
      for (let done = 0; done < rows; ) done += this.#piece(columns, rows - done);
    }
  }

  /** The first row shows the units; only then the columns that are needed are known. */
  #open(columns: Columns, names: readonly string[], units: ReadonlyMap<string, string>): Layout | null {
    const first = columns.map((column) => (column?.available() ? cellOf(column.take(1)[0]) : undefined));
    const layout =
      this.#mapped.length > 0 ? mappedLayout(this.#mapped, names, first, units) : guessLayout(names, first, units);
    if (layout !== null) this.#rows = new TableReader(this.#sink, layout, 1);
    return layout;
  }

  /** As many rows as all columns have at once; returns how many. */
  #piece(columns: Columns, most: number): number {
    let count = Math.min(most, PIECE_ROWS);
    for (const column of columns) count = Math.min(count, column?.available() ?? count);
    if (count === 0) throw new Error(`a column lacks ${most} of the rows of its group`);
    const values = columns.map((column) => column?.take(count) ?? null);
    for (let row = 0; row < count; row++)
      this.#rows!.row(
        values.map((some) => cellOf(some?.[row])),
        ++this.#row,
      );
    return count;
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
async function unpacker(): Promise<Unpack> {
  const { snappyUncompress } = await import('hyparquet');
  const { compressors } = await import('hyparquet-compressors');
  const known: Readonly<Record<string, (packed: Uint8Array, size: number) => Uint8Array>> = { ...compressors };
  return (codec, packed, size, room) => {
    if (!(size >= 0 && size <= LARGEST_PAGE)) throw new Error(`a page claims to unpack to ${size} bytes`);
    if (codec === 'ZSTD') return unpack('zstd', packed, size);
    if (codec === 'SNAPPY') {
      const bytes = room.of(size);
      snappyUncompress(packed, bytes);
      return bytes;
    }
    const bytes = known[codec]?.(packed, size);
    if (bytes?.length !== size)
      throw new Error(`a page packed as ${codec ?? 'nothing known'} that cannot be unpacked to ${size} bytes`);
    return bytes;
  };
}
