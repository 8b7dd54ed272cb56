// Calls by their numbers (raw_syscalls): the same operations as by their names, in every form, and nothing where a number tells
// no call for sure.
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ftraceText } from '../../src/formats/ftrace-text.js';
import { perfData } from '../../src/formats/perf-data.js';
import { perfScript } from '../../src/formats/perf-script.js';
import { traceDat } from '../../src/formats/trace-dat.js';
import type { Trace } from '../../src/model/trace.js';
import { sealtrace } from '../cli/support.js';
import { content } from '../kernel/recordings.js';
import { operations, readAs } from './support.js';
import { Bytes, traceDatFile } from './trace-dat-writer.js';

const folder = join(import.meta.dirname, '..', '..', 'traces', 'perf');
const binary = content(join(folder, 'calls-twice.perf.data.gz'));
const printed = content(join(folder, 'calls-twice.script.txt.gz')).toString();
const lines = printed.split('\n');
const only = (event: RegExp): string =>
  lines
    .filter((line) => event.test(line))
    .join('\n')
    .concat('\n');

/** What calls did. */
const calls = (trace: Trace): unknown[] =>
  operations(trace)
    .filter(({ op }) => !['fork', 'exit', 'file'].includes(op))
    // The probes of one call have their own looks at the clock.
    .map(({ latencyNs, ...rest }) => rest);

const counts = (trace: Trace): Record<string, number> =>
  Object.fromEntries(trace.issues.map(({ code, count }) => [code, count]));

describe('a recording of calls by number and by name', () => {
  test('tells by either the same operations, and each once', async () => {
    const byName = (await readAs(perfScript, only(/ syscalls:/))).trace;
    const byNumber = (await readAs(perfScript, only(/ raw_syscalls:/))).trace;
    const both = (await readAs(perfScript, only(/syscalls:/))).trace;
    const expected = calls(byName);
    expect(expected.length).toBeGreaterThan(200);
    expect(calls(byNumber)).toEqual(expected);
    expect(calls(both)).toEqual(expected);
    expect(both.unpaired).toBe(byName.unpaired);
    expect(counts(byNumber)).toMatchObject({ 'assumed-call-numbers': 1, 'calls-before-sign': 1 });
  });

  test('counts every record, typed where its number is that of a call that is read', async () => {
    const { trace } = await readAs(perfScript, only(/ raw_syscalls:/));
    const [source] = trace.sources;
    expect(source!.records).toBe(lines.filter((line) => line.includes(' raw_syscalls:')).length);
    expect(source!.typed + source!.generic).toBe(source!.records);
    const names = trace.kinds.map(({ name, typed }) => `${name} ${typed}`);
    expect(names).toContain('sys_enter_openat true');
    expect(names).toContain('sys_enter false');
  });

  test('a binary recording states its machine: nothing is assumed, and the operations are the same', async () => {
    const { trace } = await readAs(perfData, binary);
    expect(trace.issues).toEqual([]);
    expect(calls(trace)).toEqual(calls((await readAs(perfScript, printed)).trace));
  });
});

const line = (us: number, text: string, task = 'dd-7'): string =>
  `${task.padStart(18)} [000] ..... 1.${String(us).padStart(6, '0')}: ${text}\n`;
const call = (us: number, id: number, args: string, ret: number, task?: string): string =>
  line(us, `sys_enter: NR ${id} (${args})`, task) + line(us + 5, `sys_exit: NR ${id} = ${ret}`, task);
const OPEN = 'ffffff9c, 7ffd1000, 2, 0, 0, 0'.replace('7ffd1000', '7ffd00001000');
const WRITE = '3, 7f0000001000, 1000, 2000, 0, 0';

describe('calls by number', () => {
  test('in ftrace text, decimal and hex, with pointers of any width', async () => {
    const { trace, whole } = await readAs(
      ftraceText,
      `${call(10, 257, OPEN, 3)}${call(20, 18, WRITE, 4096)}${call(30, 3, '3, 0, 0, 0, 0, 0', 0)}`,
    );
    expect(whole).toBe(true);
    expect(operations(trace).map(({ op, offset, length }) => [op, offset, length])).toEqual([
      ['open', -1, -1],
      ['write', 0x2000, 0x1000],
      ['close', -1, -1],
    ]);
    expect(operations(trace)[1]!.latencyNs).toBe(5000);
  });

  test('as trace-cmd report -R has them', async () => {
    const bytes = (...words: readonly bigint[]): string =>
      words
        .flatMap((word) => Array.from({ length: 8 }, (_, i) => (word >> BigInt(8 * i)) & 0xffn))
        .map((byte) => byte.toString(16).padStart(2, '0'))
        .join(', ');
    const text =
      line(1, `sys_enter: id=257 args=ARRAY[${bytes(0xffffffffffffff9cn, 0x7ffd00001000n, 2n, 0n, 0n, 0n)}]`) +
      line(2, 'sys_exit: id=257 ret=3') +
      line(3, `sys_enter: id=18 args=ARRAY[${bytes(3n, 0x7f0000001000n, 0x1000n, 0x2000n, 0n, 0n)}]`) +
      line(4, 'sys_exit: id=18 ret=-28');
    const found = operations((await readAs(ftraceText, text)).trace);
    expect(found.map(({ op, offset, result }) => [op, offset, result])).toEqual([
      ['open', -1, 0],
      ['write', 0x2000, -28],
    ]);
  });

  test('of arm64 by their arguments', async () => {
    const { trace } = await readAs(ftraceText, `${call(10, 56, OPEN, 3)}${call(20, 68, WRITE, 4096)}`);
    expect(operations(trace).map(({ op }) => op)).toEqual(['open', 'write']);
    expect(trace.issues.map(({ text }) => text).join()).toContain('those of arm64 and riscv');
  });

  test('before any tells of what machine they are, they are counted, and said to be', async () => {
    const { trace } = await readAs(
      ftraceText,
      `${call(1, 3, '3, 7f0000001000, 0, 0, 0, 0', 0)}${call(10, 257, OPEN, 3)}`,
    );
    expect(operations(trace).map(({ op }) => op)).toEqual(['open']);
    expect(counts(trace)).toEqual({ 'assumed-call-numbers': 1, 'calls-before-sign': 1 });
    expect(trace.sources[0]).toMatchObject({ records: 4, typed: 2, generic: 2 });
  });

  test('of a program that nothing tells to be of 64 bits are not guessed', async () => {
    const narrow = call(20, 3, '3, 8049000, 400, 0, 0, 0', 1024, 'old-9');
    const { trace } = await readAs(ftraceText, call(10, 257, OPEN, 3) + narrow);
    expect(operations(trace).map(({ task }) => task)).toEqual(['dd']);
    expect(counts(trace)).toEqual({ 'assumed-call-numbers': 1, 'calls-of-narrow-programs': 1 });
  });

  test('an exec that returns under the number of 32 bits begins such a program', async () => {
    const exec = line(20, 'sys_enter: NR 59 (7ffd00001000, 7ffd00002000, 7ffd00003000, 0, 0, 0)');
    const after = line(25, 'sys_exit: NR 11 = 0') + call(30, 3, '3, 8049000, 400, 0, 0, 0', 1024);
    const { trace } = await readAs(ftraceText, call(10, 257, OPEN, 3) + exec + after);
    expect(operations(trace).map(({ op }) => op)).toEqual(['open']);
    const again = line(40, 'sys_enter: NR 11 (8049000, 804a000, 804b000, 0, 0, 0)') + line(45, 'sys_exit: NR 59 = 0');
    const back = await readAs(
      ftraceText,
      call(10, 257, OPEN, 3) + exec + after + again + call(50, 3, '3, 0, 0, 0, 0, 0', 0),
    );
    expect(operations(back.trace).map(({ op }) => op)).toEqual(['open', 'close']);
  });

  test('told by name as well they are one call each, whichever probe came first', async () => {
    const names = (us: number): readonly string[] => [
      line(us, 'sys_pwrite64(fd: 0x3, buf: 0x7f0000001000, count: 0x1000, pos: 0x2000)'),
      line(us + 2, 'sys_pwrite64 -> 0x1000'),
    ];
    const numbers = (us: number): readonly string[] => [
      line(us, `sys_enter: NR 18 (${WRITE})`),
      line(us + 2, 'sys_exit: NR 18 = 4096'),
    ];
    for (const [first, second] of [
      [names, numbers],
      [numbers, names],
    ] as const) {
      // The same call again and again: only its return parts one from the next.
      const text = [10, 20, 30].flatMap((us) => [first(us)[0], second(us + 1)[0], first(us + 2)[1], second(us + 3)[1]]);
      const { trace } = await readAs(ftraceText, text.join(''));
      expect(operations(trace).map(({ op }) => op)).toEqual(['write', 'write', 'write']);
      expect(trace.unpaired).toBe(0);
      expect(trace.issues.map(({ code }) => code)).toEqual(['assumed-call-numbers']);
      expect(trace.sources[0]).toMatchObject({ records: 12, typed: 12 });
    }
  });

  test('whose arguments are not told are counted only', async () => {
    const text = line(1, 'sys_enter: id=0x1 (1) args=<INVALID-SIZE>') + line(2, 'sys_exit: id=0x1 (1) ret=0x2 (2)');
    const { trace } = await readAs(ftraceText, text);
    expect(trace.sources[0]).toMatchObject({ records: 2, generic: 2 });
    expect(counts(trace)).toEqual({ 'calls-without-arguments': 1 });
  });

  test.each([
    ['armv7l', 3, [], 'call-numbers-unknown'],
    ['aarch64', 63, ['read'], undefined],
    ['s390x', 3, ['read'], undefined],
    ['ppc64le', 3, ['read'], undefined],
  ])('of %s, as the header of perf script tells', async (machine, number, ops, issue) => {
    const sample = (event: string): string => `dd 7 [000] 1.000001000: raw_syscalls:${event}\n`;
    const text = `# ========\n# arch : ${machine}\n# cmdline : perf record\n#\n${sample(`sys_enter: NR ${number} (3, ffff80001000, 10, 0, 0, 0)`)}${sample(`sys_exit: NR ${number} = 16`)}`;
    const { trace } = await readAs(perfScript, text);
    expect(operations(trace).map(({ op }) => op)).toEqual(ops);
    expect(trace.issues[0]?.code).toBe(issue);
  });
});

test('what perf trace prints is not read: it is said how to record the same', async () => {
  const files = [
    '     0.010 ( 0.004 ms): cat/1234 openat(dfd: CWD, filename: 0x995810b1, flags: RDONLY|CLOEXEC)   = 4\n',
    '         ? (         ): bash/15448  ... [continued]: execve())    = 0\n',
    '4432776.542 ( 0.019 ms): my prog/15457 brk()    = 0x556464c45000\n',
    '     0.000 ( 0.000 ms): dd/15476 minfault [elf_load+0x28a] => 0x55cb87dd3328 (?k)\n',
    '     0.310 ( 0.016 ms): close(fd: 3)    = 0\n',
  ];
  for (const text of files) {
    const { code, err } = await sealtrace(['inspect', '-'], { stdin: text });
    expect(code).toBe(3);
    expect(err).toContain('perf trace record');
  }
  const other = await sealtrace(['inspect', '-'], { stdin: 'so (it) goes: on and on\n' });
  expect(other.err).not.toContain('perf trace record');
});

const COMMON =
  '\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n';
const FORMATS = [
  `name: sys_enter\nID: 40\nformat:\n${COMMON}\tfield:long id;\toffset:8;\tsize:8;\tsigned:1;\n\tfield:unsigned long args[6];\toffset:16;\tsize:48;\tsigned:0;\n\nprint fmt: "NR %ld"\n`,
  `name: sys_exit\nID: 41\nformat:\n${COMMON}\tfield:long id;\toffset:8;\tsize:8;\tsigned:1;\n\tfield:long ret;\toffset:16;\tsize:8;\tsigned:1;\n\nprint fmt: "NR %ld"\n`,
];

describe.each([true, false])('trace.dat, little endian: %s', (little) => {
  const record = (delta: number, event: number, ...words: readonly bigint[]) => {
    const out = new Bytes(little).int(2, event).int(2, 0).int(4, 7);
    for (const word of words) out.int(8, word);
    return { kind: 'record' as const, delta, bytes: out.all() };
  };
  const read = async (machine: string, open: bigint): Promise<Trace> => {
    const items = [
      record(10, 40, open, 0xffffffffffffff9cn, 0x7ffd00001000n, 2n, 0n, 0n, 0n),
      record(10, 41, open, 3n),
    ];
    const file = traceDatFile(
      {
        formats: FORMATS,
        comms: '7 dd\n',
        buffers: [{ name: '', clock: 'mono', cpus: [[{ time: 1000n, items }]] }],
        options: [[5, new TextEncoder().encode(`Linux vm 6.18.0 ${machine}\0`)]],
      },
      { version: 6, little, longSize: 8 },
    );
    return (await readAs(traceDat, file)).trace;
  };

  test.each([
    ['x86_64', 257n],
    ['aarch64', 56n],
    ['s390x', 288n],
    ['ppc64', 286n],
  ])('by the numbers of %s, as its uname says', async (machine, open) => {
    const trace = await read(machine, open);
    expect(operations(trace).map(({ op, task }) => [op, task])).toEqual([['open', 'dd']]);
    expect(trace.issues).toEqual([]);
  });
});
