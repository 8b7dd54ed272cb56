// A trace written while it is made is the one that is made in memory, and takes no more memory when it is longer.
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { type EventColumns, Flag, Op } from '../../src/model/events.js';
import { writeBundleParts } from '../../src/trace/bundle.js';
import { readBundle } from '../../src/trace/bundle-reader.js';
import { writeNdjsonParts } from '../../src/trace/ndjson-writer.js';
import { TraceStream } from '../../src/trace/stream.js';
import { parameterValues } from '../../src/workloads/parts/parameters.js';
import { synthesize } from '../../src/workloads/parts/synthesize.js';
import type { Workload } from '../../src/workloads/parts/workload.js';
import { scratch } from '../cli/support.js';
import { readNdjson } from '../trace/support.js';
import { synthetic, workloads } from './support.js';

const { path } = scratch();

function streamed(workload: Workload, seed: number, events: number): TraceStream {
  const stream = new TraceStream(workload.name, 'synth');
  const values = parameterValues(workload.name, workload.parameters, {});
  return stream.from(synthesize(workload, { values, seed, events }, stream.sink).advance);
}

/** Columns as bytes: comparing a million numbers one by one takes vitest minutes. */
function bytesOf({ rows, ...columns }: EventColumns): Record<string, string> {
  const sum = ({ buffer, byteOffset, byteLength }: ArrayBufferView): string =>
    createHash('sha256')
      .update(new Uint8Array(buffer, byteOffset, byteLength))
      .digest('hex');
  const sums = Object.entries(columns).map(([name, column]) => [name, sum(column as Float64Array)]);
  return Object.fromEntries([['rows', String(rows)], ...sums]) as Record<string, string>;
}

test.each(workloads.map((one) => [one.name, one] as const))(
  '%s: bundle, NDJSON and memory agree',
  async (_, workload) => {
    // More than one batch, and no round number of them.
    const events = 70_001;
    const whole = synthetic(workload, { seed: 5, events });
    const target = path(`${workload.name}.sealtrace`);
    writeBundleParts(streamed(workload, 5, events), target);
    const kept = readBundle(target);
    expect(bytesOf(kept.columns)).toEqual(bytesOf(whole.columns));
    expect({ ...kept, columns: null }).toEqual({ ...whole, columns: null });

    const text = [...writeNdjsonParts(streamed(workload, 5, 5_000))].join('');
    const { ok, trace } = await readNdjson(text);
    const short = synthetic(workload, { seed: 5, events: 5_000 });
    expect(ok).toBe(true);
    // Its rows are the lines of the text.
    expect({ ...bytesOf(trace.columns), row: '' }).toEqual({ ...bytesOf(short.columns), row: '' });
    expect(trace.files).toEqual(short.files);
    expect(trace.tasks).toEqual(short.tasks);
  },
);

test.each([1_000, 1_001, 20_000, 65_536, 65_537])('%i events are that many; a pair of rows is not cut', (events) => {
  for (const workload of workloads) {
    const { columns } = synthetic(workload, { seed: 2, events });
    const cut = (columns.flags[columns.rows - 1]! & Flag.second) !== 0;
    expect([events, cut ? events + 1 : events]).toContain(columns.rows);
    // The row before a second one is the first of the same operation.
    if (cut) expect(columns.opId[columns.rows - 2]).toBe(columns.opId[columns.rows - 1]);
  }
});

test('time and numbers go up, rows are numbered, calls are operations', () => {
  for (const workload of workloads) {
    const { columns: c } = synthetic(workload, { seed: 8, events: 30_000 });
    for (let i = 1; i < c.rows; i++) {
      if (c.timeNs[i]! < c.timeNs[i - 1]! || c.row[i] !== i + 1) throw new Error(`${workload.name}: row ${i}`);
      const described = c.op[i] === Op.file || c.op[i] === Op.extent;
      if ((c.opId[i] === 0) !== described) throw new Error(`${workload.name}: row ${i} has operation ${c.opId[i]}`);
    }
  }
});

test('another seed is another trace, the same seed the same', () => {
  for (const workload of workloads) {
    const bytes = (seed: number) => bytesOf(synthetic(workload, { seed, events: 3_000 }).columns);
    expect(bytes(1)).toEqual(bytes(1));
    expect(bytes(1).timeNs).not.toEqual(bytes(2).timeNs);
  }
});

test('memory does not grow with the events', () => {
  const rdma = workloads.find(({ name }) => name === 'rdma-server')!;
  const heap = (events: number): number => {
    const stream = streamed(rdma, 1, events);
    let most = 0;
    let rows = 0;
    for (const batch of stream.batches()) {
      rows += batch.rows;
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      most = Math.max(most, heapUsed + arrayBuffers);
    }
    expect(rows).toBe(events);
    return most;
  };
  const short = heap(200_000);
  // Ten times as many rows of 65 bytes would be 130 MB more.
  expect(heap(2_200_000) - short).toBeLessThan(60e6);
});
