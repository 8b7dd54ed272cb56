// How long a sleeper took from the moment its pin was gone until it ran and looked again (the busy wait of DAX, seal-semantics
// section 4.1, step 4), where probes showed the recorded run waiting. On an idle machine it is microseconds; in an emulated
// guest it is long enough for a busy thread to pin again, so that the sleeper finds the next pin (section 10.1).
import { Op, opSet } from '../model/events.js';
import { NONE } from '../model/units.js';
import type { EngineInput } from './input.js';

const FREES_PINS = opSet(['unpin', 'deregister']);

/** By operation that was seen to wait for pins: for each of its sleeps, in order, ns from the end of the pin to the next look. */
export type Wakes = ReadonlyMap<number, readonly number[]>;

export function wakesOf({ columns: c }: EngineInput): Wakes {
  const wakes = new Map<number, number[]>();
  const waits: number[] = [];
  for (let row = 0; row < c.rows; row++) if (c.op[row] === Op.wait && c.file[row] !== NONE) waits.push(row);
  if (waits.length === 0) return wakes;
  const freed = new Map<number, number[]>(waits.map((row) => [c.file[row]!, []]));
  for (let row = 0; row < c.rows; row++)
    if (FREES_PINS[c.op[row]!] === 1 && c.file[row] !== NONE) freed.get(c.file[row]!)?.push(c.timeNs[row]!);
  for (const row of waits) {
    const fromNs = c.timeNs[row]!;
    const toNs = fromNs + Math.max(0, c.latencyNs[row]!);
    const goneNs = freed.get(c.file[row]!)!.find((timeNs) => timeNs > fromNs && timeNs <= toNs);
    if (goneNs === undefined) continue;
    const sleeps = wakes.get(c.opId[row]!);
    if (sleeps === undefined) wakes.set(c.opId[row]!, [toNs - goneNs]);
    else sleeps.push(toNs - goneNs);
  }
  return wakes;
}
