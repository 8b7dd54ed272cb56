// Leases that are asked back, and taken from who has not let go in time.
import { Hold, type Policy } from '../model/policy.js';
import { type ClaimParts, type Endings, LEASES } from './endings.js';
import type { Hazards } from './hazards.js';
import type { HoldTable } from './holds.js';
import type { LanePolicies } from './lane-policies.js';
import { Later, type TimeQueue } from './queue.js';
import { EndedBy } from './seal-plan.js';
import type { Seals } from './seals.js';

const NEVER = Number.POSITIVE_INFINITY;
/** No process. */
const NOBODY = -2;

/** Holds that a break asks back: an exclusive lease beside breakable ones is none. */
const brokenBy = ({ breakableLease }: Policy): number =>
  breakableLease === undefined ? LEASES : 1 << Hold[breakableLease];

export class Breaks {
  private readonly parts: ClaimParts;
  private readonly endings: Endings;
  private readonly policies: LanePolicies;
  private readonly holds: HoldTable;
  private readonly seals: Seals;
  private readonly hazards: Hazards;
  private readonly queue: TimeQueue;

  constructor(parts: ClaimParts, endings: Endings) {
    this.parts = parts;
    this.endings = endings;
    this.policies = parts.policies;
    this.holds = parts.holds;
    this.seals = parts.seals;
    this.hazards = parts.hazards;
    this.queue = parts.queue;
  }

  /** Leases of the file are asked back, but those of the process `spared`; who has not let go at the limit loses it then. The time runs from the first break. */
  startBreak(file: number, timeNs: number, spared = NOBODY): void {
    const { holds } = this;
    const policy = this.policies.of(file);
    const { breaks } = policy;
    if (breaks === undefined) return;
    const asked = brokenBy(policy);
    for (let at = holds.of(file); at >= 0; at = holds.after(at)) {
      if ((asked & (1 << holds.kind[at]!)) === 0 || holds.limitNs[at]! < NEVER || holds.pid[at] === spared) continue;
      // A limit of "for ever" is a break all the same, and marked as one.
      holds.limitNs[at] = Math.min(timeNs + breaks.limitNs, Number.MAX_VALUE);
      const handle = holds.handle[at]!;
      if (breaks.limitNs < NEVER)
        this.queue.add(holds.limitNs[at]!, handle === 0 ? Later.sealLimit : Later.limit, handle === 0 ? file : handle);
      if (breaks.device === 'at_break') this.cutOff(file, holds.pid[at]!);
    }
    this.endings.dropLingering(file, timeNs);
  }

  /** The time of a holder is over: the kernel takes the lease, and what the policy says goes with it. */
  atLimit(handle: number, timeNs: number): void {
    const { holds } = this;
    const at = holds.byHandle(handle);
    if (at < 0 || holds.limitNs[at]! > timeNs) return;
    const file = holds.file[at]!;
    const pid = holds.pid[at]!;
    const breaks = this.policies.of(file).breaks!;
    if (this.endings.isOverdue(file, handle)) return;
    if (breaks.zaps)
      this.endings.zapped.add(file, { handle, pid, offset: holds.offset[at]!, length: holds.length[at]! });
    if (breaks.device === 'at_limit') this.cutOff(file, pid);
    this.endings.end(at, timeNs, EndedBy.broken);
    this.parts.freed(file);
  }

  /** The same for a lease that was called for, which has no handle of its own. */
  atSealLimit(file: number, timeNs: number): void {
    if (!this.seals.isSealed(file) || this.seals.limitNs(file) > timeNs || this.endings.isOverdue(file, 0)) return;
    this.seals.unseal(file, timeNs, EndedBy.broken);
    this.parts.freed(file);
  }

  /** The device of a process loses its translations of a file. */
  private cutOff(file: number, pid: number): void {
    const { holds } = this;
    for (let at = holds.of(file); at >= 0; ) {
      const next = holds.after(at);
      if (holds.pid[at] === pid) {
        this.hazards.forget(holds.handle[at]!);
        if (holds.kind[at] === Hold.registration) holds.remove(at);
      }
      at = next;
    }
  }
}
