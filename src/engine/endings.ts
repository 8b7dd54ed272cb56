// How claims end in one lane: given back, taken away, gone with their process; and seals that stay for the pins of their file.
import type { EventColumns } from '../model/events.js';
import { Op } from '../model/events.js';
import { Hold, type Policy } from '../model/policy.js';
import { NONE } from '../model/units.js';
import type { FileStates } from './file-states.js';
import type { Hazards } from './hazards.js';
import type { HoldTable } from './holds.js';
import type { LanePolicies } from './lane-policies.js';
import type { TimeQueue } from './queue.js';
import { EndedBy, type SealPlan } from './seal-plan.js';
import type { Seals } from './seals.js';
import type { Users } from './users.js';
import { Zapped } from './zapped.js';

/** Holds that a device has by itself. */
const DEVICE_HOLDS = (1 << Hold.pin) | (1 << Hold.registration);
/** Holds that a break asks back. */
export const LEASES = (1 << Hold.lease) | (1 << Hold.layout);

/** Is a hold of this kind what the policy calls a seal? */
export const isSeal = ({ seal, breakableLease }: Policy, kind: number): boolean =>
  seal !== null && (kind === Hold[seal.hold] || (breakableLease !== undefined && (LEASES & (1 << kind)) !== 0));

/** A seal that stays for the pins of its file; handle 0: one that was called for. */
interface Lingering {
  readonly handle: number;
  readonly how: number;
}

/** Of a file, bytes. */
export interface Buffered {
  readonly file: number;
  readonly offset: number;
  readonly length: number;
}

export interface ClaimParts {
  readonly columns: EventColumns;
  readonly policies: LanePolicies;
  readonly plan: SealPlan;
  readonly holds: HoldTable;
  readonly users: Users;
  readonly seals: Seals;
  readonly hazards: Hazards;
  readonly files: FileStates;
  readonly queue: TimeQueue;
  /** Told of every file that lost a hold, or its last user. */
  readonly freed: (file: number) => void;
}

export class Endings {
  readonly zapped = new Zapped();
  /** By handle: the part of a file that a device works on through a buffer of its application (on_refused_pin=bounce). */
  readonly buffers = new Map<number, Buffered>();
  /** By handle: when it was given back or taken away in this lane, ns + 1; 0 while it is alive (memory of zeros costs nothing). */
  private readonly ended: Float64Array;
  private readonly parts: ClaimParts;
  private readonly c: EventColumns;
  private readonly policies: LanePolicies;
  private readonly plan: SealPlan;
  private readonly holds: HoldTable;
  private readonly users: Users;
  private readonly seals: Seals;
  private readonly hazards: Hazards;
  /** By file: seals given back, or overdue, that stay for its pins (`untilLastPin`). */
  private readonly lingering = new Map<number, Lingering[]>();

  constructor(parts: ClaimParts) {
    this.parts = parts;
    this.c = parts.columns;
    this.policies = parts.policies;
    this.plan = parts.plan;
    this.holds = parts.holds;
    this.users = parts.users;
    this.seals = parts.seals;
    this.hazards = parts.hazards;
    this.ended = new Float64Array(parts.plan.handles.count);
  }

  /** When a handle was given back or taken away in this lane, ns; -1 while it is alive. */
  endedNs(handle: number): number {
    return this.ended[this.plan.handles.of(handle)]! - 1;
  }

  /** A breakable lease whose time is over stays for the pins of its file all the same (lease_until_last_pin). */
  isOverdue(file: number, handle: number): boolean {
    const { seal, breakableLease } = this.policies.of(file);
    if (breakableLease === undefined || seal?.untilLastPin !== true) return false;
    if ((this.holds.mask[file]! & DEVICE_HOLDS) === 0) return false;
    this.linger(file, handle, EndedBy.broken);
    return true;
  }

  private linger(file: number, handle: number, how: number): void {
    this.lingering.set(file, [...(this.lingering.get(file) ?? []), { handle, how }]);
  }

  /** What the trace gives back ends, unless it is a seal that stays for the pins of the file. */
  giveBack(handle: number, nowNs: number): void {
    const { holds } = this;
    const at = holds.byHandle(handle);
    const policy = at < 0 ? null : this.policies.of(holds.file[at]!);
    const lingers =
      policy?.seal?.untilLastPin === true &&
      isSeal(policy, holds.kind[at]!) &&
      (holds.mask[holds.file[at]!]! & DEVICE_HOLDS) !== 0;
    if (!lingers) return this.release(handle, nowNs, EndedBy.release);
    const file = holds.file[at]!;
    this.linger(file, handle, EndedBy.release);
    this.users.drop(handle);
    this.parts.freed(file);
  }

  /** With its last descriptor of a file a process gives back the leases that it took by one (section 5: layout-user). */
  close(handle: number, nowNs: number): void {
    const { holds, users } = this;
    const file = users.openOf(handle);
    const pid = users.pidOf(handle);
    this.giveBack(handle, nowNs);
    if (file === NONE || (this.policies.of(file).requestMask & (1 << Hold.lease)) === 0) return;
    if (users.of(pid).some((one) => users.openOf(one) === file)) return;
    const leases: number[] = [];
    for (let at = holds.of(file); at >= 0; at = holds.after(at))
      if (holds.pid[at] === pid && (LEASES & (1 << holds.kind[at]!)) !== 0) leases.push(holds.handle[at]!);
    for (const lease of leases) if (lease !== 0) this.giveBack(lease, nowNs);
  }

  /** The last pin of a file is gone: so are the seals that stayed for it. */
  dropLingering(file: number, nowNs: number): void {
    const seals = this.lingering.get(file);
    if (seals === undefined || (this.holds.mask[file]! & DEVICE_HOLDS) !== 0) return;
    this.lingering.delete(file);
    for (const { handle, how } of seals) {
      const at = this.holds.byHandle(handle);
      if (how === EndedBy.release) this.release(handle, nowNs, how);
      else if (at >= 0) this.end(at, nowNs, how);
      else if (handle === 0 && this.seals.limitNs(file) <= nowNs) this.seals.unseal(file, nowNs, how);
    }
    this.parts.freed(file);
  }

  /** A handle ends, with the hold it was in this lane, if it was one. */
  release(handle: number, timeNs: number, how: number): void {
    if (handle === 0) return;
    this.ended[this.plan.handles.of(handle)] = timeNs + 1;
    const at = this.holds.byHandle(handle);
    if (at >= 0) this.end(at, timeNs, how);
    this.hazards.forget(handle);
    this.buffers.delete(handle);
    const held = at >= 0 ? this.holds.file[at]! : NONE;
    const sealing = this.users.seals(handle);
    const used = this.users.drop(handle);
    const file = used === NONE ? held : used;
    if (file === NONE) return;
    this.zapped.drop(file, handle);
    if (sealing) this.seals.released(file, timeNs, how);
    this.dropLingering(file, timeNs);
    this.parts.freed(file);
  }

  end(at: number, timeNs: number, how: number): void {
    this.seals.ended(at, timeNs, how);
    this.holds.remove(at);
  }

  /** The process is gone, and what ends with it of all it held: a killed one had no chance to unseal. */
  exit(pid: number, timeNs: number, killed: boolean): void {
    const how = killed ? EndedBy.killed : EndedBy.exit;
    for (const handle of this.users.of(pid)) {
      const at = this.holds.byHandle(handle);
      // A claim that a rule tied to a mapping goes with the mapping.
      const own = at >= 0 && this.c.op[this.holds.row[at]!] !== Op.mmap;
      if (!own || (this.policies.of(this.holds.file[at]!).exitMask & (1 << this.holds.kind[at]!)) !== 0)
        this.release(handle, timeNs, how);
    }
    if (pid < 0) return;
    for (const file of this.seals.calledBy(pid)) {
      this.seals.released(file, timeNs, how);
      this.parts.freed(file);
    }
    for (const file of this.seals.ownedBy(pid)) {
      this.seals.unseal(file, timeNs, how);
      this.parts.freed(file);
    }
  }
}
