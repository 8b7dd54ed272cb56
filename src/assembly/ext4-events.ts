// ext4 and jbd2: the extent status tree, ranges, writes.
import { isOwn } from './announced.js';
import { EXT4_IOC_MOVE_EXT } from './calls-remap.js';
import { type Context, sizeUnknown } from './context.js';
import { MAX_BLOCK } from './ext4-map.js';
import {
  author,
  commit,
  type Handler,
  metAsNew,
  PAGE,
  stillWorks,
  strong,
  told,
  transferAt,
  word,
  worksOn,
} from './handler.js';
import type { Thread } from './state.js';
import { ext4Announces } from './transfers.js';

const ext4Inside = transferAt(2, true);

const ext4Transfer: Handler = (c, t, v) => {
  c.writesSeen = true;
  if (isOwn(t)) ext4Announces(c, t, v);
  else ext4Inside(c, t, v);
  worksOn(t, v[0]!, v[1]!, v[2]!, v[3]!);
};

const ranged: Handler = (c, t, v) => {
  c.reused.mapped(v[0]!, v[1]!, t, c.record.timeNs);
  strong(c, t, v);
  worksOn(t, v[0]!, v[1]!, v[2]!, v[3]!);
};

/** Blocks told of while a range of bytes of the same file is worked on, or faulted on; what is written back in a fault is elsewhere. */
function measureBlocks(c: Context, t: Thread, v: Float64Array, status: string): void {
  const { fault, work } = t;
  if (fault.active) {
    // Only a store reserves blocks: behind a load stands a write that is not in the trace.
    if (
      fault.offset >= 0 &&
      (fault.dax || (fault.write && status.includes('D'))) &&
      fault.file === c.file(v[0]!, v[1]!)
    )
      c.blocks.touched(v[0]!, v[2]!, v[3]!, fault.offset - (fault.offset % PAGE), PAGE);
  } else if (stillWorks(t) && work.device === v[0] && work.inode === v[1])
    c.blocks.touched(v[0]!, v[2]!, v[3]!, work.offset, work.length);
}

/** Calls whose own file it is that blocks are reserved for. */
const WRITES = /^p?writev?2?(64)?$/;

/** A word of W, U, D, H and R, or the number of their bits, as trace-cmd's raw report has it (fs/ext4/extents_status.h). */
function extentStatus(text: string): string {
  const bits = Number(text);
  return Number.isNaN(bits) ? text : [...'WUDHR'].filter((_, i) => (bits >> i) & 1).join('');
}

const ext4Insert: Handler = (c, t, v) => {
  author(c, t, v);
  c.reused.mapped(v[0]!, v[1]!, t, c.record.timeNs);
  if (c.reused.made > 0 && !t.fault.active && WRITES.test(t.call.name)) metAsNew(c, t, v[0]!, v[1]!);
  const file = c.file(v[0]!, v[1]!);
  const status = told(c, c.extentStatus, v[5]!, extentStatus);
  measureBlocks(c, t, v, status);
  if (!/[DH]/.test(status)) c.blocks.extent(v[0]!, v[4]!);
  c.ext4.insert(file, v[0]!, v[2]!, v[3]!, v[4]!, status);
  if (status.includes('D')) c.writesSeen = true;
  if (status.includes('D') && (c.sizes.get(file) === undefined || isBehind(c, file, v[0]!, v[2]! + v[3]!)))
    unseen(c, t, file);
};

/** Do blocks reach behind the end of file? */
function isBehind(c: Context, file: number, device: number, end: number): boolean {
  const size = c.sizes.get(file);
  return size !== undefined && end > Math.ceil(size / c.blocks.bytes(device));
}

/** Space was reserved or taken behind the end of file, and no call seen that asks for it: a write that is not in the trace. */
function unseen(c: Context, t: Thread, file: number): void {
  if (t.call.name === '') sizeUnknown(c, t, file);
}

/** dev ino flags lblk pblk len mflags ret; N: blocks are new. */
const ext4Mapped: Handler = (c, t, v) => {
  if (!word(c, v[6]!).includes('N')) return;
  const file = c.file(v[0]!, v[1]!);
  if (isBehind(c, file, v[0]!, v[3]! + v[5]!)) unseen(c, t, file);
};

/** All that was kept in memory of a file goes with its inode, at umount or for want of memory: its blocks are where they are. */
function isUncached({ uncached }: Thread, v: Float64Array): boolean {
  if (uncached.device !== v[0] || uncached.inode !== v[1]) return false;
  uncached.device = -1;
  return true;
}

const ext4Remove: Handler = (c, t, v) => {
  if (isUncached(t, v)) return;
  author(c, t, v);
  const { call } = t;
  const [device, , offset, count] = v as unknown as [number, number, number, number];
  const file = c.file(device, v[1]!);
  if (call.name === 'ioctl' && call.args[1] === EXT4_IOC_MOVE_EXT) {
    // The file that the call is on comes first.
    if (call.file < 0) call.file = file;
    else if (call.file !== file) call.source = file;
    c.ext4.moves.takes(t, { file, device, offset, count });
  } else if (call.name === '' && offset + count < MAX_BLOCK) c.ext4.moves.mayTake(t, { file, device, offset, count });
  else c.ext4.remove(file, device, offset, count, t);
};

const ext4Shift =
  (sign: number): Handler =>
  (c, t, v) => {
    strong(c, t, v);
    c.ext4.shift(c.file(v[0]!, v[1]!), v[2]!, sign * v[3]!, t);
  };

/** What takes blocks away and moves none. */
const ext4Takes =
  (handler: Handler): Handler =>
  (c, t, v) => {
    handler(c, t, v);
    c.ext4.noShift(c.file(v[0]!, v[1]!));
  };

const takesRange = ext4Takes(ranged);

const ext4Punch: Handler = (c, t, v) => {
  takesRange(c, t, v);
  t.moves.punch = { file: c.file(v[0]!, v[1]!), offset: v[2]!, length: v[3]! };
};

const RENAMES = new Set(['rename', 'renameat', 'renameat2']);

const ext4Evict: Handler = (c, t, v) => {
  author(c, t, v);
  if (v[2]! > 0) {
    t.uncached.device = v[0]!;
    t.uncached.inode = v[1]!;
  }
  if (v[2] !== 0) return;
  // What a rename lets go of is the file that had the new name; no event tells which file was renamed.
  if (RENAMES.has(t.call.name) && t.call.source < 0) t.call.source = c.file(v[0]!, v[1]!);
  c.ext4.knownEmpty(c.file(v[0]!, v[1]!), v[0]!);
  c.reused.evicted(v[0]!, v[1]!, t);
};

const ext4Allocated: Handler = (c, t, v) => {
  c.reused.allocated(v[0]!, v[1]!, c.record.timeNs);
  strong(c, t, v);
};

const ext4Unlink: Handler = (c, t, v) => {
  strong(c, t, v);
  c.reused.unlinked(v[0]!, v[1]!, c.record.timeNs);
};

/** By event name. */
export const EXT4_EVENTS: Readonly<Record<string, Handler>> = {
  jbd2_start_commit: commit,
  ext4_es_insert_extent: ext4Insert,
  ext4_es_insert_delayed_extent: ext4Insert,
  ext4_es_insert_delayed_block: ext4Insert,
  ext4_es_remove_extent: ext4Remove,
  ext4_ext_map_blocks_exit: ext4Mapped,
  ext4_collapse_range: ext4Shift(-1),
  ext4_insert_range: ext4Shift(1),
  ext4_evict_inode: ext4Evict,
  ext4_fallocate_enter: ranged,
  ext4_punch_hole: ext4Punch,
  ext4_zero_range: takesRange,
  ext4_truncate_enter: ext4Takes(strong),
  ext4_allocate_inode: ext4Allocated,
  ext4_free_inode: (c, t, v) => c.reused.evicted(v[0]!, v[1]!, t),
  ext4_unlink_enter: ext4Unlink,
  ext4_sync_file_enter: strong,
  ext4_da_write_begin: ext4Transfer,
  ext4_write_begin: ext4Transfer,
};
