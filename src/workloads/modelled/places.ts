// Where in a file a step goes: as often at its start, at its end, behind the step before as it was seen, and on blocks of
// the state that it met then.
import type { Random } from '../../base/random.js';
import { Op } from '../../model/events.js';
import { type Bytes, UNKNOWN } from '../../model/units.js';
import { Cell } from './cells.js';
import type { ModelFile } from './files.js';
import type { ReadyStep } from './role.js';

/** Where a thread was last in files of one kind. */
export interface Last {
  file: number;
  offset: Bytes;
  end: Bytes;
}

const STATES: Readonly<Record<string, number>> = {
  hole: Cell.hole,
  shared: Cell.shared,
  unwritten: Cell.unwritten,
  written: Cell.written,
};
const PAGE = 4096;
/** Devices and faults know no offset within a page. */
const PAGED = new Set<number>([Op.read_fault, Op.write_fault]);

export function lengthOf(step: ReadyStep, file: ModelFile, random: Random): Bytes {
  if (step.bytes === null) return UNKNOWN;
  const bytes = Math.max(step.op === Op.truncate ? 0 : 1, Math.round(step.bytes(random)));
  return step.op === Op.truncate ? sizeOf(step, bytes, file, random) : Math.min(bytes, file.cells.mostBytes);
}

/** A truncate goes where it went: down, up or nowhere, as far as the file allows. */
function sizeOf({ case: way }: ReadyStep, bytes: Bytes, { cells }: ModelFile, random: Random): Bytes {
  if (way === 'same') return cells.bytes;
  if (way === 'down' && bytes >= cells.bytes) return Math.floor(cells.bytes * random.uniform());
  if (way === 'up' && bytes <= cells.bytes) return Math.min(cells.bytes + bytes + 1, cells.mostBytes);
  return Math.min(bytes, cells.mostBytes);
}

export function offsetOf(step: ReadyStep, file: ModelFile, length: Bytes, last: Last, random: Random): Bytes {
  if (length < 0 || step.op === Op.truncate) return step.op === Op.truncate ? 0 : UNKNOWN;
  const { cells } = file;
  const wished = wishedPlace(step, file, last, random);
  // A write behind the last block that there may be begins at the front again.
  if (step.case === 'past_eof' && PAGED.has(step.op)) return faultPastEnd(cells.bytes, cells.mostBytes, random);
  if (step.case === 'past_eof') return pastEnd(wished, cells.bytes, length, cells.mostBytes);
  const grows = step.op === Op.fallocate || step.op === Op.write;
  const limit = grows && step.case === '' ? cells.mostBytes : cells.bytes;
  const inside = wished + length <= limit ? wished : fitting(wished, limit - length, last, step);
  const state = STATES[step.case];
  if (state === undefined || !file.mapped) return inside;
  const found = cells.find(inside, length, state);
  return found < 0 ? inside : found;
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

function wishedPlace(step: ReadyStep, { cells }: ModelFile, last: Last, random: Random): Bytes {
  const share = random.uniform();
  if (share < step.start) return 0;
  if (share < step.same) return last.offset;
  if (share < step.sequential) return last.end;
  if (share < step.end) return cells.bytes;
  return step.at === null ? 0 : aligned(step.at(random) * cells.bytes, step);
}

function aligned(offset: Bytes, { align, op }: ReadyStep): Bytes {
  const step = PAGED.has(op) ? Math.max(PAGE, align) : align;
  return Math.max(0, Math.floor(offset / step) * step);
}
