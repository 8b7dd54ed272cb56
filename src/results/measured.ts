// The latencies a trace measured itself, by operation kind: exact quantiles of the recorded durations, not of buckets.
// simple-statistics' quantiles are those of Hyndman and Fan's type 7, as in most statistics programs.
import { medianAbsoluteDeviation, quantileSorted } from 'simple-statistics';
import { Flag, OPS } from '../model/events.js';
import type { Trace } from '../model/trace.js';

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

export function measuredLatencies({ columns }: Trace): Record<string, Measured> {
  const { op, flags, latencyNs } = columns;
  const byOp: number[][] = OPS.map(() => []);
  for (let row = 0; row < columns.rows; row++) {
    if (latencyNs[row]! < 0 || (flags[row]! & (Flag.second | Flag.synthetic)) !== 0) continue;
    byOp[op[row]!]!.push(latencyNs[row]!);
  }
  const filled = OPS.flatMap((name, code) => (byOp[code]!.length === 0 ? [] : [[name, byOp[code]!] as const]));
  return Object.fromEntries(filled.map(([name, values]) => [name, measured(values)]));
}

function measured(values: number[]): Measured {
  values.sort((a, b) => a - b);
  const step = Math.ceil(values.length / SAMPLE);
  const sample = step === 1 ? values : values.filter((_, i) => i % step === 0);
  return {
    count: values.length,
    p50Ns: Math.round(quantileSorted(values, 0.5)),
    p99Ns: Math.round(quantileSorted(values, 0.99)),
    maxNs: values.at(-1)!,
    madNs: Math.round(medianAbsoluteDeviation(sample)),
  };
}
