// Two runs against each other as a report: the lanes both have, and every kind of conflict that is new, gone or changed.
import type { Conflict, LaneReport, Run } from '../results/types.js';
import { type Answer, CHANGES, type Change, changeChip, changeOf, verdictChip } from './answers.js';
import { formatCount, plural } from './format.js';
import { cell, count, prose, raw, small, strong } from './inline.js';
import { countBasis, namer, sum, words } from './lanes.js';
import type { Block, Cell, Report, Section, Text } from './model.js';

const LISTED = 200;

export const buildComparison = (before: Run, after: Run): Report => {
  const changes = changesOf(before, after);
  return {
    title: `${before.report.trace.name} against ${after.report.trace.name}`,
    subtitle: `Two runs, ${plural(both(before, after).length, 'policy', 'policies')} in common`,
    legend: after.report.lanes.map(({ policy, title }) => ({ name: policy, title })),
    sections: [quality(before, after), lanes(before, after), conflicts(after, changes), reproduce(before, after)],
    footer: ['sealtrace ', raw(after.version), '. One file, no request to anywhere.'],
  };
};

const both = (before: Run, after: Run): readonly (readonly [LaneReport, LaneReport])[] =>
  after.report.lanes.flatMap((lane) => {
    const was = before.report.lanes.find(({ policy }) => policy === lane.policy);
    return was === undefined ? [] : [[was, lane] as const];
  });

const quality = (before: Run, after: Run): Section => {
  const reasons = [
    ...before.report.quality.reasons.map((reason): Text => [strong('First run: '), prose(reason)]),
    ...after.report.quality.reasons.map((reason): Text => [strong('Second run: '), prose(reason)]),
  ];
  return {
    id: 'quality',
    title: 'Data quality',
    short: 'Quality',
    minor: true,
    finding: [],
    blocks: [
      reasons.length === 0
        ? { kind: 'notice', tone: 'good', title: 'Both runs carry conclusions', items: [] }
        : { kind: 'notice', tone: 'bad', title: 'Read the differences as a sketch', items: reasons },
    ],
  };
};

const COLUMNS: readonly (readonly [string, (lane: LaneReport) => number])[] = [
  ['Operations', (lane) => lane.operations],
  ['Refused', (lane) => lane.verdicts.deny],
  ['Waited', (lane) => lane.verdicts.wait + lane.verdicts.recall],
  ['Stale accesses', (lane) => lane.hazards.count],
  ['Incoherent accesses', (lane) => lane.hazards.incoherent],
  ['Seals left', (lane) => lane.seals.aliveAtEnd],
  ['After crash', (lane) => lane.seals.leftAfterCrash],
];

const lanes = (before: Run, after: Run): Section => {
  const policy = namer(after);
  const pairs = both(before, after);
  const differs = pairs.filter(([a, b]) => COLUMNS.some(([, of]) => of(a) !== of(b)));
  return {
    id: 'policies',
    title: 'Policies in both runs',
    short: 'Policies',
    lead: true,
    finding:
      differs.length === 0
        ? 'No policy did more or less in one run than in the other.'
        : [
            'Different under ',
            ...differs.flatMap(([, b], i) => (i === 0 ? [policy(b.policy)] : [', ', policy(b.policy)])),
            '.',
          ],
    blocks: [
      {
        kind: 'table',
        caption: 'First run, and second where it differs',
        columns: [{ title: 'Policy', head: true }, ...COLUMNS.map(([title]) => ({ title, align: 'end' as const }))],
        rows: pairs.map(([a, b]) => [cell(policy(b.policy)), ...COLUMNS.map(([, of]) => pairCell(a, b, of))]),
      },
    ],
  };
};

const pairCell = (a: LaneReport, b: LaneReport, of: (lane: LaneReport) => number): Cell => {
  const basis = countBasis(b);
  if (of(a) === of(b)) return cell(count(of(a), basis), of(a) === 0 ? { tone: 'quiet' } : {});
  return cell([small(count(of(a), basis)), ' → ', count(of(b), basis)], { tone: of(b) > of(a) ? 'warn' : 'good' });
};

interface Difference {
  readonly change: Change;
  readonly conflict: Conflict;
  readonly was: Answer | null;
  readonly is: Answer | null;
}

const NOTHING: Answer = { verdict: 'ok', errno: '', count: 0, waitNs: 0 };
const answerOf = ({ verdict, errno, count: n, totalWaitNs }: Conflict): Answer => ({
  verdict,
  errno,
  count: n,
  waitNs: totalWaitNs,
});

/** Names without process numbers: those differ from run to run. */
const bare = (name: string): string => name.replace(/ \(\d+\)$/, '');
const keyOf = (c: Conflict): string =>
  JSON.stringify([c.policy, c.op, c.operationCase, c.hold, c.file, bare(c.wanter), bare(c.holder)]);

const changesOf = (before: Run, after: Run): readonly Difference[] => {
  const [was, is] = [byKey(before), byKey(after)];
  const policies = both(before, after).map(([, lane]) => lane.policy);
  return [...new Map([...was, ...is])]
    .filter(([, conflict]) => policies.includes(conflict.policy))
    .map(([key, conflict]): Difference => {
      const a = sideOf(before, was.get(key), conflict.policy);
      const b = sideOf(after, is.get(key), conflict.policy);
      const change = changeOf(a, b);
      return { change: change === 'same' && a?.count !== b?.count ? 'changed' : change, conflict, was: a, is: b };
    });
};

const byKey = (run: Run): ReadonlyMap<string, Conflict> =>
  new Map(run.details.flatMap(({ conflicts: all }) => all.map((one) => [keyOf(one), one])));

/** A kind that is missing where kinds were left out may still have been there: null. */
const sideOf = (run: Run, conflict: Conflict | undefined, policy: string): Answer | null => {
  if (conflict !== undefined) return answerOf(conflict);
  const leftOut = run.details.find((detail) => detail.policy === policy)?.conflictsLeftOut ?? 0;
  return leftOut > 0 || !run.report.quality.safe ? null : NOTHING;
};

const conflicts = (after: Run, all: readonly Difference[]): Section => {
  const policy = namer(after);
  const told = CHANGES.flatMap((change) => {
    const n = sum(all.map((one) => (one.change === change ? 1 : 0)));
    return n === 0 ? [] : [`${formatCount(n)} ${change}`];
  });
  const shown = all
    .filter(({ change }) => change !== 'same')
    .sort((a, b) => CHANGES.indexOf(a.change) - CHANGES.indexOf(b.change));
  const table: Block = {
    kind: 'table',
    caption: 'Kinds of conflict, first run against second',
    dense: true,
    columns: [
      { title: 'Change', head: true },
      { title: 'Policy' },
      { title: 'Operation' },
      { title: 'File' },
      { title: 'Wanted by' },
      { title: 'Held by' },
      { title: 'First', align: 'center' },
      { title: 'Second', align: 'center' },
    ],
    rows: shown
      .slice(0, LISTED)
      .map(({ change, conflict, was, is }) => [
        cell(changeChip(change)),
        cell(policy(conflict.policy)),
        cell(words(conflict.operationCase || conflict.op)),
        cell(raw(conflict.file)),
        cell(raw(bare(conflict.wanter))),
        cell(raw(bare(conflict.holder) || 'nobody')),
        answerCell(was),
        answerCell(is),
      ]),
    note: `inconclusive: one run is unsafe or kept only its largest kinds, and the kind is not among them.${shown.length > LISTED ? ` ${plural(shown.length - LISTED, 'more difference')} not listed.` : ''}`,
  };
  return {
    id: 'differences',
    title: 'Conflicts that differ',
    short: 'Differences',
    finding: told.length === 0 ? 'Neither run has a conflict.' : `${told.join(', ')} of ${plural(all.length, 'kind')}.`,
    blocks: shown.length === 0 ? [] : [table],
  };
};

const answerCell = (answer: Answer | null): Cell => {
  if (answer === null) return cell('unknown', { tone: 'quiet' });
  const chip = verdictChip(answer.verdict, answer.errno);
  return chip.tone === 'quiet'
    ? cell(chip.text, { tone: 'quiet' })
    : cell([chip, small('× ', count(answer.count, 'modelled'))]);
};

const reproduce = (before: Run, after: Run): Section => ({
  id: 'reproduce',
  title: 'Reproduce',
  short: 'Reproduce',
  finding: '',
  blocks: [
    {
      kind: 'lines',
      label: 'Commands',
      lines: [before, after].map(({ command }) => ({ place: '$', text: command })),
    },
  ],
});
