// How far the replay reproduces its own recording, in the words of the report.
import type { FidelityCounts } from '../engine/result.js';
import { OPS } from '../model/events.js';
import { errnoName } from '../model/policy.js';
import type { Trace } from '../model/trace.js';
import { fileName } from './input.js';
import { evidence } from './places.js';
import type { Fidelity } from './types.js';

export function fidelityReport(trace: Trace, f: FidelityCounts): Fidelity {
  const byOp: Record<string, { agreed: number; differed: number }> = {};
  OPS.forEach((name, op) => {
    const agreed = f.byOp[op * 2]!;
    const differed = f.byOp[op * 2 + 1]!;
    if (agreed + differed > 0) byOp[name] = { agreed, differed };
  });
  return {
    policy: f.policy,
    operations: f.agreed + f.differed,
    agreed: f.agreed,
    differed: f.differed,
    byOp,
    notCompared: Object.fromEntries([...f.notCompared].sort(([a], [b]) => (a < b ? -1 : 1))),
    mapChecks: { agreed: f.mapAgreed, differed: f.mapDiffered },
    leaseBreaks: { ...f.leaseBreaks },
    examples: f.examples.map((e) => {
      const { columns: c } = trace;
      const [at] = evidence(trace, e.row);
      const where = at === undefined ? '' : ` (${at.source}:${at.row})`;
      const file = fileName(trace, c.file[e.row]!);
      if (e.map)
        return `a look-up of ${file} at ${c.offset[e.row]} saw another extent than the replayed map has${where}`;
      const recorded = c.result[e.row]! < 0 ? errnoName(-c.result[e.row]!) : 'success';
      return `${OPS[c.op[e.row]!]} of ${file}: recorded ${recorded}, predicted ${e.errno === 0 ? 'success' : errnoName(e.errno)}${where}`;
    }),
  };
}
