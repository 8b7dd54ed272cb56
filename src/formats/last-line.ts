// Is a record's line the one before, to the last byte? perf writes pieces of a buffer twice at times, and perf script prints what it finds.

export class LastLine {
  #bytes = new Uint8Array(512);
  #length = -1;
  #timeNs = Number.NaN;

  /** Of a record of this time; the bytes are valid during the call only. */
  // hot
  isAgain(b: Uint8Array, timeNs: number): boolean {
    const again = timeNs === this.#timeNs && b.length === this.#length && this.#isSame(b);
    if (again) return true;
    if (b.length > this.#bytes.length) this.#bytes = new Uint8Array(2 * b.length);
    this.#bytes.set(b);
    this.#length = b.length;
    this.#timeNs = timeNs;
    return false;
  }

  #isSame(b: Uint8Array): boolean {
    for (let i = 0; i < b.length; i++) if (b[i] !== this.#bytes[i]) return false;
    return true;
  }
}
