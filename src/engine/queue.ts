// Things that happen later in replayed time: a binary heap of (time, what, row) in typed arrays. Equal times keep order.
import { ANYWHERE, type Room } from '../base/room.js';

/** What waits in the queue of a lane. */
export const Later = {
  limit: 0,
  wake: 1,
  after: 2,
  accessEnd: 3,
  size: 4,
  thread: 5,
  row: 6,
  idle: 7,
  rawEnd: 8,
  sealLimit: 9,
  lease: 10,
  interrupt: 11,
} as const;

/** Places in `sizes`: how many things there are; whether the first place is free. */
const SIZE = 0;
const OPEN = 1;
/** In `head`: how many things there ever were; the time of the next one. */
const ADDED = 0;
const NEXT_NS = 1;

export class TimeQueue {
  time: Float64Array<ArrayBuffer>;
  order: Float64Array<ArrayBuffer>;
  what: Int32Array<ArrayBuffer>;
  row: Uint32Array<ArrayBuffer>;
  /**
   * Numbers at places that the kernel knows as well. The first place is free when something was taken: that is mostly followed by
   * something new (a late thread's next row), which goes in there.
   */
  readonly sizes: Int32Array<ArrayBuffer>;
  readonly head: Float64Array<ArrayBuffer>;
  private readonly room: Room;
  /** Filled by `take`. */
  takenWhat = 0;
  takenRow = 0;
  takenNs = 0;

  constructor(room = ANYWHERE) {
    this.room = room;
    this.time = room.float64(64);
    this.order = room.float64(64);
    this.what = room.int32(64);
    this.row = room.uint32(64);
    this.sizes = room.int32(2);
    this.head = room.float64(2);
    this.head[NEXT_NS] = Number.POSITIVE_INFINITY;
  }

  /** Time of the next thing; Infinity when there is none. */
  get nextNs(): number {
    return this.head[NEXT_NS]!;
  }

  add(timeNs: number, what: number, row: number): void {
    const { head, sizes } = this;
    const order = head[ADDED]!++;
    if (sizes[OPEN] === 1) {
      sizes[OPEN] = 0;
      this.sink(timeNs, order, what, row);
    } else this.rise(timeNs, order, what, row);
    head[NEXT_NS] = this.time[0]!;
  }

  /** The waiter of this operation looks again. */
  wakeAt(timeNs: number, row: number): void {
    this.add(timeNs, Later.wake, row);
  }

  /** Takes the first thing out; false when there is none. */
  take(): boolean {
    const { head, sizes, time } = this;
    if (sizes[OPEN] === 1) this.close();
    const size = sizes[SIZE]!;
    if (size === 0) return false;
    this.takenNs = time[0]!;
    this.takenRow = this.row[0]!;
    this.takenWhat = this.what[0]!;
    sizes[OPEN] = 1;
    if (size === 1) head[NEXT_NS] = Number.POSITIVE_INFINITY;
    else head[NEXT_NS] = size > 2 && time[2]! < time[1]! ? time[2]! : time[1]!;
    return true;
  }

  private close(): void {
    this.sizes[OPEN] = 0;
    const last = --this.sizes[SIZE]!;
    if (last > 0) this.sink(this.time[last]!, this.order[last]!, this.what[last]!, this.row[last]!);
  }

  private rise(timeNs: number, order: number, what: number, row: number): void {
    if (this.sizes[SIZE] === this.time.length) this.grow();
    let at = this.sizes[SIZE]!++;
    while (at > 0) {
      const up = (at - 1) >> 1;
      if (this.time[up]! < timeNs || (this.time[up] === timeNs && this.order[up]! < order)) break;
      this.move(up, at);
      at = up;
    }
    this.set(at, timeNs, order, what, row);
  }

  private sink(timeNs: number, order: number, what: number, row: number): void {
    const size = this.sizes[SIZE]!;
    let at = 0;
    for (;;) {
      let down = 2 * at + 1;
      if (down >= size) break;
      if (down + 1 < size && this.before(down + 1, down)) down++;
      if (timeNs < this.time[down]! || (timeNs === this.time[down] && order < this.order[down]!)) break;
      this.move(down, at);
      at = down;
    }
    this.set(at, timeNs, order, what, row);
  }

  private before(a: number, b: number): boolean {
    return this.time[a]! < this.time[b]! || (this.time[a] === this.time[b] && this.order[a]! < this.order[b]!);
  }

  private move(from: number, to: number): void {
    this.set(to, this.time[from]!, this.order[from]!, this.what[from]!, this.row[from]!);
  }

  private set(at: number, timeNs: number, order: number, what: number, row: number): void {
    this.time[at] = timeNs;
    this.order[at] = order;
    this.what[at] = what;
    this.row[at] = row;
  }

  private grow(): void {
    const { room } = this;
    const length = 2 * this.time.length;
    this.time = filled(room.float64(length), this.time);
    this.order = filled(room.float64(length), this.order);
    this.what = filled(room.int32(length), this.what);
    this.row = filled(room.uint32(length), this.row);
  }
}

function filled<T extends { set(from: T): void }>(array: T, from: T): T {
  array.set(from);
  return array;
}
