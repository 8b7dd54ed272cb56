// fio's I/O logs: real ones written by fio 3.33, and what a log may hold besides.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fioIolog } from '../../src/formats/fio-iolog.js';
import { OPS } from '../../src/model/events.js';
import type { Trace } from '../../src/model/trace.js';
import { bundledFile, facts, kindCounts, readFormat } from '../support/read-format.js';

const times = ({ columns }: Trace): number[] => [...columns.timeNs];
const ops = ({ columns }: Trace): string[] => [...columns.op].map((op) => OPS[op]!);

test('version 3, two files: every line is a record, its stamp is microseconds', async () => {
  const text = new TextDecoder().decode(bundledFile('fio/two-files-v3.iolog'));
  const { trace, intact } = await readFormat(fioIolog, text);
  const lines = text.trim().split('\n').slice(1);
  expect(intact).toEqual([true]);
  expect(trace.sources[0]).toMatchObject({ records: lines.length, typed: lines.length, generic: 0 });
  // "issued rwts: total=20,20,0,5" in fio's own output of that run.
  expect(kindCounts(trace)).toEqual({ add: 2, open: 2, close: 2, read: 20, write: 20, fsync: 5 });
  expect(trace.files.map(({ path }) => path)).toEqual(['f1.dat', 'f2.dat']);
  const [stamp, path, , offset, length] = lines[3]!.split(' ');
  expect(facts(trace)[1]).toEqual([
    Number(stamp) * 1000 - times(trace)[0]!,
    'read',
    path,
    0,
    Number(offset),
    Number(length),
    -1,
    32767,
  ]);
});

test('version 2: time passes by wait lines, each counted from the wait before', async () => {
  const { trace } = await readFormat(fioIolog, bundledFile('fio/waits-v2.iolog'));
  expect(ops(trace)).toEqual(['open', 'write', 'write', 'fsync', 'read', 'close']);
  expect(times(trace)).toEqual([0, 0, 5_000_000, 5_000_000, 95_000_000, 95_000_000]);
  // fio(1) and fio do not agree on the unit: it is told which was taken.
  expect(trace.issues.map(({ code, count, row }) => [code, count, row])).toEqual([['assumed-waits', 2, 5]]);
});

test('unknown actions are counted and said; a line that is none is damage and costs nothing else', async () => {
  const { trace, intact } = await readFormat(
    fioIolog,
    'fio version 3 iolog\n1 a open\n2 a levitate 0 1\n3 a write 0\nnonsense\n4 a write 0 4096\n5 a close',
  );
  expect(intact).toEqual([false]);
  expect(trace.sources[0]).toMatchObject({ records: 4, typed: 3, generic: 1 });
  expect(trace.issues.map(({ code, count, row }) => [code, count, row])).toEqual([
    ['unknown-action', 1, 3],
    ['bad-line', 2, 4],
  ]);
  expect(ops(trace)).toEqual(['open', 'write', 'close']);
});

test.each([3, 2])('version %i: names with blanks, as jobs with a blank in their name make them', async (version) => {
  const lines = ['one job.0.0 add', 'one job.0.0 open', 'two  write 5 write 4096 512', 'one job.0.0 close', 'a close'];
  const stamped = lines.map((line, i) => (version === 3 ? `${i} ${line}` : line));
  const { trace, intact } = await readFormat(fioIolog, `fio version ${version} iolog\n${stamped.join('\n')}\n`);
  expect(intact).toEqual([true]);
  expect(trace.sources[0]).toMatchObject({ records: 5, typed: 5 });
  expect(facts(trace).map((fact) => (fact as unknown[]).slice(1, 6))).toEqual([
    ['open', 'one job.0.0', 0, 0, -1],
    ['write', 'two  write 5', 0, 4096, 512],
    ['close', 'one job.0.0', 0, 0, -1],
    ['close', 'a', 0, 0, -1],
  ]);
});

const publicLog = join(import.meta.dirname, '../../../shared/traces/public/fio/fio/t0038.iolog');
describe.skipIf(!existsSync(publicLog))('fio (SKIPPED: ../shared/traces/public is missing)', () => {
  test("fio's own test log", async () => {
    const { trace } = await readFormat(fioIolog, readFileSync(publicLog));
    expect(kindCounts(trace)).toEqual({ add: 1, open: 1, punch: 10, write: 10, close: 1 });
  });
});

test('a log of several jobs: times of each count from its own begin, and that is said', async () => {
  const job = (file: string): string =>
    `fio version 3 iolog\n100 ${file} open\n200 ${file} write 0 4096\n300 ${file} close\n`;
  const said = async (text: string) =>
    (await readFormat(fioIolog, text)).trace.issues.filter(({ code }) => code === 'assumed-jobs');
  expect(await said(job('a'))).toEqual([]);
  expect(await said(job('a') + job('b') + job('c'))).toMatchObject([{ count: 2, row: 5 }]);
});

test('syncfs of later versions is a sync of the file as well', async () => {
  const { trace } = await readFormat(fioIolog, 'fio version 3 iolog\n1 a open\n2 a syncfs 0 0\n3 a close\n');
  expect(ops(trace)).toEqual(['open', 'fsync', 'close']);
  expect(trace.issues).toEqual([]);
});

test("fio's logs of latencies are no recording, and what to do is said", () => {
  const advice = (text: string): string => fioIolog.advice!(Buffer.from(text));
  for (const log of [
    '1, 1222572, 0, 4096, 0\n5, 2795917, 1, 4096, 0\n',
    '1, 12, 0, 4096, 0x2000, 0\n',
    '2, 3367, 0, 4096\n',
  ])
    expect(advice(log)).toContain('--write_iolog=FILE');
  for (const other of ['1, 2, 3, 4\n', '1, 12, 0, 4096, 0\ntime,op\n', '']) expect(advice(other)).toBe('');
});
