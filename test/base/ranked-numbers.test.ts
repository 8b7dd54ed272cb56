// Ranks over runs in a store are those of all numbers sorted at once.
import { expect, test } from 'vitest';
import { Random } from '../../src/base/random.js';
import { RankedNumbers } from '../../src/base/ranked-numbers.js';
import { Spill } from '../../src/trace/spill.js';

test.each([0, 1, 15, 17, 65_535, 65_536, 65_537, 300_000])('%i numbers by their ranks', (count) => {
  const store = new Spill();
  try {
    const numbers = new RankedNumbers(store);
    const all = new Float64Array(count);
    const random = new Random(count);
    for (let i = 0; i < count; i++) {
      // Many are equal.
      all[i] = Math.floor(random.uniform() * 50_000) * 1000;
      numbers.add(all[i]!);
    }
    all.sort();
    expect(numbers.count).toBe(count);
    if (count === 0) return;
    const ranks = Float64Array.of(0, Math.floor(count / 3), Math.floor(count / 3), Math.floor(count / 2), count - 1);
    for (let again = 0; again < 2; again++) expect([...numbers.at(ranks)]).toEqual([...ranks].map((rank) => all[rank]));
  } finally {
    store.close();
  }
});
