// Batches of Arrow IPC, however they are got at, as rows of a table; bodies may be packed with LZ4 frames or zstd
// (Arrow columnar format, IPC).
import type * as Arrow from 'apache-arrow';
import { checkColumns, inWords } from '../base/arrow-columns.js';
import { ArrowDamage } from '../base/arrow-metadata.js';
import { unpackLz4Frame } from '../base/lz4-frame.js';
import { ZstdStream } from '../base/unpack.js';
import { UserError } from '../model/issue.js';
import type { MappedColumn, ReadOptions, TraceSink } from '../model/trace.js';
import { TableReader } from './table.js';
import { guessLayout, mappedLayout } from './table-columns.js';
import { type Cell, decimalCell } from './table-units.js';

type Library = typeof Arrow;

const utf8 = new TextDecoder();
const TIME_UNITS = ['s', 'ms', 'us', 'ns'];
/** Of one batch, unpacked: it is in memory at once. */
const LARGEST_BATCH = 2 ** 28;

/** False when the data are damaged. `messages` are those of a stream, the schema first, each held against its shape. */
export async function readBatches(
  messages: AsyncIterable<Uint8Array>,
  sink: TraceSink,
  options: ReadOptions | undefined,
): Promise<boolean> {
  const library = await import('apache-arrow');
  registerCodecs(library);
  const reader = new BatchReader(library, sink, options?.columns ?? []);
  const used = { bytes: 0 };
  try {
    const batches = await library.RecordBatchReader.from(oneByOne(messages, used));
    await batches.open();
    // Nothing but an end is no table.
    if (batches.schema == null) throw new ArrowDamage('there is no schema');
    reader.begin(batches.schema);
    for await (const batch of batches) {
      checkColumns(batch);
      reader.batch(batch);
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    reader.damage(
      'bad-arrow',
      `expected Arrow IPC data, found damage within the first ${used.bytes} bytes read: ${inWords(error).message}; write the table again, or restore it from a copy`,
    );
  }
  return reader.isIntact;
}

async function* oneByOne(messages: AsyncIterable<Uint8Array>, used: { bytes: number }): AsyncGenerator<Uint8Array> {
  for await (const message of messages) {
    used.bytes += message.length;
    unpacked = 0;
    yield message;
    // The library asks for more before it hands over what it has, which what comes may spoil.
    yield new Uint8Array(0);
  }
}

/** Bytes that buffers of the message at hand were unpacked to. */
let unpacked = 0;

/**
 * The library hands over what follows the unpacked size of a buffer; the size itself stands just before. Its own writer
 * (apache-arrow 21) puts the packed size there, which cannot be the unpacked one of a buffer that was worth packing.
 */
function registerCodecs({ compressionRegistry, CompressionType }: Library): void {
  const decoder = (unpackAtMost: (packed: Uint8Array, most: number) => Uint8Array) => ({
    decode(packed: Uint8Array): Uint8Array {
      if (packed.byteOffset < 8) throw new ArrowDamage('a packed buffer has no size');
      const size = Number(new DataView(packed.buffer, packed.byteOffset - 8, 8).getBigInt64(0, true));
      const isSaid = size !== packed.length;
      const left = LARGEST_BATCH - unpacked;
      if (isSaid && (size < 0 || size > left)) throw new ArrowDamage(`a packed buffer claims ${size} bytes`);
      const bytes = unpackedBy(unpackAtMost, packed, isSaid ? size : left);
      if (isSaid && bytes.length !== size)
        throw new ArrowDamage(`expected ${size} unpacked bytes, found ${bytes.length}`);
      unpacked += bytes.length;
      return bytes;
    },
  });
  compressionRegistry.set(CompressionType.LZ4_FRAME, decoder(unpackLz4Frame));
  compressionRegistry.set(
    CompressionType.ZSTD,
    decoder((packed, most) => new ZstdStream(most).end(packed)),
  );
}

function unpackedBy(unpack: (packed: Uint8Array, most: number) => Uint8Array, packed: Uint8Array, most: number) {
  try {
    return unpack(packed, most);
  } catch (error) {
    throw new ArrowDamage((error as Error).message);
  }
}

class BatchReader {
  readonly #library: Library;
  readonly #sink: TraceSink;
  readonly #mapped: readonly MappedColumn[];
  #names: readonly string[] = [];
  #units: ReadonlyMap<string, string> = new Map();
  #rows: TableReader | null = null;
  #row = 0;
  #damaged = false;

  constructor(library: Library, sink: TraceSink, mapped: readonly MappedColumn[]) {
    this.#library = library;
    this.#sink = sink;
    this.#mapped = mapped;
  }

  get isIntact(): boolean {
    return !this.#damaged && this.#rows?.isIntact !== false;
  }

  damage(code: string, text: string): void {
    this.#damaged = true;
    this.#sink.issue(code, this.#row, text);
  }

  begin(schema: Arrow.Schema): void {
    const own = schema.metadata.get('schema');
    if (own?.startsWith('sealtrace.') === true)
      return this.damage(
        'part-of-a-bundle',
        `expected a table, found a part of a bundle (${own}); name the *.sealtrace folder`,
      );
    this.#names = schema.fields.map(({ name }) => name ?? '');
    const { DataType } = this.#library;
    this.#units = new Map(
      schema.fields.flatMap(({ name, type }) => {
        const isTime = DataType.isTimestamp(type) || DataType.isDuration(type) || DataType.isTime(type);
        return isTime ? [[name, TIME_UNITS[type.unit] ?? 'ns'] as const] : [];
      }),
    );
    // Before there is a row, so that a table without rows is refused as well when it has no columns for us.
    if (this.#mapped.length === 0 && guessLayout(this.#names, [], this.#units) === null) this.#refuse();
  }

  batch(batch: Arrow.RecordBatch): void {
    if (this.#damaged || batch.numRows === 0) return;
    const columns = this.#names.map((_, i) => batch.getChildAt(i));
    const cells = (row: number): Cell[] => columns.map((column) => cellAt(this.#library, column, row));
    this.#rows ??= this.#open(cells(0));
    if (this.#rows === null) return;
    for (let row = 0; row < batch.numRows; row++) this.#rows.row(cells(row), ++this.#row);
  }

  #open(first: readonly Cell[]): TableReader | null {
    const layout =
      this.#mapped.length > 0
        ? mappedLayout(this.#mapped, this.#names, first, this.#units)
        : guessLayout(this.#names, first, this.#units);
    return layout === null ? null : new TableReader(this.#sink, layout, 1);
  }

  #refuse(): void {
    this.damage(
      'unknown-columns',
      `expected columns for time, operation and offset or path, found ${JSON.stringify(this.#names.join(', ').slice(0, 200))}; name them with --map time=COLUMN,op=COLUMN,off=COLUMN,len=COLUMN`,
    );
  }
}

/** Timestamps as they are kept, since the library makes them milliseconds; nested values are no cells. */
function cellAt({ DataType }: Library, column: Arrow.Vector | null, row: number): Cell {
  if (column === null) return undefined;
  const [data] = column.data;
  if (data !== undefined && DataType.isTimestamp(column.type))
    return column.isValid(row) ? (data.values as BigInt64Array)[data.offset + row] : undefined;
  const value: unknown = column.get(row);
  if (DataType.isDecimal(column.type))
    return value === null ? undefined : decimalCell(signed(value), column.type.scale);
  // Names of files are bytes, and some programs keep them as such.
  if (value instanceof Uint8Array) return utf8.decode(value);
  return typeof value === 'object' ? undefined : (value as Cell);
}

/** Words of 32 bits, the least first, in two's complement. */
function signed(words: unknown): bigint {
  const list = words as Uint32Array;
  const value = list.reduceRight((sum, word) => (sum << 32n) | BigInt(word), 0n);
  return BigInt.asIntN(32 * list.length, value);
}
