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
} as const;

export class TimeQueue {
  private time = new Float64Array(64);
  private order = new Float64Array(64);
  private what = new Uint8Array(64);
  private row = new Uint32Array(64);
  private size = 0;
  private added = 0;
  /** Time of the next thing; Infinity when there is none. */
  nextNs = Number.POSITIVE_INFINITY;
  /** Filled by `take`. */
  takenWhat = 0;
  takenRow = 0;
  takenNs = 0;

  add(timeNs: number, what: number, row: number): void {
    if (this.size === this.time.length) this.grow();
    let at = this.size++;
    const order = this.added++;
    while (at > 0) {
      const up = (at - 1) >> 1;
      if (this.time[up]! < timeNs || (this.time[up] === timeNs && this.order[up]! < order)) break;
      this.move(up, at);
      at = up;
    }
    this.set(at, timeNs, order, what, row);
    this.nextNs = this.time[0]!;
  }

  /** The waiter of this operation looks again. */
  wakeAt(timeNs: number, row: number): void {
    this.add(timeNs, Later.wake, row);
  }

  /** Takes the first thing out; false when there is none. */
  take(): boolean {
    if (this.size === 0) return false;
    this.takenNs = this.time[0]!;
    this.takenWhat = this.what[0]!;
    this.takenRow = this.row[0]!;
    const last = --this.size;
    if (last > 0) this.sink(this.time[last]!, this.order[last]!, this.what[last]!, this.row[last]!);
    this.nextNs = last > 0 ? this.time[0]! : Number.POSITIVE_INFINITY;
    return true;
  }

  private sink(timeNs: number, order: number, what: number, row: number): void {
    let at = 0;
    for (;;) {
      let down = 2 * at + 1;
      if (down >= this.size) break;
      if (down + 1 < this.size && this.before(down + 1, down)) down++;
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
    const n = this.time.length * 2;
    const time = new Float64Array(n);
    const order = new Float64Array(n);
    const what = new Uint8Array(n);
    const row = new Uint32Array(n);
    time.set(this.time);
    order.set(this.order);
    what.set(this.what);
    row.set(this.row);
    this.time = time;
    this.order = order;
    this.what = what;
    this.row = row;
  }
}
