// LZ4 frames (lz4_Frame_format.md 1.6), as Arrow packs its buffers. Blocks may refer to blocks before them; checksums are
// passed over. The work is bounded by what the bytes can stand for and by what the caller expects at most.

const MAGIC = 0x184d2204;
const HEADER = 7;
/** A byte of a length can stand for 255 bytes. */
const MOST_PER_BYTE = 255;
const LARGEST = 2 ** 30;
const HAS_CONTENT_SIZE = 0x08;
const HAS_BLOCK_CHECKSUM = 0x10;
const HAS_DICTIONARY = 0x01;
const UNPACKED = 0x80000000;

/** At most `most` bytes; throws an Error that says what is wrong. */
export function unpackLz4Frame(packed: Uint8Array, most: number): Uint8Array {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  if (packed.length < HEADER || view.getUint32(0, true) !== MAGIC)
    throw new Error('expected an lz4 frame, found other bytes');
  const flags = packed[4]!;
  if (flags >> 6 !== 1) throw new Error(`expected version 1 of an lz4 frame, found ${flags >> 6}`);
  const out = new Output(Math.min(most, LARGEST, packed.length * MOST_PER_BYTE), packed.length * 4);
  let at = HEADER + ((flags & HAS_CONTENT_SIZE) === 0 ? 0 : 8) + ((flags & HAS_DICTIONARY) === 0 ? 0 : 4);
  for (;;) {
    if (at + 4 > packed.length) throw new Error('lz4 data end in the middle');
    const header = view.getUint32(at, true);
    if (header === 0) return out.bytes.subarray(0, out.length);
    const length = header % UNPACKED;
    at += 4;
    if (at + length > packed.length) throw new Error('lz4 data end in the middle');
    const block = packed.subarray(at, at + length);
    if (header >= UNPACKED) out.append(block);
    else unpackBlock(block, out);
    at += length + ((flags & HAS_BLOCK_CHECKSUM) === 0 ? 0 : 4);
  }
}

function unpackBlock(block: Uint8Array, out: Output): void {
  let at = 0;
  const longer = (length: number): number => {
    if (length < 15) return length;
    let sum = length;
    for (let more = 255; more === 255; sum += more) more = block[at++] ?? 0;
    return sum;
  };
  while (at < block.length) {
    const token = block[at++]!;
    const literals = longer(token >> 4);
    if (at + literals > block.length) throw new Error('an lz4 block ends in the middle');
    out.append(block.subarray(at, at + literals));
    at += literals;
    if (at === block.length) return;
    if (at + 2 > block.length) throw new Error('an lz4 block ends in the middle');
    const distance = block[at]! | (block[at + 1]! << 8);
    at += 2;
    out.repeat(distance, longer(token & 15) + 4);
  }
}

class Output {
  bytes: Uint8Array;
  length = 0;
  readonly #most: number;

  constructor(most: number, first: number) {
    this.#most = most;
    this.bytes = new Uint8Array(Math.min(most, first));
  }

  append(more: Uint8Array): void {
    this.#room(more.length);
    this.bytes.set(more, this.length);
    this.length += more.length;
  }

  /** The range may reach into itself: a run. */
  repeat(distance: number, length: number): void {
    if (distance === 0 || distance > this.length) throw new Error('lz4 data refer to bytes that are not there');
    this.#room(length);
    const { bytes } = this;
    const end = this.length + length;
    for (let to = this.length; to < end; to++) bytes[to] = bytes[to - distance]!;
    this.length = end;
  }

  #room(more: number): void {
    const needed = this.length + more;
    if (needed > this.#most) throw new Error(`lz4 data hold more than the ${this.#most} bytes expected`);
    if (needed <= this.bytes.length) return;
    const grown = new Uint8Array(Math.min(this.#most, Math.max(needed, this.bytes.length * 2)));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }
}
