// Seals of one lane: who sealed which file when, what it cost, when it ended, and what was left without an owner.
// Lifetimes: seal-semantics section 5; where a seal is put: replay reference section 3.
import { Holding, State } from '../extents/extent-map.js';
import { Hold, type Policy } from '../model/policy.js';
import type { FileStates } from './file-states.js';
import type { HoldTable } from './holds.js';
import type { Prices } from './recipes.js';
import type { SealRow } from './result.js';
import { EndedBy, type SealPlan } from './seal-plan.js';

export type Unseal = { readonly kind: 'never' | 'last-release' } | { readonly kind: 'idle'; readonly ns: number };

const PAGE = 4096;

interface FileSeal {
  readonly hold: number;
  readonly row: number;
}

export class Seals {
  readonly rows: SealRow[] = [];
  private readonly policy: Policy;
  private readonly files: FileStates;
  private readonly holds: HoldTable;
  private readonly prices: Prices;
  private readonly plan: SealPlan;
  private readonly unsealRule: Unseal;
  private readonly endNs: number;
  /** Explicit seals by file. */
  private readonly sealed = new Map<number, FileSeal>();
  /** Row of the seal by hold place (mappings that are seals themselves). */
  private readonly byHold = new Map<number, number>();
  /** Live device holds and direct mappings: handle -> file and process. */
  private readonly live = new Map<number, { readonly file: number; readonly pid: number }>();
  private readonly liveOf: Uint32Array;
  private readonly idleSince: Float64Array;

  constructor(
    policy: Policy,
    files: FileStates,
    holds: HoldTable,
    prices: Prices,
    plan: SealPlan,
    unseal: Unseal,
    endNs: number,
  ) {
    this.policy = policy;
    this.files = files;
    this.holds = holds;
    this.prices = prices;
    this.plan = plan;
    this.unsealRule = unseal;
    this.endNs = endNs;
    this.liveOf = new Uint32Array(files.maps.length);
    this.idleSince = new Float64Array(files.maps.length).fill(Number.POSITIVE_INFINITY);
  }

  /** The seal call: fills, converts, unshares, flushes. Returns what it costs; 0 when the file is sealed already. */
  call(file: number, pid: number, task: number, row: number, timeNs: number): number {
    const spec = this.policy.seal;
    if (spec === null || this.sealed.has(file)) return 0;
    const costNs = spec.prepares ? this.prepare(file) : spec.synced === false ? 0 : this.prices.price('commit');
    const hold = this.holds.add(
      Hold[spec.hold],
      file,
      pid,
      task,
      0,
      timeNs,
      Number.POSITIVE_INFINITY,
      0,
      Number.MAX_SAFE_INTEGER,
      row,
    );
    this.sealed.set(file, { hold, row: this.rows.length });
    this.open(file, task, spec.hold, timeNs, costNs);
    return costNs;
  }

  /** A mapping (or lease) that is the seal itself. */
  taken(hold: number): void {
    const { holds } = this;
    this.byHold.set(hold, this.rows.length);
    this.open(holds.file[hold]!, holds.task[hold]!, this.policy.seal!.hold, holds.fromNs[hold]!, 0);
  }

  /** A hold that was a seal ends. */
  ended(hold: number, timeNs: number, how: number): void {
    const row = this.byHold.get(hold);
    if (row === undefined) return;
    this.byHold.delete(hold);
    this.rows[row]!.toNs = timeNs;
    this.rows[row]!.endedBy = how;
  }

  /** One more user of the file: a device hold or a direct mapping. */
  use(file: number, handle: number, pid: number): void {
    this.live.set(handle, { file, pid });
    this.liveOf[file]!++;
    this.idleSince[file] = Number.POSITIVE_INFINITY;
  }

  /** A user let go. */
  drop(handle: number): void {
    const user = this.live.get(handle);
    if (user === undefined) return;
    this.live.delete(handle);
    this.liveOf[user.file]!--;
  }

  /** What a process uses sealed files through, whether or not it is a hold in this lane. */
  usedBy(pid: number): { readonly handle: number; readonly file: number }[] {
    const found: { handle: number; file: number }[] = [];
    for (const [handle, user] of this.live) if (user.pid === pid) found.push({ handle, file: user.file });
    return found;
  }

  /** The last user let go: the application unseals, unless it was killed or the rule says otherwise. */
  released(file: number, timeNs: number, how: number): void {
    const seal = this.sealed.get(file);
    if (seal === undefined || this.liveOf[file]! > 0 || this.plan.wholeTrace[file] === 1) return;
    if (!this.policy.seal!.outlives.includes('exit')) return this.unseal(file, timeNs, how);
    if (how === EndedBy.killed) {
      this.rows[seal.row]!.orphaned = true;
      return;
    }
    if (this.unsealRule.kind === 'last-release') this.unseal(file, timeNs, EndedBy.release);
    else if (this.unsealRule.kind === 'never' && how === EndedBy.exit) this.rows[seal.row]!.orphaned = true;
    else if (this.unsealRule.kind === 'idle') this.idleSince[file] = timeNs;
  }

  /** With `--unseal idle:T`, a seal whose file has been idle for T is gone by now. Costs nobody anything that is counted. */
  idle(file: number, timeNs: number): number {
    if (this.unsealRule.kind !== 'idle') return 0;
    const since = this.idleSince[file]! + this.unsealRule.ns;
    if (since <= timeNs && this.sealed.has(file) && this.rows[this.sealed.get(file)!.row]!.orphaned === false)
      this.unseal(file, since, EndedBy.unseal);
    return 0;
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

  finish(): void {
    if (this.unsealRule.kind !== 'idle') return;
    for (const file of [...this.sealed.keys()]) this.idle(file, this.endNs);
  }

  private open(file: number, task: number, kind: keyof typeof Hold, timeNs: number, costNs: number): void {
    this.rows.push({
      file,
      task,
      kind: Hold[kind],
      fromNs: timeNs,
      toNs: -1,
      endedBy: EndedBy.alive,
      orphaned: false,
      survivesCrash: this.policy.seal!.outlives.includes('crash'),
      costNs,
      failure: '',
    });
  }

  /** Every block of the file allocated, written, its own and on disk: what the v2/v3 call does before it sets the flag. */
  private prepare(file: number): number {
    const { files, prices } = this;
    const map = files.map(file);
    const size = files.size[file]! >= 0 ? Math.ceil(files.size[file]! / PAGE) * PAGE : map.end;
    let ns = prices.price('fsync') + prices.price('commit');
    if (size === 0 || files.known[file] === 0) return ns;
    const held = map.summary(0, size);
    if ((held & (Holding.hole | Holding.unwritten | Holding.reflinked | Holding.delalloc)) === 0) return ns;
    const filled = files.fill(file, 0, size, -1, State.written);
    if (filled > 0) ns += prices.price('allocate') + prices.price('zero', filled);
    const copied = files.unshare(file, 0, size);
    if (copied > 0) ns += prices.price('allocate') + prices.price('write', copied);
    if ((held & (Holding.unwritten | Holding.delalloc)) !== 0) ns += prices.price('convert');
    this.settle(file, size);
    if ((held & (Holding.hole | Holding.unwritten | Holding.reflinked)) !== 0) files.diverged[file] = 1;
    return ns;
  }

  /** Unwritten blocks become written; reserved ones get blocks of this lane's own. */
  private settle(file: number, size: number): void {
    const map = this.files.map(file);
    const reserved: number[] = [];
    for (let at = map.seek(0); at >= 0 && map.offset(at) < size; at = map.next(at))
      if (map.state(at) === State.delalloc) reserved.push(map.offset(at), map.length(at));
    for (let i = 0; i < reserved.length; i += 2)
      map.insert(reserved[i]!, reserved[i + 1]!, this.files.allocate(reserved[i + 1]!), State.written);
    map.convert(0, size, State.written);
  }
}
