// A descriptor that an exec closes (O_CLOEXEC, FD_CLOEXEC) is closed by that of a child as well: under its number the program that
// begins has what it opens itself, a pipe or a socket, and what it moves through that is of no file.
import { describe, expect, test } from 'vitest';
import { strace } from '../../src/formats/strace.js';
import { Op } from '../../src/model/events.js';
import { operations, readAs } from '../formats/support.js';
import { read } from './told-changes.js';

const CLOEXEC = '0x80002';

/** A process opens a file, which the file system names, makes a child, and that writes to the same number. */
const lines = (flags: string, ...between: readonly string[]): string =>
  [
    `a-7: sys_enter_openat: dfd: 0xffffff9c, filename: 0x10, flags: ${flags}, mode: 0x0`,
    'a-7: sys_exit_openat: 0x5',
    'a-7: sys_enter_fsync: fd: 0x5',
    'a-7: xfs_file_fsync: dev 7:0 ino 0x83',
    'a-7: sys_exit_fsync: 0x0',
    ...between,
    'b-8: sys_enter_write: fd: 0x5, buf: 0x7f00, count: 0xa',
    'b-8: sys_exit_write: 0xa',
  ].join('\n');
const FORK = 'a-7: sched_process_fork: comm=a pid=7 child_comm=a child_pid=8';
const EXEC = 'b-8: sched_process_exec: filename=/bin/b pid=8 old_pid=8';

const written = async (text: string): Promise<readonly string[]> => {
  const { columns: c, files } = await read(text);
  return [...c.op.keys()].filter((row) => c.op[row] === Op.write).map((row) => files[c.file[row]!]?.inode ?? '');
};

describe('what a child that begins a program has open', () => {
  test('not what an exec closes', async () => {
    expect(await written(lines(CLOEXEC, FORK, EXEC))).toEqual(['']);
  });

  test('all else, and all of it before it begins one', async () => {
    expect(await written(lines('0x2', FORK, EXEC))).toEqual(['131']);
    expect(await written(lines(CLOEXEC, FORK))).toEqual(['131']);
  });

  test('by an ioctl as well, that sets it or takes it away', async () => {
    const ioctl = (cmd: string): readonly string[] => [
      `a-7: sys_enter_ioctl: fd: 0x5, cmd: ${cmd}, arg: 0x0`,
      'a-7: sys_exit_ioctl: 0x0',
    ];
    expect(await written(lines('0x2', ...ioctl('0x5451'), FORK, EXEC))).toEqual(['']);
    expect(await written(lines(CLOEXEC, ...ioctl('0x5450'), FORK, EXEC))).toEqual(['131']);
  });

  test('what a thread opened that looked like a process until it ended', async () => {
    const end = 'a-8: sched_process_exit: comm=a pid=8 prio=120 group_dead=false';
    const opens = lines(CLOEXEC).replaceAll('a-7', 'a-8').split('\n').slice(0, -2);
    const exec = 'a-7: sched_process_exec: filename=/bin/b pid=7 old_pid=7';
    const writes = ['a-7: sys_enter_write: fd: 0x5, buf: 0x7f00, count: 0xa', 'a-7: sys_exit_write: 0xa'];
    expect(await written([FORK, ...opens, end, ...writes].join('\n'))).toEqual(['131']);
    expect(await written([FORK, ...opens, end, exec, ...writes].join('\n'))).toEqual(['']);
  });

  test('strace: set by fcntl, and read by a program that has a pipe there', async () => {
    const text = [
      '7 1700000000.000001 openat(AT_FDCWD, "/d/lock", O_RDWR|O_CREAT, 0640) = 5</d/lock> <0.000010>',
      '7 1700000000.000021 fcntl(5</d/lock>, F_SETFD, FD_CLOEXEC) = 0 <0.000010>',
      '7 1700000000.000041 clone(child_stack=NULL, flags=SIGCHLD) = 8 <0.000010>',
      '8 1700000000.000061 execve("/bin/b", ["b"], 0x7ffc) = 0 <0.000010>',
      '8 1700000000.000081 read(5, "x", 10) = 1 <0.000010>',
    ];
    const { trace } = await readAs(strace, `${text.join('\n')}\n`);
    expect(operations(trace).map(({ op, file }) => [op, file])).toEqual([
      ['open', 'lock'],
      ['fork', ''],
      ['fork', ''],
      ['read', ''],
    ]);
  });
});
