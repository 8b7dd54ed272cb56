// What calls, faults and the kernel by itself do to the blocks of modelled files.
import { Flag, Op } from '../../model/events.js';
import { type Bytes, UNKNOWN, UNKNOWN_RESULT } from '../../model/units.js';
import type { World } from '../parts/world.js';
import { Cell, type Cells } from './cells.js';
import type { ModelFile } from './files.js';
import type { ReadyStep } from './role.js';

export const inCells = (cells: Cells, bytes: Bytes): Bytes => Math.floor(bytes / cells.cellBytes) * cells.cellBytes;

/** What a call that went through does to the blocks; returns the address of what it allocated, -1 for nothing. */
export function carryOut(file: ModelFile, op: number, flags: number, offset: Bytes, length: Bytes): Bytes {
  const { cells } = file;
  if (op === Op.truncate) cells.cut(length);
  if (op === Op.open && (flags & Flag.trunc) !== 0) cells.cut(0);
  // Who still maps it keeps its blocks.
  const gone = op === Op.unlink || (op === Op.rename && (flags & Flag.over) !== 0);
  if (gone && file.mappings === 0) cells.cut(0);
  if (!file.mapped || offset < 0 || length <= 0) return UNKNOWN;
  const cell = Math.floor(offset / cells.cellBytes);
  const count = Math.ceil(length / cells.cellBytes);
  switch (op) {
    case Op.write:
      if (offset + length > cells.bytes) cells.resize(offset + length);
      return cells.fill(offset, length, Cell.written);
    case Op.write_fault:
      return cells.fill(offset, length, Cell.faulted);
    case Op.fallocate:
      if ((flags & Flag.keep_size) === 0) cells.resize(Math.max(cells.bytes, offset + length));
      return cells.fill(offset, length, Cell.unwritten);
    case Op.punch:
      cells.punch(offset, length);
      return UNKNOWN;
    case Op.zero:
      cells.zero(offset, length);
      return UNKNOWN;
    case Op.collapse:
      cells.collapse(cell, count);
      return UNKNOWN;
    case Op.insert:
      cells.insert(cell, count);
      return UNKNOWN;
    case Op.unshare:
      cells.unshare(cell, cell + count);
      return UNKNOWN;
    default:
      return UNKNOWN;
  }
}

/**
 * Holes get blocks, or blocks data, that no call asked for, or a clone is gone: the recording saw no more of it either. A lane takes
 * the blocks as they are.
 */
export function appear(
  world: World,
  file: ModelFile,
  task: number,
  step: ReadyStep,
  offset: Bytes,
  length: Bytes,
): void {
  const { cells, id } = file;
  const { flags } = step;
  const { cellBytes } = cells;
  world.outcome(UNKNOWN_RESULT, UNKNOWN);
  if (step.state === Cell.shared) {
    eachRun(cells, 0, cells.length, (had, from, to) => {
      if (had !== Cell.shared) return;
      cells.makeOwn(from, to);
      tell(world, id, task, flags, cells, from, to);
    });
    return;
  }
  if (offset + length > cells.bytes) cells.resize(offset + length);
  const state = (flags & Flag.unwritten) !== 0 ? Cell.unwritten : Cell.written;
  const end = Math.min(Math.ceil((offset + length) / cellBytes), cells.length);
  eachRun(cells, Math.floor(offset / cellBytes), end, (had, from, to) => {
    if (had !== Cell.hole && (state !== Cell.written || (had !== Cell.unwritten && had !== Cell.faulted))) return;
    cells.fill(from * cellBytes, (to - from) * cellBytes, state);
    tell(world, id, task, flags, cells, from, to);
  });
}

/** Runs of cells that are in one state. */
function eachRun(
  cells: Cells,
  first: number,
  end: number,
  what: (had: number, from: number, to: number) => void,
): void {
  for (let from = first; from < end; ) {
    const had = cells.state(from);
    let to = from + 1;
    while (to < end && cells.state(to) === had) to++;
    what(had, from, to);
    from = to;
  }
}

/** One row for blocks in one piece. */
function tell(world: World, id: number, task: number, flags: number, cells: Cells, first: number, end: number): void {
  const { cellBytes } = cells;
  for (let from = first; from < end; ) {
    let to = from + 1;
    const addr = Math.max(UNKNOWN, cells.addr(from));
    const next = (cell: number): number => (addr < 0 ? UNKNOWN : addr + (cell - from) * cellBytes);
    while (to < end && Math.max(UNKNOWN, cells.addr(to)) === next(to)) to++;
    world.observe(Op.extent, flags, id, task, from * cellBytes, (to - from) * cellBytes, addr, 0);
    from = to;
  }
}

/** What an operation on two files does to their blocks. */
export function share(op: number, first: ModelFile, second: ModelFile, from: Bytes, length: Bytes): void {
  const a = first.cells;
  const b = second.cells;
  const cell = length < 0 ? 0 : from / a.cellBytes;
  const wanted = length < 0 ? a.length : Math.ceil(length / a.cellBytes);
  const count = Math.max(0, Math.min(wanted, a.mostBytes / a.cellBytes - cell, b.mostBytes / b.cellBytes - cell));
  if (op === Op.reflink || op === Op.dedupe) {
    b.resize(Math.max(b.bytes, length < 0 ? a.bytes : from + length));
    a.clone(cell, b, cell, count);
  } else if (op === Op.exchange) a.swap(cell, b, cell, count);
  else if (op === Op.swapext) {
    const sizes = [a.bytes, b.bytes] as const;
    const cells = Math.min(a.mostBytes / a.cellBytes, b.mostBytes / b.cellBytes);
    a.swap(0, b, 0, cells);
    a.resize(sizes[1]);
    b.resize(sizes[0]);
  }
}
