// One lane's evidence: histograms, heat map, conflicts as two-sided cards, hazards, lives of seals.

import type { Histogram as EngineHistogram } from '../base/histogram.js';
import { createSignature } from '../base/signature.js';
import { HEAT_BINS, HEAT_LEVELS, heatUpperNs } from '../engine/heat.js';
import type { ConflictGroup, LaneResult, SealRow } from '../engine/result.js';
import { type ExtentView as EngineView, viewIn } from '../engine/view.js';
import { State } from '../extents/extent-map.js';
import type { CostModel } from '../model/costs.js';
import { Flag, OPS, Op } from '../model/events.js';
import { CASES, errnoName, HOLDS, VERDICTS, Verdict } from '../model/policy.js';
import type { Trace } from '../model/trace.js';
import { NONE } from '../model/units.js';
import { followingOf } from './chains.js';
import { components } from './components.js';
import { HAZARD_CLASSES } from './hazard-classes.js';
import { ENDINGS } from './hold-lives.js';
import { fileName, taskName } from './input.js';
import { conflictBins, verdictsByTime } from './over-time.js';
import { clock, evidence, exitTimes, recordsOf } from './places.js';
import { stateName } from './snapshots.js';
import type {
  Conflict,
  Delayed,
  Evidence,
  ExtentView,
  Hazard,
  HeatMap,
  Histogram,
  LaneDetail,
  SealLife,
} from './types.js';

const MOST_CONFLICTS = 60;
const MOST_HAZARDS = 100;
const MOST_SEALS = 200;

export function laneDetail(trace: Trace, lane: LaneResult, lanes: readonly LaneResult[], costs: CostModel): LaneDetail {
  const binsOf = conflictBins(trace, lane);
  const exits = exitTimes(trace);
  const groups = [...lane.groups].sort((a, b) => b.count - a.count || a.row - b.row);
  const shown = groups.slice(0, MOST_CONFLICTS);
  const records = recordsOf(
    trace,
    shown.flatMap(({ row, holdRow }) => (holdRow >= 0 ? [row, holdRow] : [row])),
  );
  const following = followingOf(trace, new Set(shown.flatMap(({ row, lateNs }) => (lateNs > 0 ? [row] : []))));
  const delayedBy = ({ row, lateNs, queued }: ConflictGroup): Delayed => {
    const { events, next } = following.get(row) ?? { events: 0, next: -1 };
    return {
      ...{ lateNs, queued, events: lateNs > 0 ? events : 0 },
      nextOp: lateNs > 0 && next >= 0 ? OPS[trace.columns.op[next]!]! : '',
      nextAtNs: lateNs > 0 && next >= 0 ? clock(trace, trace.columns.timeNs[next]!) : -1,
    };
  };
  const linesOf = (row: number): readonly Evidence[] => (row < 0 ? [] : (records.get(row) ?? []));
  return {
    policy: lane.policy.name,
    histograms: Object.fromEntries(
      OPS.flatMap((name, op) => (lane.latency[op] === undefined ? [] : [[name, histogram(lane.latency[op]!)]])),
    ),
    heat: heatMap(lane),
    heatByOp: Object.fromEntries(
      OPS.flatMap((name, op) => (lane.heats[op] === undefined ? [] : [[name, filledBins(lane.heats[op]!)]])),
    ),
    verdictsByTime: verdictsByTime(trace, lane),
    components: components(trace, lane, costs),
    conflicts: shown.map((g) => ({
      ...conflict(trace, lane, g, lanes),
      evidence: [...linesOf(g.row), ...linesOf(g.holdRow)],
      delayed: delayedBy(g),
      timeBins: binsOf(g),
    })),
    conflictsLeftOut: Math.max(0, groups.length - MOST_CONFLICTS),
    hazards: lane.hazards.slice(0, MOST_HAZARDS).map((h) => hazard(trace, lane, h)),
    hazardsLeftOut: Math.max(0, lane.hazardCount + lane.incoherent - Math.min(lane.hazards.length, MOST_HAZARDS)),
    seals: lane.seals.slice(0, MOST_SEALS).map((s) => sealLife(trace, lane, s, exits)),
    sealsLeftOut: Math.max(0, lane.seals.length - MOST_SEALS),
  };
}

function histogram(h: EngineHistogram): Histogram {
  const upperNs: number[] = [];
  const counts: number[] = [];
  h.forEach((upper, count) => {
    upperNs.push(upper);
    counts.push(count);
  });
  return { upperNs, counts };
}

function heatMap(lane: LaneResult): HeatMap {
  return {
    timeBins: HEAT_BINS,
    latencyUpperNs: Array.from({ length: HEAT_LEVELS }, (_, level) => Math.round(heatUpperNs(level))),
    counts: total(lane.heats),
  };
}

function total(heats: LaneResult['heats']): number[] {
  const counts = new Array<number>(HEAT_BINS * HEAT_LEVELS).fill(0);
  for (const heat of heats) if (heat !== undefined) for (let i = 0; i < heat.length; i++) counts[i]! += heat[i]!;
  return counts;
}

/** Pairs of index and count. */
function filledBins(heat: Uint32Array): number[] {
  const pairs: number[] = [];
  for (let i = 0; i < heat.length; i++) if (heat[i]! > 0) pairs.push(i, heat[i]!);
  return pairs;
}

function conflict(
  trace: Trace,
  lane: LaneResult,
  g: ConflictGroup,
  lanes: readonly LaneResult[],
): Omit<Conflict, 'timeBins' | 'evidence' | 'delayed'> {
  const { columns: c } = trace;
  const op = OPS[c.op[g.row]!]!;
  const file = fileName(trace, g.file);
  const wanter = taskName(trace, c.task[g.row]!);
  const holder = g.holdTask === NONE ? '' : taskName(trace, g.holdTask);
  const operationCase = g.operationCase < 0 ? '' : CASES[g.operationCase]!;
  const verdict = VERDICTS[g.verdict]!;
  const errno = g.verdict === Verdict.deny ? errnoName(g.errno) : '';
  const bare = (name: string): string => name.replace(/ \(\d+\)$/, '');
  const whole = (c.flags[g.row]! & Flag.whole) !== 0;
  return {
    signature: createSignature([
      lane.policy.name,
      op,
      operationCase,
      verdict,
      errno,
      g.hold < 0 ? '' : HOLDS[g.hold]!,
      file,
      bare(wanter),
      bare(holder),
    ]),
    count: g.count,
    policy: lane.policy.name,
    atNs: clock(trace, c.timeNs[g.row]!),
    op,
    operationCase,
    verdict,
    errno,
    waitNs: g.waitNs,
    maxWaitNs: g.maxWaitNs,
    totalWaitNs: g.totalWaitNs,
    wanter,
    holder,
    hold: g.hold < 0 ? '' : HOLDS[g.hold]!,
    holdFromNs: clock(trace, g.holdFromNs),
    holdToNs: clock(trace, g.holdToNs),
    file,
    offset: c.op[g.row] === Op.truncate ? c.length[g.row]! : Math.max(0, c.offset[g.row]!),
    length: whole || c.op[g.row] === Op.truncate || c.length[g.row]! < 0 ? -1 : c.length[g.row]!,
    extentsBefore: viewIn(lane.views, g.before).map(extentView),
    extentsAfter: viewIn(lane.views, g.after).map(extentView),
    elsewhere: Object.fromEntries(lanes.map((other) => [other.policy.name, verdictAt(other, g.row)])),
  };
}

function verdictAt(lane: LaneResult, row: number): string {
  const verdict = lane.answers.verdictAt(row) - 1;
  if (verdict < 0) return 'none';
  return verdict === Verdict.deny ? `deny ${errnoName(lane.answers.errnoAt(row))}` : VERDICTS[verdict]!;
}

function extentView(e: EngineView): ExtentView {
  return {
    offset: e.offset,
    length: e.length,
    addr: e.addr,
    state: (e.state & State.reflinked) !== 0 ? 'shared' : stateName(e.state & 3),
  };
}

function hazard(trace: Trace, lane: LaneResult, h: LaneResult['hazards'][number]): Hazard {
  const { columns: c } = trace;
  return {
    policy: lane.policy.name,
    atNs: clock(trace, c.timeNs[h.row]!),
    op: OPS[c.op[h.row]!]!,
    hazardClass: HAZARD_CLASSES[h.hazardClass]!,
    bytes: h.bytes,
    file: fileName(trace, h.file),
    offset: h.offset,
    addr: h.addr >= 0 ? h.addr : c.addr[h.row]!,
    ownerNow: h.owner < 0 ? '' : fileName(trace, h.owner),
    device: taskName(trace, c.task[h.row]!),
    staleForNs: h.staleForNs,
    evidence: evidence(trace, h.row),
  };
}

function sealLife(trace: Trace, lane: LaneResult, s: SealRow, exits: ReadonlyMap<number, number>): SealLife {
  const pid = trace.tasks[s.task]?.pid;
  return {
    policy: lane.policy.name,
    kind: HOLDS[s.kind]!,
    file: fileName(trace, s.file),
    holder: taskName(trace, s.task),
    fromNs: clock(trace, s.fromNs),
    toNs: clock(trace, s.toNs),
    endedBy: ENDINGS[s.endedBy] ?? '',
    holderExitNs: pid === undefined ? -1 : clock(trace, exits.get(pid) ?? -1),
    orphaned: s.orphaned,
    survivesCrash: s.survivesCrash,
    costNs: s.costNs,
    failure: s.failure,
  };
}
