// The end and the beginning of a process, as rows.
import { Flag, Op } from '../model/events.js';
import { NONE } from '../model/units.js';
import type { Context } from './context.js';
import { fileOf } from './context.js';
import type { Process, Thread } from './state.js';

/** A process ends: one row; the engine releases what it held. */
export function processExit(c: Context, t: Thread, process: Process): void {
  const e = c.events;
  e.timeNs = c.record.timeNs;
  e.op = Op.exit;
  e.file = NONE;
  e.task = t.task;
  e.opId = e.newId();
  e.flags = process.killed ? Flag.killed : 0;
  e.row = c.record.row;
  e.commit();
  process.descriptors.clear();
  process.mappings = [];
}

/** A child starts with copies: the mappings it inherits are holds of its own. */
export function processFork(c: Context, parent: Process, child: Thread): void {
  for (const [fd, open] of parent.descriptors) child.process.descriptors.set(fd, open);
  for (const m of parent.mappings) {
    const handle = c.events.newId();
    child.process.map({ ...m, handle });
    const e = c.events;
    e.timeNs = c.record.timeNs;
    e.op = Op.mmap;
    e.file = fileOf(m.open);
    e.task = child.task;
    e.offset = m.offset;
    e.length = m.end - m.start;
    e.handle = handle;
    e.opId = e.newId();
    e.flags = Flag.synthetic | (m.shared ? Flag.shared : 0) | (m.writable ? Flag.writable : 0);
    e.result = 0;
    e.row = c.record.row;
    e.commit();
  }
}
