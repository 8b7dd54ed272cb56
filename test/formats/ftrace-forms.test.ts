// One buffer of the kernel printed in every form that tracefs and trace-cmd have: the same operations, or a clear refusal.
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ftraceText } from '../../src/formats/ftrace-text.js';
import type { Trace } from '../../src/model/trace.js';
import { formats } from '../../src/trace/recognise.js';
import { bundled, content } from '../kernel/recordings.js';
import { facts, head, type Operation, operations, readAs } from './support.js';

const folder = join(bundled, '..');
const story = (form: string): Buffer => content(join(folder, 'tracefs', `story.${form}.txt.gz`));
const leases = (form: string): Buffer => content(join(folder, 'trace-dat', `leases-xfs-dax.report${form}.txt.gz`));

const read = async (bytes: Buffer): Promise<Trace> => {
  const { trace, whole } = await readAs(ftraceText, bytes);
  expect(whole).toBe(true);
  return trace;
};
/** Names of tasks are cut after eight characters in the latency format. */
const told = (trace: Trace): Omit<Operation, 'latencyNs'>[] =>
  operations(trace).map(({ latencyNs: _, ...one }) => ({ ...one, task: one.task.slice(0, 8) }));
/** Where stamps are microseconds a duration may be one more or less. */
function alike(shown: Trace, expected: Trace): void {
  expect(told(shown)).toEqual(told(expected));
  const other = operations(expected);
  for (const [i, { latencyNs }] of operations(shown).entries())
    if (!Number.isNaN(latencyNs)) expect(Math.abs(latencyNs - other[i]!.latencyNs)).toBeLessThanOrEqual(1000);
}
const stamps = ({ records }: Trace): number[] =>
  Array.from({ length: records.rows }, (_, i) => records.timeNs[i]! - records.timeNs[0]!);

describe('tracefs, one buffer read with other options', () => {
  test.each(['fields', 'verbose', 'latency-format', 'latency-fields', 'latency-verbose', 'no-irq-info', 'no-tgid'])(
    '%s',
    async (form) => {
      const expected = await read(story('default'));
      const shown = await read(story(form));
      expect(told(expected).length).toBe(48);
      alike(shown, expected);
      expect(shown.sources[0]).toMatchObject({ records: 498, typed: 498, generic: 0 });
      const times = stamps(expected);
      expect(stamps(shown).filter((ns, i) => Math.abs(ns - times[i]!) > 1000)).toEqual([]);
      expect(shown.tasks.map(({ tid }) => tid)).toEqual(expected.tasks.map(({ tid }) => tid));
      const relative = shown.issues.some(({ code }) => code === 'relative-stamps');
      expect(relative).toBe(/^latency-f/.test(form));
      if (!relative) expect(shown.originNs).toBe(expected.originNs);
      expect(shown.issues.filter(({ code }) => /unreadable|path-pointer/.test(code))).toEqual([]);
    },
  );

  test('fields of one byte, which Linux 6.18 shows in decimal alone', async () => {
    const lines = (status: (bits: number, word: string) => string): string =>
      [
        ['es [0/4294967295) mapped 0', 'lblk=0x0 (0) len=0xffffffff (-1) pblk=0x0 (0)', 8, 'H'] as const,
        ['es [0/2) mapped 6228987', 'lblk=0x0 (0) len=0x2 (2) pblk=0x5f0bfb (6228987)', 1, 'W'] as const,
        ['es [2/1) mapped 6228989', 'lblk=0x2 (2) len=0x1 (1) pblk=0x5f0bfd (6228989)', 18, 'UR'] as const,
      ]
        .map(([words, named, bits, word], i) => {
          const shown = status(bits, word);
          const inode = shown.startsWith('=')
            ? `dev=0xfe00000 (266338304) ino=0x17c046 (1556550) ${named}`
            : `dev 254,0 ino 1556550 ${words}`;
          return `  dd-29634   [000] ..... 75626.32170${i}: ext4_es_insert_extent: ${inode} status${shown}\n`;
        })
        .join('');
    const expected = await read(Buffer.from(`# tracer: nop\n#\n${lines((_, word) => ` ${word}`)}`));
    const shown = await read(Buffer.from(`# tracer: nop\n#\n${lines((bits) => `=(${bits})`)}`));
    expect(facts(expected)[0]).toMatchObject({ 0: 'map_remove' });
    expect(facts(shown)).toEqual(facts(expected));
  });

  test.each(['', '  360.774522 |  '])('calls that function_graph draws: refused, with what to do', async (time) => {
    const lines = ['# tracer: function_graph', '#', '# CPU  DURATION                  FUNCTION CALLS', '# |     |   |'];
    const drawn = [
      ' 0)               |  sys_open() {',
      ' 0)   0.668 us    |    _spin_lock();',
      ' 1) ! 123.45 us   |    /* block_rq_issue: 8,0 W 4096 () 800 + 8 [dd] */',
    ];
    const change = [' ------------------------------------------', ' 0)   bash-1507    =>    dd-1508   '];
    const text = [...lines, ...drawn.map((line) => time + line), ...change, change[0], '', ''].join('\n');
    const { trace, whole } = await readAs(ftraceText, text);
    expect(whole).toBe(false);
    expect(trace.sources[0]!.records).toBe(0);
    expect(trace.issues).toMatchObject([{ code: 'unreadable-form', count: 6 }]);
    expect(trace.issues[0]!.text).toContain('write nop into current_tracer');
  });

  test.each([
    ['hex', 'option hex to 0'],
    ['bin', 'option bin to 0'],
    ['no-context-info', 'option context-info to 1'],
  ])('%s holds nothing that can be used: refused, with what to do', async (form, advice) => {
    const { trace, whole } = await readAs(ftraceText, story(form));
    expect(whole).toBe(false);
    expect(trace.sources[0]!.records).toBe(0);
    expect(trace.issues.find(({ code }) => code === 'unreadable-form')!.text).toContain(advice);
  });

  test('what the buffer overwrote before it was read is told by the latency header as well', async () => {
    const text = story('latency-format').toString('utf8').replace('#498/498', '#498/5498');
    const { trace } = await readAs(ftraceText, text);
    expect(trace.sources[0]!.lost).toMatchObject([{ cpu: -1, count: 5000 }]);
  });
});

describe('trace-cmd report, one recording', () => {
  test.each(['-l', '-ts-diff', '-R', '-R-l'])('report %s', async (form) => {
    const expected = await read(leases(''));
    const shown = await read(leases(form));
    expect(told(expected).length).toBeGreaterThan(100);
    alike(shown, expected);
    const { records, typed } = expected.sources[0]!;
    expect(shown.sources[0]).toMatchObject({ records, typed });
  });
});

test('report -R prints numbers of bits where others print words: the states of ext4 extents and who writes', async () => {
  const told = async (...lines: string[]) => {
    const text = lines.map((line, i) => `fio-5382  [001] 48291.57815${i}662: ${line}\n`).join('');
    return facts(await read(Buffer.from(`cpus=2\n${text}`)));
  };
  const words = await told(
    'ext4_es_insert_delayed_extent: dev 7,1 ino 12 es [0/1) mapped 0 status D allocated 0 0',
    'ext4_es_insert_extent: dev 7,1 ino 12 es [0/1024) mapped 9217 status W',
    'ext4_es_insert_extent: dev 7,1 ino 12 es [2048/8) mapped 9917 status UR',
    'ext4_es_insert_extent: dev 7,1 ino 12 es [1024/4294966271) mapped 576460752303423487 status H',
    'iomap_dio_rw_begin: dev 7:1 ino 0xc size 0x100000 offset 0x78000 length 0x4000 done_before 0x0 flags DIRECT|WRITE|AIO_RW dio_flags  aio 1',
    'iomap_dio_complete: dev 7:1 ino 0xc size 0x100000 offset 0x7c000 flags DIRECT|AIO_RW aio 1 error 0 ret 16384',
  );
  const numbers = await told(
    'ext4_es_insert_delayed_extent:  dev=7340033 ino=12 lblk=0 len=1 pblk=0 status=4 lclu_allocated=0 end_allocated=0',
    'ext4_es_insert_extent:  dev=7340033 ino=12 lblk=0 len=1024 pblk=9217 status=1',
    'ext4_es_insert_extent:  dev=7340033 ino=12 lblk=2048 len=8 pblk=9917 status=18',
    'ext4_es_insert_extent:  dev=7340033 ino=12 lblk=1024 len=4294966271 pblk=576460752303423487 status=8',
    'iomap_dio_rw_begin:    dev=7340033 ino=0xc isize=0x100000 pos=0x78000 count=0x4000 done_before=0x0 ki_flags=8781824 dio_flags=0 aio=1',
    'iomap_dio_complete:    dev=7340033 ino=0xc isize=0x100000 pos=0x7c000 ki_flags=8519680 aio=1 error=0 ret=16384',
  );
  expect(numbers).toEqual(words);
  expect(words.flat()).toEqual(expect.arrayContaining(['write', 'map_insert', 'map_remove']));
});

test('functions of the function tracer that are named as events are none', async () => {
  const expected = await read(story('default'));
  const lines = story('default').toString('utf8').split('\n');
  // As trace_fn_trace (kernel/trace/trace_output.c) prints them: the function, and who called it.
  const entries = lines.map((line) => line.replace(/^(.*\d: )([a-z]\w*): .*$/, '$1$2 <-vfs_create'));
  const shown = await read(Buffer.from(lines.flatMap((line, i) => [...new Set([line, entries[i]!])]).join('\n')));
  const { records, typed, generic } = shown.sources[0]!;
  expect(generic).toBeGreaterThan(300);
  expect({ records, typed }).toEqual({ records: 498 + generic, typed: 498 });
  expect(told(shown)).toEqual(told(expected));
  expect(shown.files).toEqual(expected.files);
});

test.each([
  ['perf probe', '(ext4_punch_hole+0x0/0x4d0) a=0x1'],
  ['its return', '(ext4_fallocate+0x1/0x2 <- ext4_punch_hole) ret=0x0'],
  ['report -R', '__probe_ip=ffffffff814c2731 a=0x1'],
])('probes that are called as tracepoints are none: %s', async (_, values) => {
  const text = leases('')
    .toString('utf8')
    .replace(/^(.*\d: )([a-z]\w*): .*$/gm, `$1$2: ${values}`);
  const { records } = (await read(leases(''))).sources[0]!;
  const shown = await read(Buffer.from(text));
  expect(operations(shown)).toEqual([]);
  expect(shown.files).toEqual([]);
  expect(shown.sources[0]).toMatchObject({ records, typed: 0 });
});

describe('what trace-cmd report prints besides one buffer', () => {
  /** Names before the columns, as those of files (set to one width) and of instances are. */
  const named = (form: string, ...names: string[]): string => {
    const [header, ...lines] = leases(form).toString('utf8').trimEnd().split('\n');
    return [`  run.dat: ${header}`, ...lines.map((line, i) => `${names[i % names.length]}: ${line}`), ''].join('\n');
  };

  test.each(['', '-R', '-l', '-ts-diff'])('several files and instances: report %s', async (form) => {
    const text = named(form, '  run.dat', 'lease.dat', 'lease.dat: inst', '  my run.dat', 'inst');
    expect(formats.filter((one) => one.sniff(head(Buffer.from(text)))).map(({ name }) => name)).toEqual([
      'ftrace-text',
    ]);
    const expected = await read(leases(form));
    const shown = await read(Buffer.from(text));
    expect(operations(shown)).toEqual(operations(expected));
    expect(shown.tasks).toEqual(expected.tasks);
    expect(shown.issues).toEqual(expected.issues);
  });

  test('a name of eight bytes in the latency format leaves one space behind an instance', async () => {
    const line = 'inst: rcu_pree-15      1d..2. 47748.280143: sched_stat_runtime:   comm=rcu_preempt pid=15\n';
    const trace = await read(Buffer.from(line));
    expect(trace.sources[0]!.records).toBe(1);
    expect(trace.tasks.map(({ tid, name }) => [tid, name])).toEqual([[15, 'rcu_pree']]);
  });

  test.each([
    ['frames of stacks (record -T)', '=> ftrace_syscall_exit (ffffffff814c2731)'],
    ["frames of the user's stacks", '\t=> /usr/lib/x86_64-linux-gnu/libc.so.6[+0xf9c10]'],
    ['report --boundary', 'CPU:1 [SUBBUFFER START]'],
    ['report -w', 'Average wakeup latency: 43.107 usecs'],
    ['report -w, at its end', 'Maximum Latency: 69.171 usecs at timestamp: 24020.194374\n\nRT task timings:\n'],
    ['report --debug', 'CPU:1 [SUBBUFFER START] [47013018602979:0x15000]'],
  ])('%s: no lines that cannot be read, and no part of a name', async (_, between) => {
    const text = leases('').toString('utf8').replaceAll('\n', `\n${between}\n`);
    const shown = await read(Buffer.from(text));
    expect(operations(shown)).toEqual(operations(await read(leases(''))));
    expect(shown.issues.filter(({ code }) => /unreadable|name-goes-on/.test(code))).toEqual([]);
  });
});

const FORMS = [
  ...['default', 'fields', 'latency-format', 'latency-fields', 'latency-verbose', 'hex', 'no-context-info'].map(story),
  ...['-l', '-ts-diff', '-R-l'].map(leases),
];
test.each(FORMS.map((bytes, i) => [i, bytes] as const))('form %i is recognised as one format', (_, bytes) => {
  expect(formats.filter((one) => one.sniff(head(bytes))).map(({ name }) => name)).toEqual(['ftrace-text']);
});

test('lines of the latency format without the header are recognised as well', () => {
  for (const bytes of [leases('-l'), leases('-R-l')]) {
    const lines = bytes.toString('utf8').split('\n').slice(1).join('\n');
    expect(formats.filter((one) => one.sniff(head(Buffer.from(lines)))).map(({ name }) => name)).toEqual([
      'ftrace-text',
    ]);
  }
});

test.each([7, 4096])('pieces of %i bytes give the same, names that run over a line end too', async (size) => {
  for (const bytes of [story('latency-format'), leases('-R')]) {
    const { trace, whole } = await readAs(ftraceText, bytes, size);
    expect(whole).toBe(true);
    expect(operations(trace)).toEqual(operations(await read(bytes)));
  }
});
