// sched_process_fork tells of threads and of processes alike. What else is in a recording tells which: the TGIDs of its lines,
// task_newtask, the end of a task that leaves its process behind.
import { expect, test } from 'vitest';
import { ftraceText } from '../../src/formats/ftrace-text.js';
import { Flag, Op } from '../../src/model/events.js';
import { readAs } from '../formats/support.js';

const FORK = '7 sched_process_fork: comm=st-a pid=7 child_comm=st-a child_pid=8';
const open = (task: number, fd: number): string[] => [
  `${task} sys_openat(dfd: 0xffffff9c, filename: 0x7ffe1000, flags: 0x2, mode: 0x0)`,
  `${task} sys_openat -> 0x${fd}`,
];
const truncate = (task: number, fd: number, inode: number): string[] => [
  `${task} sys_ftruncate(fd: 0x${fd}, length: 0x2000)`,
  `${task} ext4_truncate_enter: dev 7,0 ino ${inode} blocks 80`,
  `${task} sys_ftruncate -> 0x0`,
];
const sync = (task: number, fd: number): string[] => [`${task} sys_fsync(fd: 0x${fd})`, `${task} sys_fsync -> 0x0`];
const newTask = (flags: string): string => `7 task_newtask: pid=8 comm=st-a clone_flags=${flags} oom_score_adj=0`;
const exit = (task: number, dead: boolean): string =>
  `${task} sched_process_exit: comm=st-a pid=${task} prio=120 group_dead=${dead}`;

/** `tgids`: of tasks 7 and 8, where the lines show them. */
const read = async (events: string[], tgids: Readonly<Record<string, number>> = {}) => {
  const lines = events.map((event, i) => {
    const [task, ...rest] = event.split(' ');
    const tgid = String(tgids[task!] ?? '-----').padStart(7);
    return `  st-a-${task}  (${tgid}) [000] .....  5.${String(i).padStart(6, '0')}: ${rest.join(' ')}\n`;
  });
  const { trace } = await readAs(ftraceText, `# tracer: nop\n${lines.join('')}`);
  const { columns: c, files, tasks } = trace;
  const of = (op: number): string[] =>
    [...c.op.keys()]
      .filter((row) => c.op[row] === op && (c.flags[row]! & Flag.synthetic) === 0)
      .map((row) => `${tasks[c.task[row]!]!.pid}/${tasks[c.task[row]!]!.tid} ${files[c.file[row]!]?.inode ?? ''}`);
  return { of, undecided: trace.issues.find(({ code }) => code === 'threads-or-processes')?.count ?? 0 };
};

const THREADS: [string, string[], string[], Record<string, number>][] = [
  ['TGIDs', [FORK], [], { 7: 7, 8: 7 }],
  ['task_newtask', [newTask('3d0f00'), FORK], [], {}],
  ['task_newtask alone', [newTask('3d0f00')], [], {}],
];
const PROCESSES: typeof THREADS = [
  ['TGIDs', [FORK], [], { 7: 7, 8: 8 }],
  ['task_newtask', [newTask('1200000'), FORK], [], {}],
  ['its end', [FORK], [exit(8, true)], {}],
];

test.each(THREADS)('%s: what a thread opens is open in its process', async (_, fork, end, tgids) => {
  const { of, undecided } = await read([...fork, ...open(8, 5), ...truncate(7, 5, 12), ...sync(8, 5), ...end], tgids);
  expect(of(Op.open)).toEqual(['7/8 12']);
  expect(of(Op.fsync)).toEqual(['7/8 12']);
  expect(undecided).toBe(0);
});

test.each(PROCESSES)('%s: what a child opens is its own', async (_, fork, end, tgids) => {
  const { of, undecided } = await read(
    [...fork, ...open(8, 5), ...truncate(8, 5, 12), ...truncate(7, 5, 13), ...sync(8, 5), ...end],
    tgids,
  );
  expect(of(Op.fsync)).toEqual(['8/8 12']);
  expect(of(Op.truncate)).toEqual(['8/8 12', '7/7 13']);
  expect(undecided).toBe(0);
});

test('a task that ends alone was a thread: what it opened stays open, what it closed is closed', async () => {
  const close = ['8 sys_close(fd: 0x4)', '8 sys_close -> 0x0'];
  const { of, undecided } = await read([
    ...[...open(7, 4), ...truncate(7, 4, 11), FORK, ...open(8, 5), ...truncate(8, 5, 12), ...close],
    ...[exit(8, false), ...sync(7, 5), ...sync(7, 4)],
  ]);
  expect(of(Op.truncate)).toEqual(['7/7 11', '7/8 12']);
  expect(of(Op.fsync)).toEqual(['7/7 12', '7/7 ']);
  // Said late.
  expect(undecided).toBe(1);
});

test('where nothing tells, what is assumed is said', async () => {
  const { of, undecided } = await read([...open(7, 4), ...truncate(7, 4, 11), FORK, ...sync(8, 4)]);
  expect(of(Op.fsync)).toEqual(['8/8 11']);
  expect(undecided).toBe(1);
});

const endsUntold = (task: number): string => `${task} sched_process_exit: comm=st-a pid=${task} prio=120`;

test.each([
  ['a thread that ends', [endsUntold(8)], ['7/7 12'], ''],
  ['its first task, while a thread is left,', [endsUntold(7)], ['7/8 12'], ''],
  ['its last task', [endsUntold(8), endsUntold(7)], ['7/7 '], '7/7 '],
])('kernels that do not say what goes with a task (before 6.16): %s', async (_, ends, synced, exits) => {
  const after = synced[0]!.startsWith('7/8') ? 8 : 7;
  const { of } = await read([FORK, ...open(8, 5), ...truncate(7, 5, 12), ...ends, ...sync(after, 5)], { 7: 7, 8: 7 });
  expect(of(Op.fsync)).toEqual(synced);
  expect(of(Op.exit).join()).toBe(exits);
});

test('processes with one table of descriptors (CLONE_FILES) have what either opens, until one begins a program', async () => {
  const { of } = await read([
    ...[newTask('711'), FORK, ...open(8, 5), ...truncate(8, 5, 12), ...sync(7, 5)],
    ...['8 sched_process_exec: filename=/bin/x pid=8 old_pid=8', '8 sys_close(fd: 0x5)', '8 sys_close -> 0x0'],
    ...[...sync(7, 5), exit(8, true), ...sync(7, 5)],
  ]);
  expect(of(Op.fsync)).toEqual(['7/7 12', '7/7 12', '7/7 12']);
  expect(of(Op.close)).toEqual(['8/8 12']);
});

test('before 6.16: a task that asks for the end of its process was a process; of another that ends it is said that nothing tells', async () => {
  const asks = '8 sys_exit_group(error_code: 0x0)';
  const told = async (...ends: string[]): Promise<number> =>
    (await read([...open(7, 4), FORK, ...ends, endsUntold(8), ...sync(7, 4)])).undecided;
  expect(await told(asks)).toBe(0);
  expect(await told()).toBe(1);
});
