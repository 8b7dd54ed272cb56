// The file of a table: whether it is what was written, its schema, and its batches, message by message (Arrow columnar format, IPC).
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import type { RecordBatch, Schema } from 'apache-arrow';
import { viewOf } from '../base/byte-cursor.js';
import { arrow } from './arrow.js';

const MAGIC = 'ARROW1';
/** The messages begin behind the magic, at a multiple of 8. */
const FIRST = 8;
/** What a message begins with: a mark, and the length of its header. */
const BEGIN = 8;
/** The length of the directory, and the magic. */
const END = 4 + MAGIC.length;
const PIECE = 1 << 20;

/** Refuses a file that is not what was written, with a checksum, because Arrow readers may loop for hours over a damaged header. */
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
  const schema = schemaOf(path);
  return { schema, batches: batchesOf(messagesOf(path, schema, memory)) };
}

/** However few of them are asked for, the file is closed. */
function* batchesOf(messages: Generator<Uint8Array>): Iterable<RecordBatch> {
  try {
    yield* arrow.RecordBatchReader.from(messages).open();
  } finally {
    // The library does not end what it reads from.
    messages.return(undefined);
  }
}

/** A file is a stream whose first message, the schema, stands in the directory at its end. */
function* messagesOf(path: string, schema: Schema, memory: Memory | null): Generator<Uint8Array> {
  const message: Uint8Array[] = [];
  const queue = new arrow.AsyncByteQueue();
  queue.write = (bytes) => void message.push((bytes as Uint8Array).slice());
  new arrow.RecordBatchStreamWriter().reset(queue, schema);
  yield* message;
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    for (let at = FIRST; ; ) {
      const begin = viewOf(readAt(file, at, BEGIN));
      const header = begin.getInt32(4, true);
      if (begin.getInt32(0, true) !== -1 || header <= 0) return;
      const { bodyLength, headerType } = arrow.Message.decode(readAt(file, at + BEGIN, header));
      const length = BEGIN + header + bodyLength;
      if (at + length > size) throw new Error('it was cut while being read');
      // A whole message in one piece is not copied; what a dictionary holds is needed for all batches.
      yield readAt(
        file,
        at,
        length,
        headerType === arrow.MessageHeader.RecordBatch ? roomIn(memory, length) : undefined,
      );
      // The library asks for more before it takes the last of what it has: that is not to be overwritten yet.
      yield new Uint8Array(0);
      at += length;
    }
  } finally {
    closeSync(file);
  }
}

function roomIn(memory: Memory | null, length: number): Uint8Array<ArrayBuffer> | undefined {
  if (memory !== null && memory.bytes.length < length) memory.bytes = new Uint8Array(length + (length >>> 3));
  return memory?.bytes.subarray(0, length);
}

/** From the beginning, where the dictionaries are, and the directory: the library takes the two for a file without batches in between. */
function schemaOf(path: string): Schema {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const end = readAt(file, size - END, END);
    const directory = new DataView(end.buffer).getInt32(0, true);
    if (directory <= 0 || directory > size - END) throw new Error('its directory is damaged');
    const tail = readAt(file, size - END - directory, directory + END);
    for (let head = PIECE; ; head *= 8) {
      const bytes = new Uint8Array(Math.min(head, size - tail.length) + tail.length);
      bytes.set(readAt(file, 0, bytes.length - tail.length));
      bytes.set(tail, bytes.length - tail.length);
      try {
        return arrow.RecordBatchReader.from(bytes).open().schema;
      } catch (error) {
        if (bytes.length === size) throw error;
      }
    }
  } finally {
    closeSync(file);
  }
}

function readAt(file: number, at: number, length: number, bytes = new Uint8Array(length)): Uint8Array {
  for (let done = 0; done < length; ) {
    const read = readSync(file, bytes, done, length - done, at + done);
    if (read === 0) throw new Error('it was cut while being read');
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
