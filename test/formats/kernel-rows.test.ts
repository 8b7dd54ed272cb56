// Raw records are read by the kernel, or where there is none one by one: both tell the same, whole, cut and with changed bytes.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Assembler } from '../../src/assembly/assembler.js';
import { Random } from '../../src/base/random.js';
import { KernelRecords } from '../../src/formats/kernel-records.js';
import { perfData } from '../../src/formats/perf-data.js';
import { RecordKernel } from '../../src/formats/record-kernel.js';
import { traceDat } from '../../src/formats/trace-dat.js';
import type { Format, RandomAccess } from '../../src/model/trace.js';
import { TraceBuilder } from '../../src/trace/builder.js';
import { content } from '../kernel/recordings.js';
import { tellings } from './tellings.js';

const folder = join(import.meta.dirname, '..', '..', 'traces');
const RECORDINGS = [
  'perf/leases.perf.data.gz',
  'perf/leases-pipe.perf.data.gz',
  'perf/uring-buffers.perf.data.gz',
  'trace-dat/leases-xfs-dax.v6.dat.gz',
  'trace-dat/pin-xfs-dax.dat',
];
const formatOf = (name: string): Format => (name.startsWith('perf/') ? perfData : traceDat);

/** As a file is read: into the memory that is offered. */
const fromDisk = (bytes: Uint8Array): RandomAccess => ({
  size: bytes.length,
  read(offset, length, memory) {
    const found = bytes.subarray(Math.min(offset, bytes.length), Math.min(offset + length, bytes.length));
    if (memory === undefined) return found.slice();
    memory.set(found);
    return memory.subarray(0, found.length);
  },
});

async function told(format: Format, access: RandomAccess): Promise<unknown> {
  const builder = new TraceBuilder((sink) => new Assembler(sink));
  const input = {
    name: 't',
    bytes: access.size,
    async *chunks() {},
    random: async () => access,
  };
  const whole = await format.read(input, builder.startSource('t', format.name, access.size));
  const trace = builder.finish();
  return { whole, issues: trace.issues, ...(tellings(trace) as object) };
}

/** As it is read where there is no kernel. */
async function toldAlone(format: Format, access: RandomAccess): Promise<unknown> {
  const { of } = RecordKernel;
  RecordKernel.of = () => null;
  try {
    return await told(format, access);
  } finally {
    RecordKernel.of = of;
  }
}

test.each(RECORDINGS)('%s', async (name) => {
  const file = fromDisk(content(join(folder, name)));
  expect(await told(formatOf(name), file)).toEqual(await toldAlone(formatOf(name), file));
});

test.each(RECORDINGS)(
  '%s, cut and changed',
  async (name) => {
    const bytes = content(join(folder, name));
    const random = new Random(5);
    for (let round = 0; round < 12; round++) {
      const changed = bytes.slice(0, round % 2 === 0 ? bytes.length : Math.floor(random.uniform() * bytes.length));
      for (let i = 0; i < round % 7; i++)
        changed[Math.floor((0.5 + random.uniform() / 2) * changed.length)] = Math.floor(random.uniform() * 256);
      const file = fromDisk(changed);
      expect(await told(formatOf(name), file), `round ${round}`).toEqual(await toldAlone(formatOf(name), file));
    }
  },
  120_000,
);

test('samples are rows of the kernel, but for the first of each event', async () => {
  let rows = 0;
  const { takeRow } = KernelRecords.prototype;
  KernelRecords.prototype.takeRow = function (...words) {
    const isTaken = takeRow.apply(this, words);
    if (isTaken) rows++;
    return isTaken;
  };
  const file = fromDisk(content(join(folder, 'perf/leases.perf.data.gz')));
  try {
    await toldAlone(perfData, file);
    expect(rows).toBe(0);
    await told(perfData, file);
    expect(rows).toBeGreaterThan(200);
  } finally {
    KernelRecords.prototype.takeRow = takeRow;
  }
});
