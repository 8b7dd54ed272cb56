// Sizes of files as calls set them, and what a call under way leaves open.
import type { EventColumns } from '../model/events.js';
import { Flag, Op, opSet } from '../model/events.js';
import type { Nanos } from '../model/units.js';
import { NONE } from '../model/units.js';
import { Deed, type FileStates } from './file-states.js';
import { Later, type TimeQueue } from './queue.js';

const PAGE = 4096;
/** Ranges of fallocate(2) that reach behind the end of file make the file longer, unless they keep its size. */
const REACHES = opSet(['fallocate', 'zero', 'unshare']);
/** Ops that may change a size. */
export const RESIZES = opSet([
  ...(['truncate', 'open', 'write', 'fallocate', 'zero', 'unshare', 'collapse', 'insert', 'reflink'] as const),
]);

/** Row of the other range of an operation on two; -1. */
export function secondOf(c: EventColumns, row: number): number {
  const next = row + 1;
  const pair = next < c.rows && c.opId[next] === c.opId[row] && c.op[next] === c.op[row];
  return pair && (c.flags[next]! & Flag.second) !== 0 ? next : -1;
}

/** Row whose file an operation takes the name from (unlink, a rename over it): its blocks go with its last user; -1 for none. */
export function unlinkedBy(c: EventColumns, row: number): number {
  const op = c.op[row]!;
  if (op === Op.unlink || (op === Op.rename && (c.flags[row]! & Flag.over) !== 0)) return row;
  const second = op === Op.rename ? secondOf(c, row) : -1;
  const replaced = second >= 0 && (c.flags[second]! & Flag.over) !== 0 && c.file[second] !== c.file[row];
  return replaced ? second : -1;
}

export class FileSizes {
  private readonly c: EventColumns;
  private readonly files: FileStates;
  private readonly queue: TimeQueue;
  private readonly shrinkingUntil: Float64Array;
  private readonly shrinkingTo: Float64Array;
  private everShrunk = false;

  constructor(columns: EventColumns, files: FileStates, queue: TimeQueue) {
    this.c = columns;
    this.files = files;
    this.queue = queue;
    this.shrinkingUntil = new Float64Array(files.count).fill(-1);
    this.shrinkingTo = new Float64Array(files.count);
  }

  /** Behind the end of file, as far as the size is known. */
  pastEnd(file: number, offset: number): boolean {
    if (file === NONE || offset < 0) return false;
    const size = this.files.sizeOf(file);
    return size >= 0 && offset >= Math.ceil(size / PAGE) * PAGE;
  }

  /** Was there ever a call that made a file shorter and lasted? */
  get shrinks(): boolean {
    return this.everShrunk;
  }

  /** Behind the end that a call under way is about to set: the old end may hold still, or the new one already. */
  undecided(file: number, offset: number, timeNs: Nanos): boolean {
    return file !== NONE && this.shrinkingUntil[file]! >= timeNs && offset >= this.shrinkingTo[file]!;
  }

  /** A call that lasts sets the size when it ends; what faults meet meanwhile may be the old end of file or the new one. */
  later(row: number, op: number, file: number, startNs: number): void {
    if (RESIZES[op] === 0) return;
    const endNs = startNs + Math.max(0, this.c.latencyNs[row]!);
    if (endNs <= startNs) return this.apply(row, op, file);
    const before = this.files.sizeOf(file);
    const after =
      op === Op.truncate
        ? this.c.length[row]!
        : op === Op.collapse
          ? Math.max(0, before - this.c.length[row]!)
          : op === Op.open && (this.c.flags[row]! & Flag.trunc) !== 0
            ? 0
            : before;
    if (after < before) {
      this.everShrunk = true;
      this.shrinkingUntil[file] = endNs;
      this.shrinkingTo[file] = after;
    }
    this.queue.add(endNs, Later.size, row);
  }

  /** Sizes follow from calls even where the maps are observed. */
  apply(row: number, op: number, file: number): void {
    const { c } = this;
    const offset = c.offset[row]!;
    const length = c.length[row]!;
    const size = this.files.sizeOf(file);
    if (op === Op.truncate) this.set(row, file, length);
    else if (op === Op.open && (c.flags[row]! & Flag.trunc) !== 0) this.set(row, file, 0);
    else if (op === Op.reflink) this.grown(row, length);
    else if (size < 0 || offset < 0 || length < 0) return;
    else if (op === Op.write) this.set(row, file, Math.max(size, offset + length));
    else if (REACHES[op] === 1 && (c.flags[row]! & Flag.keep_size) === 0)
      this.set(row, file, Math.max(size, offset + length));
    else if (op === Op.collapse) this.set(row, file, Math.max(0, size - length));
    else if (op === Op.insert) this.set(row, file, size + length);
  }

  /** The target of a clone or copy, as far as the trace tells where it was put. */
  private grown(row: number, length: number): void {
    const { c } = this;
    const second = secondOf(c, row);
    const target = second < 0 ? NONE : c.file[second]!;
    const before = target === NONE ? -1 : this.files.sizeOf(target);
    if (before >= 0 && length >= 0 && c.offset[second]! >= 0)
      this.set(row, target, Math.max(before, c.offset[second]! + length));
  }

  private set(row: number, file: number, size: number): void {
    const { files } = this;
    // Whenever it comes about, the new size is the same for all whose old one was.
    if (files.sizeOf(file) === size || !files.does(Deed.resize, row, file, 0)) return;
    files.setSize(file, size);
    files.did(0);
  }
}
