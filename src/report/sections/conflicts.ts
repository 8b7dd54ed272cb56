// Who wanted to change a map that somebody relied on: an overview, then one two-sided card per kind of conflict.
import type { Conflict, Run } from '../../results/types.js';
import { verdictChip } from '../answers.js';
import { type ConflictGroup, conflictGroups, conflictId, MOST_CARDS } from '../conflict-groups.js';
import { answerOf } from '../differences.js';
import { formatCount, formatNs, plural } from '../format.js';
import { answer, cell, count, joined, jump, moment, range, raw, small, value } from '../inline.js';
import { namer, spansOf, startOf, sum, words } from '../lanes.js';
import type { Block, Card, Cell, ChainChart, Chip, ExtentsChart, Fact, Mark, Section, Text } from '../model.js';
import type { SectionBuilder } from '../section.js';

const LISTED = 30;
const OPEN_CARDS = 5;

export const conflicts: SectionBuilder = {
  place: 60,
  build: (run: Run): Section => {
    const groups = conflictGroups(run);
    const cards = groups.slice(0, MOST_CARDS).map((group) => card(run, group));
    const more = cards.slice(OPEN_CARDS);
    return {
      id: 'conflicts',
      title: 'Conflicts',
      short: 'Conflicts',
      finding: finding(run, groups),
      blocks:
        groups.length === 0
          ? []
          : [
              overview(run, groups),
              { kind: 'cards', cards: cards.slice(0, OPEN_CARDS) },
              ...(more.length === 0
                ? []
                : [
                    {
                      kind: 'details',
                      summary: plural(more.length, 'more conflict card'),
                      blocks: [{ kind: 'cards', cards: more }],
                    } as const,
                  ]),
            ],
    };
  },
};

const finding = (run: Run, groups: readonly ConflictGroup[]): string => {
  if (groups.length === 0) return 'No operation met a hold that a policy would have defended.';
  const hidden = sum(run.details.map((detail) => detail.conflictsLeftOut));
  const wanters = new Set(groups.map(({ lead }) => lead.wanter)).size;
  const files = new Set(groups.map(({ lead }) => lead.file)).size;
  const tail = hidden > 0 ? ` ${plural(hidden, 'smaller kind')} only counted, not shown.` : '';
  return `${plural(groups.length, 'kind')} of conflict, from ${plural(wanters, 'task')} on ${plural(files, 'file')}. The same operation under several policies is one entry.${tail}`;
};

const overview = (run: Run, groups: readonly ConflictGroup[]): Block => {
  const policy = namer(run);
  const lanes = run.report.lanes.filter(({ policy: name }) =>
    groups.some((group) => chipOf(group, name).tone !== 'quiet'),
  );
  const shown = groups.slice(0, LISTED);
  const files = new Set(shown.map(({ lead }) => lead.file));
  // One name in every row tells nothing.
  const oneFile = files.size === 1;
  return {
    kind: 'table',
    caption: [
      'Every kind of conflict',
      ...(oneFile ? [' on ', raw([...files][0]!)] : []),
      ', and the answer of each policy that has one',
    ],
    dense: true,
    columns: [
      { title: 'Operation', head: true },
      ...(oneFile ? [] : [{ title: 'File' }]),
      { title: 'Wanted by' },
      { title: 'Held by' },
      ...lanes.map((lane) => ({ title: policy(lane.policy), align: 'center' as const })),
    ],
    name: 'conflicts',
    marks: shown.map((group) => markOf(run, group)),
    rows: shown.map((group, i) => [
      cell(
        i < MOST_CARDS
          ? jump(conflictId(group.lead.signature), words(group.lead.operationCase))
          : words(group.lead.operationCase),
      ),
      ...(oneFile ? [] : [cell(raw(group.lead.file))]),
      cell(raw(group.lead.wanter, 'short')),
      cell(raw(group.lead.holder || 'nobody', 'short')),
      ...lanes.map((lane) => answerCell(group, lane.policy)),
    ]),
    ...(groups.length > LISTED ? { note: `${plural(groups.length - LISTED, 'more kind')} not listed.` } : {}),
  };
};

const answerCell = (group: ConflictGroup, policy: string): Cell => {
  const conflict = group.byPolicy.get(policy);
  const given = chipOf(group, policy);
  if (given.tone === 'quiet') return cell(given.text, { tone: 'quiet' });
  return cell(
    conflict === undefined || conflict.count === 1
      ? given
      : [given, small('× ', count(conflict.count, policy === 'recorded' ? 'recorded' : 'modelled'))],
  );
};

const chipOf = (group: ConflictGroup, policy: string): Chip => {
  const found = answerOf(group, policy);
  return found === null ? verdictChip('', '') : verdictChip(found.verdict, found.errno);
};

/** Every answer that a policy gives to operations of this group, and when. */
const markOf = (run: Run, { all }: ConflictGroup): Mark => ({
  answers: [...new Set(all.map(({ policy, verdict }) => answer(policy, verdict === 'recall' ? 'wait' : verdict)))],
  when: [
    ...new Map(
      all.flatMap((one) => spansOf(run, one.policy, one.timeBins)).map((span) => [span.join(), span]),
    ).values(),
  ],
});

const card = (run: Run, group: ConflictGroup): Card => {
  const { lead, all } = group;
  const id = conflictId(lead.signature);
  return {
    id,
    aliases: [...new Set(all.map(({ signature }) => conflictId(signature)))].filter((alias) => alias !== id),
    title: title(lead),
    mark: markOf(run, group),
    outcome: verdictChip(lead.verdict, lead.errno),
    left: { role: 'Wanted by', who: raw(lead.wanter || 'unknown'), facts: wanted(lead) },
    right: { role: 'Held by', who: lead.hold === '' ? 'nobody' : raw(lead.holder || 'unknown'), facts: held(lead) },
    blocks: [
      {
        kind: 'grid',
        blocks: [answers(run, group), { kind: 'stack', blocks: [chain(run, group), ...extents(group)] }],
      },
      ...evidence(lead),
    ],
  };
};

const title = (lead: Conflict): Text => {
  const what = words(lead.op).replace(/^./, (first) => first.toUpperCase());
  const by: Text = [`${what} by `, raw(lead.wanter || 'unknown')];
  return lead.hold === ''
    ? [...by, ' with nobody holding the file']
    : [...by, ` against a ${words(lead.hold)} of `, raw(lead.holder || 'unknown')];
};

const wanted = (conflict: Conflict): readonly Fact[] => [
  {
    label: 'operation',
    text: [
      words(conflict.op),
      ...(conflict.op === conflict.operationCase ? [] : [` (${words(conflict.operationCase)})`]),
    ],
  },
  { label: 'file', text: raw(conflict.file) },
  { label: 'range', text: range(conflict.offset, conflict.length) },
  { label: 'first at', text: moment(conflict.atNs) },
  {
    label: 'how often',
    text: [count(conflict.count), conflict.count === 1 ? ' time under ' : ' times alike under ', conflict.policy],
  },
  ...delays(conflict.delayed),
];

/** The end of the chain: what its wait delayed. */
const delays = ({ lateNs, events, nextOp, queued }: Conflict['delayed']): readonly Fact[] => [
  ...(lateNs > 0
    ? [
        {
          label: 'delays',
          text: [
            'its thread by ',
            value(lateNs, 'ns', 'modelled'),
            events === 0
              ? ', which did nothing after it'
              : [', ', count(events), ' later events, first a ', words(nextOp)],
          ].flat(),
        },
      ]
    : []),
  ...(queued > 0 ? [{ label: 'queued behind it', text: [count(queued), ' reads and writes of the file'] }] : []),
];

const held = (conflict: Conflict): readonly Fact[] =>
  conflict.hold === ''
    ? [{ label: 'note', text: 'The policy answers so even when nobody holds the file.' }]
    : [
        { label: 'hold', text: words(conflict.hold) },
        { label: 'since', text: moment(conflict.holdFromNs) },
        { label: 'until', text: conflict.holdToNs < 0 ? 'after the end of the trace' : moment(conflict.holdToNs) },
        ...(conflict.holdToNs < 0
          ? []
          : [{ label: 'held for', text: formatNs(Math.max(0, conflict.holdToNs - conflict.holdFromNs)) }]),
        ...late(conflict),
      ];

/** In closed time a thread that had to wait comes later to what it did next. */
const late = ({ atNs, holdFromNs }: Conflict): readonly Fact[] =>
  holdFromNs > atNs
    ? [{ label: 'note', text: 'begun after the recorded time of the request, which comes late in this replay' }]
    : [];

const answers = (run: Run, group: ConflictGroup): Block => {
  const policy = namer(run);
  const answered = run.report.lanes.map((lane) => ({ name: lane.policy, answer: chipOf(group, lane.policy) }));
  const free = answered.filter(({ answer }) => answer.tone === 'quiet');
  const waits = [...group.byPolicy.values()].some(({ maxWaitNs }) => maxWaitNs > 0);
  return {
    kind: 'table',
    caption: 'What each policy does',
    dense: true,
    columns: [
      { title: 'Policy', head: true },
      { title: 'Answer' },
      { title: 'Times', align: 'end' },
      ...(waits ? ['Longest wait', 'All waits'] : []).map((title) => ({ title, align: 'end' as const })),
    ],
    rows: answered
      .filter(({ answer }) => answer.tone !== 'quiet')
      .map(({ name, answer }) => [cell(policy(name)), cell(answer), ...times(group.byPolicy.get(name), waits)]),
    ...(free.length === 0 ? {} : { note: ['At once under ', ...joined(free.map(({ name }) => policy(name))), '.'] }),
  };
};

/** A dash: that policy met it with another holder or range, which has a card of its own. */
const times = (conflict: Conflict | undefined, waits: boolean): readonly Cell[] => {
  const none = cell('–', { tone: 'quiet' });
  const longs = conflict === undefined ? [0, 0] : [conflict.maxWaitNs, conflict.totalWaitNs];
  return [
    conflict === undefined ? none : cell(count(conflict.count)),
    ...(waits ? longs.map((ns) => (ns <= 0 ? none : cell(value(ns, 'ns', 'modelled')))) : []),
  ];
};

/** Who came when: the hold, the request, and how long each policy lets it wait. */
const chain = (run: Run, { lead, byPolicy }: ConflictGroup): ChainChart => {
  const held =
    lead.hold === '' || lead.holdFromNs < 0
      ? []
      : [{ label: `${words(lead.hold)} held`, look: 'hold', fromNs: lead.holdFromNs, toNs: lead.holdToNs } as const];
  const waits = [...byPolicy.values()]
    .filter(({ waitNs }) => waitNs > 0)
    .map(
      ({ policy, atNs, waitNs }) =>
        ({ label: `waits, ${policy}`, look: 'wait', fromNs: atNs, toNs: atNs + waitNs }) as const,
    );
  const rows = [
    ...held,
    { label: words(lead.op), look: 'asked', fromNs: lead.atNs, toNs: lead.atNs } as const,
    ...waits.slice(0, 5),
  ];
  return {
    kind: 'chart',
    mark: 'chain',
    caption: 'In the order of time',
    summary: `When ${words(lead.op)} was asked for${held.length > 0 ? `, and the life of the ${words(lead.hold)} in its way` : ''}.`,
    basis: waits.length > 0 ? 'modelled' : 'recorded',
    startNs: startOf(run),
    endNs: run.report.trace.span.toNs,
    rows,
  };
};

/** The map where the operation goes ahead, if it does so anywhere: that is what the holder is protected from. */
const extents = ({ lead, all }: ConflictGroup): readonly Block[] => {
  const shown = all.find((conflict) => !unchanged(conflict)) ?? lead;
  const { extentsBefore: before, extentsAfter: after, offset, length } = shown;
  if (before.length + after.length === 0) return [];
  const caption = unchanged(shown)
    ? 'Block map: refused, so the same before and after'
    : `Block map before and after, where it goes ahead (${shown.policy})`;
  const chart: ExtentsChart = {
    kind: 'chart',
    mark: 'extents',
    caption,
    basis: unchanged(shown) ? 'recorded' : 'modelled',
    summary: `${plural(before.length, 'extent')} before, ${formatCount(after.length)} after ${words(shown.op)} of ${range(offset, length)}.`,
    offset,
    length,
    before,
    after,
  };
  return [chart];
};

const unchanged = ({ extentsBefore, extentsAfter }: Conflict): boolean =>
  JSON.stringify(extentsBefore) === JSON.stringify(extentsAfter);

const evidence = (conflict: Conflict): readonly Block[] => {
  if (conflict.evidence.length === 0) return [];
  const lines = conflict.evidence.slice(0, 12).map(({ source, row, text }) => ({
    place: `${source}:${row}`,
    text: text === '' ? '(raw line not at hand)' : text,
  }));
  return [{ kind: 'lines', label: 'Evidence in the trace', lines }];
};
