// What an operation of the naive replay does once nothing is in its way: to the files, and to what is held of them.
import { type Policy, Verdict } from '../../src/model/policy.js';
import { type Call, effect } from './calls.js';
import type { Claims } from './claims.js';
import type { Disk, FileModel } from './disk.js';
import type { SealPlaces } from './plan.js';
import type { Attempt } from './table.js';

export class Acts {
  /** Unlinked while mapped or open: their blocks go with the last user (unlink(2)). */
  private readonly unlinked = new Set<FileModel>();
  private readonly policy: Policy;
  private readonly disk: Disk;
  private readonly plan: SealPlaces;
  private readonly claims: Claims;

  constructor(policy: Policy, disk: Disk, plan: SealPlaces, claims: Claims) {
    this.policy = policy;
    this.disk = disk;
    this.plan = plan;
    this.claims = claims;
  }

  perform(attempt: Attempt, nowNs: number): void {
    const { file, other } = attempt;
    const call = attempt.part ?? attempt.call;
    if (call.failed) return;
    const { op, flags } = call;
    const replaced = flags.has('over') ? file : other;
    const gone = op === 'unlink' ? file : op === 'rename' ? replaced : null;
    const moves = op === 'rename' && (replaced === null || other === file);
    if (file !== null && !moves) {
      if (gone !== null && this.claims.holds.inUse(gone)) this.unlinked.add(gone);
      else effect(this.disk, call, file, other);
      if (attempt.verdict === Verdict.commit) for (const one of [file, other]) if (one !== null) one.dirty = false;
    }
    this.takeAndGive(call, file, nowNs);
    const { spoils } = this.policy;
    if (file !== null && spoils?.cases.some((name) => attempt.cases.includes(name)) === true)
      this.claims.spoil(file, nowNs);
  }

  private takeAndGive(call: Call, file: FileModel | null, nowNs: number): void {
    const { op, handle } = call;
    const gives = ['close', 'unpin', 'deregister', 'swapoff', 'lease_release', 'layout_return'].includes(op);
    // Part of a mapping may go; its hold ends with its last byte.
    if (gives || (op === 'munmap' && this.plan.last.has(call.index))) this.claims.giveBack(handle, nowNs);
    else if (op === 'exit') this.claims.exit(call.pid, nowNs, call.flags.has('killed'));
    else if (op === 'mount') this.claims.mount();
    else if (file !== null) this.claims.take(call, file, nowNs);
  }

  /** Somebody let go of a file. */
  left(file: FileModel): void {
    if (!this.unlinked.has(file) || this.claims.holds.inUse(file)) return;
    this.unlinked.delete(file);
    this.disk.clear(file);
    if (this.policy.devicePages === true) this.claims.holds.revoke(file);
  }
}
