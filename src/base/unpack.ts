// Compressed blocks of known size in one call: zlib from Node, zstd from fzstd (pure JS, since Node has zstd from 22.15 on).
// The sizes come from untrusted files: what a block claims is held against what its compression could possibly give.
import { inflateSync } from 'node:zlib';
import { Decompress, decompress } from 'fzstd';
import { joined } from './joined.js';

export type Codec = 'none' | 'zlib' | 'zstd';

/** Most bytes one compressed byte can stand for: a zstd run block is 4 bytes for 128 KiB, deflate gives 1032. */
const MOST_PER_BYTE = { none: 1, zlib: 1032, zstd: 32768 } as const;
const LARGEST_BLOCK = 2 ** 28;

/** Throws an Error that says what is wrong; `size` is what the file says the block unpacks to. */
export function unpack(codec: Codec, packed: Uint8Array, size: number): Uint8Array {
  if (size > LARGEST_BLOCK || size > packed.length * MOST_PER_BYTE[codec] + MOST_PER_BYTE[codec])
    throw new Error(`${packed.length} bytes of ${codec} data cannot hold the ${size} bytes they claim`);
  if (codec === 'none') return packed.subarray(0, size);
  const bytes =
    codec === 'zlib' ? inflateSync(packed, { maxOutputLength: Math.max(1, size) }) : unpackZstd(packed, size);
  if (bytes.length !== size) throw new Error(`expected ${size} unpacked bytes, found ${bytes.length}`);
  return bytes;
}

function unpackZstd(packed: Uint8Array, size: number): Uint8Array {
  // fzstd allocates what the frame claims; only a frame that claims what is expected may do so.
  if (claimedSize(packed) === size) return decompress(packed);
  return new ZstdStream(size).end(packed);
}

/** Content size in the header of a zstd frame (RFC 8878, section 3.1.1.1), or -1 when it does not tell. */
function claimedSize(b: Uint8Array): number {
  if (b.length < 6 || b[0] !== 0x28 || b[1] !== 0xb5 || b[2] !== 0x2f || b[3] !== 0xfd) return -1;
  const descriptor = b[4]!;
  const single = (descriptor >> 5) & 1;
  const width = [single, 2, 4, 8][descriptor >> 6]!;
  const at = 5 + (1 - single) + [0, 1, 2, 4][descriptor & 3]!;
  if (width === 0 || at + width > b.length) return -1;
  let size = 0;
  for (let i = width - 1; i >= 0; i--) size = size * 256 + b[at + i]!;
  return width === 2 ? size + 256 : size;
}

/** A zstd stream that arrives in pieces, as perf writes it: each piece ends in a flush, not in the end of a frame. */
export class ZstdStream {
  #pieces: Uint8Array[] = [];
  #length = 0;
  #begun = false;
  readonly #most: number;
  readonly #stream: Decompress;

  /** `most` bytes may come out of one piece. */
  constructor(most = LARGEST_BLOCK) {
    this.#most = most;
    this.#stream = new Decompress((bytes) => {
      this.#length += bytes.length;
      if (this.#length > this.#most) throw new Error(`zstd data unpacks to more than ${this.#most} bytes`);
      this.#pieces.push(bytes);
    });
  }

  /** What this piece unpacks to; a first piece of a few bytes may come out with the next. Throws an Error that says what is wrong. */
  push(packed: Uint8Array): Uint8Array {
    return this.#take(packed, false);
  }

  /** The same for the last piece; a frame that is not whole is an Error as well. */
  end(packed: Uint8Array = new Uint8Array(0)): Uint8Array {
    return this.#take(packed, true);
  }

  #take(packed: Uint8Array, last: boolean): Uint8Array {
    if (!this.#begun && packed.length > 0) checkWindow(packed);
    this.#begun ||= packed.length > 0;
    this.#pieces = [];
    this.#length = 0;
    this.#stream.push(packed, last);
    return joined(this.#pieces);
  }
}

/** What zstd itself takes without being asked (ZSTD_WINDOWLOG_LIMIT_DEFAULT); the window is allocated before anything is unpacked. */
const LARGEST_WINDOW = 2 ** 27;

/** Window size in the header of a zstd frame (RFC 8878, section 3.1.1.1.2). */
function checkWindow(b: Uint8Array): void {
  if (b.length < 6 || ((b[4]! >> 5) & 1) === 1) return;
  const base = 2 ** (10 + (b[5]! >> 3));
  const size = base + (base / 8) * (b[5]! & 7);
  if (size > LARGEST_WINDOW) throw new Error(`a window of ${size} bytes, more than ${LARGEST_WINDOW}`);
}
