// Every file's state as one lane sees it: block map, size, what is known of it, and what the lane did that the recording did not.
// Lanes that did the same to a file so far share its state (file-versions.ts).
import { ANYWHERE } from '../base/room.js';
import { type ExtentMap, State } from '../extents/extent-map.js';
import { Flag } from '../model/events.js';
import { FileVersions } from './file-versions.js';
import { Regions } from './regions.js';

const PAGE = 4096;

/** What a lane does to a file where others may have done the same: a kind of deed and the row that it follows from. */
export const Deed = { model: 0, observe: 1, resize: 2, diverge: 3, prepare: 4 } as const;
const DEEDS = 8;

export class FileStates {
  readonly count: number;
  readonly deviceOf: Uint32Array;
  /** Something did not happen here, or later than in the recording: what the trace calls free may not be. */
  strayed = false;
  /** By file: how often what was changed of it was made durable, and how often that of all files was. */
  readonly commits: Uint32Array<ArrayBuffer>;
  private allCommits = 0;
  private readonly versions: FileVersions;
  private readonly regions: Regions;
  private readonly bit: number;
  /** By file: its version in this lane. */
  private readonly at: Int32Array;
  /** Device ranges a refused call would have given back: [addr, end, file]. */
  private readonly kept: {
    readonly device: number;
    readonly addr: number;
    readonly end: number;
    readonly file: number;
    readonly offset: number;
  }[] = [];

  constructor(versions: FileVersions, lane: number, deviceOf: Uint32Array, regions: Regions, room = ANYWHERE) {
    this.versions = versions;
    this.regions = regions;
    this.bit = 1 << lane;
    this.at = versions.at[lane]!;
    this.count = this.at.length;
    this.deviceOf = deviceOf;
    this.commits = room.uint32(this.count);
  }

  /** '' or the first broken invariant, of all lanes. For tests and debugging; walks everything. */
  check(): string {
    return this.versions.check();
  }

  // --- as it is

  /** For reading; undefined: nothing was ever mapped. */
  mapOf(file: number): ExtentMap | undefined {
    return this.versions.map(this.at[file]!);
  }

  /** i_size, bytes; -1 unknown. */
  sizeOf(file: number): number {
    return this.versions.size[this.at[file]!]!;
  }

  isKnown(file: number): boolean {
    return this.versions.known[this.at[file]!] === 1;
  }

  isSeen(file: number): boolean {
    return this.versions.seen[this.at[file]!] === 1;
  }

  isDirty(file: number): boolean {
    return (this.versions.dirty[file]! & this.bit) !== 0;
  }

  hasDiverged(file: number): boolean {
    return this.versions.diverged[this.at[file]!] === 1;
  }

  /** How often its metadata was made durable. */
  commitsOf(file: number): number {
    return this.commits[file]! + this.allCommits;
  }

  removalsOf(file: number): number {
    return this.versions.removals[this.at[file]!]!;
  }

  /** When this lane last changed the map, ns; -1: it never did. */
  changedNs(file: number): number {
    return this.versions.changedNs[this.at[file]!]!;
  }

  // --- changes

  /**
   * What follows depends on the file's own state, the row and the time only. False: other lanes in the same state have done it already,
   * and this one is now where they are; `outcome` tells what came of it. True: it has to be done, and ended by `did`.
   */
  does(kind: number, row: number, file: number, nowNs: number): boolean {
    return this.versions.begins(file, this.at[file]!, row * DEEDS + kind, nowNs);
  }

  did(outcome: number): void {
    this.versions.ends(outcome);
  }

  outcome(file: number): number {
    return this.versions.outcomeOf(this.at[file]!);
  }

  /** The map, to change it. */
  map(file: number): ExtentMap {
    return this.versions.ownMap(this.own(file));
  }

  setSize(file: number, size: number): void {
    if (this.sizeOf(file) !== size) this.versions.size[this.own(file)] = size;
  }

  setKnown(file: number, known: 0 | 1): void {
    if (this.isKnown(file) !== (known === 1)) this.versions.known[this.own(file)] = known;
  }

  see(file: number): void {
    if (!this.isSeen(file)) this.versions.seen[this.own(file)] = 1;
  }

  /** Its map is other metadata than what is durable. */
  soil(file: number): void {
    this.versions.soil(file);
  }

  /** An operation of its own changed the map. */
  changed(file: number): void {
    this.soil(file);
    this.see(file);
  }

  /** From here on the map may be another one than in the recording: as part of a deed, or because of a row. */
  diverge(file: number): void {
    this.versions.diverged[this.own(file)] = 1;
  }

  divergeBy(file: number, row: number): void {
    if (this.hasDiverged(file) || !this.does(Deed.diverge, row, file, 0)) return;
    this.diverge(file);
    this.did(0);
  }

  /** The map changed. */
  touch(file: number, nowNs: number): void {
    this.versions.changedNs[this.own(file)] = nowNs;
  }

  /** Blocks were taken away from a range. */
  lose(file: number): void {
    this.versions.removals[this.own(file)]!++;
  }

  /** What was changed of the file's metadata is durable from now on. */
  commit(file: number): void {
    this.commits[file]!++;
    this.versions.dirty[file]! &= ~this.bit;
  }

  commitAll(): void {
    this.allCommits++;
    const { dirty } = this.versions;
    for (let file = 0; file < dirty.length; file++) dirty[file]! &= ~this.bit;
  }

  /** Two files change places with all they have. */
  swap(a: number, b: number): void {
    const { versions } = this;
    const [ofA, ofB] = [this.own(a), this.own(b)];
    versions.swapMaps(ofA, ofB);
    [versions.size[ofA], versions.size[ofB]] = [versions.size[ofB]!, versions.size[ofA]!];
  }

  /** Tries something out on these files and undoes it. */
  tryOut<T>(files: readonly number[], attempt: () => T): T {
    const { dirty } = this.versions;
    const before = files.map((file) => dirty[file]!);
    const undo = files.map((file) => this.versions.saved(this.own(file)));
    const result = attempt();
    for (const back of undo) back();
    files.forEach((file, i) => {
      dirty[file] = before[i]!;
    });
    return result;
  }

  private own(file: number): number {
    return this.versions.own(file, this.at[file]!);
  }

  /** Blocks that a refused call would have freed stay the file's; the trace may hand them to somebody else. */
  keep(file: number, offset: number, length: number): void {
    const map = this.mapOf(file);
    if (map === undefined) return;
    for (let at = map.seek(offset); at >= 0 && map.offset(at) < offset + length; at = map.next(at))
      if (map.addr(at) >= 0)
        this.kept.push({
          device: this.deviceOf[file]!,
          addr: map.addr(at),
          end: map.addr(at) + map.length(at),
          file,
          offset: map.offset(at),
        });
  }

  /** Does another file, in this lane, still own blocks in [addr, addr + length)? */
  takenByOther(file: number, addr: number, length: number): boolean {
    const device = this.deviceOf[file]!;
    for (const k of this.kept) {
      if (k.device !== device || k.addr >= addr + length || k.end <= addr) continue;
      const from = Math.max(k.addr, addr);
      const offset = k.offset + from - k.addr;
      const sameFileRange = k.file === file;
      if (!sameFileRange && this.mapOf(k.file)?.addrAt(offset) === from) return true;
    }
    return false;
  }

  /**
   * Does somebody in this lane still own blocks of a run that the trace gives to this range: another file, or this one
   * elsewhere? Looks at every map, once something here did not happen, or not when, it happened in the recording.
   */
  taken(file: number, offset: number, addr: number, length: number): boolean {
    if (!this.strayed) return false;
    for (let other = 0; other < this.count; other++) {
      const map = this.mapOf(other);
      if (map === undefined || this.deviceOf[other] !== this.deviceOf[file]) continue;
      for (let at = map.seek(0); at >= 0; at = map.next(at)) {
        const from = map.addr(at);
        const isHere = other === file && map.offset(at) - from === offset - addr;
        if (from >= 0 && from < addr + length && from + map.length(at) > addr && !isHere) return true;
      }
    }
    return false;
  }

  /** Maps a range to blocks that only a replay allocates. */
  allocate(file: number, offset: number, length: number, state: number): void {
    const { regions, versions } = this;
    const version = this.own(file);
    const map = versions.ownMap(version);
    for (let done = 0; done < length; ) {
      const nth = versions.allocated[version]!;
      const bytes = Math.min(length - done, regions.run(file, nth));
      map.insert(offset + done, bytes, regions.address(file, nth), state);
      versions.allocated[version] = nth + Math.ceil(bytes / PAGE) * PAGE;
      done += bytes;
    }
  }

  /** Fills the holes of a range; returns the bytes. `addr` -1: from the range above the trace. */
  fill(file: number, offset: number, length: number, addr: number, state: number): number {
    const map = this.map(file);
    const end = Math.ceil((offset + length) / PAGE) * PAGE;
    let filled = 0;
    for (let at = Math.floor(offset / PAGE) * PAGE; at < end; ) {
      const c = map.seek(at);
      const start = c < 0 ? end : map.offset(c);
      if (start <= at) {
        at = start + map.length(c);
        continue;
      }
      const stop = Math.min(end, start);
      if (addr < 0) this.allocate(file, at, stop - at, state);
      else map.insert(at, stop - at, addr + at - offset, state);
      filled += stop - at;
      at = stop;
    }
    return filled;
  }

  /** Moves the shared blocks of a range to blocks of its own (copy on write), in the state they have; returns the bytes. */
  unshare(file: number, offset: number, length: number): number {
    const map = this.mapOf(file);
    if (map === undefined) return 0;
    let copied = 0;
    const parts: number[] = [];
    for (let at = map.seek(offset); at >= 0 && map.offset(at) < offset + length; at = map.next(at))
      if ((map.state(at) & State.reflinked) !== 0)
        parts.push(
          Math.max(offset, map.offset(at)),
          Math.min(offset + length, map.offset(at) + map.length(at)),
          map.state(at) & ~State.reflinked,
        );
    for (let i = 0; i < parts.length; i += 3) {
      const bytes = parts[i + 1]! - parts[i]!;
      this.allocate(file, parts[i]!, bytes, parts[i + 2]!);
      copied += bytes;
    }
    return copied;
  }

  /** File that owns a device byte now: one other than `file` if there is one; -1. Only asked when something is wrong already. */
  owner(file: number, addr: number): number {
    let own = -1;
    for (let other = 0; other < this.count; other++) {
      const map = this.mapOf(other);
      if (map === undefined || this.deviceOf[other] !== this.deviceOf[file]) continue;
      for (let at = map.seek(0); at >= 0; at = map.next(at)) {
        const from = map.addr(at);
        if (from < 0 || addr < from || addr >= from + map.length(at)) continue;
        if (other !== file) return other;
        own = file;
      }
    }
    return own;
  }
}

/** Of a lane by itself that allocates nothing: it repeats what was seen. */
export const statesAlone = (files: number): FileStates =>
  new FileStates(new FileVersions(files, 1), 0, new Uint32Array(files), new Regions(0, new Float64Array(files)));

/** Extent state of an event row's flags. */
export function stateOf(flags: number): number {
  const base =
    (flags & Flag.delalloc) !== 0 ? State.delalloc : (flags & Flag.unwritten) !== 0 ? State.unwritten : State.written;
  return (flags & Flag.reflinked) !== 0 ? base | State.reflinked : base;
}
