// What is asked of devices that make no requests of it (zram, pmem, brd, device mapper and md where no remap leads on): from the queue
// to the end of each bio. Where requests are made, or a remap tells of the disk below, those tell the same and more, and bios are not
// kept. The block layer tells the end of a bio where it told none of a request (BIO_TRACE_COMPLETION, blk_update_request).
import { OpenRequests } from './open-requests.js';

/** So many that wait, and none that ended: their ends are not recorded. */
const MOST_WAITING = 4096;
/** No device is asked so much at a time: their ends are lost. */
const MOST_OPEN = 65_536;
const SECTOR_BYTES = 512;

interface Device {
  /** Its bios are told otherwise. */
  isTold: boolean;
  hasEnded: boolean;
  waiting: number;
}

export class QueuedBios {
  readonly open = new OpenRequests();
  readonly #devices = new Map<number, Device>();
  #last = Number.NaN;

  isTold(device: number): boolean {
    return this.#devices.get(device)?.isTold === true;
  }

  /** Requests, or a remap to the disk below, tell of the device. */
  toldOtherwise(device: number): void {
    if (device === this.#last) return;
    this.#last = device;
    const known = this.#device(device);
    if (!known.isTold) this.#forget(device, known);
  }

  /** Place of a new one in `open`; what else is known of it is the caller's to fill in. -1: it is told otherwise. */
  add(device: number, sector: number): number {
    const known = this.#device(device);
    if (!known.isTold && known.waiting === (known.hasEnded ? MOST_OPEN : MOST_WAITING)) this.#forget(device, known);
    if (known.isTold) return -1;
    known.waiting++;
    return this.open.add(device, sector);
  }

  /** Takes the one that ended; its place holds it until another is added. -1 for none. */
  end(device: number, sector: number): number {
    const known = this.#devices.get(device);
    const place = known === undefined || known.isTold ? -1 : this.open.take(device, sector);
    if (place >= 0) {
      known!.hasEnded = true;
      known!.waiting--;
    }
    return place;
  }

  /** The first `bytes` of the one at `place`, which was just taken, have ended; the rest, which was split off, goes on as `number`. */
  goesOn(place: number, bytes: number, number: number): void {
    const { device, sector, bytes: length, fromNs, task, opId, row, write, meta } = this.open.at;
    const rest = length[place]! - bytes;
    const kept = [fromNs, task, opId, row, write, meta].map((column) => column[place]!);
    const next = this.add(device[place]!, sector[place]! + bytes / SECTOR_BYTES);
    const { at } = this.open;
    [at.fromNs, at.task, at.opId, at.row, at.write, at.meta].forEach((column, i) => {
      column[next] = kept[i]!;
    });
    at.number[next] = number;
    at.bytes[next] = rest;
  }

  /** Under way at the end of the recording. */
  rest(): number[] {
    return [...this.open.rest()].filter((place) => this.#devices.get(this.open.at.device[place]!)?.hasEnded === true);
  }

  #device(device: number): Device {
    let known = this.#devices.get(device);
    if (known === undefined) {
      known = { isTold: false, hasEnded: false, waiting: 0 };
      this.#devices.set(device, known);
    }
    return known;
  }

  #forget(device: number, known: Device): void {
    known.isTold = true;
    const { at } = this.open;
    for (const place of [...this.open.rest()].filter((one) => at.device[one] === device))
      this.open.take(device, at.sector[place]!);
  }
}
