// Tipping points: the lower edge of lines against trying every x, and the section against the costs of the run itself.

import { describe, expect, it } from 'vitest';
import { buildReport } from '../../src/report/build.js';
import { baselineOf, refusalsOver } from '../../src/report/lanes.js';
import type { TableBlock, Value } from '../../src/report/model.js';
import { type CostLine, lowerEdge } from '../../src/report/tipping.js';
import type { Run } from '../../src/results/types.js';
import fc from '../support/fast-check.js';
import { makeEmptyRun, makeRun } from './fixture.js';

const line = (name: string, fixedNs: number, perX: number): CostLine => ({ names: [name], fixedNs, perX });
const cost = ({ fixedNs, perX }: CostLine, x: number): number => fixedNs + perX * x;

describe('the lower edge', () => {
  it('is what one sees: cheap and refusing first, dear and willing last', () => {
    const edge = lowerEdge([line('a', 10, 5), line('b', 30, 1), line('c', 100, 1), line('d', 40, 0)])!;
    expect(edge.first.names).toEqual(['a']);
    expect(edge.tips.map(({ x, above }) => [x, above.names[0]])).toEqual([
      [5, 'b'],
      [10, 'd'],
    ]);
  });

  it('names policies with the same line together, and is nothing without lines', () => {
    expect(lowerEdge([line('a', 1, 1), line('b', 1, 1)])!.first.names).toEqual(['a', 'b']);
    expect(lowerEdge([])).toBe(null);
  });

  it('is the cheapest line at every x', () => {
    const lines = fc.array(
      fc.tuple(fc.nat(1000), fc.nat(50)).map(([fixedNs, perX]) => line('some', fixedNs, perX)),
      { minLength: 1, maxLength: 8 },
    );
    fc.assert(
      fc.property(lines, fc.double({ min: 0, max: 2000, noNaN: true }), (all, x) => {
        const { first, tips } = lowerEdge(all)!;
        const at = tips.filter((tip) => tip.x <= x).at(-1)?.above ?? first;
        expect(cost(at, x)).toBeCloseTo(Math.min(...all.map((one) => cost(one, x))), 6);
      }),
      { numRuns: 500, seed: 5 },
    );
  });
});

/** Everything a policy's calls took, and the refusals that are its own. */
const costs = (run: Run, policy: string): CostLine => {
  const parts = Object.values(run.details.find((detail) => detail.policy === policy)!.components);
  const lane = run.report.lanes.find((one) => one.policy === policy)!;
  const fixedNs = parts.flatMap((one) => Object.values(one)).reduce((a, b) => a + b, 0);
  return line(policy, fixedNs, refusalsOver(lane, baselineOf(run)).count);
};

describe('the section', () => {
  const run = makeRun();
  const section = buildReport(run).sections.find(({ id }) => id === 'tipping')!;
  const table = section.blocks[0] as TableBlock;
  const policies = (cell: TableBlock['rows'][number][number]): string[] =>
    [cell.text]
      .flat()
      .flatMap((part) => (typeof part === 'object' && 'kind' in part && part.kind === 'policy' ? [part.name] : []));

  it('tips where the costs of two policies are the same, and nobody else is cheaper', () => {
    const rows = table.rows.filter(([what]) => String(what!.text).includes('refused'));
    expect(rows.length).toBeGreaterThan(0);
    for (const [, at, , below, above] of rows) {
      const x = (at!.text as Value).value;
      const [b, a] = [costs(run, policies(below!)[0]!), costs(run, policies(above!)[0]!)];
      expect(cost(b, x) / cost(a, x)).toBeCloseTo(1, 9);
      expect(cost(a, x * 1.01)).toBeLessThan(cost(b, x * 1.01));
      const others = ['ondisk', 'mapdirect', 'mapdirect-lease', 'mapsync-pin', 'odp'].map((name) => costs(run, name));
      for (const other of others) expect(cost(other, x)).toBeGreaterThanOrEqual(cost(a, x) * (1 - 1e-9));
    }
  });

  it('compares nobody under whom a device touched stale blocks, and names its assumption', () => {
    const named = table.rows.flatMap((row) => [...policies(row[3]!), ...policies(row[4]!)]);
    const stale = run.report.lanes.filter(({ hazards }) => hazards.count > 0).map(({ policy }) => policy);
    expect(stale.length).toBeGreaterThan(0);
    expect(named.filter((name) => stale.includes(name) || name === 'recorded')).toEqual([]);
    expect([table.note].flat().join('')).toContain('Assumed');
  });

  it('is left out where there is nothing to compare', () => {
    expect(buildReport(makeEmptyRun()).sections.some(({ id }) => id === 'tipping')).toBe(false);
  });
});
