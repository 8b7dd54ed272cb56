// Who owns a device's blocks, over time: the forward maps of all files, and for every MiB of a device the ranges that
// ever lay there. A range counts only while the forward map still says so, so nothing has to be taken out again.
import { Arena, SHARED_KERNEL_FROM } from '../extents/arena.js';
import { ExtentMap, State } from '../extents/extent-map.js';

const BUCKET = 1 << 20;
const BLOCK = 4096;

/** Ranges of more MiB than any file system makes in one piece (raw block numbers, lengths "to the end") are kept in one list. */
const WIDEST = 16_384;

/** So many buckets are looked for one by one before all are looked through. */
const NEXT = 64;

interface Candidate {
  /** Later ones count more. */
  readonly order: number;
  readonly file: number;
  readonly offset: number;
  readonly addr: number;
  readonly length: number;
}

interface Bucket {
  list: Candidate[];
  /** With more than these it is looked through. */
  most: number;
}
/** Of a device: by MiB, and all that are wide. */
interface Buckets {
  readonly near: Map<number, Bucket>;
  readonly wide: Bucket;
}
/** Not worth a look. */
const CROWDED = 64;
const emptyBucket = (): Bucket => ({ list: [], most: CROWDED });
const NONE: readonly Candidate[] = [];

/** Valid until the next question. */
export interface Owner {
  readonly file: number;
  readonly offset: number;
  /** Bytes from the asked address on that continue in this file. */
  readonly length: number;
}

/** A run of one file that lies in the range that was asked for. */
export interface Piece {
  readonly file: number;
  readonly offset: number;
  readonly addr: number;
  readonly length: number;
}

export class BlockOwners {
  private readonly maps = new Map<number, ExtentMap>();
  private readonly arena = new Arena(false, SHARED_KERNEL_FROM);
  private candidates = 0;
  private readonly devices = new Map<number, Buckets>();
  private readonly found = { file: -1, offset: -1, length: 0 };

  private lastFile = -1;
  private lastMap: ExtentMap | null = null;

  map(file: number): ExtentMap {
    if (file === this.lastFile && this.lastMap !== null) return this.lastMap;
    let map = this.maps.get(file);
    if (map === undefined) {
      map = new ExtentMap(BLOCK, this.arena);
      this.maps.set(file, map);
    }
    this.lastFile = file;
    this.lastMap = map;
    return map;
  }

  insert(device: number, file: number, offset: number, length: number, addr: number, unwritten: boolean): void {
    this.map(file).insert(
      offset,
      length,
      addr,
      addr < 0 ? State.delalloc : unwritten ? State.unwritten : State.written,
    );
    if (addr >= 0) this.candidate(device, file, offset, addr, length);
  }

  /** Everything the file maps may have moved: it is a candidate where it now lies. */
  refile(device: number, file: number): void {
    const map = this.map(file);
    for (let at = map.seek(0); at >= 0; at = map.next(at))
      if (map.addr(at) >= 0) this.candidate(device, file, map.offset(at), map.addr(at), map.length(at));
  }

  /** No file ever had anything on the device from `addr` up to there, as far as is known. */
  freeUntil(device: number, addr: number): number {
    const buckets = this.devices.get(device);
    if (buckets === undefined) return Number.POSITIVE_INFINITY;
    const { near, wide } = buckets;
    if (wide.list.length > 0) return addr;
    const first = Math.floor(addr / BUCKET);
    let at = first;
    while (at < first + NEXT && !near.has(at)) at++;
    if (at === first + NEXT) {
      at = Number.POSITIVE_INFINITY;
      for (const bucket of near.keys()) if (bucket > first && bucket < at) at = bucket;
    }
    return Math.max(addr, at * BUCKET);
  }

  /** Owner of the byte at `addr`; `prefer` is taken when several share it. Null for none. */
  owner(device: number, addr: number, prefer: number): Owner | null {
    const buckets = this.devices.get(device);
    if (buckets === undefined) return null;
    const near = buckets.near.get(Math.floor(addr / BUCKET))?.list ?? NONE;
    const wide = buckets.wide.list;
    const { found } = this;
    let any = false;
    let i = near.length - 1;
    let k = wide.length - 1;
    while (i >= 0 || k >= 0) {
      const c = k < 0 || (i >= 0 && near[i]!.order > wide[k]!.order) ? near[i--]! : wide[k--]!;
      if (addr < c.addr || addr >= c.addr + c.length) continue;
      const offset = c.offset + addr - c.addr;
      const map = this.map(c.file);
      if (map.addrAt(offset) !== addr) continue;
      if (any && c.file !== prefer) continue;
      const at = map.seek(offset);
      any = true;
      found.file = c.file;
      found.offset = offset;
      found.length = map.offset(at) + map.length(at) - offset;
      if (prefer < 0 || c.file === prefer) return found;
    }
    return any ? found : null;
  }

  /** All that lies in a range of addresses: of any number of files, each run once. */
  pieces(device: number, addr: number, length: number): Piece[] {
    const buckets = this.devices.get(device);
    if (buckets === undefined) return [];
    const found = new Map<string, Piece>();
    const end = addr + length;
    for (let b = Math.floor(addr / BUCKET); b * BUCKET < end; b++)
      for (const c of buckets.near.get(b)?.list ?? NONE) this.cutOut(found, c, addr, end);
    for (const c of buckets.wide.list) this.cutOut(found, c, addr, end);
    return [...found.values()];
  }

  private cutOut(found: Map<string, Piece>, { file, offset, addr, length }: Candidate, from: number, to: number): void {
    if (addr >= to || addr + length <= from) return;
    const map = this.map(file);
    for (let at = map.seek(offset); at >= 0 && map.offset(at) < offset + length; at = map.next(at)) {
      if (map.addr(at) < 0 || map.addr(at) - map.offset(at) !== addr - offset) continue;
      const begin = Math.max(from, map.addr(at));
      const end = Math.min(to, map.addr(at) + map.length(at));
      const place = map.offset(at) + begin - map.addr(at);
      if (end > begin) found.set(`${file} ${place}`, { file, offset: place, addr: begin, length: end - begin });
    }
  }

  private candidate(device: number, file: number, offset: number, addr: number, length: number): void {
    let buckets = this.devices.get(device);
    if (buckets === undefined) {
      buckets = { near: new Map(), wide: emptyBucket() };
      this.devices.set(device, buckets);
    }
    const c = { order: this.candidates++, file, offset, addr, length };
    const first = Math.floor(c.addr / BUCKET);
    const last = Math.floor((c.addr + c.length - 1) / BUCKET);
    if (last - first > WIDEST) return this.put(buckets.wide, c);
    for (let b = first; b <= last; b++) {
      let bucket = buckets.near.get(b);
      if (bucket === undefined) {
        bucket = emptyBucket();
        buckets.near.set(b, bucket);
      }
      this.put(bucket, c);
    }
  }

  private put(bucket: Bucket, c: Candidate): void {
    bucket.list.push(c);
    if (bucket.list.length > bucket.most) this.thin(bucket);
  }

  /** Forgets ranges that came again, and those of which nothing is left where it was: if it comes back, it is a new one. */
  private thin(bucket: Bucket): void {
    bucket.list = bucket.list.filter((c) => this.holds(c));
    if (bucket.list.length > bucket.most / 2) bucket.list = latest(bucket.list);
    bucket.most = Math.max(CROWDED, 2 * bucket.list.length);
  }

  private holds({ file, offset, length, addr }: Candidate): boolean {
    const map = this.map(file);
    for (let at = map.seek(offset); at >= 0 && map.offset(at) < offset + length; at = map.next(at))
      if (map.addr(at) >= 0 && map.addr(at) - map.offset(at) === addr - offset) return true;
    return false;
  }
}

/** Of equal ones the last, in their order. Sorted, because any number of files may share one address. */
function latest(list: readonly Candidate[]): Candidate[] {
  const sorted = [...list].sort((a, b) => compare(a, b) || b.order - a.order);
  return sorted.filter((c, i) => i === 0 || compare(sorted[i - 1]!, c) !== 0).sort((a, b) => a.order - b.order);
}

const compare = (a: Candidate, b: Candidate): number =>
  a.addr - b.addr || a.file - b.file || a.offset - b.offset || a.length - b.length;
