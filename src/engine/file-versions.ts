// The states that files are in, each kept once for all lanes that did the same to the file so far (partition refinement). A lane
// that does something else leaves for a version of its own; the block map is copied when either of the two changes it first.

import { ANYWHERE, type Room } from '../base/room.js';
import { Arena, SHARED_KERNEL_FROM } from '../extents/arena.js';
import { type ExtentMap, Holding } from '../extents/extent-map.js';
import { holdingAt } from '../extents/leaf-search.js';
import { OFFSET_LIMIT } from '../extents/leaf-store.js';
import { type Heads, SharedMap, UNIT } from './shared-map.js';
import { areWritten, WrittenBlocks } from './written-blocks.js';

const NONE_HERE = -1;

/**
 * All arrays are by version, if they do not say otherwise. Lanes are bits of a number: at most 31 of them. Outside this file the fields
 * are for reading; whoever changes one has made the version the acting lanes' own before (`own`, `begins`).
 */
export class FileVersions {
  /** i_size, bytes; -1 unknown. */
  size: Float64Array;
  /** 1: the map is known from here on; 0: a guess, or nothing was seen. */
  known: Uint8Array;
  /** 1: something told of the map (an extent, a reset, a declaration). */
  seen: Uint8Array;
  /** The map may differ from the recorded one. */
  diverged: Uint8Array;
  /** How often blocks were taken away from a range. */
  removals: Uint32Array;
  /** When the map last changed, ns; -1. */
  changedNs: Float64Array;
  /** Bytes that the replay allocated for the file. */
  allocated: Float64Array;
  /** Who is in this version. */
  lanes: Int32Array;
  /** Next version of the same file; -1. */
  next: Int32Array;
  /** By file: a version of it. */
  readonly first: Int32Array;
  /** By lane, then by file: its version. */
  readonly at: readonly Int32Array[];
  /**
   * By file: the lanes for which its map is other metadata than what is durable. A commit is one lane's own affair: it makes no
   * version of the file.
   */
  readonly dirty: Int32Array;
  /** Lanes that act now: what they share with others only they leave behind when they change it. */
  acting: number;
  private readonly all: number;
  /** Null where nothing was ever mapped. */
  private readonly maps: (SharedMap | null)[];
  readonly heads: Heads;
  readonly arena: Arena;
  readonly written: WrittenBlocks;
  /** Grows by one whenever arrays are others. */
  generation = 0;
  private readonly room: Room;
  private readonly spare: number[] = [];
  /** Which version lanes went to from here last, by which deed and when; and what came of it. */
  private heir: Int32Array;
  from: Int32Array;
  private deed: Float64Array;
  private deedNs: Float64Array;
  private outcome: Float64Array;
  /** 1: the deed changed metadata. */
  private soiled: Uint8Array;
  /** The version whose deed is under way. */
  private doing = NONE_HERE;

  constructor(files: number, lanes: number, room = ANYWHERE, arena = new Arena(false, SHARED_KERNEL_FROM)) {
    this.room = room;
    this.arena = arena;
    this.written = new WrittenBlocks(room);
    const all = lanes === 31 ? 0x7fffffff : (1 << lanes) - 1;
    this.all = all;
    this.acting = all;
    this.size = room.float64(files).fill(-1);
    this.known = room.uint8(files);
    this.seen = room.uint8(files);
    this.dirty = room.int32(files);
    this.diverged = room.uint8(files);
    this.removals = room.uint32(files);
    this.changedNs = room.float64(files).fill(-1);
    this.allocated = room.float64(files);
    this.lanes = room.int32(files).fill(all);
    this.next = room.int32(files).fill(NONE_HERE);
    this.first = room.int32(files);
    for (let file = 0; file < files; file++) this.first[file] = file;
    this.at = Array.from({ length: lanes }, () => this.first.slice());
    this.maps = new Array<SharedMap | null>(files).fill(null);
    this.heads = {
      alone: room.uint8(files),
      at: room.int32(files).fill(NONE_HERE),
      bitsAt: room.int32(files),
      bits: room.int32(files),
    };
    this.heir = room.int32(files).fill(NONE_HERE);
    this.from = room.int32(files).fill(NONE_HERE);
    this.deed = room.float64(files);
    this.deedNs = room.float64(files);
    this.outcome = room.float64(files);
    this.soiled = room.uint8(files);
  }

  /** For reading. */
  map(version: number): ExtentMap | undefined {
    return this.maps[version] ?? undefined;
  }

  /** hot: what a range holds in a version, as `ExtentMap.summary` has it. */
  summary(version: number, offset: number, length: number): number {
    const head = this.heads.at[version]!;
    const end = (offset + length) / UNIT;
    if (head >= 0 && end <= OFFSET_LIMIT && offset >= 0 && length > 0) {
      const from = (offset / UNIT) | 0;
      const holding = holdingAt(this.arena.words as Int32Array, head, from, Math.ceil(end));
      if (holding === Holding.written) this.maps[version]!.isWritten(from, Math.ceil(end));
      return holding;
    }
    return this.maps[version]?.summary(offset, length) ?? Holding.hole;
  }

  /** hot: is a range known to hold nothing but written blocks that are not shared? False where that takes a look at the map. */
  isWritten(version: number, offset: number, length: number): boolean {
    const { heads } = this;
    const end = (offset + length) / UNIT;
    if (!(end <= heads.bits[version]!) || !(offset >= 0)) return false;
    return areWritten(this.written.words, heads.bitsAt[version]!, (offset / UNIT) | 0, Math.ceil(end));
  }

  /** The map to change. The version is the acting lanes' own already. */
  ownMap(version: number): ExtentMap {
    const map = this.maps[version]!;
    if (map !== null && map.users === 1) {
      map.version = version;
      this.heads.alone[version] = 1;
      return map;
    }
    const own = map === null ? new SharedMap(this.arena, this.heads, this.written) : map.copy();
    map?.leave();
    own.version = version;
    this.put(version, own);
    this.heads.alone[version] = 1;
    return own;
  }

  /** For the kernel: maps units of a map that only this version has. Not 0: that changed it. */
  mapUnits(version: number, key: number, size: number, target: number, state: number): number {
    const map = this.ownMap(version);
    const before = map.seq;
    map.insert(key * UNIT, size * UNIT, target < 0 ? -1 : target * UNIT, state);
    return map.seq === before ? 0 : 1;
  }

  /** The same for making a hole. */
  cutUnits(version: number, key: number, end: number): number {
    const map = this.ownMap(version);
    const before = map.seq;
    map.remove(key * UNIT, (end - key) * UNIT);
    return map.seq === before ? 0 : 1;
  }

  /** Two versions, of the acting lanes' own, change maps. */
  swapMaps(a: number, b: number): void {
    const ofA = this.maps[a]!;
    this.put(a, this.maps[b]!);
    this.put(b, ofA);
  }

  /** Tries something out on a version and undoes it: what to call for that. */
  saved(version: number): () => void {
    const { size, known, seen, diverged, removals, changedNs, allocated } = this;
    const fields = [size, known, seen, diverged, removals, changedNs, allocated];
    const before = fields.map((field) => field[version]!);
    const map = this.maps[version]!;
    this.put(version, map === null ? null : map.copy());
    return () => {
      this.maps[version]?.leave();
      this.put(version, map);
      fields.forEach((field, i) => {
        field[version] = before[i]!;
      });
    };
  }

  /** The version of the acting lanes, to change it: one that no others are in. */
  own(file: number, version: number): number {
    if ((this.lanes[version]! & ~this.acting) !== 0) return this.fork(file, version);
    if (version !== this.doing) this.from[version] = NONE_HERE;
    return version;
  }

  /**
   * The acting lanes are about to do something whose outcome depends on this version, the deed and the time only. False: others that
   * were in this version have just done the same, and the lanes are now where those are; `outcomeOf` tells what they got.
   */
  begins(file: number, version: number, deed: number, nowNs: number): boolean {
    const heir = this.heir[version]!;
    if (
      heir >= 0 &&
      this.from[heir] === version &&
      this.deed[heir] === deed &&
      this.deedNs[heir] === nowNs &&
      this.lanes[heir] !== 0
    ) {
      this.move(file, version, heir);
      if (this.soiled[heir] === 1) this.dirty[file]! |= this.acting;
      return false;
    }
    if ((this.lanes[version]! & ~this.acting) === 0) {
      this.from[version] = NONE_HERE;
      this.doing = version;
      return true;
    }
    const fresh = this.fork(file, version);
    this.from[fresh] = version;
    this.heir[version] = fresh;
    this.deed[fresh] = deed;
    this.deedNs[fresh] = nowNs;
    this.soiled[fresh] = 0;
    this.doing = fresh;
    return true;
  }

  /** The acting lanes' map of the file is other metadata than what is durable. */
  soil(file: number): void {
    this.dirty[file]! |= this.acting;
    if (this.doing >= 0) this.soiled[this.doing] = 1;
  }

  ends(outcome: number): void {
    this.outcome[this.doing] = outcome;
    this.doing = NONE_HERE;
  }

  outcomeOf(version: number): number {
    return this.outcome[version]!;
  }

  /** '' or the first broken invariant: of the maps, or of who is where. Walks everything. */
  check(): string {
    for (let file = 0; file < this.first.length; file++) {
      let lanes = 0;
      for (let version = this.first[file]!; version >= 0; version = this.next[version]!) {
        if (this.lanes[version] === 0) return `file ${file} has a version that no lane is in`;
        if ((lanes & this.lanes[version]!) !== 0) return `file ${file} has a lane in two versions`;
        lanes |= this.lanes[version]!;
        for (let lane = 0; lane < this.at.length; lane++)
          if ((this.lanes[version]! >>> lane) & 1 && this.at[lane]![file] !== version)
            return `lane ${lane} is not where version ${version} of file ${file} has it`;
        const broken = this.maps[version]?.check() ?? '';
        if (broken !== '') return `file ${file}: ${broken}`;
      }
      if (lanes !== this.all) return `file ${file} is without some lanes`;
    }
    const words = [...new Set(this.maps)].reduce((sum, map) => sum + (map === null || map.isWide ? 0 : map.words), 0);
    if (words !== this.arena.used) return `maps have ${words} of ${this.arena.used} words that are in use`;
    return '';
  }

  private put(version: number, map: SharedMap | null): void {
    this.maps[version] = map;
    this.heads.alone[version] = 0;
    if (map !== null) map.tellOf(version);
    else {
      this.heads.at[version] = NONE_HERE;
      this.heads.bits[version] = 0;
    }
  }

  // --- versions come and go

  /** The acting lanes get a version of their own that is as theirs was. */
  private fork(file: number, version: number): number {
    const fresh = this.spare.pop() ?? this.more();
    this.size[fresh] = this.size[version]!;
    this.known[fresh] = this.known[version]!;
    this.seen[fresh] = this.seen[version]!;
    this.diverged[fresh] = this.diverged[version]!;
    this.removals[fresh] = this.removals[version]!;
    this.changedNs[fresh] = this.changedNs[version]!;
    this.allocated[fresh] = this.allocated[version]!;
    this.heir[fresh] = NONE_HERE;
    this.from[fresh] = NONE_HERE;
    this.lanes[fresh] = 0;
    const map = this.maps[version]!;
    if (map !== null) map.users++;
    this.heads.alone[version] = 0;
    this.put(fresh, map);
    this.next[fresh] = this.next[version]!;
    this.next[version] = fresh;
    this.move(file, version, fresh);
    return fresh;
  }

  /** The acting lanes go from one version to another. */
  private move(file: number, from: number, to: number): void {
    const moved = this.lanes[from]! & this.acting;
    this.lanes[to]! |= moved;
    this.lanes[from]! &= ~moved;
    for (let left = moved; left !== 0; left &= left - 1) this.at[31 - Math.clz32(left & -left)]![file] = to;
    if (this.lanes[from] === 0) this.free(file, from);
  }

  private free(file: number, version: number): void {
    let before = this.first[file]!;
    if (before === version) this.first[file] = this.next[version]!;
    else {
      while (this.next[before] !== version) before = this.next[before]!;
      this.next[before] = this.next[version]!;
    }
    this.maps[version]?.leave();
    this.put(version, null);
    this.from[version] = NONE_HERE;
    this.spare.push(version);
  }

  private more(): number {
    const place = this.maps.length;
    if (place === this.size.length) {
      const { room } = this;
      const size = place + Math.max(64, place >> 1);
      this.generation++;
      this.heads.alone = moved(this.heads.alone, room.uint8(size));
      this.size = moved(this.size, room.float64(size));
      this.known = moved(this.known, room.uint8(size));
      this.seen = moved(this.seen, room.uint8(size));
      this.diverged = moved(this.diverged, room.uint8(size));
      this.removals = moved(this.removals, room.uint32(size));
      this.changedNs = moved(this.changedNs, room.float64(size));
      this.allocated = moved(this.allocated, room.float64(size));
      this.lanes = moved(this.lanes, room.int32(size));
      this.next = moved(this.next, room.int32(size));
      this.heads.at = moved(this.heads.at, room.int32(size));
      this.heads.bitsAt = moved(this.heads.bitsAt, room.int32(size));
      this.heads.bits = moved(this.heads.bits, room.int32(size));
      this.heir = moved(this.heir, room.int32(size));
      this.from = moved(this.from, room.int32(size));
      this.deed = moved(this.deed, room.float64(size));
      this.deedNs = moved(this.deedNs, room.float64(size));
      this.outcome = moved(this.outcome, room.float64(size));
      this.soiled = moved(this.soiled, room.uint8(size));
    }
    this.maps.push(null);
    return place;
  }
}

function moved<T extends Float64Array | Uint8Array | Uint32Array | Int32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
