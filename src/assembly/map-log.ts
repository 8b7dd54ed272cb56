// Changes of block maps as they were observed, kept until the end of the recording: only then is it known how the file
// system numbers its blocks (XFS allocation groups), where DAX memory starts, and whose blocks a device touched.
import type { ByteStore } from '../base/byte-store.js';
import { ColumnLog, type SomeRows } from '../base/column-log.js';
import type { Arrays } from '../base/columns.js';
import { SparseNumbers } from '../base/sparse-numbers.js';

/** What a row of the log is. `insert` maps, `remove` makes a hole, `learn` maps what a look found in a map not known, `seen` only looked; `reset` and `unknown` take the whole file; `share` tells that a clone takes this as its source; `iomap` is a look in bytes (see `addIomap`); of a file that is `gone` nothing tells, its number is another's. */
export const Change = {
  insert: 0,
  remove: 1,
  seen: 2,
  reset: 3,
  known: 4,
  unknown: 5,
  collapse: 6,
  insertHole: 7,
  cowInsert: 8,
  cowRemove: 9,
  learn: 10,
  share: 11,
  iomap: 12,
  gone: 13,
} as const;

export interface MapRow {
  /** See `Change`. */
  readonly change: number;
  readonly timeNs: number;
  readonly file: number;
  readonly device: number;
  /** File blocks; bytes of the file for `iomap`. */
  readonly offset: number;
  readonly count: number;
  /** File system block number as the event says it, byte of the device for `iomap`; DELALLOC, HOLE for none. */
  readonly block: number;
  readonly unwritten: boolean;
  readonly reflinked: boolean;
  readonly opId: number;
  readonly task: number;
  readonly row: number;
}

/** The part of a row that tells what became of a map. */
export type LoggedChange = Pick<MapRow, 'change' | 'file' | 'offset' | 'count' | 'block' | 'unwritten'>;

export const DELALLOC = -2;
export const HOLE = -1;

/** Who is changing maps now; filled by the assembler before each event. */
export interface Author {
  timeNs: number;
  opId: number;
  task: number;
  row: number;
  /** Inside a reflink or dedupe: what is inserted is shared. */
  sharing: boolean;
  /** It is a look that tells, not a change. */
  noted: boolean;
}

const SHAPE = {
  change: Uint8Array,
  timeNs: Float64Array,
  file: Uint32Array,
  device: Float64Array,
  offset: Float64Array,
  count: Float64Array,
  block: Float64Array,
  unwritten: Uint8Array,
  reflinked: Uint8Array,
  opId: Uint32Array,
  task: Uint32Array,
  row: Uint32Array,
};
const BLOCK_ROWS = 8192;
/** They leave the file's own map as it is. */
const LOOKS = new Uint8Array(Object.keys(Change).length);
for (const look of [Change.seen, Change.known, Change.cowInsert, Change.cowRemove, Change.share, Change.gone])
  LOOKS[look] = 1;

/** Rows in the order in which they were added: each stands in the fields until `next` brings another. */
export class MapCursor implements MapRow {
  change = 0;
  timeNs = 0;
  file = 0;
  device = 0;
  offset = 0;
  count = 0;
  block = 0;
  unwritten = false;
  reflinked = false;
  opId = 0;
  task = 0;
  row = 0;
  readonly #blocks: Iterator<SomeRows<typeof SHAPE>>;
  /** Whose blocks their file system tells of itself: what iomap found there counts for nothing. */
  readonly #told: ReadonlySet<number>;
  #at: Arrays<typeof SHAPE> | null = null;
  #rows = 0;
  #next = 0;

  constructor(log: ColumnLog<typeof SHAPE>, told: ReadonlySet<number>) {
    this.#told = told;
    this.#blocks = log.blocks()[Symbol.iterator]();
  }

  /** False when there are no more. */
  // hot
  next(): boolean {
    let i: number;
    let at: Arrays<typeof SHAPE>;
    do {
      if (this.#next === this.#rows && !this.#turn()) return false;
      i = this.#next++;
      at = this.#at!;
    } while (at.change[i] === Change.iomap && this.#told.has(at.device[i]!));
    this.change = at.change[i]!;
    this.timeNs = at.timeNs[i]!;
    this.file = at.file[i]!;
    this.device = at.device[i]!;
    this.offset = at.offset[i]!;
    this.count = at.count[i]!;
    this.block = at.block[i]!;
    this.unwritten = at.unwritten[i] === 1;
    this.reflinked = at.reflinked[i] === 1;
    this.opId = at.opId[i]!;
    this.task = at.task[i]!;
    this.row = at.row[i]!;
    return true;
  }

  #turn(): boolean {
    const block = this.#blocks.next();
    if (block.done === true) return false;
    this.#at = block.value.at;
    this.#rows = block.value.rows;
    this.#next = 0;
    return this.#rows > 0;
  }
}

export class MapLog {
  /** Where it lies, for what else must be kept until the end. */
  readonly store: ByteStore;
  readonly author: Author = { timeNs: 0, opId: 0, task: 0, row: 0, sharing: false, noted: false };
  /** Whose blocks events of a file system tell of, in the order of their first row. */
  readonly devices = new Set<number>();
  /** Something is told to be shared. */
  hasShared = false;
  /** Is told of every change as it is added. */
  follower: { apply(change: LoggedChange): void } | null = null;
  readonly #rows: ColumnLog<typeof SHAPE>;
  /** The same without what was only seen, which is most of it: all that a map needs. */
  readonly #changes: ColumnLog<typeof SHAPE>;
  /** By file: it has a row among the changes, and with it its device. */
  readonly #met = new SparseNumbers();
  /** By file: number of its last row that maps something or takes it away, and when its map last changed. */
  readonly #changed = new SparseNumbers();
  readonly #changedNs = new SparseNumbers();
  #lastDevice = Number.NaN;

  constructor(store: ByteStore) {
    this.store = store;
    this.#rows = new ColumnLog(SHAPE, store, BLOCK_ROWS);
    this.#changes = new ColumnLog(SHAPE, store, BLOCK_ROWS);
  }

  get length(): number {
    return this.#rows.length;
  }

  /** Was anything of the file mapped or taken away since the log was so long? */
  changedSince(file: number, length: number): boolean {
    return (this.#changed.get(file) ?? -1) >= length;
  }

  /** When the file's map last changed. */
  changedNs(file: number): number {
    return this.#changedNs.get(file) ?? Number.NEGATIVE_INFINITY;
  }

  add(
    change: number,
    file: number,
    device: number,
    offset: number,
    count: number,
    block: number,
    unwritten = false,
  ): void {
    const { timeNs, noted, sharing } = this.author;
    if (change === Change.insert || change === Change.remove) this.#changed.set(file, this.length);
    if (!noted && LOOKS[change] === 0) this.#changedNs.set(file, timeNs);
    if (device !== this.#lastDevice) this.devices.add(device);
    this.#lastDevice = device;
    this.#put(this.#rows, change, file, device, offset, count, block, unwritten);
    if (sharing || change === Change.share) this.hasShared = true;
    if (change === Change.seen && this.#met.has(file)) return;
    this.#met.set(file, 1);
    this.#put(this.#changes, change, file, device, offset, count, block, unwritten);
    this.follower?.apply({ change, file, offset, count, block, unwritten });
  }

  /**
   * Bytes of a file as iomap found them, `addr` on this device (DELALLOC, HOLE). It counts where no event of the file system tells
   * of blocks on the device: whether one does is known at the end.
   */
  addIomap(file: number, device: number, offset: number, length: number, addr: number, unwritten: boolean): void {
    for (const log of [this.#rows, this.#changes])
      this.#put(log, Change.iomap, file, device, offset, length, addr, unwritten);
  }

  /** Its inode was freed: what of its blocks nothing was seen to take away is its own no more. */
  gone(file: number, device: number): void {
    if (this.#met.has(file)) this.add(Change.gone, file, device, 0, 0, HOLE);
  }

  all(): MapCursor {
    return new MapCursor(this.#rows, this.devices);
  }

  changes(): MapCursor {
    return new MapCursor(this.#changes, this.devices);
  }

  // hot
  #put(
    log: ColumnLog<typeof SHAPE>,
    change: number,
    file: number,
    device: number,
    offset: number,
    count: number,
    block: number,
    unwritten: boolean,
  ): void {
    const { timeNs, opId, task, row, sharing } = this.author;
    const i = log.add();
    const { at } = log;
    at.change[i] = change;
    at.timeNs[i] = timeNs;
    at.file[i] = file;
    at.device[i] = device;
    at.offset[i] = offset;
    at.count[i] = count;
    at.block[i] = block;
    at.unwritten[i] = unwritten ? 1 : 0;
    at.reflinked[i] = sharing && (change === Change.insert || change === Change.learn) ? 1 : 0;
    at.opId[i] = opId;
    at.task[i] = task;
    at.row[i] = row;
  }
}
