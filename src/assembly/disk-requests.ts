// What disks are asked: requests from their issue to their completion, bios where a device makes no requests, and which partitions
// and mapped devices lie on which disk.
import type { AccessLog } from './access-log.js';
import { OpenRequests } from './open-requests.js';
import { QueuedBios } from './queued-bios.js';

export class DiskRequests {
  /** Disk -> partitions on it: device and first sector (block_bio_remap). */
  readonly partitions = new Map<number, Map<number, number>>();
  readonly #accesses: AccessLog;
  readonly #requests = new OpenRequests();
  readonly #bios = new QueuedBios();

  readonly #next: () => number;

  /** `next`: how many accesses began before. */
  constructor(accesses: AccessLog, next: () => number) {
    this.#accesses = accesses;
    this.#next = next;
  }

  /** Is nothing known that tells of what the device is asked, but its bios? */
  asksByBios(device: number): boolean {
    return !this.#bios.isTold(device);
  }

  /** By a request, or by a bio, of which none is kept where requests tell the same. */
  ask(
    byBio: boolean,
    device: number,
    sector: number,
    bytes: number,
    write: boolean,
    meta: boolean,
    timeNs: number,
    task: number,
    opId: number,
    row: number,
  ): void {
    if (!byBio) this.#bios.toldOtherwise(device);
    const place = (byBio ? this.#bios : this.#requests).add(device, sector);
    if (place < 0) return;
    const { at } = byBio ? this.#bios.open : this.#requests;
    at.number[place] = this.#next();
    at.fromNs[place] = timeNs;
    at.bytes[place] = bytes;
    at.write[place] = write ? 1 : 0;
    at.meta[place] = meta ? 1 : 0;
    at.task[place] = task;
    at.opId[place] = opId;
    at.row[place] = row;
  }

  /** A block trace tells the ends of requests and of bios alike. */
  complete(device: number, sector: number, bytes: number, timeNs: number): void {
    const place = this.#requests.take(device, sector);
    if (place >= 0) this.#accesses.addRequest(this.#requests, place, timeNs);
    else this.bioEnds(device, sector, bytes, timeNs);
  }

  bioEnds(device: number, sector: number, bytes: number, timeNs: number): void {
    const place = this.#bios.end(device, sector);
    if (place < 0) return;
    const { at } = this.#bios.open;
    const whole = at.bytes[place]!;
    if (bytes > 0) at.bytes[place] = Math.min(bytes, whole);
    this.#accesses.addRequest(this.#bios.open, place, timeNs);
    at.bytes[place] = whole;
    if (bytes > 0 && bytes < whole) this.#bios.goesOn(place, bytes, this.#next());
  }

  partition(disk: number, partition: number, firstSector: number): void {
    const map = this.partitions.get(disk) ?? new Map<number, number>();
    map.set(partition, firstSector);
    this.partitions.set(disk, map);
    this.#bios.toldOtherwise(partition);
  }

  /** What is under way ends here; returns how many they are. */
  finish(endNs: number): number {
    const requests = [...this.#requests.rest()];
    const bios = this.#bios.rest();
    for (const place of requests) this.#accesses.addRequest(this.#requests, place, endNs);
    for (const place of bios) this.#accesses.addRequest(this.#bios.open, place, endNs);
    return requests.length + bios.length;
  }
}
