// Lines with a run of one character: a pattern that is tried in each place of it takes minutes for one of 1 MB, and one that can part it
// in several ways never ends. Both would be a way to keep the reader of a foreign recording busy.
import { expect, test } from 'vitest';
import * as registry from '../../src/formats/index.js';
import { labelsOf } from '../../src/formats/print-labels.js';
import { headerFields, parseTracepointFormat } from '../../src/formats/tracepoint-format.js';
import type { Format } from '../../src/model/trace.js';
import { readFormat } from '../support/read-format.js';

const { bpftrace, csv, ftraceText, ndjsonTable, perfScript, strace } = registry;

/** A pattern that tries each place takes more than a minute for it, any other some milliseconds. */
const LONG = 300_000;
const HANG_MS = 10_000;
const run = (unit: string, length = LONG): string => unit.repeat(length / unit.length);

async function milliseconds(act: () => unknown): Promise<number> {
  const began = performance.now();
  await act();
  return performance.now() - began;
}

const BEGINNINGS = [
  ['blanks', run(' ', 65_536)],
  ['tabs', run('\t', 65_536)],
  ['a name of many parts', `dd 1 a${run('/', 100)}`],
  ['digits', run('1', 65_536)],
  ['texts that do not end', run('\\"', 65_536)],
] as const;
test.each(BEGINNINGS)('what begins with %s is recognised or not, and soon', async (_, text) => {
  for (const format of Object.values(registry))
    expect(await milliseconds(() => format.sniff(Buffer.from(text))), format.name).toBeLessThan(HANG_MS);
});

const FTRACE = '         dd-6772  [001] 11837.093535940: xfs_lookup:           dev 7:0 dp ino 0x40 name base.dat';
const STRACE = '6053  1795479896.036294 brk(NULL)       = 0x5593f5071000 <0.000011>';
const PERF =
  '        dd  6441 [001]  2299.525059592: PERF_RECORD_MMAP2 6441/6441: [0x24(0x7f) @ 0 00:1 1 1]: r-xp /bin/dd';
const BPFTRACE = '2314159929997\t0\t6997\t6997\tdd\tpage_fault_user\t-\t-\taddress=0x7ffe5429fd50 error_code=0x6';
const LINES: readonly (readonly [format: Format, line: string, before: string, unit: string])[] = [
  [ftraceText, FTRACE, '         dd', '\t'],
  [ftraceText, FTRACE, '[001]', ' '],
  [ftraceText, FTRACE, 'xfs_lookup', ' '],
  [strace, STRACE, '6053', ' '],
  [strace, STRACE, 'brk(NULL)', '\t'],
  [strace, STRACE, '= 0x', ' '],
  [perfScript, PERF, '6441 [', '\t'],
  [perfScript, PERF, '6441: [', ' '],
  [bpftrace, BPFTRACE, 'address', 'A'],
  [ndjsonTable, '{"time":1,"op":"read","off":0,"len":11111111111111111111-}', '1111-}', '1'],
];
const NAMED = LINES.map((one) => [one[0].name, ...one] as const);
test.each(NAMED)('%s: a line that is long somewhere (%#)', async (_, format, line, before, unit) => {
  const at = line.indexOf(before);
  const text = `${line}\n${line.slice(0, at)}${run(unit)}${line.slice(at)}\n${line}\n`;
  expect(await milliseconds(() => readFormat(format, text))).toBeLessThan(HANG_MS);
});

test('a task whose number nothing can hold has none', async () => {
  const { trace } = await readFormat(ftraceText, FTRACE.replace('6772', run('9', 400)));
  expect(trace.tasks.map(({ pid, tid }) => [pid, tid])).toEqual([[-1, -1]]);
});

test('quotes within a cell of a table, one after the other', async () => {
  const rows = `time,op,off,len\n1,read,0,4096\n2,read,0,a${run('" ')}\n`;
  expect(await milliseconds(() => readFormat(csv, rows))).toBeLessThan(HANG_MS);
});

const event = (field: string, print = '"%d", REC->state'): string =>
  `name: x\nID: 7\nformat:\n\tfield:${field};\toffset:0;\tsize:4;\tsigned:0;\n\nprint fmt: ${print}\n`;
const FORMATS = [
  ['a name', event(`int ${run('a')}`)],
  ['blanks before it', event(`${run(' ')}int x`)],
  ['empty lines', event(`int x;\toffset:0;${run('\n')}`)],
  ['blanks in a table', event('int state', `"%s", __print_flags(REC->state, "|", {${run(' ')}1, "a" })`)],
] as const;
test.each(FORMATS)('a format file with %s without end', async (_, text) => {
  const read = (): void => {
    headerFields(text);
    labelsOf(parseTracepointFormat(text)!.print, 'state');
  };
  expect(await milliseconds(read)).toBeLessThan(HANG_MS);
});
