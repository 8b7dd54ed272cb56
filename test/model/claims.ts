// What operations take and give back in the naive replay, and what the exit of a process ends (seal-semantics.md section 5).
import { HOLDS, type HoldName, type Policy } from '../../src/model/policy.js';
import { Breaks } from './breaks.js';
import type { Call } from './calls.js';
import type { FileModel } from './disk.js';
import { type Holds, LEASES, type User } from './holds.js';
import type { SealPlaces } from './plan.js';
import { type ClaimParts, type How, Seals } from './seals.js';

export class Claims {
  readonly holds: Holds;
  readonly seals: Seals;
  private readonly breaks: Breaks;
  /** Handles of seals given back that stay for the pins of their file. */
  private lingering: string[] = [];
  private readonly policy: Policy;
  private readonly plan: SealPlaces;
  private readonly freed: ClaimParts['freed'];

  constructor(parts: ClaimParts) {
    this.policy = parts.policy;
    this.plan = parts.plan;
    this.holds = parts.holds;
    this.freed = parts.freed;
    this.seals = new Seals(parts);
    this.breaks = new Breaks(parts, this.seals);
  }

  startBreak(file: FileModel, nowNs: number, spared: number | null = null): void {
    this.breaks.startBreak(file, nowNs, spared);
    // What the device lost with the break may have been the last pin.
    if (this.policy.breaks !== undefined) this.dropLingering(file, nowNs);
  }

  barsFault(call: Call, file: FileModel): boolean {
    return this.breaks.barsFault(call, file);
  }

  /** What an operation that went ahead takes. */
  take(call: Call, file: FileModel, nowNs: number): void {
    const { handle, pid, op } = call;
    const plain = { file, pid, mapping: false, open: false, sealing: false, synced: false };
    const use = (user: Partial<User>): void => {
      if (handle !== '') this.holds.users.set(handle, { ...plain, ...user });
    };
    const direct = this.plan.direct.has(call.index);
    if (op === 'open') use({ open: true });
    else if (op === 'mmap') {
      use({ mapping: true, sealing: direct, synced: call.flags.has('sync') });
      if (direct) this.mapDirect(call, file, nowNs);
    } else if (op === 'pin' || op === 'register') {
      const kind = op === 'pin' ? 'pin' : call.flags.has('odp') ? 'ondemand' : 'registration';
      const seals = this.policy.seal?.taken === 'registration' && kind === 'registration';
      this.ofCall(kind, call, file, nowNs, seals);
      this.holds.copy(handle, file, call);
      use({ sealing: true });
      this.seals.idleSince.delete(file);
    } else if (this.seals.claimOf(call) !== null) {
      const kind = this.seals.claimOf(call)!;
      this.ofCall(kind, call, file, nowNs, this.seals.isSeal(kind));
      if (handle !== '') this.holds.copy(handle, file, call);
      use({ sealing: op === 'swapon' });
    } else if (op === 'unseal') {
      this.seals.unseal(file);
      this.freed(file);
    }
  }

  private mapDirect(call: Call, file: FileModel, nowNs: number): void {
    this.seals.idleSince.delete(file);
    const { seal } = this.policy;
    if (seal?.taken !== 'mapping' || this.seals.isRequested(file)) return;
    const errno = call.flags.has('direct') ? 0 : this.seals.refusal(file, call, false);
    if (errno !== 0) this.holds.seal(file, call.pid, nowNs, errno);
    else this.ofCall(seal.hold, call, file, nowNs, true);
  }

  private ofCall(kind: HoldName, call: Call, file: FileModel, nowNs: number, seals: boolean): void {
    const seal = seals ? this.holds.seal(file, call.pid, nowNs, 0) : null;
    const length = call.whole || call.length < 0 ? Number.POSITIVE_INFINITY : call.length;
    const offset = call.whole ? 0 : call.offset;
    this.holds.add({ kind, file, pid: call.pid, handle: call.handle, fromNs: nowNs, offset, length, seal });
  }

  /** Whose long-term pin was refused: registers on demand, or lets the device work on a buffer. */
  instead(call: Call, file: FileModel, nowNs: number): void {
    const { handle, pid } = call;
    const isOnDemand = this.policy.behaviour.onRefusedPin === 'odp';
    if (handle !== '')
      this.holds.users.set(handle, { file, pid, mapping: false, open: false, sealing: isOnDemand, synced: false });
    if (isOnDemand) {
      this.ofCall('ondemand', call, file, nowNs, false);
      this.holds.copy(handle, file, call);
      this.seals.idleSince.delete(file);
    } else if (handle !== '') this.holds.buffers.set(handle, { call, file });
  }

  /** A file that ordinary tools resized is of no use until the next mount (famfs, note 9). */
  spoil(file: FileModel, nowNs: number): void {
    const kind = this.policy.spoils!.hold;
    if (!this.holds.of(file).some((hold) => hold.kind === kind))
      this.holds.add({ kind, file, pid: -1, handle: '', fromNs: nowNs });
  }

  mount(): void {
    const kind = this.policy.spoils?.hold;
    this.holds.all = this.holds.all.filter((hold) => hold.kind !== kind);
  }

  /** What the trace gives back ends, unless it is a seal that stays for the pins of its file. */
  giveBack(handle: string, nowNs: number): void {
    const hold = this.holds.by(handle);
    const { seal } = this.policy;
    const stays =
      hold !== undefined &&
      seal?.untilLastPin === true &&
      this.seals.isSeal(hold.kind) &&
      this.holds.isPinned(hold.file);
    if (!stays) return this.release(handle, nowNs, 'release');
    this.lingering.push(handle);
    this.holds.users.delete(handle);
    this.freed(hold.file);
  }

  /** With its last descriptor of a file a process gives back the leases that it took by one. */
  close(handle: string, nowNs: number): void {
    const user = this.holds.users.get(handle);
    this.giveBack(handle, nowNs);
    if (user?.open !== true || (this.policy.requestMask & (1 << HOLDS.indexOf('lease'))) === 0) return;
    const { file, pid } = user;
    if ([...this.holds.users.values()].some((one) => one.open && one.file === file && one.pid === pid)) return;
    for (const hold of this.holds.of(file))
      if (hold.pid === pid && LEASES.includes(hold.kind) && hold.handle !== '') this.giveBack(hold.handle, nowNs);
  }

  private release(handle: string, nowNs: number, how: How): void {
    if (handle === '') return;
    this.holds.ended.add(handle);
    this.lingering = this.lingering.filter((one) => one !== handle);
    const hold = this.holds.by(handle);
    const user = this.holds.users.get(handle);
    const file = user?.file ?? hold?.file;
    if (hold !== undefined) this.holds.end(hold);
    this.holds.copies.delete(handle);
    this.holds.buffers.delete(handle);
    this.holds.users.delete(handle);
    if (file === undefined) return;
    this.breaks.drop(handle);
    if (user?.sealing === true) this.seals.released(file, nowNs, how);
    this.dropLingering(file, nowNs);
    this.freed(file);
  }

  /** The last pin of the file is gone: so are the seals that stayed for it. */
  private dropLingering(file: FileModel, nowNs: number): void {
    if (this.holds.isPinned(file)) return;
    this.breaks.endOverdue(file);
    for (const handle of [...this.lingering])
      if (this.holds.by(handle)?.file === file) this.release(handle, nowNs, 'release');
  }

  /** The process is gone, and what ends with it. A swap file and what the policy names stay. */
  exit(pid: number, nowNs: number, killed: boolean): void {
    const how = killed ? 'killed' : 'exit';
    for (const [handle, user] of [...this.holds.users]) {
      const hold = this.holds.by(handle);
      // A claim that a rule tied to a mapping goes with the mapping.
      const ends = hold === undefined || user.mapping || (this.policy.exitMask & (1 << HOLDS.indexOf(hold.kind))) !== 0;
      if (user.pid === pid && ends && this.holds.users.has(handle)) this.release(handle, nowNs, how);
    }
    for (const [file, caller] of this.seals.callers) {
      if (caller !== pid) continue;
      this.seals.released(file, nowNs, how);
      this.freed(file);
    }
    // A lease that was called for, with no descriptor that the trace shows: it is its process's own.
    for (const [file, hold] of [...this.seals.sealed]) if (hold.pid === pid) this.leave(file);
  }

  private leave(file: FileModel): void {
    this.seals.unseal(file);
    this.freed(file);
  }
}
