// Files that a resize made useless until the next mount (famfs, seal-semantics note 9). Each carries a hold of the kind that
// the policy names, whose cells say what such a file answers: a mark, not a claim of anybody.
import { CASES, Hold } from '../model/policy.js';
import { NONE } from '../model/units.js';
import type { Decision } from './decision.js';
import type { HoldTable } from './holds.js';
import type { LanePolicies } from './lane-policies.js';

export class Spoiled {
  private readonly policies: LanePolicies;
  private readonly holds: HoldTable;
  /** Places in the hold table. */
  private readonly marks: number[] = [];

  constructor(policies: LanePolicies, holds: HoldTable) {
    this.policies = policies;
    this.holds = holds;
  }

  /** An operation was carried out: marks its file where the policy says so. */
  after(d: Decision, nowNs: number): void {
    if (d.file === NONE || d.operationCase < 0) return;
    const { spoils } = this.policies.of(d.file);
    if (spoils === undefined) return;
    const kind = Hold[spoils.hold];
    if (!spoils.cases.includes(CASES[d.operationCase]!) || this.holds.has(d.file, kind)) return;
    this.marks.push(this.holds.add(kind, d.file, -1, d.task, 0, nowNs, 0, Number.MAX_SAFE_INTEGER, d.row));
  }

  /** A mount replays the log: the files are as they were made. */
  mount(): void {
    for (const at of this.marks.splice(0)) this.holds.remove(at);
  }
}
