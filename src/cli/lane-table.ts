// What the lanes of a run did, as a table for people.
import { formatCount, formatNs } from '../report/format.js';
import { tellsCoherence } from '../report/lanes.js';
import type { LaneReport, Run } from '../results/types.js';
import { facts, heading, type Style, type TableColumn, table } from './table.js';
import { clean } from './text.js';

const RIGHT = (title: string): TableColumn => ({ title, align: 'right' });
const COLUMNS: readonly TableColumn[] = [
  { title: 'policy' },
  ...['operations', 'refused', 'waited', 'recalled', 'commits', 'hazards', 'seals left', 'orphaned'].map(RIGHT),
  RIGHT('fault p50'),
  RIGHT('fault p99'),
  { title: 'refused with' },
];

export function laneTable(lanes: readonly LaneReport[], style: Style): string {
  if (!tellsCoherence(lanes)) return table(COLUMNS, lanes.map(laneRow), style);
  const rows = lanes.map((lane) => [
    ...laneRow(lane),
    formatCount(lane.hazards.incoherent),
    formatCount(lane.handOvers),
  ]);
  return table([...COLUMNS, RIGHT('incoherent'), RIGHT('hand-overs')], rows, style);
}

function laneRow(lane: LaneReport): string[] {
  const { verdicts, hazards, seals, denied } = lane;
  const fault = lane.latency.write_fault;
  return [
    lane.policy,
    formatCount(lane.operations),
    formatCount(verdicts.deny),
    formatCount(verdicts.wait),
    formatCount(verdicts.recall),
    formatCount(lane.journalCommits),
    formatCount(hazards.count),
    formatCount(seals.aliveAtEnd),
    formatCount(seals.orphaned),
    fault === undefined ? '' : formatNs(fault.p50Ns),
    fault === undefined ? '' : formatNs(fault.p99Ns),
    deniedText(denied),
  ];
}

export const deniedText = (denied: Readonly<Record<string, number>>): string =>
  Object.entries(denied)
    .map(([errno, count]) => `${errno} ${formatCount(count)}`)
    .join(', ');

/** Can the figures be relied on? */
export function qualityText({ report }: Run, style: Style): string {
  const { quality, fidelity } = report;
  const share =
    fidelity.operations === 0
      ? 'no recorded return code could be compared'
      : `${formatCount(fidelity.agreed)} of ${formatCount(fidelity.operations)} recorded return codes reproduced`;
  const items: [string, string][] = [['fidelity', share]];
  const text = facts(items, style);
  if (quality.safe) return text;
  const reasons = quality.reasons.map((reason) => `  - ${clean(reason)}\n`).join('');
  return `${text}${heading(style.warn('Not safe to conclude from'), style)}${reasons}`;
}
