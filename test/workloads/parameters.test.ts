import { expect, test } from 'vitest';
import { OPS } from '../../src/model/events.js';
import * as policies from '../../src/policies/index.js';
import { parameterValues } from '../../src/workloads/parts/parameters.js';
import { synthetic, workloads } from './support.js';

const rdma = workloads.find(({ name }) => name === 'rdma-server')!;
const values = (given: Record<string, string>) => parameterValues('rdma-server', rdma.parameters, given);

test.each([
  ['hold', '10ms', 0.01],
  ['hold', '20us', 0.00002],
  ['hold', '2', 2],
  ['hold', '1e-3s', 0.001],
  ['think', '1min', 60],
  ['changes', '2/s', 2],
  ['changes', '30/min', 0.5],
  ['run_bytes', '1MiB', 1048576],
  ['io_bytes', '8KiB', 8192],
  ['write_share', '25%', 0.25],
  ['files', '100', 100],
])('%s=%s', (key, text, value) => {
  expect(values({ [key]: text })[key]).toBeCloseTo(value, 12);
});

test.each([
  ['a negative rate', { changes: '-2/s' }, /parameter "changes" is "-2\/s"; expected a number from 0 to 100000000 \/s/],
  ['a share above one', { write_share: '1.5' }, /"write_share" is "1.5"; expected a number from 0 to 1 share/],
  ['no number', { hold: 'long' }, /"hold" is "long"; expected a number from 0.000001 to 100000 s/],
  ['no mean', { think: '0' }, /"think" is "0"; expected a number from/],
  ['a wrong unit', { hold: '2KiB' }, /"hold" is "2KiB"/],
  ['half a file', { files: '1.5' }, /"files" is "1.5"; expected a whole number from 1 to 1000000 files/],
  ['more files than inodes', { files: '1000001' }, /"files" is "1000001".*as many as the file system has inodes/],
  ['infinity', { hold: '1e999' }, /"hold" is "1e999"/],
  ['not a number', { hold: 'NaN' }, /"hold" is "NaN"/],
  ['nothing', { hold: '' }, /"hold" is ""/],
  ['an unknown one', { fils: '3' }, /rdma-server has no parameter "fils"; expected files, runs, /],
])('%s is refused by name and range', (_, given, message) => {
  expect(() => values(given as unknown as Record<string, string>)).toThrow(message);
});

test('a Pareto without a mean is refused', () => {
  const pnfs = workloads.find(({ name }) => name === 'pnfs-blocks')!;
  const asked = () => parameterValues(pnfs.name, pnfs.parameters, { slow_shape: '1' });
  expect(asked).toThrow(
    /"slow_shape" is "1"; expected a number from 1.01 to 20 .*at 1 and below a mean does not exist/,
  );
});

test('every parameter says what it is, how it is drawn and where it comes from, and has a default that fits', () => {
  for (const { name, parameters } of workloads)
    for (const one of parameters) {
      const where = `${name}.${one.key}`;
      expect(
        [one.text, one.distribution, one.source].every((text) => text.length > 4),
        where,
      ).toBe(true);
      expect(one.fallback >= one.least && one.fallback <= one.most, where).toBe(true);
      expect(Number.isFinite(one.least) && Number.isFinite(one.most), where).toBe(true);
    }
});

test('declarations name policies there are', () => {
  const names = Object.values(policies).map(({ name }) => name);
  for (const { declares } of workloads) for (const { policy } of declares) expect(names).toContain(policy);
});

test('extremes of every parameter give a trace or are refused in words', () => {
  for (const workload of workloads)
    for (const { key, least, most } of workload.parameters)
      for (const value of [least, Math.min(most, Math.max(500, 2 * least))]) {
        const { columns } = synthetic(workload, { seed: 1, events: 2_500, set: { [key]: value } });
        expect(columns.rows, `${workload.name} ${key}=${value}`).toBeGreaterThan(100);
        expect(columns.op.every((op) => op < OPS.length)).toBe(true);
      }
});

test('files alone may not fill a trace', () => {
  expect(() => synthetic(rdma, { seed: 1, events: 100 })).toThrow(
    /--events is 100, and the files of rdma-server alone/,
  );
});
