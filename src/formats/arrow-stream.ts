// Arrow IPC as a stream, front to back.
import { ARROW_FRAME, ArrowDamage, arrowFrame, arrowMessage } from '../base/arrow-metadata.js';
import type { Format } from '../model/trace.js';
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
  read: (input, sink, options) => readBatches(messagesIn(input.chunks()), sink, options),
};

async function* messagesIn(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const bytes = new Front(chunks);
  try {
    for (let isFirst = true; ; isFirst = false) {
      const begin = await bytes.take(ARROW_FRAME);
      const frame = arrowFrame(begin);
      if (frame === null) return;
      const head = Buffer.concat([begin, await bytes.take(frame.before + frame.length - ARROW_FRAME)]);
      const header = head.subarray(frame.before);
      if (header.length < frame.length)
        throw new ArrowDamage(`a message claims a header of ${frame.length} bytes, there are ${header.length}`);
      const { kind, bodyLength } = arrowMessage(header);
      if ((kind === 'schema') !== isFirst)
        throw new ArrowDamage(isFirst ? `its first message is a ${kind}` : 'it has a second schema');
      yield head;
      yield* bytes.pieces(bodyLength);
    }
  } finally {
    await bytes.end();
  }
}

/** Bytes of chunks, front to back, copied: the library's batches keep pieces of them. */
class Front {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** The next so many; fewer where it ends. */
  async take(length: number): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    for await (const piece of this.#pieces(length)) pieces.push(piece);
    return Buffer.concat(pieces);
  }

  /** The same in pieces; there have to be so many. */
  async *pieces(length: number): AsyncGenerator<Uint8Array> {
    let left = length;
    for await (const piece of this.#pieces(length)) {
      left -= piece.length;
      yield piece;
    }
    if (left > 0) throw new ArrowDamage(`a message claims a body of ${length} bytes, there are ${length - left}`);
  }

  async *#pieces(length: number): AsyncGenerator<Uint8Array> {
    for (let left = length; left > 0; ) {
      if (this.#rest.length === 0) {
        const next = await this.#chunks.next();
        if (next.done === true) return;
        this.#rest = next.value;
      }
      const piece = Uint8Array.from(this.#rest.subarray(0, left));
      this.#rest = this.#rest.subarray(piece.length);
      left -= piece.length;
      if (piece.length > 0) yield piece;
    }
  }

  async end(): Promise<void> {
    await this.#chunks.return?.();
  }
}
