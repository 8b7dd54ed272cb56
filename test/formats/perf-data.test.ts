// perf.data against what perf script prints of the same recording, and files damaged in every way.
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Assembler } from '../../src/assembly/assembler.js';
import { WordTable } from '../../src/base/words.js';
import { clockName } from '../../src/formats/perf-attr.js';
import { perfData } from '../../src/formats/perf-data.js';
import { perfScript } from '../../src/formats/perf-script.js';
import { OWN_EVENTS } from '../../src/model/event-catalogue.js';
import type { KernelSink } from '../../src/model/kernel.js';
import { KERNEL_EVENTS } from '../../src/model/kernel-events.js';
import type { Format, Trace } from '../../src/model/trace.js';
import { TraceBuilder } from '../../src/trace/builder.js';
import { content, hasShared, shared } from '../kernel/recordings.js';
import { emptyRecord } from '../support/kernel-record.js';
import { input } from '../trace/support.js';

const folder = join(import.meta.dirname, '..', '..', 'traces', 'perf');

async function read(bytes: Uint8Array): Promise<{ trace: Trace; whole: boolean }> {
  const builder = new TraceBuilder((sink) => new Assembler(sink));
  const whole = await perfData.read(input(bytes), builder.startSource('t', perfData.name, bytes.length));
  return { trace: builder.finish(), whole };
}

/** perf prints the low half of a length that means "to the end" (%zx); all such are one. */
const printable = (value: number): number | string =>
  value >= 2 ** 60 || (value >= 2 ** 32 - 2 ** 17 && value < 2 ** 32) ? 'to the end' : value;

/** Every tracepoint record a format hands over: when, where, whose, and its numbers. */
async function handed(format: Format, bytes: Uint8Array): Promise<unknown[]> {
  const all: [string, number, ...unknown[]][] = [];
  const words = new WordTable();
  const builder = new TraceBuilder((): KernelSink => {
    const record = emptyRecord();
    return {
      catalogue: OWN_EVENTS,
      record,
      words,
      take() {
        const { name, slots } = KERNEL_EVENTS[record.event]!;
        const numbers = slots.map(({ type }, i) => (/[nhdr]/.test(type) ? printable(record.v[i]!) : ''));
        if (!name.startsWith('note_'))
          all.push([name, record.timeNs, record.cpu, record.tid, record.pid, words.get(record.comm), ...numbers]);
        return 0;
      },
      task: () => 0,
      lost: () => {},
      finish: () => {},
    };
  });
  expect(await format.read(input(bytes), builder.startSource('t', format.name, bytes.length))).toBe(true);
  const { originNs } = builder.finish();
  return all.map(([name, time, ...rest]) => [name, originNs + BigInt(time), ...rest]);
}

describe.each([
  ['leases', 'a file with packed records', 373],
  ['leases-pipe', 'a pipe with packed records', 373],
])('%s: %s', (name, _what, samples) => {
  const bytes = content(join(folder, `${name}.perf.data.gz`));

  test('hands over what perf script prints', async () => {
    const printed = content(join(folder, `${name}.script.txt.gz`));
    const expected = await handed(perfScript, printed);
    expect(expected).toHaveLength(samples);
    expect(await handed(perfData, bytes)).toEqual(expected);
  });

  test('cut in any place it keeps the beginning and names the byte', async () => {
    const { trace } = await read(bytes);
    expect(trace.records.rows).toBe(samples);
    let most = 0;
    for (
      let length = 0;
      length < bytes.length;
      length += length < 6000 || bytes.length - length < 12_000 ? 149 : 4093
    ) {
      const cut = await read(bytes.subarray(0, length));
      expect(cut.trace.records.rows).toBeGreaterThanOrEqual(0);
      expect(cut.trace.records.rows).toBeLessThanOrEqual(samples);
      most = Math.max(most, cut.trace.records.rows);
      if (!cut.whole) expect(cut.trace.issues.some(({ text }) => /^byte \d+: expected/.test(text))).toBe(true);
    }
    expect(most).toBeGreaterThan(100);
  });
});

// ftrace's `local` was 20 ms away from it on one machine: calls of both recorders were told twice.
test.each(['leases', 'leases-pipe'])(
  '%s: perf followed a program: other tasks are not in it, which is said',
  async (name) => {
    const { trace } = await read(content(join(folder, `${name}.perf.data.gz`)));
    expect(trace.sources[0]!.ofTasks).toBe(true);
    expect(trace.issues.map(({ code }) => code)).toContain('some-tasks-only');
  },
);

test('without a clock of its own perf stamps by the clock that ftrace calls perf', () => {
  expect([-1, 1, 7, 99].map(clockName)).toEqual(['perf', 'mono', 'boot', 'clock 99']);
});

test('what perf record counted at its end is what the kernel told of before, and what it had no room to tell', async () => {
  const pipe = content(join(folder, 'leases-pipe.perf.data.gz'));
  /** Record `kind`: the number at the end of its `body`, then a trailer of zeros. */
  const record = (kind: number, misc: number, body: number, count: number): Uint8Array => {
    const bytes = new Uint8Array(8 + body + 64);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, kind, true);
    view.setUint16(4, misc, true);
    view.setUint16(6, bytes.length, true);
    view.setUint32(body, count, true);
    return bytes;
  };
  const told = record(2, 0, 16, 7);
  const counted = [record(13, 0, 8, 9), record(13, 0, 8, 3), record(13, 0x8000, 8, 100)];
  const counts = async (...records: Uint8Array[]): Promise<number[]> => {
    const { trace, whole } = await read(Buffer.concat([pipe, ...records]));
    expect([whole, trace.records.rows, trace.issues]).toEqual([true, 373, (await read(pipe)).trace.issues]);
    return trace.sources[0]!.lost.map(({ count }) => count);
  };
  expect(await counts(told)).toEqual([7]);
  expect(await counts(told, ...counted)).toEqual([7, 5]);
  expect(await counts(record(13, 0, 8, 7), told)).toEqual([7]);
  expect(await counts(...counted)).toEqual([12]);
});

/** What perf script prints of each: samples, and records that were lost. */
const PUBLIC: [file: string, samples: number, lost?: number][] = [
  ['perf_data_converter/perf.data.lost_samples-4.4', 191, 2],
  ['perf_data_converter/perf.data.piped.lost_samples-4.4', 191, 2],
  ['perf_data_converter/perf.data.piped.target.throttled-3.4', 228],
  ['perf_data_converter/perf.data.raw-3.4', 441],
  ['perf_data_converter/perf.data.remmap-3.2', 198],
  ['perf_data_converter/perf.data.singleprocess-3.8', 13],
  ['perf_data_converter/perf.data.ctx_switch_namespaces-4.14', 2],
  ['perf_data_converter/perf.data.piped.header_features_aligned-6.12', 9],
  ['linux-perf-data/sleep.compressed.pipe.data', 8],
  ['hotspot/perf.data.true.v1', 0],
];

describe.skipIf(!hasShared)('../shared (skipped without ../shared)', () => {
  test.each(PUBLIC)('public perf-data/%s', async (file: string, samples: number, lost: number = 0) => {
    const { trace, whole } = await read(content(join(shared, 'public/perf-data', file)));
    expect(whole).toBe(true);
    expect(trace.records.rows).toBe(samples);
    expect(trace.sources[0]!.lost.reduce((sum, { count }) => sum + count, 0)).toBe(lost);
  });

  test('the damaged one is refused where perf refuses it', async () => {
    const file = 'perf_data_converter/perf.data.piped.corrupted.zero_size_sample-3.2';
    const { trace, whole } = await read(content(join(shared, 'public/perf-data', file)));
    expect(whole).toBe(false);
    expect(trace.issues[0]).toMatchObject({ text: 'byte 49104: expected a record of 8 bytes or more, found 0' });
  });

  test('recorded/perf-xfs-db: all samples typed, in the order and at the times of perf script', async () => {
    const { trace } = await read(content(join(shared, 'recorded/perf-xfs-db/perf.data.gz')));
    expect(trace.sources[0]).toMatchObject({ records: 26375, typed: 26375, clock: 'mono', kernel: '6.18.44-fc-v657' });
    const script = content(join(shared, 'recorded/perf-xfs-db/perf-script.txt.gz')).toString('utf8');
    const stamps = [...script.matchAll(/^.*?\[\d+\]\s+(\d+)\.(\d{9}): /gm)].map(
      ([, s, ns]) => BigInt(s!) * 1_000_000_000n + BigInt(ns!),
    );
    expect(Array.from(trace.records.timeNs, (time) => trace.originNs + BigInt(time))).toEqual(stamps);
  });
});

describe('what a file may claim', () => {
  test('any byte may be wrong: it never throws, never makes up records without end', async () => {
    const file = content(join(folder, 'leases.perf.data.gz'));
    const rows: number[] = [];
    for (let place = 0; place < 1200; place += 11) {
      const copy = Uint8Array.from(file);
      copy[place]! ^= 0xff;
      rows.push((await read(copy)).trace.records.rows);
    }
    expect(Math.max(...rows)).toBeLessThan(1000);
  });
});
