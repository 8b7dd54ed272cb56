// The latencies a trace measured itself, by operation kind: exact quantiles of the recorded durations, not of buckets.
// simple-statistics' quantiles are those of Hyndman and Fan's type 7, as in most statistics programs.
import { medianAbsoluteDeviation, quantileSorted } from 'simple-statistics';
import type { ByteStore } from '../base/byte-store.js';
import { RankedNumbers } from '../base/ranked-numbers.js';
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
  private readonly byOp: readonly RankedNumbers[];

  /** `store`: for those of a long trace. */
  constructor(store: ByteStore) {
    this.byOp = OPS.map(() => new RankedNumbers(store));
  }

  add({ rows, op, flags, latencyNs }: EventColumns): void {
    for (let row = 0; row < rows; row++) {
      if (latencyNs[row]! < 0 || (flags[row]! & (Flag.second | Flag.synthetic)) !== 0) continue;
      this.byOp[op[row]!]!.add(latencyNs[row]!);
    }
  }

  measured(): Record<string, Measured> {
    const filled = OPS.flatMap((name, code) => {
      const values = this.byOp[code]!;
      return values.count === 0 ? [] : [[name, measured(values)] as const];
    });
    return Object.fromEntries(filled);
  }
}

function measured(values: RankedNumbers): Measured {
  const { count } = values;
  const step = Math.ceil(count / SAMPLE);
  const sampled = Array.from({ length: Math.ceil(count / step) }, (_, i) => i * step);
  const around = [0.5, 0.99].flatMap((part) => [Math.floor((count - 1) * part), Math.ceil((count - 1) * part)]);
  const ranks = Float64Array.from([...sampled, ...around, count - 1]).sort();
  const found = values.at(ranks);
  // As if all were there in their order: only these places of it are looked at.
  const sorted: Record<number, number> & { length: number } = { length: count };
  for (const [i, rank] of ranks.entries()) sorted[rank] = found[i]!;
  const quantile = (part: number): number => Math.round(quantileSorted(sorted as unknown as number[], part));
  return {
    count,
    p50Ns: quantile(0.5),
    p99Ns: quantile(0.99),
    maxNs: sorted[count - 1]!,
    madNs: Math.round(medianAbsoluteDeviation(sampled.map((rank) => sorted[rank]!))),
  };
}
