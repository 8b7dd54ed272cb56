// The conflicts of one lane, grouped: who wanted what of whom, with the block map before and after.
import { TripleTable } from '../base/triple-table.js';
import type { EventColumns } from '../model/events.js';
import { Flag, Op } from '../model/events.js';
import { Hold, MASKS, Verdict } from '../model/policy.js';
import { NONE } from '../model/units.js';
import { reachOf } from './cases.js';
import type { FileStates } from './file-states.js';
import type { HoldTable } from './holds.js';
import type { EngineInput } from './input.js';
import type { LanePolicies } from './lane-policies.js';
import type { OrdinaryLease } from './ordinary-leases.js';
import { Later, type TimeQueue } from './queue.js';
import type { ConflictGroup } from './result.js';
import { NO_VIEW, Views } from './view.js';

/** Extents shown of a range; more say nothing to a reader. */
const BOUNDED_VIEW = 24;
/** Lengths of the range shown on each side of it. */
const BESIDE = 2;

type Holder = Pick<ConflictGroup, 'hold' | 'holdRow' | 'holdTask' | 'holdHandle' | 'holdFromNs' | 'holdToNs'>;
const NOBODY: Holder = { hold: -1, holdRow: -1, holdTask: NONE, holdHandle: 0, holdFromNs: -1, holdToNs: -1 };

/** What is refused, delayed or announced, as far as it makes two conflicts equal; `Decision` is one. */
export interface Clash {
  readonly row: number;
  readonly second: number;
  readonly op: number;
  readonly operationCase: number;
  /** The file whose hold decided. */
  readonly blocked: number;
  readonly verdict: number;
  readonly errno: number;
  readonly task: number;
  readonly pid: number;
  readonly metRow: number;
  readonly metHandle: number;
  /** An ordinary lease in its way; null for none. */
  readonly lease: OrdinaryLease | null;
}

export class Conflicts {
  /** In the order in which the first of each came. */
  readonly groups: ConflictGroup[] = [];
  readonly views = new Views();
  /** All of them. */
  count = 0;
  /** Number of the group that a refusal was counted in last. */
  last = 0;
  private readonly c: EventColumns;
  private readonly input: EngineInput;
  private readonly policies: LanePolicies;
  private readonly files: FileStates;
  private readonly holds: HoldTable;
  private readonly queue: TimeQueue;
  private readonly keys = new TripleTable();
  private readonly pairs = new TripleTable();
  /** By number of a group: how many conflicts it has. */
  private counts = new Float64Array(64);
  private readonly first = new Map<number, ConflictGroup>();

  constructor(input: EngineInput, policies: LanePolicies, files: FileStates, holds: HoldTable, queue: TimeQueue) {
    this.c = input.columns;
    this.input = input;
    this.policies = policies;
    this.files = files;
    this.holds = holds;
    this.queue = queue;
  }

  /** Counts a conflict; the first of its kind is kept in full. */
  add(d: Clash): ConflictGroup {
    return this.groups[this.numberOf(d)]!;
  }

  /** hot: counts a conflict that is over at once. True: it is the first of its kind. */
  refuse(d: Clash, timeNs: number): boolean {
    const known = this.groups.length;
    const number = this.numberOf(d);
    this.last = number;
    if (number < known) return false;
    this.over(this.groups[number]!, d.row, timeNs, 0);
    return true;
  }

  /** So many more of a group. */
  again(group: number, times: number): void {
    this.count += times;
    this.counts[group]! += times;
  }

  /** Tells each group how many it has. */
  finish(): void {
    this.groups.forEach((group, number) => {
      group.count = this.counts[number]!;
    });
  }

  /** hot: of its group, which may be a new one. */
  private numberOf(d: Clash): number {
    const { op, operationCase, blocked: file, verdict, errno, task } = d;
    const { taskKeys } = this.input;
    const hold = this.holdOf(d);
    const met =
      hold >= 0 ? NOBODY : d.lease !== null ? leaseHolder(d.lease) : d.metRow >= 0 ? this.met(d.metRow) : NOBODY;
    const kind = hold < 0 ? met.hold : this.holds.kind[hold]!;
    const holdTask = hold < 0 ? met.holdTask : this.holds.task[hold]!;
    // Times and process numbers are not part of what makes two conflicts equal.
    const what = (((op * 32 + operationCase + 1) * 8 + verdict) * 32 + kind + 1) * 8192 + errno;
    const who = this.pairs.find(keyOf(taskKeys, task), keyOf(taskKeys, holdTask), 0);
    const number = this.keys.find(what, file, who);
    this.count++;
    if (number === this.groups.length) {
      const { holds } = this;
      // Written out: spreading parts together takes a hundred times as long, and there are as many groups as files.
      this.groups.push({
        operationCase,
        verdict,
        errno,
        row: d.row,
        hold: kind,
        holdRow: hold < 0 ? met.holdRow : holds.row[hold]!,
        holdTask,
        holdHandle: hold < 0 ? met.holdHandle : holds.handle[hold]!,
        holdFromNs: hold < 0 ? met.holdFromNs : holds.fromNs[hold]!,
        holdToNs: hold < 0 ? met.holdToNs : Number.POSITIVE_INFINITY,
        file,
        waitNs: 0,
        count: 0,
        maxWaitNs: 0,
        totalWaitNs: 0,
        lateNs: 0,
        queued: 0,
        before: this.view(d.row, file),
        after: NO_VIEW,
      });
      if (number === this.counts.length) {
        const counts = new Float64Array(2 * number);
        counts.set(this.counts);
        this.counts = counts;
      }
    }
    this.counts[number]!++;
    return number;
  }

  /** Place of the hold in the way, or of the one through which an access comes that foresight knows of; -1. */
  private holdOf(d: Clash): number {
    if (d.lease !== null) return -1;
    const inTheWay = this.policies.recorded || d.blocked === NONE ? -1 : this.holdInTheWay(d);
    return inTheWay < 0 && d.metRow >= 0 ? this.holds.byHandle(d.metHandle) : inTheWay;
  }

  /** Without a handle: a process that goes to the blocks by itself, or an access that the kernel recorded. */
  private met(row: number): Holder {
    const { c } = this;
    const isRaw = (c.flags[row]! & Flag.raw) !== 0;
    const fromNs = c.timeNs[row]!;
    return {
      ...{ hold: isRaw ? Hold.translation : Hold.pin, holdRow: row, holdTask: c.task[row]!, holdHandle: 0 },
      ...{ holdFromNs: fromNs, holdToNs: fromNs + Math.max(0, c.latencyNs[row]!) },
    };
  }

  /** The operation has run, or never will: how long it waited, and what becomes of its range. */
  over(group: ConflictGroup, row: number, timeNs: number, waitNs: number): void {
    group.totalWaitNs += waitNs;
    group.maxWaitNs = Math.max(group.maxWaitNs, waitNs);
    if (group.row !== row) return;
    group.waitNs = waitNs;
    this.first.set(row, group);
    this.queue.add(timeNs + waitNs + Math.max(0, this.c.latencyNs[row]!), Later.after, row);
  }

  private view(row: number, file: number): number {
    if (file === NONE) return NO_VIEW;
    const { c } = this;
    const op = c.op[row]!;
    const offset =
      op === Op.truncate
        ? Math.min(c.length[row]!, this.files.sizeOf(file) >= 0 ? this.files.sizeOf(file) : c.length[row]!)
        : Math.max(0, c.offset[row]!);
    const length = op === Op.truncate || c.length[row]! < 0 ? Number.POSITIVE_INFINITY : c.length[row]!;
    // With what lies beside it: a hole next to the range must not be taken for one.
    const beside = Number.isFinite(length) ? Math.min(offset, BESIDE * length) : 0;
    return this.views.keep(this.files.mapOf(file), offset - beside, length + beside + BESIDE * length, BOUNDED_VIEW);
  }

  /** The map after the operation is over: what became of its range. */
  after(row: number): void {
    const group = this.first.get(row);
    if (group !== undefined) group.after = this.view(row, group.file);
  }

  /** The hold that makes the verdict: the one whose own cell is as strong, another process's before the actor's own. */
  private holdInTheWay({ operationCase, blocked: file, verdict, pid, row, second }: Clash): number {
    const { holds, c } = this;
    const policy = this.policies.of(file);
    const ranged = policy.reach === 'range' ? MASKS - 1 : policy.rangedMask;
    const about = ranged === 0 ? null : reachOf(c, c.file[row] === file ? row : second, this.files.sizeOf(file));
    let own = -1;
    for (let at = holds.of(file); at >= 0; at = holds.after(at)) {
      const index = operationCase * MASKS + (1 << holds.kind[at]!);
      const cell = policy.verdictOther[index]!;
      const isRanged = (ranged & (1 << holds.kind[at]!)) !== 0;
      if (about !== null && isRanged && !holds.reaches(at, about.from, about.to)) continue;
      if (cell !== verdict && !(cell === Verdict.recall && verdict === Verdict.deny)) continue;
      if (holds.pid[at] !== pid) return at;
      own = at;
    }
    return own;
  }
}

const leaseHolder = ({ row, task, handle, fromNs }: OrdinaryLease): Holder => ({
  ...{ hold: Hold.lease, holdRow: row, holdTask: task, holdHandle: handle, holdFromNs: fromNs },
  holdToNs: Number.POSITIVE_INFINITY,
});

/** 0 for no task. */
const keyOf = (taskKeys: Uint32Array, task: number): number => (task === NONE ? 0 : taskKeys[task]!);
