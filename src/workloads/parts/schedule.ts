// Who acts next: every actor has one time at which it acts. A binary heap in typed arrays; equal times go by number.
import type { Nanos } from '../../model/units.js';

/** Acts at `nowNs` and says when it acts again; Infinity for never. */
export type Step = (nowNs: Nanos) => Nanos;

export class Schedule {
  readonly #steps: Step[] = [];
  #time = new Float64Array(16);
  #actor = new Uint32Array(16);

  /** Returns the number of the actor. */
  add(firstNs: Nanos, step: Step): number {
    const n = this.#steps.push(step);
    if (n > this.#time.length) this.#grow();
    this.#rise(n - 1, firstNs, n - 1);
    return n - 1;
  }

  /** An actor that was to act later acts at `timeNs`: later than now, for it is not its turn. */
  sooner(actor: number, timeNs: Nanos): void {
    const at = this.#actor.subarray(0, this.#steps.length).indexOf(actor);
    if (this.#time[at]! > timeNs) this.#rise(at, timeNs, actor);
  }

  /** From `place` up to where it belongs. */
  #rise(place: number, timeNs: Nanos, actor: number): void {
    let at = place;
    while (at > 0 && this.#time[(at - 1) >> 1]! > timeNs) {
      this.#set(at, this.#time[(at - 1) >> 1]!, this.#actor[(at - 1) >> 1]!);
      at = (at - 1) >> 1;
    }
    this.#set(at, timeNs, actor);
  }

  /** Time of the next act; Infinity when nobody acts again. */
  get nextNs(): Nanos {
    return this.#steps.length === 0 ? Number.POSITIVE_INFINITY : this.#time[0]!;
  }

  /** Lets the next actor act. */
  // hot
  run(): void {
    const nowNs = this.#time[0]!;
    const actor = this.#actor[0]!;
    // Times are whole, and an actor never acts twice at one time: otherwise it could go on for ever without time passing.
    const next = Math.max(nowNs + 1, Math.ceil(this.#steps[actor]!(nowNs)));
    this.#sink(next, actor);
  }

  // hot
  #sink(timeNs: Nanos, actor: number): void {
    const time = this.#time;
    const actors = this.#actor;
    const n = this.#steps.length;
    let at = 0;
    for (let down = 1; down < n; down = 2 * at + 1) {
      const right = down + 1;
      if (right < n && (time[right]! < time[down]! || (time[right] === time[down] && actors[right]! < actors[down]!)))
        down = right;
      if (timeNs < time[down]! || (timeNs === time[down] && actor < actors[down]!)) break;
      time[at] = time[down]!;
      actors[at] = actors[down]!;
      at = down;
    }
    time[at] = timeNs;
    actors[at] = actor;
  }

  #set(at: number, timeNs: Nanos, actor: number): void {
    this.#time[at] = timeNs;
    this.#actor[at] = actor;
  }

  #grow(): void {
    const time = new Float64Array(this.#time.length * 2);
    const actor = new Uint32Array(time.length);
    time.set(this.#time);
    actor.set(this.#actor);
    this.#time = time;
    this.#actor = actor;
  }
}
