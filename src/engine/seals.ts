// Seals of one lane: who sealed which file when, what it cost, when it ended, and what was left without an owner.
// Lifetimes: seal-semantics section 5; where a seal is put: replay reference section 3.
import { Holding, State } from '../extents/extent-map.js';
import { errnoName, Hold } from '../model/policy.js';
import { Deed, type FileStates } from './file-states.js';
import type { HoldTable } from './holds.js';
import type { LanePolicies } from './lane-policies.js';
import type { Obstacles } from './obstacles.js';
import { Later, type TimeQueue } from './queue.js';
import type { Prices } from './recipes.js';
import type { SealRow } from './result.js';
import { EndedBy, type SealPlan } from './seal-plan.js';
import type { Users } from './users.js';

export type Unseal = { readonly kind: 'never' | 'last-release' } | { readonly kind: 'idle'; readonly ns: number };

const PAGE = 4096;

interface FileSeal {
  readonly hold: number;
  readonly row: number;
  /** Process that called for it. */
  readonly caller: number;
}

export interface SealParts {
  readonly policies: LanePolicies;
  readonly files: FileStates;
  readonly holds: HoldTable;
  readonly users: Users;
  readonly obstacles: Obstacles;
  readonly prices: Prices;
  readonly plan: SealPlan;
  readonly unseal: Unseal;
  readonly queue: TimeQueue;
  /** The call flushed what was stored into the file. */
  readonly flushed: (file: number) => void;
  /** Of the trace, ns: nothing that only time brings happens after it. */
  readonly endNs: number;
}

export class Seals {
  readonly rows: SealRow[] = [];
  private readonly policies: LanePolicies;
  private readonly files: FileStates;
  private readonly holds: HoldTable;
  private readonly users: Users;
  private readonly obstacles: Obstacles;
  private readonly prices: Prices;
  private readonly plan: SealPlan;
  private readonly unsealRule: Unseal;
  private readonly queue: TimeQueue;
  private readonly endNs: number;
  private readonly flushed: SealParts['flushed'];
  /** Explicit seals by file. */
  private readonly sealed = new Map<number, FileSeal>();
  /** Row of the seal by hold place (mappings that are seals themselves). */
  private readonly byHold = new Map<number, number>();
  /** Seals that no commit has made durable yet, with the commits that their files had had. */
  private unsynced: { readonly row: SealRow; readonly commits: number }[] = [];
  /** By file: when its last user let go, ns; Infinity while it is in use. */
  private readonly idleSince: Float64Array;
  /** Files that a rule could not seal for the whole trace: asked for once. */
  private readonly hopeless = new Set<number>();

  constructor(parts: SealParts) {
    this.policies = parts.policies;
    this.files = parts.files;
    this.holds = parts.holds;
    this.users = parts.users;
    this.obstacles = parts.obstacles;
    this.prices = parts.prices;
    this.plan = parts.plan;
    this.unsealRule = parts.unseal;
    this.queue = parts.queue;
    this.endNs = parts.endNs;
    this.flushed = parts.flushed;
    this.idleSince = new Float64Array(parts.files.count).fill(Number.POSITIVE_INFINITY);
  }

  /** errno with which the seal of this request fails; 0 when nothing stands in its way, or the policy has no seal. */
  refusal(file: number, row: number, explicit: boolean, pid = -1): number {
    const spec = this.policies.of(file).seal;
    return spec === null ? 0 : this.obstacles.errno(spec.refusals, { file, row, explicit, pid });
  }

  /** A seal that was asked for and not had. */
  fail(file: number, task: number, timeNs: number, errno: number): void {
    this.open(file, task, this.policies.of(file).seal!.hold, timeNs, 0, errno);
  }

  /** The seal call: fills, converts, unshares, flushes. Returns what it costs; 0 when the file is sealed already. */
  call(file: number, task: number, pid: number, row: number, timeNs: number, explicit: boolean): number {
    const spec = this.policies.of(file).seal;
    if (spec === null || this.sealed.has(file) || (!explicit && this.hopeless.has(file))) return 0;
    const errno = this.refusal(file, row, explicit);
    if (errno !== 0) {
      this.fail(file, task, timeNs, errno);
      if (this.plan.wholeTrace[file] === 1) this.hopeless.add(file);
      return this.prices.price('refuse');
    }
    const costNs =
      (spec.prepares ? this.prepare(file, row, timeNs) : 0) + (spec.synced === false ? 0 : this.prices.price('commit'));
    // A seal that outlives its process is nobody's own.
    const holder = spec.outlives.includes('exit') ? -1 : pid;
    const hold = this.holds.add(Hold[spec.hold], file, holder, task, 0, timeNs, 0, Number.MAX_SAFE_INTEGER, row);
    this.sealed.set(file, { hold, row: this.rows.length, caller: pid });
    this.open(file, task, spec.hold, timeNs, costNs, 0);
    if (spec.synced === false) this.leaveToCommit(file);
    return costNs;
  }

  /** The seal of this file goes with the next commit (seal_sync=false): a crash before it undoes it. */
  private leaveToCommit(file: number): void {
    const row = this.rows.at(-1)!;
    if (!row.survivesCrash) return;
    row.survivesCrash = false;
    this.unsynced.push({ row, commits: this.files.commitsOf(file) });
  }

  /** Seals whose commit has come by now survive. */
  settleCommits(): void {
    this.unsynced = this.unsynced.filter((one) => {
      one.row.survivesCrash = this.files.commitsOf(one.row.file) > one.commits;
      return !one.row.survivesCrash;
    });
  }

  /** A mapping (or lease) that is the seal itself. */
  taken(hold: number): void {
    const { holds } = this;
    const file = holds.file[hold]!;
    this.byHold.set(hold, this.rows.length);
    this.open(file, holds.task[hold]!, this.policies.of(file).seal!.hold, holds.fromNs[hold]!, 0, 0);
  }

  /** A hold that was a seal ends. */
  ended(hold: number, timeNs: number, how: number): void {
    const row = this.byHold.get(hold);
    if (row === undefined) return;
    this.byHold.delete(hold);
    this.rows[row]!.toNs = timeNs;
    this.rows[row]!.endedBy = how;
  }

  isShared(file: number): boolean {
    return this.obstacles.isShared(file);
  }

  isSealed(file: number): boolean {
    return this.sealed.has(file);
  }

  /** When a break that is under way takes the seal of a file, ns; Infinity for none. */
  limitNs(file: number): number {
    const seal = this.sealed.get(file);
    return seal === undefined ? Number.POSITIVE_INFINITY : this.holds.limitNs[seal.hold]!;
  }

  /** Files whose seal this process called for. */
  calledBy(pid: number): readonly number[] {
    return [...this.sealed].flatMap(([file, { caller }]) => (caller === pid ? [file] : []));
  }

  /** Files sealed by a call whose seal is this process's own: it ends with it. */
  ownedBy(pid: number): readonly number[] {
    return [...this.sealed].flatMap(([file, { hold }]) => (this.holds.pid[hold] === pid ? [file] : []));
  }

  /** One more user of the file. */
  used(file: number): void {
    this.idleSince[file] = Number.POSITIVE_INFINITY;
  }

  /** A user let go. With the last one the application unseals, unless it was killed or the rule says otherwise. */
  released(file: number, timeNs: number, how: number): void {
    const seal = this.sealed.get(file);
    if (seal === undefined || this.users.sealing[file]! > 0 || this.plan.wholeTrace[file] === 1) return;
    if (!this.policies.of(file).seal!.outlives.includes('exit')) return this.unseal(file, timeNs, how);
    if (how === EndedBy.killed) {
      this.rows[seal.row]!.orphaned = true;
      return;
    }
    if (this.unsealRule.kind === 'last-release') this.unseal(file, timeNs, EndedBy.release);
    else if (this.unsealRule.kind === 'never' && how === EndedBy.exit) this.rows[seal.row]!.orphaned = true;
    else if (this.unsealRule.kind === 'idle') {
      this.idleSince[file] = timeNs;
      if (timeNs + this.unsealRule.ns <= this.endNs) this.queue.add(timeNs + this.unsealRule.ns, Later.idle, file);
    }
  }

  /** A file's idle time may be over: true when its seal goes. Costs nobody anything that is counted. */
  idle(file: number, nowNs: number): boolean {
    if (this.unsealRule.kind !== 'idle' || this.idleSince[file]! + this.unsealRule.ns !== nowNs) return false;
    this.unseal(file, nowNs, EndedBy.unseal);
    return true;
  }

  unseal(file: number, timeNs: number, how: number): void {
    const seal = this.sealed.get(file);
    if (seal === undefined) return;
    this.sealed.delete(file);
    this.holds.remove(seal.hold);
    const row = this.rows[seal.row]!;
    row.toNs = timeNs;
    row.endedBy = how;
    row.orphaned = false;
    this.idleSince[file] = Number.POSITIVE_INFINITY;
  }

  private open(
    file: number,
    task: number,
    kind: keyof typeof Hold,
    timeNs: number,
    costNs: number,
    errno: number,
  ): void {
    this.rows.push({
      file,
      task,
      kind: Hold[kind],
      fromNs: timeNs,
      toNs: -1,
      endedBy: EndedBy.alive,
      orphaned: false,
      survivesCrash: this.policies.of(file).seal!.outlives.includes('crash'),
      costNs,
      failure: errno === 0 ? '' : errnoName(errno),
    });
  }

  /** Every block of the file allocated, written, its own and on disk: what the v2/v3 call does before it sets the flag. */
  private prepare(file: number, row: number, nowNs: number): number {
    const { files, prices } = this;
    const map = files.mapOf(file);
    const size = files.sizeOf(file) >= 0 ? Math.ceil(files.sizeOf(file) / PAGE) * PAGE : (map?.end ?? 0);
    const flushNs = prices.price('fsync');
    this.flushed(file);
    if (size === 0 || !files.isKnown(file)) return flushNs;
    const held = map?.summary(0, size) ?? Holding.hole;
    if ((held & (Holding.hole | Holding.unwritten | Holding.reflinked | Holding.delalloc)) === 0) return flushNs;
    if (!files.does(Deed.prepare, row, file, nowNs)) return files.outcome(file);
    let ns = flushNs;
    const filled = files.fill(file, 0, size, -1, State.written);
    if (filled > 0) ns += prices.price('allocate') + prices.price('zero', filled);
    const copied = files.unshare(file, 0, size);
    if (copied > 0) ns += prices.price('allocate') + prices.price('write', copied);
    if ((held & (Holding.unwritten | Holding.delalloc)) !== 0) ns += prices.price('convert');
    this.settle(file, size);
    // Its blocks are not those of the recording from here on: reserved ones have got addresses that only a replay gives.
    files.diverge(file);
    files.did(ns);
    return ns;
  }

  /** Unwritten blocks become written; reserved ones get blocks of the replay's own. */
  private settle(file: number, size: number): void {
    const map = this.files.map(file);
    const reserved: number[] = [];
    for (let at = map.seek(0); at >= 0 && map.offset(at) < size; at = map.next(at))
      if (map.state(at) === State.delalloc) reserved.push(map.offset(at), map.length(at));
    for (let i = 0; i < reserved.length; i += 2)
      this.files.allocate(file, reserved[i]!, reserved[i + 1]!, State.written);
    map.convert(0, size, State.written);
  }
}
