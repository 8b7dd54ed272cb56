// What keeps files in use in one lane: mappings, open descriptors, device holds. Not all of them are holds of the policy.
import { NONE } from '../model/units.js';
import type { Handles } from './handles.js';

/** Bits of what a handle is to its file; `sealing`: the file stays sealed for its sake; `synced`: a mapping with MAP_SYNC. */
export const Use = { mapping: 1, open: 2, sealing: 4, synced: 8 } as const;

export class Users {
  /** By file: how many mappings are alive. */
  readonly mappings: Uint32Array;
  /** By file: how many hold it sealed: device holds and direct mappings. */
  readonly sealing: Uint32Array;
  private readonly opens: Uint32Array;
  private readonly numbers: Handles;
  /** By number of a handle: the file + 1, 0 for none. */
  private readonly file: Uint32Array;
  private readonly pid: Int32Array;
  private readonly use: Uint8Array;
  private readonly handles: Uint32Array;
  /** By number of a handle: the one that its process took before it and after it, 0 for none. */
  private readonly before: Uint32Array;
  private readonly after: Uint32Array;
  /** By process: the first and the last handle that it has, by number, 0 for none. */
  private readonly first = new Map<number, number>();
  private readonly last = new Map<number, number>();

  constructor(files: number, numbers: Handles) {
    const { count } = numbers;
    this.numbers = numbers;
    this.mappings = new Uint32Array(files);
    this.sealing = new Uint32Array(files);
    this.opens = new Uint32Array(files);
    this.file = new Uint32Array(count);
    this.pid = new Int32Array(count);
    this.use = new Uint8Array(count);
    this.handles = new Uint32Array(count);
    this.before = new Uint32Array(count);
    this.after = new Uint32Array(count);
  }

  add(handle: number, file: number, pid: number, use: number): void {
    if (handle === 0) return;
    const number = this.numbers.of(handle);
    const isKnown = this.file[number] !== 0;
    if (isKnown && this.pid[number] !== pid) this.unlink(number);
    if (!isKnown || this.pid[number] !== pid) this.append(number, pid);
    this.file[number] = file + 1;
    this.pid[number] = pid;
    this.use[number] = use;
    this.handles[number] = handle;
    this.count(file, use, 1);
  }

  private append(number: number, pid: number): void {
    const last = this.last.get(pid) ?? 0;
    this.before[number] = last;
    this.after[number] = 0;
    if (last === 0) this.first.set(pid, number);
    else this.after[last] = number;
    this.last.set(pid, number);
  }

  private unlink(number: number): void {
    const before = this.before[number]!;
    const after = this.after[number]!;
    const pid = this.pid[number]!;
    if (before === 0) this.first.set(pid, after);
    else this.after[before] = after;
    if (after === 0) this.last.set(pid, before);
    else this.before[after] = before;
  }

  /** Returns the file it used; NONE when it used none. */
  drop(handle: number): number {
    const number = this.numbers.of(handle);
    if (handle === 0 || this.file[number] === 0) return NONE;
    const file = this.file[number]! - 1;
    this.file[number] = 0;
    this.count(file, this.use[number]!, -1);
    this.unlink(number);
    return file;
  }

  /** Does the file stay sealed for the sake of this handle? */
  seals(handle: number): boolean {
    const number = this.numbers.of(handle);
    return this.file[number] !== 0 && (this.use[number]! & Use.sealing) !== 0;
  }

  /** The file of a descriptor; NONE for what is none. */
  openOf(handle: number): number {
    const number = this.numbers.of(handle);
    return this.file[number] === 0 || (this.use[number]! & Use.open) === 0 ? NONE : this.file[number]! - 1;
  }

  /** Has the process a mapping of the file with MAP_SYNC? */
  mapsSynced(file: number, pid: number): boolean {
    for (let number = this.first.get(pid) ?? 0; number !== 0; number = this.after[number]!)
      if (this.file[number] === file + 1 && (this.use[number]! & Use.synced) !== 0) return true;
    return false;
  }

  /** Process that a handle is, or was, of. */
  pidOf(handle: number): number {
    return this.pid[this.numbers.of(handle)]!;
  }

  /** Mapped or open: an unlinked file keeps its blocks for as long. */
  inUse(file: number): boolean {
    return this.mappings[file]! + this.opens[file]! > 0;
  }

  /** Handles of a process, in the order in which it took them. */
  of(pid: number): readonly number[] {
    const found: number[] = [];
    for (let number = this.first.get(pid) ?? 0; number !== 0; number = this.after[number]!)
      found.push(this.handles[number]!);
    return found;
  }

  private count(file: number, use: number, by: number): void {
    if ((use & Use.mapping) !== 0) this.mappings[file]! += by;
    if ((use & Use.open) !== 0) this.opens[file]! += by;
    if ((use & Use.sealing) !== 0) this.sealing[file]! += by;
  }
}
