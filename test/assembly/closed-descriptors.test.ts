// Descriptors that are closed by other means than close(2) by who opened them: what comes under their numbers is another file, or none.
import { expect, test } from 'vitest';
import { strace } from '../../src/formats/strace.js';
import { Op } from '../../src/model/events.js';
import { operations, readAs } from '../formats/support.js';
import { by, read } from './told-changes.js';

const OPENED = by(
  'a-7',
  'sys_enter_openat: dfd: 0xffffff9c, filename: 0x10, flags: 0x2, mode: 0x0',
  'sys_exit_openat: 0x5',
  'sys_enter_fsync: fd: 0x5',
  'xfs_file_fsync: dev 7:0 ino 0x83',
  'sys_exit_fsync: 0x0',
);
const writes = (task: string): string =>
  by(task, 'sys_enter_write: fd: 0x5, buf: 0x7f00, count: 0xa', 'sys_exit_write: 0xa');
const call = (task: string, name: string, args: string): string =>
  by(task, `sys_enter_${name}: ${args}`, `sys_exit_${name}: 0x0`);

async function written(...parts: readonly string[]): Promise<readonly string[]> {
  const { columns: c, files } = await read(parts.join('\n'));
  return [...c.op.keys()].filter((row) => c.op[row] === Op.write).map((row) => files[c.file[row]!]?.inode ?? '');
}

test('close_range closes what lies in it, or has an exec close it', async () => {
  const range = (first: string, flags: string): string =>
    call('a-7', 'close_range', `fd: ${first}, max_fd: 0xffffffff, flags: ${flags}`);
  expect(await written(OPENED, range('0x3', '0x0'), writes('a-7'))).toEqual(['']);
  expect(await written(OPENED, range('0x6', '0x0'), writes('a-7'))).toEqual(['131']);
  expect(await written(OPENED, range('0x3', '0x4'), writes('a-7'))).toEqual(['131']);
  const exec = 'a-7: sched_process_exec: filename=/bin/b pid=7 old_pid=7';
  expect(await written(OPENED, range('0x3', '0x4'), exec, writes('a-7'))).toEqual(['']);
});

test('a child closes its copy', async () => {
  const fork = 'a-7: sched_process_fork: comm=a pid=7 child_comm=a child_pid=8';
  expect(await written(OPENED, fork, writes('a-8'))).toEqual(['131']);
  expect(await written(OPENED, fork, call('a-8', 'close', 'fd: 0x5'), writes('a-8'), writes('a-7'))).toEqual([
    '',
    '131',
  ]);
});

test('strace tells what is no file', async () => {
  const text = [
    '7 1700000000.000001 openat(AT_FDCWD, "/d/f", O_RDWR) = 5</d/f> <0.000010>',
    '7 1700000000.000021 write(5</d/f>, "x", 10) = 10 <0.000010>',
    '7 1700000000.000041 write(5<pipe:[12]>, "x", 20) = 20 <0.000010>',
    '7 1700000000.000061 read(5</dev/pts/0<char 136:0>>, "x", 30) = 30 <0.000010>',
  ];
  const { trace } = await readAs(strace, `${text.join('\n')}\n`);
  expect(operations(trace).map(({ op, file, length }) => [op, file, length])).toEqual([
    ['open', 'f', -1],
    ['write', 'f', 10],
    ['write', '', 20],
    ['read', '', 30],
  ]);
});

test('MADV_REMOVE is a hole that is punched where the file is mapped', async () => {
  const maps = by(
    'a-7',
    'sys_enter_mmap: addr: 0x0, len: 0x100000, prot: 0x3, flags: 0x1, fd: 0x5, off: 0x1000',
    'sys_exit_mmap: 0x7f0000000000',
  );
  const advises = (behavior: string, result: string): string =>
    by(
      'a-7',
      `sys_enter_madvise: start: 0x7f0000002000, len_in: 0xfff, behavior: ${behavior}`,
      `sys_exit_madvise: ${result}`,
    );
  const { columns: c, files } = await read(
    [OPENED, maps, advises('0x4', '0x0'), advises('0x9', '0x0'), advises('0x9', '0xffffffffffffffea')].join('\n'),
  );
  const rows = [...c.op.keys()].filter((row) => c.op[row] === Op.punch);
  expect(rows.map((row) => [files[c.file[row]!]?.inode, c.offset[row], c.length[row], c.result[row]])).toEqual([
    ['131', 0x3000, 4096, 0],
    ['131', 0x3000, 4096, -22],
  ]);
});
