// Names of files may hold line breaks, and `perf script` prints them as they are: the record of such a name goes on in the next
// line, which by itself is no record. Read without its rest it would tell of another file.
import type { TraceSink } from '../model/trace.js';
import { sayNameGoesOn } from './ftrace-broken.js';
import { cpuBracket, HASH, timeWord } from './perf-words.js';

const text = new TextDecoder();
/** Longer ones are no name (NAME_MAX is 255 bytes; paths of mappings are longer). */
const LONGEST_REST = 512;
/** No record with a path is nearly as long. */
const LONGEST_HELD = 8192;
/** A frame of a call chain; what perf says at its end, and of rounds (--show-round-events); what tells damage from a name. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control bytes are what tells damage from a name
const NO_NAME = /^\s+[0-9a-f]+(\s|$)|^\t|^Processed \d+ events|^PERF_RECORD_FINISHED_ROUND\s*$|[\u0000-\u0008\ufffd]/;
const LF = 10;

interface Held {
  bytes: Uint8Array;
  readonly line: number;
  /** Lines without anything that came since. */
  empty: number;
}

export class NamesInLines {
  readonly #sink: TraceSink;
  readonly #whole: (bytes: Uint8Array, line: number) => void;
  #held: Held | null = null;
  #isReleasing = false;
  /** Lines without anything stand between records, behind their call chains. */
  apart = false;

  /** `whole` takes a record with all of its lines. */
  constructor(sink: TraceSink, whole: (bytes: Uint8Array, line: number) => void) {
    this.#sink = sink;
    this.#whole = whole;
  }

  get isHolding(): boolean {
    return this.#held !== null;
  }

  /** Keeps a record that tells a name until the next line; false: it has all of its lines. */
  hold(bytes: Uint8Array, line: number): boolean {
    if (this.#isReleasing) return false;
    // In memory that is shared: one piece for every line is asked for, and given back, at great cost.
    this.#held = { bytes: Buffer.from(bytes), line, empty: 0 };
    return true;
  }

  /** Does the line go on the name of the record that is held? If not, that record is whole. */
  take(b: Uint8Array, line: number, cut: boolean): boolean {
    const held = this.#held!;
    if (b.length === 0 && !this.apart) {
      held.empty++;
      return true;
    }
    const record = b.length > 0 && b[0] !== HASH && (cpuBracket(b) > 0 || timeWord(b) >= 0);
    if (!cut && !record && b.length > 0 && this.#isRest(b, held)) {
      this.#join(held, b, line);
      return true;
    }
    // Where records do not stand apart, an empty line before the next one is the end of a name.
    if (record && held.empty > 0) {
      held.empty--;
      this.#join(held, new Uint8Array(0), line - 1);
    }
    this.release();
    return false;
  }

  /** What is held is whole. */
  release(): void {
    const held = this.#held;
    if (held === null) return;
    this.#held = null;
    this.#isReleasing = true;
    this.#whole(held.bytes, held.line);
    this.#isReleasing = false;
  }

  #isRest(b: Uint8Array, held: Held): boolean {
    return (
      b[0] !== HASH && b.length <= LONGEST_REST && held.bytes.length < LONGEST_HELD && !NO_NAME.test(text.decode(b))
    );
  }

  #join(held: Held, b: Uint8Array, line: number): void {
    sayNameGoesOn(this.#sink, line, text.decode(b));
    held.bytes = Buffer.concat([held.bytes, Buffer.alloc(held.empty + 1, LF), b]);
    held.empty = 0;
  }
}
