// Device accesses against the map as it is now: a translation taken earlier that no longer leads to the file's blocks.
// Classes (seal-semantics section 1): a old data of the file or free blocks, b reads what is somebody else's, c writes another
// file, d writes metadata: blocks that no file owns and that the file system has written as its own (REQ_META) since.
import { ExtentMap, State } from '../extents/extent-map.js';
import type { EventColumns } from '../model/events.js';
import { Op } from '../model/events.js';
import type { FileStates } from './file-states.js';
import { type HazardRow, INCOHERENT } from './result.js';

const BLOCK = 4096;
const WRITES = new Set<number>([Op.dma_write, Op.write]);
const MOST_ROWS = 10_000;

interface Captured {
  readonly file: number;
  readonly offset: number;
  readonly length: number;
  /** As the map was when the translation was taken. */
  readonly runs: readonly Run[];
}

interface Run {
  readonly offset: number;
  readonly length: number;
  readonly addr: number;
  /** Another file had it as well: who pinned it to write there has a copy of its own, as far as it is for the file system. */
  readonly shared: boolean;
}

/** Of a file, bytes. */
interface Span {
  readonly offset: number;
  readonly end: number;
}

export class Hazards {
  readonly rows: HazardRow[] = [];
  readonly classes = new Float64Array(4);
  count = 0;
  bytes = 0;
  /** Accesses that met what the other side of device memory had stored and nobody had flushed. */
  incoherent = 0;
  incoherentBytes = 0;
  private readonly c: EventColumns;
  private readonly files: FileStates;
  /** Device ranges written as metadata, each at its own address. */
  private readonly metadataAt = new ExtentMap();
  private readonly oneDevice: boolean;
  /** The device's copy of the map, by handle: it may outlive the hold. */
  private readonly captured = new Map<number, Captured>();
  /** By process: what it learned by asking where a file's blocks are. */
  private readonly asked = new Map<number, Map<number, Captured>>();

  constructor(columns: EventColumns, files: FileStates) {
    this.c = columns;
    this.files = files;
    this.oneDevice = files.deviceOf.every((device) => device === files.deviceOf[0]);
  }

  /** Where a file ends, bytes: its size, or its last block. */
  endOf(file: number): number {
    return Math.max(this.files.sizeOf(file), this.files.mapOf(file)?.end ?? 0);
  }

  /** A device takes the addresses of a range. */
  capture(handle: number, file: number, offset: number, length: number): void {
    this.captured.set(handle, this.translation(file, offset, length));
  }

  private translation(file: number, offset: number, length: number): Captured {
    const map = this.files.mapOf(file);
    const runs: Run[] = [];
    const end = offset + length;
    if (map !== undefined)
      for (let at = map.seek(offset); at >= 0 && map.offset(at) < end; at = map.next(at)) {
        const from = Math.max(offset, map.offset(at));
        const to = Math.min(end, map.offset(at) + map.length(at));
        if (map.addr(at) >= 0)
          // Written out: spreading parts together takes many times as long.
          runs.push({
            offset: from,
            length: to - from,
            addr: map.addr(at) + from - map.offset(at),
            shared: (map.state(at) & State.reflinked) !== 0,
          });
      }
    return { file, offset, length, runs };
  }

  /** Given back, or taken away from the device. */
  forget(handle: number): void {
    this.captured.delete(handle);
  }

  knows(handle: number): boolean {
    return this.captured.has(handle);
  }

  /** Handles through which devices know where a file's blocks were. */
  *handlesOf(file: number): Generator<number> {
    for (const [handle, taken] of this.captured) if (taken.file === file) yield handle;
  }

  /** Processes that learned where a file's blocks were. */
  *askersOf(file: number): Generator<number> {
    for (const [pid, files] of this.asked) if (files.has(file)) yield pid;
  }

  /** An access through a handle: everything whose block has moved since is stale. True when something is. */
  through(row: number, handle: number, nowNs: number): boolean {
    const taken = this.captured.get(handle);
    return taken !== undefined && this.compare(row, taken, this.meantBy(row, taken), nowNs);
  }

  /** What of its file an access through a handle means, as far as the translation reaches. */
  rangeThrough(row: number, handle: number): (Span & { readonly file: number }) | null {
    const taken = this.captured.get(handle);
    if (taken === undefined) return null;
    const { offset, end } = this.meantBy(row, taken);
    return {
      file: taken.file,
      offset: Math.max(offset, taken.offset),
      end: Math.min(end, taken.offset + taken.length),
    };
  }

  /** Bytes of an access through a handle that would be stale as the map is now. */
  staleThrough(row: number, handle: number): number {
    const taken = this.captured.get(handle);
    return taken === undefined ? 0 : this.stale(row, taken, this.meantBy(row, taken)).bytes;
  }

  /** What of a file an access through a translation means. */
  private meantBy(row: number, taken: Captured): Span {
    const { c } = this;
    const offset = c.offset[row]! >= 0 ? c.offset[row]! : taken.offset;
    return { offset, end: c.length[row]! >= 0 ? offset + c.length[row]! : taken.offset + taken.length };
  }

  /** Counts what of a span of the file no longer lies where the translation says; true when some does not. */
  private compare(row: number, taken: Captured, span: Span, nowNs: number): boolean {
    const { bytes, offset, addr } = this.stale(row, taken, span);
    const changed = this.files.changedNs(taken.file);
    if (bytes > 0) this.add(row, bytes, taken.file, offset, addr, changed < 0 ? -1 : Math.max(0, nowNs - changed));
    return bytes > 0;
  }

  /**
   * How much of a span lies elsewhere than the translation says, and the first of it; of what is written, also what a clone has got
   * since: the device changes that as well (note 11).
   */
  private stale(row: number, taken: Captured, { offset, end }: Span): { bytes: number; offset: number; addr: number } {
    const map = this.files.mapOf(taken.file);
    const writes = WRITES.has(this.c.op[row]!);
    let moved = false;
    const found = { bytes: 0, offset: -1, addr: -1 };
    for (const run of taken.runs) {
      let at = Math.max(offset, run.offset);
      const to = Math.min(end, run.offset + run.length);
      while (at < to) {
        const e = map === undefined ? -1 : map.seek(at);
        const start = e < 0 ? to : Math.max(at, map!.offset(e));
        const addr = run.addr + at - run.offset;
        const here = e >= 0 && start === at ? map!.addr(e) + at - map!.offset(e) : -1;
        const stop = e < 0 ? to : start > at ? Math.min(to, start) : Math.min(to, map!.offset(e) + map!.length(e));
        const isCloned = here === addr && writes && !run.shared && (map!.state(e) & State.reflinked) !== 0;
        if (here !== addr || isCloned) {
          moved ||= !isCloned;
          if (found.bytes === 0) {
            found.addr = addr;
            found.offset = at;
          }
          found.bytes += stop - at;
        }
        at = stop;
      }
    }
    // The clone may be gone.
    if (found.bytes > 0 && !moved && this.files.owner(taken.file, found.addr) === taken.file) found.bytes = 0;
    return found;
  }

  /** A process asks where a file's blocks are, and may go to them by itself from now on (FIEMAP; seal-semantics `static-map`). */
  query(pid: number, file: number): void {
    const ofPid = this.asked.get(pid) ?? new Map<number, Captured>();
    this.asked.set(pid, ofPid);
    ofPid.set(file, this.translation(file, 0, Number.MAX_SAFE_INTEGER));
  }

  /**
   * A read or write of the device itself, at addresses that this process asked for: are they the file's no more? Where this
   * lane's map is another one than the recorded, the holder would go elsewhere than the trace says: `diverged`.
   */
  raw(row: number, pid: number, nowNs: number): 'stale' | 'diverged' | 'fresh' {
    let found: 'stale' | 'diverged' | 'fresh' = 'fresh';
    for (const { taken, span } of this.askedAbout(row, pid))
      if (this.files.hasDiverged(taken.file)) found = 'diverged';
      else if (this.compare(row, taken, span, nowNs)) found = 'stale';
    return found;
  }

  /** Bytes of a file that a process would meet stale by going to the device itself, as the map is now. */
  staleRaw(row: number, pid: number, file: number): number {
    let bytes = 0;
    for (const { taken, span } of this.askedAbout(row, pid))
      if (taken.file === file) bytes += this.stale(row, taken, span).bytes;
    return bytes;
  }

  /** The files and their spans that a row of the device itself means, by the addresses its process asked for. */
  private *askedAbout(row: number, pid: number): Generator<{ taken: Captured; span: Span }> {
    const { c } = this;
    const from = c.offset[row]!;
    const to = from + Math.max(0, c.length[row]!);
    for (const taken of this.asked.get(pid)?.values() ?? []) {
      if (this.files.deviceOf[taken.file] !== this.files.deviceOf[c.file[row]!]) continue;
      for (const run of taken.runs) {
        const first = Math.max(from, run.addr);
        const last = Math.min(to, run.addr + run.length);
        const offset = run.offset + first - run.addr;
        if (first < last) yield { taken, span: { offset, end: offset + last - first } };
      }
    }
  }

  /** The file system writes metadata. Block requests name no file, so that this serves traces of one device only. */
  metadata(row: number): void {
    const { c } = this;
    const addr = Math.floor(c.addr[row]! / BLOCK) * BLOCK;
    if (this.oneDevice && c.addr[row]! >= 0 && c.length[row]! > 0)
      this.metadataAt.insert(
        addr,
        Math.ceil((c.addr[row]! + c.length[row]!) / BLOCK) * BLOCK - addr,
        addr,
        State.written,
      );
  }

  /** Blocks that a row gives to a file are no metadata any more. */
  data(row: number): void {
    const { c } = this;
    if (this.metadataAt.count > 0 && c.addr[row]! >= 0 && c.length[row]! > 0)
      this.metadataAt.remove(c.addr[row]!, c.length[row]!);
  }

  private isMetadata(addr: number): boolean {
    return addr >= 0 && this.metadataAt.addrAt(addr) >= 0;
  }

  /** Counts a stale access: `addr` is where it goes, -1 when no block is known; `staleForNs` 0 when its range changed under it. */
  add(row: number, bytes: number, file: number, offset: number, addr: number, staleForNs: number): void {
    const { c, files } = this;
    const owner = addr < 0 ? -1 : files.owner(file, addr);
    const other = owner >= 0 && owner !== file;
    const meta = owner < 0 && this.isMetadata(addr);
    const hazardClass = !other && !meta ? 0 : !WRITES.has(c.op[row]!) ? 1 : meta ? 3 : 2;
    this.count++;
    this.bytes += bytes;
    this.classes[hazardClass]!++;
    this.list({ row, hazardClass, bytes, file, offset, addr, owner: other ? owner : -1, staleForNs });
  }

  /** Counts an access by one side to what the other side stored and nobody flushed: a kind of its own. */
  addIncoherent(row: number, bytes: number, file: number, offset: number): void {
    this.incoherent++;
    this.incoherentBytes += bytes;
    this.list({ row, hazardClass: INCOHERENT, bytes, file, offset, addr: -1, owner: -1, staleForNs: -1 });
  }

  private list(hazard: HazardRow): void {
    if (this.rows.length < MOST_ROWS) this.rows.push(hazard);
  }
}
