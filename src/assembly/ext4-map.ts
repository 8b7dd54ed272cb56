// ext4 block maps from the extent status tree. Its events fire on look-ups too, so they are no change log; but every
// insert states the truth of its range at that moment. Applied in time order, with a shift at the removal of the whole
// tail behind a collapse or insert range, they give FIEMAP exactly (kernel-events reference, extent status row).
import { SparseNumbers } from '../base/sparse-numbers.js';
import type { BlockSizes } from './block-sizes.js';
import { Ext4Moves } from './ext4-moves.js';
import type { MapLog } from './map-log.js';
import { Change, DELALLOC, HOLE } from './map-log.js';
import type { Thread } from './state.js';

/** EXT_MAX_BLOCKS: the range that stands for "to the end of any file". */
export const MAX_BLOCK = 0xffffffff;

/** A collapse (negative) or insert (positive) under way: where, by how many bytes, who does it, in which call. */
interface Shift {
  readonly at: number;
  readonly bytes: number;
  readonly by: Thread;
  readonly callNs: number;
}

export class Ext4Maps {
  private readonly log: MapLog;
  private readonly blocks: BlockSizes;
  /** Files that were asked for. */
  private readonly met = new SparseNumbers();
  /** By file: up to which block its map was told since events were lost. All of it is known where that is the last there may be. */
  private coveredTo = new SparseNumbers();
  private readonly shifts = new Map<number, Shift>();
  /** The recording tells when status is forgotten. */
  sawRemoval = false;
  private sawStatus = false;
  readonly moves: Ext4Moves;

  constructor(log: MapLog, blocks: BlockSizes) {
    this.log = log;
    this.blocks = blocks;
    this.moves = new Ext4Moves(log, this, blocks);
  }

  /** Has an event told of the file's map? */
  follows(file: number): boolean {
    return this.met.has(file);
  }

  /** Is the whole map known? */
  knows(file: number): boolean {
    return this.reach(file) >= MAX_BLOCK;
  }

  /** Without the extent status events what looks known is not. */
  blind(file: number): boolean {
    return this.met.has(file) && !this.sawStatus;
  }

  /** The recorder says that it asked for the extent status events: where none came, nothing changed. */
  recorded(): void {
    this.sawStatus = true;
  }

  /** A range as FIEMAP tells it: checked by the replay, and learned where the map is not known. */
  told(file: number, device: number, off: number, count: number, block: number, unwritten: boolean): void {
    if (!this.knows(file))
      this.insert(
        file,
        device,
        off,
        count,
        block,
        block === HOLE ? 'H' : block === DELALLOC ? 'D' : unwritten ? 'U' : 'W',
      );
    this.log.add(Change.seen, file, device, off, Math.min(count, MAX_BLOCK), block, unwritten);
  }

  /** `status` is a word of W, U, D, H and R bits. */
  insert(file: number, device: number, off: number, count: number, block: number, status: string): void {
    this.sawStatus = true;
    const before = this.reach(file);
    const goesOn = off <= before && off + count > before;
    if (goesOn) this.coveredTo.set(file, off + count);
    if (status.includes('D')) this.log.add(Change.insert, file, device, off, count, DELALLOC);
    else if (status.includes('H')) this.log.add(Change.remove, file, device, off, count, HOLE);
    else this.log.add(Change.insert, file, device, off, count, block, status.includes('U'));
    if (goesOn && before < MAX_BLOCK && off + count >= MAX_BLOCK) this.log.add(Change.known, file, device, 0, 0, HOLE);
  }

  remove(file: number, device: number, off: number, count: number, by: Thread): void {
    this.sawRemoval = true;
    this.reach(file);
    const shift = this.shifts.get(file);
    if (shift !== undefined && off + count >= MAX_BLOCK && shift.by === by && shift.callNs === by.call.timeNs) {
      // The tail is removed from where the shift begins.
      if (off > 0) this.blocks.same(device, off, shift.at);
      const moved = shift.bytes / this.blocks.bytes(device);
      this.shifts.delete(file);
      if (moved < 0) this.log.add(Change.collapse, file, device, off, -moved, HOLE);
      else this.log.add(Change.insertHole, file, device, off, moved, HOLE);
      return;
    }
    this.log.add(Change.remove, file, device, off, Math.min(count, MAX_BLOCK), HOLE);
  }

  /** ext4_collapse_range (bytes < 0) or ext4_insert_range (bytes > 0) was entered; it may still be refused. */
  shift(file: number, at: number, bytes: number, by: Thread): void {
    this.reach(file);
    if (bytes === 0) this.shifts.delete(file);
    else this.shifts.set(file, { at, bytes, by, callNs: by.call.timeNs });
  }

  /** Something else begins: a shift that has not happened was refused. */
  noShift(file: number): void {
    this.shifts.delete(file);
  }

  knownEmpty(file: number, device: number): void {
    this.reach(file);
    this.coveredTo.set(file, MAX_BLOCK);
    this.log.add(Change.reset, file, device, 0, 0, HOLE);
  }

  /** Something was done to the file's blocks that the events do not tell the outcome of. */
  unknown(file: number, device: number): void {
    this.reach(file);
    this.coveredTo.delete(file);
    this.shifts.delete(file);
    this.log.add(Change.unknown, file, device, 0, 0, HOLE);
  }

  unknownAll(): void {
    this.coveredTo = new SparseNumbers();
    this.shifts.clear();
    this.moves.lost();
  }

  /** Whoever asks has met the file. */
  private reach(file: number): number {
    this.met.set(file, 1);
    return this.coveredTo.get(file) ?? 0;
  }
}
