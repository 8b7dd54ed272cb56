// The answer in one sentence, computed: who refuses, who waits, what goes stale with no seal. Says so when there is nothing.
import type { LaneReport, Run } from '../../results/types.js';
import { plural } from '../format.js';
import { count, joined, jump, strong, value } from '../inline.js';
import {
  baselineOf,
  byCount,
  countBasis,
  latencyBasis,
  namer,
  opsBySpread,
  type Refusals,
  refusalsOver,
  sum,
  tailOf,
  unsealedLane,
  words,
} from '../lanes.js';
import type { Inline, Provenance, Section, Text } from '../model.js';
import type { SectionBuilder } from '../section.js';

export const verdict: SectionBuilder = {
  place: 20,
  build: (run: Run): Section => ({
    id: 'verdict',
    title: 'Verdict',
    short: 'Verdict',
    lead: true,
    finding: [...(run.report.quality.safe ? [] : [strong('As a sketch only:'), ' ']), ...sentence(run)],
    blocks: [{ kind: 'list', items: supports(run) }],
  }),
};

const sentence = (run: Run): readonly Inline[] => {
  const { trace, lanes } = run.report;
  if (lanes.length === 0) return ['No policy was replayed, so there is nothing to compare.'];
  if (lanes.every((lane) => lane.operations === 0)) {
    const records = sum(trace.sources.map((source) => source.records));
    return [
      `The trace holds no operation that can be replayed (${plural(records, 'record')} read), so there is nothing to conclude.`,
    ];
  }
  const clauses = [stale(run), refusals(run), delays(run)].filter((clause) => clause.length > 0);
  return clauses.length === 0 ? nothing(run) : [...joined(clauses, '; '), '.'];
};

const nothing = (run: Run): readonly Inline[] => {
  const { lanes, trace } = run.report;
  const most = Math.max(...lanes.map((lane) => lane.operations));
  const device =
    trace.deviceAccess.accesses === 0
      ? 'and the trace holds no device access'
      : 'and no device access touched stale blocks';
  return [
    `No conflict: none of the ${lanes.length} policies would have refused or delayed any of `,
    count(most, 'recorded'),
    ` operations, ${device}.`,
  ];
};

/** The lanes that did the most of something, when they all did equally much. */
const leaders = (lanes: readonly LaneReport[], of: (lane: LaneReport) => number): readonly LaneReport[] => {
  const most = Math.max(0, ...lanes.map(of));
  return most === 0 ? [] : lanes.filter((lane) => of(lane) === most);
};

const whatIf = (run: Run): readonly LaneReport[] => run.report.lanes.filter((lane) => lane.policy !== 'recorded');

const named = (run: Run, lanes: readonly LaneReport[]): readonly Inline[] => {
  const policy = namer(run);
  return joined(
    lanes.map((lane) => policy(lane.policy)),
    lanes.length === 2 ? ' and ' : ', ',
  );
};

const refusals = (run: Run): readonly Inline[] => {
  const base = baselineOf(run);
  const over = (lane: LaneReport): Refusals => refusalsOver(lane, base);
  const lanes = leaders(
    whatIf(run).filter((lane) => lane !== base),
    (lane) => over(lane).count,
  );
  const first = lanes[0];
  if (first === undefined) return [];
  const beyond = base !== null && base.verdicts.deny > 0;
  return [
    ...named(run, lanes),
    ` would ${lanes.length > 1 ? 'each ' : ''}have refused `,
    strong(
      count(over(first).count, countBasis(first)),
      beyond ? ' more of ' : ' of ',
      count(first.operations, 'recorded'),
      ' operations',
    ),
    ...(beyond ? [' than ', namer(run)(base.policy)] : []),
    ' (',
    ...reasons(over(first), countBasis(first)),
    ')',
  ];
};

/** `9 write, 9 truncate and 11 others; ETXTBSY, EPERM`. */
const reasons = ({ byOp, byErrno }: Refusals, basis: Provenance): readonly Inline[] => {
  const ops = byCount(byOp);
  const others = sum(ops.slice(3).map(([, n]) => n));
  const shown = ops.slice(0, 3).map(([op, n]): Text => [count(n, basis), `\u00a0${words(op)}`]);
  const told = others > 0 ? [...shown, [count(others, basis), ' others']] : shown;
  const errnos = byCount(byErrno).map(([errno]) => words(errno));
  return [...andJoined(told), ...(errnos.length > 0 ? [`; ${errnos.slice(0, 3).join(', ')}`] : [])];
};

/** `a, b and c`. */
const andJoined = (texts: readonly Text[]): readonly Inline[] =>
  texts.length < 2 ? joined(texts) : [...joined(texts.slice(0, -1)), ' and ', ...joined(texts.slice(-1))];

const waits = (lane: LaneReport): number => lane.verdicts.wait + lane.verdicts.recall;

/** Who makes most operations wait, and who lets one wait longest. */
const delays = (run: Run): readonly Inline[] => {
  const waiting = whatIf(run).filter((lane) => waits(lane) > 0);
  const most = leaders(waiting, waits);
  const longest = leaders(waiting, (lane) => lane.wait.maxNs);
  const told = [most, ...(longest.some((lane) => most.includes(lane)) ? [] : [longest])].filter(
    (all) => all.length > 0,
  );
  return joined(
    told.map((lanes, i) => delay(run, lanes, i === 0)),
    ', ',
  );
};

const delay = (run: Run, lanes: readonly LaneReport[], isFirst: boolean): readonly Inline[] => {
  const first = lanes[0]!;
  return [
    ...named(run, lanes),
    isFirst ? ` would ${lanes.length > 1 ? 'each ' : ''}have made ` : ' ',
    strong(
      count(waits(first), countBasis(first)),
      ...(isFirst ? [waits(first) === 1 ? ' operation wait' : ' operations wait'] : []),
    ),
    ', at worst ',
    value(Math.max(...lanes.map((lane) => lane.wait.maxNs)), 'ns', countBasis(first)),
  ];
};

const stale = (run: Run): readonly Inline[] => {
  const happened = run.report.lanes.find(({ policy, hazards }) => policy === 'recorded' && hazards.count > 0);
  const lane = happened ?? unsealedLane(run);
  if (lane === null || lane.hazards.count === 0) return [];
  const { count: accesses, bytes } = lane.hazards;
  return [
    ...(happened === undefined ? ['With no seal (', namer(run)(lane.policy), ') '] : ['In the recording ']),
    strong(
      count(accesses, countBasis(lane)),
      accesses === 1 ? ' device access' : ' device accesses',
      ' (',
      value(bytes, 'bytes', countBasis(lane)),
      ')',
    ),
    happened === undefined
      ? " would have touched blocks that were no longer the file's"
      : " touched blocks that were no longer the file's",
  ];
};

const supports = (run: Run): readonly Text[] =>
  [protection(run), leftovers(run), slowest(run), anyway(run)].filter((item) => item.length > 0);

const protection = (run: Run): readonly Inline[] => {
  const { lanes, trace } = run.report;
  if (trace.deviceAccess.accesses === 0 || lanes.every((lane) => lane.hazards.count === 0)) return [];
  const free = whatIf(run).filter((lane) => lane.hazards.count === 0);
  if (free.length === 0) return ['Under every policy some device access went ', jump('hazards', 'stale'), '.'];
  const cheap = free.filter((lane) => refusalsOver(lane, baselineOf(run)).count + waits(lane) === 0);
  return [
    'No ',
    jump('hazards', 'stale device access'),
    ' under ',
    ...named(run, free),
    ...(cheap.length === 0 || cheap.length === free.length
      ? []
      : [
          '; of these ',
          ...named(run, cheap),
          ` ${cheap.length === 1 ? 'refuses and delays' : 'refuse and delay'} nothing`,
        ]),
    '.',
  ];
};

/** Failures that no policy is to blame for. */
const anyway = (run: Run): readonly Inline[] => {
  const base = baselineOf(run);
  if (base === null || base.verdicts.deny === 0) return [];
  return [
    count(base.verdicts.deny, countBasis(base)),
    base.verdicts.deny === 1 ? ' operation fails' : ' operations fail',
    ' even under ',
    namer(run)(base.policy),
    ` (${byCount(base.denied)
      .slice(0, 3)
      .map(([errno]) => words(errno))
      .join(', ')}), whatever is sealed; they are not counted above.`,
  ];
};

const leftovers = (run: Run): readonly Inline[] => {
  const left = run.report.lanes.filter((lane) => lane.seals.orphaned > 0 || lane.seals.leftAfterCrash > 0);
  if (left.length === 0) return [];
  const policy = namer(run);
  const told = left.map(({ policy: name, seals }) => [
    policy(name),
    ' (',
    count(seals.orphaned),
    " after the holder's exit, ",
    count(seals.leftAfterCrash),
    ' after a crash)',
  ]);
  return [jump('seals', 'Seals left behind'), ' by ', ...joined(told), '.'];
};

const slowest = (run: Run): readonly Inline[] => {
  const base = baselineOf(run);
  if (base === null) return [];
  const worst = opsBySpread(run)
    .flatMap((op) => run.report.lanes.flatMap((lane) => change(base, lane, op) ?? []))
    .sort((a, b) => b.ratio - a.ratio)[0];
  if (worst === undefined) return [];
  if (worst.ratio < 1.1) return ['No policy makes the tail of any operation kind 10 % slower.'];
  return [
    'Largest change in ',
    jump('latency', 'latency'),
    `: ${words(worst.op)} ${worst.name} from `,
    value(worst.was, 'ns', latencyBasis(base)),
    ' to ',
    value(worst.is, 'ns', latencyBasis(worst.lane)),
    ' (',
    value(worst.ratio, 'times', 'modelled'),
    ') under ',
    namer(run)(worst.lane.policy),
    '.',
  ];
};

interface Change {
  readonly op: string;
  readonly lane: LaneReport;
  readonly name: string;
  readonly was: number;
  readonly is: number;
  readonly ratio: number;
}

const change = (base: LaneReport, lane: LaneReport, op: string): Change | null => {
  const [was, is] = [base.latency[op], lane.latency[op]];
  if (was === undefined || is === undefined || was.count === 0 || is.count === 0) return null;
  const tail = tailOf(is);
  const before = tailOf(was).ns;
  return before <= 0 ? null : { op, lane, name: tail.name, was: before, is: tail.ns, ratio: tail.ns / before };
};
