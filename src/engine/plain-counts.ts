// Counts what went the short way (plain.ts): once for all lanes, by what it came to in each (row-classes.ts). Rows that ran when the
// trace says are only marked, and counted many at a time, while their columns are still near.
import { Histograms, TOO_LONG } from '../base/histograms.js';
import { ANYWHERE } from '../base/room.js';
import type { EventColumns } from '../model/events.js';
import { OP_COUNT, Op } from '../model/events.js';
import { Verdict } from '../model/policy.js';
import { UNKNOWN_RESULT } from '../model/units.js';
import { Heats } from './heat.js';
import type { EngineInput } from './input.js';
import type { Lane } from './lane.js';
import type { Prices } from './recipes.js';
import { MOST_CLASSES, type RowClass, RowClasses } from './row-classes.js';

/** Of a marked row: it has been counted, at another time than the trace says. */
const COUNTED = 128;
/** Rows that are counted at a time: what is read of them stays in a cache of the second level. */
const CHUNK = 4096;
const BATCH = 1024;

export class PlainCounts {
  /** By row: number of its class, 0 for none. */
  readonly rows: Uint8Array<ArrayBuffer>;
  readonly classes: RowClasses;
  /** By set of lanes: number of the class of rows that went ahead in all of them. */
  private readonly ofLanes = new Map<number, number>();
  private lastLanes = 0;
  private lastNumber = 0;
  private readonly c: EventColumns;
  private readonly prices: Prices;
  private readonly lanes: readonly Lane[];
  /** Lanes that repeat the trace. */
  private readonly recorded: number;
  /** By number of a class and op: as many as there were, how long they took, and how often the trace says it. */
  readonly latencies: Histograms;
  readonly heats: Heats;
  readonly measured: Float64Array<ArrayBuffer>;
  readonly others = new Float64Array((MOST_CLASSES + 1) * OP_COUNT);
  /** By number of a class: 1 where a lane that went ahead repeats the trace. And by number and op: rows of which the trace says how they ended. */
  readonly isCompared: Uint8Array<ArrayBuffer>;
  readonly told: Float64Array<ArrayBuffer>;
  /** The first row that was not counted yet. */
  private counted = 0;
  /** Rows that are not in `latencies` and `heats` yet: where they go, when they began, and how long they took, ns. */
  private readonly batchAt = new Uint16Array(BATCH);
  private readonly batchFromNs = new Float64Array(BATCH);
  private readonly batchNs = new Float64Array(BATCH);
  private batched = 0;

  constructor(input: EngineInput, prices: Prices, lanes: readonly Lane[], recorded: number, room = ANYWHERE) {
    this.c = input.columns;
    this.prices = prices;
    this.lanes = lanes;
    this.recorded = recorded;
    this.classes = new RowClasses(lanes.length);
    this.rows = room.uint8(this.c.rows);
    const many = (MOST_CLASSES + 1) * OP_COUNT;
    this.latencies = new Histograms(many, room);
    this.heats = new Heats(many, input.endNs, room);
    this.measured = room.float64(many);
    this.isCompared = room.uint8(MOST_CLASSES + 1);
    this.told = room.float64(many);
  }

  /** hot: a row went ahead in these lanes when the trace says; rows come in their order. */
  went(row: number, op: number, lanes: number): void {
    const number = this.freeNumber(row, lanes);
    if (number === 0) this.countEach(row, op, this.c.timeNs[row]!, lanes);
    else this.rows[row] = number;
  }

  /** hot: a row went ahead in these lanes, which came to it by themselves. */
  wentLater(row: number, op: number, nowNs: number, lanes: number): void {
    const number = this.freeNumber(row, lanes);
    if (number === 0) this.countEach(row, op, nowNs, lanes);
    else {
      this.rows[row] = number;
      this.markedLater(row, op, nowNs);
    }
  }

  /** hot: the same of a row that is marked already. */
  markedLater(row: number, op: number, nowNs: number): void {
    const number = this.rows[row]!;
    if (row >= this.counted) this.rows[row] = number | COUNTED;
    this.count(number, row, op, nowNs);
  }

  /** A row is marked once only: 0 where other lanes came before. */
  private freeNumber(row: number, lanes: number): number {
    return this.rows[row] !== 0 ? 0 : this.numberFor(lanes);
  }

  /** hot: number of the class of rows that went ahead in these lanes, and in others came to nothing; 0: one class too many. */
  numberFor(lanes: number): number {
    return lanes === this.lastLanes ? this.lastNumber : this.setOf(lanes);
  }

  /** hot: all rows before this one went what way they go; counts them, if there are enough of them. */
  passed(row: number): void {
    if (row - this.counted >= CHUNK) this.countTo(row);
  }

  /** The first row that was not counted in its time yet. */
  get before(): number {
    return this.counted;
  }

  /** The kernel has counted the rows before this one. */
  wasCounted(to: number): void {
    this.counted = to;
  }

  /** hot: counts the rows before this one. */
  countTo(to: number): void {
    const { rows } = this;
    const { op, timeNs } = this.c;
    for (let row = this.counted; row < to; row++) {
      const number = rows[row]!;
      if ((number & COUNTED) !== 0) rows[row] = number & ~COUNTED;
      else if (number !== 0) this.count(number, row, op[row]!, timeNs[row]!);
    }
    this.counted = to;
  }

  /** hot */
  count(number: number, row: number, op: number, nowNs: number): void {
    const at = number * OP_COUNT + op;
    if (this.isCompared[number] === 1 && this.c.result[row] !== UNKNOWN_RESULT) this.told[at]!++;
    const recordedNs = this.c.latencyNs[row]!;
    const ns = recordedNs >= 0 ? recordedNs : this.pricedNs(row, op);
    if (ns >= 0 && ns < TOO_LONG) {
      if (recordedNs >= 0) this.measured[at]!++;
      const i = this.batched++;
      this.batchAt[i] = at;
      this.batchFromNs[i] = nowNs;
      this.batchNs[i] = ns;
      if (this.batched === BATCH) this.record();
    } else {
      this.others[at]!++;
      const { refused, went } = this.classes.all[number]!;
      this.timeEach(op, nowNs, ns, recordedNs >= 0, went);
      refused.forEach((errno, lane) => {
        if (errno !== 0) this.lanes[lane]!.shortWay.timeRefusal(op, nowNs);
      });
    }
  }

  /** hot: histograms, heat maps and maps of blocks each have the caches to themselves for a while. */
  private record(): void {
    this.latencies.recordAll(this.batchAt, this.batchNs, this.batched);
    this.heats.recordAll(this.batchAt, this.batchFromNs, this.batchNs, this.batched);
    this.batched = 0;
  }

  /** What it would cost, where the trace does not say. */
  private pricedNs(row: number, op: number): number {
    const bytes = op === Op.truncate ? 0 : Math.max(0, this.c.length[row]!);
    return this.prices.fixedNs[op]! + this.prices.nsPerByte[op]! * bytes;
  }

  private lastedNs(row: number, op: number): number {
    const recordedNs = this.c.latencyNs[row]!;
    return recordedNs >= 0 ? recordedNs : this.pricedNs(row, op);
  }

  /** More classes than are worth counters, or lanes that come to a row later than others. */
  countEach(row: number, op: number, nowNs: number, lanes: number): void {
    for (let left = lanes; left !== 0; left &= left - 1)
      this.lanes[31 - Math.clz32(left & -left)]!.ledger.count(row, op, Verdict.proceed, 0);
    const told = this.c.result[row] !== UNKNOWN_RESULT ? 1 : 0;
    for (let left = lanes & this.recorded; left !== 0; left &= left - 1)
      this.lanes[31 - Math.clz32(left & -left)]!.fidelity!.agree(op, told, 1 - told);
    this.timeEach(op, nowNs, this.lastedNs(row, op), this.c.latencyNs[row]! >= 0, lanes);
  }

  private timeEach(op: number, nowNs: number, ns: number, measured: boolean, lanes: number): void {
    for (let left = lanes; left !== 0; left &= left - 1)
      this.lanes[31 - Math.clz32(left & -left)]!.ledger.tally.time(op, nowNs, ns, measured);
  }

  /** A row went ahead and ended with a journal commit. */
  commits(row: number, op: number, nowNs: number, lanes: number): void {
    const ns = this.lastedNs(row, op);
    for (let left = lanes; left !== 0; left &= left - 1)
      this.lanes[31 - Math.clz32(left & -left)]!.shortWay.committed(row, nowNs, ns, this.c.latencyNs[row]! >= 0);
  }

  private setOf(lanes: number): number {
    const number = this.ofLanes.get(lanes) ?? this.classFor(lanes, 0, 0);
    this.ofLanes.set(lanes, number);
    this.lastLanes = lanes;
    this.lastNumber = number;
    return number;
  }

  /** Number of what a row came to; `signature`: who was refused with what. 0: one class too many. */
  classFor(went: number, signature: number, committed: number): number {
    const number = this.classes.numberFor(went, signature, committed);
    if (number > 0 && (went & this.recorded) !== 0) this.isCompared[number] = 1;
    return number;
  }

  /** Under which what commits take is counted, in lanes that have some from now on. */
  numberOfCommits(lanes: number): number {
    for (let left = lanes; left !== 0; left &= left - 1) this.lanes[31 - Math.clz32(left & -left)]!.commits();
    return this.classes.numberOfCommits(lanes);
  }

  /** Gives each lane its share of what was counted for several. */
  finish(): void {
    this.countTo(this.c.rows);
    this.record();
    // They may lie in a memory that is much larger than they are.
    const marks = this.rows.slice();
    const { classes } = this;
    this.lanes.forEach(({ ledger }, lane) => {
      classes.all.forEach((one, number) => {
        for (let op = 0; op < OP_COUNT; op++) this.share(lane, op, one, number * OP_COUNT + op);
      });
      ledger.answers.share(
        marks,
        classes.all.map((one) => classes.answerOf(one, lane)),
      );
    });
  }

  private share(lane: number, op: number, { committed, isOfCommits, refused, went }: RowClass, at: number): void {
    const { fidelity, ledger, shortWay } = this.lanes[lane]!;
    const errno = refused[lane]!;
    if (((went >>> lane) & 1) === 1) {
      const times = ledger.share(op, Verdict.proceed, at, this);
      if (times > 0) fidelity?.agree(op, this.told[at]!, times - this.told[at]!);
    } else if (errno !== 0) ledger.shareRefused(op, errno, shortWay.refusalNs, at, this);
    else if (isOfCommits && ((committed >>> lane) & 1) === 1)
      shortWay.committedAlike(ledger.share(op, Verdict.commit, at, this));
  }
}
