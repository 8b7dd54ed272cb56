// The conflicts of one lane, grouped: who wanted what of whom, with the block map before and after.
import type { EventColumns } from '../model/events.js';
import { Flag, Op } from '../model/events.js';
import { Hold, MASKS, Verdict } from '../model/policy.js';
import { NONE } from '../model/units.js';
import { reachOf } from './cases.js';
import type { Decision } from './decision.js';
import type { FileStates } from './file-states.js';
import type { HoldTable } from './holds.js';
import type { EngineInput } from './input.js';
import type { LanePolicies } from './lane-policies.js';
import type { Ledger } from './ledger.js';
import { Later, type TimeQueue } from './queue.js';
import type { ConflictGroup } from './result.js';
import { viewOf } from './view.js';

/** Extents shown of a range; more say nothing to a reader. */
const BOUNDED_VIEW = 24;
/** Lengths of the range shown on each side of it. */
const BESIDE = 2;

type Holder = Pick<ConflictGroup, 'hold' | 'holdRow' | 'holdTask' | 'holdHandle' | 'holdFromNs' | 'holdToNs'>;
const NOBODY: Holder = { hold: -1, holdRow: -1, holdTask: NONE, holdHandle: 0, holdFromNs: -1, holdToNs: -1 };

export class Conflicts {
  private readonly c: EventColumns;
  private readonly input: EngineInput;
  private readonly policies: LanePolicies;
  private readonly files: FileStates;
  private readonly holds: HoldTable;
  private readonly ledger: Ledger;
  private readonly queue: TimeQueue;
  private readonly first = new Map<number, ConflictGroup>();

  constructor(
    input: EngineInput,
    policies: LanePolicies,
    files: FileStates,
    holds: HoldTable,
    ledger: Ledger,
    queue: TimeQueue,
  ) {
    this.c = input.columns;
    this.input = input;
    this.policies = policies;
    this.files = files;
    this.holds = holds;
    this.ledger = ledger;
    this.queue = queue;
  }

  /** Counts a conflict; the first of its kind is kept in full. */
  add(d: Decision): void {
    const { ledger } = this;
    const { row, op, operationCase, blocked: file, verdict, errno, task } = d;
    const holder = this.holderOf(d);
    // Times and process numbers are not part of what makes two conflicts equal.
    const key = `${op}/${operationCase}/${verdict}/${errno}/${holder.hold}/${file}/${this.taskName(task)}/${this.taskName(holder.holdTask)}`;
    const { group, isFirst } = ledger.conflict(key, () => ({
      ...{ operationCase, verdict, errno, row, ...holder, file },
      ...{ waitNs: 0, count: 1, maxWaitNs: 0, totalWaitNs: 0, before: [], after: [] },
    }));
    d.conflict = group;
    if (isFirst) group.before = this.view(row, file);
  }

  /** Who is in the way: by a hold, or by an access to come that foresight knows of. */
  private holderOf(d: Decision): Holder {
    const { c, holds } = this;
    const inTheWay = this.policies.recorded || d.blocked === NONE ? -1 : this.holdInTheWay(d);
    const at = inTheWay < 0 && d.metRow >= 0 ? holds.byHandle(d.metHandle) : inTheWay;
    if (at >= 0)
      return {
        ...{ hold: holds.kind[at]!, holdRow: holds.row[at]!, holdTask: holds.task[at]! },
        ...{ holdHandle: holds.handle[at]!, holdFromNs: holds.fromNs[at]!, holdToNs: Number.POSITIVE_INFINITY },
      };
    if (d.metRow < 0) return NOBODY;
    // Without a handle: a process that goes to the blocks by itself, or an access that the kernel recorded.
    const isRaw = (c.flags[d.metRow]! & Flag.raw) !== 0;
    const fromNs = c.timeNs[d.metRow]!;
    return {
      ...{ hold: isRaw ? Hold.translation : Hold.pin, holdRow: d.metRow, holdTask: c.task[d.metRow]!, holdHandle: 0 },
      ...{ holdFromNs: fromNs, holdToNs: fromNs + Math.max(0, c.latencyNs[d.metRow]!) },
    };
  }

  /** The operation has run, or never will: how long it waited, and what becomes of its range. */
  over(d: Decision): void {
    const group = d.conflict;
    if (group === null) return;
    group.totalWaitNs += d.waitNs;
    group.maxWaitNs = Math.max(group.maxWaitNs, d.waitNs);
    if (group.row !== d.row) return;
    group.waitNs = d.waitNs;
    this.first.set(d.row, group);
    this.queue.add(d.timeNs + d.waitNs + Math.max(0, this.c.latencyNs[d.row]!), Later.after, d.row);
  }

  /** Name of a task as a group key: its number stands for it; `results` groups by name. */
  private taskName(task: number): string {
    return task === NONE ? '' : this.input.taskNames[task]!;
  }

  private view(row: number, file: number): ReturnType<typeof viewOf> {
    if (file === NONE) return [];
    const { c } = this;
    const op = c.op[row]!;
    const offset =
      op === Op.truncate
        ? Math.min(c.length[row]!, this.files.sizeOf(file) >= 0 ? this.files.sizeOf(file) : c.length[row]!)
        : Math.max(0, c.offset[row]!);
    const length = op === Op.truncate || c.length[row]! < 0 ? Number.POSITIVE_INFINITY : c.length[row]!;
    // With what lies beside it: a hole next to the range must not be taken for one.
    const beside = Number.isFinite(length) ? Math.min(offset, BESIDE * length) : 0;
    return viewOf(this.files.mapOf(file), offset - beside, length + beside + BESIDE * length, BOUNDED_VIEW);
  }

  /** The map after the operation is over: what became of its range. */
  after(row: number): void {
    const group = this.first.get(row);
    if (group !== undefined) group.after = this.view(row, group.file);
  }

  /** The hold that makes the verdict: the one whose own cell is as strong, another process's before the actor's own. */
  private holdInTheWay({ operationCase, blocked: file, verdict, pid, row, second }: Decision): number {
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
