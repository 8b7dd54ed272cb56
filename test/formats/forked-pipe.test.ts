// Recorders that do not tell processes from threads: what a program was started with is its own, not what its parent opened since.
import { expect, test } from 'vitest';
import { ftraceText } from '../../src/formats/ftrace-text.js';
import { Flag, Op } from '../../src/model/events.js';
import { operations, readAs } from './support.js';

const LINES = `
tar-100 [000] 10.000100: sched_process_fork: comm=tar pid=100 child_comm=tar child_pid=102
tar-100 [000] 10.000200: sys_enter_openat: dfd: 0xffffff9c, filename: 0x7ffd0000, flags: 0x00000000, mode: 0x00000000
tar-100 [000] 10.000201: sys_exit_openat: 0x3
tar-102 [001] 10.000300: sys_enter_dup: fildes: 0x00000003
tar-102 [001] 10.000301: sys_exit_dup: 0x0
tar-102 [001] 10.000302: sys_enter_close: fd: 0x00000003
tar-102 [001] 10.000303: sys_exit_close: 0x0
tar-102 [001] 10.000400: sched_process_exec: filename=/usr/bin/gzip pid=102 old_pid=102
gzip-102 [001] 10.000500: sys_enter_read: fd: 0x00000000, buf: 0x7ffd1000, count: 0x00001000
gzip-102 [001] 10.000501: sys_exit_read: 0x1000
tar-100 [000] 10.000600: sys_enter_read: fd: 0x00000003, buf: 0x7ffd1000, count: 0x00001000
tar-100 [000] 10.000601: xfs_file_buffered_read: dev 7:0 ino 0x84 disize 0x1000 pos 0x0 bytecount 0x1000
tar-100 [000] 10.000602: sys_exit_read: 0x1000
`.trim();

test('a pipe under a number that the parent then gives to a file is not that file', async () => {
  const { trace } = await readAs(ftraceText, `${LINES}\n`);
  const { columns: c } = trace;
  const inodes = operations(trace).flatMap(({ op, task }, i) =>
    op === 'read' ? [[task, trace.files[c.file[i]!]?.inode]] : [],
  );
  expect(inodes).toContainEqual(['tar', '132']);
  expect(inodes.filter(([, inode]) => inode === '132')).toHaveLength(1);
});

test('a fork is two rows of one operation: of who makes, and of who is made', async () => {
  const { trace } = await readAs(ftraceText, `${LINES}\n`);
  const { op, opId, flags, task } = trace.columns;
  const rows = [...op.keys()].filter((row) => op[row] === Op.fork);
  expect(rows.map((row) => [trace.tasks[task[row]!]!.tid, flags[row], opId[row]])).toEqual([
    [100, 0, opId[rows[0]!]],
    [102, Flag.second, opId[rows[0]!]],
  ]);
});
