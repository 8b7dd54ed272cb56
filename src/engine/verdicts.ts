// The verdict on an operation of one lane: what the table of its policy says, and what no table can: seals that are called before it,
// requests that are turned down, mappings that a broken lease took away, impatient callers.
import type { EventColumns } from '../model/events.js';
import { Flag, opSet } from '../model/events.js';
import { ERRNO, Verdict } from '../model/policy.js';
import { NONE } from '../model/units.js';
import { isFault } from './cases.js';
import type { Decision } from './decision.js';
import type { LaneParts } from './parts.js';
import { deny, writeNothing } from './refusals.js';
import { filesOf } from './waits.js';

/** Ops that ask for a claim, which a policy may turn down. */
const REQUESTS = opSet(['seal', 'mmap', 'lease', 'layout_get', 'swapon', 'address_query']);
const SIGBUS = ERRNO.SIGBUS!;
const EAGAIN = ERRNO.EAGAIN!;
const EFBIG = ERRNO.EFBIG!;
const RECALLCONFLICT = ERRNO.RECALLCONFLICT!;

export class Verdicts {
  private readonly parts: LaneParts;
  private readonly c: EventColumns;

  constructor(parts: LaneParts) {
    this.parts = parts;
    this.c = parts.columns;
  }

  decide(d: Decision): void {
    const { decider, foresight } = this.parts;
    decider.decide(d);
    // What the table refuses changes nothing.
    if (d.verdict !== Verdict.deny && foresight?.refuses(d) === true) deny(d, isFault(d.op) ? SIGBUS : ERRNO.ETXTBSY!);
  }

  /** Seals that an application would have called before this operation; what they cost. */
  sealsBefore(d: Decision): number {
    const { claims } = this.parts;
    const there = this.fileOf(d.second);
    const here = d.file === NONE ? 0 : claims.sealBefore(d.row, d.file, d.pid, d.timeNs);
    return there === NONE ? here : here + claims.sealBefore(d.second, there, d.pid, d.timeNs);
  }

  /** What the table cannot say: requests that are turned down, mappings that a broken lease took away, impatient callers. */
  amend(d: Decision): void {
    const { claims, policies } = this.parts;
    if (isFault(d.op)) {
      if (claims.barsFault(d)) deny(d, SIGBUS);
      else if (d.verdict === Verdict.proceed && claims.commitsFault(d)) d.verdict = Verdict.commit;
      const { breaks } = policies.of(d.file);
      if (breaks?.faultsBreak === true && d.verdict === Verdict.deny && !d.beyond)
        claims.breaks.startBreak(d.file, d.askedNs);
    } else if (REQUESTS[d.op] === 1) {
      const refusal = claims.turnsDown(d);
      if (refusal !== 0) deny(d, refusal);
      if (refusal === RECALLCONFLICT) claims.breaks.startBreak(d.file, d.askedNs, d.pid);
    }
    if (d.errno === EFBIG && policies.of(d.file).shortWrites === 'nothing') writeNothing(d);
    if (d.verdict !== Verdict.recall || (d.flags & Flag.nowait) === 0) return;
    // Who will not wait is told so, and the break starts all the same.
    this.startBreaks(d);
    deny(d, EAGAIN);
  }

  startBreaks(d: Decision): void {
    for (const file of filesOf(d)) this.parts.claims.breaks.startBreak(file, d.askedNs);
  }

  private fileOf(row: number): number {
    return row < 0 ? NONE : this.c.file[row]!;
  }
}
