// Records a recorder says it lost: intervals per CPU, from the last record before to the first one after.
import type { TraceSink } from '../model/trace.js';

/** A loss whose CPU is not told. */
export const ANY_CPU = -1;

export class Losses {
  readonly #sink: TraceSink;
  #lastNs = 0;
  readonly #lastOfCpu: number[] = [];
  readonly #open = new Map<number, number>();
  readonly #cpuOf: (stream: number) => number;

  /** Where CPUs have several buffers, they are told apart by a number of their own; `cpuOf` gives the CPU. */
  constructor(sink: TraceSink, cpuOf: (stream: number) => number = (stream) => stream) {
    this.#sink = sink;
    this.#cpuOf = cpuOf;
  }

  /** A loss whose end was not seen yet. */
  get any(): boolean {
    return this.#open.size > 0;
  }

  // hot
  /** A record of this CPU: what was lost of it before ends here. */
  at(cpu: number, timeNs: number): void {
    if (this.#open.size > 0) {
      this.#close(cpu, timeNs);
      this.#close(ANY_CPU, timeNs);
    }
    this.#lastOfCpu[cpu] = timeNs;
    this.#lastNs = timeNs;
  }

  /** Records of a CPU are missing from its last one on; `count` is 0 where it is not told. */
  begin(cpu: number, count: number): void {
    this.#open.set(cpu, (this.#open.get(cpu) ?? 0) + count);
    this.#sink.kernel.lost(this.#last(cpu));
  }

  /** Records may be missing here, of a loss whose times are not told. */
  some(cpu: number): void {
    this.#sink.kernel.lost(this.#last(cpu));
  }

  /** The end of the recording. */
  finish(): void {
    for (const [cpu, count] of this.#open) {
      const at = this.#last(cpu);
      this.#sink.lost({ fromNs: at, toNs: at, cpu: this.#cpu(cpu), count });
    }
  }

  #cpu(stream: number): number {
    return stream === ANY_CPU ? ANY_CPU : this.#cpuOf(stream);
  }

  #last(cpu: number): number {
    return cpu === ANY_CPU ? this.#lastNs : (this.#lastOfCpu[cpu] ?? 0);
  }

  #close(cpu: number, timeNs: number): void {
    const count = this.#open.get(cpu);
    if (count === undefined) return;
    this.#open.delete(cpu);
    this.#sink.lost({ fromNs: this.#last(cpu), toNs: timeNs, cpu: this.#cpu(cpu), count });
    this.#sink.kernel.lost(timeNs);
  }
}
