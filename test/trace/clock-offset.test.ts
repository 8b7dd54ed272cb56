// The offset of two clocks from facts both have stamped, on made-up stamps whose truth is known: noise, wrong pairs, an
// observer outside, drift, and what is no evidence.

import { describe, expect, test } from 'vitest';
import { durationNs, type Estimate, estimate as estimateOf, pairs } from '../../src/trace/clock-offset.js';
import { type Fact, type Facts, tell } from '../../src/trace/facts.js';
import fc from '../support/fast-check.js';

const UNTOLD = Array<number>(6).fill(Number.NaN);
const names: string[] = [];
const numberOf = (name: string): number => (names.includes(name) ? names.indexOf(name) : names.push(name) - 1);

const fact = (kind: Fact['kind'], name: string, t0: number, t1 = t0, nextNs = Number.POSITIVE_INFINITY): Fact => {
  const one = { kind, name: numberOf(name), t0, t1, nextNs, entry: 0, exit: -1, tid: 1, result: 0, args: UNTOLD };
  return { ...one, sameProbe: true };
};

/** Facts of one kind, as a recording has them. */
function factsOf(list: readonly Fact[]): Facts {
  const told = new Map<number, number>();
  for (const one of list) if (one.kind === 'call') tell(told, one);
  return { told, [Symbol.iterator]: () => list[Symbol.iterator]() };
}

function estimate(a: readonly Fact[], b: readonly Fact[], resolutionNs: number): Estimate | null {
  return estimateOf(pairs(factsOf(a), factsOf(b))[a[0]?.kind ?? 'call'], resolutionNs);
}

const calls = fc.array(
  fc.record({ idle: fc.integer({ min: 30_000, max: 5e6 }), lasts: fc.integer({ min: 500, max: 1e6 }) }),
  { minLength: 4, maxLength: 60 },
);
const offset = fc.integer({ min: -1e15, max: 1e15 });

describe('estimate', () => {
  test('an observer outside the calls: the truth is within the error', () => {
    const late = fc.integer({ min: 3000, max: 20_000 });
    fc.assert(
      fc.property(calls, offset, fc.array(late, { minLength: 120, maxLength: 120 }), (list, truth, delays) => {
        let now = 0;
        const times = list.map(({ idle, lasts }) => {
          now += idle;
          const begin = now;
          now += lasts;
          return { begin, end: now };
        });
        const seen = times.map(({ begin, end }, i) => ({
          begin: begin - delays[2 * i]!,
          end: end + delays[2 * i + 1]!,
        }));
        const inside = times.map(({ begin, end }, i) => fact('call', `c${i}`, begin, end, times[i + 1]?.begin));
        const outside = seen.map(({ begin, end }, i) =>
          fact(
            'call',
            `c${i}`,
            begin - truth,
            end - truth,
            seen[i + 1] === undefined ? undefined : seen[i + 1]!.begin - truth,
          ),
        );
        const found = estimate(inside, outside, 1)!;
        expect(Math.abs(found.offsetNs - truth)).toBeLessThanOrEqual(found.errorNs);
        const turned = estimate(outside, inside, 1)!;
        expect(Math.abs(turned.offsetNs + truth)).toBeLessThanOrEqual(turned.errorNs);
      }),
    );
  });

  test('two probes of one event: the median, whatever a few interrupted ones say', () => {
    const noise = fc.array(fc.integer({ min: 0, max: 700 }), { minLength: 40, maxLength: 40 });
    fc.assert(
      fc.property(offset, noise, fc.nat(1), (truth, late, interrupted) => {
        const a = late.map((ns, i) => fact('event', `e${i}`, i * 1e6 + ns));
        const b = late.map((_, i) => fact('event', `e${i}`, i * 1e6 - truth + (i < interrupted ? 4e6 : 0)));
        const found = estimate(a, b, 1)!;
        expect(Math.abs(found.offsetNs - truth)).toBeLessThanOrEqual(found.errorNs);
        expect(found.errorNs).toBeLessThan(5000);
      }),
    );
  });

  test('events that are not the same run are no evidence', () => {
    // Without fast-check's leaning to both ends: stamps heaped there would really agree.
    const random = fc.array(fc.noBias(fc.integer({ min: 0, max: 1e12 })), { minLength: 10, maxLength: 60 });
    fc.assert(
      fc.property(random, random, (x, y) => {
        const a = x.map((ns, i) => fact('event', `e${i % 7}`, ns));
        const b = y.map((ns, i) => fact('event', `e${i % 5}`, ns));
        const found = estimate(a, b, 1);
        // At most chance: half of all pairs would have to be apart by the same within 20 ms of 1000 s.
        if (found !== null) expect(found.pairs).toBeLessThanOrEqual(3);
      }),
    );
  });

  test('two agreeing stamps are none; a name of its own is one', () => {
    const two = (kind: Fact['kind'], shift: number): Fact[] =>
      [1, 2].map((i) => fact(kind, `${kind}${i}`, i * 1e9 + shift));
    expect(estimate(two('event', 5), two('event', 0), 1)).toBeNull();
    expect(estimate(two('marker', 5), two('marker', 0), 1)).toMatchObject({ offsetNs: 5, pairs: 2 });
    expect(estimate([], two('event', 0), 1)).toBeNull();
  });

  test('of a long recording some are looked at, the same in both', () => {
    const long = Array.from({ length: 50_000 }, (_, i) => i);
    const a = long.map((i) => fact('event', '', i * 1e5 + (i % 700))).map((one, i) => ({ ...one, name: i >> 1 }));
    const b = long.map((i) => fact('event', '', i * 1e5 - 77e6)).map((one, i) => ({ ...one, name: i >> 1 }));
    const found = estimate(a, b, 1)!;
    expect(Math.abs(found.offsetNs - 77e6)).toBeLessThanOrEqual(found.errorNs);
    expect(found.errorNs).toBeLessThan(5000);
    expect(found.pairs).toBeGreaterThan(3000);
    expect(found.pairs).toBeLessThanOrEqual(16_384);
  });

  test('a fact that is told again and again is known by its first times', () => {
    const a = Array.from({ length: 20_000 }, (_, i) => fact('event', 'same', i * 1e5 + (i % 700)));
    const b = Array.from({ length: 20_000 }, (_, i) => fact('event', 'same', i * 1e5 + 12e6));
    expect(Math.abs(estimate(a, b, 1)!.offsetNs + 12e6)).toBeLessThan(1000);
    expect(estimate(a, b.slice(1), 1)).toBeNull();
  });

  test('a clock of cycles, of ticks or of events has no offset to one of ns, however short the run', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 0.9, noNaN: true }),
        fc.boolean(),
        fc.integer({ min: 40, max: 120 }),
        (rate, isFast, ms) => {
          const ns = Array.from({ length: 100 }, (_, i) => (i * ms * 1e6) / 100);
          const a = ns.map((t, i) => fact('call', `c${i}`, t, t + 9000));
          const turn = isFast ? 2.4 : rate;
          const b = ns.map((t, i) => fact('call', `c${i}`, t * turn, (t + 9000) * turn));
          expect(estimate(a, b, 1)).toBeNull();
          expect(estimate(b, a, 1)).toBeNull();
        },
      ),
    );
  });

  test('the coarser step of the stamps is part of the error', () => {
    const a = [1, 2, 3, 4].map((i) => fact('event', `e${i}`, i * 1e7 + 3_456_789));
    const jiffies = a.map(({ t0 }, i) => fact('event', `e${i + 1}`, Math.floor(t0 / 1e7) * 1e7));
    const { offsetNs, errorNs } = estimate(a, jiffies, 1e7)!;
    expect(Math.abs(offsetNs)).toBeLessThanOrEqual(errorNs);
  });
});

test.each([
  ['0', 0n],
  ['-17', -17n],
  ['+1.5s', 1_500_000_000n],
  ['1.000000001s', 1_000_000_001n],
  ['-0.25us', -250n],
  ['9223372036854775807', 9223372036854775807n],
  ['1.0000000001s', null],
  ['1.5', null],
  ['', null],
  ['s', null],
  ['1m', null],
])('a duration "%s"', (text, ns) => {
  expect(durationNs(text)).toBe(ns);
});
