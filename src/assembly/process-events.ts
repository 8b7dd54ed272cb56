// Processes: fork, exit, signals.
import { busError, endFault } from './faults.js';
import { type Handler, word } from './handler.js';
import { endedAlone, isProcess, made, madeWith } from './made-tasks.js';
import { endsInCall, processExec, processExit, taskEnds } from './processes.js';

const SIGKILL = 9;

const SIGBUS = 7;

/** Signals that end no task when nothing handles them: SIGCHLD, SIGCONT, the four that stop, SIGURG, SIGWINCH. */
const HARMLESS = new Set([17, 18, 19, 20, 21, 22, 23, 28]);

/** `group_dead` of a thread that is not the last of its process, in any print format. */
const ALONE = new Set(['false', '0', '0x0', '(0)']);

const NAMELESS = 'tasks that were made, and the event lacks their number';

const exit: Handler = (c, t, v) => {
  endFault(c, t);
  // Kernels before 6.16 do not say what goes with it; who asks for the end of all is seldom a thread, and then the last.
  if (Number.isNaN(v[2])) {
    if (t.call.name === 'exit_group') isProcess(t);
    return taskEnds(c, t);
  }
  // A thread that goes alone takes nothing with it.
  if (ALONE.has(word(c, v[2]!)) || v[2] === 0) return endedAlone(c, t);
  isProcess(t);
  endsInCall(c, t);
  if (t.process.ended) return;
  processExit(c, t, t.process);
};

const fork: Handler = (c, t, v) => {
  endFault(c, t);
  if (Number.isNaN(v[3])) return c.unplaced(NAMELESS);
  const told = t.forked === v[3];
  t.forked = -1;
  if (!told) made(c, t, v[3]!, v[2]!);
};

/** pid comm clone_flags; just before sched_process_fork. */
const newTask: Handler = (c, t, v) => {
  endFault(c, t);
  if (Number.isNaN(v[0])) return c.unplaced(NAMELESS);
  t.forked = v[0]!;
  madeWith(c, t, v[0]!, v[1]!, v[2]!);
};

const signal: Handler = (c, t, v) => {
  c.signals = true;
  if (v[0] === SIGBUS) busError(t);
  endFault(c, t);
  if (v[0] === SIGKILL || (v[3] === 0 && !HARMLESS.has(v[0]!))) t.process.killed = true;
};

/** By event name. */
export const PROCESS_EVENTS: Readonly<Record<string, Handler>> = {
  sched_process_exec: processExec,
  sched_process_exit: exit,
  sched_process_fork: fork,
  task_newtask: newTask,
  signal_deliver: signal,
};
