// Arrow IPC as a file: batches are read where the directory at its end says.
import { ARROW_FRAME, ArrowDamage, arrowDirectory, arrowFrame, arrowMessage } from '../base/arrow-metadata.js';
import { viewOf } from '../base/byte-cursor.js';
import type { Format, Input, RandomAccess } from '../model/trace.js';
import { readBatches } from './arrow-batches.js';
import { randomAccess } from './random-access.js';

const MAGIC = 'ARROW1';
const END = 4 + MAGIC.length;

function isMagic(bytes: Uint8Array): boolean {
  return [...MAGIC].every((char, i) => bytes[i] === char.charCodeAt(0));
}

export const arrow: Format = {
  name: 'arrow',
  title: 'tables as Arrow IPC files, LZ4 and zstd bodies too',
  sniff: isMagic,
  read: (input, sink, options) => readBatches(messagesOf(input), sink, options),
};

/** As a stream has them: the schema, and what the batches are made with before the batches. */
async function* messagesOf(input: Input): AsyncGenerator<Uint8Array> {
  const access = await randomAccess(input);
  const { schema, dictionaries, batches } = arrowDirectory(directoryOf(access));
  yield schema;
  let left = access.size;
  const parts = [['dictionary', dictionaries] as const, ['batch', batches] as const];
  for (const [kind, places] of parts)
    for (const at of places) {
      const message = messageAt(access, at, kind);
      left -= message.length;
      if (left < 0) throw new ArrowDamage('its directory names parts more than once');
      yield message;
    }
}

function messageAt(access: RandomAccess, at: number, expected: string): Uint8Array {
  const where = `the ${expected} at byte ${at}`;
  const frame = arrowFrame(bytesAt(access, at, ARROW_FRAME, where));
  if (frame === null) throw new ArrowDamage(`${where} is none`);
  const { before, length } = frame;
  const { kind, bodyLength } = arrowMessage(bytesAt(access, at + before, length, where));
  if (kind !== expected) throw new ArrowDamage(`${where} is a ${kind}`);
  return bytesAt(access, at, before + length + bodyLength, where);
}

function bytesAt(access: RandomAccess, at: number, length: number, what: string): Uint8Array {
  if (at >= 0 && at + length <= access.size) return access.read(at, length);
  throw new ArrowDamage(`${what} claims ${length} bytes of ${access.size}`);
}

function directoryOf(access: RandomAccess): Uint8Array {
  const end = access.read(Math.max(0, access.size - END), END);
  if (end.length < END || !isMagic(end.subarray(4)))
    throw new ArrowDamage(`expected "${MAGIC}" at the end, the file was cut`);
  const length = viewOf(end).getInt32(0, true);
  if (length <= 0 || length > access.size - 2 * END)
    throw new ArrowDamage(`the directory claims ${length} of ${access.size} bytes`);
  return access.read(access.size - END - length, length);
}
