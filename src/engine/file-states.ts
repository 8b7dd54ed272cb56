// Every file's state in one lane: block map, size, what is known of it, and what the lane did that the recording did not.
import { ExtentMap, State } from '../extents/extent-map.js';
import { Flag } from '../model/events.js';

/** What only a replay allocates lies above every block of the trace. */
const PAGE = 4096;

export class FileStates {
  readonly maps: (ExtentMap | undefined)[];
  readonly size: Float64Array;
  /** 1: the map is known from here on; 0: a guess, or nothing was seen. */
  readonly known: Uint8Array;
  /** 1: something told of the map (an extent, a reset, a declaration). */
  readonly seen: Uint8Array;
  /** Uncommitted map metadata. */
  readonly dirty: Uint8Array;
  /** How often its metadata was made durable. */
  readonly commits: Uint32Array;
  /** This lane's map may differ from the recorded one. */
  readonly diverged: Uint8Array;
  readonly deviceOf: Uint32Array;
  /** Something did not happen here, or later than in the recording: what the trace calls free may not be. */
  strayed = false;
  private nextFree: number;
  /** Device ranges a refused call would have given back: [addr, end, file]. */
  private readonly kept: {
    readonly device: number;
    readonly addr: number;
    readonly end: number;
    readonly file: number;
    readonly offset: number;
  }[] = [];

  constructor(files: number, deviceOf: Uint32Array, firstFreeAddr: number) {
    this.maps = new Array<ExtentMap | undefined>(files).fill(undefined);
    this.size = new Float64Array(files).fill(-1);
    this.known = new Uint8Array(files);
    this.seen = new Uint8Array(files);
    this.dirty = new Uint8Array(files);
    this.commits = new Uint32Array(files);
    this.diverged = new Uint8Array(files);
    this.deviceOf = deviceOf;
    this.nextFree = firstFreeAddr;
  }

  map(file: number): ExtentMap {
    let map = this.maps[file];
    if (map === undefined) {
      map = new ExtentMap();
      this.maps[file] = map;
    }
    return map;
  }

  /** What was changed of the file's metadata is durable from now on. */
  commit(file: number): void {
    this.dirty[file] = 0;
    this.commits[file]!++;
  }

  commitAll(): void {
    for (let file = 0; file < this.commits.length; file++) this.commit(file);
  }

  /** Address of a run that only this lane allocates. */
  allocate(length: number): number {
    const addr = this.nextFree;
    this.nextFree += Math.ceil(length / PAGE) * PAGE;
    return addr;
  }

  /** Tries something out on these files and undoes it. */
  tryOut<T>(files: readonly number[], attempt: () => T): T {
    const { size, known, seen, dirty, diverged, nextFree } = this;
    const before = files.map((file) => ({
      map: this.maps[file],
      fields: [size, known, seen, dirty, diverged].map((field) => [field, field[file]!] as const),
    }));
    files.forEach((file, i) => {
      this.maps[file] = before[i]!.map?.copy();
    });
    const result = attempt();
    files.forEach((file, i) => {
      this.maps[file] = before[i]!.map;
      for (const [field, value] of before[i]!.fields) field[file] = value;
    });
    this.nextFree = nextFree;
    return result;
  }

  /** Blocks that a refused call would have freed stay the file's; the trace may hand them to somebody else. */
  keep(file: number, offset: number, length: number): void {
    const map = this.maps[file];
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
      if (!sameFileRange && this.maps[k.file]?.addrAt(offset) === from) return true;
    }
    return false;
  }

  /**
   * Does somebody in this lane still own blocks of a run that the trace gives to this range: another file, or this one
   * elsewhere? Looks at every map, once something here did not happen, or not when, it happened in the recording.
   */
  taken(file: number, offset: number, addr: number, length: number): boolean {
    if (!this.strayed) return false;
    for (let other = 0; other < this.maps.length; other++) {
      const map = this.maps[other];
      if (map === undefined || this.deviceOf[other] !== this.deviceOf[file]) continue;
      for (let at = map.seek(0); at >= 0; at = map.next(at)) {
        const from = map.addr(at);
        const isHere = other === file && map.offset(at) - from === offset - addr;
        if (from >= 0 && from < addr + length && from + map.length(at) > addr && !isHere) return true;
      }
    }
    return false;
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
      const from = addr >= 0 ? addr + at - offset : this.allocate(stop - at);
      map.insert(at, stop - at, from, state);
      filled += stop - at;
      at = stop;
    }
    return filled;
  }

  /** Moves the shared blocks of a range to blocks of its own (copy on write), in the state they have; returns the bytes. */
  unshare(file: number, offset: number, length: number): number {
    const map = this.map(file);
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
      map.insert(parts[i]!, bytes, this.allocate(bytes), parts[i + 2]!);
      copied += bytes;
    }
    return copied;
  }

  /** File that owns a device byte now: one other than `file` if there is one; -1. Only asked when something is wrong already. */
  owner(file: number, addr: number): number {
    let own = -1;
    for (let other = 0; other < this.maps.length; other++) {
      const map = this.maps[other];
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

/** Extent state of an event row's flags. */
export function stateOf(flags: number): number {
  const base =
    (flags & Flag.delalloc) !== 0 ? State.delalloc : (flags & Flag.unwritten) !== 0 ? State.unwritten : State.written;
  return (flags & Flag.reflinked) !== 0 ? base | State.reflinked : base;
}
