// What comes of an operation once it is decided: it is carried out, in maps and claims, or refused, and what its application does then.
import type { EventColumns } from '../model/events.js';
import { Flag, Op } from '../model/events.js';
import { Case, Verdict } from '../model/policy.js';
import { NONE } from '../model/units.js';
import { reachOf } from './cases.js';
import type { Coherence } from './coherence.js';
import { Decision } from './decision.js';
import { unlinkedBy } from './file-sizes.js';
import type { LaneParts } from './parts.js';
import { retries, sealErrno } from './refusals.js';
import { filesOf } from './waits.js';

const NONE_LIFTED: readonly number[] = [];

export class Outcomes {
  private readonly parts: LaneParts;
  private readonly c: EventColumns;
  private readonly recorded: boolean;

  constructor(parts: LaneParts) {
    this.parts = parts;
    this.c = parts.columns;
    this.recorded = parts.policies.recorded;
  }

  /** The operation runs now, as far as it was let through. */
  carryOut(d: Decision, nowNs: number): void {
    const { claims, coherence, devices, fates, files, leases, plan, sizes } = this.parts;
    const { file, verdict, opId } = d;
    const failed = d.result < 0;
    const retried = verdict === Verdict.deny && d.retried;
    const lifted = verdict === Verdict.deny && !retried ? this.lift(d, nowNs) : NONE_LIFTED;
    const refused = verdict === Verdict.deny && !this.recorded && !retried && lifted.length === 0;
    if (refused || d.short) return this.refuse(d, nowNs);
    // The recording refused what this policy lets through: what it would have done is not in the trace.
    if (!this.recorded && failed && sealErrno(-d.result) && d.operationCase >= 0) fates.diverge(opId);
    this.revoke(d);
    if (verdict === Verdict.commit) {
      // Whatever was uncommitted goes with it, and so does what the call itself changes.
      fates.commit(opId);
      files.commit(file);
    }
    if (d.frees && verdict < Verdict.revoke && !this.recorded && !failed) devices.freed(d);
    if (!failed) {
      if (d.insideBytes >= 0) this.writeInside(d, nowNs);
      else if (file !== NONE && plan.observed[file] === 0) this.model(d, nowNs);
      else if (file !== NONE) sizes.later(d.row, d.op, file, nowNs);
      if ((d.flags & Flag.raw) !== 0) devices.raw(d, nowNs);
      if (coherence !== null) this.handOver(d, coherence);
      claims.take(d, nowNs);
      if (!this.recorded) leases.see(d, nowNs);
    }
    this.sealAgain(d, lifted, nowNs);
  }

  /** Devices on demand lose their translation, also where something stronger was decided than that. */
  private revoke(d: Decision): void {
    const { revocations } = this.parts.claims;
    for (const row of [d.row, d.second]) {
      const about = revocations.takenFrom(d, row);
      if (about === undefined) continue;
      revocations.revoke(this.c.file[row]!, about);
      if (d.verdict !== Verdict.revoke) d.sealNs += this.parts.prices.price('invalidate');
    }
  }

  /** The CPU takes over what devices stored, leaves what it stores; what an operation takes away nobody meets any more. */
  private handOver(d: Decision, coherence: Coherence): void {
    d.sealNs += coherence.ran(d);
    const gone = unlinkedBy(this.c, d.row);
    for (const row of d.frees ? [d.row, d.second] : [gone]) {
      const file = this.fileOf(row);
      if (file === NONE) continue;
      const { from, to } = reachOf(this.c, row, this.parts.files.sizeOf(file));
      coherence.forget(file, from, to);
    }
  }

  /** A write that ends where the file does: no block is added, and the rest of what the recording shows is not done. */
  private writeInside(d: Decision, nowNs: number): void {
    const { applyModel, fates, files, plan } = this.parts;
    files.strayed = true;
    fates.cut(d.opId, this.c.offset[d.row]! + d.insideBytes);
    if (plan.observed[d.file] === 0) applyModel(d.row, nowNs, false, d.insideBytes);
    else files.divergeBy(d.file, d.row);
  }

  /** A long-term pin was refused to an application that knows another way (on_refused_pin). */
  fallsBack({ operationCase, verdict, file, result }: Decision): boolean {
    if (operationCase !== Case.pin_long || verdict !== Verdict.deny || result < 0 || this.recorded) return false;
    return this.parts.policies.of(file).behaviour.onRefusedPin !== 'abort';
  }

  private fallBack(d: Decision, nowNs: number): void {
    const { claims, policies, prices } = this.parts;
    if (policies.of(d.file).behaviour.onRefusedPin === 'odp') {
      claims.onDemand(d, nowNs);
      d.sealNs += prices.price('register');
    } else claims.buffer(d);
  }

  private refuse(d: Decision, nowNs: number): void {
    const { fates, files, plan } = this.parts;
    fates.deny(d.opId);
    files.strayed = true;
    if (this.fallsBack(d)) this.fallBack(d, nowNs);
    // Refused here and let through there: from now on the file's map is another one, if the call changed it.
    if (d.result < 0 || d.file === NONE || plan.observed[d.file] === 1 || !d.frees) return;
    files.divergeBy(d.file, d.row);
  }

  /**
   * The refused application takes the seals back, to do its work and seal again; nobody may map a file meanwhile. Returns
   * the files; none when it is refused all the same.
   */
  private lift(d: Decision, nowNs: number): readonly number[] {
    const { claims, decider, onDeny } = this.parts;
    if (onDeny.kind !== 'unseal' || !retries(d) || this.fallsBack(d)) return NONE_LIFTED;
    const lifted = filesOf(d).filter((file) => claims.liftSeal(file, nowNs));
    const again = Object.assign(new Decision(), d);
    if (lifted.length > 0) decider.decide(again);
    if (again.verdict !== Verdict.deny) return lifted;
    this.sealAgain(d, lifted, nowNs);
    return NONE_LIFTED;
  }

  private sealAgain(d: Decision, lifted: readonly number[], nowNs: number): void {
    const { claims, prices } = this.parts;
    for (const file of lifted) d.sealNs += prices.price('commit') + claims.sealAgain(d, file, nowNs);
  }

  /** Applies what the call does to maps that were not recorded: at once, or when nobody uses the unlinked file any more. */
  private model(d: Decision, nowNs: number): void {
    const { releases } = this.parts;
    const gone = unlinkedBy(this.c, d.row);
    if (gone >= 0 && releases.later(this.fileOf(gone), gone)) this.parts.files.strayed = true;
    else this.parts.applyModel(d.row, nowNs, false);
    // Where changes were recorded, commits were as well.
    if (d.op === Op.fsync || d.op === Op.msync) this.parts.files.commit(d.file);
  }

  private fileOf(row: number): number {
    return row < 0 ? NONE : this.c.file[row]!;
  }
}
