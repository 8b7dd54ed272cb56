// Ordinary leases of files in the naive replay (fcntl(2), F_SETLEASE): who opens or truncates breaks them first, whatever the policy.
import type { Policy } from '../../src/model/policy.js';
import type { Call } from './calls.js';
import type { FileModel } from './disk.js';
import type { ClaimParts } from './seals.js';

interface FileLease {
  /** Index of the line that took it. */
  readonly line: number;
  readonly file: FileModel;
  readonly pid: number;
  readonly handle: string;
  type: 'read' | 'write';
  unlockNs: number;
  downgradeNs: number;
}

const NEVER = Number.POSITIVE_INFINITY;

export class FileLeaseList {
  private all: FileLease[] = [];
  private readonly policy: Policy;
  private readonly freed: ClaimParts['freed'];
  private readonly at: ClaimParts['at'];
  /** Descriptors by file and process. */
  private readonly opens = new Map<string, number>();
  private readonly outlasted: ReadonlyMap<number, Outlasted>;

  constructor(calls: readonly Call[], { policy, freed, at }: Pick<ClaimParts, 'policy' | 'freed' | 'at'>) {
    this.outlasted = outlasted(calls);
    this.policy = policy;
    this.freed = freed;
    this.at = at;
  }

  /** A read lease is in the way of writers, a write lease of everybody, its holder included, but for ftruncate(2). */
  inTheWay(call: Call, file: FileModel | null): readonly FileLease[] {
    if (call.op !== 'open' && call.op !== 'truncate') return [];
    const writes = isWriter(call);
    return this.all.filter(
      (lease) =>
        lease.file === file &&
        (writes || lease.type === 'write') &&
        !(call.op === 'truncate' && lease.pid === call.pid),
    );
  }

  startBreak(call: Call, file: FileModel, nowNs: number): void {
    for (const lease of this.inTheWay(call, file)) {
      const isAsked = lease.unlockNs < NEVER || (!isWriter(call) && lease.downgradeNs < NEVER);
      if (isAsked) continue;
      const { leaseBreakNs } = this.policy.behaviour;
      const seen = this.outlasted.get(lease.line);
      const isSeen = seen !== undefined && seen.forWriter === isWriter(call) && seen.ns < leaseBreakNs;
      const limitNs = nowNs + (isSeen ? seen.ns : leaseBreakNs);
      // For ever is a time, too: what is asked back once is not asked back again.
      lease[isWriter(call) || isSeen ? 'unlockNs' : 'downgradeNs'] = Math.min(limitNs, Number.MAX_VALUE);
      if (limitNs < NEVER) this.at(limitNs, (thenNs) => this.timeOut(lease, thenNs));
    }
  }

  private timeOut(lease: FileLease, nowNs: number): void {
    if (!this.all.includes(lease)) return;
    if (lease.unlockNs <= nowNs) this.end(lease);
    else if (lease.downgradeNs <= nowNs) this.downgrade(lease);
  }

  /** What a call that went ahead takes and gives back. */
  see(call: Call, file: FileModel | null): void {
    const { op, pid, handle, flags } = call;
    if (op === 'lease' && file !== null && (flags.has('read') || flags.has('write'))) {
      const type = flags.has('read') ? 'read' : 'write';
      for (const one of this.all)
        if (one.file === file && one.pid !== pid && (type === 'write' || one.type === 'write')) this.end(one);
      const own = this.all.find((lease) => lease.file === file && lease.pid === pid);
      if (own === undefined)
        this.all.push({ line: call.index, file, pid, handle, type, unlockNs: NEVER, downgradeNs: NEVER });
      else if (type === 'read' && own.type === 'write') this.downgrade(own);
      else own.type = type;
      return;
    }
    const key = `${file?.path} ${pid}`;
    const by = op === 'open' ? 1 : op === 'close' && !flags.has('shared') ? -1 : 0;
    const open = Math.max(0, (this.opens.get(key) ?? 0) + by);
    this.opens.set(key, open);
    for (const lease of [...this.all]) {
      const mine = lease.pid === pid && lease.file === file;
      const released = op === 'lease_release' && (handle === '' ? mine : lease.handle === handle);
      if (
        released ||
        (op === 'close' && mine && !flags.has('shared') && open === 0) ||
        (op === 'exit' && lease.pid === pid)
      )
        this.end(lease);
    }
  }

  private downgrade(lease: FileLease): void {
    Object.assign(lease, { type: 'read', downgradeNs: NEVER });
    this.freed(lease.file);
  }

  private end(lease: FileLease): void {
    this.all = this.all.filter((one) => one !== lease);
    this.freed(lease.file);
  }
}

const isWriter = ({ op, flags }: Call): boolean => op === 'truncate' || flags.has('write') || flags.has('trunc');

interface Outlasted {
  readonly forWriter: boolean;
  readonly ns: number;
}

interface Recorded {
  readonly line: number;
  readonly path: string;
  readonly pid: number;
  reads: boolean;
  /** For a writer, and for anybody since it is of its type. */
  writerNs: number;
  askedNs: number;
}

/**
 * By the line that took a lease: how long after it was first asked back somebody returned whom it must have kept waiting, in a recording
 * that shows no end of it by then.
 */
function outlasted(calls: readonly Call[]): Map<number, Outlasted> {
  const found = new Map<number, Outlasted>();
  const opens = new Map<string, number>();
  let leases: Recorded[] = [];
  let waiting: Call[] = [];
  const conflicts = (call: Call): Recorded[] =>
    leases.filter(
      ({ path, pid, reads }) =>
        path === call.path && (isWriter(call) || !reads) && !(call.op === 'truncate' && pid === call.pid),
    );
  const end = (call: Call): number => call.line.t + call.ns;
  const files = new Set(calls.filter((call) => isOrdinary(call)).map(({ path }) => path));
  const returned = (nowNs: number): void => {
    for (const one of waiting.filter((waiter) => end(waiter) <= nowNs)) {
      const gone = conflicts(one);
      for (const { line, writerNs, askedNs } of gone) {
        const forWriter = isWriter(one);
        found.set(line, { forWriter, ns: end(one) - (forWriter ? writerNs : askedNs) });
      }
      leases = leases.filter((lease) => !gone.includes(lease));
    }
    waiting = waiting.filter((one) => conflicts(one).length > 0);
  };
  for (const call of calls.filter(({ path, op }) => op === 'exit' || files.has(path))) {
    const { op, path, pid, line } = call;
    returned(line.t);
    const key = `${path} ${pid}`;
    if (op === 'open' && !call.failed) opens.set(key, (opens.get(key) ?? 0) + 1);
    const closes = op === 'close' && !call.flags.has('shared');
    if (closes) opens.set(key, Math.max(0, (opens.get(key) ?? 0) - 1));
    if (op === 'open' || op === 'truncate') {
      const inTheWay = conflicts(call);
      for (const lease of inTheWay) {
        if (lease.askedNs < 0) lease.askedNs = line.t;
        if (isWriter(call) && lease.writerNs < 0) lease.writerNs = line.t;
      }
      if (inTheWay.length > 0 && !call.flags.has('nowait') && line.ret === 0 && call.ns >= 0) waiting.push(call);
    } else if (!call.failed && isOrdinary(call)) {
      const own = leases.find((lease) => lease.path === path && lease.pid === pid);
      const reads = call.flags.has('read');
      if (line.ret === 0)
        leases = leases.filter((lease) => lease === own || lease.path !== path || (reads && lease.reads));
      if (own === undefined) leases.push({ line: call.index, path: path!, pid, reads, writerNs: -1, askedNs: -1 });
      else if (own.reads !== reads) Object.assign(own, { reads, askedNs: own.writerNs });
    } else if (!call.failed && (op === 'lease_release' || op === 'exit' || (closes && !opens.get(key))))
      leases = leases.filter((lease) => lease.pid !== pid || (op !== 'exit' && lease.path !== path));
    waiting = waiting.filter((one) => conflicts(one).length > 0);
  }
  returned(Number.POSITIVE_INFINITY);
  return found;
}

const isOrdinary = ({ op, flags }: Call): boolean => op === 'lease' && (flags.has('read') || flags.has('write'));
