// Devices: DMA mappings, IOMMU, NVMe commands, block requests (kernel-events reference, section 7).
import { type Context, currentOp, type RequestKind } from './context.js';
import type { Actor } from './device-log.js';
import { findBuffer } from './faults.js';
import { type Handler, told, word } from './handler.js';
import type { DirectCall, Thread } from './state.js';

/** TO_DEVICE is 1: the device reads memory. 2 FROM_DEVICE, 0 BIDIRECTIONAL: it writes. */
const deviceWrites = (dir: string): boolean => dir !== '1' && dir !== 'TO_DEVICE';

const actor = (c: Context, t: Thread): Actor => ({
  timeNs: c.record.timeNs,
  task: t.task,
  opId: currentOp(c, t),
  row: c.record.row,
});

const mapPage: Handler = (c, t, v) => {
  // device dir dma_addr size phys_addr
  c.devices.iommu.claim(t.tid);
  const runs = [{ addr: v[4]!, length: v[3]! }];
  c.devices.map(v[0]!, v[2]!, t.tid, runs, deviceWrites(word(c, v[1]!)), actor(c, t), directCall(c, t));
};

const unmapPage: Handler = (c, _t, v) => c.devices.unmap(v[0]!, v[2]!, c.record.timeNs);

const mapList: Handler = (c, t, v) => {
  // device full_nents full_ents truncated [phys_addrs] [dma_addrs] [lengths] dir
  const [physical = [], , lengths = []] = c.record.arrays;
  const pieces = c.devices.iommu.claim(t.tid);
  // With an IOMMU merged entries lose the lengths of their pieces; the iommu:map events just before have them.
  const runs = lengths.length === physical.length ? physical.map((addr, i) => ({ addr, length: lengths[i]! })) : pieces;
  if (v[3]! > 0)
    c.sink.issue(
      'dma-list-truncated',
      c.record.row,
      'the event keeps the first 128 entries of a scatter list only; the rest of the access is unknown',
    );
  const write = deviceWrites(word(c, v[4]!));
  c.devices.map(v[0]!, physical.join(), t.tid, runs, write, actor(c, t), directCall(c, t));
};

/**
 * mr_id length offset dir. NFS over RDMA lets a peer reach memory by an address of its own: the transaction's number stands in
 * the upper half (net/sunrpc/xprtrdma/frwr_ops.c), so that it leads to no page.
 */
const regionMapped: Handler = (c, t, v) => {
  if (!(v[1]! > 0) || Number.isNaN(v[0]!))
    return c.unplaced('memory regions of NFS over RDMA without number or length');
  c.devices.region(`${v[0]}`, v[2]!, v[1]!, deviceWrites(word(c, v[3]!)), actor(c, t));
};

const unmapList: Handler = (c, _t, v) => c.devices.unmap(v[0]!, (c.record.arrays[0] ?? []).join(), c.record.timeNs);

function directCall(c: Context, t: Thread): DirectCall | null {
  if (!t.call.direct) return null;
  findBuffer(c, t);
  return t.call.directCall;
}

/** Position of `pread64(fd, buf, count, pos)` and `pwrite64`. */
const POSITION = 3;

/**
 * A call that names no file and asks the disk for just the position it was given reads or writes the block device itself:
 * what a holder of addresses does that it learned from FIEMAP.
 */
function rawCall(c: Context, t: Thread, device: number, addr: number, direct: boolean): void {
  const { call } = t;
  if (call.file >= 0 || (call.name !== 'pread64' && call.name !== 'pwrite64') || call.args[POSITION] !== addr) return;
  call.file = c.blockDevice(device);
  // Past the page cache as well, unless it is read ahead (REQ_RAHEAD): then the memory is held from the call on.
  if (!direct) return;
  call.direct = true;
  call.directNs = call.timeNs;
}

const NVME_WRITE = 1;

const NVME_READ = 2;

const nvmeSetup: Handler = (c, t, v) => {
  const words = c.record.arrays[0] ?? [];
  if ((v[2] !== NVME_WRITE && v[2] !== NVME_READ) || words.length < 3) return;
  c.devices.command(t.tid, words[0]! + words[1]! * 2 ** 32, (words[2]! & 0xffff) + 1);
};

/** Letters of `rwbs` (blk_fill_rwbs). */
const requestKind = (rwbs: string): RequestKind => ({
  moves: /[RW]/.test(rwbs),
  write: rwbs.includes('W'),
  meta: rwbs.includes('M'),
  ahead: rwbs.includes('A'),
});

/** Where data begins, blocks and groups of the file system do. */
function dataAt(c: Context, device: number, sector: number, sectors: number): void {
  c.blocks.request(device, sector * 512);
  c.votes.request(device, sector * 512, sectors * 512);
}

/** dev rwbs bytes sector nr_sector; flushes have no sectors. */
const movesData = ({ moves }: RequestKind, v: Float64Array): boolean => v[3]! >= 0 && v[4]! > 0 && moves;

function ask(c: Context, t: Thread, v: Float64Array, { write, meta }: RequestKind, byBio: boolean): void {
  const { timeNs, row } = c.record;
  c.devices.disks.ask(byBio, v[0]!, v[3]!, v[4]! * 512, write, meta, timeNs, t.task, currentOp(c, t), row);
}

const issue: Handler = (c, t, v) => {
  const kind = told(c, c.requestKinds, v[1]!, requestKind);
  if (!movesData(kind, v)) return;
  rawCall(c, t, v[0]!, v[3]! * 512, !kind.ahead);
  if (!kind.meta) dataAt(c, v[0]!, v[3]!, v[4]!);
  c.devices.issues(t.tid, v[0]!, v[3]!);
  ask(c, t, v, kind, false);
};

const complete: Handler = (c, _t, v) => c.devices.disks.complete(v[0]!, v[3]!, v[4]! * 512, c.record.timeNs);

const queue: Handler = (c, t, v) => {
  const kind = told(c, c.requestKinds, v[1]!, requestKind);
  if (movesData(kind, v) && c.devices.disks.asksByBios(v[0]!)) ask(c, t, v, kind, true);
};

const bioEnds: Handler = (c, _t, v) => {
  const kind = told(c, c.requestKinds, v[1]!, requestKind);
  if (!kind.meta && movesData(kind, v) && c.devices.disks.asksByBios(v[0]!)) dataAt(c, v[0]!, v[3]!, v[4]!);
  c.devices.disks.bioEnds(v[0]!, v[3]!, v[4]! * 512, c.record.timeNs);
};

const remap: Handler = (c, _t, v) => {
  if (!(v[6]! >= 0)) return;
  c.devices.disks.partition(v[0]!, v[5]!, v[3]! - v[6]!);
  if (!told(c, c.requestKinds, v[1]!, requestKind).meta) dataAt(c, v[5]!, v[6]!, v[4]!);
};

/** By event name. */
export const DEVICE_EVENTS: Readonly<Record<string, Handler>> = {
  dma_map_page: mapPage,
  dma_map_phys: mapPage,
  dma_map_resource: mapPage,
  dma_unmap_page: unmapPage,
  dma_unmap_phys: unmapPage,
  dma_unmap_resource: unmapPage,
  dma_map_sg: mapList,
  dma_unmap_sg: unmapList,
  // iova paddr size; iova size unmapped_size
  map: (c, t, v) => {
    if (v[1]! >= 0 && v[2]! > 0) c.devices.iommuPiece(t.tid, v[0]!, v[1]!, v[2]!, actor(c, t));
  },
  unmap: (c, _t, v) => c.devices.iommuEnd(v[0]!, Number.isNaN(v[2]!) ? v[1]! : v[2]!, c.record.timeNs),
  xprtrdma_mr_map: regionMapped,
  xprtrdma_mr_unmap: (c, _t, v) => c.devices.regionEnd(`${v[0]}`, c.record.timeNs),
  mr_alloc: (c) => c.unplaced('RDMA memory regions of the kernel: mr_alloc tells no memory'),
  nvme_setup_cmd: nvmeSetup,
  block_rq_issue: issue,
  block_rq_complete: complete,
  block_bio_queue: queue,
  block_bio_complete: bioEnds,
  block_bio_remap: remap,
};
