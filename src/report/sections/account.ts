// The whole account: sources, losses, what was not placed, fidelity, divergence, issues.
import type { Run, SourceSummary } from '../../results/types.js';
import { formatBytes, formatNs, formatShare, formatTime } from '../format.js';
import { cell, chip, count, prose, raw, small, strong, value } from '../inline.js';
import { byCount, namer, words } from '../lanes.js';
import type { Block, Cell, Section, Tone } from '../model.js';
import type { SectionBuilder } from '../section.js';

export const account: SectionBuilder = {
  place: 95,
  build: (run: Run): Section => ({
    id: 'account',
    title: 'What the figures rest on',
    short: 'Account',
    finding: 'Every record is counted; what could not be used is counted by cause.',
    blocks: [
      sources(run.report.trace.sources),
      { kind: 'grid', narrow: true, blocks: [fidelityTable(run), unplacedTable(run), divergenceTable(run)] },
      ...losses(run.report.trace.sources),
      ...examples(run),
      ...issues(run),
    ],
  }),
};

const toned = (when: boolean, tone: Tone): { readonly tone?: Tone } => (when ? { tone } : {});

const sources = (all: readonly SourceSummary[]): Block => ({
  kind: 'table',
  dense: true,
  caption: 'Sources',
  columns: [
    { title: 'Source', head: true },
    { title: 'Format' },
    { title: 'Size', align: 'end' },
    { title: 'Records', align: 'end' },
    { title: 'Typed', align: 'end' },
    { title: 'Generic', align: 'end' },
    { title: 'Lost', align: 'end' },
    { title: 'Clock' },
    { title: 'Kernel' },
  ],
  rows: all.map((source) => [
    cell(raw(source.name)),
    cell(raw(source.format)),
    cell(formatBytes(source.bytes)),
    cell(count(source.records, 'recorded')),
    cell(count(source.typed, 'recorded')),
    cell(count(source.generic, 'recorded')),
    cell(count(source.lost.events, 'recorded'), toned(source.lost.events > 0, 'bad')),
    cell(raw(source.clock)),
    cell(raw(source.kernel)),
  ]),
});

const unplacedTable = (run: Run): Block => ({
  kind: 'table',
  dense: true,
  caption: 'Not placed, by cause',
  columns: [
    { title: 'Cause', head: true },
    { title: 'Count', align: 'end' },
  ],
  rows: [
    ...run.report.trace.unplaced.map((row) => [cell(words(row.cause)), cell(count(row.count, 'recorded'))]),
    [cell('enter or exit without its partner'), cell(count(run.report.trace.operations.unpaired, 'recorded'))],
    [
      cell('device pages not led back to a file'),
      cell(count(run.report.trace.deviceAccess.pages - run.report.trace.deviceAccess.placedPages, 'recorded')),
    ],
  ],
});

/** Waits for ordinary leases, where the trace has any. */
const leaseRow = ({ leaseBreaks }: Run['report']['fidelity']): readonly (readonly Cell[])[] => {
  const { waited, predictedNs, recordedNs, outlasted } = leaseBreaks;
  if (waited + outlasted === 0) return [];
  const text = `waits for leases: ${formatNs(predictedNs)} predicted of ${formatNs(recordedNs)} recorded; beside them such as no release of the trace ended`;
  return [[cell(text), cell(count(waited)), cell(count(outlasted))]];
};

const fidelityTable = (run: Run): Block => {
  const { fidelity } = run.report;
  const rows = Object.entries(fidelity.byOp).map(([op, { agreed, differed }]): readonly Cell[] => [
    cell(words(op)),
    cell(count(agreed)),
    cell(count(differed), toned(differed > 0, 'bad')),
  ]);
  const { agreed, differed } = fidelity.mapChecks;
  return {
    kind: 'table',
    dense: true,
    caption: ['Replay against recording, predicted by ', raw(fidelity.policy || 'no policy')],
    columns: [
      { title: 'What', head: true },
      { title: 'Agreed', align: 'end' },
      { title: 'Differed', align: 'end' },
    ],
    rows: [
      ...rows,
      [cell('map look-ups in the trace'), cell(count(agreed)), cell(count(differed), toned(differed > 0, 'bad'))],
      ...leaseRow(fidelity),
      ...byCount(fidelity.notCompared).map(([cause, n]): readonly Cell[] => [
        cell(`not compared: ${words(cause)}`),
        cell(count(n, 'recorded')),
        cell('–', { tone: 'quiet' }),
      ]),
    ],
  };
};

const divergenceTable = (run: Run): Block => {
  const policy = namer(run);
  return {
    kind: 'table',
    dense: true,
    caption: 'Divergence and measured share, by policy',
    columns: [
      { title: 'Policy', head: true },
      { title: 'Diverged', align: 'end' },
      { title: 'Latency recorded', align: 'end' },
    ],
    rows: run.report.lanes.map((lane) => [
      cell(policy(lane.policy)),
      cell(
        lane.diverged === 0
          ? count(0)
          : [small(formatShare(lane.diverged / Math.max(1, lane.operations))), ' ', count(lane.diverged)],
      ),
      cell(value(lane.measuredShare, 'ratio', 'recorded')),
    ]),
  };
};

const losses = (all: readonly SourceSummary[]): readonly Block[] => {
  const spans = all.flatMap((source) => source.lost.spans.map((span) => ({ name: source.name, ...span })));
  if (spans.length === 0) return [];
  return [
    {
      kind: 'table',
      dense: true,
      caption: 'Gaps: records the recorder lost',
      columns: [
        { title: 'Source', head: true },
        { title: 'From', align: 'end' },
        { title: 'To', align: 'end' },
        { title: 'CPU', align: 'end' },
        { title: 'Records', align: 'end' },
      ],
      rows: spans.map((span) => [
        cell(raw(span.name)),
        cell(formatTime(span.fromNs)),
        cell(formatTime(span.toNs)),
        cell(span.cpu < 0 ? 'any' : String(span.cpu)),
        cell(span.count < 0 ? 'unknown' : count(span.count, 'recorded')),
      ]),
    },
  ];
};

const examples = (run: Run): readonly Block[] =>
  run.report.fidelity.examples.length === 0
    ? []
    : [
        { kind: 'text', text: strong('First disagreements between replay and recording') },
        { kind: 'list', items: run.report.fidelity.examples.map(prose) },
      ];

const issues = (run: Run): readonly Block[] =>
  run.report.trace.issues.length === 0
    ? []
    : [
        {
          kind: 'table',
          dense: true,
          caption: 'Issues met while reading',
          columns: [
            { title: 'Issue', head: true },
            { title: 'Count', align: 'end' },
            { title: 'First at' },
            { title: 'Text' },
          ],
          rows: run.report.trace.issues.map((issue) => [
            cell(chip('warn', issue.code)),
            cell(count(issue.count, 'recorded')),
            cell(raw(`${issue.first.source}:${issue.first.row}`)),
            cell(prose(issue.text)),
          ]),
        },
      ];
