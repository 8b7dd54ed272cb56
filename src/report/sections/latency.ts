// p50, p99 and p99.9 of every operation kind under every policy; what differs from the baseline stands out.
import type { LaneReport, LatencyStats, Run } from '../../results/types.js';
import { formatTimes, plural } from '../format.js';
import { cell, small, value } from '../inline.js';
import { baselineOf, latencyBasis, namer, opsBySpread, tailOf, words } from '../lanes.js';
import type { Block, Cell, Section } from '../model.js';
import type { SectionBuilder } from '../section.js';

/** Operation kinds shown at once; the rest is one click away. */
const SHOWN = 6;

export const latency: SectionBuilder = {
  place: 40,
  build: (run: Run): Section | null => {
    const ops = opsBySpread(run);
    const base = baselineOf(run);
    if (ops.length === 0 || base === null) return null;
    const rest = ops.slice(SHOWN);
    return {
      id: 'latency',
      title: 'Latency by operation kind',
      short: 'Latency',
      finding: finding(run, base, ops),
      blocks: [table(run, base, ops.slice(0, SHOWN)), ...(rest.length === 0 ? [] : [more(run, base, rest)])],
    };
  },
};

const more = (run: Run, base: LaneReport, ops: readonly string[]): Block => ({
  kind: 'details',
  summary: plural(ops.length, 'more operation kind'),
  blocks: [table(run, base, ops)],
});

type Key = 'p50Ns' | 'p99Ns' | 'p999Ns' | 'maxNs';
type Percentile = readonly [name: string, key: Key];

/** A percentile needs calls above it: with fewer the largest is shown in its place. */
const percentilesFor = (samples: number): readonly Percentile[] => {
  if (samples >= 1000)
    return [
      ['p50', 'p50Ns'],
      ['p99', 'p99Ns'],
      ['p99.9', 'p999Ns'],
    ];
  if (samples >= 100)
    return [
      ['p50', 'p50Ns'],
      ['p99', 'p99Ns'],
      ['max', 'maxNs'],
    ];
  return [
    ['p50', 'p50Ns'],
    ['max', 'maxNs'],
  ];
};

const table = (run: Run, base: LaneReport, ops: readonly string[]): Block => {
  const policy = namer(run);
  const { lanes } = run.report;
  return {
    kind: 'table',
    caption: ['Latency, the kinds on which the policies disagree most first; factors against ', policy(base.policy)],
    dense: true,
    columns: [
      { title: 'Operation', head: true },
      { title: 'Percentile' },
      ...lanes.map((lane) => ({ title: policy(lane.policy), align: 'end' as const })),
    ],
    rows: ops.flatMap((op) => rowsOf(lanes, base, op)),
    note: 'p99 is shown from 100 calls on and p99.9 from 1,000; below that stands the largest. Times include the wait.',
  };
};

const rowsOf = (lanes: readonly LaneReport[], base: LaneReport, op: string): readonly (readonly Cell[])[] => {
  const samples = Math.max(...lanes.map((lane) => lane.latency[op]?.count ?? 0));
  const percentiles = percentilesFor(samples);
  const head = cell([words(op), small(plural(samples, 'call'))], { rows: percentiles.length });
  return percentiles.map(([name, key], i) => [
    ...(i === 0 ? [head] : []),
    cell(name, { tone: 'quiet' }),
    ...lanes.map((lane) => latencyCell(lane, base, op, key)),
  ]);
};

const latencyCell = (lane: LaneReport, base: LaneReport, op: string, key: Key): Cell => {
  const stats = lane.latency[op];
  if (stats === undefined || stats.count === 0) return cell('–', { tone: 'quiet' });
  const is = stats[key];
  const was = base.latency[op]?.[key] ?? 0;
  const shown = value(is, 'ns', latencyBasis(lane));
  const ratio = was > 0 ? is / was : 1;
  if (lane === base || !isChange(ratio)) return cell(shown);
  // A call that is refused returns at once: no speed-up, and no ratio worth printing.
  if (ratio < REFUSED) return cell(shown, { tone: 'good' });
  return cell([small(formatTimes(ratio)), ' ', shown], { tone: ratio > 1 ? 'warn' : 'good' });
};

/** A tenth more or less. */
/** Below this, most calls of the kind were refused. */
const REFUSED = 0.01;
const isChange = (ratio: number): boolean => ratio >= 1.1 || ratio <= 1 / 1.1;

const finding = (run: Run, base: LaneReport, ops: readonly string[]): string => {
  const differs = ops.filter((op) => run.report.lanes.some((lane) => tailChanged(base.latency[op], lane.latency[op])));
  if (differs.length === 0)
    return `No policy changes the tail of any of the ${ops.length} operation kinds by 10 % or more.`;
  const named = differs.slice(0, 6).map(words).join(', ');
  return `${differs.length} of ${ops.length} operation kinds change their tail by 10 % or more under some policy: ${named}${differs.length > 6 ? ' …' : ''}.`;
};

const tailChanged = (was: LatencyStats | undefined, is: LatencyStats | undefined): boolean =>
  was !== undefined &&
  is !== undefined &&
  was.count > 0 &&
  is.count > 0 &&
  isChange(tailOf(is).ns / Math.max(1, tailOf(was).ns));
