// Things that happen later in replayed time: a binary heap of (time, what, row) in typed arrays. Equal times keep order.

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
const WHATS = 16;

export class TimeQueue {
  private time = new Float64Array(64);
  private order = new Float64Array(64);
  private item = new Float64Array(64);
  private size = 0;
  private added = 0;
  /** The first place is free: what is taken is mostly followed by something new (a late thread's next row), which goes in there. */
  private isOpen = false;
  /** Time of the next thing; Infinity when there is none. */
  nextNs = Number.POSITIVE_INFINITY;
  /** Filled by `take`. */
  takenWhat = 0;
  takenRow = 0;
  takenNs = 0;

  add(timeNs: number, what: number, row: number): void {
    const order = this.added++;
    const item = row * WHATS + what;
    if (this.isOpen) {
      this.isOpen = false;
      this.sink(timeNs, order, item);
    } else this.rise(timeNs, order, item);
    this.nextNs = this.time[0]!;
  }

  /** The waiter of this operation looks again. */
  wakeAt(timeNs: number, row: number): void {
    this.add(timeNs, Later.wake, row);
  }

  /** Takes the first thing out; false when there is none. */
  take(): boolean {
    if (this.isOpen) this.close();
    const { item, size, time } = this;
    if (size === 0) return false;
    this.takenNs = time[0]!;
    this.takenRow = Math.floor(item[0]! / WHATS);
    this.takenWhat = item[0]! - this.takenRow * WHATS;
    this.isOpen = true;
    if (size === 1) this.nextNs = Number.POSITIVE_INFINITY;
    else this.nextNs = size > 2 && time[2]! < time[1]! ? time[2]! : time[1]!;
    return true;
  }

  private close(): void {
    this.isOpen = false;
    const last = --this.size;
    if (last > 0) this.sink(this.time[last]!, this.order[last]!, this.item[last]!);
  }

  private rise(timeNs: number, order: number, item: number): void {
    if (this.size === this.time.length) this.grow();
    let at = this.size++;
    while (at > 0) {
      const up = (at - 1) >> 1;
      if (this.time[up]! < timeNs || (this.time[up] === timeNs && this.order[up]! < order)) break;
      this.set(at, this.time[up]!, this.order[up]!, this.item[up]!);
      at = up;
    }
    this.set(at, timeNs, order, item);
  }

  private sink(timeNs: number, order: number, item: number): void {
    let at = 0;
    for (;;) {
      let down = 2 * at + 1;
      if (down >= this.size) break;
      if (down + 1 < this.size && this.before(down + 1, down)) down++;
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
    this.time = doubled(this.time);
    this.order = doubled(this.order);
    this.item = doubled(this.item);
  }
}

function doubled(old: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const bigger = new Float64Array(2 * old.length);
  bigger.set(old);
  return bigger;
}
