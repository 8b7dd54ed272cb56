// What each tracepoint tells assembly, by name. `v` are the slots of kernel-events.ts in their order.
import { Flag, Op } from '../model/events.js';
import { pinRows, processExit, processFork } from './calls.js';
import type { Context, DirectCall, Queued } from './context.js';
import { currentOp, sizeIs, sizeUnknown } from './context.js';
import { busError, daxDone, daxFault, endFault, fileFault, findBuffer, userFault } from './faults.js';
import { DELALLOC, HOLE } from './map-log.js';
import type { Thread } from './state.js';
import { isAttr, isCow, xfsBlock, xfsState } from './xfs-map.js';

type Handler = (c: Context, t: Thread, v: Float64Array) => void;

const PAGE = 4096;
const BLOCK = 4096;
const SIGKILL = 9;
const SIGBUS = 7;

/** The event names the file the enclosing call works on. */
const strong: Handler = (c, t, v) => {
  if (t.call.name !== '' && !t.fault.active && t.call.file < 0) t.call.file = c.file(v[0]!, v[1]!);
};

/** The same for reads and writes, with the position of the transfer. */
const transferAt =
  (place: number): Handler =>
  (c, t, v) => {
    strong(c, t, v);
    if (t.call.name !== '' && t.call.position < 0) t.call.position = v[place]!;
  };

/** XFS announces each read and write once: where the call itself is not in the trace, that is the operation. */
const xfsTransfer = (op: number, flags: number): Handler => {
  const inside = transferAt(3);
  return (c, t, v) => {
    inside(c, t, v);
    c.writesSeen = true;
    if (t.call.name !== '') return;
    const file = c.file(v[0]!, v[1]!);
    const e = c.events;
    e.timeNs = c.record.timeNs;
    e.op = op;
    e.file = file;
    e.task = t.task;
    e.offset = v[3]!;
    e.length = v[4]!;
    e.opId = e.newId();
    e.flags = flags;
    e.row = c.record.row;
    e.commit();
    if (op === Op.write) grows(c, file, v[3]! + v[4]!, false);
  };
};

/** ext4 announces its writes piece by piece: outside a known call they only tell the size. */
const ext4Transfer: Handler = (c, t, v) => {
  transferAt(2)(c, t, v);
  c.writesSeen = true;
  if (t.call.name === '') grows(c, c.file(v[0]!, v[1]!), v[2]! + v[3]!, true);
};

function grows(c: Context, file: number, end: number, tell: boolean): void {
  const size = c.sizes.get(file);
  if (size !== undefined && end > size) sizeIs(c, file, end, tell);
}

const weak: Handler = (c, t, v) => {
  if (t.call.name !== '' && !t.fault.active && t.call.weakFile < 0) t.call.weakFile = c.file(v[0]!, v[1]!);
};

// --- faults

const xfsFault: Handler = (c, t, v) => fileFault(c, t, c.file(v[0]!, v[1]!), -1, null);

/** dev ino flags address pgoff result */
const dax: Handler = (c, t, v) => daxFault(c, t, c.file(v[0]!, v[1]!), v[4]! * PAGE, v[2]!, v[3]!);

const frame: Handler = (c, t, v) => {
  const { fault } = t;
  if (fault.active && fault.file >= 0 && fault.offset >= 0 && !Number.isNaN(v[1]!))
    c.devices.hints.push({ timeNs: c.record.timeNs, file: fault.file, offset: fault.offset, physical: v[1]! * PAGE });
};

// --- page cache

const pageAdded: Handler = (c, t, v) => {
  const file = c.file(v[0]!, v[1]!);
  c.devices.pageAdded(v[2]!, Number.isNaN(v[4]!) ? 0 : v[4]!, file, v[3]!);
  weak(c, t, v);
};
const pageDeleted: Handler = (c, _t, v) =>
  c.devices.pageDeleted(v[2]!, Number.isNaN(v[4]!) ? 0 : v[4]!, c.file(v[0]!, v[1]!));

// --- XFS maps

function stateOf(c: Context, word: number): number {
  if (Number.isNaN(word)) return 0;
  let bits = c.stateBits.get(word);
  if (bits === undefined) {
    bits = xfsState(c.words.get(word));
    c.stateBits.set(word, bits);
  }
  return bits;
}

function extentEvent(
  apply: (c: Context, file: number, v: Float64Array, state: number) => void,
  cow: 'cow-insert' | 'cow-remove',
): Handler {
  return (c, t, v) => {
    if (Number.isNaN(v[3]!) || Number.isNaN(v[4]!) || Number.isNaN(v[5]!))
      return c.unplaced('extent events that lack a field');
    const state = stateOf(c, v[2]!);
    if (isAttr(state)) return;
    author(c, t);
    c.geometry(v[0]!);
    const file = c.file(v[0]!, v[1]!);
    if (isCow(state)) {
      const block = xfsBlock(v[4]!);
      if (block >= 0) c.log.add(cow, file, v[0]!, v[3]!, v[5]!, block);
    } else apply(c, file, v, state);
  };
}

function author(c: Context, t: Thread): void {
  const a = c.log.author;
  a.timeNs = c.record.timeNs;
  a.opId = currentOp(c, t);
  a.task = t.task;
  a.row = c.record.row;
  a.sharing = t.call.remapLength > 0;
}

/** xfs_iomap_found and _alloc: what a look-up saw, kept until iomap tells the device address of the same extent. */
const lookup: Handler = (_c, t, v) => {
  // dev ino disize pos bytecount startoff startblock fsbcount
  if (!Number.isNaN(v[6]!)) t.pair = { device: v[0]!, inode: v[1]!, off: v[5]!, block: v[6]! };
};

const deviceMap: Handler = (c, t, v) => {
  // dev ino bdev addr offset length type flags
  const { pair } = t;
  t.pair = null;
  strong(c, t, v);
  if (pair === null || pair.device !== v[0] || pair.inode !== v[1] || pair.off * BLOCK !== v[4]) return;
  if (v[3]! >= 0 && xfsBlock(pair.block) >= 0) c.geometry(v[0]!).pair(pair.block, v[3]! / BLOCK);
  const type = iomapType(word(c, v[6]!));
  // A copy-on-write target is not the file's map yet.
  if (iomapShared(word(c, v[7]!))) return;
  const block = type === IOMAP_HOLE ? HOLE : type === IOMAP_DELALLOC ? DELALLOC : pair.block;
  if (block >= 0 && xfsBlock(block) < 0) return;
  const count = v[5]! < 0 ? 2 ** 40 : v[5]! / BLOCK;
  author(c, t);
  c.xfs.found(c.file(v[0]!, v[1]!), v[0]!, v[4]! / BLOCK, block, count, type === IOMAP_UNWRITTEN);
};

/** include/linux/iomap.h; printed by name, or as a number by raw reports. */
const IOMAP_HOLE = 0;
const IOMAP_DELALLOC = 1;
const IOMAP_UNWRITTEN = 3;
const IOMAP_TYPES = ['HOLE', 'DELALLOC', 'MAPPED', 'UNWRITTEN', 'INLINE'];
const IOMAP_F_SHARED = 4;
const iomapType = (text: string): number => (IOMAP_TYPES.includes(text) ? IOMAP_TYPES.indexOf(text) : Number(text));
const iomapShared = (text: string): boolean => text.includes('SHARED') || (Number(text) & IOMAP_F_SHARED) !== 0;

const truncateEnd: Handler = (c, t, v) => {
  strong(c, t, v);
  author(c, t);
  if (v[3] === 0) c.xfs.knownEmpty(c.file(v[0]!, v[1]!), v[0]!);
};

const swapBefore: Handler = (c, t, v) => {
  t.swapping ??= { files: [], changes: c.log.rows.length };
  t.swapping.files.push(c.file(v[0]!, v[1]!));
  if (t.call.file < 0) t.call.file = t.swapping.files[0]!;
};

const swapAfter: Handler = (c, t, v) => {
  const seen = t.swapping;
  if (seen === null || seen.files.length < 2) return;
  t.swapping = null;
  author(c, t);
  // With rmapbt the swap goes extent by extent and every step was seen; without, the forks change places whole (trap 6).
  const stepwise = c.log.rows
    .slice(seen.changes)
    .some((row) => seen.files.includes(row.file) && (row.change === 'insert' || row.change === 'remove'));
  if (!stepwise) c.xfs.swap(seen.files[0]!, seen.files[1]!, v[0]!);
};

const remapRange: Handler = (c, t, v) => {
  const { call } = t;
  call.source = c.file(v[0]!, v[2]!);
  call.file = c.file(v[0]!, v[4]!);
  call.sourceOffset = v[3]!;
  call.targetOffset = v[5]!;
  call.remapLength = v[1]!;
};

const commit: Handler = (c, t) => {
  const e = c.events;
  e.timeNs = c.record.timeNs;
  e.op = Op.commit;
  e.opId = currentOp(c, t);
  e.task = t.task;
  e.row = c.record.row;
  e.commit();
};

// --- names

const looked =
  (created: boolean): Handler =>
  (_c, t, v) => {
    t.call.device = v[0]!;
    t.call.directory = v[1]!;
    t.call.lookup = v[2]!;
    t.call.created = created;
  };

const removed: Handler = (c, t, v) => {
  looked(false)(c, t, v);
  const file = c.names.get(`${v[0]}/${v[1]}/${c.words.get(v[2]!)}`);
  if (file !== undefined && t.call.file < 0) t.call.file = file;
  c.names.delete(`${v[0]}/${v[1]}/${c.words.get(v[2]!)}`);
};

const renamed: Handler = (c, t, v) => {
  const from = `${v[0]}/${v[1]}/${c.words.get(v[3]!)}`;
  const to = `${v[0]}/${v[2]}/${c.words.get(v[4]!)}`;
  const file = c.names.get(from);
  const over = c.names.get(to);
  if (over !== undefined) t.call.source = over;
  if (file === undefined) return;
  t.call.file = file;
  c.names.delete(from);
  c.names.set(to, file);
};

// --- ext4

const ext4Insert: Handler = (c, t, v) => {
  author(c, t);
  const file = c.file(v[0]!, v[1]!);
  const status = c.words.get(v[5]!);
  c.ext4.insert(file, v[0]!, v[2]!, v[3]!, v[4]!, status);
  if (status.includes('D')) c.writesSeen = true;
  // Space reserved behind the end of file, and no call seen that asks for it: a write that is not in the trace.
  const size = c.sizes.get(file);
  if (
    t.call.name === '' &&
    status.includes('D') &&
    (size === undefined || (v[2]! + v[3]!) * BLOCK > Math.ceil(size / BLOCK) * BLOCK)
  )
    sizeUnknown(c, file);
};
const ext4Remove: Handler = (c, t, v) => {
  author(c, t);
  c.ext4.remove(c.file(v[0]!, v[1]!), v[0]!, v[2]!, v[3]!);
};
const ext4Shift =
  (sign: number): Handler =>
  (c, t, v) => {
    strong(c, t, v);
    c.ext4.shift(c.file(v[0]!, v[1]!), v[2]! / BLOCK, (sign * v[3]!) / BLOCK);
  };
const ext4Evict: Handler = (c, t, v) => {
  author(c, t);
  if (v[2] === 0) c.ext4.knownEmpty(c.file(v[0]!, v[1]!), v[0]!);
};

// --- direct I/O

const dioBegin: Handler = (c, t, v) => {
  // dev ino size offset length flags aio
  strong(c, t, v);
  const { call } = t;
  call.direct = true;
  call.directNs = c.record.timeNs;
  const file = c.file(v[0]!, v[1]!);
  if (!Number.isNaN(v[2]!)) sizeIs(c, file, v[2]!, true);
  const direct: DirectCall = { file, buffer: null, bufferOffset: -1, covered: 0 };
  call.directCall = direct;
  findBuffer(t);
  if (v[6] !== 1) return;
  const write = c.words.get(v[5]!).includes('WRITE');
  c.queued.push({
    file,
    offset: v[3]!,
    length: v[4]!,
    write,
    timeNs: c.record.timeNs,
    row: c.record.row,
    task: t.task,
    opId: c.events.newId(),
    thread: t,
    faulted: -1,
    first: Number.POSITIVE_INFINITY,
    last: -1,
  });
};

export function forgetQueued(c: Context): void {
  for (const q of c.queued.splice(0)) queuedRow(c, q, c.record.timeNs, 0, false);
}

const dioComplete: Handler = (c, _t, v) => {
  // dev ino size offset flags aio error ret; on success offset is the position after the I/O
  if (v[5] !== 1) return;
  const file = c.file(v[0]!, v[1]!);
  const ret = Number.isNaN(v[7]!) ? 0 : v[7]!;
  const start = ret > 0 ? v[3]! - ret : v[3]!;
  const at = c.queued.findIndex((q) => q.file === file && q.offset === start);
  if (at < 0) return c.unplaced('completions of asynchronous I/O whose begin was not seen');
  const [q] = c.queued.splice(at, 1);
  queuedRow(c, q!, c.record.timeNs, ret, true);
};

function queuedRow(c: Context, q: Queued, toNs: number, ret: number, done: boolean): void {
  if (!done) c.sink.unpaired();
  if (q.faulted >= 0 && q.faulted !== q.file) {
    const length = Math.min(q.length, q.last + PAGE - q.first);
    pinRows(
      c,
      q.thread,
      q.faulted,
      q.first,
      length,
      c.events.newId(),
      !q.write,
      q.timeNs,
      toNs,
      ret < 0 ? ret : 0,
      q.row,
    );
  }
  const e = c.events;
  e.timeNs = q.timeNs;
  e.op = q.write ? Op.write : Op.read;
  e.file = q.file;
  e.task = q.task;
  e.offset = q.offset;
  e.length = ret > 0 ? ret : q.length;
  e.opId = q.opId;
  if (done) {
    e.result = ret >= 0 ? 0 : ret;
    e.latencyNs = toNs - q.timeNs;
  }
  e.flags = Flag.direct;
  e.row = q.row;
  e.commit();
}

/** Pages of another file faulted in between dio_rw_begin and the request: the sign of a pin (trap 4). */
function bufferFault(c: Context, t: Thread, file: number, first: number, last: number): void {
  const q = c.queued.at(-1);
  if (q === undefined || q.thread !== t || t.call.name !== 'io_submit' || q.file === file) return;
  q.faulted = file;
  q.first = Math.min(q.first, first);
  q.last = Math.max(q.last, last - (last % PAGE));
}

// --- devices

const word = (c: Context, value: number): string => (Number.isNaN(value) ? '' : c.words.get(value));

/** TO_DEVICE is 1: the device reads memory. 2 FROM_DEVICE, 0 BIDIRECTIONAL: it writes. */
const deviceWrites = (dir: string): boolean => dir !== '1' && dir !== 'TO_DEVICE';

const mapPage: Handler = (c, t, v) => {
  // device dir dma_addr size phys_addr
  c.devices.takePieces(t.tid);
  const runs = [{ addr: v[4]!, length: v[3]! }];
  c.devices.map(
    `p${v[0]}/${v[2]}`,
    t.tid,
    runs,
    deviceWrites(word(c, v[1]!)),
    c.record.timeNs,
    t.task,
    currentOp(c, t),
    c.record.row,
    directCall(t),
  );
};
const unmapPage: Handler = (c, _t, v) => c.devices.unmap(`p${v[0]}/${v[2]}`, c.record.timeNs);

const mapList: Handler = (c, t, v) => {
  // device full_nents full_ents truncated [phys_addrs] [dma_addrs] [lengths] dir
  const [physical = [], , lengths = []] = c.record.arrays;
  const pieces = c.devices.takePieces(t.tid);
  // With an IOMMU merged entries lose the lengths of their pieces; the iommu:map events just before have them.
  const runs = lengths.length === physical.length ? physical.map((addr, i) => ({ addr, length: lengths[i]! })) : pieces;
  if (v[3]! > 0)
    c.sink.issue(
      'dma-list-truncated',
      c.record.row,
      'the event keeps the first 128 entries of a scatter list only; the rest of the access is unknown',
    );
  c.devices.map(
    `s${v[0]}/${physical.join()}`,
    t.tid,
    runs,
    deviceWrites(word(c, v[4]!)),
    c.record.timeNs,
    t.task,
    currentOp(c, t),
    c.record.row,
    directCall(t),
  );
};
const unmapList: Handler = (c, _t, v) =>
  c.devices.unmap(`s${v[0]}/${(c.record.arrays[0] ?? []).join()}`, c.record.timeNs);

function directCall(t: Thread): DirectCall | null {
  if (!t.call.direct) return null;
  findBuffer(t);
  return t.call.directCall;
}

const NVME_WRITE = 1;
const NVME_READ = 2;
const nvmeSetup: Handler = (c, t, v) => {
  const words = c.record.arrays[0] ?? [];
  if ((v[2] !== NVME_WRITE && v[2] !== NVME_READ) || words.length < 3) return;
  c.devices.command(t.tid, words[0]! + words[1]! * 2 ** 32, (words[2]! & 0xffff) + 1);
};

const issue: Handler = (c, t, v) => {
  // dev rwbs bytes sector nr_sector; flushes have no sectors
  const rwbs = word(c, v[1]!);
  if (!(v[3]! >= 0) || !(v[4]! > 0) || !/[RW]/.test(rwbs)) return;
  c.devices.issue(
    t.tid,
    v[0]!,
    v[3]!,
    v[4]! * 512,
    rwbs.includes('W'),
    c.record.timeNs,
    t.task,
    currentOp(c, t),
    c.record.row,
  );
};
const complete: Handler = (c, _t, v) => c.devices.complete(v[0]!, v[3]!, c.record.timeNs);
const remap: Handler = (c, _t, v) => {
  if (v[6]! >= 0) c.devices.partition(v[0]!, v[5]!, v[3]! - v[6]!);
};

// --- processes

const exit: Handler = (c, t, v) => {
  endFault(c, t);
  // A thread that goes alone takes nothing with it.
  if (word(c, v[2]!) === 'false' || v[2] === 0) return;
  if (t.call.name !== '' && t.call.name !== 'exit_group') c.sink.unpaired();
  t.call.name = '';
  processExit(c, t, t.process);
};
const fork: Handler = (c, t, v) => {
  endFault(c, t);
  const child = c.thread(v[3]!, -1, v[2]!);
  child.process = c.process(v[3]!, t.process);
  processFork(c, t.process, child);
};
const signal: Handler = (c, t, v) => {
  c.signals = true;
  if (v[0] === SIGBUS) busError(t);
  endFault(c, t);
  if (v[0] === SIGKILL || v[3] === 0) t.process.killed = true;
};

const inserted = extentEvent(
  (c, file, v, state) => c.xfs.insert(file, v[0]!, v[3]!, xfsBlock(v[4]!), v[5]!, v[6] === 1, state),
  'cow-insert',
);
const taken = extentEvent((c, file, v) => c.xfs.remove(file, v[0]!, v[3]!, xfsBlock(v[4]!), v[5]!), 'cow-remove');
const before = extentEvent(
  (c, file, v) => c.xfs.preUpdate(file, v[3]!, xfsBlock(v[4]!), v[5]!, v[6] === 1),
  'cow-remove',
);
const after = extentEvent(
  (c, file, v) => c.xfs.postUpdate(file, v[0]!, v[3]!, xfsBlock(v[4]!), v[5]!, v[6] === 1),
  'cow-insert',
);

/** By event name. Events not listed are typed and kept, and tell assembly nothing more than that they happened. */
export const HANDLERS: Readonly<Record<string, Handler>> = {
  page_fault_user: (c, t, v) => userFault(c, t, v[0]!, v[2]!),
  xfs_read_fault: xfsFault,
  xfs_write_fault: xfsFault,
  xfs_filemap_fault: xfsFault,
  mm_filemap_fault: (c, t, v) => {
    const file = c.file(v[0]!, v[1]!);
    fileFault(c, t, file, v[2]!, null);
    bufferFault(c, t, file, v[2]!, v[2]!);
  },
  mm_filemap_map_pages: (c, t, v) => {
    const file = c.file(v[0]!, v[1]!);
    fileFault(c, t, file, -1, null);
    bufferFault(c, t, file, v[2]!, v[3]!);
  },
  mm_filemap_add_to_page_cache: pageAdded,
  mm_filemap_delete_from_page_cache: pageDeleted,
  dax_pte_fault: dax,
  dax_pmd_fault: dax,
  dax_insert_pfn_mkwrite: dax,
  dax_pte_fault_done: (c, t, v) => daxDone(c, t, v[5]!),
  dax_pmd_fault_done: (c, t, v) => daxDone(c, t, v[5]!),
  vmf_insert_mixed: frame,
  vmf_insert_mixed_mkwrite: frame,
  xfs_iext_insert: inserted,
  xfs_iext_remove: taken,
  xfs_bmap_pre_update: before,
  xfs_bmap_post_update: after,
  xfs_iomap_found: lookup,
  xfs_iomap_alloc: lookup,
  iomap_iter_dstmap: deviceMap,
  iomap_iter: strong,
  xfs_itruncate_extents_start: strong,
  xfs_itruncate_extents_end: truncateEnd,
  xfs_free_file_space: strong,
  xfs_alloc_file_space: strong,
  xfs_zero_file_space: strong,
  xfs_collapse_file_space: strong,
  xfs_insert_file_space: strong,
  xfs_reflink_unshare: strong,
  xfs_setattr: strong,
  xfs_ioctl_setattr: strong,
  xfs_file_fsync: strong,
  xfs_file_direct_read: xfsTransfer(Op.read, Flag.direct),
  xfs_file_direct_write: xfsTransfer(Op.write, Flag.direct),
  xfs_file_buffered_read: xfsTransfer(Op.read, 0),
  xfs_file_buffered_write: xfsTransfer(Op.write, 0),
  xfs_file_dax_read: xfsTransfer(Op.read, 0),
  xfs_file_dax_write: xfsTransfer(Op.write, 0),
  xfs_create: looked(true),
  xfs_lookup: looked(false),
  xfs_remove: removed,
  xfs_rename: renamed,
  xfs_swap_extent_before: swapBefore,
  xfs_swap_extent_after: swapAfter,
  xfs_reflink_remap_range: remapRange,
  xfs_log_force: commit,
  jbd2_start_commit: commit,
  ext4_es_insert_extent: ext4Insert,
  ext4_es_insert_delayed_extent: ext4Insert,
  ext4_es_remove_extent: ext4Remove,
  ext4_collapse_range: ext4Shift(-1),
  ext4_insert_range: ext4Shift(1),
  ext4_evict_inode: ext4Evict,
  ext4_fallocate_enter: strong,
  ext4_punch_hole: strong,
  ext4_zero_range: strong,
  ext4_truncate_enter: strong,
  ext4_allocate_inode: strong,
  ext4_unlink_enter: strong,
  ext4_sync_file_enter: strong,
  ext4_da_write_begin: ext4Transfer,
  ext4_write_begin: ext4Transfer,
  iomap_dio_rw_begin: dioBegin,
  iomap_dio_complete: dioComplete,
  generic_add_lease: strong,
  generic_delete_lease: strong,
  time_out_leases: strong,
  break_lease_block: strong,
  break_lease_noblock: strong,
  dma_map_page: mapPage,
  dma_map_phys: mapPage,
  dma_map_resource: mapPage,
  dma_unmap_page: unmapPage,
  dma_unmap_phys: unmapPage,
  dma_unmap_resource: unmapPage,
  dma_map_sg: mapList,
  dma_unmap_sg: unmapList,
  map: (c, t, v) => c.devices.iommuPiece(t.tid, v[1]!, v[2]!),
  nvme_setup_cmd: nvmeSetup,
  block_rq_issue: issue,
  block_rq_complete: complete,
  block_bio_remap: remap,
  sched_process_exit: exit,
  sched_process_fork: fork,
  signal_deliver: signal,
};
