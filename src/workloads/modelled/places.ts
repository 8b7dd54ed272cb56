// Where in a file a step goes: as often at its start, at its end, behind the step before as it was seen, and on blocks of
// the state that it met then.
import type { Random } from '../../base/random.js';
import { Op } from '../../model/events.js';
import { type Bytes, UNKNOWN } from '../../model/units.js';
import { Cell, type Cells, isWritten, WRITTEN_SOMEHOW } from './cells.js';
import type { ModelFile } from './files.js';
import { type ReadyStep, Way } from './role.js';
import { Col, Spot } from './rows.js';

/** Where a thread was last in files of one kind. */
export interface Last {
  file: number;
  offset: Bytes;
  end: Bytes;
}

const PAGE = 4096;

// hot
export function lengthOf(step: ReadyStep, row: Float64Array, file: ModelFile): Bytes {
  const bytes = row[Col.bytes]!;
  if (bytes < 0) return UNKNOWN;
  if (step.op === Op.truncate) return sizeOf(step, row, bytes, file.cells);
  // A mapping may be longer than its file.
  return step.op === Op.mmap ? bytes : Math.min(bytes, file.cells.mostBytes);
}

/** A truncate goes where it went. Where that is not down or up from here as it was then, it goes as far as it did, if the file allows. */
function sizeOf({ way }: ReadyStep, row: Float64Array, bytes: Bytes, cells: Cells): Bytes {
  const by = row[Col.place] === Spot.ahead ? Math.round(row[Col.at]!) : bytes + 1;
  if (way === Way.same) return cells.bytes;
  if (way === Way.down && bytes >= cells.bytes) return Math.max(0, cells.bytes - by);
  if (way === Way.up && bytes <= cells.bytes) return Math.min(cells.bytes + by, cells.mostBytes);
  return Math.min(bytes, cells.mostBytes);
}

// hot
export function offsetOf(
  step: ReadyStep,
  row: Float64Array,
  file: ModelFile,
  length: Bytes,
  last: Last,
  random: Random,
): Bytes {
  if (step.op === Op.truncate) return 0;
  if (length < 0) return UNKNOWN;
  const { cells } = file;
  const wished = wishedPlace(step, row, cells.bytes, last);
  if (step.way === Way.pastEnd) {
    // A write behind the last block that there may be begins at the front again.
    if (step.paged) return faultPastEnd(cells.bytes, cells.mostBytes, random);
    return pastEnd(wished, cells.bytes, length, cells.mostBytes);
  }
  const limit = step.grows ? cells.mostBytes : cells.bytes;
  const inside = wished + length <= limit ? wished : fitting(wished, limit - length, last, step);
  if (step.state < 0 || !file.mapped) return inside;
  if (step.paged) return foundPage(step.state, cells, inside, random);
  // A call that met a hole began in one; blocks come where there are none.
  const comes = step.op === Op.extent;
  const found = cells.find(inside, length, step.state, step.state !== Cell.hole || comes);
  if (found >= 0) return found;
  const similar = comes
    ? cells.find(inside, length, step.state, false)
    : isWritten(step.state)
      ? cells.find(inside, length, WRITTEN_SOMEHOW, true)
      : UNKNOWN;
  return similar < 0 ? inside : similar;
}

/** Faults that do not meet what they met where they did are spread over all that is so: none of it draws more of them. */
// hot
function foundPage(state: number, cells: Cells, offset: Bytes, random: Random): Bytes {
  const found = cells.findOne(offset, state, random);
  if (found >= 0) return found;
  const similar = isWritten(state) ? cells.findOne(offset, WRITTEN_SOMEHOW, random) : UNKNOWN;
  return similar < 0 ? offset : similar;
}

/** Who comes to the end of a file going through it begins again; who aimed behind it takes the last place. */
const fitting = (wished: Bytes, most: Bytes, last: Last, step: ReadyStep): Bytes =>
  wished === last.end || most < 0 ? 0 : aligned(most, step);

function pastEnd(wished: Bytes, size: Bytes, length: Bytes, most: Bytes): Bytes {
  const offset = wished + length > size ? wished : size;
  return offset + length <= most ? offset : 0;
}

function faultPastEnd(size: Bytes, most: Bytes, random: Random): Bytes {
  const from = Math.ceil(size / PAGE);
  return (from + random.below(Math.max(1, Math.floor(most / PAGE) - from))) * PAGE;
}

// hot
function wishedPlace(step: ReadyStep, row: Float64Array, size: Bytes, last: Last): Bytes {
  switch (row[Col.place]) {
    case Spot.start:
      return 0;
    case Spot.same:
      return last.offset;
    case Spot.sequential:
      return last.end;
    case Spot.end:
      return size;
    case Spot.ahead:
      return size + Math.round(row[Col.at]!);
    default:
      return aligned(row[Col.at]! * size, step);
  }
}

function aligned(offset: Bytes, { align }: ReadyStep): Bytes {
  return Math.max(0, Math.floor(offset / align) * align);
}

/** Are there blocks such as a fault met, or is there room behind the end? */
export function meets({ way, state }: ReadyStep, { cells, mapped }: ModelFile): boolean {
  if (!mapped) return true;
  if (way === Way.pastEnd) return cells.bytes < cells.mostBytes;
  return state < 0 || cells.has(state) || (isWritten(state) && cells.has(WRITTEN_SOMEHOW));
}
