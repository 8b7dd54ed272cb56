// Short pins: direct I/O from or to a mapped file holds that file's pages (kernel-events reference, trap 4).
import { Flag, Op } from '../model/events.js';
import type { Context } from './context.js';
import { fileOf } from './context.js';
import type { Thread } from './state.js';

const PAGE = 4096;

/** Direct I/O from or to a mapped file holds that file's pages: a pin, seen by the buffer's address (trap 4). */
export function pinOfBuffer(c: Context, t: Thread, ret: number, write: boolean, buffer: number, count: number): void {
  const m = t.process.mappingAt(buffer);
  if (m === undefined || t.call.holdSeen) return;
  t.call.holdTold = true;
  const handle = c.events.newId();
  const offset = m.offset + buffer - m.start;
  const length = Math.min(count, m.end - buffer);
  pinRows(
    c,
    t,
    fileOf(m.open),
    offset,
    length,
    handle,
    !write,
    pinnedNs(t, offset, t.call.directNs),
    c.record.timeNs,
    ret < 0 ? ret : 0,
    t.call.row,
  );
}

/** When a pin that was asked for in a call holds its first page: pages are taken in order, each once its fault is over. */
export function pinnedNs({ call }: Thread, offset: number, askedNs: number): number {
  const faulted = call.faultedOffset >= 0 && call.faultedOffset <= offset && offset < call.faultedOffset + PAGE;
  return faulted ? Math.max(askedNs, call.faultedNs) : askedNs;
}

/** A short pin and its end. `deviceWrites`: the device will write the pages. A pin that failed holds nothing. */
export function pinRows(
  c: Context,
  t: Thread,
  file: number,
  offset: number,
  length: number,
  handle: number,
  deviceWrites: boolean,
  fromNs: number,
  toNs: number,
  result: number,
  row: number,
): void {
  const e = c.events;
  e.timeNs = fromNs;
  e.op = Op.pin;
  e.flags = deviceWrites ? Flag.write : 0;
  e.file = file;
  e.task = t.task;
  e.offset = offset;
  e.length = length;
  e.handle = handle;
  e.opId = e.newId();
  e.result = result;
  e.row = row;
  e.commit();
  e.timeNs = toNs;
  e.op = Op.unpin;
  e.file = file;
  e.task = t.task;
  e.offset = offset;
  e.length = length;
  e.handle = handle;
  e.opId = e.newId();
  e.result = 0;
  e.row = row;
  e.commit();
}
