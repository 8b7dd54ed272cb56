// Time stamps of text lines, in nanoseconds from the trace's origin, which is the first one unless another input set it.
import type { TraceSink } from '../model/trace.js';

/** 2^63 ns: no clock of the kernel goes further. */
const MOST_SECONDS = 9_223_372_036;
const DOT = 46;

export class Stamps {
  readonly #sink: TraceSink;
  readonly #onBare: () => void;
  #bareSeen = false;
  #originSeconds = Number.NaN;
  #originNanos = 0;

  /** `onBare` is called at the first stamp without a dot, whose unit nothing tells. */
  constructor(sink: TraceSink, onBare: () => void = () => {}) {
    this.#sink = sink;
    this.#onBare = onBare;
  }

  /** `1826.433972929`, `1826.433972` or a bare count of nanoseconds (clocks boot, x86-tsc). NaN when it is none of them. */
  read(b: Uint8Array, from: number, to: number): number {
    // Nanoseconds behind a dot are the usual case.
    let dot = to - 10;
    if (dot < from || b[dot] !== DOT) for (dot = from; dot < to && b[dot] !== DOT; ) dot++;
    const split = dot < to ? dot : Math.max(from, to - 9);
    const seconds = digits(b, from, split);
    const count = dot < to ? to - dot - 1 : to - split;
    const fraction = digits(b, dot < to ? dot + 1 : split, to);
    if (Number.isNaN(fraction) || count === 0 || count > 9) return Number.NaN;
    if (dot === to && !this.#bareSeen) {
      this.#bareSeen = true;
      this.#onBare();
    }
    return this.at(seconds, dot < to ? fraction * 10 ** (9 - count) : fraction);
  }

  /** Times count from here, in whole seconds and nanoseconds; NaN before the first stamp. */
  get originSeconds(): number {
    return this.#originSeconds;
  }

  get originNanos(): number {
    return this.#originNanos;
  }

  /** There were stamps without a dot. */
  get bareSeen(): boolean {
    return this.#bareSeen;
  }

  /** NaN when no clock goes that far. */
  at(seconds: number, nanos: number): number {
    if (!(seconds <= MOST_SECONDS)) return Number.NaN;
    if (Number.isNaN(this.#originSeconds)) {
      const origin = this.#sink.origin(BigInt(seconds) * 1_000_000_000n + BigInt(nanos));
      this.#originSeconds = Number(origin / 1_000_000_000n);
      this.#originNanos = Number(origin % 1_000_000_000n);
    }
    return (seconds - this.#originSeconds) * 1e9 + (nanos - this.#originNanos);
  }
}

/** Value of the digits; 0 when there are none, NaN when something else is among them. */
function digits(b: Uint8Array, from: number, to: number): number {
  let value = 0;
  for (let i = from; i < to; i++) {
    const d = b[i]! - 48;
    if (d < 0 || d > 9) return Number.NaN;
    value = value * 10 + d;
  }
  return value;
}
