// Operations that no call in the trace tells of, and that the file system announces: reads and writes (transfers.ts) and changes
// (ext4-changes.ts, xfs-changes.ts, xfs-requests.ts). A thread is in one of them at a time; its row is kept until it is over, or
// until the thread begins something else.
import { type EventWriter, Op } from '../model/events.js';
import { UNKNOWN, UNKNOWN_RESULT } from '../model/units.js';
import { type Context, changeOp } from './context.js';
import { endFault } from './faults.js';
import type { Handler } from './handler.js';
import type { Announced, AnnouncedChange, Thread } from './state.js';

/** Does the call only hand over requests, so that what happens inside is not its own? */
export const handsOver = (name: string): boolean => name === 'io_uring_enter' || name === 'io_submit';

/** Is what the thread does now no call's own? */
export const isOwn = ({ call }: Thread): boolean => call.name === '' || handsOver(call.name);

/** Whatever the thread was in is over: its row is written. */
export function tellAnnounced(c: Context, t: Thread): void {
  transferRow(c, t);
  changeRow(c, t);
}

/** Writes the row of a read or write that is kept. */
function transferRow(c: Context, t: Thread): void {
  const { announced } = t;
  if (!announced.pending) return;
  announced.pending = false;
  rowOf(c, t, announced).commit();
}

function rowOf(c: Context, t: Thread, announced: Announced): EventWriter {
  const e = c.events;
  e.timeNs = announced.timeNs;
  e.op = announced.op;
  e.file = announced.file;
  e.task = t.task;
  e.offset = announced.offset;
  e.length = announced.length;
  e.opId = announced.opId;
  e.flags = announced.flags;
  e.row = announced.row;
  return e;
}

/** A change begins, of which no more than this is told yet. */
export function beginChange(c: Context, t: Thread, op: number, file: number, flags = 0): AnnouncedChange {
  endFault(c, t);
  tellAnnounced(c, t);
  const { call, change } = t;
  change.pending = true;
  change.op = op;
  change.flags = flags;
  change.file = file;
  change.offset = UNKNOWN;
  change.length = UNKNOWN;
  change.result = UNKNOWN_RESULT;
  change.timeNs = c.record.timeNs;
  change.latencyNs = UNKNOWN;
  change.row = c.record.row;
  change.opId = 0;
  change.isEntered = false;
  change.second = -1;
  change.secondOffset = UNKNOWN;
  change.secondFlags = 0;
  t.xfsSpace.ahead = [];
  t.xfsSpace.measure = 'nothing';
  // Changes of maps from here on are of this request, not of the call that hands over several.
  if (call.name !== '') call.opId = changeOp(c, t);
  return change;
}

/** The change under way, where it is one of the inode that `v` names. */
export const changeUnder = (c: Context, { change }: Thread, v: Float64Array): AnnouncedChange | null =>
  change.pending && change.file === c.file(v[0]!, v[1]!) ? change : null;

/** For threads in no call of their own. */
export const own =
  (handler: Handler): Handler =>
  (c, t, v) => {
    if (isOwn(t)) handler(c, t, v);
  };

/** Changes of a range. */
const RANGED: readonly number[] = [Op.fallocate, Op.punch, Op.zero, Op.collapse, Op.insert, Op.unshare];

/** Is enough told of it to be an operation? */
function isTold(c: Context, { file, op, offset, length }: AnnouncedChange): boolean {
  if (file < 0)
    c.unplaced('names taken away or changed outside every call in the trace, and no event tells of which file');
  else if (length < 0 && op === Op.truncate) {
    // Where ext4_evict_inode is not recorded, it may be a file that goes altogether.
    c.unplaced('truncates outside every call in the trace, to a size that no event tells');
  } else {
    if (offset < 0 && RANGED.includes(op))
      c.unplaced(
        'steps of fallocate outside every call in the trace, whose range no event tells: taken for the whole file',
      );
    return true;
  }
  return false;
}

/** Writes the row of a change that is kept. */
export function changeRow(c: Context, t: Thread): void {
  const { change } = t;
  if (!change.pending) return;
  change.pending = false;
  if (!isTold(c, change)) return;
  // Where no change of a map asked for its number, it gets one here.
  changeOp(c, t);
  ended(rowOf(c, t, change), change);
  if (change.second < 0) return;
  const e = rowOf(c, t, change);
  e.file = change.second;
  e.offset = change.secondOffset;
  e.flags = change.secondFlags;
  ended(e, change);
}

function ended(e: EventWriter, { result, latencyNs }: AnnouncedChange): void {
  e.result = result;
  e.latencyNs = latencyNs;
  e.commit();
}

/** Of the column of results. */
const LEAST_RESULT = -32768;

/** perf script writes the 32 bits of an error as a number without a sign. */
const signed = (value: number): number => (value >= 2 ** 31 ? value - 2 ** 32 : value);

/** An event tells that the change is over; `goesOn`: it has an aftermath in the same thread. */
export function changeEnds(c: Context, t: Thread, returned = Number.NaN, goesOn = false): void {
  const { change } = t;
  if (!Number.isNaN(returned)) change.result = Math.max(Math.min(signed(returned), 0), LEAST_RESULT);
  if (c.record.timeNs > change.timeNs) change.latencyNs = c.record.timeNs - change.timeNs;
  if (!goesOn) changeRow(c, t);
}

/** Is it the end of a write or of a fault that is synced before it is over, not a request by itself? */
export const isSyncOfOther = (c: Context, t: Thread, file: number): boolean =>
  (t.fault.active && t.fault.syncs) ||
  c.queued.some((q) => q.file === file && q.write && q.syncs && (q.aio || q.thread === t));
