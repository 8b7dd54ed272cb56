// Ordinary leases of files (F_SETLEASE) in the recorded run: what opening and truncating would meet by fcntl(2) and
// fs/locks.c, held against what the kernel answered. A read lease conflicts with writers, a write lease with everybody; who
// will not wait gets EAGAIN and the break starts all the same; a wait ends when the last conflicting lease is given back,
// downgraded or gone with its process, or when the kernel's time is over (lease-break-time, which a trace does not tell).
import type { EventColumns } from '../model/events.js';
import { Flag, Op } from '../model/events.js';
import { ERRNO } from '../model/policy.js';
import { NONE, UNKNOWN_RESULT } from '../model/units.js';

/** What of an operation concerns leases; a `Decision` is one. */
export interface LeaseCall {
  readonly row: number;
  readonly op: number;
  readonly flags: number;
  readonly file: number;
  readonly pid: number;
  readonly timeNs: number;
  readonly result: number;
}

interface Lease {
  /** Row of the request that took it. */
  readonly row: number;
  readonly file: number;
  /** As its owner asked for it last; 0 where the trace names none. */
  handle: number;
  /** Of who has it: one that has a copy of the descriptor inherits it. */
  pid: number;
  reads: boolean;
  /** When it was first asked back for a writer, and for anybody since it is of its type, ns; -1 while it was not. */
  writerNs: number;
  askedNs: number;
}

/** How long after its first break somebody returned who had to wait for a lease that the trace still shows: to read or to write, ns. */
export interface Outlasted {
  readonly forWriter: boolean;
  readonly ns: number;
}

/** An operation that a lease kept waiting in the recorded run. */
interface Breaker {
  readonly row: number;
  readonly file: number;
  readonly writes: boolean;
  readonly fromNs: number;
  readonly endNs: number;
}

/** Breaks of leases in the recorded run. */
export interface LeaseBreaks {
  /** Told EAGAIN because they would not wait, as predicted. */
  refused: number;
  /** Waited until the holder let go, and how long they should have and did, ns. */
  waited: number;
  predictedNs: number;
  recordedNs: number;
  /** Of them: the largest difference between the two, ns. */
  worstNs: number;
  /** Returned while the trace still shows the lease: the kernel took it in the end, or its process went unseen. */
  outlasted: number;
  outlastedNs: number;
}

/** Who gives a lease back names it by its handle, or is known to have taken it. */
export const isReleased = (
  handle: number,
  by: { readonly file: number; readonly pid: number },
  lease: { readonly file: number; readonly pid: number; readonly handle: number },
): boolean => (handle !== 0 ? lease.handle === handle : lease.file === by.file && lease.pid === by.pid);

export class FileLeases {
  readonly breaks: LeaseBreaks = {
    ...{ refused: 0, waited: 0, predictedNs: 0, recordedNs: 0, worstNs: 0, outlasted: 0, outlastedNs: 0 },
  };
  /** By row of its request: a lease that somebody outlasted. */
  readonly outlasted = new Map<number, Outlasted>();
  private readonly c: EventColumns;
  private leases: Lease[] = [];
  private breakers: Breaker[] = [];
  private readonly opens = new OpenCounts();

  constructor(columns: EventColumns) {
    this.c = columns;
  }

  /** Is there any, or anybody who waited for one? */
  get any(): boolean {
    return this.leases.length > 0 || this.breakers.length > 0;
  }

  /** An operation of the recorded run, in its order; returns the errno that leases answer it with, 0 for none. */
  see(d: LeaseCall): number {
    if (this.breakers.length > 0) this.outlast(d.timeNs);
    switch (d.op) {
      case Op.open:
        if (d.result >= 0) this.opens.add(d, 1);
        return this.leases.length === 0 ? 0 : this.meet(d);
      case Op.truncate:
        return this.leases.length === 0 ? 0 : this.meet(d);
      case Op.lease:
        if (d.result >= 0) this.take(d);
        return 0;
      case Op.close:
        if (this.opens.outlives(d)) return 0;
        this.drop(d, ({ file, pid }) => file === d.file && pid === d.pid);
        return 0;
      case Op.lease_release:
        this.drop(d, (lease) => isReleased(this.c.handle[d.row]!, d, lease));
        return 0;
      case Op.exit:
        this.drop(d, ({ pid }) => pid === d.pid);
        return 0;
      default:
        return 0;
    }
  }

  /** The trace is over. */
  finish(): void {
    this.outlast(Number.POSITIVE_INFINITY);
  }

  private meet(d: LeaseCall): number {
    const writes = d.op === Op.truncate || (d.flags & (Flag.write | Flag.trunc)) !== 0;
    const inTheWay = this.leases.filter(
      // ftruncate(2) asks nobody, and who has a lease is the only one who can have the descriptor for it.
      ({ file, pid, reads }) => file === d.file && (writes || !reads) && !(d.op === Op.truncate && pid === d.pid),
    );
    if (inTheWay.length === 0) return 0;
    for (const lease of inTheWay) {
      if (lease.askedNs < 0) lease.askedNs = d.timeNs;
      if (writes && lease.writerNs < 0) lease.writerNs = d.timeNs;
    }
    if ((d.flags & Flag.nowait) !== 0) {
      if (-d.result === ERRNO.EAGAIN!) this.breaks.refused++;
      return ERRNO.EAGAIN!;
    }
    const latencyNs = this.c.latencyNs[d.row]!;
    // Only who is known to have succeeded says anything of the leases in its way.
    if (latencyNs >= 0 && d.result >= 0 && d.result !== UNKNOWN_RESULT)
      this.breakers.push({ row: d.row, file: d.file, writes, fromNs: d.timeNs, endNs: d.timeNs + latencyNs });
    return 0;
  }

  private isHeld(file: number, writes: boolean): boolean {
    return file !== NONE && this.leases.some((one) => one.file === file && (writes || !one.reads));
  }

  /** A second request of the same owner changes the type of the lease it has. */
  private take(d: LeaseCall): void {
    const reads = (d.flags & Flag.read) !== 0;
    const handle = this.c.handle[d.row]!;
    const heir = handle === 0 ? undefined : this.leases.find((one) => one.handle === handle && one.file === d.file);
    if (heir !== undefined) heir.pid = d.pid;
    const own = heir ?? this.leases.find(({ file, pid }) => file === d.file && pid === d.pid);
    // No lease is granted beside one that conflicts with it: such have ended unseen.
    if (d.result !== UNKNOWN_RESULT)
      this.leases = this.leases.filter((one) => one === own || one.file !== d.file || (reads && one.reads));
    if (own === undefined)
      this.leases.push({ row: d.row, file: d.file, handle, pid: d.pid, reads, writerNs: -1, askedNs: -1 });
    else {
      own.handle = handle;
      if (own.reads !== reads) own.askedNs = own.writerNs;
      own.reads = reads;
    }
    this.letGo(d.timeNs);
  }

  private drop(d: LeaseCall, isGone: (lease: Lease) => boolean): void {
    if (!this.leases.some(isGone) || d.result < 0) return;
    this.leases = this.leases.filter((one) => !isGone(one));
    this.letGo(d.timeNs);
  }

  /** Those whose way is free now return: this is when they should have. */
  private letGo(nowNs: number): void {
    const { breaks } = this;
    this.breakers = this.breakers.filter(({ file, writes, fromNs, endNs }) => {
      if (this.isHeld(file, writes)) return true;
      breaks.waited++;
      breaks.predictedNs += nowNs - fromNs;
      breaks.recordedNs += endNs - fromNs;
      breaks.worstNs = Math.max(breaks.worstNs, Math.abs(endNs - nowNs));
      return false;
    });
  }

  /**
   * Who has returned while the lease was there has outlasted it. A reader leaves one for reading behind where the kernel took
   * it, and none where its process went unseen: nothing is predicted from what may not be there.
   */
  private outlast(nowNs: number): void {
    const over = this.breakers.filter(({ endNs }) => endNs <= nowNs);
    if (over.length === 0) return;
    this.breakers = this.breakers.filter(({ endNs }) => endNs > nowNs);
    for (const { file, writes, fromNs, endNs } of over) {
      this.breaks.outlasted++;
      this.breaks.outlastedNs += endNs - fromNs;
      const isGone = (one: Lease): boolean => one.file === file && (writes || !one.reads);
      for (const { row, askedNs, writerNs } of this.leases.filter(isGone))
        this.outlasted.set(row, { forWriter: writes, ns: endNs - (writes ? writerNs : askedNs) });
      this.leases = this.leases.filter((one) => !isGone(one));
    }
    this.letGo(nowNs);
  }
}

/** By file and process: descriptors that it is known to have. A lease goes with the last of them. */
export class OpenCounts {
  private readonly counts = new Map<string, number>();

  /** Returns how many there are then. */
  add({ file, pid }: LeaseCall, by: number): number {
    const key = `${file}/${pid}`;
    const left = Math.max(0, (this.counts.get(key) ?? 0) + by);
    this.counts.set(key, left);
    return left;
  }

  /** A descriptor is closed: does a lease live on, through a copy of it (dup(2)) or through another one? */
  outlives(close: LeaseCall): boolean {
    return (close.flags & Flag.shared) !== 0 || this.add(close, -1) > 0;
  }
}
