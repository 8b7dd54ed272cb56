// Recording a latency, against hdr-histogram-js (32 bit, 3 significant digits). Run: npx tsx test/bench/histogram.bench.ts
import assert from 'node:assert/strict';
import { add, complete, cycle, suite } from 'benny';
import { build } from 'hdr-histogram-js';
import { Histogram } from '../../src/base/histogram.js';

const SAMPLES = 65_536;
const values = new Float64Array(SAMPLES);
let seed = 42;
for (let i = 0; i < SAMPLES; i++) {
  // Evenly spread over the orders of magnitude from 100 ns to 1 s.
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  values[i] = Math.floor(100 * 10 ** ((7 * seed) / 2 ** 32));
}

const ours = new Histogram();
const theirs = build({
  bitBucketSize: 32,
  numberOfSignificantValueDigits: 3,
  highestTrackableValue: 3.6e12,
  autoResize: false,
});
for (const ns of values) {
  ours.record(ns);
  theirs.recordValue(ns);
}
for (const p of [0.5, 0.9, 0.99, 0.999]) assert.equal(ours.quantile(p), theirs.getValueAtPercentile(100 * p));

const summary = await suite(
  'record one latency',
  add('Histogram', () => {
    for (let i = 0; i < SAMPLES; i++) ours.record(values[i]!);
  }),
  add('hdr-histogram-js', () => {
    for (let i = 0; i < SAMPLES; i++) theirs.recordValue(values[i]!);
  }),
  cycle(),
  complete(),
);
const ns = summary.results.map((r) => (1e9 * r.details.median) / SAMPLES);
summary.results.forEach((r, i) => {
  console.log(`  ${r.name}: ${ns[i]!.toFixed(1)} ns/record (median of ${r.samples} samples)`);
});
console.log(`  ratio: ${(ns[1]! / ns[0]!).toFixed(1)}`);
