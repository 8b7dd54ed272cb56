// Counters of the operations of one lane: how many of each kind went ahead, and how long they took.
import { Histogram } from '../base/histogram.js';
import { OP_COUNT } from '../model/events.js';
import { binNsOf, heatCell, newHeat } from './heat.js';

/** Latencies of one kind of operation: their histogram, and by time. */
interface Latencies {
  readonly histogram: Histogram;
  /** HEAT_BINS x HEAT_LEVELS. */
  readonly heat: Uint32Array;
}

export class Tally {
  measured = 0;
  priced = 0;
  readonly ofOp: (Latencies | undefined)[] = new Array<Latencies | undefined>(OP_COUNT).fill(undefined);
  private readonly binNs: number;

  constructor(endNs: number) {
    this.binNs = binNsOf(endNs);
  }

  // hot
  time(op: number, startNs: number, ns: number, measured: boolean): void {
    const { histogram, heat } = this.of(op);
    histogram.record(ns);
    if (measured) this.measured++;
    else this.priced++;
    heat[heatCell(startNs, this.binNs, ns)]!++;
  }

  of(op: number): Latencies {
    return this.ofOp[op] ?? this.open(op);
  }

  private open(op: number): Latencies {
    const fresh = { histogram: new Histogram(), heat: newHeat() };
    this.ofOp[op] = fresh;
    return fresh;
  }
}
