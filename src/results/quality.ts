// Is it safe to draw conclusions? Every reason against it, in one short sentence each.
import type { LaneResult } from '../engine/result.js';
import { Op } from '../model/events.js';
import { CLOCK_DIFFERS, CLOCKS_UNKNOWN } from '../model/issue.js';
import type { Trace } from '../model/trace.js';
import type { Fidelity, LaneReport, Quality, TraceSummary } from './types.js';

const SKETCH = 0.05;
const FAITHFUL = 0.999;

export function quality(
  trace: TraceSummary,
  fidelity: Fidelity,
  reports: readonly LaneReport[],
  lanes: readonly LaneResult[],
  damaged: boolean,
  mapless: number,
): Quality {
  const reasons: string[] = [];
  const divergence = Math.max(
    0,
    ...reports.map((lane) => (lane.operations === 0 ? 0 : lane.diverged / lane.operations)),
  );
  const lost = trace.sources.reduce((sum, s) => sum + s.lost.events, 0);
  const bursts = trace.sources.reduce((sum, s) => sum + s.lost.spans.length, 0);
  if (damaged) reasons.push('The input was damaged; only what could be read was used.');
  if (bursts > 0)
    reasons.push(
      `The recorder lost ${lost > 0 ? lost : 'an unknown number of'} events in ${bursts} ${bursts === 1 ? 'burst' : 'bursts'}; maps after a loss are guesses until the file is seen whole again.`,
    );
  const unjoined = trace.issues.filter(({ code }) => code === CLOCKS_UNKNOWN).length;
  if (unjoined > 0)
    reasons.push(
      `Nothing tells how the clocks of ${unjoined + 1} recordings differ: what happened first in one of them and then in another is not known.`,
    );
  if (trace.issues.some(({ code }) => code === CLOCK_DIFFERS))
    reasons.push(
      'Recordings that name one clock have stamped the same facts at other times: they were put together as they are, and what happened first is not known.',
    );
  if (trace.operations.total === 0) reasons.push('The trace holds no operation on a file that could be told.');
  if (mapless > 0)
    reasons.push(
      `The trace tells no block map of any file: of its ${mapless} device accesses none can be found stale, and no policy has anything to refuse. Record the file system's events beside the requests.`,
    );
  if (fidelity.operations > 0 && fidelity.agreed / fidelity.operations < FAITHFUL)
    reasons.push(
      `The replay reproduces only ${percent(fidelity.agreed / fidelity.operations)} of the recorded return codes.`,
    );
  const checks = fidelity.mapChecks.agreed + fidelity.mapChecks.differed;
  if (checks > 0 && fidelity.mapChecks.agreed / checks < FAITHFUL)
    reasons.push(
      `Only ${percent(fidelity.mapChecks.agreed / checks)} of the look-ups in the trace agree with the replayed maps.`,
    );
  for (const lane of reports)
    if (lane.operations > 0 && lane.diverged / lane.operations > SKETCH)
      reasons.push(
        `${lane.policy}: ${percent(lane.diverged / lane.operations)} of operations met another state than the recorded one; its numbers are a sketch.`,
      );
  for (const lane of reports) {
    if (lane.deadlocks > 0)
      reasons.push(
        `${lane.policy}: threads wait for each other in ${lane.deadlocks} ${lane.deadlocks === 1 ? 'ring' : 'rings'}${ringText(lane)}; what ends none of them is told as still waiting.`,
      );
    if (lane.notReached > 0)
      reasons.push(
        `${lane.policy}: ${lane.notReached} events were never reached, because their threads wait to the end or were killed while they were late.`,
      );
  }
  const uncertain = Math.max(0, ...lanes.map((lane) => lane.uncertain));
  if (uncertain > 0)
    reasons.push(
      `${uncertain} writes and faults hit ranges whose map the trace does not tell; they count as writes to allocated blocks.`,
    );
  return { safe: reasons.length === 0, reasons, divergence };
}

/** The first ring by its names. */
function ringText({ deadlocks, rings = [] }: LaneReport): string {
  const [first] = rings;
  if (first === undefined) return '';
  const [one, ...others] = first.threads;
  const who = others.length === 0 ? `${one} for what only itself gives back` : [one, ...others, one].join(' for ');
  return ` (${deadlocks === 1 ? '' : 'the first: '}${who}, closed by ${first.op} of ${first.file})`;
}

const MAPS: ReadonlySet<number> = new Set([
  Op.extent,
  Op.map_insert,
  Op.map_remove,
  Op.map_convert,
  Op.map_reset,
  Op.map_seen,
  Op.map_known,
]);

/** Device accesses of a trace that holds no map at all, as block traces are; 0 where there are maps or handles to judge by. */
export function accessesWithoutMaps({ columns }: Trace): number {
  let accesses = 0;
  for (let row = 0; row < columns.rows; row++) {
    const op = columns.op[row]!;
    if (MAPS.has(op)) return 0;
    if ((op === Op.dma_read || op === Op.dma_write) && columns.handle[row] === 0) accesses++;
  }
  return accesses;
}

/** Two significant digits below the last nine. */
const percent = (share: number): string =>
  `${share > 0.99 && share < 1 ? (share * 100).toFixed(2) : (share * 100).toFixed(1)} %`;
