// Handles are numbers of operations, and few operations have one: what is kept by handle goes by their order instead, or each would
// have a page of memory to itself, in every lane.
import type { EventColumns } from '../model/events.js';

/** Of 2^32: what multiplies a handle to spread it over a table (Knuth's golden ratio hash). */
const SPREAD = 0x9e3779b1;

/** The handles of a trace and their numbers, from 1 on, in the order in which they come; a hash table with open addressing. */
export class Handles {
  /** How many numbers there are, 0 among them. */
  readonly count: number;
  /** Of all handles and operations. */
  readonly highestId: number;
  /** By slot: a handle and its number; the number 0 for an empty slot. */
  private readonly handles: Uint32Array;
  private readonly numbers: Uint32Array;
  private readonly shift: number;

  constructor(held: readonly number[], highestId: number) {
    this.highestId = highestId;
    const bits = 33 - Math.clz32(held.length);
    this.shift = 32 - bits;
    this.handles = new Uint32Array(2 ** bits);
    this.numbers = new Uint32Array(2 ** bits);
    let count = 1;
    for (const handle of held) {
      const slot = this.slotOf(handle);
      if (this.numbers[slot] !== 0) continue;
      this.handles[slot] = handle;
      this.numbers[slot] = count++;
    }
    this.count = count;
  }

  /** hot: its number, 0 for none. */
  of(handle: number): number {
    return this.numbers[this.slotOf(handle)]!;
  }

  /** Where it is, or would be. There are empty slots. */
  private slotOf(handle: number): number {
    const { handles, numbers } = this;
    let slot = Math.imul(handle, SPREAD) >>> this.shift;
    while (numbers[slot] !== 0 && handles[slot] !== handle) slot = (slot + 1) & (numbers.length - 1);
    return slot;
  }
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
  return new Handles(held, highestId);
}
