// Bytes by their place: a plain file as it is; what comes from a pipe or is packed, from a temporary file.
import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import type { RandomAccess } from '../model/trace.js';
import { openUnnamed } from './spill.js';

export interface Seekable extends RandomAccess {
  close(): void;
}

/** `onRead` is told how many bytes were read so far. */
export function openPlain(path: string, onRead: (bytes: number) => void): Seekable {
  let total = 0;
  const file = reader(openSync(path, 'r'));
  return {
    ...file,
    read(offset, length, memory) {
      const bytes = file.read(offset, length, memory);
      total += bytes.length;
      onRead(total);
      return bytes;
    },
  };
}

/** Keeps everything in a temporary file without a name. */
export async function spool(chunks: AsyncIterable<Uint8Array>): Promise<Seekable> {
  const descriptor = openUnnamed();
  const file = reader(descriptor);
  try {
    for await (const chunk of chunks) for (let at = 0; at < chunk.length; ) at += writeSync(descriptor, chunk, at);
  } catch (error) {
    file.close();
    throw error;
  }
  return { ...file, size: fstatSync(descriptor).size };
}

function reader(descriptor: number): Seekable {
  const { size } = fstatSync(descriptor);
  let open = true;
  return {
    size,
    read: (offset, length, memory) => readAll(descriptor, offset, Math.max(0, Math.min(length, 2 ** 30)), memory),
    close() {
      if (open) closeSync(descriptor);
      open = false;
    },
  };
}

function readAll(descriptor: number, offset: number, length: number, memory?: Uint8Array): Uint8Array {
  // Places in a file come from the file: one beyond what a position can be is beyond its end as well.
  if (!(offset >= 0 && offset <= Number.MAX_SAFE_INTEGER)) return new Uint8Array(0);
  const bytes =
    memory !== undefined && memory.length >= length
      ? memory.subarray(0, length)
      : Buffer.allocUnsafeSlow(Math.max(0, Math.min(length, fstatSync(descriptor).size - offset)));
  let done = 0;
  while (done < bytes.length) {
    const read = readSync(descriptor, bytes, done, bytes.length - done, offset + done);
    if (read === 0) break;
    done += read;
  }
  return bytes.subarray(0, done);
}
