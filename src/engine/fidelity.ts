// The recorded run held against the table of the policy it ran under: return codes, and the maps that look-ups saw.
// A replay that cannot reproduce its own recording says so first (replay reference, section 5).

import { State } from '../extents/extent-map.js';
import type { EventColumns } from '../model/events.js';
import { Flag, OP_COUNT, Op } from '../model/events.js';
import { ERRNO, errnoName, type Policy } from '../model/policy.js';
import { NONE, UNKNOWN_RESULT } from '../model/units.js';
import { FileLeases } from './file-leases.js';
import type { FileStates } from './file-states.js';
import type { FidelityCounts } from './result.js';

const MOST_EXAMPLES = 20;
const NO_RESULT = 'no return code in the trace';
const EXPLAINED = new Set([ERRNO.ETXTBSY!, ERRNO.EPERM!, ERRNO.EBUSY!, ERRNO.SIGBUS!]);

export class Fidelity {
  readonly policy: Policy;
  readonly counts: FidelityCounts;
  readonly leases: FileLeases;
  private untold = 0;

  constructor(policy: Policy, columns: EventColumns) {
    this.policy = policy;
    this.leases = new FileLeases(columns);
    this.counts = {
      policy: policy.name,
      agreed: 0,
      differed: 0,
      byOp: new Float64Array(OP_COUNT * 2),
      notCompared: new Map(),
      mapAgreed: 0,
      mapDiffered: 0,
      leaseBreaks: this.leases.breaks,
      examples: [],
    };
  }

  /** One operation: predicted errno (0 for none) against the recorded result. `attributes`: chattr was at work on the file; `sizeKnown`: so is its size. */
  compare(predicted: number, row: number, op: number, result: number, attributes: boolean, sizeKnown: boolean): void {
    if (result === UNKNOWN_RESULT) {
      this.untold++;
      return;
    }
    const recorded = result < 0 ? -result : 0;
    if (recorded === predicted) return this.tell(op, true, row, predicted);
    if (recorded !== 0) {
      // The call failed for a reason that comes before, or lies outside, every seal.
      if (!EXPLAINED.has(recorded) || (recorded === ERRNO.EBUSY && (op === Op.register || op === Op.swapext)))
        return this.skip(`${errnoName(recorded)}: no seal answers with it`);
      if (recorded === ERRNO.SIGBUS && !sizeKnown)
        return this.skip('SIGBUS on a file whose size the trace does not tell');
      if ((recorded === ERRNO.EPERM || recorded === ERRNO.SIGBUS) && attributes)
        return this.skip(
          `${errnoName(recorded)} on a file whose attributes were changed (immutable or append-only; the trace does not say which)`,
        );
    }
    this.tell(op, false, row, predicted);
  }

  /** Operations that nothing is in the way of, and that no recorded errno speaks against; `untold`: more of them, whose result is not known. */
  agree(op: number, told: number, untold: number): void {
    this.untold += untold;
    this.counts.byOp[op * 2]! += told;
    this.counts.agreed += told;
  }

  /** Writes down what was only counted. */
  finish(): void {
    if (this.untold > 0) this.skip(NO_RESULT, this.untold);
    this.untold = 0;
  }

  /** A look-up told what the file system knows of a range: does the replayed map say the same? */
  lookUp(files: FileStates, c: EventColumns, row: number): void {
    const file = c.file[row]!;
    if (file === NONE || !files.isKnown(file)) return;
    const map = files.mapOf(file);
    const offset = c.offset[row]!;
    const flags = c.flags[row]!;
    const at = map === undefined ? -1 : map.seek(offset);
    const inside = at >= 0 && map!.offset(at) <= offset;
    const addr = c.addr[row]!;
    const reserved = (flags & Flag.delalloc) !== 0;
    let agrees: boolean;
    if (addr < 0 && !reserved) agrees = !inside;
    else if (!inside) agrees = false;
    else {
      const state = map!.state(at) & 3;
      agrees = reserved
        ? state === State.delalloc
        : state !== State.delalloc &&
          map!.addrAt(offset) === addr &&
          (state === State.unwritten) === ((flags & Flag.unwritten) !== 0);
    }
    if (agrees) this.counts.mapAgreed++;
    else {
      this.counts.mapDiffered++;
      if (this.counts.examples.length < MOST_EXAMPLES)
        this.counts.examples.push({ row, verdict: -1, errno: 0, map: true });
    }
  }

  private tell(op: number, agreed: boolean, row: number, predicted: number): void {
    this.counts.byOp[op * 2 + (agreed ? 0 : 1)]!++;
    if (agreed) {
      this.counts.agreed++;
      return;
    }
    this.counts.differed++;
    if (this.counts.examples.length < MOST_EXAMPLES)
      this.counts.examples.push({ row, verdict: predicted === 0 ? 0 : 5, errno: predicted, map: false });
  }

  /** Not compared, and why. */
  skip(cause: string, times = 1): void {
    this.counts.notCompared.set(cause, (this.counts.notCompared.get(cause) ?? 0) + times);
  }
}
