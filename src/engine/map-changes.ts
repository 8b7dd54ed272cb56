// Changes of block maps in one lane: recorded ones as they were seen, and what follows from calls where none were recorded. What lanes
// in the same state of a file do alike is done once (file-versions.ts).
import type { EventColumns } from '../model/events.js';
import { Flag, Op, opSet } from '../model/events.js';
import { NONE } from '../model/units.js';
import type { Claims } from './claims.js';
import type { Effects } from './effects.js';
import type { Fates } from './fates.js';
import { secondOf } from './file-sizes.js';
import { Deed, type FileStates } from './file-states.js';
import type { Hazards } from './hazards.js';
import type { SealPlan } from './seal-plan.js';

/** Ops that may take a range's pages from the file; writeback and writes move blocks under pages that stay. */
export const TAKES_AWAY = opSet([
  ...(['truncate', 'open', 'punch', 'zero', 'collapse', 'insert', 'unlink', 'rename'] as const),
  ...(['reflink', 'dedupe', 'exchange', 'swapext'] as const),
]);

/** Does the call take pages of its file away? */
const takesAway = (c: EventColumns, row: number): boolean =>
  TAKES_AWAY[c.op[row]!] === 1 && (c.op[row] !== Op.open || (c.flags[row]! & Flag.trunc) !== 0);

export interface MapChangeParts {
  readonly columns: EventColumns;
  readonly plan: SealPlan;
  readonly files: FileStates;
  readonly effects: Effects;
  readonly fates: Fates;
  readonly hazards: Hazards;
  readonly claims: Claims;
}

export class MapChanges {
  private readonly c: EventColumns;
  private readonly plan: SealPlan;
  private readonly files: FileStates;
  private readonly effects: Effects;
  private readonly fates: Fates;
  private readonly hazards: Hazards;
  private readonly claims: Claims;

  constructor(parts: MapChangeParts) {
    this.c = parts.columns;
    this.plan = parts.plan;
    this.files = parts.files;
    this.effects = parts.effects;
    this.fates = parts.fates;
    this.hazards = parts.hazards;
    this.claims = parts.claims;
  }

  applyObserved(row: number, nowNs: number): void {
    const { c, fates, files, plan } = this;
    const opId = c.opId[row]!;
    const file = c.file[row]!;
    const parent = plan.operations.of(row);
    if (file === NONE) {
      this.effects.observe(row, parent);
      return;
    }
    const removed = c.op[row] !== Op.map_insert && TAKES_AWAY[parent] === 1;
    // Where the map is another one than the recorded, other files may have what the row names.
    if (files.hasDiverged(file)) {
      if (this.changes(file, nowNs, removed, () => this.effects.observe(row, parent))) fates.diverge(opId);
    } else if (files.does(Deed.observe, row, file, nowNs)) {
      this.changes(file, nowNs, removed, () => this.effects.observe(row, parent));
      files.did(0);
    }
    if (c.op[row] === Op.map_insert) this.hazards.data(row);
    if (fates.committed(opId)) files.commit(file);
  }

  /** Runs what may change a file's map, and keeps when it did. */
  private changes(file: number, nowNs: number, removed: boolean, run: () => boolean): boolean {
    const { files } = this;
    const before = files.mapOf(file)?.seq ?? 0;
    const result = run();
    if (removed) files.lose(file);
    if ((files.mapOf(file)?.seq ?? 0) !== before) files.touch(file, nowNs);
    return result;
  }

  applyModel(row: number, nowNs: number, later: boolean, mostBytes?: number): void {
    const { c, effects, fates, files } = this;
    const second = secondOf(c, row);
    const opId = c.opId[row]!;
    const file = c.file[row]!;
    // Where two files take part, or one that may own what the row names, more than the state of this file decides.
    const alone = second >= 0 || mostBytes !== undefined || (c.addr[row]! >= 0 && files.strayed);
    let replaced = false;
    if (alone) replaced = this.model(row, second, nowNs, mostBytes);
    else if (!effects.leaves(row)) replaced = this.changeFor(row, file, nowNs, 0);
    if (replaced) fates.diverge(opId);
    if (mostBytes === undefined) this.hazards.data(row);
    for (const one of second >= 0 ? [file, c.file[second]!] : [file]) {
      if (one === NONE) continue;
      // Blocks that go later than the call: the device's copy goes with them.
      if (later && takesAway(c, row)) this.claims.revocations.revoke(one, null);
      if (fates.committed(opId)) files.commit(one);
    }
  }

  /** The same for all lanes in whose name it acts; `held`: what the range holds, if that was asked. True: as `Effects.model`. */
  changeFor(row: number, file: number, nowNs: number, held: number): boolean {
    const { files } = this;
    if (!files.does(Deed.model, row, file, nowNs)) return files.outcome(file) === 1;
    const before = files.mapOf(file)?.seq ?? 0;
    const replaced = this.effects.model(row, -1, held);
    if (takesAway(this.c, row)) files.lose(file);
    if ((files.mapOf(file)?.seq ?? 0) !== before) files.touch(file, nowNs);
    files.did(replaced ? 1 : 0);
    return replaced;
  }

  private model(row: number, second: number, nowNs: number, mostBytes?: number): boolean {
    const { c, files } = this;
    const there = second < 0 ? NONE : c.file[second]!;
    const before = c.file[row] === NONE ? 0 : (files.mapOf(c.file[row]!)?.seq ?? 0);
    const replaced = this.effects.model(row, second, 0, mostBytes);
    for (const file of [c.file[row]!, there]) {
      if (file === NONE) continue;
      if (takesAway(c, row)) files.lose(file);
      if (second >= 0 || (files.mapOf(file)?.seq ?? 0) !== before) files.touch(file, nowNs);
    }
    return replaced;
  }
}
