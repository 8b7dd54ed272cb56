// Bytes by their place for formats that need them: from the file itself where that can be had, else from memory.
import type { Input, RandomAccess } from '../model/trace.js';

/** A stream that is kept in memory may be so long. */
const LARGEST = 2 ** 28;

export async function randomAccess(input: Input): Promise<RandomAccess> {
  if (input.random !== undefined) return input.random();
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of input.chunks()) {
    size += chunk.length;
    if (size > LARGEST)
      throw new Error(`expected at most ${LARGEST} bytes of a table that is not read from a plain file, found more`);
    pieces.push(chunk);
  }
  const whole = Buffer.concat(pieces);
  return {
    size: whole.length,
    read: (offset, length) => whole.subarray(Math.min(offset, whole.length), Math.min(offset + length, whole.length)),
  };
}
