// The input of a format that needs bytes by their place.
import { inMemory } from '../base/byte-cursor.js';
import type { Input, RandomAccess } from '../model/trace.js';

/** What the input offers, or its chunks in memory when it offers none. */
export async function randomAccess(input: Input): Promise<RandomAccess> {
  if (input.random !== undefined) return input.random();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of input.chunks()) {
    chunks.push(Uint8Array.from(chunk));
    length += chunk.length;
  }
  const all = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return inMemory(all);
}
