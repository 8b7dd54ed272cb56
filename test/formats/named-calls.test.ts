// Calls by name as kernels of several ages print them: hex without 0x before Linux 6.18, what pointers point at and flags by name
// from 6.19 on (kernel/trace/trace_syscalls.c).
import { describe, expect, test } from 'vitest';
import { ftraceText } from '../../src/formats/ftrace-text.js';
import { perfScript } from '../../src/formats/perf-script.js';
import type { Format } from '../../src/model/trace.js';
import { operations, readAs } from './support.js';

type Line = (us: number, event: string) => string;
const tracefs: Line = (us, event) => `  cp-77      [003] .....    10.${String(us).padStart(6, '0')}: ${event}\n`;
const perf: Line = (us, event) => `cp    77 [003]    10.${String(us).padStart(6, '0')}: ${event}\n`;

const text = (line: Line, calls: readonly (readonly [string, string])[]): string =>
  calls.map(([enter, exit], i) => line(2 * i, enter) + line(2 * i + 1, exit)).join('');
const exits = ['openat 5', 'pwrite64 1000', 'ftruncate 0', 'close 0'].map((exit) => exit.split(' '));

/** O_WRONLY, O_CREAT, O_TRUNC and O_DIRECT (0x4241); 4096 bytes at 8192; 4096 bytes are left. */
const ENTERS = {
  'Linux 6.1': [
    'sys_openat(dfd: ffffff9c, filename: 7f16a4b8d2c2, flags: 4241, mode: 1b6)',
    'sys_pwrite64(fd: 5, buf: 5646978d13c0, count: 1000, pos: 2000)',
    'sys_ftruncate(fd: 5, length: 1000)',
    'sys_close(fd: 5)',
  ],
  'Linux 6.18': [
    'sys_openat(dfd: 0xffffff9c, filename: 0x7f16a4b8d2c2, flags: 0x4241, mode: 0x1b6)',
    'sys_pwrite64(fd: 5, buf: 0x5646978d13c0, count: 0x1000, pos: 0x2000)',
    'sys_ftruncate(fd: 5, length: 0x1000)',
    'sys_close(fd: 5)',
  ],
  'Linux 6.19': [
    'sys_openat(dfd: 18446744073709551516, filename: 139734992278210 "/run/a "b, c", flags: O_WRONLY|O_CREAT|O_TRUNC|O_DIRECT, mode: 0666)',
    'sys_pwrite64(fd: 5, buf: 0x5646978d13c0 (68:69:00:29, ...) "hi.)"..., count: 0x1000, pos: 0x2000)',
    'sys_ftruncate(fd: 5, length: 0x1000)',
    'sys_close(fd: 5)',
  ],
  'Linux 6.19, with types': [
    'sys_openat(int dfd: 0xffffff9c, const char * filename: 0x7f16a4b8d2c2 "/run/a b", int flags: 0x4241, umode_t mode: 0x1b6)',
    'sys_pwrite64(unsigned int fd: 5, const char * buf: 0x5646978d13c0 (01:02:00:04), size_t count: 0x1000, loff_t pos: 0x2000)',
    'sys_ftruncate(unsigned int fd: 5, off_t length: 0x1000)',
    'sys_close(unsigned int fd: 5)',
  ],
} as const;
const PERF = [
  'syscalls:sys_enter_openat: dfd: 0xffffff9c, filename: 0x7f16a4b8d2c2 "/run/a b", flags: O_WRONLY|O_CREAT|O_TRUNC|O_DIRECT|0x100000, mode: 0666',
  'syscalls:sys_enter_pwrite64: fd: 0x00000005, buf: 0x5646978d13c0 (ARRAY[68, 69, 00, 29]), count: 0x00001000, pos: 0x00002000',
  'syscalls:sys_enter_ftruncate: fd: 0x00000005, length: 0x00001000',
  'syscalls:sys_enter_close: fd: 0x00000005',
];

async function told(format: Format, whole: string): Promise<string[]> {
  const { trace } = await readAs(format, whole);
  expect(trace.unpaired).toBe(0);
  return operations(trace)
    .filter(({ op }) => op !== 'close')
    .map(({ op, offset, length, flags }) => `${op} ${offset} ${length}: ${flags}`);
}
const EXPECTED = ['open -1 -1: write direct trunc', 'write 8192 4096: direct', 'truncate 0 4096: '];

describe('calls by name', () => {
  test.each(Object.entries(ENTERS))('in tracefs of %s', async (_, enters) => {
    const calls = enters.map((enter, i) => [enter, `sys_${exits[i]![0]} -> 0x${exits[i]![1]}`] as const);
    expect(await told(ftraceText, text(tracefs, calls))).toEqual(EXPECTED);
  });

  test.each(['x86_64', 'aarch64', 'ppc64le'])('in perf script of Linux 6.19 on %s', async (machine) => {
    const calls = PERF.map((enter, i) => [enter, `syscalls:sys_exit_${exits[i]![0]}: 0x${exits[i]![1]}`] as const);
    const head = `# ========\n# arch : ${machine}\n# ========\n#\n`;
    expect(await told(perfScript, head + text(perf, calls))).toEqual(EXPECTED);
  });
});

test.each([
  [
    'ftrace',
    ftraceText,
    (name: string, ret: string) =>
      `  a-7 [000] 5.000001: sys_enter_${name}: fd: 0x3\n  a-7 [000] 5.000002: sys_exit_${name}: ${ret}\n`,
  ],
  [
    'perf',
    perfScript,
    (name: string, ret: string) =>
      `a 7 [000] 5.000001: syscalls:sys_enter_${name}: fd: 0x3\na 7 [000] 5.000002: syscalls:sys_exit_${name}: ${ret}\n`,
  ],
])('%s text of a 32-bit kernel: what it prints of an error is one', async (_, format, call) => {
  const result = async (name: string, ret: string): Promise<unknown> =>
    operations((await readAs(format, call(name, ret))).trace).map(({ result }) => result);
  expect(await result('fsync', '0xfffffffb')).toEqual([-5]);
  expect(await result('fsync', '0xfffffffffffffffb')).toEqual([-5]);
  expect(await result('fsync', '0x0')).toEqual([0]);
});
