// Claims on files in one lane: holds taken and given back, seals called where the plan says, leases asked back and broken.
import { Holding } from '../extents/extent-map.js';
import type { EventColumns } from '../model/events.js';
import { Flag, Op } from '../model/events.js';
import { Case, ERRNO, Hold, type HoldName } from '../model/policy.js';
import { NONE } from '../model/units.js';
import { Breaks } from './breaks.js';
import type { Decision } from './decision.js';
import { type ClaimParts, Endings, isSeal } from './endings.js';
import type { Hazards } from './hazards.js';
import type { HoldTable } from './holds.js';
import type { LanePolicies } from './lane-policies.js';
import { Revocations } from './revocations.js';
import { EndedBy, SealHere, type SealPlan } from './seal-plan.js';
import type { Seals } from './seals.js';
import { Spoiled } from './spoiled.js';
import { requestedBy } from './survey.js';
import { Use, type Users } from './users.js';

/** The hold that a device takes: a pin, a long-term one, or none and a translation on demand. */
const kindOf = ({ op, flags }: Decision): number =>
  op === Op.pin ? Hold.pin : (flags & Flag.odp) !== 0 ? Hold.ondemand : Hold.registration;

export class Claims {
  private readonly parts: ClaimParts;
  private readonly c: EventColumns;
  private readonly policies: LanePolicies;
  private readonly plan: SealPlan;
  private readonly holds: HoldTable;
  private readonly users: Users;
  private readonly seals: Seals;
  private readonly hazards: Hazards;
  private readonly spoiled: Spoiled;
  readonly endings: Endings;
  readonly breaks: Breaks;
  readonly revocations: Revocations;

  constructor(parts: ClaimParts) {
    this.parts = parts;
    this.c = parts.columns;
    this.policies = parts.policies;
    this.plan = parts.plan;
    this.holds = parts.holds;
    this.users = parts.users;
    this.seals = parts.seals;
    this.hazards = parts.hazards;
    this.spoiled = new Spoiled(parts.policies, parts.holds);
    this.endings = new Endings(parts);
    this.breaks = new Breaks(parts, this.endings);
    this.revocations = new Revocations(parts);
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
    if (d.op === Op.swapon && this.holds.has(d.file, Hold.swap)) return ERRNO.EBUSY!;
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

  /** Is the mapping that a fault goes through of no use: taken away, or one that must not have shared blocks under it? */
  barsFault(d: Decision): boolean {
    if (d.file === NONE) return false;
    const { seal } = this.policies.of(d.file);
    if (seal?.faultsNeedOwnBlocks === true && this.holds.holds(d.file, d.pid, 1 << Hold[seal.hold]))
      return this.seals.isShared(d.file);
    return this.endings.zapped.covers(d.file, d.pid, this.c.offset[d.row]!);
  }

  /** A write fault that needs a block, through a MAP_SYNC mapping (note 7)? */
  commitsFault({ file, pid, operationCase }: Decision): boolean {
    if (operationCase !== Case.write_fault_hole && operationCase !== Case.write_fault_unwritten) return false;
    return this.policies.of(file).syncMappingsCommit === true && this.users.mapsSynced(file, pid);
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
        this.endings.close(handle, nowNs);
        return;
      case Op.munmap:
      case Op.unpin:
      case Op.deregister:
      case Op.swapoff:
      case Op.lease_release:
      case Op.layout_return:
        // Part of a mapping may go; the plan says which call takes the last of it.
        if (d.op !== Op.munmap || (this.plan.atRow[d.row]! & SealHere.ends) !== 0) this.endings.giveBack(handle, nowNs);
        return;
      case Op.mount:
        this.spoiled.mount();
        return;
      case Op.unseal:
        this.seals.unseal(d.file, nowNs, EndedBy.unseal);
        this.parts.freed(d.file);
        return;
      case Op.exit:
        this.endings.exit(d.pid, nowNs, (d.flags & Flag.killed) !== 0);
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
    this.endings.buffers.set(handle, { file: d.file, offset: this.offsetOf(d.row), length: this.lengthOf(d.row) });
    this.users.add(handle, d.file, d.pid, 0);
  }

  private device(d: Decision, handle: number, nowNs: number, kind: number): void {
    const { seal } = this.policies.of(d.file);
    const seals = kind === Hold.registration && seal?.taken === 'registration';
    if (!this.pinsZeroPages(d, kind)) {
      const at = this.add(d, seals ? Hold[seal.hold] : kind, nowNs);
      if (seals) this.seals.taken(at);
    }
    this.capture(handle, d.file, this.offsetOf(d.row), this.lengthOf(d.row));
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
    if (handle !== 0) this.capture(handle, d.file, this.holds.offset[at]!, this.holds.length[at]!);
    if (isSeal(this.policies.of(d.file), kind)) this.seals.taken(at);
  }

  /** Where no device is seen at work, nobody asks what it knew. */
  private capture(handle: number, file: number, offset: number, length: number): void {
    if (this.plan.hasAccesses) this.hazards.capture(handle, file, offset, length);
  }

  private add(d: Decision, kind: number, nowNs: number): number {
    const { row } = d;
    const handle = this.c.handle[row]!;
    return this.holds.add(kind, d.file, d.pid, d.task, handle, nowNs, this.offsetOf(row), this.lengthOf(row), row);
  }

  /** Of the bytes of a file that a row holds. Two calls and no object: each lane asks for every pin. */
  private offsetOf(row: number): number {
    const { c } = this;
    return (c.flags[row]! & Flag.whole) !== 0 ? 0 : Math.max(0, c.offset[row]!);
  }

  private lengthOf(row: number): number {
    const { c } = this;
    const isWhole = (c.flags[row]! & Flag.whole) !== 0 || c.length[row]! < 0;
    return isWhole ? Number.MAX_SAFE_INTEGER : c.length[row]!;
  }
}
