// Requests to disks that are under way, from their issue to their completion, by disk and sector. A hash table of typed columns:
// requests come and go with every few records, and nothing is allocated for them. Equal ones can be under way twice at a time:
// the first that was issued is the first to end.
import { Columns } from '../base/columns.js';

const SHAPE = {
  device: Float64Array,
  sector: Float64Array,
  bytes: Float64Array,
  fromNs: Float64Array,
  number: Uint32Array,
  task: Uint32Array,
  opId: Uint32Array,
  row: Uint32Array,
  write: Uint8Array,
  meta: Uint8Array,
  /** The next one with the same hash, or the next free place; -1 for none. */
  next: Int32Array,
};
const SECTOR_BYTES = 512;

export class OpenRequests {
  readonly #columns = new Columns(SHAPE, 64);
  /** By hash: the first of its requests. As many as a power of two, and at least as many as there are requests. */
  #heads = new Int32Array(64).fill(-1);
  #free = -1;
  #count = 0;

  get at() {
    return this.#columns.at;
  }

  /** Place of a new request; what else is known of it is the caller's to fill in. */
  add(device: number, sector: number): number {
    if (this.#count === this.#heads.length) this.#grow();
    this.#count++;
    let place = this.#free;
    if (place >= 0) this.#free = this.at.next[place]!;
    else place = this.#columns.add();
    this.at.device[place] = device;
    this.at.sector[place] = sector;
    this.#append(place);
    return place;
  }

  /** Takes the one that was issued first; its place holds it until another is added. -1 for none. */
  take(device: number, sector: number): number {
    const { device: devices, sector: sectors, next } = this.at;
    const home = this.#home(device, sector);
    for (let place = this.#heads[home]!, before = -1; place >= 0; before = place, place = next[place]!) {
      // A disk that was not told is no number.
      if (sectors[place] !== sector || !Object.is(devices[place], device)) continue;
      if (before < 0) this.#heads[home] = next[place]!;
      else next[before] = next[place]!;
      next[place] = this.#free;
      this.#free = place;
      this.#count--;
      return place;
    }
    return -1;
  }

  addr(place: number): number {
    return this.at.sector[place]! * SECTOR_BYTES;
  }

  *rest(): Iterable<number> {
    for (const head of this.#heads) for (let place = head; place >= 0; place = this.at.next[place]!) yield place;
  }

  #home(device: number, sector: number): number {
    const low = (sector | 0) ^ Math.imul((sector / 4294967296) | 0, 0x2c1b3c6d);
    const bits = Math.imul(low ^ Math.imul(device | 0, 0x85ebca6b), 0x9e3779b1);
    return (bits ^ (bits >>> 15)) & (this.#heads.length - 1);
  }

  /** Behind those with the same hash. */
  #append(place: number): void {
    const { device, sector, next } = this.at;
    next[place] = -1;
    const home = this.#home(device[place]!, sector[place]!);
    let last = this.#heads[home]!;
    if (last < 0) {
      this.#heads[home] = place;
      return;
    }
    while (next[last]! >= 0) last = next[last]!;
    next[last] = place;
  }

  #grow(): void {
    const places = [...this.rest()];
    this.#heads = new Int32Array(2 * this.#heads.length).fill(-1);
    for (const place of places) this.#append(place);
  }
}
