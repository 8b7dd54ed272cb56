// What comes of plain rows in one lane that are decided for many lanes at once (plain.ts).
import type { EventColumns } from '../model/events.js';
import { MASKS, Verdict } from '../model/policy.js';
import type { Touches } from './accesses.js';
import type { Bills } from './bills.js';
import { FREES } from './cases.js';
import type { Conflicts } from './conflicts.js';
import { type Decider, Decision } from './decision.js';
import type { Fates } from './fates.js';
import type { FileSizes } from './file-sizes.js';
import type { FileStates } from './file-states.js';
import type { Hazards } from './hazards.js';
import type { HoldTable } from './holds.js';
import { type EngineInput, pidAt } from './input.js';
import type { LanePolicies } from './lane-policies.js';
import type { Ledger } from './ledger.js';
import type { LaneParts } from './parts.js';
import type { SealPlan } from './seal-plan.js';

export class ShortWay {
  private readonly input: EngineInput;
  private readonly c: EventColumns;
  private readonly plan: SealPlan;
  private readonly policies: LanePolicies;
  private readonly files: FileStates;
  private readonly holds: HoldTable;
  private readonly sizes: FileSizes;
  private readonly hazards: Hazards;
  private readonly conflicts: Conflicts;
  private readonly fates: Fates;
  private readonly ledger: Ledger;
  private readonly touches: Touches;
  private readonly decider: Decider;
  private readonly bills: Bills;
  readonly refusalNs: number;
  private readonly commitNs: number;
  /** The refusal at hand: one object for all of them. */
  private readonly clash = new Decision();

  constructor(parts: LaneParts, hazards: Hazards, holds: HoldTable, input: EngineInput, bills: Bills) {
    this.input = input;
    this.c = parts.columns;
    this.plan = parts.plan;
    this.policies = parts.policies;
    this.files = parts.files;
    this.holds = holds;
    this.sizes = parts.sizes;
    this.hazards = hazards;
    this.conflicts = parts.conflicts;
    this.fates = parts.fates;
    this.ledger = parts.ledger;
    this.touches = parts.touches;
    this.decider = parts.decider;
    this.bills = bills;
    this.refusalNs = parts.prices.price('refuse');
    this.commitNs = parts.prices.price('commit');
    this.clash.verdict = Verdict.deny;
  }

  /** A row that went the short way gives blocks to a file by name. */
  named(row: number): void {
    this.hazards.data(row);
  }

  /** A row that went the short way sets the size of a file whose map is recorded. */
  resized(row: number, nowNs: number): void {
    this.sizes.later(row, this.c.op[row]!, this.c.file[row]!, nowNs);
  }

  /**
   * hot: a plain row is refused, whoever asks; that it was, and what it took, is for others to count. True: there is something to come of
   * it, or the lane strays from here on.
   */
  refuse(row: number, operationCase: number, nowNs: number): boolean {
    const { c, clash, conflicts, fates, files, plan } = this;
    const file = c.file[row]!;
    const policy = this.policies.of(file);
    const errno = policy.errnoOther[operationCase * MASKS + this.holds.mask[file]!]!;
    const op = c.op[row]!;
    clash.row = row;
    clash.op = op;
    clash.operationCase = operationCase;
    clash.blocked = file;
    clash.errno = errno;
    clash.task = c.task[row]!;
    clash.pid = pidAt(this.input, row);
    const isFirst = conflicts.refuse(clash, nowNs);
    fates.denyPlain(c.opId[row]!);
    if (FREES[operationCase] === 1) {
      this.touches.interfere(file);
      // Refused here and let through there: from now on the file's map is another one.
      if (plan.observed[file] === 0) files.divergeBy(file, row);
    }
    const tells = isFirst || !files.strayed;
    files.strayed = true;
    return tells;
  }

  /** So many more refusals like those of this group: what else there is to each was done when it came. */
  refusedAgain(group: number, times: number): void {
    this.conflicts.again(group, times);
  }

  timeRefusal(op: number, nowNs: number): void {
    this.ledger.tally.time(op, nowNs, this.refusalNs, false);
  }

  /** A row was refused, and is not counted with others. */
  answered(row: number, nowNs: number, errno: number): void {
    const op = this.c.op[row]!;
    this.ledger.count(row, op, Verdict.deny, errno);
    this.timeRefusal(op, nowNs);
  }

  /** Of the last refusal: number of the conflicts that it was counted among. */
  get lastGroup(): number {
    return this.conflicts.last;
  }

  get lastErrno(): number {
    return this.clash.errno;
  }

  /** A row that went the short way ended with a journal commit. */
  committed(row: number, nowNs: number, ns: number, measured: boolean): void {
    const op = this.c.op[row]!;
    this.fates.commitPlain(this.c.opId[row]!);
    this.ledger.count(row, op, Verdict.commit, 0);
    this.ledger.tally.time(op, nowNs, ns + this.commitNs, measured);
    this.bills.journalCommits++;
  }

  /** So many rows that went the short way ended with a journal commit, and were counted with others. */
  committedAlike(times: number): void {
    this.bills.journalCommits += times;
  }

  /** Rows that went the short way were on ranges whose map the trace does not tell. */
  unsure(times: number): void {
    this.decider.uncertain += times;
  }
}
