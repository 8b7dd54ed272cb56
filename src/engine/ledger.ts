// What a lane counts: verdicts, latencies, conflicts by group, the heat map. Counters are cells of typed arrays.
import { Histogram } from '../base/histogram.js';
import type { Histograms } from '../base/histograms.js';
import { OP_COUNT } from '../model/events.js';
import { VERDICT_COUNT, Verdict } from '../model/policy.js';
import { Answers } from './answers.js';
import { type Heats, heatLevel } from './heat.js';
import { Tally } from './tally.js';

/** Beyond the kernel's (MAX_ERRNO, include/linux/err.h) and those of NFS (10000 and up, RFC 8881 section 15). */
const ERRNOS = 2 ** 14;

/** What several lanes have in common, by a number. */
export interface Shared {
  readonly latencies: Histograms;
  readonly heats: Heats;
  /** Of `latencies`: those that the trace says. */
  readonly measured: Float64Array;
  /** Operations whose latencies are counted elsewhere. */
  readonly others: Float64Array;
}

export class Ledger {
  readonly counts = new Float64Array(OP_COUNT * VERDICT_COUNT);
  readonly tally: Tally;
  readonly wait = new Histogram();
  readonly secondary = new Histogram();
  /** By event row of an operation that waited for pins or leases, or tried again: how long, ns. */
  readonly waitNs = new Map<number, number>();
  readonly answers: Answers;
  operations = 0;
  private readonly deniedWith = new Float64Array(ERRNOS);

  constructor(rows: number, endNs: number) {
    this.answers = new Answers(rows);
    this.tally = new Tally(endNs);
  }

  // hot
  count(row: number, op: number, verdict: number, errno: number): void {
    this.operations++;
    this.counts[op * VERDICT_COUNT + verdict]!++;
    const isDenied = verdict === Verdict.deny;
    this.answers.set(row, verdict, isDenied ? errno : 0);
    if (isDenied) this.deniedWith[errno]!++;
  }

  /** Refusals by errno. */
  get denied(): ReadonlyMap<number, number> {
    const denied = new Map<number, number>();
    for (let errno = 0; errno < ERRNOS; errno++) {
      const times = this.deniedWith[errno]!;
      if (times > 0) denied.set(errno, times);
    }
    return denied;
  }

  /** Operations of one kind that went ahead or ended with a commit, in this lane as in others; returns how many. */
  share(op: number, verdict: number, at: number, { latencies, heats, measured, others }: Shared): number {
    const { tally } = this;
    const recorded = latencies.times[at]!;
    const times = recorded + others[at]!;
    this.operations += times;
    this.counts[op * VERDICT_COUNT + verdict]! += times;
    tally.measured += measured[at]!;
    tally.priced += recorded - measured[at]!;
    if (recorded > 0) {
      const { histogram, heat } = tally.of(op);
      latencies.addTo(histogram, at);
      heats.addTo(heat, at);
    }
    return times;
  }

  /** Operations of one kind that were refused here, each in its time, whatever they took elsewhere. */
  shareRefused(op: number, errno: number, refusalNs: number, at: number, { latencies, heats, others }: Shared): void {
    const recorded = latencies.times[at]!;
    const times = recorded + others[at]!;
    this.operations += times;
    this.counts[op * VERDICT_COUNT + Verdict.deny]! += times;
    this.deniedWith[errno]! += times;
    this.tally.priced += recorded;
    if (recorded === 0) return;
    const { histogram, heat } = this.tally.of(op);
    histogram.recordTimes(refusalNs, recorded);
    heats.addAt(heat, at, heatLevel(refusalNs));
  }
}
