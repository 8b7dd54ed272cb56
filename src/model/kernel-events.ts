// The tracepoints sealtrace knows, as `print|field|older:type` slots. Order of slots is the order in the printed line.
// Sources: include/trace/events/{filemap,block,filelock,fs_dax,dma,iommu,sched,signal,exceptions,ext4,jbd2}.h,
// fs/xfs/xfs_trace.h, fs/iomap/trace.h, drivers/nvme/host/trace.h (Linux 6.1 to 6.18), and the events' format files;
// `older`: the words of XFS until Linux 5.14, where the format file of today does not have them.
import type { Slot, SlotType } from './kernel.js';

const xfsExtent =
  'dev:d ino:n state|bmap_state:s fileoff|startoff|offset:n startblock|startblock|block:n fsbcount|blockcount|count:n flag|state:n';
const xfsIomap =
  'dev:d ino:n disize|size:n pos|offset:n bytecount|count:n startoff:n startblock:n fsbcount|blockcount:n';
/** The entry of a directory, and the inode it names. */
const xfsName = 'dev:d ino:n inumber:n';
const xfsInode = 'dev:d ino:n';
const xfsIo = 'dev:d ino:n disize|size:n pos|offset:n bytecount|count:n';
const xfsRange = 'dev:d ino:n fileoff|lblk:n startblock|pblk:n fsbcount|len:n';
const pageCache = 'dev|s_dev:d ino|i_ino:h pfn:n ofs|index*4096:n order:n';
const daxFault = 'dev:d ino:n @flags|flags:n address:n pgoff:n @result|result:n';
const lease = 'dev|s_dev:d ino|i_ino:n fl_owner|owner:n fl_flags|flags:s fl_type|type:s';
const ext4Es = 'dev:d ino:n @lblk|lblk:n @len|len:n mapped|pblk:n status:s';
const ext4Range = 'dev:d ino:n offset:n len:n';
/** The mode is an empty word where no flag is set. */
const ext4Fallocate = `${ext4Range} mode:s`;
const ext4Inode = 'dev:d ino:n';
const iomapMap = 'dev:d ino:n bdev:d addr:n offset:n length:n type:s flags:s';

/** include/trace/events/rpcrdma.h, xprtrdma_mr_class. */
const mrOfRpc = 'mr.id|mr_id:n @length|length:n @offset|offset:n @dir|dir:s';

/** Syscall arguments are slots in ABI order, whatever their printed names. */
const SYSCALLS: Readonly<Record<string, string>> = {
  mmap: 'addr len prot flags fd off',
  munmap: 'addr len',
  mremap: 'addr old_len new_len flags new_addr',
  madvise: 'start len_in behavior',
  msync: 'start len flags',
  fallocate: 'fd mode offset len',
  ftruncate: 'fd length',
  truncate: 'path length',
  unlink: 'pathname',
  unlinkat: 'dfd pathname flag',
  rename: 'oldname newname',
  renameat: 'olddfd oldname newdfd newname',
  renameat2: 'olddfd oldname newdfd newname flags',
  ioctl: 'fd cmd arg',
  fcntl: 'fd cmd arg',
  link: 'oldname newname',
  linkat: 'olddfd oldname newdfd newname flags',
  swapon: 'specialfile swap_flags',
  swapoff: 'specialfile',
  io_uring_setup: 'entries params',
  io_uring_register: 'fd opcode arg nr_args',
  io_uring_enter: 'fd to_submit min_complete flags',
  open: 'filename flags mode',
  openat: 'dfd filename flags mode',
  openat2: 'dfd filename how usize',
  creat: 'pathname mode',
  close: 'fd',
  close_range: 'fd max_fd flags',
  dup: 'fildes',
  dup2: 'oldfd newfd',
  dup3: 'oldfd newfd flags',
  read: 'fd buf count',
  write: 'fd buf count',
  pread64: 'fd buf count pos',
  pwrite64: 'fd buf count pos',
  readv: 'fd vec vlen',
  writev: 'fd vec vlen',
  preadv: 'fd vec vlen pos_l pos_h',
  pwritev: 'fd vec vlen pos_l pos_h',
  preadv2: 'fd vec vlen pos_l pos_h flags',
  pwritev2: 'fd vec vlen pos_l pos_h flags',
  io_submit: 'ctx_id nr iocbpp',
  copy_file_range: 'fd_in off_in fd_out off_out len flags',
  sendfile64: 'out_fd in_fd offset count',
  splice: 'fd_in off_in fd_out off_out len flags',
  lseek: 'fd offset whence',
  fsync: 'fd',
  fdatasync: 'fd',
  sync_file_range: 'fd offset nbytes flags',
  fchmod: 'fd mode',
  fchown: 'fd user group',
  exit_group: 'error_code',
  vmsplice: 'fd uiov nr_segs flags',
  mlock: 'start len',
  rmdir: 'pathname',
  kill: 'pid sig',
  setsockopt: 'fd level optname optval optlen',
};

const TRACEPOINTS: Readonly<Record<string, string>> = {
  page_fault_user: 'address:n ip:n error_code:n',
  page_fault_kernel: 'address:n ip:n error_code:n',
  mm_filemap_fault: 'dev|s_dev:d ino|i_ino:h ofs|index*4096:n',
  mm_filemap_map_pages: 'dev|s_dev:d ino|i_ino:h ofs|index*4096:r',
  mm_filemap_add_to_page_cache: pageCache,
  mm_filemap_delete_from_page_cache: pageCache,
  // iomap
  iomap_iter: 'dev:d ino:n pos:n length|length:n',
  iomap_iter_dstmap: iomapMap,
  iomap_iter_srcmap: iomapMap,
  // The same under their names until Linux 5.14.
  iomap_apply: 'dev:d ino:n pos:n length:n',
  iomap_apply_dstmap: iomapMap,
  iomap_apply_srcmap: iomapMap,
  iomap_dio_rw_begin: 'dev:d ino:n size|isize:n offset|pos:n length|count:n flags|ki_flags:s aio:n',
  iomap_dio_complete: 'dev:d ino:n size|isize:n offset|pos:n flags|ki_flags:s aio:n error:n ret:n',
  iomap_dio_rw_queued: 'dev:d ino:n size:n offset:n length:n',
  iomap_dio_invalidate_fail: 'dev:d ino:n offset:n length:n',
  iomap_writepage: 'dev:d ino:n',
  iomap_writepage_map: 'dev:d ino:n',
  iomap_readahead: 'dev:d ino:n',
  iomap_readpage: 'dev:d ino:n',
  iomap_invalidate_folio: 'dev:d ino:n',
  iomap_release_folio: 'dev:d ino:n',
  // block layer
  block_rq_issue: '@dev|dev:d rwbs:s bytes:n sector:n nr_sector:n',
  block_rq_complete: '@dev|dev:d rwbs:s bytes:n sector:n nr_sector:n error:n',
  block_bio_queue: '@dev|dev:d rwbs:s bytes:n sector:n nr_sector:n',
  block_bio_complete: '@dev|dev:d rwbs:s bytes:n sector:n nr_sector:n error:n',
  block_bio_remap: '@dev|dev:d rwbs:s bytes:n sector:n nr_sector:n old_dev:d old_sector:n',
  // leases
  generic_add_lease: lease,
  generic_delete_lease: lease,
  break_lease_block: lease,
  break_lease_noblock: lease,
  break_lease_unblock: lease,
  time_out_leases: lease,
  leases_conflict: '',
  locks_get_lock_context: 'dev|s_dev:d ino|i_ino:n type:s',
  posix_lock_inode: lease,
  flock_lock_inode: lease,
  fcntl_setlk: lease,
  /** A text that a program wrote into the trace. */
  print: 'tracing_mark_write|buf:S',
  /** The same in the tracefs files. */
  tracing_mark_write: 'buf:S',
  // processes
  task_newtask: 'pid:n comm:S clone_flags:h',
  sched_process_exec: 'filename:s pid:n old_pid:n',
  sched_process_exit: 'comm:S pid:n group_dead:s',
  sched_process_fork: 'comm|parent_comm:S pid|parent_pid:n child_comm:S child_pid:n',
  signal_deliver: 'sig:n errno:n code:n sa_handler:h',
  signal_generate: 'sig:n pid:n',
  // Calls by their numbers (raw_syscalls); formats turn them into those by name.
  sys_enter: 'a:n b:n c:n d:n e:n f:n id:n',
  sys_exit: 'ret:n id:n',
  // DAX
  dax_pte_fault: daxFault,
  dax_pte_fault_done: daxFault,
  dax_pmd_fault: daxFault,
  dax_pmd_fault_done: daxFault,
  dax_insert_pfn_mkwrite: daxFault,
  dax_insert_pfn_mkwrite_no_entry: daxFault,
  dax_load_hole: daxFault,
  dax_pmd_load_hole: daxFault,
  dax_insert_mapping: 'dev:d ino:n pfn:n',
  dax_writeback_one: 'dev:d ino:n pgoff:n pglen:n',
  dax_writeback_range: 'dev:d ino:n',
  dax_writeback_range_done: 'dev:d ino:n',
  vmf_insert_mixed: 'addr:n pfn:p ino:n',
  vmf_insert_mixed_mkwrite: 'addr:n pfn:p ino:n',
  vmf_insert_pfn_pmd: 'addr:n pfn:p ino:n pgoff:n',
  // XFS
  xfs_iext_insert: xfsExtent,
  xfs_iext_remove: xfsExtent,
  xfs_bmap_pre_update: xfsExtent,
  xfs_bmap_post_update: xfsExtent,
  xfs_iomap_found: xfsIomap,
  xfs_iomap_alloc: xfsIomap,
  xfs_map_blocks_found: xfsIomap,
  xfs_map_blocks_alloc: xfsIomap,
  xfs_bunmap: 'dev:d ino:n fileoff|fileoff|bno:n fsbcount|len:n',
  xfs_itruncate_extents_start: 'dev:d ino:n disize|size:n new_size:n',
  xfs_itruncate_extents_end: 'dev:d ino:n disize|size:n new_size:n',
  xfs_free_file_space: xfsInode,
  xfs_alloc_file_space: xfsInode,
  xfs_zero_file_space: xfsInode,
  xfs_collapse_file_space: xfsInode,
  xfs_insert_file_space: xfsInode,
  xfs_unwritten_convert: 'dev:d ino:n isize:n disize:n pos|offset:n bytecount|count:n',
  xfs_end_io_direct_write: 'dev:d ino:n isize:n disize:n pos|offset:n bytecount|count:n',
  xfs_zero_eof: 'dev:d ino:n isize:n disize:n pos|offset:n bytecount|count:n',
  xfs_read_fault: xfsInode,
  xfs_write_fault: xfsInode,
  xfs_filemap_fault: 'dev:d ino:n write_fault:n',
  xfs_ilock: 'dev:d ino:n flags|lock_flags:s',
  xfs_iunlock: 'dev:d ino:n flags|lock_flags:s',
  xfs_setattr: xfsInode,
  xfs_ioctl_setattr: xfsInode,
  xfs_file_ioctl: xfsInode,
  xfs_file_fsync: xfsInode,
  xfs_file_direct_read: xfsIo,
  xfs_file_direct_write: xfsIo,
  xfs_file_buffered_read: xfsIo,
  xfs_file_buffered_write: xfsIo,
  xfs_file_splice_read: xfsIo,
  xfs_file_dax_read: xfsIo,
  xfs_file_dax_write: xfsIo,
  xfs_inode_inactivating: xfsInode,
  xfs_destroy_inode: xfsInode,
  xfs_create: 'dev:d ino|dp_ino:n name:S',
  xfs_lookup: 'dev:d ino|dp_ino:n name:S',
  xfs_remove: 'dev:d ino|dp_ino:n name:S',
  xfs_dir2_sf_create: xfsInode,
  xfs_readdir: xfsInode,
  xfs_dir2_sf_removename: xfsName,
  xfs_dir2_block_removename: xfsName,
  xfs_dir2_leaf_removename: xfsName,
  xfs_dir2_node_removename: xfsName,
  xfs_link: 'dev:d ino|dp_ino:n name:S',
  xfs_rename: 'dev:d @dp|src_dp_ino:n @tdp|target_dp_ino:n @name|src_name:s @tname|target_name:s',
  xfs_iunlink: 'dev:d agno:n agino:n',
  xfs_iunlink_remove: 'dev:d agno:n agino:n',
  xfs_log_force: 'dev:d lsn:n',
  xlog_iclog_sync: 'dev:d',
  xlog_iclog_sync_done: 'dev:d',
  xfs_trans_commit: 'dev:d',
  xfs_swap_extent_before: xfsInode,
  xfs_swap_extent_after: xfsInode,
  xfs_exchmaps_mapping1: xfsInode,
  xfs_exchmaps_mapping2: xfsInode,
  xfs_reflink_remap_range:
    '@dev|dev:d @bytes|len:n @sino|src_ino:n @spos|src_offset:n @dino|dest_ino:n @dpos|dest_offset:n',
  xfs_reflink_remap_range_error: 'dev:d ino:n error:n',
  xfs_reflink_remap_blocks: 'dev:d',
  xfs_reflink_remap_extent_src: 'dev:d ino:n fileoff|lblk:n startblock|pblk:n fsbcount|len:n st|state:n',
  xfs_reflink_remap_extent_dest: xfsRange,
  xfs_reflink_trim_around_shared: xfsRange,
  xfs_reflink_cow_found: xfsRange,
  xfs_reflink_cow_enospc: xfsRange,
  xfs_reflink_convert_cow: xfsRange,
  xfs_reflink_cow_remap_from: xfsRange,
  xfs_reflink_cow_remap_to: xfsRange,
  xfs_reflink_end_cow: xfsInode,
  xfs_reflink_cancel_cow: xfsRange,
  xfs_reflink_cancel_cow_range: xfsInode,
  xfs_reflink_set_inode_flag: xfsInode,
  xfs_reflink_unset_inode_flag: xfsInode,
  xfs_reflink_update_inode_size: xfsInode,
  xfs_reflink_unshare: 'dev:d ino:n isize:n disize:n pos|offset:n bytecount|count:n',
  xfs_bmap_defer: 'dev:d',
  xfs_bmap_deferred: 'dev:d',
  xfs_extent_free_defer: 'dev:d',
  xfs_iomap_prealloc_size: xfsInode,
  xfs_iomap_invalid: xfsInode,
  // ext4, jbd2
  ext4_ext_map_blocks_enter: 'dev:d ino:n lblk:n len:n',
  ext4_ext_map_blocks_exit: 'dev:d ino:n flags:s lblk:n pblk:n len:n mflags:s ret:n',
  ext4_es_insert_extent: ext4Es,
  ext4_es_insert_delayed_extent: ext4Es,
  // The same under an earlier name.
  ext4_es_insert_delayed_block: ext4Es,
  ext4_es_cache_extent: ext4Es,
  ext4_es_remove_extent: 'dev:d ino:n @lblk|lblk:n @len|len:n',
  ext4_allocate_blocks: 'dev:d ino:n flags:s len:n block:n lblk|logical:n',
  ext4_free_blocks: 'dev:d ino:n block:n count:n',
  ext4_remove_blocks: ext4Inode,
  ext4_ext_rm_leaf: ext4Inode,
  ext4_ext_remove_space: ext4Inode,
  ext4_ext_remove_space_done: ext4Inode,
  ext4_ext_show_extent: ext4Inode,
  ext4_ext_handle_unwritten_extents: ext4Inode,
  ext4_ext_convert_to_initialized_enter: ext4Inode,
  ext4_ext_convert_to_initialized_fastpath: ext4Inode,
  ext4_fallocate_enter: ext4Fallocate,
  ext4_fallocate_exit: 'dev:d ino:n pos|offset:n blocks:n ret:n',
  ext4_punch_hole: ext4Fallocate,
  ext4_zero_range: ext4Fallocate,
  ext4_collapse_range: ext4Range,
  ext4_insert_range: ext4Range,
  ext4_begin_ordered_truncate: 'dev:d ino:n new_size:n',
  ext4_truncate_enter: 'dev:d ino:n blocks:n',
  ext4_truncate_exit: 'dev:d ino:n blocks:n',
  ext4_evict_inode: 'dev:d ino:n nlink:n',
  ext4_allocate_inode: 'dev:d ino:n dir:n',
  ext4_free_inode: ext4Inode,
  ext4_load_inode: ext4Inode,
  ext4_unlink_enter: 'dev:d ino:n size:n parent:n',
  ext4_unlink_exit: 'dev:d ino:n ret:n',
  ext4_sync_file_enter: ext4Inode,
  ext4_sync_file_exit: 'dev:d ino:n ret:n',
  ext4_da_write_begin: 'dev:d ino:n pos:n len:n',
  ext4_da_write_end: 'dev:d ino:n pos:n len:n',
  ext4_write_begin: 'dev:d ino:n pos:n len:n',
  ext4_write_end: 'dev:d ino:n pos:n len:n',
  ext4_journal_start: 'dev:d',
  ext4_writepages_result: ext4Inode,
  jbd2_start_commit: 'dev:d',
  jbd2_end_commit: 'dev:d',
  jbd2_commit_locking: 'dev:d',
  jbd2_commit_flushing: 'dev:d',
  jbd2_commit_logging: 'dev:d',
  jbd2_run_stats: 'dev:d',
  // DMA, IOMMU, NVMe, RDMA
  dma_map_page: '@device|device:s dir:s dma_addr:h size:n phys_addr:h',
  dma_map_phys: '@device|device:s dir:s dma_addr:h size:n phys_addr:h',
  dma_map_resource: '@device|device:s dir:s dma_addr:h size:n phys_addr:h',
  dma_unmap_page: '@device|device:s dir:s dma_addr|addr:h size:n',
  dma_unmap_phys: '@device|device:s dir:s dma_addr|addr:h size:n',
  dma_unmap_resource: '@device|device:s dir:s dma_addr|addr:h size:n',
  // Tracefs prints `nents=128/300 ents=128/300 [TRUNCATED] dma_addrs=..`: what stands behind that word begins with a hex digit.
  dma_map_sg:
    '@device|device:s nents|full_nents:n ents|full_ents:n [TRUNCATED]|truncated:h phys_addrs:A8 dma_addrs:A8 sizes|lengths:A4 dir:s',
  dma_unmap_sg: '@device|device:s phys_addrs|addrs:A8 dir:s',
  dma_map_sg_err: '@device|device:s',
  dma_sync_single_for_cpu: '@device|device:s',
  dma_sync_single_for_device: '@device|device:s',
  dma_sync_sg_for_cpu: '@device|device:s',
  dma_sync_sg_for_device: '@device|device:s',
  dma_alloc_pages: '@device|device:s',
  dma_alloc_sgt: '@device|device:s',
  dma_free_pages: '@device|device:s',
  dma_free_sgt: '@device|device:s',
  dma_alloc: '@device|device:s',
  dma_free: '@device|device:s',
  map: 'iova:n paddr:n size:n',
  unmap: 'iova:n size:n unmapped_size:n',
  nvme_setup_cmd: 'disk:s qid:n opcode:n cid:n cdw10:A4',
  nvme_complete_rq: 'disk:s qid:n cid:n status:n',
  nvme_sq: 'disk:s qid:n',
  mr_alloc: 'pd.id|pd_id:n mr.id|mr_id:n max_num_sg:n rc:n',
  mr_integ_alloc: 'pd.id|pd_id:n mr.id|mr_id:n rc:n',
  mr_dereg: 'mr.id|id:n',
  xprtrdma_mr_map: mrOfRpc,
  xprtrdma_mr_unmap: mrOfRpc,
  xprtrdma_mr_fastreg: mrOfRpc,
  xprtrdma_mr_localinv: mrOfRpc,
  xprtrdma_mr_reminv: mrOfRpc,
};

/**
 * What recorders tell besides the kernel's events: perf of mappings and tasks, strace of paths, bpftrace of inodes.
 * No record by itself bears such a name; a format hands them over as it meets the fact.
 */
const NOTES: Readonly<Record<string, string>> = {
  /** The acting task has a mapping of a file. */
  note_mmap: 'addr:n len:n pgoff:n dev:d ino:n prot:s path:S',
  note_comm: 'exec:n',
  /** The acting task made a task; `pid` is its own where that is a thread; `files` 1: one of its descriptors is one of both. */
  note_fork: 'pid:n tid:n files:n',
  note_exit: '',
  /** The file behind a descriptor: by path (with the device of a block device), or by device and inode. */
  note_fd_path: 'fd:n dev:d path:S',
  note_fd_inode: 'fd:n dev:d ino:n',
  /** A descriptor is of no file: a pipe, a socket, a terminal. */
  note_fd_other: 'fd:n',
  /** The file a call works on. */
  note_inode: 'dev:d ino:n',
  /** The path a call was given; `second`: the one a rename leads to. */
  note_path: 'second:n path:S',
  /** Ranges of a clone or copy: descriptor and offset of the source, of the target, length. */
  note_remap: 'from:n from_offset:n to:n to_offset:n len:n',
  /** Arguments of the call under way, once all are known. */
  note_arguments: 'a:n b:n c:n d:n e:n f:n',
  /** A text that a program wrote for several recordings to have, as seen from outside of the kernel's own trace. */
  note_marker: 'text:S',
  /** What a call that succeeded did to a descriptor besides its own: 0 read, 1 wrote, 2 flushed; offset NaN: at its position. */
  note_transfer: 'kind:n fd:n offset:n len:n',
  /** Another process was given a descriptor: from here on its position is not known. */
  note_passed: 'fd:n',
  /** A buffer that a call hands to the kernel. */
  note_buffer: 'addr:n',
  /** A file's size (-1 not told) and path. */
  note_file: 'dev:d ino:n size:n path:S',
  /** All extents of a file in [from, to): `offset:length:addr:state,...` in bytes, states w, u, d, with s where shared; `-` none. */
  note_map: 'dev:d ino:n fs:s from:n to:n extents:S',
  /** Bytes of a block of a file system. */
  note_blocks: 'dev:d bytes:n',
  /** XFS allocation groups: blocks in each, and the power of two in their numbers. */
  note_geometry: 'dev:d blocks:n log:n',
  /** About the machine or the recording: a JSON object. */
  note_fact: 'json:S',
};

export interface KernelEvent {
  readonly name: string;
  readonly kind: 'tracepoint' | 'enter' | 'exit';
  /** Syscall name for enter and exit. */
  readonly call: string;
  readonly slots: readonly Slot[];
}

function slot(text: string): Slot {
  const [names, type] = text.split(':') as [string, SlotType];
  const [print, alias = print, earlier] = names.split('|') as [string, string?, string?];
  const [field, scale] = alias.split('*') as [string, string?];
  return { print, field, older: earlier ?? field, type, fieldScale: scale === undefined ? 1 : Number(scale) };
}

function tracepoint(name: string, slots: string): KernelEvent {
  return { name, kind: 'tracepoint', call: '', slots: slots === '' ? [] : slots.split(' ').map(slot) };
}

/** Every known event; the index is the event's code. `sys_exit_*` has one slot, the return value. */
export const KERNEL_EVENTS: readonly KernelEvent[] = [
  ...Object.entries({ ...TRACEPOINTS, ...NOTES }).map(([name, slots]) => tracepoint(name, slots)),
  ...Object.entries(SYSCALLS).flatMap(([call, args]) => [
    {
      name: `sys_enter_${call}`,
      kind: 'enter' as const,
      call,
      slots: args.split(' ').map((a) => ({ print: a, field: a, older: a, type: 'n' as const, fieldScale: 1 })),
    },
    {
      name: `sys_exit_${call}`,
      kind: 'exit' as const,
      call,
      slots: [{ print: 'ret', field: 'ret', older: 'ret', type: 'n' as const, fieldScale: 1 }],
    },
  ]),
];

const BY_NAME = new Map(KERNEL_EVENTS.map((event, code) => [event.name, code]));

/** Code of an event name, or -1. */
export const kernelEvent = (name: string): number => BY_NAME.get(name) ?? -1;

/** Largest number of slots of any event (a range takes two). */
export const MAX_SLOTS = 10;

/** Where a slot's value stands in `KernelRecord.v`: a range slot takes two places, an array none. */
export function slotPlaces(event: KernelEvent): number[] {
  const places: number[] = [];
  let at = 0;
  for (const s of event.slots) {
    places.push(at);
    at += s.type === 'r' ? 2 : s.type === 'A8' || s.type === 'A4' ? 0 : 1;
  }
  return places;
}
