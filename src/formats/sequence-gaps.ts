// Sequence numbers of blktrace, counted per device and CPU from 1: a gap is a loss. The ftrace tracer writes none (0).
import type { Loss, TraceSink } from '../model/trace.js';

/** Gaps that are kept one by one; further ones are added to the last. */
const MOST_GAPS = 10_000;

export class SequenceGaps {
  readonly #sink: TraceSink;
  readonly #last = new Map<string, { sequence: number; timeNs: number }>();
  readonly #gaps: Loss[] = [];

  constructor(sink: TraceSink) {
    this.#sink = sink;
  }

  take(device: number, cpu: number, sequence: number, timeNs: number): void {
    if (sequence === 0) return;
    const key = `${device}/${cpu}`;
    const last = this.#last.get(key);
    if (last === undefined) {
      this.#last.set(key, { sequence, timeNs });
      return;
    }
    if (sequence > last.sequence + 1) this.#gap(last.timeNs, timeNs, cpu, sequence - last.sequence - 1);
    if (sequence <= last.sequence) return;
    last.sequence = sequence;
    last.timeNs = timeNs;
  }

  /** `believed` false: somebody who saw the whole recording says that nothing is missing. */
  finish(believed = true): void {
    if (believed) for (const gap of this.#gaps) this.#sink.lost(gap);
  }

  #gap(fromNs: number, toNs: number, cpu: number, count: number): void {
    const last = this.#gaps.at(-1);
    if (this.#gaps.length < MOST_GAPS || last === undefined)
      this.#gaps.push({ fromNs: Math.min(fromNs, toNs), toNs, cpu, count });
    else
      this.#gaps[this.#gaps.length - 1] = {
        fromNs: Math.min(last.fromNs, fromNs),
        toNs: Math.max(last.toNs, toNs),
        cpu: -1,
        count: last.count + count,
      };
  }
}
