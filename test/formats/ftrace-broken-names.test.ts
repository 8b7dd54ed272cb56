// Names of files with line breaks in them: ftrace's text prints them as they are, over several lines.
import { describe, expect, test } from 'vitest';
import { ftraceText } from '../../src/formats/ftrace-text.js';
import { facts, type ReadResult, readFormat } from '../support/read-format.js';

/** A file is made, written, renamed, opened again and removed; its names hold `between`. */
function story(file: number, between: string): string[] {
  let us = file * 1000;
  const line = (event: string): string =>
    `              db-4711  [00${file % 2}] 12874.${String(us++).padStart(6, '0')}: ${event}`;
  const [name, other] = [`jour${between}nal-${file}`, `o${between}l${between}d-${file}`];
  const ino = `0x${(131 + file).toString(16)}`;
  const call = (name: string, args: string, ret: string, ...inside: string[]): string[] => [
    line(`sys_enter_${name}: ${args}`),
    ...inside.map(line),
    line(`sys_exit_${name}: ${ret}`),
  ];
  const open = (flags: string, of: string, event: string): string[] =>
    call(
      'openat',
      `dfd: 0xffffff9c, filename: 0x7f00, flags: ${flags}, mode: 0x1ff`,
      '0x3',
      `xfs_lookup: dev 7:0 dp ino 0x80 name ${of}`,
      ...(event === '' ? [] : [`${event}: dev 7:0 dp ino 0x80 name ${of}`]),
    );
  const write = call(
    'write',
    'fd: 0x00000003, buf: 0x7f10, count: 0x00002328',
    '0x2328',
    `xfs_file_buffered_write: dev 7:0 ino ${ino} disize 0x0 pos 0x0 bytecount 0x2328`,
  );
  return [
    ...open('0x00080042', name, 'xfs_create'),
    ...write,
    ...call('close', 'fd: 0x00000003', '0x0'),
    ...call(
      'rename',
      'oldname: 0x7f20, newname: 0x7f30',
      '0x0',
      `xfs_rename: dev 7:0 src dp ino 0x80 target dp ino 0x80 src name ${name} target name ${other}`,
    ),
    ...open('0x00080002', other, ''),
    ...write,
    ...call('close', 'fd: 0x00000003', '0x0'),
    ...call('unlink', 'pathname: 0x7f40', '0x0', `xfs_remove: dev 7:0 dp ino 0x80 name ${other}`),
  ];
}

const FILES = 40;
const textOf = (between: string): string =>
  `${Array.from({ length: FILES }, (_, file) => story(file, between))
    .flat()
    .join('\n')}\n`;
const read = (between: string, chunk?: number): Promise<ReadResult> =>
  readFormat(ftraceText, textOf(between), undefined, chunk);
const said = ({ trace, intact }: ReadResult) => ({
  intact,
  facts: JSON.stringify(facts(trace)).replaceAll('\\n', '_'),
  sources: trace.sources.map(({ records, typed }) => [records, typed]),
});

describe.each([
  [1, '\n'],
  [1000, '\n'],
  [Number.POSITIVE_INFINITY, '\n'],
  [Number.POSITIVE_INFINITY, '\n\n'],
])('in pieces of %d bytes, %j', (chunk, between) => {
  test('every operation is that of names without', async () => {
    const broken = await read(between, chunk);
    expect(said(broken)).toEqual(said(await read('_'.repeat(between.length))));
    expect(broken.trace.issues).toMatchObject([{ code: 'name-goes-on', count: expect.any(Number), row: 3 }]);
    expect(broken.trace.issues[0]!.text).toMatch(/found "(nal-0)?" behind one that tells a name/);
  });
});

describe.each([1, 50, 1000, Number.POSITIVE_INFINITY])('in pieces of %d bytes', (chunk) => {
  test.each(['\n', '\n\n'])('a name that ends in %j keeps its end', async (end) => {
    const named = (tail: string): string => textOf('_').replaceAll(/(-|d-)(\d+)$/gm, `$1$2${tail}`);
    const broken = await readFormat(ftraceText, named(end), undefined, chunk);
    const plain = await readFormat(ftraceText, named('_'.repeat(end.length)));
    expect(said(broken)).toEqual(said(plain));
    expect(broken.trace.files[0]!.path.endsWith(end)).toBe(true);
  });
});

test('rows are the lines where records begin', async () => {
  const { trace } = await read('\n');
  const lines = textOf('\n').split('\n');
  const begins = [...trace.records.row].map((row) => /^ +db-4711/.test(lines[row - 1]!));
  expect(begins.every(Boolean)).toBe(true);
  expect(new Set(trace.records.row).size).toBe(trace.records.rows);
});

test('empty lines between records and behind them are nothing', async () => {
  const lines = story(0, '_');
  const { trace } = await readFormat(ftraceText, `${lines.join('\n\n')}\n${'\n'.repeat(300_000)}`);
  expect(trace.files).toEqual((await readFormat(ftraceText, `${lines.join('\n')}\n`)).trace.files);
  expect(trace.issues.filter(({ code }) => /line|name/.test(code))).toEqual([]);
});

test('what is no rest of a name is not taken for one', async () => {
  const [first, second, ...rest] = story(0, '_');
  for (const [odd, code] of [
    ['xfs_create: dev 7:0 dp ino', 'unreadable-line'],
    ['[001] 12874.000001: xfs_lookup: dev 7:0', 'unreadable-line'],
    ['   cut', 'unreadable-line'],
    ['\u0001\u0002', 'unreadable-line'],
    ['# tracer: nop', ''],
    ['CPU:1 [LOST 7 EVENTS]', ''],
  ] as const) {
    const { trace } = await readFormat(ftraceText, `${[first, second, odd, ...rest].join('\n')}\n`);
    const { trace: without } = await readFormat(ftraceText, `${[first, second, ...rest].join('\n')}\n`);
    expect(trace.files).toEqual(without.files);
    expect(trace.issues.filter((issue) => /line|name/.test(issue.code)).map((issue) => issue.code)).toEqual(
      code === '' ? [] : [code],
    );
  }
});

test('lines without end behind a name are not held without end', async () => {
  const [first, second] = story(0, '_');
  const odd = 'x'.repeat(100);
  const { trace } = await readFormat(ftraceText, `${first}\n${second}\n${`${odd}\n`.repeat(50_000)}`, undefined, 4096);
  const counts = Object.fromEntries(trace.issues.map(({ code, count }) => [code, count]));
  expect(counts['name-goes-on']! + counts['unreadable-line']!).toBe(50_000);
  expect(counts['name-goes-on']).toBeLessThan(100);
});

test.each([1, 50, Number.POSITIVE_INFINITY])(
  'in pieces of %d bytes: what report -R prints behind a name whose length it tells is no damage',
  async (chunk) => {
    // As trace-cmd 3.1.6 prints records of XFS, whose names no zero ends.
    const lines = (behind: string, inside: string): string[] => [
      `           churn-21549 [001] 1796069080.604629: xfs_create:            dev=7340032 dp_ino=0x80140 namelen=4 name=f0-1${behind}`,
      `           churn-21549 [001] 1796069080.604630: xfs_lookup:            dev=7340032 dp_ino=0x80140 namelen=4 name=f0-1${behind}`,
      `           churn-21549 [001] 1796069080.604651: xfs_dir2_sf_lookup:    dev=7340032 ino=0x80140 name=f0-0${inside} namelen=4 hashval=0xccc16b0 inumber=0x0 op_flags=8 owner=0x80140`,
      '           churn-21549 [001] 1796069080.604652: xfs_iunlock:           dev=7340032 ino=0x80140 lock_flags=8 caller_ip=xfs_dir_lookup+0x107',
    ];
    const textOf = (behind: string, inside: string): string => `cpus=2\n${lines(behind, inside).join('\n')}\n`;
    const [odd, plain] = await Promise.all([
      readFormat(ftraceText, textOf('\n\u0014', '\n\u0014'), undefined, chunk),
      readFormat(ftraceText, textOf('', '')),
    ]);
    expect(said(odd)).toEqual(said(plain));
    expect(odd.intact).toEqual([true]);
    expect(odd.trace.issues.map(({ code }) => code)).toEqual(plain.trace.issues.map(({ code }) => code));
  },
);
