// Two policies against each other, operation by operation: what is new, gone, changed or inconclusive. The script lets the
// reader choose the pair; without it stands the pair that differs most from what was recorded.
import type { Run } from '../../results/types.js';
import { CHANGES, changeChip, verdictChip } from '../answers.js';
import { changeIn, type DiffRow, diffRows, type Pair, pairOf } from '../differences.js';
import { formatCount, plural } from '../format.js';
import { cell, count, jump, raw, small } from '../inline.js';
import { namer, sum } from '../lanes.js';
import type { Block, Cell, Section, Text } from '../model.js';
import type { SectionBuilder } from '../section.js';

const LISTED = 40;

export const differences: SectionBuilder = {
  place: 35,
  build: (run: Run): Section | null => {
    const rows = diffRows(run);
    const pair = pairOf(run, rows);
    if (pair === null || rows.length === 0) return null;
    return {
      id: 'differences',
      title: 'Two policies against each other',
      short: 'Differences',
      finding: finding(run, rows, pair),
      blocks: [{ kind: 'details', summary: 'Operation by operation', blocks: [table(run, rows, pair)] }],
    };
  },
};

const finding = (run: Run, rows: readonly DiffRow[], pair: Pair): Text => {
  const policy = namer(run);
  const told = CHANGES.map((change) => {
    const n = rows.filter((row) => changeIn(row, pair) === change).length;
    return n === 0 ? '' : `${formatCount(n)} ${change}`;
  }).filter((part) => part !== '');
  const hidden = sum(run.details.filter(({ policy: name }) => pair.includes(name)).map((d) => d.conflictsLeftOut));
  const tail = hidden > 0 ? ` ${plural(hidden, 'smaller kind')} of conflict only counted and not compared.` : '';
  return [policy(pair[0]), ' → ', policy(pair[1]), `: ${told.join(', ')} of ${plural(rows.length, 'kind')}.${tail}`];
};

const table = (run: Run, rows: readonly DiffRow[], pair: Pair): Block => {
  const policy = namer(run);
  const ranked = rows
    .map((row) => ({ row, change: changeIn(row, pair) }))
    .filter(({ change }) => change !== 'same')
    .sort((a, b) => CHANGES.indexOf(a.change) - CHANGES.indexOf(b.change));
  return {
    kind: 'table',
    name: 'differences',
    caption: [policy(pair[0]), ' against ', policy(pair[1])],
    dense: true,
    columns: [
      { title: 'Change', head: true },
      { title: 'Operation' },
      { title: 'File' },
      { title: 'Wanted by' },
      { title: 'Held by' },
      { title: policy(pair[0]), align: 'center' },
      { title: policy(pair[1]), align: 'center' },
    ],
    rows: ranked
      .slice(0, LISTED)
      .map(({ row, change }): readonly Cell[] => [
        cell(changeChip(change)),
        cell(row.id === '' ? row.what : jump(row.id, row.what)),
        cell(raw(row.file)),
        cell(raw(row.wanter)),
        cell(raw(row.holder || 'nobody')),
        ...pair.map((name) => answerCell(row, name)),
      ]),
    note: `new: only the second troubles it. gone: only the first. changed: both, in different ways. inconclusive: one of the replays did not come to decide it.${ranked.length > LISTED ? ` ${plural(ranked.length - LISTED, 'more difference')} not listed.` : ''}`,
  };
};

const answerCell = ({ answers }: DiffRow, policy: string): Cell => {
  const answer = answers[policy] ?? null;
  if (answer === null) return cell('not decided', { tone: 'quiet' });
  const chip = verdictChip(answer.verdict, answer.errno);
  if (chip.tone === 'quiet') return cell(chip.text, { tone: 'quiet' });
  return cell(
    answer.count > 1 ? [chip, small('× ', count(answer.count, policy === 'recorded' ? 'recorded' : 'modelled'))] : chip,
  );
};
