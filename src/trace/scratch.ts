// Memory for what is made of a batch and written at once: given out piece by piece, and all of it anew for the next batch. Memory
// of its own for every column of every batch would be tens of megabytes before it is collected.

interface Type<A> {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBuffer, offset: number, length: number): A;
}

const WIDEST = 8;

export class Scratch {
  #buffer = new ArrayBuffer(0);
  #used = 0;
  #most = 0;

  /** Whatever was there before is in it. */
  array<A>(type: Type<A>, length: number): A {
    const at = this.#used;
    const bytes = Math.ceil((length * type.BYTES_PER_ELEMENT) / WIDEST) * WIDEST;
    this.#used = at + bytes;
    if (this.#used <= this.#buffer.byteLength) return new type(this.#buffer, at, length);
    return new type(new ArrayBuffer(bytes), 0, length);
  }

  /** What was given is not needed any more; as much as that is kept for the next. */
  clear(): void {
    this.#most = Math.max(this.#most, this.#used);
    this.#used = 0;
    if (this.#buffer.byteLength < this.#most) this.#buffer = new ArrayBuffer(this.#most);
  }
}
