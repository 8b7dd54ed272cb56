// What a report says of device memory that software keeps coherent, and that it says nothing of it elsewhere.
import { expect, test } from 'vitest';
import { buildReport, renderers } from '../../src/report/index.js';
import { cellOf, type DataTable, runTables } from '../../src/results/tables.js';
import { type Line, pages, replayLines, written } from '../support/replay.js';

const lines: readonly Line[] = [
  ...written('/f', 8, 100),
  { t: 1, op: 'pin', pid: 10, path: '/f', ...pages(0, 8), handle: 'p' },
  { t: 10, op: 'write', pid: 10, path: '/f', ...pages(0, 2) },
  { t: 20, op: 'dma_read', pid: 10, handle: 'p', ...pages(1, 2) },
  { t: 30, op: 'fsync', pid: 10, path: '/f' },
];
const runOf = async (coherence: string) =>
  (await replayLines(lines, { policies: ['dax'], settings: { coherence } })).run;
const { md } = renderers;

test('matrix, hazards, differences and tables tell of it; a run without a hand-over does not', async () => {
  const [soft, hard] = [await runOf('software'), await runOf('hardware')];
  const text = String(md.render(buildReport(soft), soft));
  expect(text).toContain('Hand-overs');
  expect(text).toMatch(
    /Device memory that software keeps coherent: \W*dax\W* \W*1\W* incoherent \(\W*4 KiB\W*\), 1 hand-over/,
  );
  expect(text).toContain('meets what the other side stored and nobody flushed');
  expect(String(md.render(buildReport(hard), hard))).not.toMatch(/ncoherent|Hand-over/);
  const [lanes, hazards] = ['lanes', 'hazards'].map((name) => runTables(soft).find((table) => table.name === name)!);
  const of = (table: DataTable, name: string) => cellOf(table.columns.find((one) => one.name === name)!, 0);
  expect([of(lanes!, 'hazards'), of(lanes!, 'incoherent'), of(lanes!, 'hand_overs')].map(Number)).toEqual([0, 1, 1]);
  expect(of(hazards!, 'class')).toBe('incoherent');
});
