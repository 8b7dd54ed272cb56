// Requests under way, against a plain list of them.

import { expect, test } from 'vitest';
import { OpenRequests } from '../../src/assembly/open-requests.js';
import fc from '../support/fast-check.js';

test('the request that ends is the first with its disk and sector, however many there are', () => {
  const key = fc.record({
    device: fc.constantFrom(7, 259 * 2 ** 20, Number.NaN),
    // Far apart as well, so that more than the low bits tell them apart.
    sector: fc.oneof(
      fc.nat(40),
      fc.nat(3).map((n) => 2 ** 34 + n),
    ),
  });
  const step = fc.record({ key, begins: fc.integer({ min: 0, max: 9 }) });
  fc.assert(
    fc.property(fc.array(step, { minLength: 200, maxLength: 1200 }), (steps) => {
      const requests = new OpenRequests();
      const list: { device: number; sector: number; number: number }[] = [];
      steps.forEach(({ key: { device, sector }, begins }, number) => {
        // Two of three begin, so that the table grows.
        if (begins < 6) {
          const place = requests.add(device, sector);
          requests.at.number[place] = number;
          list.push({ device, sector, number });
          return;
        }
        const expected = list.findIndex((one) => Object.is(one.device, device) && one.sector === sector);
        const place = requests.take(device, sector);
        expect(place < 0 ? -1 : requests.at.number[place]).toBe(expected < 0 ? -1 : list[expected]!.number);
        if (expected < 0) return;
        expect(requests.addr(place)).toBe(sector * 512);
        list.splice(expected, 1);
      });
      const left = [...requests.rest()].map((place) => requests.at.number[place]!).sort((a, b) => a - b);
      expect(left).toEqual(list.map(({ number }) => number));
    }),
    { numRuns: 100 },
  );
});
