// Ordinary leases of files (fcntl(2), F_SETLEASE with F_RDLCK or F_WRLCK) in a lane that decides: whatever the policy, the kernel
// asks them back before it looks at anything else when somebody opens or truncates the file (fs/locks.c __break_lease, called by
// do_dentry_open and vfs_truncate). Layout leases are another matter: they are holds of the policies that know them.
import type { EventColumns } from '../model/events.js';
import { Flag, Op } from '../model/events.js';
import { NONE } from '../model/units.js';
import type { Decision } from './decision.js';
import { isReleased, OpenCounts } from './file-leases.js';
import type { LanePolicies } from './lane-policies.js';
import { asksLease, type LeasePlan } from './lease-plan.js';
import { Later, type TimeQueue } from './queue.js';

const NEVER = Number.POSITIVE_INFINITY;

export interface OrdinaryLease {
  readonly file: number;
  /** Of who has it: one that has a copy of the descriptor inherits it. */
  pid: number;
  task: number;
  /** Row of the event that took it, and its handle, 0 for none. */
  readonly row: number;
  readonly handle: number;
  readonly fromNs: number;
  /** F_RDLCK: only writers conflict with it. */
  reads: boolean;
  /** When the kernel takes it away, and when it makes a read lease of it; Infinity while nobody asks for that. */
  goneNs: number;
  downgradedNs: number;
}

export interface OrdinaryLeaseParts {
  readonly columns: EventColumns;
  readonly policies: LanePolicies;
  readonly plan: LeasePlan;
  readonly queue: TimeQueue;
  /** Told of every file that lost a lease, or has a weaker one. */
  readonly freed: (file: number) => void;
}

export class OrdinaryLeases {
  private readonly parts: OrdinaryLeaseParts;
  /** All that were ever taken: the queue names them by their place. */
  private readonly all: OrdinaryLease[] = [];
  /** In the order in which they were taken. */
  private readonly alive = new Set<OrdinaryLease>();
  private readonly ofFile = new Map<number, OrdinaryLease[]>();
  private readonly opens = new OpenCounts();
  /** By handle: when it ended here, ns. */
  private readonly ended = new Map<number, number>();

  constructor(parts: OrdinaryLeaseParts) {
    this.parts = parts;
  }

  get any(): boolean {
    return this.alive.size > 0;
  }

  /** When the lease of a handle ended in this lane, ns; -1 while it is alive, or where there never was one. */
  endedNs(handle: number): number {
    return this.ended.get(handle) ?? -1;
  }

  /** Those that an operation has to wait for, in the order in which they were taken; the kernel spares nobody's own. */
  inTheWay(d: Decision): readonly OrdinaryLease[] {
    const leases = this.ofFile.get(d.file);
    if (leases === undefined || !breaks(d)) return NO_LEASES;
    const writes = isWriter(d);
    return leases.filter((one) => (writes || !one.reads) && !isOwnTruncate(d, one));
  }

  /** All that conflict are asked back; whose holder does not answer in time, the kernel takes or weakens. The time runs from the first break. */
  startBreak(d: Decision, nowNs: number): void {
    const { plan, policies, queue } = this.parts;
    const writes = isWriter(d);
    for (const lease of this.inTheWay(d)) {
      if ((writes ? lease.goneNs : Math.min(lease.goneNs, lease.downgradedNs)) < NEVER) continue;
      const limitNs = policies.of(lease.file).behaviour.leaseBreakNs;
      const seen = plan.outlasted.get(lease.row);
      // Whom a reader outlasted is gone as a whole, as far as is known.
      const isSeen = seen !== undefined && seen.forWriter === writes && seen.ns < limitNs;
      const atNs = Math.min(nowNs + (isSeen ? seen.ns : limitNs), Number.MAX_VALUE);
      if (writes || isSeen) lease.goneNs = atNs;
      else lease.downgradedNs = atNs;
      // A limit of "for ever" is a break all the same.
      if (atNs < Number.MAX_VALUE) queue.add(atNs, Later.lease, this.all.indexOf(lease));
    }
  }

  /** The time of a holder is over: the kernel takes the lease, or for a reader leaves one for reading. */
  atLimit(place: number, nowNs: number): void {
    const lease = this.all[place]!;
    if (!this.alive.has(lease)) return;
    if (lease.goneNs <= nowNs) this.end(lease, nowNs);
    else if (lease.downgradedNs <= nowNs) this.weaken(lease);
  }

  /** What an operation that went ahead takes and gives back. */
  see(d: Decision, nowNs: number): void {
    if (d.op === Op.lease) {
      if (asksLease(d.op, d.flags) && d.file !== NONE) this.take(d, nowNs);
    } else if (d.op === Op.open && d.file !== NONE && this.parts.plan.leased[d.file] === 1) this.opens.add(d, 1);
    else if (d.op === Op.close) this.close(d, nowNs);
    else if (this.alive.size === 0) return;
    else if (d.op === Op.lease_release)
      this.drop(nowNs, (one) => isReleased(this.parts.columns.handle[d.row]!, d, one));
    else if (d.op === Op.exit) this.drop(nowNs, ({ pid }) => pid === d.pid);
  }

  /** A second request of the same process changes the type of the lease it has. */
  private take(d: Decision, nowNs: number): void {
    const reads = (d.flags & Flag.read) !== 0;
    const handle = this.parts.columns.handle[d.row]!;
    if ((d.flags & Flag.synthetic) !== 0) return this.inherit(d, handle);
    // No lease is granted beside one that conflicts with it: such have ended unseen.
    for (const one of this.ofFile.get(d.file) ?? [])
      if (one.pid !== d.pid && !(reads && one.reads)) this.end(one, nowNs);
    const leases = this.ofFile.get(d.file) ?? [];
    const own = leases.find(({ pid }) => pid === d.pid);
    if (own !== undefined) {
      if (reads && !own.reads) this.weaken(own);
      else own.reads = reads;
      return;
    }
    const lease: OrdinaryLease = {
      ...{ file: d.file, pid: d.pid, task: d.task, row: d.row, handle, fromNs: nowNs, reads },
      ...{ goneNs: NEVER, downgradedNs: NEVER },
    };
    this.all.push(lease);
    this.alive.add(lease);
    this.ofFile.set(d.file, [...leases, lease]);
    this.ended.delete(handle);
  }

  /** Its process closed it or ended, and another one has a copy: the lease, and what is asked of it, stay as they are. */
  private inherit(d: Decision, handle: number): void {
    const lease = [...this.alive].find((one) => one.handle === handle);
    if (lease === undefined) return;
    lease.pid = d.pid;
    lease.task = d.task;
  }

  private close(d: Decision, nowNs: number): void {
    if (d.file === NONE || this.parts.plan.leased[d.file] === 0 || this.opens.outlives(d)) return;
    this.drop(nowNs, ({ file, pid }) => file === d.file && pid === d.pid);
  }

  private drop(nowNs: number, isGone: (lease: OrdinaryLease) => boolean): void {
    for (const lease of this.alive) if (isGone(lease)) this.end(lease, nowNs);
  }

  private weaken(lease: OrdinaryLease): void {
    lease.reads = true;
    lease.downgradedNs = NEVER;
    this.parts.freed(lease.file);
  }

  private end(lease: OrdinaryLease, nowNs: number): void {
    this.alive.delete(lease);
    const left = this.ofFile.get(lease.file)!.filter((one) => one !== lease);
    if (left.length === 0) this.ofFile.delete(lease.file);
    else this.ofFile.set(lease.file, left);
    if (lease.handle !== 0) this.ended.set(lease.handle, nowNs);
    this.parts.freed(lease.file);
  }
}

const NO_LEASES: readonly OrdinaryLease[] = [];

const breaks = ({ op }: Decision): boolean => op === Op.open || op === Op.truncate;

const isWriter = ({ op, flags }: Decision): boolean => op === Op.truncate || (flags & (Flag.write | Flag.trunc)) !== 0;

/** ftruncate(2) asks nobody, and who has a lease is the only one who can have the descriptor for it. */
const isOwnTruncate = ({ op, pid }: Decision, lease: OrdinaryLease): boolean => op === Op.truncate && lease.pid === pid;
