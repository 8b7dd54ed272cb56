// A lease hangs on an open file description: when the process that took it closes it or ends, a child with a copy of the descriptor
// still has it, and may give it back. As the kernel does it (fs/locks.c), cut down from a recording on ext4.
import { expect, test } from 'vitest';
import { ftraceText } from '../../src/formats/ftrace-text.js';
import { Op } from '../../src/model/events.js';
import { ERRNO } from '../../src/model/policy.js';
import { readAs } from '../formats/support.js';
import { laneOf, policy, run } from '../kernel/recordings.js';

/** Task, milliseconds, event. 7 makes 8; 7 closes or ends; 9 opens and waits, 10 will not wait; 8 gives back. */
const recording = (end: string): string =>
  `7 0 sys_enter_openat: dfd: 0xffffff9c, filename: 0x7ffe1000, flags: 0x00000002, mode: 0x00000000
7 1 sys_exit_openat: 0x4
7 2 sys_enter_fcntl: fd: 0x00000004, cmd: 0x00000400, arg: 0x00000001
7 3 generic_add_lease: dev=0x7:0x0 ino=0xc wcount=1 rcount=1 icount=2 owner=0x1 fl_flags=FL_LEASE fl_type=F_WRLCK
7 4 sys_exit_fcntl: 0x0
7 5 sched_process_fork: comm=st-holder pid=7 child_comm=st-holder child_pid=8
${end}
9 9 sys_enter_openat: dfd: 0xffffff9c, filename: 0x7ffe1000, flags: 0x00000002, mode: 0x00000000
9 10 break_lease_block: fl=0x1 dev=0x7:0x0 ino=0xc fl_blocker=0x0 fl_owner=0x1 fl_flags=FL_LEASE|FL_UNLOCK_PENDING fl_type=F_WRLCK fl_break_time=1 fl_downgrade_time=0
10 11 sys_enter_openat: dfd: 0xffffff9c, filename: 0x7ffe1000, flags: 0x00000802, mode: 0x00000000
10 12 break_lease_noblock: fl=0x1 dev=0x7:0x0 ino=0xc fl_blocker=0x0 fl_owner=0x1 fl_flags=FL_LEASE|FL_UNLOCK_PENDING fl_type=F_WRLCK fl_break_time=1 fl_downgrade_time=0
10 13 sys_exit_openat: 0xfffffffffffffff5
8 40 sys_enter_fcntl: fd: 0x00000004, cmd: 0x00000400, arg: 0x00000002
8 41 generic_delete_lease: dev=0x7:0x0 ino=0xc wcount=1 rcount=1 icount=2 owner=0x1 fl_flags=FL_LEASE fl_type=F_UNLCK
8 42 sys_exit_fcntl: 0x0
9 43 sys_exit_openat: 0x4`
    .split('\n')
    .map((line) => {
      const [task, ms, ...event] = line.split(' ');
      return `  st-holder-${task} [000]  5.${String(Number(ms) * 1e6).padStart(9, '0')}: ${event.join(' ')}\n`;
    })
    .join('');

test.each([
  ['closes it', '7 6 sys_enter_close: fd: 0x00000004\n7 7 sys_exit_close: 0x0'],
  ['ends', '7 6 sched_process_exit: comm=st-holder pid=7 prio=120 group_dead=true'],
])('who took it %s: a child keeps it until it gives it back', async (_, end) => {
  const { trace } = await readAs(ftraceText, `cpus=1\n${recording(end)}`);
  const opens = [...trace.columns.op.keys()].filter((row) => trace.columns.op[row] === Op.open);
  for (const timing of ['open', 'closed'] as const) {
    const lane = laneOf(trace, 'dax', { fs: 'ext4' }, timing);
    expect(opens.map((row) => Math.round((lane.waitNs.get(row) ?? 0) / 1e6))).toEqual([0, 31, 0]);
    expect(opens.map((row) => lane.answers.errnoAt(row))).toEqual([0, 0, ERRNO.EAGAIN]);
  }
  const { fidelity } = run(trace, { policies: [policy('recorded')] }).report;
  expect(fidelity.leaseBreaks).toMatchObject({ refused: 1, waited: 1, predictedNs: 31e6, outlasted: 0 });
});
