// Two runs against each other: what is told to be new, gone, changed or inconclusive really is.
import { expect, it } from 'vitest';
import { changeOf } from '../../src/report/answers.js';
import { buildComparison, renderers } from '../../src/report/index.js';
import type { Conflict, Run } from '../../src/results/types.js';
import { makeRun, makeUnsafeRun } from './fixture.js';
import { hostile, MARKER } from './hostile.js';

const rowsOf = (before: Run, after: Run): readonly string[] => {
  const section = buildComparison(before, after).sections.find(({ id }) => id === 'differences')!;
  return section.blocks.flatMap((block) =>
    block.kind !== 'table'
      ? []
      : block.rows.map((row) => {
          const chip = row[0]!.text as { readonly text: string };
          return `${chip.text} ${String(row[2]!.text)}`;
        }),
  );
};

const inOndisk = (run: Run, change: (all: readonly Conflict[]) => readonly Conflict[]): Run => ({
  ...run,
  details: run.details.map((detail) =>
    detail.policy === 'ondisk' ? { ...detail, conflicts: change(detail.conflicts) } : detail,
  ),
});

it('tells nothing where nothing differs', () => expect(rowsOf(makeRun(), makeRun())).toEqual([]));

it('tells new, gone and changed, whatever the process numbers are', () => {
  const after = inOndisk(makeRun(), (all) => [
    ...all.slice(1).map((one) => (one.op === 'reflink' ? { ...one, verdict: 'wait' as const, errno: '' } : one)),
    { ...all[0]!, op: 'collapse', operationCase: 'fallocate_move', file: '/other' },
  ]);
  const rows = [...rowsOf(makeRun(), after)].sort();
  expect(rows).toEqual(['changed reflink source', 'gone truncate down', 'new fallocate move']);
  const numbered = inOndisk(makeRun(), (all) => all.map((one) => ({ ...one, wanter: `${one.wanter} (77)` })));
  const renumbered = inOndisk(makeRun(), (all) => all.map((one) => ({ ...one, wanter: `${one.wanter} (78)` })));
  expect(rowsOf(numbered, renumbered)).toEqual([]);
});

it('calls it inconclusive where a run is unsafe or kept only a part', () => {
  const fewer = (run: Run): Run => inOndisk(run, (all) => all.slice(1));
  expect(rowsOf(makeRun(), fewer(makeUnsafeRun()))).toEqual(['inconclusive truncate down']);
  const cut = fewer(makeRun());
  const details = cut.details.map((detail) => ({ ...detail, conflictsLeftOut: 9 }));
  expect(rowsOf(makeRun(), { ...cut, details })).toEqual(['inconclusive truncate down']);
});

it('renders, with hostile names as well', () => {
  const html = renderers.html.render(buildComparison(hostile(makeRun(), 50), makeRun()), makeRun());
  expect(html).toContain('id="differences"');
  expect(html).not.toContain(MARKER);
});

it.each([
  ['ok', 'deny', 'new'],
  ['deny', 'proceed', 'gone'],
  ['wait', 'deny', 'changed'],
  ['deny', 'deny', 'same'],
  ['ok', 'none', 'same'],
])('%s to %s is %s', (before, after, change) => {
  const answer = (verdict: string) => ({ verdict, errno: '', count: 1, waitNs: 0 });
  expect(changeOf(answer(before), answer(after))).toBe(change);
  expect(changeOf(null, answer(after))).toBe('inconclusive');
});
