// perf script text: every form of its columns, what it prints besides samples, and recordings other people made.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ftraceText } from '../../src/formats/ftrace-text.js';
import { perfScript } from '../../src/formats/perf-script.js';
import { OPS, Op } from '../../src/model/events.js';
import { content, hasShared, shared } from '../kernel/recordings.js';
import { facts, head, operations, type Read, readAs } from './support.js';

const read = (text: string | Uint8Array): Promise<Read> => readAs(perfScript, text);

const story = `# a header
        st-story  6453/6453  [000]  2388.100001000:       syscalls:sys_enter_openat: dfd: 0xffffff9c, filename: 0x7ffc, flags: 0x00000242, mode: 0x000001a4
        st-story  6453/6453  [000]  2388.100002000:                 xfs:xfs_create: dev 7:0 dp ino 0x80 name base.dat
        st-story  6453/6453  [000]  2388.100003000:        syscalls:sys_exit_openat: 0x4
        st-story  6453/6453  [000]  2388.100004000:     syscalls:sys_enter_fallocate: fd: 0x00000004, mode: 0x00000000, offset: 0x00000000, len: 0x00010000
        st-story  6453/6453  [001]  2388.100005000:             xfs:xfs_iext_insert: dev 7:0 ino 0x83 state  cur 0xffff888100bad450/0 fileoff 0x0 startblock 0x18 fsbcount 0x10 flag 1 caller xfs_bmap_add_extent_hole_real+0x94
        st-story  6453/6453  [001]  2388.100006000:      syscalls:sys_exit_fallocate: 0x0
`;

describe('names with line breaks', () => {
  const named = story.replace('base.dat', 'NAME');
  const MMAP =
    '        st-story  6453/6453  [001]  2388.100006500: PERF_RECORD_MMAP2 6453/6453: [0x7f0000000000(0x1000) @ 0 07:00 131 0]: rw-s /mnt/NAME\n';
  test.each(['a\nb', 'a\n\nb', '\na', 'a\n', 'a\n\n'])('%j', async (name) => {
    const { trace, whole } = await read(named.replace('NAME', name) + MMAP.replace('NAME', name) + story.slice(11));
    expect(whole).toBe(true);
    expect(trace.sources[0]).toMatchObject({ records: 13, typed: 13 });
    expect(trace.files.map(({ path }) => path)).toContain(`/mnt/${name}`);
    expect(trace.issues.map(({ code }) => code)).toEqual(expect.arrayContaining(['name-goes-on']));
    expect(trace.issues.filter(({ code }) => code === 'unreadable-line')).toEqual([]);
    expect([...trace.records.row].slice(0, 3)).toEqual([2, 3, 3 + name.split('\n').length]);
  });
  test('a finished round (--show-round-events) is no part of the name above it', async () => {
    const ROUND = 'PERF_RECORD_FINISHED_ROUND\n';
    const plain = await read(story + MMAP);
    const { trace } = await read(story.replace(/(base\.dat\n)/, `$1${ROUND}`) + MMAP + ROUND);
    expect(trace.sources[0]).toMatchObject({ records: 7, typed: 7 });
    expect(trace.files).toEqual(plain.trace.files);
    expect(trace.issues).toEqual(plain.trace.issues);
  });
  test('where records stand apart, an empty line ends no name', async () => {
    const { trace } = await read(story.replaceAll('\n', '\n\n'));
    expect(trace.files).toEqual((await read(story)).trace.files);
    expect(trace.issues.filter(({ code }) => /name|line/.test(code))).toEqual([]);
  });
});

test('a probe that is called as a tracepoint is none (perf probe xfs_create)', async () => {
  const probe = (line: string): string => line.replace(/(?:xfs|syscalls):(\w+): .*/, 'probe:$1: (ffffffff8138) a=1');
  const { trace } = await read(story.replace(/^ .*$/gm, (line) => `${probe(line)}\n${line}`));
  const plain = await read(story);
  expect(operations(trace)).toEqual(operations(plain.trace));
  expect(trace.files).toEqual(plain.trace.files);
  expect(trace.sources[0]).toMatchObject({ records: 12, typed: 6 });
});

test('without numbers of threads nothing is read, whatever names of tasks end in', async () => {
  const { trace, whole } = await read(story.replaceAll(/st-story {2}6453\/6453 {2}\[00\d\]/g, 'kworker/0:1 '));
  expect(whole).toBe(false);
  expect(trace.sources[0]).toMatchObject({ records: 0 });
  expect(trace.issues).toMatchObject([{ code: 'no-thread', count: 6, row: 2 }]);
});

describe('forms of the columns', () => {
  test.each([
    ['pid and tid', (text: string) => text],
    ['tid alone', (text: string) => text.replaceAll('6453/6453', '6453')],
    ['microseconds', (text: string) => text.replace(/(\.\d{6})\d{3}:/g, '$1:')],
    ['no CPU', (text: string) => text.replace(/\[00\d\]/g, '')],
    ['a period', (text: string) => text.replace(/^( .*?\d:) +/gm, '$1          1 ')],
    ['modifiers', (text: string) => text.replace(/(syscalls:\w+):/g, '$1:')],
    ['the mode (-F +misc)', (text: string) => text.replace(/(\[00\d\])/g, '$1 U   ').replace('[001] U ', '[001] KE')],
    ['tabs', (text: string) => text.replace(/ {2,}/g, '\t')],
    ['a name with spaces, digits and brackets', (text: string) => text.replaceAll('st-story', 'a 12 [001] b:/-3')],
    [
      'call chains below',
      (text: string) =>
        text.replace(
          /\n {2,}(?=.*create|.*exit|.*iext)/g,
          '\n\tffffffff9fa00a67 native+0x7 ([kernel])\n\t     11de5 [unknown] (/x)\n\n  ',
        ),
    ],
    ['CRLF', (text: string) => text.replaceAll('\n', '\r\n')],
  ])('%s', async (_, change) => {
    const same = (fact: unknown): unknown =>
      (fact as unknown[]).map((x) => (x === 'a 12 [001] b:/-3' ? 'st-story' : x));
    const expected = facts((await read(story)).trace);
    expect(expected.map((fact) => (fact as string[])[0])).toEqual(
      expect.arrayContaining(['open', 'fallocate', 'map_insert']),
    );
    const { trace, whole } = await read(change(story));
    expect(facts(trace).map(same)).toEqual(expected);
    expect(whole).toBe(true);
    expect(trace.sources[0]).toMatchObject({ records: 6, typed: 6 });
    expect(trace.issues.filter(({ code }) => code === 'unreadable-line')).toEqual([]);
    expect(perfScript.sniff(head(change(story)))).toBe(true);
    expect(ftraceText.sniff(head(change(story)))).toBe(false);
  });

  test('microseconds without leading zeros, as simpleperf writes them', async () => {
    const { trace } = await read(
      'a\t7 [001] 115539.995020:\t1 task-clock:u:\na\t7 [001] 115540.9540:\t1 task-clock:u:\n',
    );
    expect([...trace.records.timeNs]).toEqual([0, 14_520_000]);
  });

  test('events that are no tracepoints keep their names', async () => {
    const { trace } = await read(
      'dd 29776 666709.771979:   10101010 cpu-clock: \n\t414b3b fsnotify (/x)\n\nfire fox  7564/7564  2574592.839818:          1 cycles:uppp: \n',
    );
    expect(trace.kinds.map(({ name }) => name)).toEqual(['cpu-clock', 'cycles:uppp']);
    expect(trace.tasks).toEqual([
      { pid: 29776, tid: 29776, name: 'dd' },
      { pid: 7564, tid: 7564, name: 'fire fox' },
    ]);
  });
});

const line = (task: string, time: string, rest: string): string => `${task} [000] ${time}: ${rest}\n`;
const mmap2 = (at: string, path: string, prot = 'rw-s'): string =>
  `PERF_RECORD_MMAP2 10/10: [0x${at}(0x4000) @ 0x1000 fd:03 131 99]: ${prot} ${path}`;

describe('records besides samples', () => {
  test('a mapping names its file, and a fault in it is placed', async () => {
    const { trace } = await read(
      line('a 10', '5.000000100', mmap2('7f0000000000', '/srv/data file.db')) +
        line('a 10', '5.000000200', 'exceptions:page_fault_user: address=0x7f0000002010 ip=0x1 error_code=0x6') +
        line('a 10', '5.000000300', 'sched:sched_switch: prev_comm=a'),
    );
    expect(trace.files).toEqual([{ device: '253:3', inode: '131', path: '/srv/data file.db' }]);
    const row = trace.columns.op.indexOf(Op.write_fault);
    expect([trace.columns.file[row], trace.columns.offset[row]]).toEqual([0, 0x3000]);
  });

  test('inside mmap it tells the file behind the descriptor; mprotect is no second mapping', async () => {
    const { trace } = await read(
      line(
        'a 10',
        '5.000000100',
        'syscalls:sys_enter_mmap: addr: 0x0, len: 0x4000, prot: 0x3, flags: 0x1, fd: 0x7, off: 0x1000',
      ) +
        line('a 10', '5.000000200', mmap2('7f0000000000', '/data')) +
        line('a 10', '5.000000300', 'syscalls:sys_exit_mmap: 0x7f0000000000') +
        line('a 10', '5.000000400', mmap2('7f0000000000', '/data', 'r--s')) +
        line('a 10', '5.000000500', 'syscalls:sys_enter_fsync: fd: 0x7') +
        line('a 10', '5.000000600', 'syscalls:sys_exit_fsync: 0x0'),
    );
    expect(operations(trace)).toMatchObject([
      { op: 'mmap', file: 'data', offset: 0x1000 },
      { op: 'fsync', file: 'data' },
    ]);
    expect(trace.columns.rows).toBe(2);
  });

  test('a child has copies of the mappings, a thread shares them, exec drops them, the last exit ends', async () => {
    const { trace } = await read(
      line('a 10', '5.000000100', mmap2('7f0000000000', '/data')) +
        line('a 10', '5.000000200', 'PERF_RECORD_FORK(10:11):(10:10)') +
        line('a 10', '5.000000300', 'PERF_RECORD_FORK(12:12):(10:10)') +
        line('a 10', '5.000000310', 'sched:sched_process_fork: comm=a pid=10 child_comm=a child_pid=12') +
        line('b 12', '5.000000400', 'PERF_RECORD_COMM exec: b:12/12') +
        line('a 11', '5.000000500', 'PERF_RECORD_EXIT(10:11):(10:10)') +
        line('a 10', '5.000000600', 'PERF_RECORD_EXIT(10:10):(1:1)') +
        line('b 12', '5.000000700', 'PERF_RECORD_EXIT(12:12):(10:10)'),
    );
    const rows = [...trace.columns.op].map((op, i) => [OPS[op], trace.tasks[trace.columns.task[i]!]?.tid]);
    expect(rows).toEqual([
      ['mmap', 10],
      // Each fork is told by who makes and by who is made, however many records tell it.
      ...[10, 11, 10, 12].map((tid) => ['fork', tid]),
      ['mmap', 12],
      ['munmap', 12],
      ['exit', 10],
      ['exit', 12],
    ]);
    expect(trace.sources[0]).toMatchObject({ records: 8, typed: 8 });
  });

  test('what perf made up for the beginning has time 0 and is put there', async () => {
    const { trace } = await read(
      line('perf-exec 0', '0.000000', 'PERF_RECORD_COMM: perf-exec:10/10') +
        line(
          ':-1 -1',
          '0.000000',
          'PERF_RECORD_MMAP -1/0: [0xffffffff81000000(0x1209988) @ 0xffffffff81000000]: x [kernel.kallsyms]_text',
        ) +
        line('a 10', '77.500000', 'block:block_touch_buffer: 7,0 sector=1 size=4096'),
    );
    expect(trace.originNs).toBe(77_500_000_000n);
    expect([...trace.records.timeNs]).toEqual([0, 0, 0]);
    expect(trace.sources[0]).toMatchObject({ records: 3, typed: 1, generic: 2 });
  });

  test('a loss is an interval on its CPU, and maps are unknown from there', async () => {
    const { trace } = await read(story + line(':-1 -1', '2388.100009000', 'PERF_RECORD_LOST lost 642'));
    expect(trace.sources[0]!.lost).toEqual([{ fromNs: 3000, toNs: 8000, cpu: 0, count: 642 }]);
    expect([...trace.columns.op]).toContain(Op.map_unknown);
    expect(trace.sources[0]!.records).toBe(6);
  });
});

if (!hasShared) console.warn('SKIPPED: ../shared/traces is not here, so other recordings of perf script are not read');
describe.skipIf(!hasShared)('recordings under ../shared (skipped where they are missing)', () => {
  test('perf-xfs-db: all 26375 samples, with and without mapping records', async () => {
    const folder = join(shared, 'recorded', 'perf-xfs-db');
    const plain = await read(content(join(folder, 'perf-script.txt.gz')));
    expect(plain.trace.sources[0]).toMatchObject({ records: 26375, typed: 26375 });
    const text = content(join(folder, 'perf-script-mmap.txt.gz'));
    const full = await read(text);
    const rest = text.toString('utf8').match(/PERF_RECORD_/g)!.length;
    expect(full.trace.sources[0]!.records).toBe(26375 + rest);
    const unknown = 'files known by a descriptor only: no event tells their inode';
    expect(plain.trace.unplaced[unknown]).toBe(3);
    expect(full.trace.unplaced[unknown]).toBeUndefined();
    const ofStory = (one: Read): unknown[] =>
      operations(one.trace)
        .filter(({ op, task }) => task.startsWith('st-') && !/fault|mmap|munmap|fork/.test(op))
        .map(({ file: _, ...rest }) => rest);
    expect(ofStory(full)).toEqual(ofStory(plain));
  });

  test.each(publicFiles())('%s: every sample is a record, call chains are not', async (path) => {
    const text = content(path);
    expect(perfScript.sniff(head(text))).toBe(true);
    const { trace, whole } = await read(text);
    // A sample begins at the line's first column or after few spaces; a chain is indented by a tab or eight.
    const samples = text.toString('utf8').match(/^(?!#)(\S| {1,7}\S).*\d\.\d+:/gm)!.length;
    expect(trace.sources[0]!.records).toBe(samples);
    expect(whole).toBe(true);
    expect(trace.issues).toEqual([]);
  });
});

function publicFiles(): string[] {
  if (!hasShared) return [];
  const folder = join(shared, 'public', 'perf-script');
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(txt|gz)$/.test(name))
    .map((name) => join(folder, name));
}

// As perf 6.1 of i386 printed them: 24.745645190 s and what follows. 500 s: as many digits as nanoseconds have elsewhere.
test.each([
  ['nanoseconds', ['24.22220481670', '24.22220488980', '24.22220502999'], [24_745_645_190, 7310, 21_329]],
  ['microseconds', ['24.22220481', '24.22220488', '24.22220502'], [24_745_644_520, 7000, 21_000]],
  [
    'microseconds',
    ['500.498496237', '500.498496244', '500.498496258', '500.498496900'],
    [500_280_030_664, 7000, 21_000, 663_000],
  ],
  ['microseconds of a 64-bit perf', ['24.745645', '24.745652', '24.745666'], [24_745_645_000, 7000, 21_000]],
  ['nanoseconds of a 64-bit perf', ['500.498496237', '501.498496244'], [500_498_496_237, 1_000_000_007]],
])('stamps of a 32-bit perf, in %s: %j', async (_, stamps, [first, ...later]) => {
  const lines = stamps.map((stamp, i) => `perf   135 [000]    ${stamp}: syscalls:sys_enter_fsync: fd: 0x000${i}\n`);
  const { trace } = await read(lines.join(''));
  expect(trace.issues.map(({ code }) => code)).not.toContain('unreadable-line');
  expect([Number(trace.originNs), ...trace.records.timeNs.subarray(1, stamps.length)]).toEqual([first, ...later]);
});
