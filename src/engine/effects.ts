// How operations and observations change a lane's block maps. Where map changes were recorded they are applied as they
// were seen; where they were not (a hand-written trace, a file system without map events) they follow from the call.
import { type ExtentMap, Holding, State } from '../extents/extent-map.js';
import type { EventColumns } from '../model/events.js';
import { Flag, Op, opSet } from '../model/events.js';
import { NONE } from '../model/units.js';
import { EffectsOfTwo } from './effects-of-two.js';
import { unlinkedBy } from './file-sizes.js';
import { type FileStates, stateOf } from './file-states.js';

const BLOCK = 4096;
/** What may be shared with another file: of unwritten blocks `summary` does not tell. */
const NEEDS_COPY = Holding.reflinked | Holding.unwritten;
const up = (bytes: number): number => Math.ceil(bytes / BLOCK) * BLOCK;
const down = (bytes: number): number => Math.floor(bytes / BLOCK) * BLOCK;

/** Calls that may change a map or a size that was not recorded. */
const MODELLED = opSet([
  ...(['write', 'write_fault', 'truncate', 'open', 'fallocate', 'punch', 'zero', 'collapse', 'insert'] as const),
  ...(['unshare', 'reflink', 'dedupe', 'exchange', 'swapext', 'unlink', 'rename'] as const),
]);

/** Ops that only add blocks where there are none: in a lane that has them already they change nothing. */
const FILLERS = new Set<number>([
  Op.write,
  Op.write_fault,
  Op.read,
  Op.read_fault,
  Op.fallocate,
  Op.fsync,
  Op.msync,
  Op.seal,
  0,
]);

/** Rows and time within which a deed tells of all pieces of an extent that it splits. */
const SPLIT_ROWS = 16;
const SPLIT_NS = 1_000_000;

export class Effects {
  private readonly c: EventColumns;
  private readonly files: FileStates;
  private readonly ofTwo: EffectsOfTwo;
  /** The last extent that was split: by which row, from where to where. */
  private splitRow = Number.NEGATIVE_INFINITY;
  private splitFrom = 0;
  private splitEnd = 0;

  constructor(columns: EventColumns, files: FileStates) {
    this.c = columns;
    this.files = files;
    this.ofTwo = new EffectsOfTwo(columns, files);
  }

  /** Applies an observed row; `parentOp` is the op it belongs to, 0 for none. True: the lane's state was another one. */
  observe(row: number, parentOp: number): boolean {
    const { c, files } = this;
    const file = c.file[row]!;
    const op = c.op[row]!;
    if (op === Op.map_unknown && file === NONE) {
      for (let each = 0; each < files.count; each++) files.setKnown(each, 0);
      return false;
    }
    if (file === NONE) return false;
    const offset = c.offset[row]!;
    const length = c.length[row]!;
    switch (op) {
      case Op.file:
        files.setSize(file, length);
        if ((c.flags[row]! & Flag.unknown) === 0) {
          files.setKnown(file, 1);
          files.see(file);
        }
        return false;
      case Op.extent:
      case Op.map_insert:
        return this.insert(row, file, offset, length, parentOp);
      case Op.map_remove: {
        const before = files.mapOf(file)?.seq ?? 0;
        files.see(file);
        const end = length < 0 ? Number.POSITIVE_INFINITY : offset + length;
        if (files.hasDiverged(file) && FILLERS.has(parentOp)) this.split(row, file, offset, end);
        else files.map(file).remove(offset, end - offset);
        if (files.mapOf(file)!.seq !== before) files.soil(file);
        return false;
      }
      case Op.map_convert:
        this.changed(file);
        files.map(file).convert(offset, length, stateOf(c.flags[row]!));
        return false;
      case Op.collapse:
        this.changed(file);
        files.map(file).collapse(offset, length);
        return false;
      case Op.insert:
        this.changed(file);
        files.map(file).insertHole(offset, length);
        return false;
      case Op.map_reset:
        this.changed(file);
        files.map(file).clear();
        files.setKnown(file, 1);
        return false;
      case Op.map_known:
        files.setKnown(file, 1);
        files.see(file);
        return false;
      case Op.map_unknown:
        files.setKnown(file, 0);
        files.see(file);
        return false;
      default:
        return false;
    }
  }

  /**
   * Who writes takes no block away: an extent is split, and what goes comes back in other pieces, some of them in another state. Where
   * the map is another one only what does not come back goes, and what is shared, for that is copied.
   */
  private split(row: number, file: number, offset: number, end: number): void {
    const { c, files } = this;
    const map = files.map(file);
    this.splitRow = row;
    this.splitFrom = offset;
    this.splitEnd = end;
    let from = offset;
    while (from < end) {
      const piece = this.comingBack(row, file, from, end);
      const to = piece < 0 ? end : Math.max(from, c.offset[piece]!);
      if (to > from) map.remove(from, to - from);
      if (piece < 0) return;
      from = Math.min(end, c.offset[piece]! + c.length[piece]!);
      if ((map.summary(to, from - to) & Holding.reflinked) !== 0) map.remove(to, from - to);
    }
  }

  /** The first of the extents that the same deed maps next in a range; -1: none. */
  private comingBack(row: number, file: number, from: number, end: number): number {
    const { file: fileOf, length, offset, op, opId, rows, task, timeNs } = this.c;
    const last = Math.min(rows, row + SPLIT_ROWS);
    let first = -1;
    for (let next = row + 1; next < last && opId[next] === opId[row] && task[next] === task[row]; next++) {
      if (timeNs[next]! - timeNs[row]! > SPLIT_NS) break;
      if (op[next] !== Op.map_insert || fileOf[next] !== file) continue;
      if (offset[next]! >= end || offset[next]! + length[next]! <= from) continue;
      if (first < 0 || offset[next]! < offset[first]!) first = next;
    }
    return first;
  }

  /** ext4 tells of an extent also where it only looks: what was there already is no change. Of a map that is not known, nobody can tell. */
  private insert(row: number, file: number, offset: number, length: number, parentOp: number): boolean {
    const { c, files } = this;
    const before = files.mapOf(file)?.seq ?? 0;
    const known = files.isKnown(file);
    files.see(file);
    const replaced = this.place(row, file, offset, length, parentOp);
    const changed = (files.mapOf(file)?.seq ?? 0) !== before;
    // An extent row describes; but if somebody did it to a map that was known, it came then.
    const soils = c.op[row] === Op.extent ? known && changed && c.task[row] !== NONE : !known || changed;
    if (soils) files.soil(file);
    return replaced;
  }

  private place(row: number, file: number, offset: number, length: number, parentOp: number): boolean {
    const { c, files } = this;
    const state = stateOf(c.flags[row]!);
    const addr = c.addr[row]!;
    if (!files.hasDiverged(file)) {
      files.map(file).insert(offset, length, addr, state);
      return false;
    }
    const map = files.map(file);
    const taken = addr >= 0 && files.takenByOther(file, addr, length);
    const filler = FILLERS.has(parentOp);
    // A piece of an extent that was split: what is there stays as it is, and is what was there.
    const sameSplit = row < this.splitRow + SPLIT_ROWS && c.file[this.splitRow] === file;
    const isRest = filler && sameSplit && offset >= this.splitFrom && offset < this.splitEnd;
    const held = map.summary(offset, length);
    if (filler && (held & Holding.hole) === 0) {
      // Blocks are there already; a conversion still is one.
      if ((held & Holding.unwritten) !== 0 && state === State.written) map.convert(offset, length, State.written);
      return !isRest;
    }
    if (isRest && state === State.unwritten) {
      files.fill(file, offset, length, taken ? -1 : addr, state);
      return false;
    }
    if (taken) {
      files.allocate(file, offset, length, state);
      return true;
    }
    map.insert(offset, length, addr, state);
    return false;
  }

  /** Does the call leave its file as it is: nothing that changes, or a write to blocks that are there, within the size? */
  leaves(row: number): boolean {
    const { c, files } = this;
    const op = c.op[row]!;
    const file = c.file[row]!;
    if (MODELLED[op] === 0 || file === NONE) return true;
    if (op === Op.open) return (c.flags[row]! & Flag.trunc) === 0;
    if ((op !== Op.write && op !== Op.write_fault) || c.addr[row]! >= 0) return false;
    const offset = Math.max(0, c.offset[row]!);
    const length = rangeLength(c, files, row);
    if (length <= 0) return true;
    if (op === Op.write && files.sizeOf(file) < offset + length) return false;
    return summaryOf(files.mapOf(file), offset, length) === Holding.written;
  }

  /**
   * What a call that was let through does to a file whose map changes were not recorded. `second` is the row of its other
   * range, or -1; `held`: what its range holds, where that was asked already; `mostBytes`: a write is cut short after so
   * many. True: the blocks that the trace names still belong to another file here, and others were taken.
   */
  model(row: number, second: number, held = 0, mostBytes = Number.POSITIVE_INFINITY): boolean {
    const { c, files } = this;
    const file = c.file[row]!;
    if (file === NONE) return false;
    const length = Math.min(mostBytes, rangeLength(c, files, row));
    const addr = c.addr[row]!;
    const taken = addr >= 0 && length > 0 && files.taken(file, Math.max(0, c.offset[row]!), addr, length);
    this.change(row, second, file, length, taken ? -1 : addr, held);
    return taken;
  }

  private change(row: number, second: number, file: number, length: number, addr: number, held: number): void {
    const { c, files } = this;
    const op = c.op[row]!;
    const offset = Math.max(0, c.offset[row]!);
    switch (op) {
      case Op.write:
      case Op.write_fault:
        if (length <= 0) return;
        this.write(file, offset, length, addr, held === 0 ? summaryOf(files.mapOf(file), offset, length) : held);
        if (op === Op.write && files.sizeOf(file) < offset + length) files.setSize(file, offset + length);
        return;
      case Op.truncate:
        this.truncate(file, length);
        return;
      case Op.open:
        if ((c.flags[row]! & Flag.trunc) !== 0) this.truncate(file, 0);
        return;
      // Blocks of its own for what it shares, and for its holes (xfs_falloc_unshare_range).
      case Op.unshare:
      case Op.fallocate:
        if (op === Op.unshare && files.unshare(file, down(offset), up(offset + length) - down(offset)) > 0)
          this.changed(file);
        if (files.fill(file, offset, length, addr, State.unwritten) > 0) this.changed(file);
        if ((c.flags[row]! & Flag.keep_size) === 0 && files.sizeOf(file) < offset + length)
          files.setSize(file, offset + length);
        return;
      case Op.punch:
        this.hole(file, offset, length);
        return;
      case Op.zero:
        this.changed(file);
        files.fill(file, offset, length, -1, State.unwritten);
        this.unwrite(file, up(offset), down(offset + length));
        if ((c.flags[row]! & Flag.keep_size) === 0 && files.sizeOf(file) < offset + length)
          files.setSize(file, offset + length);
        return;
      case Op.collapse:
        this.changed(file);
        files.map(file).collapse(offset, length);
        if (files.sizeOf(file) >= 0) files.setSize(file, Math.max(0, files.sizeOf(file) - length));
        return;
      case Op.insert:
        this.changed(file);
        files.map(file).insertHole(offset, length);
        if (files.sizeOf(file) >= 0) files.setSize(file, files.sizeOf(file) + length);
        return;
      case Op.reflink:
      case Op.dedupe:
        if (second >= 0 && c.file[second] !== NONE) this.ofTwo.share(row, second);
        return;
      case Op.exchange:
      case Op.swapext:
        if (second >= 0 && c.file[second] !== NONE) this.ofTwo.swap(row, second);
        return;
      case Op.unlink:
      case Op.rename: {
        const gone = unlinkedBy(c, row);
        if (gone < 0 || c.file[gone] === NONE) return;
        this.changed(c.file[gone]!);
        files.map(c.file[gone]!).clear();
        return;
      }
      default:
    }
  }

  private write(file: number, offset: number, length: number, addr: number, held: number): void {
    // In place: no block changes.
    if (held === Holding.written) return;
    const { files } = this;
    const from = down(offset);
    const size = up(offset + length) - from;
    if ((held & NEEDS_COPY) !== 0 || files.mapOf(file)?.isWide === true) files.unshare(file, from, size);
    if (files.fill(file, offset, length, addr, State.written) > 0) this.changed(file);
    if ((held & Holding.unwritten) === 0) return;
    files.map(file).convert(from, size, State.written);
    this.changed(file);
  }

  private truncate(file: number, size: number): void {
    const { files } = this;
    if ((files.mapOf(file)?.end ?? 0) > up(size)) {
      this.changed(file);
      files.map(file).remove(up(size), Number.POSITIVE_INFINITY);
    }
    files.setSize(file, size);
  }

  private hole(file: number, offset: number, length: number): void {
    const from = up(offset);
    const to = down(offset + length);
    if (to > from) {
      this.changed(file);
      this.files.map(file).remove(from, to - from);
    }
  }

  /** Whole blocks read as zero from now on; those of a clone as well stay as they are, and the file gets others. */
  private unwrite(file: number, from: number, to: number): void {
    if (to <= from) return;
    this.files.unshare(file, from, to - from);
    this.files.map(file).convert(from, to - from, State.unwritten);
  }

  private changed(file: number): void {
    this.files.changed(file);
  }
}

const summaryOf = (map: ExtentMap | undefined, offset: number, length: number): number =>
  map?.summary(offset, length) ?? Holding.hole;

/** Length of a row's range; of a whole file, as far as it reaches. -1: not known. */
export function rangeLength(c: EventColumns, files: FileStates, row: number): number {
  const length = c.length[row]!;
  const file = c.file[row]!;
  if (length >= 0 || file === NONE || (c.flags[row]! & Flag.whole) === 0) return length;
  return Math.max(files.sizeOf(file), files.mapOf(file)?.end ?? 0);
}
