// One run under five recorders (traces/joined, made by traces/recipes/joined.sh), joined in every way that has a truth beside
// it: what the driver read from the clocks, what one recording tells alone, what trace-cmd and blkparse made of the same bytes.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { Flag, OPS, Op } from '../../src/model/events.js';
import type { Trace } from '../../src/model/trace.js';
import { NONE } from '../../src/model/units.js';
import { anonymized } from '../../src/trace/anonymize.js';
import type { GivenOffset } from '../../src/trace/clocks.js';
import { ingest } from '../../src/trace/ingest.js';
import { scratch } from '../cli/support.js';
import { facts, type Operation, operations } from '../formats/support.js';
import { hasShared, shared } from '../kernel/recordings.js';

const folder = join(import.meta.dirname, '..', '..', 'traces', 'joined');
const at = (name: string): string => join(folder, `joined.${name}`);
const text = (name: string): string => gunzipSync(readFileSync(at(name))).toString('utf8');
const { file } = scratch();

const DAT = at('dat');
const BLKTRACE = at('blktrace.gz');
const BLKPARSE = at('blkparse.txt.gz');
const STRACE = at('strace.txt.gz');
const PERF = at('perf.data.gz');

const read = new Map<string, Promise<Trace>>();

/** Read once, however many tests look at it. */
function joined(paths: readonly string[], clockOffsets: readonly GivenOffset[] = []): Promise<Trace> {
  const key = [...paths, ...clockOffsets.map(({ source, offsetNs }) => `${source}=${offsetNs}`)].join('\n');
  const known = read.get(key) ?? ingest(paths, { clockOffsets }).then(({ trace }) => trace);
  read.set(key, known);
  return known;
}

interface Clocks {
  readonly mono: bigint;
  readonly realtime: bigint;
  readonly withinNs: number;
}

/** What the driver read at its begin and at its end. */
const CLOCKS = readFileSync(at('clocks.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line): Clocks => {
    const number = (name: string): string => new RegExp(`"${name}":(\\d+)`).exec(line)![1]!;
    return { mono: BigInt(number('mono')), realtime: BigInt(number('realtime')), withinNs: Number(number('withinNs')) };
  });

/** Stamp of the first record of the blktrace: what blkparse counts from. */
const FIRST_BLOCK_NS = gunzipSync(readFileSync(BLKTRACE)).readBigUInt64LE(8);

type Led = NonNullable<Trace['sources'][number]['joined']>;

const offsetOf = (trace: Trace, source: number): Led => trace.sources[source]!.joined!;

const MAP_OPS = [Op.map_insert, Op.map_remove, Op.map_convert, Op.map_reset, Op.map_unknown, Op.map_seen] as number[];

/** Rows of these operations with all they say of files and times, in any order of equal times. */
function rows(trace: Trace, ops: readonly number[]): string[] {
  const { columns: c } = trace;
  return Array.from({ length: c.rows }, (_, i) => i)
    .filter((i) => ops.includes(c.op[i]!))
    .map((i) => {
      const info = c.file[i] === NONE ? undefined : trace.files[c.file[i]!];
      const time = trace.originNs + BigInt(c.timeNs[i]!);
      return [
        time,
        c.op[i],
        info?.device,
        info?.inode,
        c.offset[i],
        c.length[i],
        c.addr[i],
        c.flags[i],
        c.latencyNs[i],
      ].join();
    })
    .sort();
}

/** Calls of the program on its own files, whoever else was recorded. A task is called what it was called last, where that was seen. */
const calls = (trace: Trace): Omit<Operation, 'latencyNs' | 'task'>[] =>
  operations(trace)
    .filter(({ op, file: name }) => name.endsWith('.dat') && !/fault/.test(op))
    .map(({ latencyNs: _, task: __, ...rest }) => rest);

/** Observed map changes with the operation they came of. */
function changesByCall(trace: Trace): string[] {
  const { columns: c } = trace;
  const ops = new Map<number, string>();
  for (let i = 0; i < c.rows; i++)
    if (!MAP_OPS.includes(c.op[i]!) && c.opId[i] !== 0 && !ops.has(c.opId[i]!))
      ops.set(c.opId[i]!, `${OPS[c.op[i]!]} ${c.offset[i]} ${c.length[i]}`);
  return Array.from({ length: c.rows }, (_, i) => i)
    .filter((i) => [Op.map_insert, Op.map_remove].includes(c.op[i]! as typeof Op.map_insert))
    .map(
      (i) => `${OPS[c.op[i]!]} ${trace.files[c.file[i]!]?.inode} ${c.offset[i]} ${c.addr[i]}: ${ops.get(c.opId[i]!)}`,
    );
}

describe('offsets', () => {
  test('the driver saw its clocks apart by the same at both ends', () => {
    const apart = CLOCKS.map(({ mono, realtime }) => mono - realtime);
    expect(CLOCKS).toHaveLength(2);
    expect(Number(apart[0]! - apart[1]!)).toBeLessThan(1000);
  });

  test.each([
    ['strace led to trace-cmd', [DAT, STRACE], 1n],
    ['trace-cmd led to strace', [STRACE, DAT], -1n],
  ])('%s: the true offset is within the error that is stated', async (_, paths, sign) => {
    const { by, offsetNs, errorNs, pairs } = offsetOf(await joined(paths), 1);
    expect(by).toBe('paired stamps');
    expect(pairs).toBeGreaterThan(50);
    expect(errorNs).toBeLessThan(100_000);
    for (const { mono, realtime, withinNs } of CLOCKS) {
      const off = Number(offsetNs - sign * (mono - realtime));
      expect(Math.abs(off)).toBeLessThanOrEqual(errorNs + withinNs);
    }
  });

  test('blkparse counts from its first record: found again from the requests alone', async () => {
    const { by, offsetNs, errorNs, pairs } = offsetOf(await joined([DAT, BLKPARSE]), 1);
    expect(by).toBe('paired stamps');
    expect(pairs).toBeGreaterThan(100);
    expect(errorNs).toBeLessThan(5000);
    expect(Math.abs(Number(offsetNs - FIRST_BLOCK_NS))).toBeLessThanOrEqual(errorNs);
  });

  test('three steps agree: perf to strace is perf to trace-cmd and trace-cmd to strace', async () => {
    const direct = offsetOf(await joined([STRACE, PERF]), 1);
    const one = offsetOf(await joined([DAT, PERF]), 1);
    const two = offsetOf(await joined([STRACE, DAT]), 1);
    const off = Number(direct.offsetNs - one.offsetNs - two.offsetNs);
    expect(Math.abs(off)).toBeLessThanOrEqual(direct.errorNs + one.errorNs + two.errorNs);
  });

  test('a source that has nothing in common with the first is led there by way of another', async () => {
    await expect(joined([BLKPARSE, STRACE])).rejects.toThrow(/blktrace-relative.*--clock-offset/s);
    const trace = await joined([BLKPARSE, STRACE, DAT]);
    const { offsetNs, errorNs } = offsetOf(trace, 1);
    const { mono, realtime, withinNs } = CLOCKS[0]!;
    const truth = mono - realtime - FIRST_BLOCK_NS;
    expect(Math.abs(Number(offsetNs - truth))).toBeLessThanOrEqual(errorNs + withinNs);
  });

  test('of recordings with one clock that one is led first which tells it best, whatever the order', async () => {
    const marks = (name: string, lateNs: number): string[] =>
      [1, 2, 3, 4].map(
        (i) =>
          `  app-7 [000] ${(i * 1.123456789 + (i % 2) * lateNs * 1e-9).toFixed(9)}: print: tracing_mark_write: ${name} ${i}`,
      );
    const inputs = {
      first: ['cpus=1', ...marks('mark', 0), ...marks('name', 0)],
      late: ['# clock: mono', ...marks('mark', 3e6)],
      exact: ['# clock: mono', ...marks('name', 0)],
    };
    const [first, late, exact] = Object.entries(inputs).map(([name, lines]) =>
      file(`${name}.txt`, `${lines.join('\n')}\n`),
    );
    for (const paths of [
      [first!, late!, exact!],
      [first!, exact!, late!],
    ]) {
      const { sources } = await joined(paths);
      expect(sources.map(({ joined: led }) => led!.errorNs)).toEqual([0, 1001, 1001]);
    }
  });

  test('pieces of one recording have nothing in common, however often the program did the same', async () => {
    const round = (from: number): string[] =>
      [1, 2, 3, 4].flatMap((i) => [
        `  app-7 [000] ${(from + i * 1.0123).toFixed(9)}: sys_enter_ftruncate: fd: 0x3, length: 0x${i}000`,
        `  app-7 [000] ${(from + i * 1.0123 + 0.001).toFixed(9)}: sys_exit_ftruncate: 0x0`,
      ]);
    const pieces = (head: string, name: string): string[] =>
      [0, 3.5, 7.2].map((from, i) => file(`${name}${i}.txt`, `${[head, ...round(from)].join('\n')}\n`));
    const alike = await joined(pieces('cpus=1', 'piece'));
    expect(alike.sources.map(({ joined: led }) => led!.by)).toEqual(['same clock', 'nothing', 'nothing']);
    const named = await joined(pieces('# clock: mono', 'named'));
    expect(named.issues.map(({ code }) => code)).not.toContain('same-clock-differs');
    const boots = named.issues.filter(({ code }) => code === 'assumed-one-boot');
    expect(boots).toEqual([
      expect.objectContaining({ count: 2, text: expect.stringMatching(/^named0\.txt and named1\.txt/) }),
    ]);
    const daily = await joined(pieces('# clock: tai', 'daily'));
    const overlapping = await joined(
      [0, 3].map((from) => file(`over${from}.txt`, `# clock: mono\n${round(from).join('\n')}\n`)),
    );
    for (const { issues } of [daily, overlapping])
      expect(issues.map(({ code }) => code)).not.toContain('assumed-one-boot');
    for (const { sources } of [alike, named])
      expect(sources.map(({ joined: led }) => led!.elsewhere)).toEqual([0, 0, 0]);
  });

  test('boot and mono are two clocks, and what is asked for says how they differ', async () => {
    const story = ['# clock: mono', '  app-7 [000] 1.000000001: sys_enter_ftruncate: fd: 0x3, length: 0x1000', ''].join(
      '\n',
    );
    const bpf = '1000000001\t1\t7\t7\tapp\tftruncate\t-\t-\tfd=3 length=4096\n';
    const paths = [file('fs.txt', story), file('calls.txt', bpf)];
    await expect(joined(paths)).rejects.toThrow(
      /on the clock boot, fs\.txt on mono .* that has not slept .* the number is 0/s,
    );
    const given = await joined(paths, [{ source: '2', offsetNs: 0n }]);
    expect(given.sources.map(({ clock }) => clock)).toEqual(['mono', 'boot']);
  });

  test('what both have stamped counts more than a way by an offset whose error nobody knows', async () => {
    const three = (shift: number): string =>
      `cpus=1\n${[1, 2, 3, 4].map((i) => `  app-7 [000] ${(i + shift).toFixed(9)}: print: tracing_mark_write: mark ${i}\n`).join('')}`;
    const paths = [0, 5, 9].map((shift) => file(`mark${shift}.txt`, three(shift)));
    const trace = await joined(paths, [{ source: '2', offsetNs: -5_001_000_000n }]);
    expect(offsetOf(trace, 1)).toMatchObject({ by: 'given', offsetNs: -5_001_000_000n });
    expect(offsetOf(trace, 2)).toMatchObject({ by: 'markers', offsetNs: -9_000_000_000n, errorNs: expect.any(Number) });
    expect(offsetOf(trace, 2).errorNs).toBeGreaterThan(0);
  });

  test('markers alone are enough, as strace saw them written', async () => {
    const marks = text('strace.txt.gz')
      .split('\n')
      .filter((line) => /execve|trace_marker/.test(line));
    const trace = await joined([DAT, file('marks.strace.txt', `${marks.join('\n')}\n`)]);
    const { by, offsetNs, errorNs, pairs } = offsetOf(trace, 1);
    expect(by).toBe('markers');
    expect(pairs).toBe(3);
    const { mono, realtime, withinNs } = CLOCKS[0]!;
    expect(Math.abs(Number(offsetNs - (mono - realtime)))).toBeLessThanOrEqual(errorNs + withinNs);
  });

  test('perf states both clocks: perf script prints the same pair', async () => {
    // # reference time: 1795469715.116358 (TOD) = 3490.509471878 (monotonic)
    const wall = 1_795_469_715_116_358_000n;
    const lines = `{"schema":"sealtrace.events/1","clock":"realtime","originNs":${wall}}\n{"t":0,"op":"write","file":"/a","off":0,"len":4096}\n`;
    const trace = await joined([join(folder, '../perf/leases.perf.data.gz'), file('wall.ndjson', lines)]);
    const { by, offsetNs, errorNs } = offsetOf(trace, 1);
    expect([by, offsetNs]).toEqual(['stated', 3_490_509_471_878n - wall]);
    expect(errorNs).toBe(100_000);
  });

  test('what the user says wins, and shifts by exactly that', async () => {
    const given = { source: 'joined.strace.txt.gz', offsetNs: -1_795_466_224_606_000_000n };
    const trace = await joined([DAT, STRACE], [given]);
    const alone = await joined([STRACE]);
    expect(offsetOf(trace, 1)).toMatchObject({ by: 'given', offsetNs: given.offsetNs, errorNs: -1 });
    const time = ({ records, originNs }: Trace, i: number): bigint => originNs + BigInt(records.timeNs[i]!);
    const first = trace.sources[0]!.records;
    for (const i of [0, 50, alone.records.rows - 1])
      expect(time(trace, first + i)).toBe(time(alone, i) + given.offsetNs);
  });

  test('a name of no input, the first input and two clocks without anything in common are refused', async () => {
    const offset = (source: string): GivenOffset[] => [{ source, offsetNs: 1n }];
    await expect(joined([DAT, STRACE], offset('x'))).rejects.toThrow(
      /expected one of the inputs, found none.*joined\.dat/,
    );
    await expect(joined([DAT, STRACE], offset('1'))).rejects.toThrow(/times of the first input stay/);
    const other = `1 1795479900.000001 close(3</x>) = 0 <0.000005>\n`;
    await expect(joined([DAT, file('other.strace.txt', other)])).rejects.toThrow(/clock realtime, joined\.dat on mono/);
  });
});

describe('one timeline', () => {
  test('its clock is that of the first source, named or not', async () => {
    expect((await joined([DAT, STRACE])).clock).toBe('mono');
    expect((await joined([at('report.txt.gz'), STRACE])).clock).toBe('');
  });

  test('an anonymized trace with moved times does not tell the wall clock', async () => {
    const trace = await joined([DAT, STRACE]);
    const offsets = (shift: boolean): unknown[] =>
      anonymized(trace, { key: 'k', shift }).sources.map((source) => source.joined?.offsetNs);
    expect(offsets(true)).toEqual([0n, 0n]);
    expect(offsets(false)).toEqual(trace.sources.map((source) => source.joined?.offsetNs));
  });

  test('requests of a blktrace are led to the files that the kernel events beside it lead to', async () => {
    const without = text('report.txt.gz')
      .split('\n')
      .filter((line) => !/ block_(rq|bio)/.test(line));
    const report = file('no-block.txt', without.join('\n'));
    const alone = await joined([DAT]);
    const expected = rows(alone, [Op.block_io]);
    expect(expected.length).toBeGreaterThan(60);
    expect(rows(await joined([report]), [Op.block_io])).toEqual([]);
    const trace = await joined([report, BLKTRACE], [{ source: 'joined.blktrace.gz', offsetNs: 0n }]);
    // Times are those of another probe of the same event, and what is under way at the end ends with another record.
    const placed = (list: readonly string[]): string[] => list.map((row) => row.split(',').slice(1, 8).join()).sort();
    expect(placed(rows(trace, [Op.block_io]))).toEqual(placed(expected));
    expect(rows(trace, [Op.dma_read, Op.dma_write])).toEqual([]);
    const named = rows(trace, [Op.block_io]).filter((row) => /,131,|,132,|,133,/.test(row));
    expect(named.length).toBeGreaterThan(50);
  });

  test('a request that both tell is one', async () => {
    const alone = await joined([DAT]);
    for (const other of [BLKTRACE, BLKPARSE]) {
      const trace = await joined([DAT, other]);
      expect(facts(trace)).toEqual(facts(alone));
      expect(offsetOf(trace, 1).elsewhere).toBeGreaterThan(200);
    }
  });

  test('a block trace without any file system trace beside it stays one, however often it is told', async () => {
    const alone = await joined([BLKTRACE]);
    const twice = await joined([BLKTRACE, BLKPARSE]);
    expect(facts(twice)).toEqual(facts(alone));
    expect(rows(alone, [Op.dma_read, Op.dma_write]).length).toBeGreaterThan(60);
  });

  test('a call that both tell is one; strace adds the paths, and the calls that nobody else saw', async () => {
    const alone = await joined([DAT]);
    const trace = await joined([DAT, STRACE]);
    const names = trace.files.filter(({ inode }) => inode !== '').map(({ path }) => path);
    expect(names.sort()).toEqual(['/mnt/cached.dat', '/mnt/clone.dat', '/mnt/direct.dat']);
    expect(trace.files.filter(({ path, inode }) => path.endsWith('.dat') && inode === '')).toEqual([]);
    // FICLONE of the whole file has no length in ftrace; strace shows none either.
    expect(calls(trace)).toEqual(calls(alone));
    expect(calls(trace).length).toBeGreaterThan(70);
    expect(rows(trace, [...MAP_OPS, Op.block_io])).toEqual(rows(alone, [...MAP_OPS, Op.block_io]));
    expect(trace.unpaired).toBe(0);
    expect(trace.issues.map(({ code }) => code)).toEqual(['xfs-geometry']);
    expect(calls(trace).filter(({ op }) => op === 'open')).toHaveLength(4);
  });

  test('an strace lends its calls to a file system trace that has none: what happened inside is theirs', async () => {
    const events = text('report.txt.gz').split('\n');
    const without = file('no-calls.txt', events.filter((line) => !/ sys_(enter|exit)_/.test(line)).join('\n'));
    const trace = await joined([without, STRACE]);
    expect(offsetOf(trace, 1)).toMatchObject({ by: 'markers', pairs: 3 });
    const alone = await joined([DAT]);
    const onFiles = (one: Trace): unknown[] => calls(one).filter(({ op }) => op !== 'open' && op !== 'close');
    expect(onFiles(trace)).toEqual(onFiles(alone));
    // A map change belongs to the operation that made it.
    const made = (one: Trace): string[] => changesByCall(one).sort();
    expect(made(alone).length).toBeGreaterThan(20);
    expect(made(trace)).toEqual(made(alone));
  });

  test('an observer that was interrupted between its stamp and the call still tells the same call', async () => {
    const shown = '1795479896.089073 ftruncate(5</mnt/direct.dat>, 204800) = 0 <0.000069>';
    const early = '1795479896.088960 ftruncate(5</mnt/direct.dat>, 204800) = 0 <0.000020>';
    expect(text('strace.txt.gz')).toContain(shown);
    const late = file('late.strace.txt', text('strace.txt.gz').replace(shown, early));
    const trace = await joined([DAT, late]);
    expect(calls(trace)).toEqual(calls(await joined([DAT])));
    expect(offsetOf(trace, 1).elsewhere).toBe(offsetOf(await joined([DAT, STRACE]), 1).elsewhere);
  });

  test('the order of the inputs decides the clock, nothing else', async () => {
    const one = await joined([DAT, STRACE]);
    const other = await joined([STRACE, DAT]);
    expect(calls(other)).toEqual(calls(one));
    expect(other.clock).toBe('realtime');
  });

  test('all five at once: every record is counted once, where it was recorded', async () => {
    const paths = [DAT, BLKTRACE, STRACE, PERF, BLKPARSE];
    const trace = await joined(paths);
    const alone = await Promise.all(paths.map((path) => joined([path])));
    for (const [i, { sources }] of alone.entries()) {
      const { records, typed, generic } = trace.sources[i]!;
      expect([records, typed, generic]).toEqual([sources[0]!.records, sources[0]!.typed, sources[0]!.generic]);
      expect(typed + generic).toBe(records);
      expect(offsetOf(trace, i).elsewhere).toBeLessThanOrEqual(typed);
    }
    expect(calls(trace)).toEqual(calls(await joined([DAT, STRACE])));
    expect(rows(trace, [...MAP_OPS, Op.block_io])).toEqual(rows(alone[0]!, [...MAP_OPS, Op.block_io]));
    expect(trace.unpaired).toBe(0);
  });

  test('binary and text of one recording are one', async () => {
    const alone = await joined([DAT]);
    const trace = await joined([DAT, at('report.txt.gz')]);
    expect(facts(trace)).toEqual(facts(alone));
    // Three markers are in both and are no operations.
    expect(offsetOf(trace, 1).elsewhere).toBe(alone.sources[0]!.records - 3);
  });

  test('rows lead back to the source and the line they came from', async () => {
    const trace = await joined([DAT, STRACE]);
    const lines = text('strace.txt.gz').split('\n');
    const { columns: c } = trace;
    const libraries = Array.from({ length: c.rows }, (_, i) => i).filter(
      (i) => c.op[i] === Op.open && trace.files[c.file[i]!]?.path.endsWith('libc.so.6') === true,
    );
    expect(libraries).toHaveLength(1);
    expect(c.source[libraries[0]!]).toBe(1);
    expect(lines[c.row[libraries[0]!]! - 1]).toMatch(/openat\(.*libc\.so\.6/);
    const clones = Array.from({ length: c.rows }, (_, i) => i).filter(
      (i) => c.op[i] === Op.reflink && (c.flags[i]! & Flag.second) === 0,
    );
    expect(clones.map((i) => c.source[i])).toEqual([0]);
  });

  test('losses of one source leave the maps uncertain, as they do alone', async () => {
    const lines = text('report.txt.gz').split('\n');
    const half = lines.findIndex((line) => line.includes('joined half'));
    const lossy = [...lines.slice(0, half), 'CPU:0 [17 EVENTS DROPPED]', ...lines.slice(half)].join('\n');
    const report = file('lossy.txt', lossy);
    const alone = await joined([report]);
    const trace = await joined([report, STRACE]);
    const unknown = rows(alone, [Op.map_unknown]);
    expect(unknown.length).toBeGreaterThan(0);
    expect(rows(trace, [Op.map_unknown])).toEqual(unknown);
    expect(trace.sources[0]!.lost.map(({ count }) => count)).toEqual([17]);
  });
});

const PAIRS = ['xfs-movers', 'xfs-swap', 'xfs-kill'] as const;

/** A record of blktrace: a request of 8 sectors, little endian. */
function blockRecord(sequence: number, timeNs: number, action: number, cpu: number): Buffer {
  const record = Buffer.alloc(48);
  record.writeUInt32LE(0x65617407, 0);
  record.writeUInt32LE(sequence, 4);
  record.writeBigUInt64LE(BigInt(timeNs), 8);
  record.writeBigUInt64LE(800n, 16);
  record.writeUInt32LE(4096, 24);
  record.writeUInt32LE(action, 28);
  record.writeUInt32LE(7, 32);
  record.writeUInt32LE(0x800000, 36);
  record.writeUInt32LE(cpu, 40);
  return record;
}

test('two requests to one place, on two CPUs right after each other, are two', async () => {
  const WRITE = 2 << 16;
  const ISSUE = 7 | (1 << 22);
  const END = 8 | (1 << 23);
  const one = file(
    'sda.blktrace.0',
    Buffer.concat([blockRecord(1, 1000, WRITE | ISSUE, 0), blockRecord(2, 2000, WRITE | END, 0)]),
  );
  const two = file(
    'sda.blktrace.1',
    Buffer.concat([blockRecord(1, 3000, WRITE | ISSUE, 1), blockRecord(2, 4000, WRITE | END, 1)]),
  );
  const marks = file('sda.txt', 'cpus=1\n  app-7 [000] 0.000000900: xfs_file_fsync: dev 8:0 ino 0x83\n');
  const writes = (trace: Trace): number => rows(trace, [Op.dma_write, Op.block_io]).length;
  expect(writes(await joined([one, two]))).toBe(2);
  const trace = await joined([one, two, marks], [{ source: 'sda.txt', offsetNs: 0n }]);
  expect(trace.sources.map(({ joined }) => joined?.elsewhere)).toEqual([0, 0, 0]);
  expect(rows(trace, [Op.block_io])).toHaveLength(2);
});

describe.skipIf(!hasShared)('recordings of ../shared, which is there', () => {
  test.each(PAIRS)('%s: trace.dat and its report are one', async (name) => {
    const dat = join(shared, 'recorded', name, 'trace.dat');
    const alone = await joined([dat]);
    const trace = await joined([dat, join(shared, 'recorded', name, 'report.txt.gz')]);
    expect(facts(trace)).toEqual(facts(alone));
    expect(offsetOf(trace, 1)).toMatchObject({ offsetNs: 0n });
  });

  test('a block trace as blktrace and as blkparse is one', async () => {
    const of = (name: string): string => join(shared, 'recorded/blktracer-ext4-db', name);
    const alone = await joined([of('blktrace.bin.gz')]);
    const trace = await joined([of('blktrace.bin.gz'), of('blkparse.txt.gz')]);
    const operations = (one: Trace): unknown[] => facts(one).map((row) => (row as unknown[]).filter((_, i) => i !== 2));
    expect(operations(trace)).toEqual(operations(alone));
  });
});

test('a signal among the lines of strace leaves it an observer from outside: what it saw is not told twice', async () => {
  const lines = text('strace.txt.gz').split('\n');
  const [, tid, time] = /^(\d+) +(\d+\.\d+) /.exec(lines[1]!)!;
  lines.splice(2, 0, `${tid} ${time} --- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED} ---`);
  const told = (trace: Trace): string[] =>
    operations(trace)
      .filter(({ op }) => /^(read|write|fsync|truncate|fallocate|reflink)$/.test(op))
      .map(({ op, file: name, offset, length }) => `${op} ${name} ${offset} ${length}`);
  // The file system announces transfers whose calls only strace tells.
  const report = text('report.txt.gz')
    .split('\n')
    .filter((line) => !/ sys_(enter|exit)_p(read|write)64: /.test(line));
  const announced = file('no-transfers.report.txt', report.join('\n'));
  const expected = told(await joined([announced, STRACE]));
  expect(expected.length).toBeGreaterThan(20);
  expect(told(await joined([announced, file('signal.strace.txt', lines.join('\n'))]))).toEqual(expected);
});

test('what sendfile moved is told once, with the offset that strace saw behind the pointer; so is a write at no offset of its own', async () => {
  const lines = `sys_enter_openat: dfd: 0xffffffffffffff9c, filename: 0x7f00, flags: 0x2, mode: 0x0
sys_exit_openat: 0x3
sys_enter_openat: dfd: 0xffffffffffffff9c, filename: 0x7f00, flags: 0x2, mode: 0x0
sys_exit_openat: 0x4
sys_enter_sendfile64: out_fd: 0x00000004, in_fd: 0x00000003, offset: 0x7ffe0000, count: 0x1000
ext4_da_write_begin: dev 7,3 ino 12 pos 0 len 4096
sys_exit_sendfile64: 0x1000
sys_enter_sendfile64: out_fd: 0x00000004, in_fd: 0x00000003, offset: 0x00000000, count: 0x1000
ext4_da_write_begin: dev 7,3 ino 12 pos 4096 len 4096
sys_exit_sendfile64: 0x1000
sys_enter_pwritev2: fd: 0x4, vec: 0x7f00, vlen: 0x1, pos_l: 0xffffffffffffffff, pos_h: 0xffffffffffffffff, flags: 0x2
sys_exit_pwritev2: 0x10
sys_enter_read: fd: 0x00000003, buf: 0x7f00, count: 0x10
sys_exit_read: 0x10`.split('\n');
  const kernel = lines.map((line, i) => `  py-7 [000]  5.${String(i * 100_000).padStart(9, '0')}: ${line}\n`).join('');
  const shown = [
    'openat(AT_FDCWD</d>, "a", O_RDWR) = 3</d/a>',
    'openat(AT_FDCWD</d>, "b", O_RDWR) = 4</d/b>',
    'sendfile(4</d/b>, 3</d/a>, [500] => [4596], 4096) = 4096',
    'sendfile(4</d/b>, 3</d/a>, NULL, 4096) = 4096',
    'pwritev2(4</d/b>, [{iov_base="a"..., iov_len=16}], 1, -1, RWF_DSYNC) = 16',
    'read(3</d/a>, "a"..., 16) = 16',
  ];
  const starts = [0, 200, 400, 700, 1000, 1200];
  const strace = shown.map((line, i) => `7 5.${String(starts[i]!).padStart(6, '0')} ${line} <0.000120>\n`).join('');
  const paths = [file('moves.report.txt', `cpus=1\n${kernel}`), file('moves.strace.txt', strace)];
  const trace = await joined(paths, [{ source: 'moves.strace.txt', offsetNs: 0n }]);
  const told = operations(trace).filter(({ op }) => op === 'read' || op === 'write');
  expect(told.map(({ op, file: name, offset, length }) => [op, name, offset, length])).toEqual([
    ['read', 'a', 500, 4096],
    ['write', 'b', 0, 4096],
    ['read', 'a', 0, 4096],
    ['write', 'b', 4096, 4096],
    ['write', 'b', 8192, 16],
    ['read', 'a', 4096, 16],
  ]);
  expect(trace.issues.map(({ code }) => code)).not.toContain('call-without-return');
});
