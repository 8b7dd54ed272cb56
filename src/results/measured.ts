// The latencies a trace measured itself, by operation kind: exact quantiles of the recorded durations, not of buckets.
// simple-statistics' quantiles are those of Hyndman and Fan's type 7, as in most statistics programs.
import { medianAbsoluteDeviation, quantileSorted } from 'simple-statistics';
import { Columns } from '../base/columns.js';
import { type EventColumns, Flag, OPS } from '../model/events.js';

export interface Measured {
  readonly count: number;
  readonly p50Ns: number;
  readonly p99Ns: number;
  readonly maxNs: number;
  /** Median distance from the median: the spread that a few slow calls cannot move. */
  readonly madNs: number;
}

/** The deviation of more values than this would take longer than it is worth; an even sample of them is taken. */
const SAMPLE = 20_000;

/** Collects the latencies of a trace, piece by piece. */
export class Latencies {
  private readonly byOp = OPS.map(() => new Columns({ ns: Float64Array }, 16));

  add({ rows, op, flags, latencyNs }: EventColumns): void {
    for (let row = 0; row < rows; row++) {
      if (latencyNs[row]! < 0 || (flags[row]! & (Flag.second | Flag.synthetic)) !== 0) continue;
      const values = this.byOp[op[row]!]!;
      const place = values.add();
      values.at.ns[place] = latencyNs[row]!;
    }
  }

  measured(): Record<string, Measured> {
    const filled = OPS.flatMap((name, code) => {
      const { ns } = this.byOp[code]!.view();
      return ns.length === 0 ? [] : [[name, measured(ns)] as const];
    });
    return Object.fromEntries(filled);
  }
}

function measured(values: Float64Array): Measured {
  values.sort();
  const step = Math.ceil(values.length / SAMPLE);
  const sample = Array.from({ length: Math.ceil(values.length / step) }, (_, i) => values[i * step]!);
  // It only looks at single places of it.
  const sorted = values as unknown as number[];
  return {
    count: values.length,
    p50Ns: Math.round(quantileSorted(sorted, 0.5)),
    p99Ns: Math.round(quantileSorted(sorted, 0.99)),
    maxNs: values.at(-1)!,
    madNs: Math.round(medianAbsoluteDeviation(sample)),
  };
}
