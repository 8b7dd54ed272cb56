// One program, traces/recipes/machines.py, on machines of other byte orders, widths, page sizes and kernels: a trace.dat and what
// trace-cmd report printed of it, a perf.data and what perf script printed, and the maps that filefrag showed in the end.
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { reference } from '../../src/costs/index.js';
import { ftraceText } from '../../src/formats/ftrace-text.js';
import { perfData } from '../../src/formats/perf-data.js';
import { perfScript } from '../../src/formats/perf-script.js';
import { traceDat } from '../../src/formats/trace-dat.js';
import { Flag, Op } from '../../src/model/events.js';
import type { Format, Trace } from '../../src/model/trace.js';
import { UNKNOWN_RESULT } from '../../src/model/units.js';
import { mapSnapshots } from '../../src/results/snapshots.js';
import { bundled, content, merged } from '../kernel/recordings.js';
import { policyOf } from '../support/compiled.js';
import { operations, readAs } from './support.js';

const file = (name: string): Buffer => content(join(bundled, '..', 'machines', name));
const read = async (format: Format, name: string): Promise<Trace> => {
  const { trace, whole } = await readAs(format, file(name));
  expect(whole).toBe(true);
  return trace;
};

const FILES = ['base.dat', 'clone.dat', 't0', 't1'];
/** What the program did to its files. */
const done = (trace: Trace): unknown[][] =>
  operations(trace)
    .filter(
      ({ task, op, file: path }) => FILES.includes(path) && /^(python3|Thread)/.test(task) && !/fault|block/.test(op),
    )
    .map(({ op, file: path, offset, length, result, flags }) => [op, path, offset, length, result, flags]);

/** Rows of the operations and of the maps, without the clock that text does not tell. */
function rows({ columns: c, files }: Trace): unknown[][] {
  return Array.from({ length: c.rows }, (_, i) => [
    ...[c.timeNs[i], c.op[i], files[c.file[i]!]?.path, files[c.file[i]!]?.inode, c.offset[i], c.length[i]],
    // Text does not tell the machine, and O_DIRECTORY is here what O_DIRECT is elsewhere (powerpc). What has no end ends with the recording.
    ...[c.addr[i], c.result[i], c.flags[i]! & ~Flag.direct, c.result[i] === UNKNOWN_RESULT ? 0 : c.latencyNs[i]],
  ]);
}

const K = 1024;
/** What the program asks for (traces/recipes/machines.py); the second row of a clone is its target. */
const ASKED = [
  ...[
    ['open', 'base.dat'],
    ['fallocate', 0, 256 * K],
    ['write', 0, 64 * K],
    ['fsync'],
    ['open', 'clone.dat'],
    ['reflink'],
    ['reflink'],
  ],
  ...[
    ['write', 4 * K, 8 * K],
    ['fsync'],
    ['punch', 32 * K, 16 * K],
    ['collapse', 64 * K, 32 * K],
    ['truncate'],
    ['fsync'],
  ],
  ...[
    ['open', 't0'],
    ['write', 0, 10 * K],
    ['fsync'],
    ['close'],
    ['open', 't1'],
    ['write', 0, 10 * K],
    ['fsync'],
    ['close'],
  ],
  ...[['write', 128 * K, 4 * K], ['fsync'], ['rename'], ['unlink'], ['close'], ['close']],
];

describe.each([
  ['s390x', 'big endian, 64 bits'],
  ['ppc64le', 'pages of 64 KiB'],
  ['i686', '32 bits'],
  ['x86_64-5.10', 'Linux 5.10'],
  ['x86_64-7.2', 'Linux 7.2'],
])('%s: %s', (machine) => {
  test('trace.dat and its report tell the same, record by record', async () => {
    const binary = await read(traceDat, `${machine}.dat.gz`);
    const printed = file(`${machine}.report.txt.gz`).toString('utf8');
    expect(binary.sources[0]!.records).toBe(printed.match(/\[\d{3}\]/g)!.length);
    expect(binary.sources[0]!.generic).toBe(0);
    expect(rows((await readAs(ftraceText, printed)).trace)).toEqual(rows(binary));
  });

  test('perf.data and its script tell the same', async () => {
    const binary = await read(perfData, `${machine}.perf.data.gz`);
    const printed = await read(perfScript, `${machine}.script.txt.gz`);
    // That only some tasks were recorded no text tells.
    const known = (trace: Trace): unknown[][] => rows(trace).filter(([, op]) => op !== Op.map_unknown);
    expect(known(printed)).toEqual(known(binary));
    expect(known(binary).length).toBeGreaterThan(100);
  });

  test('the maps in the end are those that filefrag showed', async () => {
    const trace = await read(traceDat, `${machine}.dat.gz`);
    const options = { costs: reference, kernel: policyOf('pagecache'), sealRule: 'dma', unseal: 'never' } as const;
    const { snapshots } = mapSnapshots(trace, policyOf('recorded'), { ...options, atNs: [] });
    const shown = filefrag(file(`${machine}.maps.txt.gz`).toString('utf8'));
    expect(shown.size).toBe(3);
    for (const [inode, extents] of shown) {
      const found = snapshots[0]!.files.find((one) => Number(one.inode) === inode)!;
      expect(found.uncertain).toBe(false);
      expect(merged(found.extents.map(({ offset, addr, length, state }) => [offset, addr, length, state]))).toEqual(
        extents,
      );
    }
  });
});

// i386 calls pwrite64, fallocate and ftruncate by names of its own (ia32_pwrite64), which are not read.
describe.each(['s390x', 'ppc64le', 'x86_64-5.10', 'x86_64-7.2'])('%s', (machine) => {
  test('trace-cmd and perf tell the same of two runs', async () => {
    expect(done(await read(perfData, `${machine}.perf.data.gz`))).toEqual(
      done(await read(traceDat, `${machine}.dat.gz`)),
    );
  });

  test('what was asked for was told', async () => {
    const told = done(await read(traceDat, `${machine}.dat.gz`)) as [string, string, number, number][];
    const named = told.map(([op, path, offset, length]) => ({ op, path, offset, length }));
    expect(named).toMatchObject(
      ASKED.map(([op, ...rest]) => {
        if (op === 'open') return { op, path: rest[0] };
        return rest.length === 2 ? { op, offset: rest[0], length: rest[1] } : { op };
      }),
    );
  });
});

/** `filefrag -v`, by inode; neighbours on the device as one. */
function filefrag(text: string): Map<number, unknown> {
  const found = new Map<number, unknown>();
  for (const part of text.split(/^(?=\/mnt\/x\/\S+ \d+ \d+$)/m)) {
    const rows = [...part.matchAll(/^\s*\d+:\s+(\d+)\.\.\s*\d+:\s+(\d+)\.\.\s*\d+:\s+(\d+):(.*)$/gm)].map(
      ([, offset, block, blocks, flags]) =>
        [
          ...[offset, block, blocks].map((count) => Number(count) * 4096),
          flags!.includes('unwritten') ? 'unwritten' : 'written',
        ] as unknown as [number, number, number, string],
    );
    found.set(Number(part.split(' ')[1]), merged(rows));
  }
  return found;
}
