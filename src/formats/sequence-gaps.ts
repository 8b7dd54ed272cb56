// Sequence numbers of blktrace, counted per device and CPU from 1: a gap is a loss. The ftrace tracer writes none (0), but
// tracefs says between its records how many it lost of which CPU.
import type { Loss, TraceSink } from '../model/trace.js';

/** Gaps that are kept one by one; further ones are added to the last. */
const MOST_GAPS = 10_000;

/** The last record with a number. */
interface Last {
  sequence: number;
  timeNs: number;
}

export class SequenceGaps {
  readonly #sink: TraceSink;
  /** By device, then by CPU. */
  readonly #last = new Map<number, Last[]>();
  #lastDevice = Number.NaN;
  #ofDevice: Last[] = [];
  readonly #gaps: Loss[] = [];
  /** Of every CPU the last record, and what was lost behind it. */
  readonly #lastNs: number[] = [];
  readonly #told = new Map<number, number>();

  constructor(sink: TraceSink) {
    this.#sink = sink;
  }

  take(device: number, cpu: number, sequence: number, timeNs: number): void {
    this.#close(cpu, timeNs);
    this.#lastNs[cpu] = timeNs;
    if (sequence === 0) return;
    if (device !== this.#lastDevice) this.#turnTo(device);
    const last = this.#ofDevice[cpu];
    if (last === undefined) {
      this.#ofDevice[cpu] = { sequence, timeNs };
      return;
    }
    if (sequence > last.sequence + 1) this.#gap(last.timeNs, timeNs, cpu, sequence - last.sequence - 1);
    if (sequence <= last.sequence) return;
    last.sequence = sequence;
    last.timeNs = timeNs;
  }

  /** The recorder says that so many records of the CPU are missing here. */
  told(cpu: number, count: number): void {
    this.#told.set(cpu, (this.#told.get(cpu) ?? 0) + count);
  }

  /** `believed` false: somebody who saw the whole recording says that nothing is missing. */
  finish(believed = true): void {
    for (const cpu of this.#told.keys()) this.#close(cpu, this.#lastNs[cpu] ?? 0);
    if (believed) for (const gap of this.#gaps) this.#sink.lost(gap);
  }

  #turnTo(device: number): void {
    this.#ofDevice = this.#last.get(device) ?? [];
    this.#last.set(device, this.#ofDevice);
    this.#lastDevice = device;
  }

  #close(cpu: number, timeNs: number): void {
    const count = this.#told.size === 0 ? undefined : this.#told.get(cpu);
    if (count === undefined) return;
    this.#told.delete(cpu);
    this.#sink.lost({ fromNs: Math.min(this.#lastNs[cpu] ?? timeNs, timeNs), toNs: timeNs, cpu, count });
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
