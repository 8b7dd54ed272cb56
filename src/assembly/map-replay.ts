// The map log played forward: who owns which blocks of which device at a time.
import { SparseNumbers } from '../base/sparse-numbers.js';
import { UNKNOWN } from '../model/units.js';
import { BlockOwners } from './block-owners.js';
import type { BlockSizes } from './block-sizes.js';
import { Change, HOLE, type MapCursor, type MapLog, type MapRow } from './map-log.js';

/** Address in bytes of a row's first block; -1 for none, NaN when the numbering of blocks does not tell. */
export type AddressOf = (row: MapRow) => number;

/** Applies map rows up to a time; later calls go on from there. */
export class MapReplay {
  readonly owners: BlockOwners;
  readonly cow: BlockOwners;
  private readonly row: MapCursor;
  private more: boolean;
  private readonly addressOf: AddressOf;
  private readonly blocks: BlockSizes;
  /** Physical pages that stood in for a hole. */
  readonly zeroPages = new Set<number>();
  /** Device of each file. */
  readonly deviceOf = new SparseNumbers();
  /** Of the last row. */
  private lastFile = -1;
  private lastDevice = -1;

  constructor(log: MapLog, addressOf: AddressOf, blocks: BlockSizes) {
    this.owners = new BlockOwners(log.store);
    this.cow = new BlockOwners(log.store);
    this.row = log.changes();
    this.more = this.row.next();
    this.addressOf = addressOf;
    this.blocks = blocks;
  }

  to(timeNs: number): void {
    for (; this.more && this.row.timeNs <= timeNs; this.more = this.row.next()) this.apply(this.row);
  }

  private apply(row: MapRow): void {
    const addr = this.addressOf(row);
    const block = this.blocks.unitOf(row);
    const offset = row.offset * block;
    const length = row.count * block;
    if (row.file !== this.lastFile || row.device !== this.lastDevice) {
      this.lastFile = row.file;
      this.lastDevice = row.device;
      this.deviceOf.set(row.file, row.device);
    }
    const maps = row.change === Change.iomap && row.block !== HOLE;
    if (maps || row.change === Change.insert || row.change === Change.learn)
      this.owners.insert(row.device, row.file, offset, length, Number.isNaN(addr) ? UNKNOWN : addr, row.unwritten);
    else if (row.change === Change.remove || row.change === Change.iomap)
      this.owners.map(row.file).remove(offset, length);
    else if (row.change === Change.reset || row.change === Change.gone) this.owners.map(row.file).clear();
    else if (row.change === Change.cowInsert && addr >= 0)
      this.cow.insert(row.device, row.file, offset, length, addr, false);
    else if (row.change === Change.collapse || row.change === Change.insertHole) {
      const map = this.owners.map(row.file);
      if (row.change === Change.collapse) map.collapse(offset, length);
      else map.insertHole(offset, length);
      this.owners.refile(row.device, row.file);
    }
  }
}
