// A column of a Parquet row group, page by page, and of a page as many values at a time as are asked for: writers make pages of
// 20,000 values and of a million (parquet-format, README, "Data Pages"). Loaded with the library, when a Parquet file is read.
import type { ColumnMetaData, FileMetaData, SchemaElement } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { convert, DEFAULT_PARSERS } from 'hyparquet/src/convert.js';
import { readPlain } from 'hyparquet/src/plain.js';
import { getTreePath } from 'hyparquet/src/schema.js';
import { viewOf } from '../base/byte-cursor.js';
import type { RandomAccess } from '../model/trace.js';
import { type PageKind, Runs, type ValueReader, type Values, valuesOf } from './parquet-values.js';
import { decimalCell } from './table-units.js';

type Group = FileMetaData['row_groups'][number];
type SchemaTree = Parameters<typeof getTreePath>[0];
type Parsers = Partial<Parameters<typeof convert>[1]['parsers']>;
type Header = ReturnType<typeof parquetHeader>;
/** Unpacks to so many bytes, in `room` where that has room. */
export type Unpack = (codec: string, packed: Uint8Array, size: number, room: Room) => Uint8Array;

/** A header of a page has some 50 bytes; with the least and the greatest text of the page it has more. */
const HEADER_ROOM = 4096;

/** Memory for one page after the other: thrown away it would stay for tens of megabytes until it is collected. */
export class Room {
  #memory = new Uint8Array(0);

  /** It holds whatever was there. */
  of(length: number): Uint8Array {
    if (this.#memory.length < length) this.#memory = new Uint8Array(length + (length >>> 3));
    return this.#memory.subarray(0, length);
  }
}

/** What all columns of a file share. */
export interface ColumnFile {
  readonly access: RandomAccess;
  readonly tree: SchemaTree;
  readonly parsers: Parsers;
  readonly unpack: Unpack;
  /** For packed pages, which are of no use once they are unpacked. */
  readonly packed: Room;
}

export class ParquetColumn {
  readonly #file: ColumnFile;
  readonly #name: string;
  /** Of the present page. */
  readonly #room = new Room();
  #codec = '';
  #kind: PageKind | null = null;
  #at = 0;
  #end = 0;
  #page: Page | null = null;
  /** Values of the group that its pages did not bring yet, and of the page that were not taken yet. */
  #expected = 0;
  #left = 0;

  constructor(file: ColumnFile, name: string) {
    this.#file = file;
    this.#name = name;
  }

  /** Its values are those of this row group, from the first on. */
  begin(group: Group): void {
    const { codec, type, dictionary_page_offset, data_page_offset, total_compressed_size } = this.#chunkOf(group);
    const schemaPath = getTreePath(this.#file.tree, [this.#name]);
    const { element } = schemaPath.at(-1)!;
    const parsers = { ...DEFAULT_PARSERS, ...this.#file.parsers };
    const decoder = { pathInSchema: [this.#name], type, element, schemaPath, codec, parsers };
    const toCells: PageKind['convert'] = isDecimal(element)
      ? (values) => decimals(values, element)
      : (values) => convert(values as Parameters<typeof convert>[0], decoder);
    this.#kind = { type, element, dictionary: undefined, convert: toCells };
    this.#codec = codec;
    this.#at = Number(dictionary_page_offset || data_page_offset);
    this.#end = Math.min(this.#at + Number(total_compressed_size), this.#file.access.size);
    this.#page = null;
    this.#expected = Number(group.num_rows);
    this.#left = 0;
  }

  /** So many values can be taken at once; 0 at the end of the group. What was taken is void from here on. */
  available(): number {
    while (this.#left === 0 && this.#at < this.#end - 1) this.#turn();
    return this.#left;
  }

  take(count: number): Values {
    this.#left -= count;
    return this.#page!.take(count);
  }

  #chunkOf({ columns }: Group): ColumnMetaData {
    const found = columns.find(({ meta_data: meta }) => meta?.path_in_schema[0] === this.#name);
    if (found?.file_path) throw new Error('a column stands in another file');
    if (found?.meta_data === undefined) throw new Error(`the column "${this.#name}" is missing in a group of rows`);
    return found.meta_data;
  }

  #turn(): void {
    const kind = this.#kind!;
    const header = this.#header();
    const { type, compressed_page_size: size, dictionary_page_header: dictionary } = header;
    // In a damaged header a value of another type may stand there.
    const isNumber = Number.isInteger(size);
    if (!(isNumber && size >= 0 && size <= this.#end - this.#at))
      throw new Error(
        `a page claims ${isNumber ? size : 'no number'} of the ${this.#end - this.#at} bytes left of its column`,
      );
    if (type === 'DICTIONARY_PAGE') {
      if (dictionary === undefined) throw new Error('a dictionary has no header');
      const bytes = this.#unpacked(size, header.uncompressed_page_size, new Room());
      const from = { view: viewOf(bytes), offset: 0 };
      const values = readPlain(from, kind.type, dictionary.num_values, kind.element.type_length);
      this.#kind = { ...kind, dictionary: kind.convert(values) };
    } else {
      this.#page = this.#dataPage(header, kind);
      this.#left = this.#page.count;
      this.#expected -= this.#left;
      if (this.#expected < 0) throw new Error('the pages of a column hold more than the rows of their group');
    }
    this.#at += size;
  }

  #dataPage(header: Header, kind: PageKind): Page {
    const { type, compressed_page_size: size, uncompressed_page_size: unpackedSize } = header;
    const isNullable = kind.element.repetition_type !== 'REQUIRED';
    const { data_page_header: first, data_page_header_v2: second } = header;
    if (type === 'DATA_PAGE' && first !== undefined) {
      const from = { view: viewOf(this.#unpacked(size, unpackedSize, this.#room)), offset: 0 };
      let levels: DataView | null = null;
      if (isNullable) {
        const length = from.view.getUint32(0, true);
        levels = new DataView(from.view.buffer, from.view.byteOffset + 4, length);
        from.offset = 4 + length;
      }
      return new Page(first.num_values, levels, from, first.encoding, kind);
    }
    if (type !== 'DATA_PAGE_V2' || second === undefined)
      throw new Error(`a page of a kind that is not known: ${type ?? 'none'}`);
    const { repetition_levels_byte_length: skipped, definition_levels_byte_length: length } = second;
    const levels = isNullable ? viewOf(this.#file.access.read(this.#at + skipped, length)) : null;
    const before = skipped + length;
    const codec = second.is_compressed === false ? 'UNCOMPRESSED' : this.#codec;
    const bytes = this.#unpacked(size - before, unpackedSize - before, this.#room, before, codec);
    return new Page(second.num_values, levels, { view: viewOf(bytes), offset: 0 }, second.encoding, kind);
  }

  /** The page `before` bytes from here on. */
  #unpacked(size: number, unpackedSize: number, room: Room, before = 0, codec = this.#codec): Uint8Array {
    const { access, packed, unpack } = this.#file;
    const isPlain = codec === 'UNCOMPRESSED';
    if (size < 0) throw new Error('a page is shorter than its levels');
    const bytes = access.read(this.#at + before, size, (isPlain ? room : packed).of(size));
    if (bytes.length < size) throw new Error(`a page claims ${size} bytes, found ${bytes.length}`);
    return isPlain ? bytes : unpack(codec, bytes, unpackedSize, room);
  }

  #header(): Header {
    for (let room = HEADER_ROOM; ; room *= 8) {
      const left = this.#end - this.#at;
      const from = { view: viewOf(this.#file.access.read(this.#at, Math.min(room, left))), offset: 0 };
      try {
        const header = parquetHeader(from);
        this.#at += from.offset;
        return header;
      } catch (error) {
        if (room >= left || !(error instanceof RangeError)) throw error;
      }
    }
  }
}

const isDecimal = ({ converted_type, logical_type }: SchemaElement): boolean =>
  converted_type === 'DECIMAL' || logical_type?.type === 'DECIMAL';

/** Exactly, where the library makes doubles: of 28672.00 one beside it. Bytes are in two's complement, the highest first. */
function decimals(values: Values, { scale = 0 }: SchemaElement): Values {
  return Array.from(values, (value) => {
    if (!(value instanceof Uint8Array)) return decimalCell(BigInt(value as number | bigint), scale);
    const bits = value.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
    return decimalCell(BigInt.asIntN(8 * value.length, bits), scale);
  });
}

/** Values of a page, of which some may be null: those have a level of 0 and are not stored. */
class Page {
  readonly count: number;
  readonly #levels: Runs | null;
  readonly #values: ValueReader;
  #room = new Uint32Array(0);

  constructor(
    count: number,
    levels: DataView | null,
    from: ConstructorParameters<typeof Runs>[0],
    encoding: string,
    kind: PageKind,
  ) {
    const runs = (view: DataView): Runs => new Runs({ view, offset: 0 }, view.byteLength, 1);
    const stored = levels === null ? count : runs(levels).ones(count);
    this.count = count;
    this.#levels = levels === null || stored === count ? null : runs(levels);
    this.#values = valuesOf(encoding, from, stored, kind);
  }

  take(count: number): Values {
    if (this.#levels === null) return this.#values.take(count);
    if (this.#room.length < count) this.#room = new Uint32Array(count);
    const levels = this.#room.subarray(0, count);
    this.#levels.take(count, levels);
    const stored = this.#values.take(levels.reduce((sum, level) => sum + level, 0));
    let next = 0;
    return Array.from(levels, (level) => (level === 1 ? stored[next++] : null));
  }
}
