// trace.dat against the text that trace-cmd prints of the same recording, and against files in every layout.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Assembler } from '../../src/assembly/assembler.js';
import { ftraceText } from '../../src/formats/ftrace-text.js';
import { traceDat } from '../../src/formats/trace-dat.js';
import { OPS, Op } from '../../src/model/events.js';
import type { RandomAccess } from '../../src/model/trace.js';
import { TraceBuilder } from '../../src/trace/builder.js';
import { content, hasShared, run, shared } from '../kernel/recordings.js';
import { input } from '../trace/support.js';
import { type Read, tellings } from './tellings.js';
import { Bytes, type Content, type Item, type Layout, PAGE, type Page, traceDatFile } from './trace-dat-writer.js';

async function read(bytes: Uint8Array, format = traceDat): Promise<Read> {
  const builder = new TraceBuilder((sink) => new Assembler(sink));
  const sink = builder.startSource('t', format.name, bytes.length);
  const whole = await format.read(input(bytes), sink);
  return { trace: builder.finish(), whole };
}

const folder = join(import.meta.dirname, '..', '..', 'traces', 'trace-dat');

describe('a recording says the same as trace.dat and as the text trace-cmd prints of it', () => {
  test.each([
    ['swap-xfs-dax.dat', 'swap-xfs-dax'],
    ['leases-xfs-dax.dat', 'leases-xfs-dax'],
    ['leases-xfs-dax.v6.dat.gz', 'leases-xfs-dax'],
    ['pin-xfs-dax.dat', 'pin-xfs-dax'],
  ])('%s', async (name, text) => {
    const binary = await read(content(join(folder, name)));
    const printed = await read(content(join(folder, `${text}.report.txt.gz`)), ftraceText);
    expect(binary.whole).toBe(true);
    expect(printed.trace.records.rows).toBeGreaterThan(100);
    expect(tellings(binary.trace)).toEqual(tellings(printed.trace));
    expect(lanes(binary)).toEqual(lanes(printed));
  });
});

/** What the replay makes of it, without the clock's name, which text does not tell. */
const lanes = ({ trace }: Read): unknown => run({ ...trace, clock: '' }).report.lanes;

function pairs(dir: string): { name: string; dat: string; text: string }[] {
  const first = (names: readonly string[]): string | undefined =>
    names.map((name) => join(dir, name)).find((file) => existsSync(file));
  const dat = first(['trace.dat', 'trace.dat.gz']);
  const text = first(['report.txt.gz', 'trace.txt.gz']);
  const own = dat !== undefined && text !== undefined ? [{ name: dir.slice(shared.length), dat, text }] : [];
  const below = readdirSync(dir, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [...own, ...below.flatMap((entry) => pairs(join(dir, entry.name)))];
}

/** trace-cmd report prints hundredths of a second as if they were ns: the same text with the times that they are. */
const timed = (printed: Uint8Array): Uint8Array =>
  Buffer.from(
    Buffer.from(printed)
      .toString('latin1')
      .replace(
        /^(.{22,30}\] +)0\.(\d{9}):/gm,
        (_, head: string, ticks: string) => `${head}${(Number(ticks) / 100).toFixed(9)}:`,
      ),
    'latin1',
  );

/** All clocks, versions, file systems, and the one with losses; the large ones are left to the acceptance checks. */
const SHARED = [
  'recorded/ext4-lease',
  'recorded/ext4-movers',
  'recorded/ext4-swap',
  'recorded/xfs-db-lost',
  'recorded/xfs-immutable',
  'recorded/xfs-instance',
  'recorded/xfs-lease',
  'recorded/xfs-movers',
  'recorded-dma/d2p-pagecache-slow-dma',
  'recorded-dma/d4-swapfile',
  'recorded-dma/d6-raw-held-layout',
  'recorded-dax/s1-faults/xfs-noreflink-pte',
  'recorded-dax/s8-crash/xfs/before',
];

describe.skipIf(!hasShared)('../shared: every recording kept in both forms (skipped without ../shared)', () => {
  const recordings = hasShared ? SHARED.flatMap((dir) => pairs(join(shared, dir))) : [];
  test.each(recordings)('$name', async ({ dat, text }) => {
    const binary = await read(content(dat));
    const ticks = binary.trace.sources[0]!.clock === 'uptime';
    const printed = await read(ticks ? timed(content(text)) : content(text), ftraceText);
    expect(tellings(binary.trace)).toEqual(tellings(printed.trace));
  });

  test.each([
    ['raw_trace.dat', { sched_switch: 755, bprint: 2 }],
    ['trace.dat', { bprint: 501, cdev_update: 18, thermal_temperature: 6 }],
  ])('public trace-dat/trappy/%s has the records trace-cmd report counts', async (name, counts) => {
    const { trace, whole } = await read(content(join(shared, 'public/trace-dat/trappy', name)));
    expect(whole).toBe(true);
    expect(kinds(trace)).toEqual(counts);
  });
});

function kinds(trace: Read['trace']): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const kind of trace.records.kind) {
    const { name } = trace.kinds[kind]!;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

const COMMON = `format:
\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;
\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;
\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;
\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;
`;
const CREATE = 301;
const FALLOCATE = 302;
const FALLOCATED = 303;
const INSERT = 304;
const FOREIGN = 305;
// The fields stand in an order, and at places, that no kernel has: only their names tell.
const FORMATS = [
  `name: xfs_create\nID: ${CREATE}\n${COMMON}
\tfield:__rel_loc char[] name;\toffset:8;\tsize:4;\tsigned:0;
\tfield:int namelen;\toffset:12;\tsize:4;\tsigned:1;
\tfield:xfs_ino_t dp_ino;\toffset:16;\tsize:8;\tsigned:0;
\tfield:dev_t dev;\toffset:24;\tsize:4;\tsigned:0;

print fmt: "dev %d:%d dp ino 0x%llx name %.*s", REC->dev\n`,
  `name: sys_enter_fallocate\nID: ${FALLOCATE}\n${COMMON}
\tfield:int __syscall_nr;\toffset:8;\tsize:4;\tsigned:1;
\tfield:int fd;\toffset:16;\tsize:8;\tsigned:0;
\tfield:int mode;\toffset:24;\tsize:8;\tsigned:0;
\tfield:loff_t offset;\toffset:32;\tsize:8;\tsigned:0;
\tfield:loff_t len;\toffset:40;\tsize:8;\tsigned:0;

print fmt: "fd: 0x%08lx"\n`,
  `name: sys_exit_fallocate\nID: ${FALLOCATED}\n${COMMON}
\tfield:int __syscall_nr;\toffset:8;\tsize:4;\tsigned:1;
\tfield:long ret;\toffset:16;\tsize:8;\tsigned:1;

print fmt: "0x%lx", REC->ret\n`,
  `name: xfs_iext_insert\nID: ${INSERT}\n${COMMON}
\tfield:int bmap_state;\toffset:8;\tsize:4;\tsigned:1;
\tfield:xfs_exntst_t state;\toffset:12;\tsize:4;\tsigned:0;
\tfield:xfs_filblks_t blockcount;\toffset:16;\tsize:8;\tsigned:0;
\tfield:xfs_fsblock_t startblock;\toffset:24;\tsize:8;\tsigned:0;
\tfield:xfs_fileoff_t startoff;\toffset:32;\tsize:8;\tsigned:0;
\tfield:dev_t dev;\toffset:40;\tsize:4;\tsigned:0;
\tfield:xfs_ino_t ino;\toffset:48;\tsize:8;\tsigned:0;

print fmt: "state %s", __print_flags(REC->bmap_state, "|", { (1u << 0), "LC" }, { (1u << 8), "ATTR" }, { (1u << 9), "COW" })\n`,
];

/** The bytes of one record. */
function record(little: boolean, id: number, body: (out: Bytes) => Bytes): Uint8Array {
  return body(new Bytes(little).int(2, id).int(1, 0).int(1, 0).int(4, 77)).all();
}

const insertion = (little: boolean, startoff: number, state = 0): Uint8Array =>
  record(little, INSERT, (out) =>
    out
      .int(4, state)
      .int(4, 0)
      .int(8, 16)
      .int(8, 24 + startoff)
      .int(8, startoff)
      .int(4, 7340032)
      .int(4, 0)
      .int(8, 131),
  );

const at = (bytes: Uint8Array, delta: number, long = false): Item => ({ kind: 'record', delta, bytes, long });

/** One story on two CPUs: a file is created, allocated in three pieces by a call that fails at last. */
function story(little: boolean): Content {
  const create = record(little, CREATE, (out) =>
    out
      .int(4, 16 + (5 << 16))
      .int(4, 5)
      .int(8, 128)
      .int(4, 7340032)
      .text('a.dat')
      .text('xyz'),
  );
  const enter = record(little, FALLOCATE, (out) => out.int(8, 285).int(8, 4).int(8, 0).int(8, 0).int(8, 0x10000));
  const exit = record(little, FALLOCATED, (out) => out.int(8, 285).int(8, -28));
  const foreign = record(little, FOREIGN, (out) => out.int(4, 1));
  const one: readonly Page[] = [
    {
      time: 5_000_000_100n,
      items: [
        at(create, 0),
        at(enter, 50),
        { kind: 'padding', delta: 1, length: 20 },
        at(insertion(little, 0), 49, true),
        { kind: 'extend', value: 2 ** 30 + 3 },
        at(exit, 7),
      ],
    },
    // Pages far apart, and an absolute stamp that is longer than a delta can be.
    { time: 8_000_000_000n, items: [{ kind: 'stamp', value: 8_500_000_000 }, at(foreign, 0)] },
  ];
  const two: readonly Page[] = [
    { time: 5_000_000_300n, items: [at(insertion(little, 16), 0)], lost: 3 },
    { time: 5_000_000_350n, items: [at(insertion(little, 32, 512), 4)], lost: 0 },
  ];
  const options: Content['options'] = [
    [5, new TextEncoder().encode('Linux test\0')],
    [4711, new Uint8Array(33).fill(255)],
  ];
  return {
    formats: FORMATS,
    comms: '77 st-story\n',
    buffers: [{ name: '', clock: 'boot', cpus: [one, two] }],
    options,
  };
}

const LAYOUTS: readonly Layout[] = [
  { version: 6, little: true, longSize: 8 },
  { version: 6, little: false, longSize: 8 },
  { version: 6, little: true, longSize: 4 },
  { version: 6, little: false, longSize: 4 },
  { version: 7, little: true, longSize: 8, codec: 'none' },
  { version: 7, little: false, longSize: 4, codec: 'none' },
  { version: 7, little: true, longSize: 8, codec: 'zlib' },
  { version: 7, little: false, longSize: 8, codec: 'zlib' },
];

describe.each(LAYOUTS)('version $version, little endian $little, long of $longSize bytes, $codec', (layout) => {
  const file = traceDatFile(story(layout.little), layout);

  test('gives every record at its time, by field name', async () => {
    const { trace, whole } = await read(file);
    expect(whole).toBe(true);
    expect(trace.originNs + BigInt(trace.records.timeNs[0]!)).toBe(5_000_000_100n);
    const first = trace.records.timeNs[0]!;
    expect(Array.from(trace.records.timeNs, (time) => time - first)).toEqual([
      0,
      50,
      100,
      200,
      254,
      100 + 2 ** 30 + 10,
      3_499_999_900,
    ]);
    expect(Array.from(trace.records.cpu)).toEqual([0, 0, 0, 1, 1, 0, 0]);
    expect(kinds(trace)).toEqual({
      xfs_create: 1,
      sys_enter_fallocate: 1,
      xfs_iext_insert: 3,
      sys_exit_fallocate: 1,
      '(event 305)': 1,
    });
    expect(trace.sources[0]).toMatchObject({ clock: 'boot', kernel: 'Linux test', typed: 6, generic: 1 });
    expect(trace.tasks[0]).toMatchObject({ tid: 77, name: 'st-story' });
    const { columns } = trace;
    const rows = Array.from({ length: columns.rows }, (_, i) => [
      columns.offset[i],
      columns.length[i],
      columns.result[i],
    ]);
    // The call with its result (ENOSPC), and the two pieces of the data fork; the third is of the CoW fork.
    expect(rows).toContainEqual([0, 0x10000, -28]);
    expect(trace.files.map(({ device, inode }) => [device, inode])).toContainEqual(['7:0', '131']);
    expect(rows).toContainEqual([65536, 65536, 32767]);
  });

  test('says what was lost, and where', async () => {
    const { trace } = await read(file);
    expect(trace.sources[0]!.lost).toMatchObject([
      { cpu: 1, count: 3 },
      { cpu: 1, count: 0 },
    ]);
    expect(trace.sources[0]!.lost[1]).toMatchObject({ toNs: trace.records.timeNs[4]! });
  });

  test('cut anywhere it keeps a beginning of what it had and says so', async () => {
    const all = (await read(file)).trace.records.rows;
    let most = 0;
    // Every byte of one file of each version, and some of the others, which have the same parts. Within the pages nothing is but zeros for
    // long stretches: there every 64th byte is enough.
    const step = layout === LAYOUTS[0] || layout === LAYOUTS[6] ? 1 : 17;
    for (
      let length = LAYOUTS.indexOf(layout) % step;
      length < file.length;
      length += file.length - length > 4 * PAGE || layout.version === 7 ? step : 64
    ) {
      const { trace, whole } = await read(file.subarray(0, length));
      expect(trace.records.rows).toBeLessThanOrEqual(all);
      most = Math.max(most, trace.records.rows);
      if (!whole) expect(trace.issues.some(({ text }) => /^byte \d+: expected/.test(text))).toBe(true);
      else expect(trace.records.rows).toBe(all);
    }
    expect(most).toBeGreaterThan(layout.version === 6 ? 3 : -1);
  });
});

describe('what a file may claim', () => {
  const layout = { version: 7, little: true, longSize: 8, codec: 'zlib' } as const;

  test('trace-cmd 3.1.6 writes the clock of an empty top buffer to the instance that was recorded', async () => {
    const content = story(true);
    const { cpus } = content.buffers[0]!;
    const buffers = [
      { name: '', clock: 'local', cpus: [] },
      { name: 'one', clock: 'local', cpus },
    ];
    const options = [[4, new TextEncoder().encode('local global [mono] boot\n\0')]] as const;
    const { trace } = await read(traceDatFile({ ...content, buffers, options }, layout));
    expect(trace.sources[0]!.clock).toBe('mono');
    expect(trace.issues.map(({ code }) => code)).not.toContain('mixed-clocks');
  });

  test('the clock uptime counts hundredths of a second, and others that count no time are said to', async () => {
    const on = async (clock: string) =>
      (await read(traceDatFile({ ...story(true), buffers: [{ ...story(true).buffers[0]!, clock }] }, layout))).trace;
    const ticks = await on('uptime');
    expect(ticks.originNs + BigInt(ticks.records.timeNs[0]!)).toBe(5_000_000_100n * 10_000_000n);
    expect(ticks.records.timeNs[1]! - ticks.records.timeNs[0]!).toBe(50 * 10_000_000);
    const said = async (clock: string) => (await on(clock)).issues.filter(({ code }) => code === 'bare-stamps').length;
    expect(await Promise.all(['uptime', 'boot', 'counter', 'x86-tsc'].map(said))).toEqual([0, 0, 1, 1]);
  });

  test('instances with clocks of their own are merged, and it is said', async () => {
    const content = story(true);
    const other = { name: 'second', clock: 'mono', cpus: content.buffers[0]!.cpus };
    for (const version of [6, 7] as const) {
      const file = traceDatFile({ ...content, buffers: [...content.buffers, other] }, { ...layout, version });
      const { trace, whole } = await read(file);
      expect(whole).toBe(true);
      expect(trace.records.rows).toBe(14);
      expect(trace.issues.map(({ code }) => code).includes('mixed-clocks')).toBe(version === 7);
    }
  });

  const ascii = (text: string): Uint8Array => new TextEncoder().encode(`${text}\0`);
  const statistics = (cpu: number, now: string, dropped = 0): readonly [number, Uint8Array] => [
    2,
    ascii(`CPU: ${cpu}\nentries: 0\noverrun: 7\nnow ts: ${now}\ndropped events: ${dropped}\nread events: 7\n`),
  ];
  const ofInstance = [2, ascii('\nBuffer: second\n\n')] as const;

  test.each([6, 7] as const)('version %d: records that had no room are lost, at any end of a page', async (version) => {
    const content = story(true);
    const options = [statistics(0, '6.000100', 41), statistics(1, '6.000200')];
    const { trace, whole } = await read(traceDatFile({ ...content, options }, { ...layout, version }));
    const { trace: without } = await read(traceDatFile(content, { ...layout, version }));
    expect(whole).toBe(true);
    expect(trace.records.rows).toBe(7);
    const dropped = { fromNs: 0, toNs: trace.records.timeNs[6], cpu: 0, count: 41 };
    expect(trace.sources[0]!.lost).toEqual(expect.arrayContaining([...without.sources[0]!.lost, dropped]));
    expect(trace.sources[0]!.lost.length).toBe(without.sources[0]!.lost.length + 1);
    const unknown = ({ columns: c }: typeof trace): number => [...c.op].filter((op) => op === Op.map_unknown).length;
    expect(unknown(trace)).toBeGreaterThan(unknown(without));
  });

  test.each([
    ['2800.000100', '2800.900000', false],
    ['2800.000100', '921909727053504', true],
    ['2800.000100', '1796069210.292916', true],
  ])('buffers whose clocks stood at %s and %s', async (top, second, differ) => {
    const content = story(true);
    const other = { name: 'second', clock: 'local', cpus: content.buffers[0]!.cpus };
    const options = [statistics(0, top), statistics(1, top), ofInstance, statistics(0, second), statistics(1, second)];
    for (const version of [6, 7] as const) {
      const buffers = [{ ...content.buffers[0]!, clock: 'local' }, other];
      const { trace } = await read(traceDatFile({ ...content, buffers, options }, { ...layout, version }));
      const said = trace.issues.filter(({ code }) => code === 'mixed-clocks').map(({ text }) => text);
      expect(said.length).toBe(differ ? 1 : 0);
      if (differ) expect(said[0]).toContain('the top buffer at 2800000100000');
    }
  });

  // The times are those that trace-cmd report 3.1.6 prints of the same files.
  test.each([
    [
      'cycles',
      14,
      new Bytes(true)
        .int(4, 2 ** 20)
        .int(4, 21)
        .int(8, 1000)
        .all(),
      2_500_000_050n,
    ],
    ['an offset in ns', 7, ascii('1000000'), 5_001_000_100n],
    ['a negative offset', 7, ascii('-100'), 5_000_000_000n],
    ['the time of day in us', 1, ascii('0x10000'), 5_065_536_100n],
  ])('stamps with %s', async (_, option, data, first) => {
    const file = traceDatFile({ ...story(true), options: [[option, data]] }, layout);
    const { trace } = await read(file);
    expect(trace.originNs + BigInt(trace.records.timeNs[0]!)).toBe(first);
  });

  test('processes of threads come from the recorder where it tells', async () => {
    const options: Content['options'] = [[32, new TextEncoder().encode('77 70\n78 70\n')]];
    const { trace } = await read(traceDatFile({ ...story(true), options }, layout));
    expect(trace.tasks[0]).toMatchObject({ pid: 70, tid: 77 });
  });

  test('a request that does not end lasts until the last record, also where that is only counted', async () => {
    const ISSUE = 306;
    const issue = `name: block_rq_issue\nID: ${ISSUE}\n${COMMON}
\tfield:dev_t dev;\toffset:8;\tsize:4;\tsigned:0;
\tfield:sector_t sector;\toffset:16;\tsize:8;\tsigned:0;
\tfield:unsigned int nr_sector;\toffset:24;\tsize:4;\tsigned:0;
\tfield:unsigned int bytes;\toffset:28;\tsize:4;\tsigned:0;
\tfield:char rwbs[8];\toffset:32;\tsize:8;\tsigned:0;

print fmt: "%d,%d %s %u () %llu + %u"\n`;
    for (const little of [true, false]) {
      const content = story(little);
      const begun = record(little, ISSUE, (out) =>
        out.int(4, 7340032).int(4, 0).int(8, 800).int(4, 8).int(4, 4096).text('W').fill(40),
      );
      const foreign = record(little, FOREIGN, (out) => out.int(4, 1));
      const items = [at(begun, 0), at(foreign, 5000), at(foreign, 2000)];
      const buffers = [{ name: '', clock: 'boot', cpus: [[{ time: 5_000_000_100n, items }]] }];
      const { trace } = await read(traceDatFile({ ...content, formats: [issue], buffers }, { ...layout, little }));
      const { op, latencyNs, rows } = trace.columns;
      expect(Array.from({ length: rows }, (_, i) => [OPS[op[i]!], latencyNs[i]])).toEqual([['block_io', 7000]]);
    }
  });

  test.each([2 ** 31, 2 ** 32 - 1, 2 ** 32 - 4, 5000])('a record of %i bytes ends its page', async (claims) => {
    for (const little of [true, false]) {
      const content = story(little);
      const [buffer] = content.buffers;
      const [[first, ...rest], ...cpus] = buffer!.cpus as unknown as [[Page, ...Page[]], ...Page[][]];
      const damaged = { ...first, items: [{ kind: 'record', delta: 1, bytes: new Uint8Array(8), claims } as const] };
      const buffers = [{ ...buffer!, cpus: [[damaged, ...rest], ...cpus] }];
      const { trace, whole } = await read(traceDatFile({ ...content, buffers }, { ...layout, little }));
      expect(whole).toBe(false);
      expect(trace.issues.map(({ text }) => text)).toContainEqual(
        expect.stringContaining('expected a whole record, found the end of its page'),
      );
    }
  });

  test('any byte may be wrong: it never throws, never makes up records without end', async () => {
    for (const version of [6, 7] as const) {
      const file = traceDatFile(story(true), { ...layout, version });
      const rows: number[] = [];
      for (let place = 0; place < Math.min(file.length, 1500); place += 5) {
        const copy = file.slice();
        copy[place]! ^= 0xff;
        rows.push((await read(copy)).trace.records.rows);
      }
      expect(Math.max(...rows)).toBeLessThan(200);
    }
  });

  test('a bundled recording cut in any place is answered', async () => {
    const file = content(join(folder, 'swap-xfs-dax.dat'));
    for (let length = 0; length < file.length; length += 97) {
      const { trace, whole } = await read(file.subarray(0, length));
      expect(whole || trace.issues.length > 0).toBe(true);
    }
  });
});

/** Gives what it reads in the memory it is offered, with nothing left there of what was read before. */
function overwriting(bytes: Uint8Array, offered: Set<Uint8Array>): RandomAccess {
  return {
    size: bytes.length,
    read(offset, length, memory) {
      const found = bytes.subarray(offset, offset + length);
      if (memory === undefined) return found;
      offered.add(memory);
      memory.fill(0xff);
      memory.set(found);
      return memory.subarray(0, found.length);
    },
  };
}

test('pages that are read block by block into the same memory say what those in place say', async () => {
  const { buffers, ...rest } = story(true);
  // More than a block of them on each CPU.
  const cpus = buffers[0]!.cpus.map(([first]) =>
    Array.from({ length: 700 }, (_, i) => ({ ...first!, time: first!.time + BigInt(i) * 10_000_000_000n })),
  );
  const bytes = traceDatFile({ ...rest, buffers: [{ ...buffers[0]!, cpus }] }, LAYOUTS[0]!);
  const offered = new Set<Uint8Array>();
  const builder = new TraceBuilder((sink) => new Assembler(sink));
  const source = { ...input(bytes), random: async () => overwriting(bytes, offered) };
  expect(await traceDat.read(source, builder.startSource('t', traceDat.name, bytes.length))).toBe(true);
  // One for each CPU.
  expect(offered.size).toBe(2);
  expect(builder.finish()).toEqual((await read(bytes)).trace);
});

test('pages of trace_pipe_raw are no recording, and what to do is said', () => {
  const pages = (...heads: (readonly [bigint, bigint])[]): Uint8Array => {
    const bytes = new DataView(new ArrayBuffer(4096 * heads.length));
    for (const [i, [time, filled]] of heads.entries()) {
      bytes.setBigUint64(i * 4096, time, true);
      bytes.setBigUint64(i * 4096 + 8, filled, true);
    }
    return new Uint8Array(bytes.buffer);
  };
  const advice = (...heads: (readonly [bigint, bigint])[]): string => traceDat.advice!(pages(...heads));
  expect(advice([75626321502159n, 0xff0n], [75626325502159n, 0x80000030n])).toContain('trace-cmd record');
  expect(advice([75626321502159n, 0xff0n], [75626321502158n, 0x30n])).toBe('');
  expect(advice([75626321502159n, 0xff1n])).toBe('');
  expect(advice([0n, 0n])).toBe('');
});
