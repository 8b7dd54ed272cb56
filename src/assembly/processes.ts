// The end and the beginning of a process, as rows.
import { Flag, Op } from '../model/events.js';
import { NONE } from '../model/units.js';
import type { Context } from './context.js';
import { fileOf } from './context.js';
import { outliveExit } from './leases.js';
import type { Mapping, Process } from './process.js';
import type { Thread } from './state.js';

/** A process ends: one row; the engine releases what it held. */
export function processExit(c: Context, t: Thread, process: Process): void {
  outliveExit(c, process);
  const e = c.events;
  e.timeNs = c.record.timeNs;
  e.op = Op.exit;
  e.file = NONE;
  e.task = t.task;
  e.opId = e.newId();
  e.flags = process.killed ? Flag.killed : 0;
  e.row = c.record.row;
  e.commit();
  process.leaveDescriptors(new Map());
  process.mappings = [];
  process.ended = true;
}

/** A task that ends in another call than the one that ends it was killed there. */
export function endsInCall(c: Context, { call }: Thread): void {
  if (call.name !== '' && call.name !== 'exit_group') c.sink.unpaired();
  call.name = '';
}

/** A task ends, and nothing says whether its process goes with it: that ends with the last task that is known to be its own. */
export function taskEnds(c: Context, t: Thread): void {
  endsInCall(c, t);
  if (t.gone) return;
  t.gone = true;
  const { process } = t;
  if (!process.threads.delete(t.tid)) process.leaderGone = true;
  if (process.leaderGone && process.threads.size === 0 && !process.ended) processExit(c, t, process);
}

/** A new program: every mapping is gone, and the descriptors that were to be closed. */
export function processExec(c: Context, t: Thread): void {
  const { process } = t;
  process.replaced = true;
  process.apart = true;
  t.madeIn = null;
  process.remapped(0, Number.POSITIVE_INFINITY, c.record.timeNs);
  process.unmap(0, Number.POSITIVE_INFINITY, (m, offset, length) => mappingGoes(c, t, m, offset, length));
  process.leaveDescriptors(process.descriptors);
  for (const fd of process.closedByExec) process.descriptors.delete(fd);
  process.closedByExec.clear();
  // No thread of another process begins a program: what its parent opened after it was made was never open here.
  for (const fd of process.borrowed) process.descriptors.delete(fd);
  process.borrowed.clear();
}

/** A mapping, or a part of it, that no call was seen to end. */
export function mappingGoes(c: Context, t: Thread, m: Mapping, offset: number, length: number): void {
  const e = c.events;
  e.timeNs = c.record.timeNs;
  e.op = Op.munmap;
  e.file = fileOf(m.open);
  e.task = t.task;
  e.offset = offset;
  e.length = length;
  e.handle = m.handle;
  e.opId = e.newId();
  e.flags = Flag.synthetic;
  e.result = 0;
  e.row = c.record.row;
  e.commit();
}

/** A mapping that no call was seen to make. */
export function mappingAppears(c: Context, t: Thread, m: Mapping): void {
  t.process.map(m);
  const e = c.events;
  e.timeNs = c.record.timeNs;
  e.op = Op.mmap;
  e.file = fileOf(m.open);
  e.task = t.task;
  e.offset = m.offset;
  e.length = m.end - m.start;
  e.handle = m.handle;
  e.opId = e.newId();
  e.flags = Flag.synthetic | (m.shared ? Flag.shared : 0) | (m.writable ? Flag.writable : 0);
  e.result = 0;
  e.row = c.record.row;
  e.commit();
}

/** No task ends unseen and comes again under its number within this. */
const REUSED_NS = 1_000_000_000;

/** Notes who made a task; true where another recording, or another record, has told it already. */
export function isMadeAgain(c: Context, maker: Thread, child: Thread): boolean {
  const { timeNs } = c.record;
  const again = child.maker === maker.tid && !child.gone && Math.abs(timeNs - child.madeNs) < REUSED_NS;
  child.maker = maker.tid;
  child.madeNs = timeNs;
  child.gone = false;
  return again;
}

/**
 * A task comes to life: nothing that it does can be before that. Two rows, of who makes it and of the one that is made
 * (sched_process_fork of kernel/fork.c tells both).
 */
export function taskMade(c: Context, maker: Thread, child: Thread): void {
  const e = c.events;
  const opId = e.newId();
  for (const { task } of [maker, child]) {
    e.timeNs = c.record.timeNs;
    e.op = Op.fork;
    e.file = NONE;
    e.task = task;
    e.opId = opId;
    e.flags = task === child.task ? Flag.second : 0;
    e.row = c.record.row;
    e.commit();
  }
}

/** A task that looked like a process of its own is a thread of this one. */
export function joinProcess(c: Context, child: Thread, process: Process): void {
  process.threads.add(child.tid);
  const own = child.process;
  if (own === process) return;
  own.unmap(0, Number.POSITIVE_INFINITY, (m, offset, length) => mappingGoes(c, child, m, offset, length));
  child.process = process;
}

/** A child starts with copies: the mappings it inherits are holds of its own. */
export function processFork(c: Context, parent: Process, child: Thread): void {
  for (const [fd, open] of parent.descriptors) child.process.descriptors.set(fd, open);
  for (const fd of parent.closedByExec) child.process.closedByExec.add(fd);
  for (const m of parent.mappings) mappingAppears(c, child, { ...m, handle: c.events.newId() });
}
