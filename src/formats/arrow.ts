// Arrow IPC as a file: batches are read where the directory at its end says.
import type { Format, Input } from '../model/trace.js';
import { type ArrowSource, readBatches } from './arrow-batches.js';
import { randomAccess } from './whole-input.js';

const MAGIC = 'ARROW1';

export const arrow: Format = {
  name: 'arrow',
  title: 'tables as Arrow IPC files, LZ4 and zstd bodies too',
  sniff: (head) => [...MAGIC].every((char, i) => head[i] === char.charCodeAt(0)),
  async read(input, sink, options) {
    const used = { bytes: 0 };
    return readBatches(
      () => fileHandle(input, used),
      () => used.bytes,
      sink,
      options,
    );
  },
};

/** What the library takes for an open file. */
async function fileHandle(input: Input, used: { bytes: number }): Promise<ArrowSource> {
  const access = await randomAccess(input);
  const file = {
    fd: -1,
    stat: async () => ({ size: access.size }),
    close: async () => {},
    async read(buffer: Uint8Array, offset: number, length: number, position: number) {
      const bytes = access.read(position, length);
      buffer.set(bytes, offset);
      used.bytes += bytes.length;
      return { bytesRead: bytes.length, buffer };
    },
  };
  return file as unknown as ArrowSource;
}
