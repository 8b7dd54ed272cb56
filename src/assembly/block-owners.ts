// Who owns a device's blocks, over time: the forward maps of all files, and for every MiB of a device the ranges that
// ever lay there. A range counts only while the forward map still says so, so nothing has to be taken out again.
import type { ByteStore } from '../base/byte-store.js';
import { Lately } from '../base/lately.js';
import { RowLists } from '../base/row-lists.js';
import { Arena, SHARED_KERNEL_FROM } from '../extents/arena.js';
import { ExtentMap, State } from '../extents/extent-map.js';
import { Candidates } from './candidates.js';

const BUCKET = 1 << 20;
const BLOCK = 4096;

/** Ranges of more MiB than any file system makes in one piece (raw block numbers, lengths "to the end") are kept in one list. */
const WIDEST = 16_384;

/** So many buckets are looked for one by one before all are looked through. */
const NEXT = 64;

const EXTENT_SHAPE = { offset: Float64Array, length: Float64Array, addr: Float64Array, state: Uint8Array };

interface Bucket {
  /** Rows of candidates. */
  list: number[];
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
const NONE: readonly number[] = [];

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
  private readonly maps: Lately<ExtentMap>;
  /** Of those that were not asked for lately. */
  private readonly extents: RowLists<typeof EXTENT_SHAPE>;
  private readonly arena = new Arena(false, SHARED_KERNEL_FROM);
  private readonly candidates = new Candidates();
  private readonly devices = new Map<number, Buckets>();
  private readonly found = { file: -1, offset: -1, length: 0 };

  private lastFile = -1;
  private lastMap: ExtentMap | null = null;

  /** `most`: so many maps stay objects. */
  constructor(store: ByteStore, most?: number) {
    this.extents = new RowLists(EXTENT_SHAPE, store);
    this.maps = new Lately<ExtentMap>(
      (file, map) => this.putAway(file, map),
      (file) => this.broughtBack(file),
      most,
    );
  }

  /** To be used at once. */
  map(file: number): ExtentMap {
    if (file === this.lastFile && this.lastMap !== null) return this.lastMap;
    let map = this.maps.get(file);
    if (map === undefined) {
      map = new ExtentMap(BLOCK, this.arena);
      this.maps.add(file, map);
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

  private putAway(file: number, map: ExtentMap): void {
    const runs: number[] = [];
    for (let at = map.seek(0); at >= 0; at = map.next(at)) runs.push(at);
    this.extents.write(file, runs.length, (row, place, i) => {
      const at = runs[i]!;
      row.offset[place] = map.offset(at);
      row.length[place] = map.length(at);
      row.addr[place] = map.addr(at);
      row.state[place] = map.state(at);
    });
    map.dissolve();
  }

  private broughtBack(file: number): ExtentMap | undefined {
    if (this.extents.length(file) < 0) return undefined;
    const map = new ExtentMap(BLOCK, this.arena);
    this.extents.read(file, ({ offset, length, addr, state }, place) =>
      map.insert(offset[place]!, length[place]!, addr[place]!, state[place]!),
    );
    return map;
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
    const { at } = this.candidates;
    let any = false;
    let i = near.length - 1;
    let k = wide.length - 1;
    while (i >= 0 || k >= 0) {
      const row = k < 0 || (i >= 0 && at.order[near[i]!]! > at.order[wide[k]!]!) ? near[i--]! : wide[k--]!;
      const begin = at.addr[row]!;
      if (addr < begin || addr >= begin + at.length[row]!) continue;
      const file = at.file[row]!;
      const offset = at.offset[row]! + addr - begin;
      const map = this.map(file);
      if (map.addrAt(offset) !== addr) continue;
      if (any && file !== prefer) continue;
      const run = map.seek(offset);
      any = true;
      found.file = file;
      found.offset = offset;
      found.length = map.offset(run) + map.length(run) - offset;
      if (prefer < 0 || file === prefer) return found;
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
      for (const row of buckets.near.get(b)?.list ?? NONE) this.cutOut(found, row, addr, end);
    for (const row of buckets.wide.list) this.cutOut(found, row, addr, end);
    return [...found.values()];
  }

  private cutOut(found: Map<string, Piece>, row: number, from: number, to: number): void {
    const { file, offset, addr, length } = this.range(row);
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
    if (length <= 0) return;
    const row = this.candidates.add(file, offset, addr, length);
    const first = Math.floor(addr / BUCKET);
    const last = Math.floor((addr + length - 1) / BUCKET);
    if (last - first > WIDEST) return this.put(buckets.wide, row);
    for (let b = first; b <= last; b++) {
      let bucket = buckets.near.get(b);
      if (bucket === undefined) {
        bucket = emptyBucket();
        buckets.near.set(b, bucket);
      }
      this.put(bucket, row);
    }
  }

  private put(bucket: Bucket, row: number): void {
    this.candidates.at.lists[row]!++;
    bucket.list.push(row);
    if (bucket.list.length > bucket.most) this.thin(bucket);
  }

  /** Forgets ranges that came again, and those of which nothing is left where it was: if it comes back, it is a new one. */
  private thin(bucket: Bucket): void {
    let list = bucket.list.filter((row) => this.holds(row));
    if (list.length > bucket.most / 2) list = this.latest(list);
    const left = new Set(list);
    for (const row of bucket.list) if (!left.has(row)) this.candidates.drop(row);
    bucket.list = list;
    bucket.most = Math.max(CROWDED, 2 * list.length);
  }

  private holds(row: number): boolean {
    const { file, offset, addr, length } = this.range(row);
    const map = this.map(file);
    for (let at = map.seek(offset); at >= 0 && map.offset(at) < offset + length; at = map.next(at))
      if (map.addr(at) >= 0 && map.addr(at) - map.offset(at) === addr - offset) return true;
    return false;
  }

  /** Of equal ones the last, in their order. Sorted, because any number of files may share one address. */
  private latest(list: readonly number[]): number[] {
    const { candidates } = this;
    const { order } = candidates.at;
    const sorted = [...list].sort((a, b) => candidates.compare(a, b) || order[b]! - order[a]!);
    return sorted
      .filter((row, i) => i === 0 || candidates.compare(sorted[i - 1]!, row) !== 0)
      .sort((a, b) => order[a]! - order[b]!);
  }

  private range(row: number): Piece {
    const { file, offset, addr, length } = this.candidates.at;
    return { file: file[row]!, offset: offset[row]!, addr: addr[row]!, length: length[row]! };
  }
}
