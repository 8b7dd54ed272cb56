// What keeps files in use in one lane: mappings, open descriptors, device holds. Not all of them are holds of the policy.
import { NONE } from '../model/units.js';

/** Bits of what a handle is to its file; `sealing`: the file stays sealed for its sake; `synced`: a mapping with MAP_SYNC. */
export const Use = { mapping: 1, open: 2, sealing: 4, synced: 8 } as const;

export class Users {
  /** By file: how many mappings are alive. */
  readonly mappings: Uint32Array;
  /** By file: how many hold it sealed: device holds and direct mappings. */
  readonly sealing: Uint32Array;
  private readonly opens: Uint32Array;
  /** By handle: the file + 1, 0 for none (memory of zeros costs nothing). */
  private readonly file: Uint32Array;
  private readonly pid: Int32Array;
  private readonly use: Uint8Array;
  private readonly ofPid = new Map<number, Set<number>>();

  constructor(files: number, highestHandle: number) {
    this.mappings = new Uint32Array(files);
    this.sealing = new Uint32Array(files);
    this.opens = new Uint32Array(files);
    this.file = new Uint32Array(highestHandle + 1);
    this.pid = new Int32Array(highestHandle + 1);
    this.use = new Uint8Array(highestHandle + 1);
  }

  add(handle: number, file: number, pid: number, use: number): void {
    if (handle === 0) return;
    this.file[handle] = file + 1;
    this.pid[handle] = pid;
    this.use[handle] = use;
    this.count(file, use, 1);
    const handles = this.ofPid.get(pid);
    if (handles === undefined) this.ofPid.set(pid, new Set([handle]));
    else handles.add(handle);
  }

  /** Returns the file it used; NONE when it used none. */
  drop(handle: number): number {
    if (handle === 0 || this.file[handle] === 0) return NONE;
    const file = this.file[handle]! - 1;
    this.file[handle] = 0;
    this.count(file, this.use[handle]!, -1);
    this.ofPid.get(this.pid[handle]!)?.delete(handle);
    return file;
  }

  /** Does the file stay sealed for the sake of this handle? */
  seals(handle: number): boolean {
    return this.file[handle] !== 0 && (this.use[handle]! & Use.sealing) !== 0;
  }

  /** The file of a descriptor; NONE for what is none. */
  openOf(handle: number): number {
    return this.file[handle] === 0 || (this.use[handle]! & Use.open) === 0 ? NONE : this.file[handle]! - 1;
  }

  /** Has the process a mapping of the file with MAP_SYNC? */
  mapsSynced(file: number, pid: number): boolean {
    for (const handle of this.ofPid.get(pid) ?? [])
      if (this.file[handle] === file + 1 && (this.use[handle]! & Use.synced) !== 0) return true;
    return false;
  }

  /** Process that a handle is, or was, of. */
  pidOf(handle: number): number {
    return this.pid[handle]!;
  }

  /** Mapped or open: an unlinked file keeps its blocks for as long. */
  inUse(file: number): boolean {
    return this.mappings[file]! + this.opens[file]! > 0;
  }

  of(pid: number): readonly number[] {
    return [...(this.ofPid.get(pid) ?? [])];
  }

  private count(file: number, use: number, by: number): void {
    if ((use & Use.mapping) !== 0) this.mappings[file]! += by;
    if ((use & Use.open) !== 0) this.opens[file]! += by;
    if ((use & Use.sealing) !== 0) this.sealing[file]! += by;
  }
}
