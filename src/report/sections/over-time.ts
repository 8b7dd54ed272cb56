// What happened when: activity, latency heat maps, and every policy's figures for a range of time. The script lets the reader
// choose the range; without it the whole trace is shown.
import { VERDICTS } from '../../model/policy.js';
import type { LaneDetail, Run } from '../../results/types.js';
import { formatCount, formatTime } from '../format.js';
import { cell, count, value } from '../inline.js';
import { baselineOf, countBasis, detailOf, latencyBasis, namer, sum } from '../lanes.js';
import type { ActivityChart, Block, CdfChart, Cell, Section } from '../model.js';
import type { SectionBuilder } from '../section.js';

const HEATS = 4;
const MOST_STRIPS = 7;

export const overTime: SectionBuilder = {
  place: 52,
  build: (run: Run): Section | null => {
    if (run.details.every(({ heat: map }) => sum(map.counts) === 0)) return null;
    const heats = heatLanes(run).map((detail, _, all) => heat(run, detail, sharedRange(all)));
    const { fromNs, toNs } = run.report.trace.span;
    return {
      id: 'time',
      title: 'Over the time of the trace',
      short: 'Time',
      finding: `The trace runs from ${formatTime(fromNs)} to ${formatTime(toNs)} of its clock. A range chosen here also filters everything below it.`,
      blocks: [activity(run), rangeTable(run), allOperations(run), { kind: 'grid', blocks: heats }],
    };
  },
};

const verdictIndex = (name: (typeof VERDICTS)[number]): number => VERDICTS.indexOf(name);

/** Operations with one of these verdicts, by time bin. */
const binsOf = ({ verdictsByTime }: LaneDetail, verdicts: readonly number[]): readonly number[] =>
  Array.from({ length: verdictsByTime.length / VERDICTS.length }, (_, bin) =>
    sum(verdicts.map((verdict) => verdictsByTime[bin * VERDICTS.length + verdict] ?? 0)),
  );

const activity = (run: Run): ActivityChart => {
  const { fromNs, toNs } = run.report.trace.span;
  const base = run.details.find(({ policy }) => policy === baselineOf(run)?.policy) ?? run.details[0]!;
  const all = VERDICTS.map((_, verdict) => verdict);
  const strips = [
    { label: 'operations', look: 'all', counts: binsOf(base, all) } as const,
    ...shared(run, 'refused', [verdictIndex('deny')]),
    ...shared(run, 'delayed', [verdictIndex('wait'), verdictIndex('recall')]),
    ...stale(run),
  ];
  return {
    kind: 'chart',
    mark: 'activity',
    caption: 'Operations, refusals, delays and stale device accesses',
    summary: 'Counts per time bin; every strip has its own scale.',
    basis: 'modelled',
    fromNs,
    toNs,
    series: strips.slice(0, MOST_STRIPS),
  };
};

type Strip = ActivityChart['series'][number];

/** Policies that did the same in every bin share a strip. */
const shared = (run: Run, look: 'refused' | 'delayed', verdicts: readonly number[]): readonly Strip[] =>
  alike(run.details.map((detail) => ({ name: detail.policy, counts: binsOf(detail, verdicts) })))
    .filter(({ counts }) => sum(counts) > 0)
    .map(({ names, counts }) => ({
      label: isRecord(names) ? `${look}, as recorded` : `${look} by ${shortList(names)}`,
      look,
      counts,
    }));

const isRecord = (names: readonly string[]): boolean => names.length === 1 && names[0] === 'recorded';

const stale = (run: Run): readonly Strip[] => {
  const { fromNs, toNs } = run.report.trace.span;
  const byLane = run.details.map(({ policy, hazards, heat: map }) => {
    const counts = new Array<number>(Math.max(1, map.timeBins)).fill(0);
    const width = Math.max(1, toNs - fromNs + 1) / counts.length;
    for (const { atNs, hazardClass } of hazards)
      if (hazardClass !== 'incoherent') counts[Math.min(counts.length - 1, Math.floor((atNs - fromNs) / width))]! += 1;
    return { name: policy, counts };
  });
  return alike(byLane)
    .filter(({ counts }) => sum(counts) > 0)
    .map(({ names, counts }) => ({ label: `stale under ${shortList(names)}`, look: 'stale' as const, counts }));
};

interface Alike {
  readonly names: readonly string[];
  readonly counts: readonly number[];
}

const alike = (all: readonly { readonly name: string; readonly counts: readonly number[] }[]): readonly Alike[] => {
  const groups = new Map<string, { names: string[]; counts: readonly number[] }>();
  for (const { name, counts } of all) {
    const known = groups.get(counts.join());
    if (known === undefined) groups.set(counts.join(), { names: [name], counts });
    else known.names.push(name);
  }
  return [...groups.values()];
};

const shortList = (names: readonly string[]): string =>
  names.length < 2 ? (names[0] ?? '') : `${names[0]} + ${formatCount(names.length - 1)}`;

/** The figures that the script recomputes for a range, over the whole trace. */
const rangeTable = (run: Run): Block => {
  const policy = namer(run);
  return {
    kind: 'table',
    name: 'range',
    caption: 'All operations, by policy, in the range',
    dense: true,
    columns: [
      { title: 'Policy', head: true },
      ...['Operations', 'Refused', 'Waited', 'Revoked', 'p50', 'p99', 'Longest'].map((title) => ({
        title,
        align: 'end' as const,
      })),
    ],
    rows: run.report.lanes.map((lane): readonly Cell[] => {
      const basis = countBasis(lane);
      const { deny, wait, recall, revoke } = lane.verdicts;
      const map = detailOf(run, lane.policy)?.heat;
      const at = (share: number): Cell => {
        const ns = map === undefined ? Number.NaN : quantile(map.latencyUpperNs, levelsOf(map), share);
        return Number.isNaN(ns) ? cell('–', { tone: 'quiet' }) : cell(value(ns, 'ns', latencyBasis(lane)));
      };
      return [
        cell(policy(lane.policy)),
        cell(count(lane.operations, 'recorded')),
        ...[deny, wait + recall, revoke].map((n) => cell(count(n, basis), n === 0 ? { tone: 'quiet' as const } : {})),
        at(0.5),
        at(0.99),
        at(1),
      ];
    }),
    note: 'Latencies are upper bounds of the bins of the heat map, which are a third to a half wide: exact figures stand under Latency.',
  };
};

const levelsOf = ({ counts, latencyUpperNs }: LaneDetail['heat']): readonly number[] => {
  const levels = new Array<number>(latencyUpperNs.length).fill(0);
  counts.forEach((n, i) => {
    levels[i % levels.length]! += n;
  });
  return levels;
};

/** Upper bound of the level in which a share is reached. */
const quantile = (upper: readonly number[], counts: readonly number[], share: number): number => {
  const below = sumsOf(counts);
  const all = below.at(-1) ?? 0;
  return all === 0 ? Number.NaN : upper[below.findIndex((n) => n > 0 && n >= share * all)]!;
};

/** Running sums. */
const sumsOf = (counts: readonly number[]): readonly number[] => {
  let below = 0;
  return counts.map((n) => {
    below += n;
    return below;
  });
};

const allOperations = (run: Run): CdfChart => {
  const policy = namer(run);
  const groups = alike(run.details.map((detail) => ({ name: detail.policy, counts: levelsOf(detail.heat) })));
  const upper = run.details[0]?.heat.latencyUpperNs ?? [];
  return {
    kind: 'chart',
    mark: 'cdf',
    wide: true,
    caption: 'Latency of all operations, by policy',
    summary: 'Share of all operations that took at most so long, from the bins of the heat maps.',
    basis: 'modelled',
    xLabel: 'latency',
    series: groups
      .filter(({ counts }) => sum(counts) > 0)
      .map(({ names, counts }) => {
        const all = sum(counts);
        const below = sumsOf(counts);
        const points = counts.flatMap((n, level) => (n === 0 ? [] : [[upper[level]!, below[level]! / all] as const]));
        return {
          names,
          style: policy(names[0]!).style,
          x: points.map(([x]) => x),
          y: points.map(([, y]) => y),
          count: all,
        };
      }),
  };
};

/** The baseline, and the lanes whose latencies moved most away from it. */
const heatLanes = (run: Run): readonly LaneDetail[] => {
  const base = baselineOf(run);
  const filled = run.details.filter((detail) => sum(detail.heat.counts) > 0);
  const distance = (detail: LaneDetail): number => {
    const lane = run.report.lanes.find(({ policy }) => policy === detail.policy);
    return (
      (lane?.wait.totalNs ?? 0) + sum(Object.values(lane?.latency ?? {}).map(({ meanNs, count }) => meanNs * count))
    );
  };
  const first = base === null ? undefined : detailOf(run, base.policy);
  const seen = new Set([first?.heat.counts.join()]);
  const others = filled
    .filter((detail) => detail !== first)
    .sort((a, b) => distance(b) - distance(a))
    .filter((detail) => !seen.has(detail.heat.counts.join()) && seen.add(detail.heat.counts.join()));
  return [...(first !== undefined && filled.includes(first) ? [first] : []), ...others].slice(0, HEATS);
};

/** One latency axis for all heat maps, so that they can be compared. */
const sharedRange = (details: readonly LaneDetail[]): readonly [number, number] => {
  const bounds = details.flatMap(({ heat: map }) =>
    levelsOf(map).flatMap((n, l) => {
      const upper = map.latencyUpperNs[l]!;
      return n > 0 ? [map.latencyUpperNs[l - 1] ?? upper / 2, upper] : [];
    }),
  );
  return [Math.max(1, Math.min(...bounds)), Math.max(2, ...bounds)];
};

const heat = (run: Run, { policy, heat: map }: LaneDetail, rangeNs: readonly [number, number]): Block => ({
  kind: 'chart',
  mark: 'heat',
  caption: [namer(run)(policy), ': latency over the time of the trace'],
  summary: `Number of operations by time and latency under ${policy}; the lines are p50 and p99 of each time bin.`,
  fromNs: run.report.trace.span.fromNs,
  toNs: run.report.trace.span.toNs,
  timeBins: map.timeBins,
  rangeNs,
  basis: run.report.lanes.some((lane) => lane.policy === policy && lane.measuredShare >= 0.999)
    ? 'recorded'
    : 'modelled',
  upperNs: map.latencyUpperNs,
  counts: map.counts,
});
