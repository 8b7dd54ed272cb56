// Each thread's own order of rows.
import { type EventColumns, Flag, opSet } from '../model/events.js';
import { NONE } from '../model/units.js';
import type { EngineInput } from './input.js';

const DEVICE_OPS = opSet(['unpin', 'dma_read', 'dma_write', 'device_fault']);

/** Done by a device through a hold of the trace, whatever the thread is at that took it: an I/O that ends, a remote access. */
export const isDeviceRow = (c: EventColumns, row: number): boolean =>
  DEVICE_OPS[c.op[row]!] === 1 && c.handle[row] !== 0;

/** By row: the next row of the same thread, NONE after its last. */
export function chainsOf({ columns: c, pidOf }: EngineInput): Uint32Array {
  const next = new Uint32Array(c.rows);
  const first = new Uint32Array(pidOf.length).fill(NONE);
  const { flags, task: tasks } = c;
  for (let i = c.rows - 1; i >= 0; i--) {
    const task = tasks[i]!;
    if (task === NONE) continue;
    next[i] = first[task]!;
    if ((flags[i]! & Flag.second) === 0 && !isDeviceRow(c, i)) first[task] = i;
  }
  return next;
}
