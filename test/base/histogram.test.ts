import { build } from 'hdr-histogram-js';
import { describe, expect, it } from 'vitest';
import { Histogram } from '../../src/base/histogram.js';
import { Histograms } from '../../src/base/histograms.js';
import fc from '../support/fast-check.js';

const HOUR = 3.6e12;
const PS = [0.0001, 0.01, 0.07, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999, 1];

/** Every order of magnitude alike, as latencies are. */
const nanos = fc
  .tuple(fc.nat(42), fc.double({ min: 0, max: 1, noNaN: true }))
  .map(([bits, x]) => Math.min(HOUR, Math.floor(2 ** bits * (1 + x)) - 1));

const filled = (values: readonly number[]): Histogram => {
  const histogram = new Histogram();
  for (const ns of values) histogram.record(ns);
  return histogram;
};

const buckets = (histogram: Histogram): number[][] => {
  const found: number[][] = [];
  histogram.forEach((upperNs, count) => {
    found.push([upperNs, count]);
  });
  return found;
};

describe('Histogram', () => {
  it('agrees with HdrHistogram and with the sorted samples', () => {
    fc.assert(
      fc.property(fc.array(nanos, { minLength: 1, maxLength: 300 }), (values) => {
        const ours = filled(values);
        const theirs = build({
          bitBucketSize: 32,
          numberOfSignificantValueDigits: 3,
          highestTrackableValue: 2 ** 42,
          autoResize: false,
        });
        for (const ns of values) theirs.recordValue(ns);
        const sorted = Float64Array.from(values).sort();
        for (const p of PS) {
          const got = ours.quantile(p);
          const exact = sorted[Math.max(0, Math.ceil(Number((p * values.length).toFixed(6))) - 1)]!;
          expect(got).toBe(Math.min(theirs.getValueAtPercentile(p * 100), ours.max));
          expect(got).toBeGreaterThanOrEqual(exact);
          expect(got - exact).toBeLessThanOrEqual(exact / 1024);
        }
        expect(ours.count).toBe(values.length);
        expect(ours.max).toBe(sorted.at(-1));
        expect(ours.min).toBe(sorted[0]);
        expect(ours.sum).toBe(values.reduce((a, b) => a + b, 0));
        expect(ours.mean).toBe(ours.sum / ours.count);
      }),
      { numRuns: 500 },
    );
  });

  it('is one of many in one piece of memory', () => {
    const short = fc
      .double({ min: 0, max: 2 ** 31 - 1, noNaN: true })
      .map((ns) => (ns > 2 ** 20 ? Math.floor(ns) : ns));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(2), short), { maxLength: 200 }), (values) => {
        const many = new Histograms(3);
        many.recordAll(
          Uint16Array.from(values, ([number]) => number),
          Float64Array.from(values, ([, ns]) => ns),
          values.length,
        );
        for (const number of [0, 1, 2]) {
          const own = values.filter(([to]) => to === number).map(([, ns]) => ns);
          const one = filled([5]);
          many.addTo(one, number);
          expect(buckets(one)).toEqual(buckets(filled([5, ...own])));
          expect([one.count, one.sum, one.max, one.min]).toEqual(
            ((all) => [all.count, all.sum, all.max, all.min])(filled([5, ...own])),
          );
          expect(many.times[number]).toBe(own.length);
        }
      }),
    );
  });

  it('agrees at every bucket edge', () => {
    for (let bits = 0; bits <= 41; bits++) {
      for (const ns of [2 ** bits - 1, 2 ** bits, 2 ** bits + 1, 2 ** bits * 1.5].map(Math.floor)) {
        // A second, larger sample, so that `max` does not hide the bucket's end.
        const theirs = build({ bitBucketSize: 32, numberOfSignificantValueDigits: 3, highestTrackableValue: 2 ** 43 });
        theirs.recordValue(ns);
        theirs.recordValue(HOUR);
        expect(filled([ns, HOUR]).quantile(0.5)).toBe(theirs.getValueAtPercentile(50));
      }
    }
  });

  it('adds up to what one histogram of all samples holds', () => {
    fc.assert(
      fc.property(fc.array(nanos), fc.array(nanos), (a, b) => {
        const sum = filled(a);
        sum.add(filled(b));
        const all = filled([...a, ...b]);
        expect(buckets(sum)).toEqual(buckets(all));
        expect([sum.count, sum.max, sum.min]).toEqual([all.count, all.max, all.min]);
        expect(buckets(sum).reduce((n, [, count]) => n + count!, 0)).toBe(sum.count);
      }),
    );
  });

  it('keeps the exact maximum above an hour', () => {
    const histogram = filled([5, HOUR, 2 * HOUR, 10 * HOUR + 1]);
    expect(histogram.max).toBe(10 * HOUR + 1);
    expect(histogram.quantile(1)).toBe(10 * HOUR + 1);
    expect(histogram.quantile(0.25)).toBe(5);
    expect(histogram.count).toBe(4);
  });

  it('is zero when empty and deaf to nonsense', () => {
    const histogram = filled([Number.NaN, -1, Number.POSITIVE_INFINITY]);
    expect([
      histogram.count,
      histogram.sum,
      histogram.mean,
      histogram.min,
      histogram.max,
      histogram.quantile(0.5),
    ]).toEqual([0, 0, 0, 0, 0, 0]);
    expect(buckets(histogram)).toEqual([]);
  });

  it('asks for no sample too many when p * count is rounded', () => {
    expect(filled(Array.from({ length: 100 }, (_, i) => i + 1)).quantile(0.07)).toBe(7);
  });
});
