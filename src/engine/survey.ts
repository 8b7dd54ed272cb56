// The one walk over all rows before the lanes run: what is asked of the whole trace, which rows are plain, and in their order the rows
// that take hold of a file or let go of it.
import type { EventColumns } from '../model/events.js';
import { Flag, OBSERVED_OPS, OP_COUNT, OPS, Op, opSet } from '../model/events.js';
import { Hold } from '../model/policy.js';
import { type Bytes, NONE, UNKNOWN_RESULT } from '../model/units.js';
import { isFault } from './cases.js';
import { asksLease } from './lease-plan.js';

/** Rows that tell of every change of a map: where a device has some, the maps of all its files follow from them. */
export const TELLS_MAPS = opSet(['map_insert', 'map_remove', 'map_reset']);

/** Who is told of rows that take hold of a file, let go of it, or end a process. */
export interface HoldRows {
  acquire(row: number): void;
  release(row: number): void;
  endOfProcess(row: number): void;
}

export interface Survey {
  /** End of the last block that the trace names. */
  readonly highestByte: Bytes;
  /** By file: how far the trace goes in it, bytes. */
  readonly reach: Float64Array;
  /** By file: 1 where rows tell of every change of its map. */
  readonly tellsMaps: Uint8Array;
  /** By file: 1 where DAX faults were taken at any time. */
  readonly dax: Uint8Array;
  /** By file: 1 where somebody maps it with MAP_SYNC at any time. */
  readonly synced: Uint8Array;
  /** By file: bits of the holds that operations of the trace take by themselves. */
  readonly requested: Uint8Array;
  /** By row: 1 for an operation of one file that takes, gives back and asks for nothing, and succeeded as far as is known. */
  readonly plain: Uint8Array;
  /** Bits by `opId`: operations that rows belong to which are no operations themselves, or the second ones of theirs. */
  readonly followed: Uint8Array;
  /** Sleeps, and who went to block devices by itself: the first rows of their kind are mostly the only ones, or none. */
  readonly waits: readonly number[];
  readonly raw: readonly number[];
  readonly hasLeases: boolean;
  /** Devices are seen at work. */
  readonly hasAccesses: boolean;
}

const PLAIN_OPS = opSet([
  ...(['read', 'write', 'truncate', 'fallocate', 'punch', 'zero', 'collapse', 'insert', 'setattr', 'fsync'] as const),
  ...(['read_fault', 'write_fault', 'msync'] as const),
]);
const ACQUIRES = opSet(['open', 'mmap', 'pin', 'register', 'swapon', 'lease', 'layout_get', 'address_query']);
const RELEASES = opSet(['close', 'munmap', 'unpin', 'deregister', 'swapoff', 'lease_release', 'layout_return']);
const NO_OPERATION = opSet([...OBSERVED_OPS, 'dma_read', 'dma_write']);
/** Flags of rows that are never plain; and of those that are no operations, or not the first rows of them. */
const UNPLAIN = Flag.second | Flag.synthetic | Flag.observed | Flag.attributes | Flag.raw;
const NO_CALL = Flag.second | Flag.observed;
/** None of these: there is little to ask of a row of a plain op. */
const SPECIAL = UNPLAIN | NO_CALL | Flag.dax | Flag.whole;

/** By op code: the hold it asks for, -1 for none. */
const REQUESTS = new Int8Array(OP_COUNT).fill(-1);
REQUESTS[Op.swapon] = Hold.swap;
REQUESTS[Op.lease] = Hold.lease;
REQUESTS[Op.layout_get] = Hold.layout;
REQUESTS[Op.address_query] = Hold.translation;

/** What is done with a row, by op code; devices' accesses and what was only seen are no operations. */
const Kind = { nothing: 0, plain: 1, acquires: 2, releases: 3, ends: 4, waits: 5, observes: 6, maps: 7 } as const;
const KIND = Uint8Array.from(OPS, (_, op) => {
  if (PLAIN_OPS[op] === 1) return Kind.plain;
  if (ACQUIRES[op] === 1) return Kind.acquires;
  if (RELEASES[op] === 1) return Kind.releases;
  if (op === Op.exit) return Kind.ends;
  if (op === Op.wait) return Kind.waits;
  if (TELLS_MAPS[op] === 1) return Kind.maps;
  return NO_OPERATION[op] === 1 ? Kind.observes : Kind.nothing;
});

/** By op code: rows of which little is to be asked: 1 for extents that were there, 2 for plain ops. */
const USUAL = Uint8Array.from(OPS, (_, op) => (KIND[op] === Kind.plain ? 2 : op === Op.extent ? 1 : 0));

/** What the survey finds out of rows: most of them say nothing else. */
interface Found {
  /** One number: end of the last block that the trace names. */
  readonly highest: Float64Array;
  readonly reach: Float64Array;
  readonly plain: Uint8Array;
  readonly followed: Uint8Array;
}

/**
 * hot: rows from `first` on, as long as each is a plain operation like any other or an extent that was there; returns the first that is
 * not. A function by itself: what rare rows need would have the compiler throw its code away each time that one comes.
 */
function usualRows(c: EventColumns, first: number, { followed, highest, plain, reach }: Found): number {
  const { addr: addrs, file: files, flags, handle, length: lengths, offset: offsets, op: ops, opId, result, rows } = c;
  let highestByte = highest[0]!;
  let row = first;
  for (; row < rows; row++) {
    const usual = USUAL[ops[row]!]!;
    const file = files[row]!;
    if (usual === 0 || (flags[row]! & SPECIAL) !== 0 || file === NONE) break;
    // Not Math.max, which takes care of NaN and -0: a fifth of the time of this loop.
    const known = lengths[row]!;
    const length = known > 0 ? known : 0;
    const addr = addrs[row]!;
    if (addr >= 0 && addr + length > highestByte) highestByte = addr + length;
    const offset = offsets[row]!;
    const end = offset > 0 ? offset + length : length;
    if (end > reach[file]!) reach[file] = end;
    if (usual === 1) followed[opId[row]! >>> 3]! |= 1 << (opId[row]! & 7);
    else if (handle[row] === 0 && result[row]! >= 0) plain[row] = 1;
  }
  highest[0] = highestByte;
  return row;
}

/** hot: `highestId` of all operations. */
export function survey(c: EventColumns, files: number, highestId: number, holds: HoldRows): Survey {
  const { addr: addrs, file: fileAt, flags: flagsAt, handle, length: lengths, offset: offsets, op: ops, opId } = c;
  const { result, rows } = c;
  const reach = new Float64Array(files);
  const tellsMaps = new Uint8Array(files);
  const dax = new Uint8Array(files);
  const synced = new Uint8Array(files);
  const requested = new Uint8Array(files);
  const plain = new Uint8Array(rows);
  const waits: number[] = [];
  const raw: number[] = [];
  const highest = new Float64Array(1);
  const followed = new Uint8Array((highestId >>> 3) + 1);
  const found: Found = { highest, reach, plain, followed };
  let hasLeases = false;
  let hasAccesses = false;
  for (let i = usualRows(c, 0, found); i < rows; i = usualRows(c, i + 1, found)) {
    const op = ops[i]!;
    const kind = KIND[op]!;
    const flags = flagsAt[i]!;
    const file = fileAt[i]!;
    const known = lengths[i]!;
    const length = known > 0 ? known : 0;
    const addr = addrs[i]!;
    if (addr >= 0 && addr + length > highest[0]!) highest[0] = addr + length;
    if (file !== NONE) {
      const offset = offsets[i]!;
      const end = offset > 0 ? offset + length : length;
      if (end > reach[file]!) reach[file] = end;
    }
    if (kind === Kind.plain) {
      if (file !== NONE && (flags & Flag.dax) !== 0 && isFault(op)) dax[file] = 1;
      if (
        file !== NONE &&
        (flags & UNPLAIN) === 0 &&
        handle[i] === 0 &&
        result[i]! >= 0 &&
        (known >= 0 || (flags & Flag.whole) === 0)
      )
        plain[i] = 1;
    } else if (kind === Kind.acquires) {
      if (op === Op.lease && file !== NONE) hasLeases = true;
      if (op === Op.mmap && file !== NONE && (flags & Flag.sync) !== 0) synced[file] = 1;
      const wants = requestedBy(op, flags);
      if (wants >= 0 && file !== NONE && !failed(result[i]!)) requested[file]! |= 1 << wants;
      holds.acquire(i);
    } else if (kind === Kind.releases) holds.release(i);
    else if (kind === Kind.ends) holds.endOfProcess(i);
    else if (kind === Kind.waits) waits.push(i);
    else if (kind === Kind.maps && file !== NONE) tellsMaps[file] = 1;
    else if (op === Op.dma_read || op === Op.dma_write) hasAccesses = true;
    if (kind === Kind.nothing || kind >= Kind.waits || (flags & UNPLAIN) !== 0)
      followed[opId[i]! >>> 3]! |= 1 << (opId[i]! & 7);
    if ((flags & (Flag.raw | Flag.second)) !== 0) {
      if ((flags & Flag.raw) !== 0) raw.push(i);
      // The row before is of two files.
      if ((flags & Flag.second) !== 0 && i > 0 && ops[i - 1] === op && opId[i - 1] === opId[i]) plain[i - 1] = 0;
    }
  }
  const highestByte = highest[0]!;
  return { highestByte, reach, tellsMaps, dax, synced, requested, plain, followed, waits, raw, hasLeases, hasAccesses };
}

/** Of which operation an observed row is. Operations begin no later than what is observed of them: no row behind has to be looked at. */
export class OpsById {
  private readonly c: EventColumns;
  private readonly ops: Uint8Array;
  /** Rows before this one are known. */
  private known = 0;

  /** `highestId`: of all operations. */
  constructor(columns: EventColumns, highestId: number) {
    this.c = columns;
    this.ops = new Uint8Array(highestId + 1);
  }

  /** The op of the operation that a row is part of, 0 for none. */
  of(row: number): number {
    const { c, ops } = this;
    const timeNs = c.timeNs[row]!;
    for (; this.known < c.rows && c.timeNs[this.known]! <= timeNs; this.known++) {
      const op = c.op[this.known]!;
      const id = c.opId[this.known]!;
      if (id !== 0 && ops[id] === 0 && KIND[op]! < Kind.observes && (c.flags[this.known]! & NO_CALL) === 0)
        ops[id] = op;
    }
    return ops[c.opId[row]!]!;
  }
}

/** The hold that an operation asks for by itself, -1 for none. An ordinary lease is no claim on a layout. */
export function requestedBy(op: number, flags: number): number {
  return asksLease(op, flags) ? -1 : REQUESTS[op]!;
}

export const failed = (result: number): boolean => result < 0 && result !== UNKNOWN_RESULT;
