// Flags of open files and commands of ioctl: numbered otherwise on arm and powerpc.
import { describe, expect, test } from 'vitest';
import { perfScript } from '../../src/formats/perf-script.js';
import { Flag, Op } from '../../src/model/events.js';
import { readAs } from './support.js';

const line = (us: number, event: string): string => `prog  7/7  [000]    10.${String(us).padStart(6, '0')}: ${event}\n`;
const call = (us: number, name: string, args: string, ret: string): string =>
  line(us, `syscalls:sys_enter_${name}: ${args}`) + line(us + 1, `syscalls:sys_exit_${name}: ${ret}`);
const read = (us: number): string =>
  call(us, 'pread64', 'fd: 0x00000003, buf: 0xffff8000, count: 0x00001000, pos: 0x00000000', '0x1000');
const opened = (flags: number): string =>
  call(
    10,
    'openat',
    `dfd: 0xffffff9c, filename: 0xaaaac0de0000, flags: 0x${flags.toString(16)}, mode: 0x00000000`,
    '0x3',
  );
const setFlags = (us: number, flags: number, command = 4): string =>
  call(us, 'fcntl', `fd: 0x00000003, cmd: 0x${command.toString(16)}, arg: 0x${flags.toString(16)}`, '0x0');

/** Which of the reads were direct. */
async function direct(text: string, machine = ''): Promise<boolean[]> {
  const head = machine === '' ? '' : `# ========\n# arch : ${machine}\n# ========\n#\n`;
  const { columns } = (await readAs(perfScript, head + text)).trace;
  const flags = [...columns.flags.subarray(0, columns.rows)];
  return flags.filter((_, i) => columns.length[i] === 4096).map((bits) => (bits & Flag.direct) !== 0);
}

describe('O_DIRECT', () => {
  test.each([
    ['x86_64', 0x4000, 0x10000],
    ['', 0x4000, 0x10000],
    ['riscv64', 0x4000, 0x10000],
    ['aarch64', 0x10000, 0x4000],
    ['armv7l', 0x10000, 0x4000],
    ['ppc64le', 0x20000, 0x4000],
  ])('of %j is 0x%x, and 0x%x a directory', async (machine, flag, directory) => {
    expect(await direct(opened(flag) + read(20), machine)).toEqual([true]);
    expect(await direct(opened(directory) + read(20), machine)).toEqual([false]);
  });

  test.each([
    ['x86_64', 0x4000],
    ['aarch64', 0x10000],
  ])('is set and taken away by fcntl on %s', async (machine, flag) => {
    const text =
      opened(0) +
      read(20) +
      setFlags(30, flag | 0x8000) +
      read(40) +
      setFlags(50, 0) +
      read(60) +
      setFlags(70, flag, 2) +
      read(80);
    expect(await direct(text, machine)).toEqual([false, true, false, false]);
  });
});

test.each([
  ['x86_64', 0x40049409],
  ['ppc64le', 0x80049409],
  ['', 0x80049409],
])('FICLONE of %j is 0x%x', async (machine, command) => {
  const head = machine === '' ? '' : `# ========\n# arch : ${machine}\n# ========\n#\n`;
  const text = opened(2) + call(20, 'ioctl', `fd: 0x00000003, cmd: 0x${command.toString(16)}, arg: 0x4`, '0x0');
  const { columns } = (await readAs(perfScript, head + text)).trace;
  expect([...columns.op.subarray(0, columns.rows)].filter((op) => op === Op.reflink)).toHaveLength(2);
});
