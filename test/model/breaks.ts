// Leases that are asked back in the naive replay, and what the kernel takes away at the limit (seal-semantics.md section 4.2).
import type { Policy } from '../../src/model/policy.js';
import type { Call } from './calls.js';
import type { FileModel } from './disk.js';
import { type HoldModel, type Holds, LEASES } from './holds.js';
import type { ClaimParts, Seals } from './seals.js';

export class Breaks {
  /** Mappings taken away from their processes. */
  private zapped: HoldModel[] = [];
  /** Breakable layout leases whose time is over, and that stay for the pins of their file. */
  private overdue: HoldModel[] = [];
  private readonly policy: Policy;
  private readonly holds: Holds;
  private readonly seals: Seals;
  private readonly freed: ClaimParts['freed'];
  private readonly at: ClaimParts['at'];

  constructor(parts: ClaimParts, seals: Seals) {
    this.policy = parts.policy;
    this.holds = parts.holds;
    this.freed = parts.freed;
    this.at = parts.at;
    this.seals = seals;
  }

  startBreak(file: FileModel, nowNs: number, spared: number | null = null): void {
    const { breaks } = this.policy;
    if (breaks === undefined) return;
    for (const hold of this.holds.of(file)) {
      // An exclusive layout lease is not asked back: who would break it has been refused.
      const isAsked = this.policy.breakableLease === undefined ? LEASES.includes(hold.kind) : hold.kind === 'layout';
      if (hold.pid === spared || !isAsked || hold.limitNs < Number.POSITIVE_INFINITY) continue;
      hold.limitNs = Math.min(nowNs + breaks.limitNs, Number.MAX_VALUE);
      if (breaks.limitNs < Number.POSITIVE_INFINITY) this.at(hold.limitNs, () => this.atLimit(hold));
      if (breaks.device === 'at_break') this.cutOff(hold);
    }
  }

  private atLimit(hold: HoldModel): void {
    if (!this.holds.all.includes(hold)) return;
    const { breakableLease, seal } = this.policy;
    if (breakableLease !== undefined && seal!.untilLastPin === true && this.holds.isPinned(hold.file)) {
      this.overdue.push(hold);
      return;
    }
    const { zaps, device } = this.policy.breaks!;
    if (zaps) this.zapped.push(hold);
    if (device === 'at_limit') this.cutOff(hold);
    this.end(hold);
  }

  private end(hold: HoldModel): void {
    if (this.seals.sealed.get(hold.file) === hold) this.seals.unseal(hold.file);
    else this.holds.end(hold);
    this.freed(hold.file);
  }

  /** The last pin of the file is gone. */
  endOverdue(file: FileModel): void {
    const mine = this.overdue.filter((hold) => hold.file === file && this.holds.all.includes(hold));
    this.overdue = this.overdue.filter((hold) => hold.file !== file);
    for (const hold of mine) this.end(hold);
  }

  /** The device of the holder's process loses its translations of the file. */
  private cutOff({ file, pid }: HoldModel): void {
    for (const hold of this.holds.of(file).filter((one) => one.pid === pid)) {
      this.holds.copies.delete(hold.handle);
      if (hold.kind === 'registration') this.holds.end(hold);
    }
  }

  /** The mapping is of no use: taken away at the limit, or one that must not have shared blocks under it. */
  barsFault(call: Call, file: FileModel): boolean {
    const { seal } = this.policy;
    const own = this.holds.of(file).some((hold) => hold.kind === seal?.hold && hold.pid === call.pid);
    if (seal?.faultsNeedOwnBlocks === true && own) return this.seals.isShared(file);
    return this.zapped.some(
      ({ file: where, pid, offset, length }) =>
        where === file && pid === call.pid && call.offset >= offset && call.offset < offset + length,
    );
  }

  /** The process gives the mapping up itself. */
  drop(handle: string): void {
    this.zapped = this.zapped.filter((one) => one.handle !== handle);
  }
}
