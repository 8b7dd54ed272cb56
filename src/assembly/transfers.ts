// Reads and writes that no call in the trace tells of: requests that io_uring_enter and io_submit hand over (their own arguments are
// pointers), the work of kernel threads (nfsd, workers of io_uring), and calls that were not recorded. What the file system announces
// is the operation there. It is kept until the next one of the thread: direct I/O that follows tells how it ended (iomap-events.ts),
// and ext4 announces one write in several pieces.
import { Op } from '../model/events.js';
import { tellAnnounced } from './announced.js';
import type { Context } from './context.js';
import { grows, PAGE } from './handler.js';
import type { Thread } from './state.js';

/** A read or write of its own begins, whose row is written later. */
function announce(
  c: Context,
  t: Thread,
  op: number,
  flags: number,
  file: number,
  offset: number,
  length: number,
): void {
  tellAnnounced(c, t);
  // A lock was for what lies behind the end of file, and attributes have been set.
  t.mapLock.device = -1;
  t.setting.device = -1;
  const { announced, call } = t;
  announced.pending = true;
  announced.awaited = '';
  announced.op = op;
  announced.flags = flags;
  announced.file = file;
  announced.offset = offset;
  announced.length = length;
  announced.timeNs = c.record.timeNs;
  announced.row = c.record.row;
  announced.callNs = call.timeNs;
  announced.opId = c.events.newId();
  // Changes of maps from here on are of this request, not of the call that hands over several.
  if (call.name !== '') call.opId = announced.opId;
}

/** Is the direct I/O that begins what was announced last? Then its end writes the row. */
export function takesAnnounced({ announced }: Thread, file: number, offset: number): boolean {
  const isSame = announced.pending && announced.file === file && announced.offset === offset;
  if (isSame) announced.pending = false;
  return isSame;
}

/** The `opId` of direct I/O of its own, and of the changes of maps from here on. */
export function directOp(c: Context, t: Thread, announced: boolean): number {
  const opId = announced ? t.announced.opId : c.events.newId();
  if (t.call.name !== '') t.call.opId = opId;
  return opId;
}

/** XFS announces a transfer once, before it begins. */
export function xfsAnnounces(c: Context, t: Thread, op: number, flags: number, v: Float64Array): void {
  const file = c.file(v[0]!, v[1]!);
  const [offset, length] = [v[3]!, v[4]!];
  const isBuffered = flags === 0;
  if (isBuffered && op === Op.read && isReadAgain(t, file, offset, length)) return;
  const isAgain =
    isBuffered &&
    op === Op.write &&
    t.call.name === '' &&
    (comesAgain(t, op, file, offset, length) || isRest(t, file, offset, length));
  if (!isAgain) announce(c, t, op, flags, file, offset, length);
  if (op === Op.write) grows(c, file, offset + length);
  if (isBuffered && op === Op.write && t.call.name === 'io_uring_enter' && c.iomapSeen) awaits(t);
}

/**
 * io_uring reads without waiting first (IOCB_NOWAIT) and again where pages were not there: at once, and when they have come or in
 * a worker (io_read in io_uring/rw.c). All of them are announced, and are one read.
 */
function isReadAgain(t: Thread, file: number, offset: number, length: number): boolean {
  const { call, attempt } = t;
  if (call.name === 'io_submit') return false;
  const isSame = attempt.file === file && attempt.offset === offset && attempt.length === length;
  const atOnce = isSame && attempt.callNs === call.timeNs && (call.name !== '' || attempt.isRetry);
  attempt.isRetry = atOnce || comesAgain(t, Op.read, file, offset, length);
  attempt.file = file;
  attempt.offset = offset;
  attempt.length = length;
  attempt.callNs = call.timeNs;
  return attempt.isRetry;
}

const keyOf = (op: number, file: number, offset: number, length: number): string => `${op} ${file} ${offset} ${length}`;

/** Was it tried before, and would have had to wait? */
const comesAgain = ({ process }: Thread, op: number, file: number, offset: number, length: number): boolean =>
  process.awaited.delete(keyOf(op, file, offset, length));

/** What was announced last has to come again. */
function awaits({ announced, process }: Thread): void {
  announced.awaited = keyOf(announced.op, announced.file, announced.offset, announced.length);
  process.awaited.add(announced.awaited);
}

/** What was announced last goes on: a write that would have had to wait for its map ends before iomap shows it, and a worker makes it. */
export function goesOn({ announced, process }: Thread): void {
  if (announced.awaited === '' || announced.op !== Op.write) return;
  process.awaited.delete(announced.awaited);
  announced.awaited = '';
  const { begun } = process;
  begun.set(endOf(announced.file, announced.offset, announced.length), announced.offset);
  if (begun.size > MOST_BEGUN) begun.delete(begun.keys().next().value!);
}

/** More than a ring's worker is behind. */
const MOST_BEGUN = 256;

const endOf = (file: number, offset: number, length: number): string => `${file} ${offset + length}`;

/** Is it what is left of a write that was begun at once and could not go on without waiting (io_write in io_uring/rw.c)? */
function isRest({ process: { begun } }: Thread, file: number, offset: number, length: number): boolean {
  const key = endOf(file, offset, length);
  const from = begun.get(key);
  return from !== undefined && from < offset && begun.delete(key);
}

/** A page of the file was put into the cache: a read that io_uring began has to come again for it. */
export function pageMissing(t: Thread, file: number): void {
  const { announced, call } = t;
  if (!announced.pending || announced.op !== Op.read || announced.file !== file || call.name !== 'io_uring_enter')
    return;
  awaits(t);
}

/**
 * ext4 announces each piece of a write that goes into one folio: with what is left to write as its length, or page by page before
 * Linux 6.16 (generic_perform_write). Pages that go on where the last one ended are taken for the same write, until a longer piece
 * shows that the file system is not asked for pages.
 */
export function ext4Announces(c: Context, t: Thread, v: Float64Array): void {
  const file = c.file(v[0]!, v[1]!);
  const [offset, length] = [v[2]!, v[3]!];
  grows(c, file, offset + length, t.task);
  if (length > PAGE) c.wholeWrites.add(v[0]!);
  const { announced, call } = t;
  const end = announced.offset + announced.length;
  const isSame = announced.pending && announced.op === Op.write && announced.flags === 0 && announced.file === file;
  if (isSame && announced.callNs === call.timeNs && offset > announced.offset) {
    if (offset + length === end) return;
    if (offset === end && offset % PAGE === 0 && announced.lastLength <= PAGE && !c.wholeWrites.has(v[0]!)) {
      announced.length += length;
      announced.lastLength = length;
      return;
    }
  }
  announce(c, t, Op.write, 0, file, offset, length);
  announced.lastLength = length;
}
