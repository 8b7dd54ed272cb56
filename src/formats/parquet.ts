// Tables as Parquet: the columns that are asked for, one row group at a time (parquet-format, README and LogicalTypes).
import type { FileMetaData, SchemaElement } from 'hyparquet';
import { unpack } from '../base/unpack.js';
import type { Format, Input, MappedColumn, RandomAccess, TraceSink } from '../model/trace.js';
import { randomAccess } from './random-access.js';
import { TableReader } from './table.js';
import { guessLayout, type Layout, mappedLayout } from './table-columns.js';
import type { Cell } from './table-units.js';

type Library = typeof import('hyparquet');
type Scan = Awaited<ReturnType<Library['parquetScan']>>;
type Values = ArrayLike<unknown>;

const MAGIC = 'PAR1';
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
    const scan = await library.parquetScan({ file, metadata, parsers: PARSERS, compressors: await compressors() });
    for (const range of scan.ranges) {
      const layout = this.#rows === null ? await this.#open(scan, names, metadata, range.rowStart) : this.#layout;
      if (layout === null) return;
      await this.#group(scan, names, layout, range);
    }
  }

  #layout: Layout | null = null;

  /** The first row shows the units; only then the columns that are needed are known. */
  async #open(scan: Scan, names: readonly string[], metadata: FileMetaData, row: number): Promise<Layout | null> {
    const first: Cell[] = [];
    for (const column of names) {
      const [cell] = Array.from(await scan.readColumn({ column, rowStart: row, rowEnd: row + 1 }));
      first.push(cellOf(cell));
    }
    const units = unitsOf(metadata);
    this.#layout =
      this.#mapped.length > 0 ? mappedLayout(this.#mapped, names, first, units) : guessLayout(names, first, units);
    if (this.#layout !== null) this.#rows = new TableReader(this.#sink, this.#layout, 1);
    return this.#layout;
  }

  async #group(scan: Scan, names: readonly string[], layout: Layout, range: Scan['ranges'][number]): Promise<void> {
    const wanted = new Set([...layout.columns.map(({ place }) => place), ...layout.volume]);
    const columns: (Values | null)[] = [];
    for (const [place, column] of names.entries())
      columns.push(wanted.has(place) ? await scan.readColumn({ ...range, column }) : null);
    const expected = range.rowEnd - range.rowStart;
    const found = Math.min(expected, ...columns.map((values) => values?.length ?? expected));
    for (let row = 0; row < found; row++)
      this.#rows!.row(
        columns.map((values) => cellOf(values?.[row])),
        ++this.#row,
      );
    if (found < expected) throw new Error(`a column holds ${found} of the ${expected} rows of its group`);
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
      const bytes = access.read(from, to - from);
      return new Uint8Array(bytes).buffer;
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
