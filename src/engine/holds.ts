// Live holds of one lane, in typed arrays with a free list; each file's holds are a linked list, so that "who holds this
// file" costs what there is to say.
import { HOLD_COUNT } from '../model/policy.js';
import type { Handles } from './handles.js';

const NIL = -1;

export class HoldTable {
  kind = new Uint8Array(64);
  file = new Uint32Array(64);
  pid = new Int32Array(64);
  task = new Uint32Array(64);
  handle = new Uint32Array(64);
  fromNs = new Float64Array(64);
  /** When a break that is under way takes it, Infinity for none. */
  limitNs = new Float64Array(64);
  offset = new Float64Array(64);
  length = new Float64Array(64);
  /** Row of the event that took it. */
  row = new Uint32Array(64);
  /** 1: the device's copy of the map was taken away; it faults at its next access. */
  stale = new Uint8Array(64);
  private next = new Int32Array(64);
  private previous = new Int32Array(64);
  private readonly first: Int32Array;
  private readonly counts: Uint32Array;
  /** By file: bit set of the kinds alive. */
  readonly mask: Uint16Array;
  /** By file: how often holds changed for whose sake plain operations are refused, in this lane or another. */
  private readonly epochs: Uint32Array;
  /** Of a file: the kinds of such holds, as bits. */
  private readonly refusing: (file: number) => number;
  private readonly numbers: Handles;
  /** By number of a handle: place of its hold, +1; 0 for none. */
  private readonly ofHandle: Int32Array;
  private free = NIL;
  private used = 0;

  /** Told of every file on which a kind of hold is alive for the first time, or no more. */
  private readonly changed: (file: number) => void;

  constructor(
    epochs: Uint32Array,
    numbers: Handles,
    refusing: (file: number) => number,
    changed: (file: number) => void,
  ) {
    const files = epochs.length;
    this.numbers = numbers;
    this.ofHandle = new Int32Array(numbers.count);
    this.epochs = epochs;
    this.refusing = refusing;
    this.changed = changed;
    this.first = new Int32Array(files).fill(NIL);
    this.counts = new Uint32Array(files * HOLD_COUNT);
    this.mask = new Uint16Array(files);
  }

  add(
    kind: number,
    file: number,
    pid: number,
    task: number,
    handle: number,
    fromNs: number,
    offset: number,
    length: number,
    row: number,
  ): number {
    if (this.free === NIL && this.used === this.kind.length) this.grow();
    const at = this.free === NIL ? this.used++ : this.free;
    if (at === this.free) this.free = this.next[at]!;
    this.kind[at] = kind;
    this.file[at] = file;
    this.pid[at] = pid;
    this.task[at] = task;
    this.handle[at] = handle;
    this.fromNs[at] = fromNs;
    this.limitNs[at] = Number.POSITIVE_INFINITY;
    this.offset[at] = offset;
    this.length[at] = length;
    this.row[at] = row;
    this.stale[at] = 0;
    if ((this.refusing(file) & (1 << kind)) !== 0) this.epochs[file]!++;
    const head = this.first[file]!;
    this.next[at] = head;
    this.previous[at] = NIL;
    if (head !== NIL) this.previous[head] = at;
    this.first[file] = at;
    if (this.counts[file * HOLD_COUNT + kind]!++ === 0) {
      this.mask[file]! |= 1 << kind;
      this.changed(file);
    }
    if (handle !== 0) this.ofHandle[this.numbers.of(handle)] = at + 1;
    return at;
  }

  remove(at: number): void {
    const file = this.file[at]!;
    const kind = this.kind[at]!;
    const next = this.next[at]!;
    const previous = this.previous[at]!;
    if ((this.refusing(file) & (1 << kind)) !== 0) this.epochs[file]!++;
    if (previous === NIL) this.first[file] = next;
    else this.next[previous] = next;
    if (next !== NIL) this.previous[next] = previous;
    if (--this.counts[file * HOLD_COUNT + kind]! === 0) {
      this.mask[file]! &= ~(1 << kind);
      this.changed(file);
    }
    const handle = this.handle[at]!;
    if (handle !== 0 && this.byHandle(handle) === at) this.ofHandle[this.numbers.of(handle)] = 0;
    this.handle[at] = 0;
    this.next[at] = this.free;
    this.free = at;
  }

  /** Hold joined to a handle of the trace; -1. */
  byHandle(handle: number): number {
    return handle === 0 ? NIL : this.ofHandle[this.numbers.of(handle)]! - 1;
  }

  /** First hold of a file, newest first; -1. */
  of(file: number): number {
    return this.first[file]!;
  }

  after(at: number): number {
    return this.next[at]!;
  }

  /** Is such a hold of the file alive? */
  has(file: number, kind: number): boolean {
    return (this.mask[file]! & (1 << kind)) !== 0;
  }

  /** Bit set of the kinds alive that reach into [from, to) of the file. */
  maskIn(file: number, from: number, to: number): number {
    let mask = 0;
    for (let at = this.first[file]!; at !== NIL; at = this.next[at]!)
      if (this.reaches(at, from, to)) mask |= 1 << this.kind[at]!;
    return mask;
  }

  /** An empty range is met by what lies around it. */
  reaches(at: number, from: number, to: number): boolean {
    return this.offset[at]! < Math.max(to, from + 1) && this.offset[at]! + this.length[at]! > from;
  }

  /** Does this process hold the file, by a kind in `kinds`? */
  holds(file: number, pid: number, kinds: number): boolean {
    for (let at = this.first[file]!; at !== NIL; at = this.next[at]!)
      if (this.pid[at] === pid && (kinds & (1 << this.kind[at]!)) !== 0) return true;
    return false;
  }

  private grow(): void {
    const n = this.kind.length * 2;
    const bigger = <T extends { set(a: T): void }>(make: (n: number) => T, old: T): T => {
      const a = make(n);
      a.set(old);
      return a;
    };
    this.kind = bigger((k) => new Uint8Array(k), this.kind);
    this.file = bigger((k) => new Uint32Array(k), this.file);
    this.pid = bigger((k) => new Int32Array(k), this.pid);
    this.task = bigger((k) => new Uint32Array(k), this.task);
    this.handle = bigger((k) => new Uint32Array(k), this.handle);
    this.fromNs = bigger((k) => new Float64Array(k), this.fromNs);
    this.limitNs = bigger((k) => new Float64Array(k), this.limitNs);
    this.offset = bigger((k) => new Float64Array(k), this.offset);
    this.length = bigger((k) => new Float64Array(k), this.length);
    this.row = bigger((k) => new Uint32Array(k), this.row);
    this.stale = bigger((k) => new Uint8Array(k), this.stale);
    this.next = bigger((k) => new Int32Array(k), this.next);
    this.previous = bigger((k) => new Int32Array(k), this.previous);
  }
}
