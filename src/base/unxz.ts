// xz, which no Node unpacks: xz-embedded as WebAssembly, by the library xz-decompress.
import { createRequire } from 'node:module';
import { ReadableStream } from 'node:stream/web';
import type { XzReadableStream } from 'xz-decompress';

/** What xz-embedded answers to packed data that is whole but not for it (enum xz_ret, linux/xz.h); the library's message ends with the number. */
const BEYOND: Readonly<Record<number, string>> = {
  3: 'a dictionary for which there is no memory',
  4: 'a dictionary that is too large',
  6: 'a filter or a check that is not known here (xz --x86, --check=sha256)',
};
const CUT = 8;

/**
 * What is packed in `raw`; several streams one after the other and padding are read as `xz -dc` does. `tell` hears what is wrong
 * with the packed data, after all before it was given; what `raw` throws is thrown on.
 */
export async function* unxz(raw: AsyncIterable<Uint8Array>, tell: (damage: string) => void): AsyncIterable<Uint8Array> {
  let used = 0;
  let broken: { readonly error: unknown } | null = null;
  async function* counted(): AsyncIterable<Uint8Array> {
    try {
      for await (const chunk of raw) {
        used += chunk.length;
        yield chunk;
      }
    } catch (error) {
      broken = { error };
      throw error;
    }
  }
  const unpacked = open(ReadableStream.from(counted()));
  try {
    for await (const bytes of unpacked) if (bytes.length > 0) yield bytes;
  } catch (error) {
    if (broken !== null) throw (broken as { readonly error: unknown }).error;
    tell(describe(error, used));
  }
}

/** The library, which is loaded when it is needed, unpacks one stream at a time and lets others wait: each gets a copy of its own. */
function open(packed: ReadableStream<Uint8Array>): XzReadableStream {
  const require = createRequire(import.meta.url);
  delete require.cache[require.resolve('xz-decompress')];
  const library = require('xz-decompress') as typeof import('xz-decompress');
  return new library.XzReadableStream(packed as unknown as globalThis.ReadableStream<Uint8Array>);
}

function describe(error: unknown, used: number): string {
  const text = error instanceof Error ? error.message : String(error);
  const code = Number(/\d+$/.exec(text)?.[0]);
  if (code === CUT)
    return `expected the end of the xz data, found the end of the file after ${used} bytes; the file was cut`;
  const beyond = BEYOND[code];
  if (beyond !== undefined) return `the xz data has ${beyond}; unpack it with xz -dc, and pipe it in`;
  return `expected xz data, found other bytes before byte ${used}; the rest cannot be read`;
}
