// MAP_SYNC faults against the kernel's own log forces: the lane commits where XFS forced its log inside the fault, and nowhere
// else (seal-semantics sections 4.4 and 10.3).
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Flag, Op } from '../../src/model/events.js';
import { Verdict } from '../../src/model/policy.js';
import { laneOf, load, shared } from './recordings.js';

const folder = join(shared, 'recorded-dax', 's1-faults');

describe.skipIf(!existsSync(folder))(`MAP_SYNC faults (skipped: no ${folder})`, () => {
  test.each([
    ['xfs-noreflink-pte', 240, 120],
    ['xfs-noreflink-pmd', 36, 18],
    ['xfs-reflink-pte', 240, 120],
    ['xfs-reflink-pmd', 36, 18],
  ] as const)('%s: %i write faults commit, %i do not, as recorded', async (name, committed, plain) => {
    const trace = await load(join(folder, name, 'trace.txt.gz'), name);
    const { columns: c } = trace;
    const lane = laneOf(trace, 'mapsync');
    const rows = [...c.op.keys()];
    const forced = new Set(rows.filter((row) => c.op[row] === Op.commit).map((row) => c.opId[row]!));
    const synced = new Set(
      rows.filter((row) => c.op[row] === Op.mmap && (c.flags[row]! & Flag.sync) !== 0).map((row) => c.handle[row]!),
    );
    const faults = rows.filter((row) => c.op[row] === Op.write_fault && synced.has(c.handle[row]!));
    const differing = faults.filter(
      (row) => (lane.answers.verdictAt(row) === Verdict.commit + 1) !== forced.has(c.opId[row]!),
    );
    expect(differing).toEqual([]);
    expect(faults.filter((row) => forced.has(c.opId[row]!))).toHaveLength(committed);
    expect(faults).toHaveLength(committed + plain);
  });
});
