// One perf.data of traces/recipes/story.c printed in every form of perf script: the same operations, or a clear refusal.
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { perfScript } from '../../src/formats/perf-script.js';
import type { Trace } from '../../src/model/trace.js';
import { formats } from '../../src/trace/recognise.js';
import { bundled, content } from '../kernel/recordings.js';
import { head, type Operation, operations, readAs } from './support.js';

const script = (form: string): Buffer => content(join(bundled, '..', 'perf-script', `story.${form}.txt.gz`));
const told = (trace: Trace, cut: boolean): Omit<Operation, 'latencyNs'>[] =>
  operations(trace).map(({ latencyNs: _, ...one }) => ({ ...one, task: cut ? one.task.slice(0, 8) : one.task }));
const durations = (trace: Trace): number[] => operations(trace).map(({ latencyNs }) => latencyNs);
const span = ({ records }: Trace): number => records.timeNs[records.rows - 1]! - records.timeNs[0]!;

/** Microseconds that a duration may differ: rounding, and what each difference is cut short by. */
const FORMS: readonly (readonly [form: string, us: number])[] = [
  ['ns', 1],
  ['reltime', 1],
  ['deltatime', 60],
  ['deltatime-ns', 1],
  ['latency', 0],
  ['tod', 0],
  ['addr', 0],
  ['ip-sym', 0],
  ['no-cpu', 0],
];

test.each(FORMS)('%s tells what the default form tells', async (form, us) => {
  const expected = (await readAs(perfScript, script('default'))).trace;
  const { trace: shown, whole } = await readAs(perfScript, script(form));
  expect(whole).toBe(true);
  expect(shown.sources[0]).toMatchObject({ records: 480, typed: 480, generic: 0 });
  const cut = form === 'latency';
  expect(told(expected, false).length).toBe(48);
  expect(told(shown, cut)).toEqual(told(expected, cut));
  const times = durations(expected);
  const far = durations(shown).filter(
    (ns, i) => Math.abs(ns - times[i]!) > us * 1000 || Number.isNaN(ns) !== Number.isNaN(times[i]!),
  );
  expect(far).toEqual([]);
  expect(shown.issues.filter(({ code }) => code !== 'relative-stamps')).toEqual(expected.issues);
});

test('stamps that count from elsewhere are told, and summed to the same span', async () => {
  const clock = (await readAs(perfScript, script('ns'))).trace;
  for (const form of ['reltime', 'deltatime', 'deltatime-ns']) {
    const { trace } = await readAs(perfScript, script(form));
    expect(trace.issues.map(({ code }) => code)).toContain('relative-stamps');
    expect(trace.originNs).toBe(0n);
    const short = span(clock) - span(trace);
    if (form === 'deltatime-ns') expect(short).toBe(0);
    // A microsecond short at most for each of the 480 differences.
    else expect(short).toBeGreaterThanOrEqual(0);
    expect(short).toBeLessThan(form === 'deltatime' ? 480_000 : 1000);
  }
  expect(clock.issues.map(({ code }) => code)).not.toContain('relative-stamps');
});

describe('forms that leave out what tells what happened are refused, with what to do', () => {
  test.each([
    ['no-tid', 'no-thread', 480, 'left out "tid"'],
    ['no-trace', 'no-fields', 480, 'left out "trace"'],
    ['no-event', 'no-event-name', 92, 'left out "event"'],
  ])('%s', async (form, code, count, advice) => {
    const { trace, whole } = await readAs(perfScript, script(form));
    expect(whole).toBe(false);
    const issue = trace.issues.find((one) => one.code === code)!;
    expect(issue.count).toBe(count);
    expect(issue.text).toContain(advice);
  });

  test('of time, event and trace alone as well', async () => {
    const text =
      '1.000000300: block:block_rq_issue: 259,0 W 4096 () 800 + 8 [dd]\n1.000000400: sched:sched_wakeup: comm=a pid=10 prio=120 target_cpu=2\n';
    expect(formats.filter((one) => one.sniff(head(text))).map(({ name }) => name)).toEqual(['perf-script']);
    const { trace, whole } = await readAs(perfScript, text);
    expect(whole).toBe(false);
    expect(trace.issues).toMatchObject([{ code: 'no-thread', count: 2 }]);
  });

  test('and make up no files', async () => {
    const { trace } = await readAs(perfScript, script('no-trace'));
    expect(trace.sources[0]).toMatchObject({ records: 480, typed: 480 });
    expect(trace.files).toEqual([]);
    expect(operations(trace)).toEqual([]);
  });
});

test.each([...FORMS.map(([form]) => form), 'default', 'no-tid', 'no-trace'])(
  '%s is recognised as one format',
  (form) => {
    expect(formats.filter((one) => one.sniff(head(script(form)))).map(({ name }) => name)).toEqual(['perf-script']);
  },
);

test('a short script by differences is known by its end', async () => {
  const lines = script('deltatime-ns').toString('utf8').split('\n');
  for (const count of [2, 3, 40]) {
    const { trace } = await readAs(perfScript, `${lines.slice(0, count).join('\n')}\n`);
    expect(trace.sources[0]!.records).toBe(count);
  }
});

/** perf record of one task alone, and perf script -F without time; made by hand after public ones. */
const UNTIMED = {
  'call chains behind a header':
    '# ========\n# perf version : 3.13.11\n# arch : x86_64\n# cmdline : /usr/bin/perf record -F 99 -p 15294 -g \n# ========\n#\nfunc_ab 15294 cpu-clock: \n\t          400570 func_b (/root/func_ab)\n\t          4005b1 main (/root/func_ab)\n\nfunc_ab 15294 cpu-clock: \n\t          400577 func_b (/root/func_ab)\n\n',
  'call chains alone':
    'node v011 31912/31920 cycles:u: \n            13a80b608e0a RegExp:[&<>\\"] (/tmp/perf-7539.map)\n             c6d7895aac9 LazyCompile:~body_0 a.js:1 (/tmp/perf-31912.map)\n\nnode v011 31912/31920 cycles:u: \n             c6d78255e68 RegExp:\\bFoo ?Bar (/tmp/perf-31912.map)\n',
  'tracepoints of a CPU':
    '       7/24066 [006] sched:sched_switch: prev_comm=true prev_pid=24066 prev_prio=120 prev_state=R ==> next_comm=a next_pid=1 next_prio=120\n\tffffffff817297f0 __schedule\n\n       7/24066 [006] sched:sched_wakeup: comm=a pid=1 prio=120 target_cpu=2\n',
  'addresses in the line':
    '            true 24066    1000000 cpu-clock:      7fb7ac735645 handle_amd+0x25 (/usr/lib/ld-linux.so.2)\n            true 24066    1000000 cpu-clock:  ffffffff8225fd19 pvm_irq_enable+0x19 ([kernel.kallsyms])\n',
};

describe('samples without times are counted, and said to have none', () => {
  test.each(Object.entries(UNTIMED))('%s', async (_, lines) => {
    const bytes = new TextEncoder().encode(lines);
    expect(formats.filter((one) => one.sniff(bytes)).map(({ name }) => name)).toEqual(['perf-script']);
    const { trace, whole } = await readAs(perfScript, lines, 7);
    expect(whole).toBe(true);
    expect(trace.sources[0]).toMatchObject({ records: 2, typed: 0, generic: 2 });
    expect(trace.issues).toMatchObject([{ code: 'no-time', count: 2 }]);
    expect(trace.tasks.map(({ tid, name }) => `${name}-${tid}`)).toEqual([
      expect.stringMatching(/^(func_ab-15294|node v011-31920|(true)?-24066)$/),
    ]);
  });
});
