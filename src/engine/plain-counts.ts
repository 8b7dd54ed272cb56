// Counts what went the short way (plain.ts): once for all lanes that went together, in batches, kind by kind.
import type { EventColumns } from '../model/events.js';
import { Op } from '../model/events.js';
import { Verdict } from '../model/policy.js';
import type { EngineInput } from './input.js';
import type { Lane } from './lane.js';
import type { Prices } from './recipes.js';
import { Tally } from './tally.js';

/** Sets of lanes that have a tally of their own; a set more is counted lane by lane. */
const MOST_SETS = 40;
const BATCH = 1024;
/** Of a key in a batch: the trace says how long it lasted. */
const MEASURED = 128;
/** Latencies from here on, 2 s and more, are counted one by one, ns. */
const LONG = 2 ** 31;
const ONE_EACH = 0x01010101;

/** A set of lanes that went the short way together. */
interface Together {
  readonly lanes: number;
  readonly tally: Tally;
  /** In `PlainCounts.together`. */
  readonly number: number;
}

export class PlainCounts {
  /** By row: number of the set of lanes that went the short way, 0 for none. */
  private readonly rows: Uint8Array;
  private readonly together: Together[] = [];
  private readonly ofLanes = new Map<number, Together>();
  private last: Together | null = null;
  private readonly c: EventColumns;
  private readonly prices: Prices;
  private readonly lanes: readonly Lane[];
  private readonly endNs: number;
  /** Lanes that repeat the trace. */
  private readonly recorded: number;
  /** Of rows that lanes went through together and that are not counted yet: set of lanes, op, and whether measured; when, and how long, ns. */
  private readonly batchKey = new Uint16Array(BATCH);
  private readonly batchNs = new Float64Array(BATCH);
  private readonly batchLastedNs = new Float64Array(BATCH);
  private batched = 0;
  /** By key: how many of the batch, and where they are in `order`. */
  private readonly times = new Uint16Array((MOST_SETS + 1) << 8);
  private readonly batchAt = new Uint16Array((MOST_SETS + 1) << 8);
  private readonly order = new Uint16Array(BATCH);
  private readonly used = new Uint16Array(BATCH);

  constructor(input: EngineInput, prices: Prices, lanes: readonly Lane[], recorded: number) {
    this.c = input.columns;
    this.prices = prices;
    this.lanes = lanes;
    this.endNs = input.endNs;
    this.recorded = recorded;
    this.rows = new Uint8Array(this.c.rows);
  }

  /** hot: a row went ahead in these lanes. */
  went(row: number, op: number, nowNs: number, lanes: number): void {
    let together = this.last;
    if (together === null || together.lanes !== lanes) {
      together = this.setOf(lanes);
      this.last = together;
    }
    const ns = this.lastedNs(row, op);
    if (together === null || this.rows[row] !== 0 || !(ns >= 0 && ns < LONG)) this.countEach(row, op, nowNs, lanes);
    else {
      const i = this.batched++;
      this.rows[row] = together.number;
      this.batchKey[i] = (together.number << 8) | op | (this.c.latencyNs[row]! >= 0 ? MEASURED : 0);
      this.batchNs[i] = nowNs;
      this.batchLastedNs[i] = ns;
      if (this.batched === BATCH) this.countBatch();
    }
    const recorded = lanes & this.recorded;
    if (recorded !== 0) this.compare(row, op, recorded);
  }

  /** hot: counters and maps each have the caches to themselves for a while, and so has each kind of operation. */
  private countBatch(): void {
    const { batchAt, batched, batchKey, batchLastedNs, batchNs, order, times, together, used } = this;
    let keys = 0;
    for (let i = 0; i < batched; i++) if (times[batchKey[i]!]!++ === 0) used[keys++] = batchKey[i]!;
    let at = 0;
    for (let k = 0; k < keys; k++) {
      batchAt[used[k]!] = at;
      at += times[used[k]!]!;
    }
    for (let i = 0; i < batched; i++) order[batchAt[batchKey[i]!]!++] = i;
    for (let k = 0; k < keys; k++) {
      const key = used[k]!;
      const to = batchAt[key]!;
      const { tally } = together[(key >>> 8) - 1]!;
      tally.timeAll(key & 127, batchNs, batchLastedNs, order, to - times[key]!, to);
      if ((key & MEASURED) !== 0) tally.measured += times[key]!;
      else tally.priced += times[key]!;
      times[key] = 0;
    }
    this.batched = 0;
  }

  /** As recorded, or what it would cost. */
  private lastedNs(row: number, op: number): number {
    const recordedNs = this.c.latencyNs[row]!;
    if (recordedNs >= 0) return recordedNs;
    const bytes = op === Op.truncate ? 0 : Math.max(0, this.c.length[row]!);
    return this.prices.fixedNs[op]! + this.prices.nsPerByte[op]! * bytes;
  }

  /** More sets of lanes than are worth a tally, or lanes that come to a row later than others. */
  private countEach(row: number, op: number, nowNs: number, lanes: number): void {
    const ns = this.lastedNs(row, op);
    for (let left = lanes; left !== 0; left &= left - 1) {
      const { ledger } = this.lanes[31 - Math.clz32(left & -left)]!;
      ledger.count(row, op, Verdict.proceed, 0);
      ledger.tally.time(op, nowNs, ns, this.c.latencyNs[row]! >= 0);
    }
  }

  /** A row went ahead and ended with a journal commit. */
  commits(row: number, op: number, nowNs: number, lanes: number): void {
    const ns = this.lastedNs(row, op);
    for (let left = lanes; left !== 0; left &= left - 1)
      this.lanes[31 - Math.clz32(left & -left)]!.committed(row, nowNs, ns, this.c.latencyNs[row]! >= 0);
  }

  private setOf(lanes: number): Together | null {
    const known = this.ofLanes.get(lanes);
    if (known !== undefined) return known;
    if (this.together.length === MOST_SETS) return null;
    const fresh = { lanes, tally: new Tally(this.endNs), number: this.together.length + 1 };
    this.together.push(fresh);
    this.ofLanes.set(lanes, fresh);
    return fresh;
  }

  /** Gives each lane its share of what was counted for several. */
  finish(): void {
    this.countBatch();
    for (const { lanes, tally } of this.together)
      for (let left = lanes; left !== 0; left &= left - 1)
        this.lanes[31 - Math.clz32(left & -left)]!.ledger.share(tally, lanes === (left & -left));
    this.lanes.forEach(({ ledger: { verdicts } }, lane) => {
      const isIn = Uint8Array.from([0, ...this.together.map(({ lanes }) => (lanes >>> lane) & 1)]);
      proceed(verdicts, this.rows, isIn);
    });
  }

  private compare(row: number, op: number, lanes: number): void {
    for (let left = lanes; left !== 0; left &= left - 1)
      this.lanes[31 - Math.clz32(left & -left)]!.fidelity!.agrees(op, this.c.result[row]!);
  }
}

/** hot: the verdict of rows that a lane went through with others: `isIn` by number of the set. Mostly four rows in a row are alike. */
function proceed(verdicts: Uint8Array, rows: Uint8Array, isIn: Uint8Array): void {
  const verdict = Verdict.proceed + 1;
  const whole = rows.length >>> 2;
  const fours = new Uint32Array(rows.buffer, rows.byteOffset, whole);
  const verdictFours = new Uint32Array(verdicts.buffer, verdicts.byteOffset, whole);
  const each = (from: number, to: number): void => {
    for (let row = from; row < to; row++) if (isIn[rows[row]!] === 1) verdicts[row] = verdict;
  };
  for (let i = 0; i < whole; i++) {
    const four = fours[i]!;
    if (four === 0) continue;
    if (four !== (four & 255) * ONE_EACH) each(4 * i, 4 * i + 4);
    else if (isIn[four & 255] === 1) verdictFours[i] = verdict * ONE_EACH;
  }
  each(4 * whole, rows.length);
}
