// The file of a table: whether it is what was written, its schema, and its batches, message by message (Arrow columnar format, IPC).
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import type { RecordBatch, Schema } from 'apache-arrow';
import { checkColumns, inWords } from '../base/arrow-columns.js';
import {
  ARROW_FRAME,
  ArrowDamage,
  type ArrowDirectory,
  arrowDirectory,
  arrowFrame,
  arrowMessage,
} from '../base/arrow-metadata.js';
import { viewOf } from '../base/byte-cursor.js';
import { arrow } from './arrow.js';

const MAGIC = 'ARROW1';
/** The messages begin behind the magic, at a multiple of 8. */
const FIRST = 8;
/** The length of the directory, and the magic. */
const END = 4 + MAGIC.length;
const PIECE = 1 << 20;

/** Refuses a file that is not what was written, with a checksum: damage within columns shows nowhere else. */
export function checkTable(path: string, sum?: number): void {
  let size = 0;
  let found = 0;
  let begin = '';
  let end = '';
  const text = (bytes: Uint8Array): string => String.fromCharCode(...bytes);
  for (const piece of piecesOf(path)) {
    if (size === 0) begin = text(piece.subarray(0, MAGIC.length));
    size += piece.length;
    end = (end + text(piece.subarray(-MAGIC.length))).slice(-MAGIC.length);
    if (sum !== undefined) found = crc32(piece, found);
  }
  if (size < 2 * MAGIC.length || begin !== MAGIC) throw new Error('it is no Arrow file');
  if (end !== MAGIC) throw new Error('its end is missing');
  if (sum !== undefined && found !== sum) throw new Error('its content does not match its checksum');
}

/** Memory for one batch after the other: thrown away it would stay for tens of megabytes until it is collected. */
export interface Memory {
  bytes: Uint8Array<ArrayBuffer>;
}

export function openBatches(
  path: string,
  memory: Memory | null,
): { readonly schema: Schema; readonly batches: Iterable<RecordBatch> } {
  const first = directoryOf(path).schema;
  const schema = library(() => arrow.RecordBatchReader.from(first).open().schema);
  return { schema, batches: batchesOf(messagesOf(path, first, memory)) };
}

/** However few of them are asked for, the file is closed. */
function* batchesOf(messages: Generator<Uint8Array>): Iterable<RecordBatch> {
  try {
    const reader = library(() => arrow.RecordBatchReader.from(messages).open());
    for (;;) {
      const next = library(() => reader.next() as IteratorResult<RecordBatch>);
      if (next.done === true) return;
      checkColumns(next.value);
      yield next.value;
    }
  } finally {
    // The library does not end what it reads from.
    messages.return(undefined);
  }
}

function library<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw inWords(error);
  }
}

/** A file is a stream whose first message, the schema, stands in the directory at its end. */
function* messagesOf(path: string, first: Uint8Array, memory: Memory | null): Generator<Uint8Array> {
  yield first;
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    for (let at = FIRST; ; ) {
      const frame = arrowFrame(readAt(file, at, ARROW_FRAME));
      if (frame === null) return;
      const begin = frame.before + frame.length;
      const { kind, bodyLength } = arrowMessage(readAt(file, at + frame.before, within(frame.length, size - at)));
      const length = begin + bodyLength;
      if (kind === 'schema') throw new ArrowDamage(`a second schema stands at byte ${at}`);
      within(length, size - at);
      // A whole message in one piece is not copied; what a dictionary holds is needed for all batches.
      yield readAt(file, at, length, kind === 'batch' ? roomIn(memory, length) : undefined);
      // The library asks for more before it takes the last of what it has: that is not to be overwritten yet.
      yield new Uint8Array(0);
      at += length;
    }
  } finally {
    closeSync(file);
  }
}

function within(length: number, left: number): number {
  if (length <= left) return length;
  throw new ArrowDamage(`a message claims ${length} bytes, there are ${left}`);
}

function roomIn(memory: Memory | null, length: number): Uint8Array<ArrayBuffer> | undefined {
  if (memory !== null && memory.bytes.length < length) memory.bytes = new Uint8Array(length + (length >>> 3));
  return memory?.bytes.subarray(0, length);
}

function directoryOf(path: string): ArrowDirectory {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const end = readAt(file, size - END, END);
    const length = viewOf(end).getInt32(0, true);
    if (length <= 0 || length > size - END) throw new ArrowDamage(`its directory claims ${length} of ${size} bytes`);
    return arrowDirectory(readAt(file, size - END - length, length));
  } finally {
    closeSync(file);
  }
}

function readAt(file: number, at: number, length: number, bytes = new Uint8Array(length)): Uint8Array {
  for (let done = 0; done < length; ) {
    const read = readSync(file, bytes, done, length - done, at + done);
    if (read === 0) throw new ArrowDamage('it was cut while being read');
    done += read;
  }
  return bytes;
}

/** One after the other in the same memory. */
function* piecesOf(path: string): IterableIterator<Uint8Array> {
  const file = openSync(path, 'r');
  try {
    const bytes = new Uint8Array(PIECE);
    for (let read = readSync(file, bytes); read > 0; read = readSync(file, bytes)) yield bytes.subarray(0, read);
  } finally {
    closeSync(file);
  }
}
