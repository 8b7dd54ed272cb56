// Objects by a number, of which only those that were asked for lately stay: there may be very many. The others are put away, and come
// back when they are asked for.

/** As many stay, and at most as many again. */
const MOST = 4096;

export class Lately<T> {
  #lately = new Map<number, T>();
  #before = new Map<number, T>();
  readonly #away: (key: number, value: T) => void;
  readonly #back: (key: number) => T | undefined;
  readonly #most: number;

  /** `back` gives what `away` was given for a key; undefined where it never was. */
  constructor(away: (key: number, value: T) => void, back: (key: number) => T | undefined, most = MOST) {
    this.#away = away;
    this.#back = back;
    this.#most = most;
  }

  /** Neither put away nor unknown. */
  isNear(key: number): boolean {
    return this.#lately.has(key) || this.#before.has(key);
  }

  /** It may be changed until `most` others were asked for. */
  get(key: number): T | undefined {
    const near = this.#lately.get(key);
    if (near !== undefined) return near;
    const value = this.#before.get(key) ?? this.#back(key);
    if (value !== undefined) this.add(key, value);
    return value;
  }

  add(key: number, value: T): void {
    this.#before.delete(key);
    if (this.#lately.size >= this.#most) {
      for (const [old, idle] of this.#before) this.#away(old, idle);
      this.#before = this.#lately;
      this.#lately = new Map();
    }
    this.#lately.set(key, value);
  }
}
