// Devices that fault (ODP) lose their translations where the map of a file changes, and ask for new ones at their next access.
import type { EventColumns } from '../model/events.js';
import { Hold, MASKS, Verdict } from '../model/policy.js';
import { NONE } from '../model/units.js';
import { type Reach, reachOf } from './cases.js';
import type { Decision } from './decision.js';
import type { ClaimParts } from './endings.js';
import type { HoldTable } from './holds.js';
import type { LanePolicies } from './lane-policies.js';

export class Revocations {
  private readonly parts: ClaimParts;
  private readonly c: EventColumns;
  private readonly policies: LanePolicies;
  private readonly holds: HoldTable;

  constructor(parts: ClaimParts) {
    this.parts = parts;
    this.c = parts.columns;
    this.policies = parts.policies;
    this.holds = parts.holds;
  }

  /** Is there a device on demand that a change of this kind takes the translation from? */
  private revokes(file: number, operationCase: number): boolean {
    if (operationCase < 0 || !this.holds.has(file, Hold.ondemand)) return false;
    const cell = operationCase * MASKS + (1 << Hold.ondemand);
    return this.policies.of(file).verdictOther[cell] === Verdict.revoke;
  }

  /** Of which range of its file a row of an operation takes translations from devices that fault; null: all of it; undefined: none. */
  takenFrom(d: Decision, row: number): Reach | null | undefined {
    const file = row < 0 ? NONE : this.c.file[row]!;
    if (file === NONE || (d.verdict !== Verdict.revoke && !this.revokes(file, d.operationCase))) return undefined;
    return this.policies.of(file).rangedMask === 0 ? null : reachOf(this.c, row, this.parts.files.sizeOf(file));
  }

  /** Devices that fault are told that the map changes: all of the file's, or those of the range that the change is about. */
  revoke(file: number, about: Reach | null): void {
    const { holds } = this;
    for (let at = holds.of(file); at >= 0; at = holds.after(at)) if (this.isTold(at, about)) holds.stale[at] = 1;
  }

  private isTold(at: number, about: Reach | null): boolean {
    const { holds } = this;
    const { pagedMask, rangedMask } = this.policies.of(holds.file[at]!);
    const bit = 1 << holds.kind[at]!;
    const spared = about !== null && (rangedMask & bit) !== 0 && !holds.reaches(at, about.from, about.to);
    return (pagedMask & bit) !== 0 && !spared;
  }

  /** Once an operation went ahead, does the device behind a handle fault at its next access instead of going on with what it knew? */
  faultsAfter(d: Decision, handle: number): boolean {
    const { holds } = this;
    const at = holds.byHandle(handle);
    if (at < 0 || !this.isTold(at, null)) return false;
    if (holds.stale[at] === 1) return true;
    return [d.row, d.second].some((row) => {
      const about = this.takenFrom(d, row);
      return about !== undefined && this.c.file[row] === holds.file[at] && this.isTold(at, about);
    });
  }
}
