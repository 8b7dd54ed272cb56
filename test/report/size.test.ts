// A page has a bound that does not depend on the length of the trace: neither what it is built from, nor its bytes, nor its marks
// grow with the events. (Times are measured by test/bench/report.ts, which a busy machine cannot make fail.)
import { readFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import type { Run } from '../../src/results/types.js';
import { scratch, sealtrace } from '../cli/support.js';

vi.setConfig({ testTimeout: 120_000 });
const { path } = scratch();

interface Size {
  readonly operations: number;
  /** Of the run file: all that a report is built from. */
  readonly runBytes: number;
  readonly pageBytes: number;
  /** Elements of the page. */
  readonly elements: number;
  /** Points and rectangles of its drawings. */
  readonly strokes: number;
}

async function sizeOf(events: number): Promise<Size> {
  const [trace, kept, page] = [`${events}.sealtrace`, `${events}.sealrun`, `${events}.html`].map(path) as [
    string,
    string,
    string,
  ];
  const policy = 'dax,mapdirect,odp,pagecache,recorded';
  for (const words of [
    ['synth', 'mixed', '--events', String(events), '--seed', '7', '-o', trace],
    ['replay', trace, '--policy', policy, '-o', kept],
    ['report', kept, '-o', page],
  ]) {
    const { code, err } = await sealtrace([...words, '-q']);
    expect([code, err]).toEqual([0, '']);
  }
  const [run, html] = [readFileSync(kept, 'utf8'), readFileSync(page, 'utf8')];
  const markup = html.slice(0, html.indexOf('<script'));
  return {
    operations: (JSON.parse(run) as Run).report.trace.operations.total,
    runBytes: Buffer.byteLength(run),
    pageBytes: Buffer.byteLength(html),
    elements: markup.split('<').length,
    strokes: [...markup.matchAll(/ d="([^"]*)"/g)].reduce((sum, [, d]) => sum + d!.split(/(?=[MLHVhvz])/).length, 0),
  };
}

test('eight times the events make no larger a page', async () => {
  const small = await sizeOf(12_000);
  const large = await sizeOf(96_000);
  console.log(JSON.stringify({ small, large }));
  expect(large.operations / small.operations).toBeGreaterThan(7);
  for (const of of ['runBytes', 'pageBytes', 'elements', 'strokes'] as const)
    expect(large[of] / small[of], of).toBeLessThan(1.5);
  expect(large.pageBytes).toBeLessThan(3_000_000);
});
