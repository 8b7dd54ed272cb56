// ext4 block maps from the extent status tree. Its events fire on look-ups too, so they are no change log; but every
// insert states the truth of its range at that moment. Applied in time order, with a shift at the removal of the whole
// tail behind a collapse or insert range, they give FIEMAP exactly (kernel-events reference, extent status row).
import type { BlockSizes } from './block-sizes.js';
import { Ext4Moves } from './ext4-moves.js';
import type { MapLog } from './map-log.js';
import { Change, DELALLOC, HOLE } from './map-log.js';
import type { Thread } from './state.js';

/** EXT_MAX_BLOCKS: the range that stands for "to the end of any file". */
export const MAX_BLOCK = 0xffffffff;

interface Status {
  known: boolean;
  coveredTo: number;
  /** A collapse (negative) or insert (positive) under way: where, and by how many bytes. */
  shiftAt: number;
  shiftBy: number;
  /** Who does it, in which call. */
  shifter: Thread | null;
  callNs: number;
  /** It was asked for since events were lost. */
  recent: boolean;
}

export class Ext4Maps {
  private readonly log: MapLog;
  private readonly blocks: BlockSizes;
  private readonly files = new Map<number, Status>();
  /** Those asked for since events were lost: losses cost no look at all others. */
  private recent: Status[] = [];
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
    return this.files.has(file);
  }

  /** Is the whole map known? */
  knows(file: number): boolean {
    return this.status(file).known;
  }

  /** Without the extent status events what looks known is not. */
  blind(file: number): boolean {
    return this.files.has(file) && !this.sawStatus;
  }

  /** The recorder says that it asked for the extent status events: where none came, nothing changed. */
  recorded(): void {
    this.sawStatus = true;
  }

  /** A range as FIEMAP tells it: checked by the replay, and learned where the map is not known. */
  told(file: number, device: number, off: number, count: number, block: number, unwritten: boolean): void {
    if (!this.status(file).known)
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
    const s = this.status(file);
    if (off <= s.coveredTo) s.coveredTo = Math.max(s.coveredTo, off + count);
    if (status.includes('D')) this.log.add(Change.insert, file, device, off, count, DELALLOC);
    else if (status.includes('H')) this.log.add(Change.remove, file, device, off, count, HOLE);
    else this.log.add(Change.insert, file, device, off, count, block, status.includes('U'));
    if (!s.known && s.coveredTo >= MAX_BLOCK) {
      s.known = true;
      this.log.add(Change.known, file, device, 0, 0, HOLE);
    }
  }

  remove(file: number, device: number, off: number, count: number, by: Thread): void {
    this.sawRemoval = true;
    const s = this.status(file);
    if (s.shiftBy !== 0 && off + count >= MAX_BLOCK && s.shifter === by && s.callNs === by.call.timeNs) {
      // The tail is removed from where the shift begins.
      if (off > 0) this.blocks.same(device, off, s.shiftAt);
      const shift = s.shiftBy / this.blocks.bytes(device);
      s.shiftBy = 0;
      if (shift < 0) this.log.add(Change.collapse, file, device, off, -shift, HOLE);
      else this.log.add(Change.insertHole, file, device, off, shift, HOLE);
      return;
    }
    this.log.add(Change.remove, file, device, off, Math.min(count, MAX_BLOCK), HOLE);
  }

  /** ext4_collapse_range (bytes < 0) or ext4_insert_range (bytes > 0) was entered; it may still be refused. */
  shift(file: number, at: number, bytes: number, by: Thread): void {
    const s = this.status(file);
    s.shiftAt = at;
    s.shiftBy = bytes;
    s.shifter = by;
    s.callNs = by.call.timeNs;
  }

  /** Something else begins: a shift that has not happened was refused. */
  noShift(file: number): void {
    const s = this.files.get(file);
    if (s !== undefined) s.shiftBy = 0;
  }

  knownEmpty(file: number, device: number): void {
    const s = this.status(file);
    s.known = true;
    s.coveredTo = MAX_BLOCK;
    this.log.add(Change.reset, file, device, 0, 0, HOLE);
  }

  /** Something was done to the file's blocks that the events do not tell the outcome of. */
  unknown(file: number, device: number): void {
    forget(this.status(file));
    this.log.add(Change.unknown, file, device, 0, 0, HOLE);
  }

  unknownAll(): void {
    for (const s of this.recent) {
      forget(s);
      s.recent = false;
    }
    this.recent = [];
    this.moves.lost();
  }

  private status(file: number): Status {
    let s = this.files.get(file);
    if (s === undefined) {
      s = { known: false, coveredTo: 0, shiftAt: 0, shiftBy: 0, shifter: null, callNs: 0, recent: false };
      this.files.set(file, s);
    }
    if (!s.recent) {
      s.recent = true;
      this.recent.push(s);
    }
    return s;
  }
}

function forget(s: Status): void {
  s.known = false;
  s.coveredTo = 0;
  s.shiftBy = 0;
}
