// Counters of operations that several lanes had in common: kept once for each set of lanes, and added to each of them in the end.
import { Histogram } from '../base/histogram.js';
import { OP_COUNT } from '../model/events.js';

/** Time bins over the trace's span, and latency levels: two per power of two from 1 ns up. */
export const HEAT_BINS = 96;
export const HEAT_LEVELS = 84;

/** Upper bound of a heat level, ns. */
export const heatUpperNs = (level: number): number => (level & 1 ? 2 ** ((level + 1) / 2) : 1.5 * 2 ** (level / 2));

/** Level of a latency: power of two, and whether it lies in its upper half. */
export function heatLevel(ns: number): number {
  if (ns < 1) return 0;
  if (ns < 2147483648) {
    const power = 31 - Math.clz32(ns);
    // Above 1 ns the middle between two powers is whole: the bit below the highest tells the half.
    return power === 0 ? (ns >= 1.5 ? 1 : 0) : power * 2 + (((ns | 0) >>> (power - 1)) & 1);
  }
  const power = 62 - Math.clz32(ns / 2147483648);
  const level = power * 2 + (ns >= 1.5 * 2 ** power ? 1 : 0);
  return level < HEAT_LEVELS ? level : HEAT_LEVELS - 1;
}

/** Latencies of one kind of operation: their histogram, and by time. */
interface Latencies {
  readonly histogram: Histogram;
  /** HEAT_BINS x HEAT_LEVELS. */
  readonly heat: Float64Array;
}

export class Tally {
  /** By op code: operations that went ahead at once. */
  readonly proceeded = new Float64Array(OP_COUNT);
  /** Operations on ranges whose map the trace does not tell. */
  uncertain = 0;
  measured = 0;
  priced = 0;
  readonly ofOp: (Latencies | undefined)[] = new Array<Latencies | undefined>(OP_COUNT).fill(undefined);
  private readonly binNs: number;

  constructor(endNs: number) {
    this.binNs = Math.max(1, endNs + 1) / HEAT_BINS;
  }

  // hot
  time(op: number, startNs: number, ns: number, measured: boolean): void {
    const { histogram, heat } = this.ofOp[op] ?? this.open(op);
    histogram.record(ns);
    if (measured) this.measured++;
    else this.priced++;
    // In closed time an operation may start after the trace's end: the last bin takes it.
    const bin = Math.min(HEAT_BINS - 1, Math.floor(startNs / this.binNs));
    heat[bin * HEAT_LEVELS + heatLevel(ns)]!++;
  }

  /** hot: operations of one kind that went ahead, with latencies below 2^31 ns: those of a batch that `order` names from `from` up to `to`. */
  timeAll(op: number, starts: Float64Array, values: Float64Array, order: Uint16Array, from: number, to: number): void {
    const { histogram, heat } = this.ofOp[op] ?? this.open(op);
    this.proceeded[op]! += to - from;
    histogram.recordAll(values, order, from, to);
    const { binNs } = this;
    for (let i = from; i < to; i++) {
      const at = order[i]!;
      const bin = Math.min(HEAT_BINS - 1, Math.floor(starts[at]! / binNs));
      heat[bin * HEAT_LEVELS + heatLevel(values[at]!)]!++;
    }
  }

  /** `gone`: nobody looks at the other any more, so that what it has may be taken over as it is. */
  add(other: Tally, gone: boolean): void {
    for (let op = 0; op < OP_COUNT; op++) {
      this.proceeded[op]! += other.proceeded[op]!;
      const theirs = other.ofOp[op];
      if (theirs === undefined) continue;
      if (gone && this.ofOp[op] === undefined) {
        this.ofOp[op] = theirs;
        continue;
      }
      const { histogram, heat } = this.ofOp[op] ?? this.open(op);
      histogram.add(theirs.histogram);
      for (let i = 0; i < heat.length; i++) heat[i]! += theirs.heat[i]!;
    }
    this.uncertain += other.uncertain;
    this.measured += other.measured;
    this.priced += other.priced;
  }

  private open(op: number): Latencies {
    const fresh = { histogram: new Histogram(), heat: new Float64Array(HEAT_BINS * HEAT_LEVELS) };
    this.ofOp[op] = fresh;
    return fresh;
  }
}
