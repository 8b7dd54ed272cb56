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
