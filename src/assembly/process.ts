// What assembly knows of processes: descriptors and mappings. ftrace names neither the file behind a descriptor nor the one
// behind an address (kernel-events reference, trap 1): both are followed here from open, dup, close, mmap, munmap, fork and exit.

/** An open file description. `file` is a placeholder until `known`. */
export interface OpenFile {
  readonly file: number;
  /** The row in the file table it turned out to be; -1 while unknown. */
  resolved: number;
  direct: boolean;
  /** O_APPEND: whatever a call says, what is written goes to the end of the file. */
  appends: boolean;
  /** O_DSYNC, O_SYNC. */
  sync: boolean;
  /** Given to another process that the trace does not follow (SCM_RIGHTS): who else moves the position is not known. */
  passed: boolean;
  /** Name given at the look-up inside open, with its directory. */
  name: string;
  directory: string;
  /** File position, for calls without an offset; -1 unknown. */
  position: number;
  /** When it was opened, or met; what was seen before tells nothing of it. */
  readonly sinceNs: number;
  /** What it was called before its inode was told: descriptor and process. */
  label: string;
  /** A call that only regular files take was made on it: it stands for a file, even if nothing ever tells which. */
  regular: boolean;
  /** When the call began that made its file; NaN where the file was there, or its inode has been told since. `maybe`: O_CREAT alone. */
  madeNs: number;
  maybeMade: boolean;
  /** How many changes of maps there were when it was made. */
  madeChanges: number;
}

/** With more of them, those that are known by now are forgotten. */
const FEW = 1024;

/** Descriptors that stand for regular files, as long as nothing has told which. */
export class Unresolved {
  #open: OpenFile[] = [];
  #most = FEW;

  add(open: OpenFile): void {
    if (open.resolved >= 0) return;
    if (this.#open.length >= this.#most) {
      this.#open = [...this.all()];
      this.#most = Math.max(FEW, 2 * this.#open.length);
    }
    this.#open.push(open);
  }

  /** How many are kept; some of them may be known by now. */
  get length(): number {
    return this.#open.length;
  }

  *all(): Iterable<OpenFile> {
    for (const open of this.#open) if (open.resolved < 0) yield open;
  }
}

export interface Mapping {
  start: number;
  end: number;
  /** File offset of `start`, bytes. */
  offset: number;
  readonly open: OpenFile;
  readonly handle: number;
  readonly shared: boolean;
  readonly writable: boolean;
  /** Made before the recording, known by its faults: grows with them. */
  readonly inferred: boolean;
}

/** [start, end) of what is mapped as `m` is. Written out: objects that are spread each have a hidden class of their own. */
export const partOf = (m: Mapping, start: number, end: number): Mapping => ({
  start,
  end,
  offset: m.offset + start - m.start,
  open: m.open,
  handle: m.handle,
  shared: m.shared,
  writable: m.writable,
  inferred: m.inferred,
});

/** Changes of mappings that are remembered: a note is a few of them late. */
const MOST_REMAPS = 128;

export class Process {
  readonly pid: number;
  readonly parent: Process | null;
  descriptors = new Map<number, OpenFile>();
  /** Sorted by start, not overlapping. */
  mappings: Mapping[] = [];
  /** Descriptors that an exec closes. */
  closedByExec = new Set<number>();
  /** Threads besides the first that have not ended, where the recorder tells whose they are. */
  readonly threads = new Set<number>();
  /** The last changes of mappings by calls: [start, end) and when, oldest first. */
  readonly #remaps: { readonly start: number; readonly end: number; readonly timeNs: number }[] = [];
  leaderGone = false;
  /** Copies of descriptors that only the process it came from was seen to open. */
  readonly borrowed = new Set<number>();
  /** What it closed last under each number: not open here, even if it is in the process it came from. */
  readonly closed = new Map<number, OpenFile>();
  /** It is known to be no thread of the process it came from: what that opens later is not open here. */
  apart = false;
  /** It began a program: nothing is mapped as in the process it came from. */
  replaced = false;
  ended = false;
  killed = false;
  /** Reads and writes that io_uring tried and that come again, because they would have had to wait (transfers.ts). */
  readonly awaited = new Set<string>();
  /** The last writes that io_uring began at once: where each begins, by file and end. A worker makes the rest of one that has to wait. */
  readonly begun = new Map<string, number>();

  constructor(pid: number, parent: Process | null) {
    this.pid = pid;
    this.parent = parent;
  }

  /** CLONE_FILES without CLONE_THREAD: what one opens, closes or moves is so for both. */
  shareDescriptors(other: Process): void {
    this.descriptors = other.descriptors;
    this.closedByExec = other.closedByExec;
  }

  /** What others may share stays as it is: a new program has a table of its own (unshare_files in fs/file.c), and what has ended none. */
  leaveDescriptors(kept: ReadonlyMap<number, OpenFile>): void {
    this.descriptors = new Map(kept);
    this.closedByExec = new Set(this.closedByExec);
  }

  /** A descriptor of this process, or of the one it came from: it may be a thread of that. */
  descriptor(fd: number): OpenFile | undefined {
    const own = this.descriptors.get(fd);
    if (own !== undefined || this.apart) return own;
    const theirs = this.parent?.descriptors.get(fd);
    return theirs === this.closed.get(fd) ? undefined : theirs;
  }

  mappingAt(address: number): Mapping | undefined {
    const own = this.mappings[lastAtOrBefore(this.mappings, address)];
    if (own !== undefined && address < own.end) return own;
    const parent = this.replaced ? undefined : this.parent?.mappings;
    const theirs = parent?.[lastAtOrBefore(parent, address)];
    return theirs !== undefined && address < theirs.end ? theirs : undefined;
  }

  /** All that touch [start, end), by address; those of the process it came from where it has none. */
  mappingsIn(start: number, end: number): readonly Mapping[] {
    const own = this.mappings.filter((m) => m.start < end && m.end > start);
    return own.length > 0 || this.parent === null || this.replaced ? own : this.parent.mappingsIn(start, end);
  }

  /** Cuts [start, end) out of the mappings; calls `gone` for each part with its file range. */
  unmap(start: number, end: number, gone: (m: Mapping, offset: number, length: number) => void): void {
    let i = lastAtOrBefore(this.mappings, start);
    if (i < 0 || this.mappings[i]!.end <= start) i++;
    while (i < this.mappings.length && this.mappings[i]!.start < end) {
      const m = this.mappings[i]!;
      const from = Math.max(m.start, start);
      const to = Math.min(m.end, end);
      gone(m, m.offset + from - m.start, to - from);
      const rest: Mapping[] = [];
      if (m.start < from) rest.push(partOf(m, m.start, from));
      if (m.end > to) rest.push(partOf(m, to, m.end));
      this.mappings.splice(i, 1, ...rest);
      i += rest.length;
    }
  }

  /** A call changed the mappings in [start, end). */
  remapped(start: number, end: number, timeNs: number): void {
    this.#remaps.push({ start, end, timeNs });
    if (this.#remaps.length > MOST_REMAPS) this.#remaps.splice(0, MOST_REMAPS / 2);
  }

  /** Did a call change mappings in [start, end) at this time or later? Of changes too long ago to be kept: yes. */
  wasRemapped(start: number, end: number, sinceNs: number): boolean {
    if (this.#remaps.length >= MOST_REMAPS / 2 && this.#remaps[0]!.timeNs >= sinceNs) return true;
    return this.#remaps.some((one) => one.timeNs >= sinceNs && one.start < end && one.end > start);
  }

  /** Is all of [start, end) mapped to one file, or what may be it, so that `start` is `offset`? */
  maps(file: number, start: number, end: number, offset: number): boolean {
    let at = start;
    for (const m of this.mappingsIn(start, end)) {
      const other = m.open.resolved >= 0 && m.open.resolved !== file;
      if (m.start > at || other || m.start - m.offset !== start - offset) return false;
      at = m.end;
    }
    return at >= end;
  }

  map(m: Mapping): void {
    this.mappings.splice(lastAtOrBefore(this.mappings, m.start) + 1, 0, m);
  }
}

function lastAtOrBefore(mappings: readonly Mapping[], address: number): number {
  let low = 0;
  let high = mappings.length;
  while (low < high) {
    const mid = (low + high) >> 1;
    if (mappings[mid]!.start <= address) low = mid + 1;
    else high = mid;
  }
  return low - 1;
}
