// Is a task that was made a thread, or a process of its own? sched_process_fork does not say. task_newtask does, and so does the
// process that the recorder shows for what the task does (TGID), or the task's end: only a thread ends and leaves its process
// behind. Until then it is taken for a process that began with copies of descriptors and mappings.
import type { Context } from './context.js';
import type { OpenFile, Process } from './process.js';
import { isMadeAgain, joinProcess, processFork, taskMade } from './processes.js';
import type { Thread } from './state.js';

/** Where a task was made, and what it began with. */
export interface MadeIn {
  readonly process: Process;
  readonly descriptors: ReadonlyMap<number, OpenFile>;
  /** Of mappings. */
  readonly handles: ReadonlySet<number>;
}

/** Flag of clone(2). */
const CLONE_FILES = 0x400;
const CLONE_THREAD = 0x10000;

/** By task_newtask: what it is is told at once. */
export function madeWith(c: Context, maker: Thread, tid: number, comm: number, flags: number): void {
  const { process } = maker;
  const isThread = (flags & CLONE_THREAD) !== 0;
  const child = c.thread(tid, isThread ? process.pid : tid, comm);
  if (isMadeAgain(c, maker, child)) return;
  taskMade(c, maker, child);
  if (isThread) return joinProcess(c, child, process);
  child.process = c.process(tid, process);
  processFork(c, process, child);
  if ((flags & CLONE_FILES) !== 0) child.process.shareDescriptors(process);
  child.process.apart = true;
}

/** By sched_process_fork. */
export function made(c: Context, maker: Thread, tid: number, comm: number): void {
  const child = c.thread(tid, -1, comm);
  if (isMadeAgain(c, maker, child)) return;
  taskMade(c, maker, child);
  const { process } = maker;
  child.process = c.process(tid, process);
  processFork(c, process, child);
  const own = child.process;
  child.madeIn = {
    process,
    descriptors: new Map(own.descriptors),
    handles: new Set(own.mappings.map(({ handle }) => handle)),
  };
}

/** The recorder shows its process. */
export function belongs(c: Context, task: Thread, pid: number): void {
  if (task.madeIn?.process.pid === pid) isThread(c, task);
  else isProcess(task);
}

export function isProcess(task: Thread): void {
  if (task.madeIn !== null) task.process.apart = true;
  task.madeIn = null;
}

/** What it did since it was made it did in the process that it was made in. */
function isThread(c: Context, task: Thread): void {
  if (task.madeIn === null) return;
  const { process, descriptors, handles } = task.madeIn;
  const own = task.process;
  task.madeIn = null;
  for (const [fd, open] of descriptors)
    if (own.descriptors.get(fd) !== open && process.descriptors.get(fd) === open) process.descriptors.delete(fd);
  for (const [fd, open] of own.descriptors) {
    if (descriptors.get(fd) === open || process.descriptors.has(fd)) continue;
    process.descriptors.set(fd, open);
    if (own.closedByExec.has(fd)) process.closedByExec.add(fd);
    else process.closedByExec.delete(fd);
  }
  for (const m of own.mappings) if (!handles.has(m.handle)) process.map(m);
  own.mappings = own.mappings.filter(({ handle }) => handles.has(handle));
  for (const taken of c.leases.values()) if (taken.process === own) taken.process = process;
  c.events.taskIs(task.task, process.pid);
  joinProcess(c, task, process);
  // Threads that it made itself, and tasks of which that is still open.
  for (let one = c.someThread((other) => other.process === own); one !== undefined; ) {
    c.events.taskIs(one.task, process.pid);
    one.process = process;
    one = c.someThread((other) => other.process === own);
  }
  for (let one = c.someThread(({ madeIn }) => madeIn?.process === own); one !== undefined; ) {
    one.madeIn = { ...one.madeIn!, process };
    one = c.someThread(({ madeIn }) => madeIn?.process === own);
  }
}

/** A task ended and left its process behind. */
export function endedAlone(c: Context, task: Thread): void {
  if (task.madeIn === null) return;
  assumed(c);
  isThread(c, task);
}

/** At the end of the recording. */
export function tellUndecided(c: Context, tasks: Iterable<Thread>): void {
  for (const { madeIn } of tasks) if (madeIn !== null) assumed(c);
}

function assumed(c: Context): void {
  c.sink.issue(
    'threads-or-processes',
    c.record.row,
    'nothing tells of tasks that were made whether they are threads or processes, or their end alone does: taken for processes with copies of the descriptors and mappings of their maker, that see what it opens later and not what other threads open, close and map; record TGIDs (record-tgid, perf script -F pid,tid) or task_newtask to be sure',
  );
}
