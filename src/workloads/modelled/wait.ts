// A thread's wait until a file is as its step met one in the recording.
import type { Nanos } from '../../model/units.js';
import type { ModelFile, Waiter } from './files.js';

/**
 * Who waits does so for a part of the recording at most: who changes a file that others hold for less than who faults and needs
 * the blocks that another thread makes; and in vain for no more than all of them together.
 */
export const PATIENCE = 1 / 40;
export const LONG_PATIENCE = 1 / 4;
const ALL_PATIENCE = 1 / 2;
/** A recording counts as no shorter than this. */
const LEAST_NS = 5_000_000;

export class Wait {
  /** What it waits for; null: it does not. */
  file: ModelFile | null = null;
  untilNs: Nanos = 0;
  readonly #waiter: Waiter;
  readonly #spanNs: Nanos;
  #sinceNs: Nanos = 0;
  #leftNs: Nanos;

  constructor(waiter: Waiter, spanNs: Nanos) {
    this.#waiter = waiter;
    this.#spanNs = Math.max(LEAST_NS, spanNs);
    this.#leftNs = ALL_PATIENCE * this.#spanNs;
  }

  /** Is there to be a wait, or more of one, for a file that is not yet as it should be? `patience`: part of the recording. */
  // hot
  goesOn(file: ModelFile, met: boolean, patience: number, nowNs: Nanos): boolean {
    if (this.file === null) {
      if (met || this.#leftNs <= 0) return false;
      this.file = file;
      this.#sinceNs = nowNs;
      this.untilNs = nowNs + Math.max(1, Math.min(patience * this.#spanNs, this.#leftNs));
      file.waiters.push(this.#waiter);
      return true;
    }
    if (!met && nowNs < this.untilNs) return true;
    if (!met) this.#leftNs -= nowNs - this.#sinceNs;
    this.stop();
    return false;
  }

  stop(): void {
    if (this.file === null) return;
    const { waiters } = this.file;
    waiters.splice(waiters.indexOf(this.#waiter), 1);
    this.file = null;
  }
}
