// tracefs' `trace_pipe` has no header: it is known by its lines.
import { describe, expect, test } from 'vitest';
import { ftraceText } from '../../src/formats/ftrace-text.js';
import { formats } from '../../src/trace/recognise.js';
import { head, readAs } from './support.js';

test('trace_pipe with the option raw', async () => {
  const text = '16209 0 29684718889421 type: 1255\n16209 0 29684718951268 type: 1255\n';
  expect(ftraceText.sniff(head(text))).toBe(true);
  const { trace, whole } = await readAs(ftraceText, text);
  expect(whole).toBe(true);
  expect(trace.sources[0]).toMatchObject({ records: 2, generic: 2 });
  expect(trace.issues.map((issue) => issue.text).join('\n')).toContain('set the tracefs option raw to 0');
});

describe('kernels with PREEMPT_RT have flags of their own: need-resched-lazy, preempt-lazy-depth, migrate-disable', () => {
  const of = (text: string): string[] => formats.filter((format) => format.sniff(head(text))).map(({ name }) => name);

  test.each(['d..h1..', 'dN.h1...'])('trace_pipe with %s', async (flags) => {
    const line = (us: number, event: string): string => `      fio-1035    [005] ${flags}   548.00000${us}: ${event}\n`;
    const text =
      line(1, 'block_rq_issue: 259,0 W 4096 () 800 + 8 none,0,0 [fio]') +
      line(2, 'block_rq_complete: 259,0 W () 800 + 8 none,0,0 [0]');
    expect(of(text)).toEqual(['ftrace-text']);
    const { trace } = await readAs(ftraceText, text);
    expect(trace.sources[0]).toMatchObject({ records: 2, typed: 2 });
    expect(trace.issues.map(({ code }) => code)).not.toContain('unreadable-line');
    expect(of(`      fio-1035    [005] ${flags}   548.000001: 259,0    D   W 800 + 8 [fio]\n`)).toEqual(['blk-tracer']);
    expect(
      of(`     fio-1035      5${flags}    3us : block_rq_issue: 259,0 W 4096 () 800 + 8 none,0,0 [fio]\n`),
    ).toEqual(['ftrace-text']);
  });
});

test('a trace that was copied with blanks before its lines has no damage', async () => {
  const lines = [
    '# tracer: nop',
    '#',
    '# entries-in-buffer/entries-written: 1/3   #P:4',
    '#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION',
    '             fio-1035    [001] .....   548.000001: ext4_sync_file_exit: dev 7,0 ino 12 ret 0',
  ];
  const text = `\n${lines.map((line) => `    ${line}\n`).join('')}`;
  expect(ftraceText.sniff(head(text))).toBe(true);
  const { trace, whole } = await readAs(ftraceText, text);
  expect(whole).toBe(true);
  expect(trace.sources[0]).toMatchObject({ records: 1, typed: 1 });
  expect(trace.sources[0]!.lost).toMatchObject([{ count: 2 }]);
  expect(trace.issues.map(({ code }) => code)).not.toContain('unreadable-line');
});
