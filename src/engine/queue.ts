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

/** `what` in the lowest bits of an item, the row above them. */
export const WHATS = 16;

/** Places in `head`: how many things there are; how many ever were; whether the first place is free; the time of the next thing. */
const SIZE = 0;
const ADDED = 1;
const OPEN = 2;
const NEXT_NS = 3;

export class TimeQueue {
  time: Float64Array<ArrayBuffer>;
  order: Float64Array<ArrayBuffer>;
  item: Float64Array<ArrayBuffer>;
  /**
   * Numbers at places that the kernel knows as well. The first place is free when something was taken: that is mostly followed by
   * something new (a late thread's next row), which goes in there.
   */
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
    this.item = room.float64(64);
    this.head = room.float64(4);
    this.head[NEXT_NS] = Number.POSITIVE_INFINITY;
  }

  /** Time of the next thing; Infinity when there is none. */
  get nextNs(): number {
    return this.head[NEXT_NS]!;
  }

  add(timeNs: number, what: number, row: number): void {
    const { head } = this;
    const order = head[ADDED]!++;
    const item = row * WHATS + what;
    if (head[OPEN] === 1) {
      head[OPEN] = 0;
      this.sink(timeNs, order, item);
    } else this.rise(timeNs, order, item);
    head[NEXT_NS] = this.time[0]!;
  }

  /** The waiter of this operation looks again. */
  wakeAt(timeNs: number, row: number): void {
    this.add(timeNs, Later.wake, row);
  }

  /** Takes the first thing out; false when there is none. */
  take(): boolean {
    const { head } = this;
    if (head[OPEN] === 1) this.close();
    const { item, time } = this;
    const size = head[SIZE]!;
    if (size === 0) return false;
    this.takenNs = time[0]!;
    this.takenRow = Math.floor(item[0]! / WHATS);
    this.takenWhat = item[0]! - this.takenRow * WHATS;
    head[OPEN] = 1;
    if (size === 1) head[NEXT_NS] = Number.POSITIVE_INFINITY;
    else head[NEXT_NS] = size > 2 && time[2]! < time[1]! ? time[2]! : time[1]!;
    return true;
  }

  private close(): void {
    this.head[OPEN] = 0;
    const last = --this.head[SIZE]!;
    if (last > 0) this.sink(this.time[last]!, this.order[last]!, this.item[last]!);
  }

  private rise(timeNs: number, order: number, item: number): void {
    if (this.head[SIZE] === this.time.length) this.grow();
    let at = this.head[SIZE]!++;
    while (at > 0) {
      const up = (at - 1) >> 1;
      if (this.time[up]! < timeNs || (this.time[up] === timeNs && this.order[up]! < order)) break;
      this.set(at, this.time[up]!, this.order[up]!, this.item[up]!);
      at = up;
    }
    this.set(at, timeNs, order, item);
  }

  private sink(timeNs: number, order: number, item: number): void {
    const size = this.head[SIZE]!;
    let at = 0;
    for (;;) {
      let down = 2 * at + 1;
      if (down >= size) break;
      if (down + 1 < size && this.before(down + 1, down)) down++;
      if (timeNs < this.time[down]! || (timeNs === this.time[down] && order < this.order[down]!)) break;
      this.set(at, this.time[down]!, this.order[down]!, this.item[down]!);
      at = down;
    }
    this.set(at, timeNs, order, item);
  }

  private before(a: number, b: number): boolean {
    return this.time[a]! < this.time[b]! || (this.time[a] === this.time[b] && this.order[a]! < this.order[b]!);
  }

  private set(at: number, timeNs: number, order: number, item: number): void {
    this.time[at] = timeNs;
    this.order[at] = order;
    this.item[at] = item;
  }

  private grow(): void {
    this.time = this.doubled(this.time);
    this.order = this.doubled(this.order);
    this.item = this.doubled(this.item);
  }

  private doubled(old: Float64Array): Float64Array<ArrayBuffer> {
    const bigger = this.room.float64(2 * old.length);
    bigger.set(old);
    return bigger;
  }
}
