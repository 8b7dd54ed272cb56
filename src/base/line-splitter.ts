// Bytes into lines: the same lines whatever the chunks are. LF ends a line, a CR before it is dropped.

/** Longer lines are not kept; they are reported as null, once. */
export const LONGEST_LINE = 2 ** 20;

export class LineSplitter {
  readonly #take: (line: Uint8Array | null) => void;
  /** The beginning of a line whose end has not come yet. */
  #held = new Uint8Array(4096);
  #length = 0;
  #tooLong = false;

  /** `take` gets each line in turn; the bytes are valid during the call only. */
  constructor(take: (line: Uint8Array | null) => void) {
    this.#take = take;
  }

  push(chunk: Uint8Array): void {
    let from = 0;
    for (let end = chunk.indexOf(LF); end >= 0; end = chunk.indexOf(LF, from)) {
      if (this.#length === 0 && !this.#tooLong) this.#give(chunk, from, end);
      else {
        this.#hold(chunk.subarray(from, end));
        this.#giveHeld();
      }
      from = end + 1;
    }
    if (from < chunk.length) this.#hold(chunk.subarray(from));
  }

  /** Gives the last line, if it has no newline. */
  end(): void {
    if (this.#length > 0 || this.#tooLong) this.#giveHeld();
  }

  #hold(bytes: Uint8Array): void {
    const length = this.#length + bytes.length;
    if (this.#tooLong || length > LONGEST_LINE + 1) {
      this.#tooLong = true;
      this.#length = 0;
      return;
    }
    if (length > this.#held.length) {
      const grown = new Uint8Array(Math.max(length, 2 * this.#held.length));
      grown.set(this.#held.subarray(0, this.#length));
      this.#held = grown;
    }
    this.#held.set(bytes, this.#length);
    this.#length = length;
  }

  #giveHeld(): void {
    const tooLong = this.#tooLong;
    const length = this.#length;
    this.#tooLong = false;
    this.#length = 0;
    if (tooLong) this.#take(null);
    else this.#give(this.#held, 0, length);
  }

  #give(bytes: Uint8Array, from: number, to: number): void {
    const end = to > from && bytes[to - 1] === CR ? to - 1 : to;
    this.#take(end - from > LONGEST_LINE ? null : bytes.subarray(from, end));
  }
}

const LF = 10;
const CR = 13;
