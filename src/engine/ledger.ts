// What a lane counts: verdicts, latencies, conflicts by group, the heat map. Counters are cells of typed arrays.
import { Histogram } from '../base/histogram.js';
import { OP_COUNT } from '../model/events.js';
import { VERDICT_COUNT, Verdict } from '../model/policy.js';
import type { ConflictGroup } from './result.js';

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

export class Ledger {
  readonly counts = new Float64Array(OP_COUNT * VERDICT_COUNT);
  readonly denied = new Map<number, number>();
  readonly latency: (Histogram | undefined)[] = new Array<Histogram | undefined>(OP_COUNT).fill(undefined);
  readonly wait = new Histogram();
  readonly secondary = new Histogram();
  /** By event row of an operation that waited for pins or leases, or tried again: how long, ns. */
  readonly waitNs = new Map<number, number>();
  /** By operation kind, HEAT_BINS x HEAT_LEVELS. */
  readonly heats: (Float64Array | undefined)[] = new Array<Float64Array | undefined>(OP_COUNT).fill(undefined);
  readonly verdicts: Uint8Array;
  readonly errnos = new Map<number, number>();
  readonly groups = new Map<string, ConflictGroup>();
  operations = 0;
  conflicts = 0;
  measured = 0;
  priced = 0;
  private readonly binNs: number;

  constructor(rows: number, endNs: number) {
    this.verdicts = new Uint8Array(rows);
    this.binNs = Math.max(1, endNs + 1) / HEAT_BINS;
  }

  // hot
  count(row: number, op: number, verdict: number, errno: number): void {
    this.operations++;
    this.counts[op * VERDICT_COUNT + verdict]!++;
    this.verdicts[row] = verdict + 1;
    if (verdict !== Verdict.deny) return;
    this.denied.set(errno, (this.denied.get(errno) ?? 0) + 1);
    this.errnos.set(row, errno);
  }

  // hot
  time(op: number, startNs: number, ns: number, measured: boolean): void {
    let histogram = this.latency[op];
    let heat = this.heats[op];
    if (histogram === undefined || heat === undefined) {
      histogram = new Histogram();
      heat = new Float64Array(HEAT_BINS * HEAT_LEVELS);
      this.latency[op] = histogram;
      this.heats[op] = heat;
    }
    histogram.record(ns);
    if (measured) this.measured++;
    else this.priced++;
    // In closed time an operation may start after the trace's end: the last bin takes it.
    const bin = Math.min(HEAT_BINS - 1, Math.floor(startNs / this.binNs));
    heat[bin * HEAT_LEVELS + heatLevel(ns)]!++;
  }

  /** Adds to the group of equal conflicts; of the first of its kind the extents are wanted. */
  conflict(key: string, first: () => ConflictGroup): { readonly group: ConflictGroup; readonly isFirst: boolean } {
    this.conflicts++;
    const known = this.groups.get(key);
    if (known !== undefined) {
      known.count++;
      return { group: known, isFirst: false };
    }
    const group = first();
    this.groups.set(key, group);
    return { group, isFirst: true };
  }
}
