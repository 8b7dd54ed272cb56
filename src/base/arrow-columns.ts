// Whether the columns of an Arrow batch hold what they claim: the library cuts what is too short, and takes as read what is missing.
import { ArrowDamage } from './arrow-metadata.js';

/** A column as the library holds it, or what stands in one. */
interface Column {
  readonly type: { readonly typeId: number };
  readonly length: number;
  readonly stride: number;
  readonly nullCount: number;
  readonly nullBitmap?: ArrayLike<number> | undefined;
  readonly values?: ArrayLike<unknown> | undefined;
  readonly valueOffsets?: ArrayLike<number | bigint> | undefined;
  readonly typeIds?: ArrayLike<number> | undefined;
  readonly children: readonly Column[];
  readonly dictionary?: { readonly data: readonly Column[] } | null | undefined;
}

interface Batch {
  readonly numRows: number;
  readonly data: { readonly children: readonly Column[] };
  readonly schema: { readonly fields: readonly { readonly name: string }[] };
}

/** `Type` of the library. */
const BOOL = 6;
const DICTIONARY = -1;
const FIXED_LIST = 16;

/** Throws ArrowDamage when a batch has more rows than its columns. */
export function checkColumns({ numRows, data, schema }: Batch): void {
  const { children } = data;
  if (numRows > 0 && !children.some(holdsAny))
    throw new ArrowDamage(`no column holds any of the ${numRows} rows of a batch`);
  for (const [i, column] of children.entries()) {
    const name = JSON.stringify(schema.fields[i]?.name ?? '');
    if (column.length !== numRows) throw new ArrowDamage(`column ${name} has ${column.length} of ${numRows} rows`);
    const wrong = wrongIn(column);
    if (wrong !== '') throw new ArrowDamage(`column ${name} ${wrong}`);
  }
}

const holdsAny = ({ values, valueOffsets, children }: Column): boolean =>
  (values?.length ?? 0) > 0 || (valueOffsets?.length ?? 0) > 0 || children.some(holdsAny);

/** What is wrong with a column; empty where nothing is. */
function wrongIn(column: Column): string {
  const { type, length, stride, nullCount, nullBitmap, values, valueOffsets, typeIds, children } = column;
  if (length === 0) return '';
  if (nullCount > 0 && nullBitmap !== undefined && 8 * nullBitmap.length < length)
    return `says of ${8 * nullBitmap.length} of ${length} values whether they are there`;
  if (type.typeId === DICTIONARY && column.dictionary == null) return 'has no dictionary';
  for (const list of column.dictionary?.data ?? []) {
    // Of a type that holds nothing it could claim any length.
    const wrong = list.length > 0 && !holdsAny(list) ? `holds none of ${list.length} values` : wrongIn(list);
    if (wrong !== '') return `has a dictionary that ${wrong}`;
  }
  if (typeIds !== undefined && typeIds.length < length) return `holds ${typeIds.length} of ${length} values`;
  if (valueOffsets !== undefined && typeIds === undefined)
    return wrongOffsets(valueOffsets, length, (values?.length ?? 0) + (children[0]?.length ?? 0));
  if (values !== undefined) {
    const held = type.typeId === BOOL ? 8 * values.length : Math.floor(values.length / Math.max(1, stride));
    if (held < length) return `holds ${held} of ${length} values`;
  }
  if (valueOffsets !== undefined) return '';
  const inner = type.typeId === FIXED_LIST ? length * stride : length;
  return (
    children
      .map((child) => (child.length < inner ? `holds ${child.length} of ${inner} values` : wrongIn(child)))
      .find((text) => text !== '') ?? ''
  );
}

/** Each value begins where the one before ends, within what there is. */
function wrongOffsets(offsets: ArrayLike<number | bigint>, length: number, most: number): string {
  if (offsets.length <= length) return `tells where ${Math.max(0, offsets.length - 1)} of ${length} values end`;
  if (offsets[0]! < 0 || offsets[length]! > most)
    return `holds ${most} bytes, and values up to byte ${offsets[length]}`;
  for (let i = 0; i < length; i++)
    if (offsets[i]! > offsets[i + 1]!) return `holds value ${i} at bytes ${offsets[i]} to ${offsets[i + 1]}`;
  return '';
}

/** Of what the library throws nothing can be said to a user: it meets what is missing as something that has no properties. */
export function inWords(error: unknown): Error {
  if (error instanceof ArrowDamage || (error instanceof Error && 'syscall' in error)) return error;
  return new ArrowDamage('its columns are not those that its schema tells');
}
