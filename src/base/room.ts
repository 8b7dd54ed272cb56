// Where the arrays of a pass lie: each by itself, or all of them in one memory, which the kernel of plain rows looks at as well.

/** Makes arrays of zeros. */
export interface Room {
  uint8(length: number): Uint8Array<ArrayBuffer>;
  uint16(length: number): Uint16Array<ArrayBuffer>;
  int32(length: number): Int32Array<ArrayBuffer>;
  uint32(length: number): Uint32Array<ArrayBuffer>;
  float64(length: number): Float64Array<ArrayBuffer>;
}

export const ANYWHERE: Room = {
  uint8: (length) => new Uint8Array(length),
  uint16: (length) => new Uint16Array(length),
  int32: (length) => new Int32Array(length),
  uint32: (length) => new Uint32Array(length),
  float64: (length) => new Float64Array(length),
};

/** A cache line: what one array has is not another one's. */
const PIECE = 64;

/** A part of a memory whose bytes are zeros, handed out once and never taken back. What no longer fits in lies anywhere. */
export class MemoryRoom implements Room {
  /** Something lies elsewhere. */
  isFull = false;
  private readonly memory: ArrayBuffer;
  private next: number;

  constructor(memory: ArrayBuffer, from: number) {
    this.memory = memory;
    this.next = from;
  }

  uint8(length: number): Uint8Array<ArrayBuffer> {
    const at = this.place(length);
    return at < 0 ? ANYWHERE.uint8(length) : new Uint8Array(this.memory, at, length);
  }

  uint16(length: number): Uint16Array<ArrayBuffer> {
    const at = this.place(2 * length);
    return at < 0 ? ANYWHERE.uint16(length) : new Uint16Array(this.memory, at, length);
  }

  int32(length: number): Int32Array<ArrayBuffer> {
    const at = this.place(4 * length);
    return at < 0 ? ANYWHERE.int32(length) : new Int32Array(this.memory, at, length);
  }

  uint32(length: number): Uint32Array<ArrayBuffer> {
    const at = this.place(4 * length);
    return at < 0 ? ANYWHERE.uint32(length) : new Uint32Array(this.memory, at, length);
  }

  float64(length: number): Float64Array<ArrayBuffer> {
    const at = this.place(8 * length);
    return at < 0 ? ANYWHERE.float64(length) : new Float64Array(this.memory, at, length);
  }

  private place(bytes: number): number {
    const at = this.next;
    const behind = at + Math.ceil(bytes / PIECE) * PIECE;
    if (behind > this.memory.byteLength) {
      this.isFull = true;
      return -1;
    }
    this.next = behind;
    return at;
  }
}
