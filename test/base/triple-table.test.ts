import { expect, test } from 'vitest';
import { TripleTable } from '../../src/base/triple-table.js';
import fc from '../support/fast-check.js';

test('numbers triples as a Map of their texts does', () => {
  const small = fc.integer({ min: 0, max: 6 });
  const any = fc.oneof(small, fc.integer({ min: 0, max: 2 ** 32 - 1 }));
  fc.assert(
    fc.property(fc.array(fc.tuple(any, small, any), { maxLength: 400, size: 'max' }), (triples) => {
      const table = new TripleTable();
      const naive = new Map<string, number>();
      for (const triple of triples) {
        const key = triple.join('/');
        if (!naive.has(key)) naive.set(key, naive.size);
        expect(table.find(...triple)).toBe(naive.get(key));
        expect(table.size).toBe(naive.size);
      }
    }),
    { seed: 20170814 },
  );
});
