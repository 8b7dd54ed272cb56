// Operations that wait in the naive replay, and when those look again that nobody wakes.
import type { Attempt } from './table.js';

export interface Waiter {
  readonly attempt: Attempt;
  readonly what: 'pins' | 'lease' | 'lock' | 'retry';
  /** Carried out already, only its time is open. */
  readonly done: boolean;
  /** It looks every so often, 0: it is told at once. */
  readonly pollNs: number;
  lookedNs: number;
  /** Something happened since it looked, at that time; its place among what is put off. */
  changedNs: number;
  order: number;
}

/** Who looks from time to time finds nothing new until something has happened: only such looks are made. */
export function nextPoll(waiters: readonly Waiter[]): { readonly waiter: Waiter; readonly atNs: number } | undefined {
  let first: { readonly waiter: Waiter; readonly atNs: number } | undefined;
  for (const waiter of waiters) {
    const { pollNs, attempt, changedNs, lookedNs } = waiter;
    if (pollNs === 0 || changedNs < 0) continue;
    let atNs = attempt.atNs + Math.ceil((changedNs - attempt.atNs) / pollNs) * pollNs;
    while (atNs <= lookedNs) atNs += pollNs;
    if (first === undefined || atNs < first.atNs) first = { waiter, atNs };
  }
  return first;
}
