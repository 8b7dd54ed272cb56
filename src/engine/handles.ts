// Handles are numbers of operations, and few operations have one: what is kept by handle goes by their order instead, or each would
// have a page of memory to itself, in every lane.
import type { EventColumns } from '../model/events.js';

export interface Handles {
  /** By handle: its number, from 1 on, in the order in which they come; 0 for none. */
  readonly numberOf: Uint32Array;
  /** How many numbers there are, 0 among them. */
  readonly count: number;
  /** Of all handles and operations. */
  readonly highestId: number;
}

/** hot */
export function numberHandles({ handle: handles, opId: ids, rows }: EventColumns): Handles {
  const held: number[] = [];
  let highestId = 0;
  for (let row = 0; row < rows; row++) {
    const handle = handles[row]!;
    if (ids[row]! > highestId) highestId = ids[row]!;
    if (handle === 0) continue;
    if (handle > highestId) highestId = handle;
    held.push(handle);
  }
  const numberOf = new Uint32Array(highestId + 1);
  let count = 1;
  for (const handle of held) if (numberOf[handle] === 0) numberOf[handle] = count++;
  return { numberOf, count, highestId };
}
