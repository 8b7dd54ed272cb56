// Who wanted to change a map that somebody relied on: an overview, then one two-sided card per kind of conflict.
import type { Conflict, Run } from '../../results/types.js';
import { type ConflictGroup, conflictGroups, conflictId } from '../conflict-groups.js';
import { formatCount, formatNs, plural } from '../format.js';
import { cell, chip, count, joined, jump, moment, range, raw, small, value } from '../inline.js';
import { namer, sum, words } from '../lanes.js';
import type { Block, Card, Cell, Chip, ExtentsChart, Fact, Section, Text } from '../model.js';
import type { SectionBuilder } from '../section.js';

const LISTED = 30;
const OPEN_CARDS = 5;
const CARDS = 40;

export const conflicts: SectionBuilder = {
  place: 60,
  build: (run: Run): Section => {
    const groups = conflictGroups(run);
    const cards = groups.slice(0, CARDS).map((group) => card(run, group));
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
    groups.some((group) => answerOf(group, name).tone !== 'quiet'),
  );
  return {
    kind: 'table',
    caption: 'Every kind of conflict, and the answer of each policy that has one',
    dense: true,
    columns: [
      { title: 'Operation', head: true },
      { title: 'File' },
      { title: 'Wanted by' },
      { title: 'Held by' },
      ...lanes.map((lane) => ({ title: policy(lane.policy), align: 'center' as const })),
    ],
    rows: groups
      .slice(0, LISTED)
      .map((group, i) => [
        cell(
          i < CARDS
            ? jump(conflictId(group.lead.signature), words(group.lead.operationCase))
            : words(group.lead.operationCase),
        ),
        cell(raw(group.lead.file)),
        cell(raw(group.lead.wanter)),
        cell(raw(group.lead.holder || 'nobody')),
        ...lanes.map((lane) => answerCell(group, lane.policy)),
      ]),
    ...(groups.length > LISTED ? { note: `${plural(groups.length - LISTED, 'more kind')} not listed.` } : {}),
  };
};

const answerCell = (group: ConflictGroup, policy: string): Cell => {
  const conflict = group.byPolicy.get(policy);
  const answer = answerOf(group, policy);
  if (answer.tone === 'quiet') return cell(answer.text, { tone: 'quiet' });
  return cell(
    conflict === undefined || conflict.count === 1 ? answer : [answer, small(`× ${formatCount(conflict.count)}`)],
  );
};

/** What a policy did with this operation: from its own conflict, else from what the leading one says about it. */
const answerOf = ({ lead, byPolicy }: ConflictGroup, policy: string): Chip => {
  const conflict = byPolicy.get(policy);
  if (conflict !== undefined) return verdictChip(conflict.verdict, conflict.errno);
  const [verdict = '', ...errno] = (lead.elsewhere[policy] ?? '').split(/[\s:(]+/);
  return verdictChip(verdict, errno.join(' ').replace(/\)$/, ''));
};

const verdictChip = (verdict: string, errno: string): Chip => {
  switch (verdict) {
    case 'deny':
      return chip('bad', errno || 'refused');
    case 'wait':
      return chip('warn', 'waits');
    case 'recall':
      return chip('warn', 'recalls');
    case 'revoke':
      return chip('info', 'revokes');
    case 'commit':
      return chip('info', 'commits');
    case 'proceed':
    case 'ok':
      return chip('quiet', 'ok');
    default:
      return chip('quiet', verdict || '–');
  }
};

const card = (run: Run, group: ConflictGroup): Card => {
  const { lead, all } = group;
  const id = conflictId(lead.signature);
  return {
    id,
    aliases: [...new Set(all.map(({ signature }) => conflictId(signature)))].filter((alias) => alias !== id),
    title: title(lead),
    outcome: verdictChip(lead.verdict, lead.errno),
    left: { role: 'Wanted by', who: raw(lead.wanter || 'unknown'), facts: wanted(lead) },
    right: { role: 'Held by', who: lead.hold === '' ? 'nobody' : raw(lead.holder || 'unknown'), facts: held(lead) },
    blocks: [{ kind: 'grid', blocks: [answers(run, group), ...extents(group)] }, ...evidence(lead)],
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
      ];

const answers = (run: Run, group: ConflictGroup): Block => {
  const policy = namer(run);
  const answered = run.report.lanes.map((lane) => ({ name: lane.policy, answer: answerOf(group, lane.policy) }));
  const free = answered.filter(({ answer }) => answer.tone === 'quiet');
  return {
    kind: 'table',
    caption: 'What each policy does',
    dense: true,
    columns: [
      { title: 'Policy', head: true },
      { title: 'Answer' },
      { title: 'Times', align: 'end' },
      { title: 'First wait', align: 'end' },
      { title: 'Longest', align: 'end' },
      { title: 'All waits', align: 'end' },
    ],
    rows: answered
      .filter(({ answer }) => answer.tone !== 'quiet')
      .map(({ name, answer }) => [cell(policy(name)), cell(answer), ...times(group.byPolicy.get(name))]),
    ...(free.length === 0 ? {} : { note: ['At once under ', ...joined(free.map(({ name }) => policy(name))), '.'] }),
  };
};

const times = (conflict: Conflict | undefined): readonly Cell[] => {
  const none = cell('–', { tone: 'quiet' });
  if (conflict === undefined) return [none, none, none, none];
  const waits = [conflict.waitNs, conflict.maxWaitNs, conflict.totalWaitNs];
  return [cell(count(conflict.count)), ...waits.map((ns) => (ns <= 0 ? none : cell(value(ns, 'ns', 'modelled'))))];
};

/** The map where the operation goes ahead, if it does so anywhere: that is what the holder is protected from. */
const extents = ({ lead, all }: ConflictGroup): readonly Block[] => {
  const shown = all.find((conflict) => !unchanged(conflict)) ?? lead;
  const { extentsBefore: before, extentsAfter: after, offset, length } = shown;
  if (before.length + after.length === 0) return [];
  const where = unchanged(shown) ? 'refused, so unchanged' : `where it goes ahead (${shown.policy})`;
  const chart: ExtentsChart = {
    kind: 'chart',
    mark: 'extents',
    caption: `Block map before and after, ${where}`,
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
