// Device accesses: from the mapping of memory for a device to its unmapping, and from the issue of a block request to its
// completion. Addresses are led to files only at the end (device-places.ts), when the block maps are whole.
// Joins and traps: kernel-events reference section 7.
import type { ByteStore } from '../base/byte-store.js';
import { AccessLog } from './access-log.js';
import { DiskRequests } from './disk-requests.js';
import { IommuPieces } from './iommu-pieces.js';
import { OpenAccesses } from './open-accesses.js';
import { PageFrames } from './page-frames.js';
import type { DirectCall } from './state.js';

/** A run of physical memory, or of sectors, in bytes. */
export interface Segment {
  readonly addr: number;
  readonly length: number;
  /** Page-cache owner when the access began: file and file offset; -1 none. */
  file: number;
  offset: number;
  /** The page left the cache, or changed its owner, while the access was under way. */
  moved: boolean;
}

export interface Access {
  /** In the order in which they began. */
  readonly number: number;
  /** `remote`: memory by an address that leads to no page. */
  readonly kind: 'memory' | 'sectors' | 'remote';
  readonly fromNs: number;
  toNs: number;
  /** The device writes memory (kind memory), or sectors (kind sectors). */
  readonly write: boolean;
  /** Of the file system's own metadata (kind sectors). */
  readonly meta: boolean;
  /** Device number of the disk (kind sectors); -1 for memory. */
  readonly device: number;
  readonly segments: Segment[];
  readonly task: number;
  readonly opId: number;
  readonly row: number;
  /** Part of a direct I/O call: its file and, when the buffer is a mapped file, that file and where in it. */
  readonly direct: DirectCall | null;
  /** Sectors of the command this memory was mapped for. */
  readonly command: Segment | null;
  disk: number;
}

/** A run of physical memory. */
export interface Run {
  readonly addr: number;
  readonly length: number;
}

/** When, and who. */
export interface Actor {
  readonly timeNs: number;
  readonly task: number;
  readonly opId: number;
  readonly row: number;
}

/** A DAX fault told which page frame stands behind a file page: fixes where the device's memory begins. */
export interface FrameHint {
  readonly timeNs: number;
  readonly file: number;
  readonly offset: number;
  readonly physical: number;
}

const PAGE = 4096;

/** More of them tell nothing new. */
const MOST_HINTS = 4096;
/** The memory of a command is mapped just before the command is issued. */
const RECENT = 7;

/** Owners of what is under way without a device's name. */
const REGIONS = -1;
export const TAUGHT = -2;

export class DeviceLog {
  /** Those that are over. */
  readonly accesses: AccessLog;
  readonly disks: DiskRequests;
  readonly hints: FrameHint[] = [];
  readonly iommu = new IommuPieces();
  pages = new PageFrames();
  readonly counts: Record<'unmapWithoutMap' | 'neverUnmapped', number> = { unmapWithoutMap: 0, neverUnmapped: 0 };
  private readonly open = new OpenAccesses();
  /** By thread: the command it set up last. */
  private readonly commands = new Map<number, Segment>();
  /** The last accesses that began; null for requests. */
  private readonly recent: (Access | null)[] = new Array<null>(RECENT).fill(null);
  private remembered = 0;
  private begun = 0;

  constructor(store: ByteStore) {
    this.accesses = new AccessLog(store);
    this.disks = new DiskRequests(this.accesses, () => this.begun++);
  }

  hint(hint: FrameHint): void {
    if (this.hints.length < MOST_HINTS) this.hints.push(hint);
  }

  command(tid: number, sector: number, sectors: number): void {
    this.commands.set(tid, segment(sector * 512, sectors * 512));
  }

  /** The memory that an IOMMU was told of; `physical` -1 never leads to a file. */
  iommuPiece(tid: number, iova: number, physical: number, length: number, who: Actor): void {
    this.iommu.add(tid, iova, physical, length, this.memory([{ addr: physical, length }], true, who, null, null));
  }

  /** An IOMMU mapping ended that no mapping of the DMA API stands for. */
  iommuEnd(iova: number, length: number, timeNs: number): void {
    for (const access of this.iommu.end(iova, length)) this.over(access, timeNs);
  }

  /** `owner` and `key`: what the end of the mapping names. */
  map(
    owner: number,
    key: number | string,
    tid: number,
    runs: readonly Run[],
    write: boolean,
    who: Actor,
    direct: DirectCall | null,
  ): void {
    const access = this.memory(runs, write, who, direct, this.commands.get(tid) ?? null);
    this.remember(access);
    this.open.add(owner, key, access);
  }

  /** Memory by an address that only the device understands: an interval, and no file. */
  region(key: string, addr: number, length: number, write: boolean, who: Actor): void {
    const access = this.memory([], write, who, null, null);
    access.segments.push(segment(addr, length));
    this.open.add(REGIONS, key, access);
  }

  regionEnd(key: string, timeNs: number): void {
    this.unmap(REGIONS, key, timeNs);
  }

  private memory(
    runs: readonly Run[],
    write: boolean,
    { timeNs, task, opId, row }: Actor,
    direct: DirectCall | null,
    command: Segment | null,
  ): Access {
    const access: Access = {
      number: this.begun++,
      kind: runs.length === 0 ? 'remote' : 'memory',
      fromNs: timeNs,
      toNs: -1,
      write,
      meta: false,
      device: -1,
      segments: [],
      task,
      opId,
      row,
      direct,
      command,
      disk: -1,
    };
    for (const run of runs) this.split(run.addr, run.length, access.segments);
    return access;
  }

  unmap(owner: number, key: number | string, timeNs: number): void {
    const access = this.open.take(owner, key);
    if (access === undefined) {
      this.counts.unmapWithoutMap++;
      return;
    }
    this.over(access, timeNs);
  }

  private over(access: Access, timeNs: number): void {
    access.toNs = timeNs;
    for (const s of access.segments) {
      if (s.file < 0) continue;
      const owner = this.pages.owner(s.addr);
      s.moved = owner === null || owner.file !== s.file || owner.offset !== s.offset;
    }
    this.accesses.add(access);
  }

  /** The disk's number is known when the same thread issues the request it set the command up for. */
  issues(tid: number, device: number, sector: number): void {
    const command = this.commands.get(tid);
    if (command !== undefined && command.addr === sector * 512) {
      for (const a of this.recent) if (a !== null && a.command === command) a.disk = device;
    }
    this.remember(null);
  }

  finish(endNs: number): void {
    for (const queue of [this.open.rest(), this.iommu.rest()])
      for (const access of queue) {
        this.counts.neverUnmapped++;
        access.toNs = endNs;
        this.accesses.add(access);
      }
    this.counts.neverUnmapped += this.disks.finish(endNs);
    // Nothing is asked of them any more; of a long recording they are much of what lies in memory.
    this.pages = new PageFrames();
  }

  private remember(access: Access | null): void {
    this.recent[this.remembered++ % RECENT] = access;
  }

  /** One segment per run of pages with one owner that continues. */
  private split(addr: number, length: number, out: Segment[]): void {
    let last: Segment | undefined;
    let at = addr;
    const end = addr + length;
    while (at < end) {
      const next = Math.min(end, Math.floor(at / PAGE) * PAGE + PAGE);
      const owner = this.pages.owner(at);
      const file = owner?.file ?? -1;
      const offset = owner === null ? -1 : owner.offset + (at % PAGE);
      const continues = last !== undefined && last.file === file && (file < 0 || last.offset + last.length === offset);
      if (continues) (last as { length: number }).length += next - at;
      else {
        last = { addr: at, length: next - at, file, offset, moved: false };
        out.push(last);
      }
      at = next;
    }
  }
}

const segment = (addr: number, length: number): Segment => ({ addr, length, file: -1, offset: -1, moved: false });
