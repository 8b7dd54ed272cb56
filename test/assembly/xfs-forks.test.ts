// Forks that lie in the store are what they were.
import { expect, test } from 'vitest';
import { type Fork, XfsForks } from '../../src/assembly/xfs-forks.js';
import { Spill } from '../../src/trace/spill.js';
import fc from '../support/fast-check.js';

const block = fc.oneof(fc.integer({ min: -2, max: 100 }), fc.integer({ min: 0, max: 2 ** 52 }));
const extent = fc.record({
  off: block,
  count: block,
  block,
  unwritten: fc.boolean(),
  learned: fc.boolean(),
});
const fork = fc.record({
  list: fc.array(extent, { maxLength: 5 }),
  hasLearned: fc.boolean(),
  known: fc.boolean(),
  touched: fc.boolean(),
  coveredTo: block,
  pending: fc.option(extent, { nil: null }),
  pendingAt: fc.integer({ min: -1, max: 5 }),
  losses: fc.nat(3),
});

test('a fork is the same whether it was put away or not, however often it changes', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(6), fork), { maxLength: 60 }), (steps) => {
      const forks = new XfsForks(new Spill(), 1);
      const naive = new Map<number, Fork>();
      for (const [file, told] of steps) {
        expect(forks.has(file)).toBe(naive.has(file));
        const known = forks.get(file);
        expect(known).toEqual(naive.get(file));
        if (known === undefined) forks.add(file, structuredClone(told));
        else Object.assign(known, structuredClone(told));
        naive.set(file, told);
      }
      for (const [file, told] of naive) expect(forks.get(file)).toEqual(told);
    }),
  );
});
