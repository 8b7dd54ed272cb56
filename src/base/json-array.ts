// A JSON array of objects (`sqlite3 -json`, pandas' to_json, polars' write_json) as lines with an object each, so that it is
// read piece by piece as NDJSON is; text that begins with anything else stays as it is.
const LF = 10;
const SPACE = 32;
const QUOTE = 34;
const COMMA = 44;
const BACKSLASH = 92;
const [OPEN_LIST, CLOSE_LIST, OPEN, CLOSE] = [91, 93, 123, 125];
/** Blanks, line ends and the three bytes of a byte order mark. */
const BEFORE: ReadonlySet<number> = new Set([9, 10, 13, 32, 0xef, 0xbb, 0xbf]);

export class ArrayLines {
  #state: 'unknown' | 'other' | 'array' | 'closed' = 'unknown';
  #depth = 0;
  #inText = false;
  #escaped = false;

  /** The array has begun and not ended. */
  get isOpen(): boolean {
    return this.#state === 'array';
  }

  /** The same bytes, those between objects and the line ends in them replaced. */
  take(chunk: Uint8Array): Uint8Array {
    if (this.#state === 'other') return chunk;
    const isNew = this.#state === 'unknown';
    const first = isNew ? chunk.findIndex((byte) => !BEFORE.has(byte)) : 0;
    if (first < 0) return chunk;
    if (isNew) {
      this.#state = chunk[first] === OPEN_LIST ? 'array' : 'other';
      if (this.#state === 'other') return chunk;
    }
    const bytes = chunk.slice();
    let from = 0;
    if (isNew) {
      bytes.fill(SPACE, 0, first + 1);
      from = first + 1;
    }
    for (let i = from; i < bytes.length; i++) bytes[i] = this.#byte(bytes[i]!);
    return bytes;
  }

  #byte(byte: number): number {
    if (this.#state === 'closed') return byte;
    if (this.#inText) {
      if (this.#escaped) this.#escaped = false;
      else if (byte === BACKSLASH) this.#escaped = true;
      else if (byte === QUOTE) this.#inText = false;
      return byte;
    }
    if (byte === QUOTE) this.#inText = true;
    else if (byte < SPACE) return SPACE;
    else if (this.#depth === 0 && byte === COMMA) return LF;
    else if (this.#depth === 0 && byte === CLOSE_LIST) {
      // What comes behind the array is no part of its last object.
      this.#state = 'closed';
      return LF;
    } else if (byte === OPEN || byte === OPEN_LIST) this.#depth++;
    else if (byte === CLOSE || byte === CLOSE_LIST) this.#depth--;
    return byte;
  }
}
