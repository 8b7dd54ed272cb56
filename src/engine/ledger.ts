// What a lane counts: verdicts, latencies, conflicts by group, the heat map. Counters are cells of typed arrays.
import { Histogram } from '../base/histogram.js';
import { OP_COUNT } from '../model/events.js';
import { VERDICT_COUNT, Verdict } from '../model/policy.js';
import type { ConflictGroup } from './result.js';
import { Tally } from './tally.js';

export class Ledger {
  readonly counts = new Float64Array(OP_COUNT * VERDICT_COUNT);
  readonly denied = new Map<number, number>();
  readonly tally: Tally;
  readonly wait = new Histogram();
  readonly secondary = new Histogram();
  /** By event row of an operation that waited for pins or leases, or tried again: how long, ns. */
  readonly waitNs = new Map<number, number>();
  readonly verdicts: Uint8Array;
  readonly errnos = new Map<number, number>();
  readonly groups = new Map<string, ConflictGroup>();
  operations = 0;
  conflicts = 0;

  constructor(rows: number, endNs: number) {
    this.verdicts = new Uint8Array(rows);
    this.tally = new Tally(endNs);
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

  /** What this lane had in common with others. */
  share(tally: Tally): void {
    this.tally.add(tally);
    for (let op = 0; op < OP_COUNT; op++) {
      this.operations += tally.proceeded[op]!;
      this.counts[op * VERDICT_COUNT + Verdict.proceed]! += tally.proceeded[op]!;
    }
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
