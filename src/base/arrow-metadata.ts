// What stands in Arrow IPC before the columns: messages and the directory of a file, held against their shape before a reader walks
// them (Arrow format/Message.fbs, Schema.fbs, File.fbs).
import { viewOf } from './byte-cursor.js';
import { checkFlatbuffer, FlatTable, type Shape, type Slot } from './flatbuffer.js';

/** What is wrong in Arrow data, in words. */
export class ArrowDamage extends Error {
  override readonly name = 'ArrowDamage';
}

/** Of versions before, buffers have another form; none was written since 2017. */
const OLDEST_VERSION = 3;
/** More than memory has, and counts beyond are no exact numbers. */
const MOST_BYTES = 2 ** 31 - 1;
/** One of ten thousands of columns is shorter. */
const LONGEST_HEADER = 2 ** 26;

const shape = (name: string, ...slots: Slot[]): Shape => ({ name, slots });
const PAIR = shape('a pair of words', 'text', 'text');
const BARE = shape('a type');
const INT = shape('an integer type', 4, 1);
const TYPES: readonly (Shape | null)[] = [
  ...[null, BARE, INT, shape('a float type', 2), BARE, BARE, BARE, shape('a decimal type', 4, 4, 4)],
  ...[shape('a date type', 2), shape('a time type', 2, 4), shape('a timestamp type', 2, 'text')],
  ...[shape('an interval type', 2), BARE, BARE, shape('a union type', 2, { list: 4 })],
  ...[shape('a fixed-size type', 4), shape('a fixed-size list type', 4), shape('a map type', 1)],
  ...[shape('a duration type', 2), BARE, BARE, BARE, BARE, BARE, BARE],
];
const CODES = shape('a dictionary encoding', 8, INT, 1, 2);
const fieldSlots: Slot[] = ['text', 1, 1, { oneOf: TYPES }, CODES];
const FIELD: Shape = { name: 'a field', slots: fieldSlots, needs: [2, 3] };
fieldSlots.push({ list: FIELD }, { list: PAIR });
const SCHEMA: Shape = shape('the schema', 2, { list: FIELD }, { list: PAIR }, { list: 8 });
const BATCH = shape('a batch', 8, { list: 16 }, { list: 16 }, shape('the packing of a batch', 1, 1), { list: 8 });
const DICTIONARY: Shape = { name: 'a dictionary', slots: [8, BATCH, 1], needs: [1] };
const HEADERS = [null, SCHEMA, DICTIONARY, BATCH];
const MESSAGE: Shape = { name: 'a message', slots: [2, 1, { oneOf: HEADERS }, 8, { list: PAIR }], needs: [1, 2] };
const BLOCK_BYTES = 24;
const DIRECTORY: Shape = {
  name: 'the directory',
  slots: [2, SCHEMA, { list: BLOCK_BYTES }, { list: BLOCK_BYTES }, { list: PAIR }],
  needs: [1],
};

/** What stands before the header of a message: a mark that came with version 5, and its length. */
export const ARROW_FRAME = 8;

/** How many bytes of these 8 stand before the header of a message, and how long that is; null at the end of a stream. */
export function arrowFrame(begin: Uint8Array): { readonly before: 4 | 8; readonly length: number } | null {
  const view = viewOf(begin);
  const before = view.byteLength >= 4 && view.getInt32(0, true) === -1 ? 8 : 4;
  if (view.byteLength < before) return null;
  const length = view.getInt32(before - 4, true);
  if (length < 0 || length > LONGEST_HEADER) throw new ArrowDamage(`a message claims a header of ${length} bytes`);
  return length === 0 ? null : { before, length };
}

export interface ArrowMessage {
  readonly kind: 'schema' | 'dictionary' | 'batch';
  readonly bodyLength: number;
}

/** What the header of a message says; throws ArrowDamage when it contradicts itself or its shape. */
export function arrowMessage(header: Uint8Array): ArrowMessage {
  inShape(header, MESSAGE);
  const message = new FlatTable(viewOf(header));
  checkVersion(message.int(0, 2));
  const kind = (['schema', 'dictionary', 'batch'] as const)[message.int(1, 1) - 1]!;
  const bodyLength = message.int(3, 8);
  if (bodyLength < 0 || bodyLength > MOST_BYTES)
    throw new ArrowDamage(`a ${kind} claims a body of ${bodyLength} bytes`);
  const content = message.table(2)!;
  if (kind !== 'schema') checkBatch(kind === 'batch' ? content : content.table(1)!, bodyLength);
  return { kind, bodyLength };
}

/** Rows, columns and buffers of a batch are no more than its body can hold. */
function checkBatch(batch: FlatTable, bodyLength: number): void {
  const packed = batch.place(3) >= 0;
  // A value takes a bit at least; where it is packed, so much as memory has.
  const most = packed ? MOST_BYTES : 8 * bodyLength;
  const rows = batch.int(0, 8);
  if (rows < 0 || rows > most) throw new ArrowDamage(`a batch claims ${rows} rows in ${bodyLength} bytes`);
  const nodes = batch.words(1, 2);
  for (let i = 0; i < nodes.length; i += 2) {
    const [length, nulls] = [nodes[i]!, nodes[i + 1]!];
    if (length < 0 || length > MOST_BYTES || nulls < 0 || nulls > length)
      throw new ArrowDamage(`a column claims ${length} values, ${nulls} of them nulls`);
  }
  const buffers = batch.words(2, 2);
  let sum = 0;
  for (let i = 0; i < buffers.length; i += 2) {
    const [offset, length] = [buffers[i]!, buffers[i + 1]!];
    if (offset < 0 || length < 0 || (length > 0 && offset + length > bodyLength))
      throw new ArrowDamage(`a buffer claims bytes ${offset} to ${offset + length} of ${bodyLength}`);
    sum += length;
  }
  if (sum > bodyLength) throw new ArrowDamage(`buffers claim ${sum} bytes of ${bodyLength}`);
  for (const count of batch.words(4, 1))
    if (count < 0 || count > buffers.length / 2) throw new ArrowDamage(`a column claims ${count} buffers`);
}

/** The directory at the end of a file: its schema as a message of a stream, and where the other messages begin. */
export interface ArrowDirectory {
  readonly schema: Uint8Array<ArrayBuffer>;
  readonly dictionaries: readonly number[];
  readonly batches: readonly number[];
}

export function arrowDirectory(bytes: Uint8Array): ArrowDirectory {
  inShape(bytes, DIRECTORY);
  const directory = new FlatTable(viewOf(bytes));
  const version = directory.int(0, 2);
  checkVersion(version);
  const begins = (slot: number): number[] => [...directory.words(slot, BLOCK_BYTES / 8)].filter((_, i) => i % 3 === 0);
  return { schema: asMessage(bytes, directory.place(1), version), dictionaries: begins(2), batches: begins(3) };
}

/** Offsets in a flatbuffer are relative: with a message put before it, the schema within `bytes` is that message's. */
function asMessage(bytes: Uint8Array, schema: number, version: number): Uint8Array<ArrayBuffer> {
  const HEAD = 32;
  const out = new Uint8Array(8 + HEAD + ((bytes.length + 7) & ~7));
  out.set(bytes, 8 + HEAD);
  const view = new DataView(out.buffer);
  view.setInt32(0, -1, true);
  view.setInt32(4, out.length - 8, true);
  // The root; the layout of the message, of three slots; and the message, whose layout stands 12 bytes before it.
  const layout = [10, 12, 4, 6, 8];
  view.setUint32(8, 20, true);
  for (const [i, value] of layout.entries()) view.setUint16(16 + 2 * i, value, true);
  view.setInt32(28, 12, true);
  view.setInt16(32, version, true);
  view.setUint8(34, 1);
  view.setUint32(36, 8 + HEAD + schema - 36, true);
  return out;
}

function inShape(bytes: Uint8Array, root: Shape): void {
  try {
    checkFlatbuffer(bytes, root);
  } catch (error) {
    throw new ArrowDamage((error as Error).message);
  }
}

function checkVersion(version: number): void {
  if (version < OLDEST_VERSION || version > OLDEST_VERSION + 1)
    throw new ArrowDamage(`expected version 4 or 5 of the format, found ${version + 1}`);
}
