// How long an operation took in one lane: as recorded or as priced, with what it waited, committed and called for on top.
import type { EventColumns } from '../model/events.js';
import { Op } from '../model/events.js';
import { Verdict } from '../model/policy.js';
import type { Decision } from './decision.js';
import type { LaneParts } from './parts.js';

export class Bills {
  journalCommits = 0;
  private readonly parts: LaneParts;
  private readonly c: EventColumns;
  private readonly recorded: boolean;

  constructor(parts: LaneParts) {
    this.parts = parts;
    this.c = parts.columns;
    this.recorded = parts.policies.recorded;
  }

  /** Counts its time; returns by how much the wait makes the thread later than the recording, ns. */
  settleTime(d: Decision): number {
    if (d.conflict !== null) this.parts.conflicts.over(d.conflict, d.row, d.timeNs, d.waitNs);
    return d.counted ? this.account(d) : 0;
  }

  private account(d: Decision): number {
    const { ledger, plan, prices } = this.parts;
    const { row, op, verdict } = d;
    const recordedNs = this.c.latencyNs[row]!;
    const whole = op === Op.truncate ? 0 : Math.max(0, this.c.length[row]!);
    const bytes = d.insideBytes < 0 ? whole : d.insideBytes;
    let measured = recordedNs >= 0;
    const plainNs = measured ? recordedNs : prices.fixedNs[op]! + prices.nsPerByte[op]! * bytes;
    let ns = plainNs;
    if (!this.recorded) {
      const seenNs = measured && plan.hasWaited ? plan.waitedNs[d.opId]! : 0;
      if (seenNs > 0) ns = this.workAndWait(d, seenNs, recordedNs);
      const pastLease = d.lease !== null && verdict !== Verdict.deny;
      if (d.waits || d.waitNs > 0 || pastLease) {
        // The recording may hold the very wait; it is not counted twice.
        if (seenNs === 0) ns = Math.max(ns, d.waitNs + prices.fixedNs[op]!);
        const first = d.waits || verdict === Verdict.deny || pastLease;
        (first ? ledger.wait : ledger.secondary).record(d.waitNs);
        if (first) ledger.waitNs.set(row, d.waitNs);
      } else if ((verdict === Verdict.deny || d.short) && (d.result >= 0 || !measured)) {
        ns = prices.price('refuse');
        measured = false;
      }
    }
    const lateNs = Math.max(0, ns - plainNs);
    if (!this.recorded) {
      if (verdict === Verdict.commit) {
        ns += prices.price('commit');
        this.journalCommits++;
      } else if (verdict === Verdict.revoke) ns += prices.price('invalidate');
      ns += d.sealNs;
    }
    if (d.isUntold) {
      d.isUntold = false;
      const isPlain = ns === plainNs && measured === recordedNs >= 0 && d.insideBytes < 0;
      if (isPlain && !this.recorded && this.parts.wentAlike(row)) return 0;
      ledger.count(row, op, verdict, 0);
    }
    ledger.tally.time(op, d.timeNs, ns, measured);
    return d.waitNs > 0 ? lateNs : 0;
  }

  /** The recorded run was seen to wait: a wait of this lane takes its place, from the beginning of the operation on. */
  private workAndWait(d: Decision, seenNs: number, recordedNs: number): number {
    const { waitedFromNs } = this.parts.plan;
    const beforeNs = Math.max(0, waitedFromNs[d.opId]! - this.c.timeNs[d.row]!);
    return Math.max(beforeNs, d.waitNs) + Math.max(0, recordedNs - seenNs - beforeNs);
  }
}
