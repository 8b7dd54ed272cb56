// What a lane counts: verdicts, latencies, conflicts by group, the heat map. Counters are cells of typed arrays.
import { Histogram } from '../base/histogram.js';
import { OP_COUNT } from '../model/events.js';
import { VERDICT_COUNT, Verdict } from '../model/policy.js';
import { Tally } from './tally.js';

/** Beyond the kernel's (MAX_ERRNO, include/linux/err.h) and those of NFS (10000 and up, RFC 8881 section 15). */
const ERRNOS = 2 ** 14;

export class Ledger {
  readonly counts = new Float64Array(OP_COUNT * VERDICT_COUNT);
  readonly tally: Tally;
  readonly wait = new Histogram();
  readonly secondary = new Histogram();
  /** By event row of an operation that waited for pins or leases, or tried again: how long, ns. */
  readonly waitNs = new Map<number, number>();
  readonly verdicts: Uint8Array;
  /** By event row: errno of a refusal, 0 for none. */
  readonly errnos: Uint16Array;
  operations = 0;
  private readonly deniedWith = new Float64Array(ERRNOS);

  constructor(rows: number, endNs: number) {
    this.verdicts = new Uint8Array(rows);
    this.errnos = new Uint16Array(rows);
    this.tally = new Tally(endNs);
  }

  // hot
  count(row: number, op: number, verdict: number, errno: number): void {
    this.operations++;
    this.counts[op * VERDICT_COUNT + verdict]!++;
    this.verdicts[row] = verdict + 1;
    if (verdict !== Verdict.deny) return;
    this.deniedWith[errno]!++;
    this.errnos[row] = errno;
  }

  /** Refusals by errno. */
  get denied(): ReadonlyMap<number, number> {
    return new Map([...this.deniedWith.entries()].filter(([, times]) => times > 0));
  }

  /** What this lane had in common with others; `gone`: or with none of them, so that it may keep it. */
  share(tally: Tally, gone: boolean): void {
    this.tally.add(tally, gone);
    for (let op = 0; op < OP_COUNT; op++) {
      this.operations += tally.proceeded[op]!;
      this.counts[op * VERDICT_COUNT + Verdict.proceed]! += tally.proceeded[op]!;
    }
  }
}
