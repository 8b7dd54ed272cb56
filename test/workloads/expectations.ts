// Holds a replay to what a workload declares. Every broken promise becomes a line of text.
import { reference } from '../../src/costs/reference.js';
import { replay } from '../../src/engine/replay.js';
import type { LaneResult } from '../../src/engine/result.js';
import { Op } from '../../src/model/events.js';
import type { Trace } from '../../src/model/trace.js';
import { engineInput } from '../../src/results/input.js';
import { laneReport } from '../../src/results/lane-report.js';
import { onDenyOf, sealRuleOf, type Timing, unsealOf } from '../../src/results/rules.js';
import type { Declaration } from '../../src/workloads/parts/workload.js';
import { build } from '../support/replay.js';

export function broken(trace: Trace, declared: Declaration, timing: Timing = 'open'): string[] {
  const [lane] = replay(engineInput(trace), {
    policies: [build(declared.policy, declared.set)],
    costs: reference,
    sealRule: sealRuleOf('dma'),
    unseal: unsealOf('never'),
    onDeny: onDenyOf('skip'),
    timing,
    kernel: build('dax'),
  });
  const report = laneReport(trace, lane!, 'reference');
  const { verdicts, hazards, seals, denied } = report;
  const found: Readonly<Record<string, number>> = {
    hazards: hazards.count,
    refused: verdicts.deny,
    waited: verdicts.wait,
    recalled: verdicts.recall,
    commits: report.journalCommits,
    refaults: report.deviceRefaults,
    orphaned: seals.orphaned,
    leftAfterCrash: seals.leftAfterCrash,
  };
  const promises = Object.entries(declared).filter(([key]) => Object.hasOwn(found, key));
  const faults = promises.flatMap(([key, how]) => {
    const count = found[key]!;
    return how === 'unmapped' || (how === 'none') === (count === 0)
      ? []
      : [`${key}: promised ${String(how)}, found ${count}`];
  });
  if (declared.hazards === 'unmapped') faults.push(...mappedHazards(trace, lane!));
  for (const letter of declared.classes ?? '')
    if (hazards.byClass[letter as 'a'] === 0) faults.push(`class ${letter}: promised, found none`);
  if (declared.errno !== undefined && (denied[declared.errno] ?? 0) === 0)
    faults.push(`${declared.errno}: promised, found ${JSON.stringify(denied)}`);
  return faults;
}

/** Stale accesses through registrations whose mapping was still there. */
function mappedHazards({ columns: c }: Trace, { hazards }: LaneResult): string[] {
  const mappingOf = new Map<number, number>();
  const unmappedNs = new Map<number, number>();
  const lastMapping = new Map<number, number>();
  for (let row = 0; row < c.rows; row++) {
    const op = c.op[row]!;
    if (op === Op.mmap) lastMapping.set(c.task[row]!, c.handle[row]!);
    else if (op === Op.register) mappingOf.set(c.handle[row]!, lastMapping.get(c.task[row]!)!);
    else if (op === Op.munmap) unmappedNs.set(c.handle[row]!, c.timeNs[row]!);
  }
  return hazards
    .filter(({ row }) => (unmappedNs.get(mappingOf.get(c.handle[row]!)!) ?? Infinity) > c.timeNs[row]!)
    .map(({ row }) => `row ${row}: a stale access while the mapping was there`)
    .slice(0, 3);
}
