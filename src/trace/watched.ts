// What is heard of inputs while they are read: how far they are, and what their formats say of them.
import { GUESSED } from '../model/issue.js';
import type { ClockPair, Input, TraceSink } from '../model/trace.js';
import type { OpenedInput } from './input.js';

export interface IngestProgress {
  /** Bytes read of all inputs, packed ones where they are packed. */
  readonly bytesDone: number;
  /** -1 when an input is a pipe. */
  readonly bytesTotal: number;
  readonly records: number;
}

/** The input, with a call at each piece of it. */
export function followed(input: OpenedInput, after: () => void): Input {
  const { name, bytes } = input;
  return {
    name,
    bytes,
    async *chunks() {
      for await (const chunk of input.chunks()) {
        yield chunk;
        after();
      }
    },
    async random() {
      const whole = await input.random();
      return {
        ...whole,
        read(offset, length, memory) {
          after();
          return whole.read(offset, length, memory);
        },
      };
    },
  };
}

/** Hears what a format says of its input; what the assembly finds goes past it. */
export class WatchedSink implements TraceSink {
  readonly source;
  readonly events;
  readonly records;
  firstRow = 0;
  readonly #sink: TraceSink;
  readonly #texts = new Map<string, string>();

  constructor(sink: TraceSink) {
    this.#sink = sink;
    this.source = sink.source;
    this.events = sink.events;
    this.records = sink.records;
  }

  get kernel() {
    return this.#sink.kernel;
  }

  get beside() {
    return this.#sink.beside;
  }

  clockPair(pair: ClockPair): void {
    this.#sink.clockPair?.(pair);
  }

  origin(absoluteNs: bigint): bigint {
    return this.#sink.origin(absoluteNs);
  }

  lost(loss: Parameters<TraceSink['lost']>[0]): void {
    this.#sink.lost(loss);
  }

  issue(code: string, row: number, text: string): void {
    this.#sink.issue(code, row, text);
    // What was assumed is no damage: a table may have no rows.
    if (code.startsWith(GUESSED)) return;
    if (this.#texts.size === 0) this.firstRow = row;
    if (!this.#texts.has(code)) this.#texts.set(code, row > 0 ? `line ${row}: ${text}` : text);
  }

  unplaced(cause: string, count?: number): void {
    this.#sink.unplaced(cause, count);
  }

  extra(json: string): void {
    this.#sink.extra(json);
  }

  /** The first trouble of each kind. */
  texts(): readonly string[] {
    return [...this.#texts.values()].slice(0, 3);
  }
}

export class Progress {
  readonly #tell: ((progress: IngestProgress) => void) | undefined;
  readonly #inputs: readonly OpenedInput[];
  readonly #counts: (() => number)[] = [];
  readonly #elsewhere = new Map<OpenedInput, number>();
  readonly #bytesTotal: number;

  constructor(inputs: readonly OpenedInput[], tell: ((progress: IngestProgress) => void) | undefined) {
    this.#tell = tell;
    this.#inputs = inputs;
    this.#bytesTotal = inputs.some(({ bytes }) => bytes < 0) ? -1 : inputs.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** So much of an input was read by somebody else. */
  read(input: OpenedInput, bytes: number): void {
    this.#elsewhere.set(input, bytes);
    this.tell();
  }

  /** One more source, by what tells how many records it has. */
  count(records: () => number): void {
    this.#counts.push(records);
  }

  tell(): void {
    this.#tell?.({
      bytesDone: this.#inputs.reduce((sum, input) => sum + (this.#elsewhere.get(input) ?? input.bytesDone), 0),
      bytesTotal: this.#bytesTotal,
      records: this.#counts.reduce((sum, count) => sum + count(), 0),
    });
  }
}
