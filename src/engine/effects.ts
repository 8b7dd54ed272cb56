// How operations and observations change a lane's block maps. Where map changes were recorded they are applied as they
// were seen; where they were not (a hand-written trace, a file system without map events) they follow from the call.
import { Holding, State } from '../extents/extent-map.js';
import type { EventColumns } from '../model/events.js';
import { Flag, Op } from '../model/events.js';
import { NONE } from '../model/units.js';
import { type FileStates, stateOf } from './file-states.js';

const BLOCK = 4096;
const up = (bytes: number): number => Math.ceil(bytes / BLOCK) * BLOCK;
const down = (bytes: number): number => Math.floor(bytes / BLOCK) * BLOCK;

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

export class Effects {
  private readonly c: EventColumns;
  private readonly files: FileStates;

  constructor(columns: EventColumns, files: FileStates) {
    this.c = columns;
    this.files = files;
  }

  /** Applies an observed row; `parentOp` is the op it belongs to, 0 for none. True: the lane's state was another one. */
  observe(row: number, parentOp: number): boolean {
    const { c, files } = this;
    const file = c.file[row]!;
    const op = c.op[row]!;
    if (op === Op.map_unknown && file === NONE) {
      files.known.fill(0);
      return false;
    }
    if (file === NONE) return false;
    const offset = c.offset[row]!;
    const length = c.length[row]!;
    switch (op) {
      case Op.file:
        files.size[file] = length;
        if ((c.flags[row]! & Flag.unknown) === 0) {
          files.known[file] = 1;
          files.seen[file] = 1;
        }
        return false;
      case Op.extent:
      case Op.map_insert:
        return this.insert(row, file, offset, length, parentOp);
      case Op.map_remove:
        this.changed(file);
        files.map(file).remove(offset, length < 0 ? Number.POSITIVE_INFINITY : length);
        return false;
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
        files.known[file] = 1;
        return false;
      case Op.map_known:
        files.known[file] = 1;
        files.seen[file] = 1;
        return false;
      case Op.map_unknown:
        files.known[file] = 0;
        files.seen[file] = 1;
        return false;
      default:
        return false;
    }
  }

  private insert(row: number, file: number, offset: number, length: number, parentOp: number): boolean {
    const { c, files } = this;
    const flags = c.flags[row]!;
    const state = stateOf(flags);
    const addr = c.addr[row]!;
    files.seen[file] = 1;
    if (c.op[row] === Op.map_insert) files.dirty[file] = 1;
    if (files.diverged[file] === 0) {
      files.map(file).insert(offset, length, addr, state);
      return false;
    }
    const map = files.map(file);
    const taken = addr >= 0 && files.takenByOther(file, addr, length);
    const filler = FILLERS.has(parentOp);
    const held = map.summary(offset, length);
    if (filler && (held & Holding.hole) === 0) {
      // Blocks are there already; a conversion still is one.
      if ((held & Holding.unwritten) !== 0 && state === State.written) map.convert(offset, length, State.written);
      return true;
    }
    if (taken) {
      map.insert(offset, length, files.allocate(length), state);
      return true;
    }
    map.insert(offset, length, addr, state);
    return false;
  }

  /** What a call that was let through does to a file whose map changes were not recorded. `second` is the row of its other range, or -1. */
  model(row: number, second: number): void {
    const { c, files } = this;
    const file = c.file[row]!;
    if (file === NONE) return;
    const op = c.op[row]!;
    const offset = Math.max(0, c.offset[row]!);
    const length = c.length[row]!;
    const map = files.map(file);
    switch (op) {
      case Op.write:
      case Op.write_fault:
        if (length <= 0) return;
        files.unshare(file, down(offset), up(offset + length) - down(offset));
        if (files.fill(file, offset, length, c.addr[row]!, State.written) > 0) this.changed(file);
        if ((map.summary(offset, length) & Holding.unwritten) !== 0) {
          map.convert(down(offset), up(offset + length) - down(offset), State.written);
          this.changed(file);
        }
        if (op === Op.write && files.size[file]! < offset + length) files.size[file] = offset + length;
        return;
      case Op.truncate:
        this.truncate(file, length);
        return;
      case Op.open:
        if ((c.flags[row]! & Flag.trunc) !== 0) this.truncate(file, 0);
        return;
      case Op.fallocate:
        if (files.fill(file, offset, length, c.addr[row]!, State.unwritten) > 0) this.changed(file);
        if ((c.flags[row]! & Flag.keep_size) === 0 && files.size[file]! < offset + length)
          files.size[file] = offset + length;
        return;
      case Op.punch:
        this.hole(file, offset, length);
        return;
      case Op.zero:
        this.changed(file);
        files.fill(file, offset, length, -1, State.unwritten);
        map.convert(up(offset), down(offset + length) - up(offset), State.unwritten);
        return;
      case Op.collapse:
        this.changed(file);
        map.collapse(offset, length);
        if (files.size[file]! >= 0) files.size[file] = Math.max(0, files.size[file]! - length);
        return;
      case Op.insert:
        this.changed(file);
        map.insertHole(offset, length);
        if (files.size[file]! >= 0) files.size[file] = files.size[file]! + length;
        return;
      case Op.unshare:
        if (files.unshare(file, offset, length) > 0) this.changed(file);
        return;
      case Op.reflink:
        if (second >= 0) this.share(row, second);
        return;
      case Op.exchange:
      case Op.swapext:
        if (second >= 0) this.swap(file, c.file[second]!);
        return;
      case Op.unlink:
        this.changed(file);
        map.clear();
        return;
      default:
    }
  }

  private truncate(file: number, size: number): void {
    const { files } = this;
    if (files.map(file).end > up(size)) {
      this.changed(file);
      files.map(file).remove(up(size), Number.POSITIVE_INFINITY);
    }
    files.size[file] = size;
  }

  private hole(file: number, offset: number, length: number): void {
    const from = up(offset);
    const to = down(offset + length);
    if (to > from) {
      this.changed(file);
      this.files.map(file).remove(from, to - from);
    }
  }

  /** Clone: the target gets the source's blocks, and both are shared from now on. */
  private share(source: number, target: number): void {
    const { c, files } = this;
    const from = files.map(c.file[source]!);
    const to = files.map(c.file[target]!);
    const start = Math.max(0, c.offset[source]!);
    const at = Math.max(0, c.offset[target]!);
    const length = c.length[source]! > 0 ? c.length[source]! : from.end - start;
    const parts: number[] = [];
    for (let e = from.seek(start); e >= 0 && from.offset(e) < start + length; e = from.next(e)) {
      const lo = Math.max(start, from.offset(e));
      const hi = Math.min(start + length, from.offset(e) + from.length(e));
      if (from.addr(e) >= 0) parts.push(lo, hi - lo, from.addr(e) + lo - from.offset(e), from.state(e));
    }
    to.remove(at, length);
    for (let i = 0; i < parts.length; i += 4) {
      const state = parts[i + 3]! | State.reflinked;
      to.insert(at + parts[i]! - start, parts[i + 1]!, parts[i + 2]!, state);
      from.convert(parts[i]!, parts[i + 1]!, state);
    }
    this.changed(c.file[target]!);
    if (files.size[c.file[target]!]! < at + length) files.size[c.file[target]!] = at + length;
  }

  private swap(a: number, b: number): void {
    const { files } = this;
    if (b === NONE) return;
    const map = files.maps[a];
    files.maps[a] = files.maps[b];
    files.maps[b] = map;
    this.changed(a);
    this.changed(b);
  }

  private changed(file: number): void {
    this.files.dirty[file] = 1;
    this.files.seen[file] = 1;
  }
}
