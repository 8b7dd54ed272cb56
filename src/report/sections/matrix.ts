// Rows are policies, columns what each did to the same operations. The figures link to what is behind them.
import type { LaneReport, Run } from '../../results/types.js';
import { formatCount, middleCut } from '../format.js';
import { answer, cell, count, figure, joined, jump, small, value } from '../inline.js';
import { baselineOf, byCount, countBasis, namer, refusalsOver, tellsCoherence, words } from '../lanes.js';
import type { Block, Cell, Column, Inline, Provenance, Section, Text, Tone } from '../model.js';
import type { SectionBuilder } from '../section.js';

export const matrix: SectionBuilder = {
  place: 30,
  build: (run: Run): Section | null => {
    if (run.report.lanes.every((lane) => lane.operations === 0)) return null;
    const policy = namer(run);
    const longest = tops(run.report.lanes);
    const coherence = tellsCoherence(run.report.lanes);
    return {
      id: 'policies',
      title: 'Policies side by side',
      short: 'Policies',
      finding: finding(run),
      blocks: [
        {
          kind: 'table',
          caption: 'What each policy did with the same operations',
          columns: coherence ? [...COLUMNS, ...COHERENCE] : COLUMNS,
          rows: run.report.lanes.map((lane) => [
            cell([policy(lane.policy), small(middleCut(lane.title, 80))]),
            ...laneCells(lane, longest),
            ...(coherence ? coherenceCells(lane) : []),
          ]),
          name: 'policies',
          note: coherence
            ? `${NOTE} Incoherent: met what the other side stored into device memory before anybody flushed it.`
            : NOTE,
        },
        kinds(run),
      ],
    };
  },
};

const COLUMNS: readonly Column[] = [
  { title: 'Policy', head: true },
  { title: jump('conflicts', 'Refused'), align: 'end', group: 'Operations' },
  { title: jump('conflicts', 'Waited'), align: 'end', group: 'Operations' },
  { title: 'Revoked', align: 'end', group: 'Operations' },
  { title: 'Commits', align: 'end', group: 'Journal' },
  { title: jump('hazards', 'Stale accesses'), align: 'end', group: 'Device' },
  { title: 'Opened', align: 'end', group: 'Seals' },
  { title: jump('seals', 'Left'), align: 'end', group: 'Seals' },
  { title: jump('seals', 'Orphaned'), align: 'end', group: 'Seals' },
  { title: jump('seals', 'After crash'), align: 'end', group: 'Seals' },
  { title: 'Diverged', align: 'end', group: 'Replay' },
];

/** Shown where software keeps device memory coherent. */
const COHERENCE: readonly Column[] = [
  { title: jump('hazards', 'Incoherent'), align: 'end', group: 'Device memory' },
  { title: 'Hand-overs', align: 'end', group: 'Device memory' },
];

const coherenceCells = (lane: LaneReport): readonly Cell[] => [
  figure(lane.hazards.incoherent, countBasis(lane), {
    tone: 'bad',
    to: 'hazards',
    show: answer(lane.policy, 'incoherent'),
  }),
  figure(lane.handOvers, countBasis(lane), { to: 'spending' }),
];

const NOTE =
  'Waited: for pins, or for a lease to be given back. Revoked: device translations were taken away first. ' +
  "Stale: blocks no longer the file's, with the class (a own old data or free, b reads another file, c writes into another file, d metadata). Left: alive at the end of the trace. " +
  'Orphaned: its holder exited and it stayed. After crash: still sealed after a crash at the end and a remount. ' +
  'Diverged: the state at replay differed from the recorded one.';

interface Tops {
  readonly deny: number;
  readonly wait: number;
  readonly revoke: number;
  readonly hazards: number;
}

const tops = (lanes: readonly LaneReport[]): Tops => {
  const most = (of: (lane: LaneReport) => number): number => Math.max(1, ...lanes.map(of));
  return {
    deny: most((lane) => lane.verdicts.deny),
    wait: most((lane) => lane.verdicts.wait + lane.verdicts.recall),
    revoke: most((lane) => lane.verdicts.revoke),
    hazards: most((lane) => lane.hazards.count),
  };
};

const laneCells = (lane: LaneReport, top: Tops): readonly Cell[] => {
  const basis = countBasis(lane);
  const { verdicts, hazards, seals } = lane;
  const waited = verdicts.wait + verdicts.recall;
  const share = lane.operations === 0 ? 0 : lane.diverged / lane.operations;
  const behind = (to: string, what: string): { readonly to: string; readonly show: string } => ({
    to,
    show: answer(lane.policy, what),
  });
  const left = (n: number, tone: Tone, what: string): Cell => figure(n, basis, { tone, ...behind('seals', what) });
  return [
    figure(verdicts.deny, basis, {
      bar: verdicts.deny / top.deny,
      under: errnos(lane),
      tone: 'warn',
      ...behind('conflicts', 'deny'),
    }),
    figure(waited, basis, {
      bar: waited / top.wait,
      under: waitUnder(lane),
      tone: 'warn',
      ...behind('conflicts', 'wait'),
    }),
    figure(verdicts.revoke, basis, {
      bar: verdicts.revoke / top.revoke,
      ...behind('conflicts', 'revoke'),
      ...(lane.deviceRefaults > 0 ? { under: [count(lane.deviceRefaults, basis), ' refaults'] } : {}),
    }),
    figure(lane.journalCommits, basis, { to: 'kinds' }),
    figure(hazards.count, basis, {
      bar: hazards.count / top.hazards,
      under: hazardUnder(lane, basis),
      tone: 'bad',
      ...behind('hazards', 'stale'),
    }),
    figure(seals.opened, basis, {
      ...behind('seals', 'opened'),
      ...(seals.failed > 0 ? { under: [count(seals.failed, basis), ' failed'] } : {}),
    }),
    left(seals.aliveAtEnd, 'warn', 'left'),
    left(seals.orphaned, 'bad', 'orphaned'),
    left(seals.leftAfterCrash, 'bad', 'crash'),
    figure(lane.diverged, basis, { to: 'account', ...(share > 0.05 ? { tone: 'bad' as const } : {}) }),
  ];
};

const errnos = (lane: LaneReport): readonly Inline[] => [
  byCount(lane.denied)
    .slice(0, 3)
    .map(([errno, n], _, all) => (all.length === 1 ? words(errno) : `${words(errno)}\u00a0${formatCount(n)}`))
    .join(', '),
];

const waitUnder = (lane: LaneReport): readonly Inline[] => ['max ', value(lane.wait.maxNs, 'ns', countBasis(lane))];

const hazardUnder = ({ hazards }: LaneReport, basis: Provenance): readonly Inline[] => {
  const classes = byCount(hazards.byClass).map(([name]) => name);
  return [value(hazards.bytes, 'bytes', basis), `, ${classes.join(' ')}`];
};

const finding = (run: Run): Text => {
  const lanes = run.report.lanes.filter((lane) => lane.policy !== 'recorded');
  const base = baselineOf(run);
  const policy = namer(run);
  const quiet = lanes.filter(
    (lane) => refusalsOver(lane, base).count + lane.verdicts.wait + lane.verdicts.recall + lane.hazards.count === 0,
  );
  // What fails in every lane (a fault behind the end of file) is no policy's doing, and still stands in the column below.
  const failing = quiet.some(({ verdicts }) => verdicts.deny > 0);
  if (quiet.length === lanes.length && !failing)
    return 'No policy refused, delayed or endangered anything in this trace.';
  if (quiet.length === 0)
    return 'Every policy has its price here: each one refuses, delays, or lets a device touch stale blocks.';
  return [
    `No refusal${failing ? ' beyond what fails with no seal as well' : ''}, no delay and no device on stale blocks under `,
    ...joined(quiet.map((lane) => policy(lane.policy))),
    '.',
  ];
};

/** Which answers each policy gave to each operation kind; kinds that all of them let through at once are left out. */
const kinds = (run: Run): Block => {
  const policy = namer(run);
  const rows = run.report.lanes.flatMap((lane) =>
    Object.entries(lane.byOp)
      .filter(([, { proceed, ...others }]) => Object.values(others).some((n) => n > 0))
      .map(([op, verdicts]) => ({ lane, op, verdicts })),
  );
  return {
    kind: 'details',
    id: 'kinds',
    summary: 'Answers by operation kind',
    blocks: [
      {
        kind: 'table',
        name: 'answers',
        caption: 'Every operation kind that a policy did not always let through at once',
        dense: true,
        columns: [
          { title: 'Policy', head: true },
          { title: 'Operation' },
          ...ANSWERS.map(([title]) => ({ title, align: 'end' as const })),
        ],
        rows: rows.map(({ lane, op, verdicts }) => [
          cell(policy(lane.policy)),
          cell(words(op)),
          ...ANSWERS.map(([, verdict]) => figure(verdicts[verdict], countBasis(lane))),
        ]),
      },
    ],
  };
};

const ANSWERS = [
  ['At once', 'proceed'],
  ['After a commit', 'commit'],
  ['Revoked', 'revoke'],
  ['Recalled', 'recall'],
  ['Waited', 'wait'],
  ['Refused', 'deny'],
] as const;
