// EXT4_IOC_MOVE_EXT (e4defrag): blocks of two files change places. Its only events for both are those of ext4_swap_extents
// (fs/ext4/extents.c), which forgets the status of the two ranges, the called file's first, and then exchanges their blocks:
// that file's get the state its own had, those of the donor are unwritten. Where the donor has a hole it stops. Seen on 6.18;
// newer kernels move more at a time and do the same.
import type { BlockSizes } from './block-sizes.js';
import type { Ext4Maps } from './ext4-map.js';
import { FileLayouts, type Run } from './file-layouts.js';
import { Change, HOLE, type MapLog } from './map-log.js';
import type { Thread } from './state.js';

/** File blocks whose status is forgotten. */
export interface Blocks {
  readonly file: number;
  readonly device: number;
  readonly offset: number;
  readonly count: number;
}

/** Those that came first, and what lay there. */
export interface Moving extends Blocks {
  readonly runs: readonly Run[];
  /** In which call. */
  readonly callNs: number;
  /** They were taken for gone. */
  readonly removed: boolean;
}

/** A range of bytes whose blocks are taken away now. */
export interface Punch {
  readonly file: number;
  readonly offset: number;
  readonly length: number;
}

/** Of a thread: the range that waits for its pair, and the punch that has been said and not been done. */
export interface MoveState {
  first: Moving | null;
  punch: Punch | null;
}

export class Ext4Moves {
  readonly #log: MapLog;
  readonly #maps: Ext4Maps;
  readonly #sizes: BlockSizes;
  #layouts: FileLayouts | null = null;
  #lostNs = Number.NEGATIVE_INFINITY;

  constructor(log: MapLog, maps: Ext4Maps, sizes: BlockSizes) {
    this.#log = log;
    this.#maps = maps;
    this.#sizes = sizes;
  }

  /** In a call that moves blocks. */
  takes(by: Thread, blocks: Blocks): void {
    const { first } = by.moves;
    by.moves.first = null;
    if (first === null || first.callNs !== by.call.timeNs) by.moves.first = this.#begins(by, blocks, false);
    else if (isPair(first, blocks)) this.#exchange(first, blocks);
    else this.#unknown(first, blocks);
  }

  /**
   * Of a thread whose calls are not in the trace. What else takes blocks away says so before (a punch), or takes all to the
   * end: two ranges of a length in two files, with nothing said, are a move.
   */
  mayTake(by: Thread, blocks: Blocks): void {
    const { first, punch } = by.moves;
    const announced = punch !== null && this.#isIn(punch, blocks);
    by.moves.first = null;
    by.moves.punch = null;
    if (first !== null && !announced && first.callNs === by.call.timeNs && isPair(first, blocks))
      return this.#exchange(first, blocks);
    if (!announced) by.moves.first = this.#begins(by, blocks, true);
    this.#remove(blocks, blocks.offset, blocks.count);
  }

  /** Events are missing: what is known of files now is not sure. */
  lost(): void {
    this.#lostNs = this.#log.author.timeNs;
    this.#layouts = null;
  }

  #begins({ call }: Thread, blocks: Blocks, removed: boolean): Moving {
    this.#layouts ??= new FileLayouts(this.#log, this.#lostNs);
    const runs: Run[] = [];
    const end = blocks.offset + blocks.count;
    for (let at = blocks.offset; at < end; ) {
      const run = this.#layouts.runAt(blocks.file, at, end - at);
      if (run === null) break;
      runs.push(run);
      at += run.count;
    }
    return { ...blocks, runs, callNs: call.timeNs, removed };
  }

  #exchange(called: Moving, donor: Blocks): void {
    let done = 0;
    for (const run of called.runs) {
      for (let at = 0; at < run.count; ) {
        const theirs = this.#layouts?.runAt(donor.file, donor.offset + done, run.count - at) ?? null;
        if (theirs === null) {
          if (!this.#maps.knows(donor.file)) return this.#unknown(called, donor);
          return this.#keep(called, done);
        }
        const { count } = theirs;
        // Both let go of theirs before they get the other's: no block has two owners.
        if (!called.removed) this.#remove(called, run.offset + at, count);
        this.#remove(donor, theirs.offset, count);
        this.#insert(called, run.offset + at, count, theirs.block, run.unwritten);
        this.#insert(donor, theirs.offset, count, run.block + at, true);
        at += count;
        done += count;
      }
    }
    // The called file has blocks all along, or the kernel would not have come so far.
    if (done < called.count) this.#unknown(called, donor);
  }

  /** From there on nothing was exchanged. */
  #keep(called: Moving, done: number): void {
    if (!called.removed) return;
    for (const { offset, count, block, unwritten } of called.runs) {
      const skipped = Math.max(0, called.offset + done - offset);
      if (skipped < count) this.#insert(called, offset + skipped, count - skipped, block + skipped, unwritten);
    }
  }

  /** A punch takes the whole blocks that are in its range. */
  #isIn({ file, offset, length }: Punch, blocks: Blocks): boolean {
    const bytes = this.#sizes.bytes(blocks.device);
    const [from, to] = [blocks.offset * bytes, (blocks.offset + blocks.count) * bytes];
    return file === blocks.file && from >= offset && to <= offset + length;
  }

  #unknown(...both: Blocks[]): void {
    for (const { file, device } of both) this.#maps.unknown(file, device);
  }

  #remove({ file, device }: Blocks, offset: number, count: number): void {
    this.#log.add(Change.remove, file, device, offset, count, HOLE);
  }

  #insert({ file, device }: Blocks, offset: number, count: number, block: number, unwritten: boolean): void {
    this.#log.add(Change.insert, file, device, offset, count, block, unwritten);
  }
}

const isPair = (a: Blocks, b: Blocks): boolean => a.count === b.count && a.file !== b.file && a.device === b.device;
