// Which row of the decision table an operation is: what was asked, on which block state, inside or past the end of file.
import { Holding } from '../extents/extent-map.js';
import { type EventColumns, Flag, OPS, Op, type OpName, opSet } from '../model/events.js';
import { Case } from '../model/policy.js';

/** Ops whose case does not depend on the file's state; -1: always let through. */
const FIXED: Partial<Record<OpName, number>> = {
  read: Case.read,
  fallocate: Case.fallocate,
  punch: Case.fallocate_move,
  zero: Case.fallocate_move,
  collapse: Case.fallocate_move,
  insert: Case.fallocate_move,
  unshare: Case.unshare,
  exchange: Case.exchange,
  swapext: Case.swapext,
  unlink: Case.unlink,
  setattr: Case.attributes,
  fsync: Case.attributes,
  read_fault: Case.read_fault,
  pin: Case.pin_short,
  umount: Case.umount,
};
/** Ops whose case the functions below find. */
const STATEFUL: readonly OpName[] = [
  ...(['write', 'write_fault', 'truncate', 'open', 'reflink', 'dedupe', 'rename', 'mmap', 'register'] as const),
];

export const isFault = (op: number): boolean => op === Op.read_fault || op === Op.write_fault;

export const ASK_STATE = -2;
/** By op code: the case, -1 for none, ASK_STATE. */
export const CASE_OF: Int8Array = Int8Array.from(OPS, (name) =>
  STATEFUL.includes(name) ? ASK_STATE : (FIXED[name] ?? -1),
);

/**
 * Case of a stateful op. `held` is what the range holds (ExtentMap.summary), 0 when the map is not known there;
 * `size` is i_size, -1 unknown; `mapEnd` the end of the last extent.
 */
export function caseOf(
  op: number,
  flags: number,
  offset: number,
  length: number,
  held: number,
  size: number,
  mapEnd: number,
): number {
  switch (op) {
    case Op.write:
      if (size >= 0 && offset >= 0 && length >= 0 && offset + length > size) return Case.write_past_eof;
      return writeCase(held);
    case Op.write_fault:
      return writeCase(held) + (Case.write_fault_written - Case.write_written);
    case Op.truncate:
      if (size < 0) return length < mapEnd || length === 0 ? Case.truncate_down : Case.truncate_up;
      return length < size ? Case.truncate_down : length > size ? Case.truncate_up : Case.truncate_same;
    case Op.open:
      return (flags & Flag.trunc) !== 0 ? Case.truncate_down : Case.attributes;
    case Op.reflink:
    case Op.dedupe:
      return (flags & Flag.second) !== 0 ? Case.reflink_target : Case.reflink_source;
    case Op.rename:
      return (flags & Flag.over) !== 0 ? Case.unlink : Case.rename;
    case Op.register:
      // A device that translates on demand takes no pin.
      return (flags & Flag.odp) !== 0 ? -1 : Case.pin_long;
    case Op.mmap:
      return (flags & Flag.shared) !== 0 && (flags & Flag.writable) !== 0 ? Case.map_writable : -1;
    default:
      return -1;
  }
}

/** The block state that asks most of a write: a hole before a shared block before an unwritten one. */
export function writeCase(held: number): number {
  if ((held & Holding.hole) !== 0) return Case.write_hole;
  if ((held & Holding.reflinked) !== 0) return Case.write_shared;
  if ((held & Holding.unwritten) !== 0) return Case.write_unwritten;
  return Case.write_written;
}

/** Cases that take blocks away from a file range, or put others there. */
export const FREES: Uint8Array = new Uint8Array(28);
for (const c of [
  Case.truncate_down,
  Case.fallocate_move,
  Case.unshare,
  Case.reflink_target,
  Case.exchange,
  Case.swapext,
])
  FREES[c] = 1;

/** Of a file, bytes. */
export interface Reach {
  readonly from: number;
  readonly to: number;
}

/** What of its file a row is about, bytes; `size` is i_size, -1 unknown: a new size, from the nearer end on; what moves the rest, to the end. */
export function reachOf(c: EventColumns, row: number, size: number): Reach {
  const op = c.op[row]!;
  if (op === Op.truncate)
    return { from: size >= 0 ? Math.min(size, c.length[row]!) : c.length[row]!, to: Number.POSITIVE_INFINITY };
  const offset = c.offset[row]!;
  if (offset < 0 || c.length[row]! < 0 || WHOLE[op] === 1) return { from: 0, to: Number.POSITIVE_INFINITY };
  return {
    from: offset,
    to: op === Op.collapse || op === Op.insert ? Number.POSITIVE_INFINITY : offset + c.length[row]!,
  };
}

/** Ops on a file as a whole, whatever range is written beside them. */
const WHOLE = opSet(['open', 'unlink', 'rename', 'swapext', 'setattr', 'umount']);
