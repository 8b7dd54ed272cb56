// How long who sleeps until pins are gone sleeps on when they are: as long as the recorded run was seen to.
import type { LaneParts } from './parts.js';
import type { Waiter } from './waits.js';

export class Sleeps {
  private readonly parts: LaneParts;

  constructor(parts: LaneParts) {
    this.parts = parts;
  }

  /** Until a sleeper that is woken runs and looks, as much time passes as was measured; false where none was. */
  wakesLater(waiter: Waiter, nowNs: number): boolean {
    const { plan, queue, waits } = this.parts;
    const afterNs = plan.wakes.get(waiter.decision.opId);
    if (afterNs === undefined) return false;
    if (waiter.woken || waits.isAsleep(waiter)) return true;
    waiter.woken = true;
    queue.wakeAt(nowNs + afterNs[Math.min(waiter.sleeps++, afterNs.length - 1)]!, waiter.decision.row);
    return true;
  }

  /** Its way is free, but it was seen to sleep through such a pause, which lasts as long as it did; then it looks. */
  sleepsOn(waiter: Waiter, nowNs: number): boolean {
    const { plan, queue } = this.parts;
    const { opId, row } = waiter.decision;
    const pausesNs = waiter.what === 'pins' && !plan.wakes.has(opId) ? plan.pauses.get(opId) : undefined;
    if (pausesNs === undefined || waiter.woken) return waiter.woken;
    const pauseNs = pausesNs[waiter.sleeps++];
    if (pauseNs === undefined) return false;
    waiter.woken = true;
    // Just after the pin that it found next was taken.
    queue.wakeAt(nowNs + pauseNs + 1, row);
    return true;
  }
}
