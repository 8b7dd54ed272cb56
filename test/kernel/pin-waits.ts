// Waits for pins of a recording, predicted and recorded, change by change.
import { Op } from '../../src/model/events.js';
import { Verdict } from '../../src/model/policy.js';
import type { Trace } from '../../src/model/trace.js';
import { laneOf } from './recordings.js';

/** A change of a map that waits in the replay, in the recording (as probes showed), or in both. Times in ns. */
export interface Change {
  readonly row: number;
  readonly fromNs: number;
  readonly toNs: number;
  /** How long the replay says it waits; -1: not at all. */
  readonly predictedNs: number;
  /** Its sleeps in the recorded run. */
  readonly sleeps: readonly { readonly fromNs: number; readonly toNs: number }[];
}

export interface Pin {
  readonly file: number;
  readonly fromNs: number;
  readonly toNs: number;
}

const rowsOf = ({ columns: c }: Trace, op: number): number[] =>
  [...c.op.keys()].filter((row) => c.op[row] === op && row < c.rows);

export const daxLane = (trace: Trace, timing: 'open' | 'closed', fs: string) =>
  laneOf(trace, 'dax', fs === 'ext4' ? { fs } : {}, timing);

export function changesOf(trace: Trace, timing: 'open' | 'closed', fs: string): Change[] {
  const { columns: c } = trace;
  const { answers, waitNs } = daxLane(trace, timing, fs);
  const sleeps = new Map<number, Change['sleeps'][number][]>();
  for (const row of rowsOf(trace, Op.wait)) {
    const fromNs = c.timeNs[row]!;
    const list = sleeps.get(c.opId[row]!) ?? [];
    sleeps.set(c.opId[row]!, [...list, { fromNs, toNs: fromNs + Math.max(0, c.latencyNs[row]!) }]);
  }
  const waits = (row: number): boolean => answers.verdictAt(row) === Verdict.wait + 1;
  return [...Array(c.rows).keys()]
    .filter((row) => c.op[row] !== Op.wait && answers.verdictAt(row) !== 0 && (waits(row) || sleeps.has(c.opId[row]!)))
    .map((row) => ({
      row,
      fromNs: c.timeNs[row]!,
      toNs: c.timeNs[row]! + c.latencyNs[row]!,
      predictedNs: waits(row) ? waitNs.get(row)! : -1,
      sleeps: sleeps.get(c.opId[row]!) ?? [],
    }));
}

/** Short pins, as assembly tells them. */
export function pinsOf(trace: Trace): Pin[] {
  const { columns: c } = trace;
  const ends = new Map(rowsOf(trace, Op.unpin).map((row) => [c.handle[row]!, c.timeNs[row]!]));
  return rowsOf(trace, Op.pin)
    .filter((row) => c.handle[row] !== 0)
    .map((row) => ({
      file: c.file[row]!,
      fromNs: c.timeNs[row]!,
      toNs: ends.get(c.handle[row]!) ?? Number.POSITIVE_INFINITY,
    }));
}

/**
 * Does the predicted wait end where the recorded one can have: after the sleeper found a page busy for the last time, before
 * the call returned?
 */
export const isInside = ({ fromNs, toNs, predictedNs, sleeps }: Change): boolean =>
  fromNs + predictedNs >= (sleeps.at(-1)?.fromNs ?? fromNs) && fromNs + predictedNs <= toNs;

/** Why the replay makes a change wait that did not sleep in the recording, or the other way round; what a recording leaves open. */
export const CAUSES = {
  lookedLate: 'a pin was taken between the beginning of the call and its first look',
  endedMeanwhile: 'the pin ended while the call looked for it',
  noPin: 'the recording shows no pin of the file at all',
  none: 'none found',
} as const;

export function causeOf(change: Change, file: number, pins: readonly Pin[]): keyof typeof CAUSES {
  const { fromNs, toNs, sleeps } = change;
  const own = pins.filter((pin) => pin.file === file);
  if (own.length === 0) return 'noPin';
  if (sleeps.length > 0) {
    const first = sleeps[0]!.fromNs;
    return own.some((pin) => pin.fromNs > fromNs && pin.fromNs <= first && pin.toNs > first) ? 'lookedLate' : 'none';
  }
  const there = own.filter((pin) => pin.fromNs <= fromNs && pin.toNs > fromNs);
  return there.length > 0 && there.every((pin) => pin.toNs < toNs) ? 'endedMeanwhile' : 'none';
}
