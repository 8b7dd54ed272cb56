// Rows are policies, columns what each did to the same operations. The figures link to what is behind them.
import type { LaneReport, Run } from '../../results/types.js';
import { formatBytes, formatCount, formatNs, middleCut, plural } from '../format.js';
import { cell, figure, joined, jump, small } from '../inline.js';
import { byCount, countBasis, namer, words } from '../lanes.js';
import type { Cell, Column, Inline, Section, Text, Tone } from '../model.js';
import type { SectionBuilder } from '../section.js';

export const matrix: SectionBuilder = {
  place: 30,
  build: (run: Run): Section | null => {
    if (run.report.lanes.every((lane) => lane.operations === 0)) return null;
    const policy = namer(run);
    const longest = tops(run.report.lanes);
    return {
      id: 'policies',
      title: 'Policies side by side',
      short: 'Policies',
      finding: finding(run),
      blocks: [
        {
          kind: 'table',
          caption: 'What each policy did with the same operations',
          columns: COLUMNS,
          rows: run.report.lanes.map((lane) => [
            cell([policy(lane.policy), small(middleCut(lane.title, 80))]),
            ...laneCells(lane, longest),
          ]),
          note: NOTE,
        },
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
  const left = (n: number, tone: Tone): Cell => figure(n, basis, { tone });
  return [
    figure(verdicts.deny, basis, { bar: verdicts.deny / top.deny, under: errnos(lane), tone: 'warn' }),
    figure(waited, basis, { bar: waited / top.wait, under: waitUnder(lane), tone: 'warn' }),
    figure(verdicts.revoke, basis, {
      bar: verdicts.revoke / top.revoke,
      ...(lane.deviceRefaults > 0 ? { under: [plural(lane.deviceRefaults, 'refault')] } : {}),
    }),
    figure(lane.journalCommits, basis),
    figure(hazards.count, basis, { bar: hazards.count / top.hazards, under: hazardUnder(lane), tone: 'bad' }),
    figure(seals.opened, basis, seals.failed > 0 ? { under: [`${formatCount(seals.failed)} failed`] } : {}),
    left(seals.aliveAtEnd, 'warn'),
    left(seals.orphaned, 'bad'),
    left(seals.leftAfterCrash, 'bad'),
    figure(lane.diverged, basis, share > 0.05 ? { tone: 'bad' } : {}),
  ];
};

const errnos = (lane: LaneReport): readonly Inline[] => [
  byCount(lane.denied)
    .slice(0, 3)
    .map(([errno, n], _, all) => (all.length === 1 ? words(errno) : `${words(errno)} ${formatCount(n)}`))
    .join(', '),
];

const waitUnder = (lane: LaneReport): readonly Inline[] => [`max ${formatNs(lane.wait.maxNs)}`];

const hazardUnder = ({ hazards }: LaneReport): readonly Inline[] => {
  const classes = byCount(hazards.byClass).map(([name]) => name);
  return [`${formatBytes(hazards.bytes)}, ${classes.join(' ')}`];
};

const finding = (run: Run): Text => {
  const { lanes } = run.report;
  const policy = namer(run);
  const quiet = lanes.filter(
    ({ verdicts, hazards }) => verdicts.deny + verdicts.wait + verdicts.recall + hazards.count === 0,
  );
  if (quiet.length === lanes.length) return 'No policy refused, delayed or endangered anything in this trace.';
  if (quiet.length === 0)
    return 'Every policy has its price here: each one refuses, delays, or lets a device touch stale blocks.';
  return [
    'Neither refused nor delayed anything, nor let a device touch stale blocks: ',
    ...joined(quiet.map((lane) => policy(lane.policy))),
    '.',
  ];
};
