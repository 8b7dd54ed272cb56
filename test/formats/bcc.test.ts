// Tables of bcc tools: columns by name, durations, files by their last name, disks in sectors.
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bcc } from '../../src/formats/bcc.js';
import { formats } from '../../src/trace/recognise.js';
import { content, hasShared, shared } from '../kernel/recordings.js';
import { head, operations, type Read, readAs } from './support.js';

const read = (text: string): Promise<Read> => readAs(bcc, text);

test('ext4slower: operations begin their duration before the time they are printed at', async () => {
  const { trace, whole } = await read(`Tracing ext4 operations slower than 1 ms
TIME     COMM           PID    T BYTES   OFF_KB   LAT(ms) FILENAME
23:59:59 Web Content    3616   R 65536   128         2.50 my file
00:00:01 cksum          3617   W 96      0          14.94 2to3
00:00:01 cksum          3617   S 0       0           1.00 2to3
`);
  expect(whole).toBe(true);
  expect(operations(trace)).toMatchObject([
    {
      op: 'read',
      task: 'Web Content',
      file: 'my file',
      offset: 131072,
      length: 65536,
      result: 0,
      latencyNs: 2_500_000,
    },
    { op: 'write', file: '2to3', offset: 0, length: 96 },
    { op: 'fsync', file: '2to3', offset: -1, length: -1 },
  ]);
  // Past midnight.
  const ends = [...trace.columns.timeNs].map((time, i) => time + trace.columns.latencyNs[i]!);
  expect(Math.max(...ends) - Math.min(...ends)).toBe(2_000_000_000);
  expect(trace.unplaced).toEqual({ 'files known by the last part of their path only': 3 });
});

test('-j: microseconds of the monotonic clock', async () => {
  const { trace } = await read(
    'ENDTIME_us,TASK,PID,TYPE,BYTES,OFFSET_b,LATENCY_us,FILE\n125563830632,a,b,12155,R,8192,27824193536,1057,data,1\n',
  );
  expect(operations(trace)).toMatchObject([
    { op: 'read', task: 'a,b', file: 'data,1', offset: 27824193536, latencyNs: 1_057_000 },
  ]);
  expect(trace.originNs + BigInt(trace.records.timeNs[0]!)).toBe(125563830632000n);
  expect(trace.clock).toBe('mono');
});

test('biosnoop: a disk is a file of its own, in bytes', async () => {
  const { trace } = await read(`TIME(s)     COMM           PID    DISK    T SECTOR     BYTES  QUE(ms) LAT(ms)
5.000771    sync           22177  nvme1n1 W 41963894   3072      0.11    0.47
5.332998    kworker/0:1    1061   nvme1n1 RA 545728    16384     0.01    0.61
5.400000    a              1      nvme1n1 N 0          0         0.01    0.10
`);
  expect(operations(trace)).toMatchObject([
    { op: 'dma_write', file: 'nvme1n1', offset: 41963894 * 512, length: 3072, latencyNs: 470_000 },
    { op: 'dma_read', task: 'kworker/0:1', length: 16384 },
  ]);
  expect(trace.sources[0]).toMatchObject({ records: 3, typed: 2, generic: 1 });
});

test('biosnoop -P: a letter for the pattern, which may touch the bytes', async () => {
  const text = `TIME(s)     COMM           PID     DISK      T SECTOR     BYTES  P QUE(ms) LAT(ms)
0.000000    fio            812     vda       W 8192       4096   S    0.01    0.40
0.000410    fio            812     vda       W 8200       1048576?    0.02    3.10
0.000900    kworker/u4:1   77      <unknown> R 64         1310720R    0.00    1.25
0.001000    kworker/u4:1   77      vda       R 18446744073709551615 0      ?    0.00    0.31
`;
  expect(bcc.sniff(head(text))).toBe(true);
  const { trace, whole } = await read(text);
  expect(whole).toBe(true);
  expect(trace.issues).toEqual([]);
  expect(operations(trace).map(({ op, length, latencyNs }) => [op, length, latencyNs])).toEqual([
    ['dma_write', 1_048_576, 3_100_000],
    ['dma_write', 4096, 400_000],
    ['dma_read', 1_310_720, 1_250_000],
  ]);
  // The last one is a flush.
  expect(trace.sources[0]).toMatchObject({ records: 4, typed: 3, generic: 1 });
  expect(trace.unplaced).toEqual({ 'requests of disks that biosnoop could not name': 1 });
});

test('biosnoop: a request without a disk, and a write behind a flush, of libbpf-tools as well', async () => {
  const { trace } = await read(`TIME(s)     COMM           PID     DISK    T    SECTOR     BYTES   LAT(ms)
0.000000    ?              0               R    0          8192      0.340
0.002100    jbd2/vda1-8    201     vda     FWFS 73400      4096      1.205
lost 7 events on CPU #1
0.003000    a              1       vda     FF   0          0         0.100
`);
  expect(trace.issues).toEqual([]);
  expect(operations(trace)).toMatchObject([
    { op: 'dma_read', task: '?', length: 8192 },
    { op: 'dma_write', task: 'jbd2/vda1-8', file: 'vda', length: 4096, latencyNs: 1_205_000 },
  ]);
  expect(trace.sources[0]).toMatchObject({ records: 3, typed: 2, generic: 1 });
  expect(trace.sources[0]!.lost).toMatchObject([{ cpu: 1, count: 7 }]);
});

test('ext4slower of libbpf-tools: F is an fsync, LL_MAX its length; with -c nanoseconds', async () => {
  const { trace } = await read(`Tracing ext4 operations slower than 1 ms... Hit Ctrl-C to end.
TIME     COMM             PID     T BYTES   OFF_KB   LAT(ms) FILENAME
12:00:00 postgres         901     W 8192    64          2.50 16384
12:00:00 postgres         901     F LL_MAX  0          14.94 16384
`);
  expect(trace.issues).toEqual([]);
  expect(operations(trace)).toMatchObject([
    { op: 'fsync', file: '16384', offset: -1, length: -1, latencyNs: 14_940_000 },
    { op: 'write', offset: 65536, length: 8192 },
  ]);
  const text = `ENDTIME_ns,TASK,PID,TYPE,BYTES,OFFSET_b,LATENCY_us,FILE
27125563830632001,postgres,901,W,8192,65536,2500,16384
27125563830639001,postgres,901,F,LL_MAX,0,14940,16384
`;
  expect(bcc.sniff(head(text))).toBe(true);
  const csv = (await read(text)).trace;
  expect(operations(csv)).toMatchObject([
    { op: 'fsync', latencyNs: 14_940_000 },
    { op: 'write', length: 8192 },
  ]);
  expect([...csv.records.timeNs].map((time) => csv.originNs + BigInt(time))).toEqual([
    27125563830632001n,
    27125563830639001n,
  ]);
  expect(csv.clock).toBe('mono');
});

test('fileslower: its first line is no record', async () => {
  const { trace } = await read(`Tracing sync read/writes slower than 10 ms
TIME(s)  COMM           TID    D BYTES   LAT(ms) FILENAME
0.000    randread.pl    4762   R 8192      12.70 data1
8.850    randread.pl    4762   W 8192      11.26 data1
`);
  expect(trace.issues).toEqual([]);
  expect(operations(trace)).toMatchObject([{ op: 'read', length: 8192 }, { op: 'write' }]);
});

if (!hasShared) console.warn('SKIPPED: ../shared/traces is not here, so the examples of bcc are not read');
describe.skipIf(!hasShared)('examples of bcc (skipped where ../shared is missing)', () => {
  test.each(['ext4slower', 'xfsslower', 'nfsslower', 'biosnoop'])('%s: every line of its tables', async (tool) => {
    const text = content(join(shared, 'public', 'bcc-text', 'bcc', `${tool}_example.txt`));
    expect(formats.filter((one) => one.sniff(head(text))).map(({ name }) => name)).toEqual(['bcc']);
    const { trace } = await readAs(bcc, text);
    const rows = text.toString('utf8').match(/^(\d\d:\d\d:\d\d .*\d\.\d\d \S|\d{9,},|\d\.\d{6} )/gm)!;
    expect(trace.sources[0]!.records).toBe(rows.length);
  });

  test.each(['ext4dist', 'klockstat', 'mdflush', 'syncsnoop'])('%s is another table', (tool) => {
    const text = content(join(shared, 'public', 'bcc-text', 'bcc', `${tool}_example.txt`));
    expect(formats.filter((one) => one.sniff(head(text)))).toEqual([]);
  });
});

describe('iosnoop of perf-tools', () => {
  const ROW = 'my db        17197  WS   8,160    4840666914   4096      16.05\n';
  const table = (times: string, stamps: string): string =>
    `Tracing block I/O. Ctrl-C to end.\n${times}COMM         PID    TYPE DEV      BLOCK        BYTES     LATms\n${stamps}${ROW}\nEnding tracing...\n`;

  test.each([
    ['-st', 'STARTs          ENDs            ', '14545946.331036 14545946.347082 ', 16_046_000],
    ['-s', 'STARTs          ', '14545946.331036 ', 16_050_000],
    ['-t', 'ENDs            ', '14545946.347086 ', 16_050_000],
  ])('%s', async (_, times, stamps, latencyNs) => {
    const text = table(times, stamps);
    expect(formats.filter((one) => one.sniff(head(Buffer.from(text)))).map(({ name }) => name)).toEqual(['bcc']);
    const { trace, whole } = await read(text);
    expect(whole).toBe(true);
    expect(operations(trace)).toMatchObject([
      { op: 'dma_write', task: 'my db', file: 'block device 8:160', latencyNs },
    ]);
    expect(operations(trace)[0]).toMatchObject({ offset: 4840666914 * 512, length: 4096 });
    expect(trace.originNs + BigInt(trace.columns.timeNs[0]!)).toBe(14545946331036000n);
    expect(trace.issues).toEqual([]);
  });

  test('without times it is no recording, and what to do is said', () => {
    const bytes = head(Buffer.from(table('', '')));
    expect(formats.filter((one) => one.sniff(bytes))).toEqual([]);
    expect(bcc.advice!(bytes)).toContain('run it with -s and -t');
  });
});

test('names that Python 3 printed as bytes are the names', async () => {
  const { trace } = await read(
    `Tracing XFS operations slower than 10 ms
TIME     COMM           PID    T BYTES   OFF_KB   LAT(ms) FILENAME
15:00:40 b'systemd-jour 6480   S 0       0          49.63 b'state.vscdb'
15:00:48 b"it's"        6481   W 4096    4          10.17 b'\\xc3\\xa4 \\\\b'
^C
`,
  );
  expect(operations(trace).map(({ task, file }) => [task, file])).toEqual([
    ['systemd-jour', 'state.vscdb'],
    ["it's", 'ä \\b'],
  ]);
  expect(trace.issues.map(({ code }) => code)).not.toContain('unreadable-line');
});
