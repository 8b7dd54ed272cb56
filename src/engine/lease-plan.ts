// Ordinary leases of a trace (fcntl(2)), looked at once before the lanes run: which files have any, and which of them the recorded
// run took away from their holders.
import { Flag, Op } from '../model/events.js';
import { NONE } from '../model/units.js';
import { FileLeases, type Outlasted } from './file-leases.js';
import type { EngineInput } from './input.js';

export interface LeasePlan {
  /** By file: 1 where somebody takes one at any time. */
  readonly leased: Uint8Array;
  /**
   * By row of the request: somebody who had to wait for the lease went on although the trace shows no release. By then it was gone:
   * taken by the kernel (its lease-break-time), or its process ended unseen.
   */
  readonly outlasted: ReadonlyMap<number, Outlasted>;
}

/** Is it a lease of F_SETLEASE for reading or writing? Others are leases of a file's layout (F_LAYOUT). */
export const asksLease = (op: number, flags: number): boolean =>
  op === Op.lease && (flags & (Flag.read | Flag.write)) !== 0;

/** Of a trace that has any. */
export function planLeases({ columns: c, fileCount, pidOf }: EngineInput): LeasePlan {
  const leased = new Uint8Array(fileCount);
  let any = false;
  for (let row = 0; row < c.rows; row++) {
    if (c.op[row] !== Op.lease || c.file[row] === NONE || !asksLease(Op.lease, c.flags[row]!)) continue;
    leased[c.file[row]!] = 1;
    any = true;
  }
  const seen = new FileLeases(c);
  for (let row = 0; any && row < c.rows; row++) {
    const file = c.file[row]!;
    const op = c.op[row]!;
    if (op !== Op.exit && (file === NONE || leased[file] === 0)) continue;
    // Lanes take no other leases either, and know a lease by the row that took it.
    if (op === Op.lease && !asksLease(op, c.flags[row]!)) continue;
    const task = c.task[row]!;
    seen.see({
      ...{ row, op, file, flags: c.flags[row]!, timeNs: c.timeNs[row]!, result: c.result[row]! },
      pid: task === NONE ? -1 : pidOf[task]!,
    });
  }
  seen.finish();
  return { leased, outlasted: seen.outlasted };
}
