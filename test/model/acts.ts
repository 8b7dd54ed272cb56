// What an operation of the naive replay does once nothing is in its way: to the files, and to what is held of them.
import { type Policy, Verdict } from '../../src/model/policy.js';
import { type Call, effect } from './calls.js';
import type { Claims } from './claims.js';
import type { Lines } from './coherence.js';
import type { Disk, FileModel } from './disk.js';
import { EVERYTHING } from './holds.js';
import type { SealPlaces } from './plan.js';
import type { Attempt } from './table.js';

/** Rows of the table that take blocks from a range or put others there. */
const FREES = ['truncate_down', 'fallocate_move', 'unshare', 'reflink_target', 'exchange', 'swapext'];

export class Acts {
  /** Unlinked while mapped or open: their blocks go with the last user (unlink(2)). */
  private readonly unlinked = new Set<FileModel>();
  private readonly policy: Policy;
  private readonly disk: Disk;
  private readonly plan: SealPlaces;
  private readonly claims: Claims;
  private readonly lines: Lines;

  constructor(policy: Policy, disk: Disk, plan: SealPlaces, claims: Claims, lines: Lines) {
    this.lines = lines;
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
    if (file !== null) this.meet(attempt, call, file);
    this.takeAndGive(call, file, nowNs);
    const { spoils } = this.policy;
    if (file !== null && spoils?.cases.some((name) => attempt.cases.includes(name)) === true)
      this.claims.spoil(file, nowNs);
  }

  /** CPU and device memory: what the call loads and stores, and the ranges whose blocks it takes away. */
  private meet({ cases, other }: Attempt, call: Call, file: FileModel): void {
    const { op, offset, flags } = call;
    this.lines.cpu(call, file);
    const toTheEnd = Number.POSITIVE_INFINITY;
    const whole = call.whole || call.length < 0 || op === 'swapext' || op === 'open';
    const to = whole || ['collapse', 'insert'].includes(op) ? toTheEnd : offset + call.length;
    const from = whole ? 0 : offset;
    if (op === 'unlink' || (op === 'rename' && flags.has('over'))) this.lines.forget(file, 0, toTheEnd);
    else if (op === 'rename' && other !== null && other !== file) this.lines.forget(other, 0, toTheEnd);
    else if (op === 'truncate' && cases.includes('truncate_down')) this.lines.forget(file, file.size, toTheEnd);
    else if (cases.some((name) => FREES.includes(name)) && op !== 'truncate') {
      this.lines.forget(file, from, to);
      if (other !== null && op !== 'rename')
        this.lines.forget(other, whole ? 0 : call.otherOffset, whole ? toTheEnd : call.otherOffset + call.length);
    }
  }

  private takeAndGive(call: Call, file: FileModel | null, nowNs: number): void {
    const { op, handle } = call;
    if (op === 'close') return this.claims.close(handle, nowNs);
    const gives = ['unpin', 'deregister', 'swapoff', 'lease_release', 'layout_return'].includes(op);
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
    this.claims.holds.revoke(file, this.policy, EVERYTHING);
  }
}
