// Claims on files in one lane: holds taken and given back, seals called where the plan says, leases asked back and broken.
import { Holding } from '../extents/extent-map.js';
import type { EventColumns } from '../model/events.js';
import { Flag, Op } from '../model/events.js';
import { Case, ERRNO, Hold, type HoldName, MASKS, type Policy, Verdict } from '../model/policy.js';
import { NONE } from '../model/units.js';
import type { Reach } from './cases.js';
import type { Decision } from './decision.js';
import type { FileStates } from './file-states.js';
import type { Hazards } from './hazards.js';
import type { HoldTable } from './holds.js';
import type { LanePolicies } from './lane-policies.js';
import { Later, type TimeQueue } from './queue.js';
import { EndedBy, SealHere, type SealPlan } from './seal-plan.js';
import type { Seals } from './seals.js';
import { Spoiled } from './spoiled.js';
import { requestedBy } from './survey.js';
import { Use, type Users } from './users.js';
import { Zapped } from './zapped.js';

const NEVER = Number.POSITIVE_INFINITY;
/** No process. */
const NOBODY = -2;
const DEVICE_HOLDS = (1 << Hold.pin) | (1 << Hold.registration);
/** Holds that a break asks back. */
const LEASES = (1 << Hold.lease) | (1 << Hold.layout);

/** The hold that a device takes: a pin, a long-term one, or none and a translation on demand. */
const kindOf = ({ op, flags }: Decision): number =>
  op === Op.pin ? Hold.pin : (flags & Flag.odp) !== 0 ? Hold.ondemand : Hold.registration;

/** Is a hold of this kind what the policy calls a seal? */
const isSeal = ({ seal, breakableLease }: Policy, kind: number): boolean =>
  seal !== null && (kind === Hold[seal.hold] || (breakableLease !== undefined && (LEASES & (1 << kind)) !== 0));

/** Holds that a break asks back: an exclusive lease beside breakable ones is none. */
const brokenBy = ({ breakableLease }: Policy): number =>
  breakableLease === undefined ? LEASES : 1 << Hold[breakableLease];

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

export class Claims {
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
  private readonly queue: TimeQueue;
  readonly zapped = new Zapped();
  private readonly spoiled: Spoiled;
  /** By handle: the part of a file that a device works on through a buffer of its application (on_refused_pin=bounce). */
  readonly buffers = new Map<number, Buffered>();
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
    this.queue = parts.queue;
    this.spoiled = new Spoiled(parts.policies, parts.holds);
    this.ended = new Float64Array(parts.plan.handles.count);
  }

  /** When a handle was given back or taken away in this lane, ns; -1 while it is alive. */
  endedNs(handle: number): number {
    return this.ended[this.plan.handles.numberOf[handle]!]! - 1;
  }

  // --- seals

  /** Seals that an application would have called before this row; returns what they cost. */
  sealBefore(row: number, file: number, pid: number, timeNs: number): number {
    const { plan, seals } = this;
    const asked = this.c.op[row] === Op.seal;
    if (!asked && (plan.atRow[row]! & SealHere.callBefore) === 0 && plan.wholeTrace[file] === 0) return 0;
    const { seal } = this.policies.of(file);
    // What the trace asks for by itself is not asked for twice.
    if (seal?.taken !== 'call' || (!asked && this.requested(file, seal.hold))) return 0;
    return seals.call(file, this.c.task[row]!, pid, row, timeNs, asked);
  }

  /** Does the trace ask by itself for such a hold, which is one under this policy? */
  private requested(file: number, hold: HoldName): boolean {
    const { requestMask, breakableLease } = this.policies.of(file);
    const asked = hold === breakableLease ? 'lease' : hold;
    return (this.plan.requested[file]! & requestMask & (1 << Hold[asked])) !== 0;
  }

  /** errno of a request of the trace that this policy turns down: a seal call, a MAP_DIRECT mapping, a claim; 0: granted. */
  refusal(d: Decision): number {
    const { seals } = this;
    if (d.file === NONE) return 0;
    // swapon(2): whatever the policy, a file that is swap already is none anew.
    if (d.op === Op.swapon && this.holds.count(d.file, Hold.swap) > 0) return ERRNO.EBUSY!;
    const policy = this.policies.of(d.file);
    const { seal } = policy;
    const call = d.op === Op.seal && seal?.taken === 'call' && !seals.isSealed(d.file);
    const mapping = d.op === Op.mmap && (d.flags & Flag.direct) !== 0 && seal?.taken === 'mapping';
    const claim = isSeal(policy, this.claimOf(d));
    return call || mapping || claim ? seals.refusal(d.file, d.row, true, d.pid) : 0;
  }

  /** As `refusal`, and written down. A refused seal call was when it was made. */
  turnsDown(d: Decision): number {
    const errno = this.refusal(d);
    const isOwn = d.op !== Op.seal && (d.op !== Op.swapon || this.policies.of(d.file).seal?.hold === 'swap');
    if (errno !== 0 && isOwn) this.seals.fail(d.file, d.task, d.timeNs, errno);
    return errno;
  }

  /** A caller takes a seal back; false where that is not possible. */
  liftSeal(file: number, nowNs: number): boolean {
    const { seals, users } = this;
    if (!seals.isSealed(file) || users.mappings[file]! > 0) return false;
    seals.unseal(file, nowNs, EndedBy.unseal);
    return true;
  }

  /** Returns what it costs to seal what was lifted. */
  sealAgain(d: Decision, file: number, nowNs: number): number {
    return this.seals.call(file, d.task, d.pid, d.row, nowNs, false);
  }

  /** With `--unseal idle:T`, the seal of a file that nobody used for so long goes. */
  idle(file: number, nowNs: number): void {
    if (this.seals.idle(file, nowNs)) this.parts.freed(file);
  }

  // --- breaks

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
    this.dropLingering(file, timeNs);
  }

  /** The time of a holder is over: the kernel takes the lease, and what the policy says goes with it. */
  atLimit(handle: number, timeNs: number): void {
    const { holds } = this;
    const at = holds.byHandle(handle);
    if (at < 0 || holds.limitNs[at]! > timeNs) return;
    const file = holds.file[at]!;
    const pid = holds.pid[at]!;
    const breaks = this.policies.of(file).breaks!;
    if (this.isOverdue(file, handle)) return;
    if (breaks.zaps) this.zapped.add(file, { handle, pid, offset: holds.offset[at]!, length: holds.length[at]! });
    if (breaks.device === 'at_limit') this.cutOff(file, pid);
    this.end(at, timeNs, EndedBy.broken);
    this.parts.freed(file);
  }

  /** The same for a lease that was called for, which has no handle of its own. */
  atSealLimit(file: number, timeNs: number): void {
    if (!this.seals.isSealed(file) || this.seals.limitNs(file) > timeNs || this.isOverdue(file, 0)) return;
    this.seals.unseal(file, timeNs, EndedBy.broken);
    this.parts.freed(file);
  }

  /** A breakable lease whose time is over stays for the pins of its file all the same (lease_until_last_pin). */
  private isOverdue(file: number, handle: number): boolean {
    const { seal, breakableLease } = this.policies.of(file);
    if (breakableLease === undefined || seal?.untilLastPin !== true) return false;
    if ((this.holds.mask[file]! & DEVICE_HOLDS) === 0) return false;
    this.linger(file, handle, EndedBy.broken);
    return true;
  }

  private linger(file: number, handle: number, how: number): void {
    this.lingering.set(file, [...(this.lingering.get(file) ?? []), { handle, how }]);
  }

  /** Is the mapping that a fault goes through of no use: taken away, or one that must not have shared blocks under it? */
  barsFault(d: Decision): boolean {
    if (d.file === NONE) return false;
    const { seal } = this.policies.of(d.file);
    if (seal?.faultsNeedOwnBlocks === true && this.holds.holds(d.file, d.pid, 1 << Hold[seal.hold]))
      return this.seals.isShared(d.file);
    return this.zapped.covers(d.file, d.pid, this.c.offset[d.row]!);
  }

  /** A write fault that needs a block, through a MAP_SYNC mapping (note 7)? */
  commitsFault({ file, pid, operationCase }: Decision): boolean {
    if (operationCase !== Case.write_fault_hole && operationCase !== Case.write_fault_unwritten) return false;
    return this.policies.of(file).syncMappingsCommit === true && this.users.mapsSynced(file, pid);
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

  /** Is there a device on demand that a change of this kind takes the translation from? */
  revokes(file: number, operationCase: number): boolean {
    if (operationCase < 0 || this.holds.count(file, Hold.ondemand) === 0) return false;
    const cell = operationCase * MASKS + (1 << Hold.ondemand);
    return this.policies.of(file).verdictOther[cell] === Verdict.revoke;
  }

  /** Devices that fault are told that the map changes: all of the file's, or those of the range that the change is about. */
  revoke(file: number, about: Reach | null): void {
    const { holds } = this;
    const { pagedMask, rangedMask } = this.policies.of(file);
    for (let at = holds.of(file); at >= 0; at = holds.after(at)) {
      const bit = 1 << holds.kind[at]!;
      const spared = about !== null && (rangedMask & bit) !== 0 && !holds.reaches(at, about.from, about.to);
      if ((pagedMask & bit) !== 0 && !spared) holds.stale[at] = 1;
    }
  }

  // --- holds

  /** Takes and gives back what the operation holds. */
  take(d: Decision, nowNs: number): void {
    const handle = this.c.handle[d.row]!;
    this.spoiled.after(d, nowNs);
    switch (d.op) {
      case Op.open:
        this.users.add(handle, d.file, d.pid, Use.open);
        return;
      case Op.mmap:
        this.map(d, handle, nowNs);
        return;
      case Op.pin:
      case Op.register:
        this.device(d, handle, nowNs, kindOf(d));
        return;
      case Op.swapon:
      case Op.lease:
      case Op.layout_get:
      case Op.address_query:
        this.claim(d, handle, nowNs);
        return;
      case Op.close:
        this.close(handle, nowNs);
        return;
      case Op.munmap:
      case Op.unpin:
      case Op.deregister:
      case Op.swapoff:
      case Op.lease_release:
      case Op.layout_return:
        // Part of a mapping may go; the plan says which call takes the last of it.
        if (d.op !== Op.munmap || (this.plan.atRow[d.row]! & SealHere.ends) !== 0) this.giveBack(handle, nowNs);
        return;
      case Op.mount:
        this.spoiled.mount();
        return;
      case Op.unseal:
        this.seals.unseal(d.file, nowNs, EndedBy.unseal);
        this.parts.freed(d.file);
        return;
      case Op.exit:
        this.exit(d.pid, nowNs, (d.flags & Flag.killed) !== 0);
        return;
      default:
    }
  }

  private map(d: Decision, handle: number, nowNs: number): void {
    const direct = (this.plan.atRow[d.row]! & SealHere.direct) !== 0;
    const synced = (d.flags & Flag.sync) !== 0 ? Use.synced : 0;
    this.users.add(handle, d.file, d.pid, synced | (direct ? Use.mapping | Use.sealing : Use.mapping));
    if (!direct) return;
    this.seals.used(d.file);
    const { seal } = this.policies.of(d.file);
    if (seal?.taken !== 'mapping' || this.requested(d.file, seal.hold)) return;
    const errno = (d.flags & Flag.direct) !== 0 ? 0 : this.seals.refusal(d.file, d.row, false);
    if (errno !== 0) this.seals.fail(d.file, d.task, nowNs, errno);
    else this.seals.taken(this.add(d, Hold[seal.hold], nowNs));
  }

  /** Whose long-term pin was refused registers on demand. */
  onDemand(d: Decision, nowNs: number): void {
    this.device(d, this.c.handle[d.row]!, nowNs, Hold.ondemand);
  }

  /** Whose long-term pin was refused lets the device work on a buffer of its own, and copies. */
  buffer(d: Decision): void {
    const handle = this.c.handle[d.row]!;
    if (handle === 0) return;
    this.buffers.set(handle, { file: d.file, ...this.rangeOf(d.row) });
    this.users.add(handle, d.file, d.pid, 0);
  }

  private device(d: Decision, handle: number, nowNs: number, kind: number): void {
    const { seal } = this.policies.of(d.file);
    const seals = kind === Hold.registration && seal?.taken === 'registration';
    const { offset, length } = this.rangeOf(d.row);
    if (!this.pinsZeroPages(d, kind)) {
      const at = this.add(d, seals ? Hold[seal.hold] : kind, nowNs);
      if (seals) this.seals.taken(at);
    }
    this.hazards.capture(handle, d.file, offset, length);
    this.users.add(handle, d.file, d.pid, Use.sealing);
    this.seals.used(d.file);
  }

  /** What is read and was never written DAX maps to the zero page, which is nobody's (dax_load_hole): a pin of it holds no file. */
  private pinsZeroPages({ file, flags, row }: Decision, kind: number): boolean {
    if (kind !== Hold.pin || (flags & Flag.write) !== 0 || this.plan.dax[file] === 0 || this.c.length[row]! < 0)
      return false;
    const { files } = this.parts;
    const held = files.mapOf(file)?.summary(this.c.offset[row]!, this.c.length[row]!) ?? Holding.hole;
    return files.isKnown(file) && (held & ~(Holding.hole | Holding.unwritten)) === 0;
  }

  /** The hold that an operation of the trace takes by itself under this policy; -1 for none. */
  private claimOf(d: Decision): number {
    const kind = requestedBy(d.op, d.flags);
    const { requestMask, breakableLease } = this.policies.of(d.file);
    if (kind < 0 || (requestMask & (1 << kind)) === 0) return -1;
    const isBreakable = breakableLease !== undefined && kind === Hold.lease && (d.flags & Flag.exclusive) === 0;
    return isBreakable ? Hold[breakableLease] : kind;
  }

  /** A claim that the trace shows: a device may work through it, and where it is what the policy calls a seal, it is one. */
  private claim(d: Decision, handle: number, nowNs: number): void {
    if (d.op === Op.address_query && this.plan.rawPids.has(d.pid)) this.hazards.query(d.pid, d.file);
    const kind = this.claimOf(d);
    if (kind < 0) return;
    const at = this.add(d, kind, nowNs);
    this.users.add(handle, d.file, d.pid, d.op === Op.swapon ? Use.sealing : 0);
    if (handle !== 0) this.hazards.capture(handle, d.file, this.holds.offset[at]!, this.holds.length[at]!);
    if (isSeal(this.policies.of(d.file), kind)) this.seals.taken(at);
  }

  /** What the trace gives back ends, unless it is a seal that stays for the pins of the file. */
  private giveBack(handle: number, nowNs: number): void {
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
  private close(handle: number, nowNs: number): void {
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
  private dropLingering(file: number, nowNs: number): void {
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

  private add(d: Decision, kind: number, nowNs: number): number {
    const { offset, length } = this.rangeOf(d.row);
    return this.holds.add(kind, d.file, d.pid, d.task, this.c.handle[d.row]!, nowNs, offset, length, d.row);
  }

  private rangeOf(row: number): { readonly offset: number; readonly length: number } {
    const { c } = this;
    const whole = (c.flags[row]! & Flag.whole) !== 0;
    return {
      offset: whole ? 0 : Math.max(0, c.offset[row]!),
      length: whole || c.length[row]! < 0 ? Number.MAX_SAFE_INTEGER : c.length[row]!,
    };
  }

  /** A handle ends, with the hold it was in this lane, if it was one. */
  private release(handle: number, timeNs: number, how: number): void {
    if (handle === 0) return;
    this.ended[this.plan.handles.numberOf[handle]!] = timeNs + 1;
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

  private end(at: number, timeNs: number, how: number): void {
    this.seals.ended(at, timeNs, how);
    this.holds.remove(at);
  }

  /** The process is gone, and what ends with it of all it held: a killed one had no chance to unseal. */
  private exit(pid: number, timeNs: number, killed: boolean): void {
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
