// Rows of one lane that are no operations: what was seen of files and devices while the trace was recorded.
import type { EventColumns } from '../model/events.js';
import { Flag, Op } from '../model/events.js';
import { Verdict } from '../model/policy.js';
import { NONE } from '../model/units.js';
import type { Accesses } from './accesses.js';
import type { Fates } from './fates.js';
import type { Fidelity } from './fidelity.js';
import type { FileStates } from './file-states.js';
import type { Foresight } from './foresight.js';
import type { Hazards } from './hazards.js';
import type { Ledger } from './ledger.js';
import type { MapChanges } from './map-changes.js';
import type { Prices } from './recipes.js';
import type { Waits } from './waits.js';

interface SeenParts {
  readonly columns: EventColumns;
  readonly prices: Prices;
  readonly files: FileStates;
  readonly changes: MapChanges;
  readonly hazards: Hazards;
  readonly waits: Waits;
  readonly devices: Accesses;
  readonly fates: Fates;
  /** Null where nothing is recorded to be held against. */
  readonly fidelity: Fidelity | null;
  readonly foresight: Foresight | null;
  readonly ledger: Ledger;
  /** A file is free of something that others wait for. */
  readonly stir: (file: number) => void;
}

export class SeenRows {
  private readonly parts: SeenParts;

  constructor(parts: SeenParts) {
    this.parts = parts;
  }

  /** Of a file's map, a commit, a block request. */
  observation(row: number, nowNs: number): void {
    const { changes, columns: c, fates, fidelity, files, hazards, waits } = this.parts;
    const op = c.op[row]!;
    if (op === Op.commit) {
      files.commitAll();
      return;
    }
    if (op === Op.block_io) {
      const flags = c.flags[row]!;
      if ((flags & Flag.meta) !== 0 && (flags & Flag.write) !== 0) hazards.metadata(row);
      return;
    }
    if (op === Op.map_seen) {
      fidelity?.lookUp(files, c, row);
      return;
    }
    const opId = c.opId[row]!;
    const file = c.file[row]!;
    const denied = fates.denied(opId) || fates.isCut(opId, c.offset[row]! + c.length[row]!);
    const waiter = denied || !waits.any ? undefined : waits.of(opId);
    if (!denied && waiter === undefined) return changes.applyObserved(row, nowNs);
    // What the refused call would have freed stays with the file; what a waiting one frees does so for now.
    if (op === Op.map_remove && file !== NONE) files.keep(file, c.offset[row]!, c.length[row]!);
    if (file !== NONE) files.divergeBy(file, row);
    waiter?.late.push(row);
  }

  /** Of a device to a file's blocks. */
  access(row: number, nowNs: number): void {
    const { columns: c, devices, ledger, prices } = this.parts;
    const op = c.op[row]!;
    const flags = c.flags[row]!;
    const handle = c.handle[row]!;
    const file = c.file[row]!;
    const measuredNs = c.latencyNs[row]!;
    if (file === NONE) return;
    let ns = measuredNs >= 0 ? measuredNs : prices.fixedNs[op]! + prices.nsPerByte[op]! * Math.max(0, c.length[row]!);
    if (handle !== 0) ns += devices.through(row, handle, nowNs);
    else ns += devices.seen(row, file, flags, nowNs);
    this.foretold(row, file);
    if ((flags & Flag.second) !== 0) return;
    ledger.count(row, op, Verdict.proceed, 0);
    ledger.tally.time(op, nowNs, ns, measuredNs >= 0);
  }

  /** An access that a change was refused for has been: who was refused may try again. */
  private foretold(row: number, file: number): void {
    const { foresight, stir } = this.parts;
    if (foresight === null) return;
    foresight.passed(row);
    stir(file);
  }
}
