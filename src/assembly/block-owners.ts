// Who owns a device's blocks, over time: the forward maps of all files, and for every MiB of a device the ranges that
// ever lay there. A range counts only while the forward map still says so, so nothing has to be taken out again.
import { ExtentMap, State } from '../extents/extent-map.js';

const BUCKET = 1 << 20;

interface Candidate {
  readonly file: number;
  readonly offset: number;
  readonly addr: number;
  readonly length: number;
}

export interface Owner {
  readonly file: number;
  readonly offset: number;
  /** Bytes from the asked address on that continue in this file. */
  readonly length: number;
}

export class BlockOwners {
  private readonly maps = new Map<number, ExtentMap>();
  private readonly buckets = new Map<number, Map<number, Candidate[]>>();

  map(file: number): ExtentMap {
    let map = this.maps.get(file);
    if (map === undefined) {
      map = new ExtentMap();
      this.maps.set(file, map);
    }
    return map;
  }

  insert(device: number, file: number, offset: number, length: number, addr: number, unwritten: boolean): void {
    this.map(file).insert(
      offset,
      length,
      addr,
      addr < 0 ? State.delalloc : unwritten ? State.unwritten : State.written,
    );
    if (addr >= 0) this.candidate(device, { file, offset, addr, length });
  }

  /** Everything the file maps may have moved: it is a candidate where it now lies. */
  refile(device: number, file: number): void {
    const map = this.map(file);
    for (let at = map.seek(0); at >= 0; at = map.next(at))
      if (map.addr(at) >= 0)
        this.candidate(device, { file, offset: map.offset(at), addr: map.addr(at), length: map.length(at) });
  }

  /** Owner of the byte at `addr`; `prefer` is taken when several share it. Null for none. */
  owner(device: number, addr: number, prefer: number): Owner | null {
    const list = this.buckets.get(device)?.get(Math.floor(addr / BUCKET));
    if (list === undefined) return null;
    let best: Owner | null = null;
    for (let i = list.length - 1; i >= 0; i--) {
      const c = list[i]!;
      if (addr < c.addr || addr >= c.addr + c.length) continue;
      const offset = c.offset + addr - c.addr;
      const map = this.map(c.file);
      if (map.addrAt(offset) !== addr) continue;
      if (best !== null && c.file !== prefer) continue;
      const at = map.seek(offset);
      best = { file: c.file, offset, length: map.offset(at) + map.length(at) - offset };
      if (c.file === prefer) return best;
    }
    return best;
  }

  private candidate(device: number, c: Candidate): void {
    let buckets = this.buckets.get(device);
    if (buckets === undefined) {
      buckets = new Map();
      this.buckets.set(device, buckets);
    }
    for (let b = Math.floor(c.addr / BUCKET); b <= Math.floor((c.addr + c.length - 1) / BUCKET); b++) {
      const list = buckets.get(b);
      if (list === undefined) buckets.set(b, [c]);
      else list.push(c);
    }
  }
}
