// Ordinary leases (F_SETLEASE) hang on an open file description, as flock(2)s do: whoever has a copy of the descriptor may give
// one back, and it goes with the last copy, not with the process that took it (fcntl(2), fs/locks.c).
import { Flag, Op } from '../model/events.js';
import { type Context, callRow, fileOf } from './context.js';
import { fdOf, fileOfCall, opened } from './descriptors.js';
import type { OpenFile, Process } from './process.js';
import type { Thread } from './state.js';

/** A lease that was taken and, as far as is known, is there. */
export interface TakenLease {
  readonly handle: number;
  readonly flags: number;
  /** Who has it for the replay: the process that took it, then one that has a copy. */
  process: Process;
}

/** fcntl(F_SETLEASE). */
export function leaseCall(c: Context, t: Thread, ret: number): void {
  const [fd, , argument] = t.call.args as unknown as [number, number, number];
  const file = fileOfCall(c, t, fd);
  const open = opened(c, t, fdOf(fd));
  const release = argument === 2;
  const e = callRow(c, t, release ? Op.lease_release : Op.lease, file, ret);
  // F_WRLCK, or F_RDLCK; a layout lease (F_LAYOUT) was never merged.
  const flags = argument === 1 ? Flag.write : Flag.read;
  const taken = c.leases.get(open) ?? ofSameOwner(c, t.process, file);
  if (release) e.handle = taken?.handle ?? 0;
  else if (ret >= 0) {
    // A second F_SETLEASE by the same owner changes the type of the lease it has.
    const handle = taken?.handle ?? c.events.newId();
    c.leases.set(open, { handle, flags, process: taken?.process ?? t.process });
    e.handle = handle;
  }
  e.flags = flags;
  e.commit();
  if (release && ret >= 0) c.leases.delete(open);
}

function ofSameOwner(c: Context, process: Process, file: number): TakenLease | undefined {
  for (const [open, taken] of c.leases) if (taken.process === process && fileOf(open) === file) return taken;
  return undefined;
}

/** Another descriptor of the process leads to the same open file. */
export const hasCopy = (process: Process, open: OpenFile): boolean => [...process.descriptors.values()].includes(open);

/** A descriptor was closed: true where a copy of it in the same process keeps the lease; those of other processes inherit it. */
export function outlivesClose(c: Context, { process, call }: Thread, open: OpenFile): boolean {
  if (c.leases.size === 0) return false;
  if (hasCopy(process, open)) return true;
  if (c.leases.get(open)?.process === process) handOn(c, open, process, call.timeNs);
  return false;
}

/** A process ends: its leases are those of who has copies of their descriptors. */
export function outliveExit(c: Context, process: Process): void {
  for (const [open, taken] of c.leases) if (taken.process === process) handOn(c, open, process, c.record.timeNs);
}

/** Before the row that ends what the process has. */
function handOn(c: Context, open: OpenFile, from: Process, timeNs: number): void {
  const taken = c.leases.get(open)!;
  const heir = c.someThread(({ process }) => process !== from && !process.ended && hasCopy(process, open));
  if (heir === undefined) {
    c.leases.delete(open);
    return;
  }
  taken.process = heir.process;
  const e = c.events;
  e.timeNs = timeNs;
  e.op = Op.lease;
  e.file = fileOf(open);
  e.task = heir.task;
  e.handle = taken.handle;
  e.opId = e.newId();
  e.flags = taken.flags | Flag.synthetic;
  e.result = 0;
  e.row = c.record.row;
  e.commit();
}
