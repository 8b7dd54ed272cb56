// What is asked of all rows before anything is planned, in one walk over the columns.
import type { EventColumns } from '../model/events.js';
import { Flag, OPS, Op, opSet } from '../model/events.js';
import { type Bytes, NONE } from '../model/units.js';

/** Rows that tell of every change of a map: where a device has some, the maps of all its files follow from them. */
export const TELLS_MAPS = opSet(['map_insert', 'map_remove', 'map_reset']);

export interface Survey {
  /** Of all handles and operations. */
  readonly highestId: number;
  /** End of the last block that the trace names. */
  readonly highestByte: Bytes;
  /** By file: how far the trace goes in it, bytes. */
  readonly reach: Float64Array;
  /** By file: 1 where rows tell of every change of its map. */
  readonly tellsMaps: Uint8Array;
  /** By file: 1 where DAX faults were taken at any time. */
  readonly dax: Uint8Array;
  /** Sleeps were recorded. */
  readonly hasWaits: boolean;
  readonly hasLeases: boolean;
}

/** What else is looked for, by op code. */
const Sought = { nothing: 0, maps: 1, fault: 2, wait: 3, lease: 4 } as const;
const SOUGHT = Uint8Array.from(OPS, (_, op) => {
  if (TELLS_MAPS[op] === 1) return Sought.maps;
  if (op === Op.read_fault || op === Op.write_fault) return Sought.fault;
  return op === Op.wait ? Sought.wait : op === Op.lease ? Sought.lease : Sought.nothing;
});

export function survey(c: EventColumns, files: number): Survey {
  const { addr: addrs, file: fileAt, flags, handle: handles, length: lengths, offset: offsets, op: ops, opId: ids } = c;
  const reach = new Float64Array(files);
  const tellsMaps = new Uint8Array(files);
  let highestId = 0;
  let highestByte = 0;
  const dax = new Uint8Array(files);
  let hasWaits = false;
  let hasLeases = false;
  for (let i = 0; i < c.rows; i++) {
    if (ids[i]! > highestId) highestId = ids[i]!;
    if (handles[i]! > highestId) highestId = handles[i]!;
    const length = lengths[i]! > 0 ? lengths[i]! : 0;
    const addr = addrs[i]!;
    if (addr >= 0 && addr + length > highestByte) highestByte = addr + length;
    const file = fileAt[i]!;
    if (file === NONE) continue;
    const offset = offsets[i]!;
    const end = offset > 0 ? offset + length : length;
    if (end > reach[file]!) reach[file] = end;
    const sought = SOUGHT[ops[i]!]!;
    if (sought === Sought.nothing) continue;
    if (sought === Sought.maps) tellsMaps[file] = 1;
    else if (sought === Sought.wait) hasWaits = true;
    else if (sought === Sought.lease) hasLeases = true;
    else if ((flags[i]! & Flag.dax) !== 0) dax[file] = 1;
  }
  return { highestId, highestByte, reach, tellsMaps, dax, hasWaits, hasLeases };
}
