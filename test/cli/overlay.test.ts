// A workload over a recording: what is added, what stays, and what it changes.
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { overlayOf, withOverlays } from '../../src/cli/overlay.js';
import { reference } from '../../src/costs/reference.js';
import { OPS, Op } from '../../src/model/events.js';
import type { Trace } from '../../src/model/trace.js';
import { mapSnapshots } from '../../src/results/snapshots.js';
import type { ReplayReport } from '../../src/results/types.js';
import { ingest } from '../../src/trace/ingest.js';
import { build, type Line, PAGE, pages, traceOf, written } from '../support/replay.js';
import { recording, STACK, scratch, sealtrace } from './support.js';

const { file } = scratch();
/** A device that reads and writes two files for ten seconds; nothing ever moves. */
const LOAD: readonly Line[] = [
  ...written('/data/a.db', 64, 1000),
  ...written('/data/b.log', 64, 2000),
  ...['/data/a.db', '/data/b.log'].flatMap((path, i) => [
    { t: 10 + i, op: 'mmap', pid: 7, path, handle: `m${i}`, flags: ['shared', 'writable'] },
    { t: 20 + i, op: 'register', pid: 7, path, ...pages(0, 64), handle: `r${i}`, flags: ['write'] },
  ]),
  ...Array.from({ length: 2000 }, (_, i) => ({
    t: 100 + i * 5_000_000,
    op: i % 3 === 0 ? 'dma_write' : 'dma_read',
    pid: 7,
    path: i % 2 === 0 ? '/data/a.db' : '/data/b.log',
    handle: `r${i % 2}`,
    ...pages(i % 64, 1),
  })),
];
const text = [{ schema: 'sealtrace.events/1', clock: 'mono', originNs: 0 }, ...LOAD]
  .map((l) => JSON.stringify(l))
  .join('\n');

const tools = { recorded: build('recorded'), costs: reference, seed: 3 };
const laid = (trace: Trace, ...specs: string[]): Trace => withOverlays(trace, specs.map(overlayOf), tools);

async function replayed(overlay: readonly string[], settings: readonly string[] = []): Promise<ReplayReport> {
  const trace = file('load.ndjson', `${text}\n`);
  const options = [
    ...overlay.flatMap((one) => ['--overlay', one]),
    ...settings,
    ...(settings.includes('--policy') ? [] : ['--policy', 'dax,ondisk,mapdirect,odp']),
  ];
  const { code, out, err } = await sealtrace(['replay', trace, '--json', ...options]);
  expect(code, err).toBe(0);
  return JSON.parse(out) as ReplayReport;
}
const laneOf = (report: ReplayReport, policy: string) => report.lanes.find((lane) => lane.policy === policy)!;

describe('a mover over a load of device accesses', () => {
  test('what nothing touched before is stale under dax of 2017, refused under ondisk, fetched again under odp', async () => {
    const era = ['--set', 'era=2017'];
    const before = await replayed([], era);
    expect(before.lanes.map(({ hazards, verdicts }) => [hazards.count, verdicts.deny])).toEqual(Array(4).fill([0, 0]));
    const after = await replayed(['mover:rate=2/s,files=*.db,run_bytes=64KiB'], era);
    expect(laneOf(after, 'dax').hazards.count).toBeGreaterThan(0);
    expect(laneOf(after, 'ondisk')).toMatchObject({ hazards: { count: 0 }, denied: { ETXTBSY: expect.any(Number) } });
    expect(laneOf(after, 'mapdirect').hazards.count).toBe(0);
    expect(laneOf(after, 'odp')).toMatchObject({ hazards: { count: 0 }, verdicts: { deny: 0 } });
    expect(laneOf(after, 'odp').deviceRefaults).toBeGreaterThan(0);
  });

  test('only the files that were named move, at the rate that was asked for', async () => {
    const trace = await traceOf(LOAD);
    const whole = laid(trace, 'mover:rate=20/s,files=*.db,run_bytes=64KiB');
    const { columns: c } = whole;
    const moves = Array.from({ length: c.rows }, (_, row) => row).filter((row) => c.op[row] === Op.exchange);
    const named = new Set(moves.map((row) => whole.files[c.file[row]!]!.path));
    expect([...named].sort()).toEqual(['/data/a.db', '/overlay/donor-0']);
    // Ten seconds at twenty a second, two rows each: within four standard deviations of a Poisson count.
    expect(Math.abs(moves.length / 2 - 200)).toBeLessThan(4 * Math.sqrt(200));
  });

  test('moved files keep every block they had, elsewhere', async () => {
    const trace = await traceOf(LOAD);
    const whole = laid(trace, 'mover:rate=20/s,files=*.db,run_bytes=64KiB');
    const options = { atNs: [], costs: reference, sealRule: 'explicit', unseal: 'never', kernel: build('dax') };
    const maps = mapSnapshots(whole, build('recorded'), options).snapshots[0]!.files;
    const of = (path: string) => maps.find((one) => one.path === path)!.extents;
    const length = of('/data/a.db').reduce((sum, extent) => sum + extent.length, 0);
    expect(length).toBe(64 * PAGE);
    expect(of('/data/a.db').every(({ addr }) => addr < 1000 * PAGE || addr >= 2064 * PAGE)).toBe(true);
    expect(of('/data/b.log')).toMatchObject([{ offset: 0, length: 64 * PAGE, addr: 2000 * PAGE }]);
    expect(of('/overlay/donor-0')).toEqual([]);
  });
});

describe('holders of other kinds over the same load', () => {
  test.each([
    ['gpu-load', 'gpu-load:holders=2,hold=0.5', ['mmap', 'register', 'dma_read', 'deregister', 'munmap']],
    ['hypervisor', 'hypervisor:io_gap=0.05', ['address_query', 'dma_read', 'dma_write']],
    ['pnfs-blocks', 'pnfs-blocks:clients=3,io_gap=0.01', ['layout_get', 'dma_read', 'dma_write', 'layout_return']],
  ] as const)('%s takes the recorded files within their sizes', async (_, overlay, ops) => {
    const trace = await traceOf(LOAD);
    const { columns: c, files } = laid(trace, overlay);
    const added = Array.from({ length: c.rows }, (_, row) => row).filter((row) => c.source[row] === 1);
    expect(new Set(added.map((row) => OPS[c.op[row]!]))).toEqual(new Set(ops));
    expect(new Set(added.map((row) => files[c.file[row]!]!.path))).toEqual(new Set(['/data/a.db', '/data/b.log']));
    for (const row of added) expect(c.offset[row]! + Math.max(0, c.length[row]!)).toBeLessThanOrEqual(64 * PAGE);
  });

  test('their holds count: recalls of layouts, stale copies of a map', async () => {
    const era = ['--set', 'era=2017'];
    const both = ['mover:rate=20/s,run_bytes=64KiB', 'pnfs-blocks:clients=3,io_gap=0.01,hold=1'];
    const pnfs = await replayed(both, [...era, '--policy', 'pnfs-layout']);
    expect(laneOf(pnfs, 'pnfs-layout').verdicts.recall).toBeGreaterThan(0);
    const guests = ['mover:rate=20/s,run_bytes=64KiB', 'hypervisor:io_gap=0.05'];
    const map = await replayed(guests, [...era, '--policy', 'static-map']);
    expect(laneOf(map, 'static-map').hazards.count).toBeGreaterThan(0);
  });
});

describe('over a block trace, whose requests become the side of the device', () => {
  const requests = join(import.meta.dirname, '..', '..', 'traces', 'tables', 'requests.csv');
  const under = async (...overlay: string[]): Promise<{ report: ReplayReport; err: string }> => {
    const options = ['--policy', 'dax,ondisk,odp', '--set', 'era=2017', '--json'];
    const { code, out, err } = await sealtrace(['replay', requests, ...options, ...overlay]);
    expect(code, err).toBe(0);
    return { report: JSON.parse(out) as ReplayReport, err };
  };

  test('moved blocks are stale under dax of 2017, the move is refused under ondisk, fetched again under odp', async () => {
    const { report: plain } = await under();
    expect(plain.lanes.map(({ hazards, verdicts }) => [hazards.count, verdicts.deny])).toEqual(Array(3).fill([0, 0]));
    const { report, err } = await under('--overlay', 'mover:rate=2000/s,run_bytes=1MiB');
    expect(err).toContain('the trace tells no block maps: 2 volumes taken as one run of blocks each');
    expect(laneOf(report, 'dax').hazards.count).toBeGreaterThan(0);
    expect(laneOf(report, 'ondisk').denied.ETXTBSY).toBeGreaterThan(0);
    expect(laneOf(report, 'ondisk').hazards.count).toBe(0);
    expect(laneOf(report, 'odp').deviceRefaults).toBeGreaterThan(0);
    expect(laneOf(report, 'odp').hazards.count).toBe(0);
  });

  test('every request is there, at its time, through the registration of its volume', async () => {
    const { trace } = await ingest([requests]);
    const { columns: c } = laid(trace, 'mover:rate=2000/s,run_bytes=1MiB');
    const isRequest = (row: number): boolean => c.op[row] === Op.dma_read || c.op[row] === Op.dma_write;
    const rows = Array.from({ length: c.rows }, (_, row) => row).filter(isRequest);
    expect(rows.map((row) => c.timeNs[row])).toEqual([...trace.columns.timeNs.subarray(0, trace.columns.rows)]);
    const registered = new Map<number, number>();
    for (let row = 0; row < c.rows; row++)
      if (c.op[row] === Op.register) registered.set(c.handle[row]!, c.file[row]!);
      else if (isRequest(row)) expect(registered.get(c.handle[row]!)).toBe(c.file[row]);
    expect(registered.size).toBe(2);
  });

  test('a trace that tells neither size nor blocks is refused', async () => {
    const reads = file('reads.ndjson', '{"schema":"sealtrace.events/1"}\n{"t":1,"op":"open","pid":4,"path":"/x"}\n');
    const { code, out, err } = await sealtrace(['replay', reads, '--overlay', 'mover:rate=2/s']);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(/--overlay "mover:rate=2\/s": the trace tells neither size nor blocks/);
  });
});

describe('over a recording of a real kernel', () => {
  test('the recording itself stays as it is, row for row', async () => {
    const { trace } = await ingest([recording('xfs-movers')]);
    const whole = laid(trace, 'rdma-server:holders=3', 'mover:rate=50/s');
    const { columns: c } = whole;
    const base = Array.from({ length: c.rows }, (_, row) => row).filter((row) => c.source[row]! < trace.sources.length);
    expect(base).toHaveLength(trace.columns.rows);
    for (const key of ['timeNs', 'op', 'flags', 'file', 'task', 'offset', 'length', 'addr', 'handle', 'opId'] as const)
      expect(Buffer.from(Float64Array.from(base, (row) => c[key][row]!).buffer).equals(bytesOf(trace, key)), key).toBe(
        true,
      );
    expect(c.rows).toBeGreaterThan(base.length + 100);
    for (let row = 1; row < c.rows; row++)
      if (c.timeNs[row]! < c.timeNs[row - 1]!) throw new Error(`row ${row} is early`);
    expect(whole.sources.map(({ name }) => name).slice(-2)).toEqual(['overlay rdma-server', 'overlay mover']);
    expect(whole.endNs).toBe(trace.endNs);
  });

  test('how well it is reproduced does not change; the same seed gives the same answer, another one another', async () => {
    const args = ['replay', recording('xfs-movers'), '--json', '--policy', 'dax,ondisk', '--set', 'era=2017'];
    const over = ['--overlay', 'rdma-server:holders=3', '--overlay', 'mover:rate=50/s'];
    const plain = JSON.parse((await sealtrace(args)).out) as ReplayReport;
    const [one, two, three] = [
      await sealtrace([...args, ...over]),
      await sealtrace([...args, ...over]),
      await sealtrace([...args, ...over, '--seed', '2']),
    ];
    const first = JSON.parse(one!.out) as ReplayReport;
    expect(first.fidelity).toEqual(plain.fidelity);
    expect(laneOf(first, 'dax').operations).toBeGreaterThan(laneOf(plain, 'dax').operations);
    expect(one!.out).toBe(two!.out);
    expect(one!.out).not.toBe(three!.out);
  });
});

function bytesOf(
  { columns }: Trace,
  key: 'timeNs' | 'op' | 'flags' | 'file' | 'task' | 'offset' | 'length' | 'addr' | 'handle' | 'opId',
): Buffer {
  return Buffer.from(Float64Array.from(columns[key].subarray(0, columns.rows)).buffer);
}

test.each([
  ['no such workload', 'movr:rate=2/s', /unknown workload "movr"; did you mean "mover"\?/],
  [
    'one that stands alone',
    'swapfile',
    /swapfile can only stand alone; expected crashy, gpu-load, hypervisor, mover, odp-nic, pnfs-blocks or rdma-server/,
  ],
  ['a negative rate', 'mover:rate=-2/s', /--overlay mover: parameter "rate" is "-2\/s"; expected a number from 0/],
  ['an unknown parameter', 'mover:speed=2', /--overlay mover has no parameter "speed"; expected run_bytes, rate/],
  ['no pair', 'mover:rate', /--overlay "rate"; expected KEY=VALUE, such as files=\*\.db/],
  [
    'files that are not there',
    'mover:files=*.sqlite',
    /no file of the trace matches files=\*\.sqlite; it has "held\.dat"/,
  ],
  [
    'far too many events',
    'rdma-server:io_gap=10ns,hold=100,holders=100',
    /more than 5000000 events within the trace; lower/,
  ],
])('%s: exit 2, nothing on stdout, what to do', async (_, overlay, message) => {
  const { code, out, err } = await sealtrace([
    'replay',
    recording('xfs-kill'),
    '--policy',
    'dax',
    '--overlay',
    overlay,
  ]);
  expect(err).toMatch(message);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).not.toMatch(STACK);
});

test('map shows where a mover put the blocks', async () => {
  const trace = file('maps.ndjson', `${text}\n`);
  const addresses = async (...overlay: string[]): Promise<number[]> => {
    const { out, code } = await sealtrace(['map', trace, '--json', ...overlay.flatMap((one) => ['--overlay', one])]);
    expect(code).toBe(0);
    const { files } = JSON.parse(out).snapshots[0] as { files: { path: string; extents: { addr: number }[] }[] };
    return files.find(({ path }) => path === '/data/a.db')!.extents.map(({ addr }) => addr / PAGE);
  };
  expect(await addresses()).toEqual([1000]);
  expect((await addresses('mover:rate=20/s,run_bytes=1MiB')).every((addr) => addr >= 2064)).toBe(true);
});
