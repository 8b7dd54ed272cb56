// Arrow IPC as a stream, front to back.
import type { Format, Input } from '../model/trace.js';
import { readBatches } from './arrow-batches.js';

const CONTINUATION = 0xffffffff;
const LONGEST_SCHEMA = 1 << 20;

export const arrowStream: Format = {
  name: 'arrow-stream',
  title: 'tables as Arrow IPC streams, LZ4 and zstd bodies too',
  /** The first message: its mark, the length of its metadata, and a table at a plausible place in them. */
  sniff(head) {
    if (head.length < 16) return false;
    const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
    const length = view.getInt32(4, true);
    const root = view.getUint32(8, true);
    const isMessage = view.getUint32(0, true) === CONTINUATION && length > 8 && length <= LONGEST_SCHEMA;
    return isMessage && root >= 4 && root < length;
  },
  async read(input, sink, options) {
    const used = { bytes: 0 };
    return readBatches(
      async () => counted(input, used),
      () => used.bytes,
      sink,
      options,
    );
  },
};

async function* counted(input: Input, used: { bytes: number }): AsyncGenerator<Uint8Array> {
  for await (const chunk of input.chunks()) {
    used.bytes += chunk.length;
    // The library's batches keep pieces of it.
    yield Uint8Array.from(chunk);
  }
}
