// The kprobe group `st` of the recordings that sealtrace is tested with: where XFS and ext4 look for pinned DAX pages and
// wait for them, where memory is pinned for direct I/O and for an RDMA device (Linux 6.1 and 6.12, x86-64).
// Sources: fs/dax.c, fs/xfs/xfs_file.c, fs/xfs/xfs_inode.c, fs/ext4/inode.c, mm/gup.c, block/bio.c, drivers/infiniband/core/umem.c.
import { defineMap } from './define.js';

export const st = defineMap(
  {
    schema: 'sealtrace.event-map/1',
    name: 'st',
    title: 'kprobe group st: waits for pinned DAX pages, pins of direct I/O, RDMA registrations, pNFS layouts',
    source:
      'fs/dax.c, fs/xfs, fs/ext4/inode.c, mm/gup.c, block/bio.c, drivers/infiniband/core/umem.c; arguments of x86-64',
    probes: [
      'p:st/xfs_break_layouts xfs:xfs_break_layouts',
      'r:st/xfs_break_layouts_ret xfs:xfs_break_layouts rc=$retval:s32',
      'p:st/xfs_break_dax_layouts xfs:xfs_break_dax_layouts',
      'r:st/xfs_break_dax_layouts_ret xfs:xfs_break_dax_layouts rc=$retval:s32',
      'p:st/xfs_break_leased_layouts xfs:xfs_break_leased_layouts',
      'p:st/ext4_break_layouts ext4:ext4_break_layouts',
      'r:st/ext4_break_layouts_ret ext4:ext4_break_layouts rc=$retval:s32',
      'p:st/dax_layout_busy_page_range dax_layout_busy_page_range start=%si:s64 end=%dx:s64',
      'r:st/dax_layout_busy_page_range_ret dax_layout_busy_page_range page=$retval:x64 refcount=+52($retval):s32',
      'p:st/pin_user_pages_fast pin_user_pages_fast start=%di:x64 nr=%si:s32',
      'r:st/pin_user_pages_fast_ret pin_user_pages_fast ret=$retval:s32',
      'p:st/bio_iov_iter_get_pages bio_iov_iter_get_pages bio=%di:x64',
      'p:st/bio_release_pages __bio_release_pages bio=%di:x64',
      'r:st/pin_user_pages_ret pin_user_pages ret=$retval:s64',
      'r:st/pin_user_pages_remote_ret pin_user_pages_remote ret=$retval:s64',
      'p:st/ib_umem_get ib_uverbs:ib_umem_get addr=%si:x64 size=%dx:u64 access=%cx:x32',
      'r:st/ib_umem_get_ret ib_uverbs:ib_umem_get ret=$retval:s64',
      'p:st/ib_umem_release ib_uverbs:ib_umem_release',
      'p:st/rxe_reg_user_mr rdma_rxe:rxe_reg_user_mr',
      'r:st/rxe_reg_user_mr_ret rdma_rxe:rxe_reg_user_mr ret=$retval:s64',
      'p:st/nfsd4_layoutget nfsd:nfsd4_layoutget',
      'r:st/nfsd4_layoutget_ret nfsd:nfsd4_layoutget rc=$retval:x32',
      'p:st/xfs_fs_map_blocks xfs:xfs_fs_map_blocks',
      'r:st/xfs_fs_map_blocks_ret xfs:xfs_fs_map_blocks rc=$retval:s32',
      'p:st/nfsd4_layout_lm_break nfsd:nfsd4_layout_lm_break',
    ],
    operations: [
      {
        // A busy page was found: the caller sleeps until it looks again, or gives up (dax_layout_busy_page_range).
        op: 'wait',
        enter: 'st:dax_layout_busy_page_range_ret',
        return: ['st:xfs_break_dax_layouts_ret', 'st:ext4_break_layouts_ret', 'st:dax_layout_busy_page_range'],
        when: { field: 'page', not: 0 },
        fields: { result: { field: 'rc', event: 'st:xfs_break_dax_layouts_ret' } },
      },
      {
        // Direct I/O: the pages of a bio, from pin_user_pages_fast to __bio_release_pages.
        op: 'pin',
        enter: 'st:pin_user_pages_fast',
        return: 'st:pin_user_pages_fast_ret',
        fields: {
          address: 'start',
          length: { field: 'ret', event: 'return', unit: 'pages' },
          result: 'ret',
          handle: { field: 'bio', event: 'st:bio_iov_iter_get_pages' },
        },
      },
      { op: 'unpin', event: 'st:bio_release_pages', fields: { handle: 'bio' } },
      {
        // ib_access_writable(): IB_ACCESS_LOCAL_WRITE, REMOTE_WRITE, REMOTE_ATOMIC, MW_BIND.
        op: 'register',
        enter: 'st:ib_umem_get',
        return: 'st:ib_umem_get_ret',
        fields: { address: 'addr', length: 'size', result: 'ret' },
        flags: { write: { field: 'access', mask: '0x1b' }, odp: { field: 'access', mask: '0x40' } },
      },
      // Its mr.id is in no event of the registration; the recordings' program gives back the last one first.
      { op: 'deregister', event: 'rdma_core:mr_dereg', which: 'last' },
      // io_uring, AF_XDP and VFIO: how much was pinned, or why nothing, and no address: the file is the one faulted in by the call.
      {
        op: 'register',
        event: 'st:pin_user_pages_ret',
        fields: { length: { field: 'ret', unit: 'pages' }, result: 'ret' },
        flags: { write: true },
      },
      {
        op: 'register',
        event: 'st:pin_user_pages_remote_ret',
        fields: { length: { field: 'ret', unit: 'pages' }, result: 'ret' },
        flags: { write: true },
      },
    ],
    known: [
      'st:xfs_break_layouts',
      'st:xfs_break_layouts_ret',
      'st:xfs_break_dax_layouts',
      'st:xfs_break_leased_layouts',
      'st:ext4_break_layouts',
      // Also called with nothing to release, after every registration that failed.
      'st:ib_umem_release',
      'st:rxe_reg_user_mr',
      'st:rxe_reg_user_mr_ret',
      'st:nfsd4_layoutget',
      'st:nfsd4_layoutget_ret',
      'st:xfs_fs_map_blocks',
      'st:xfs_fs_map_blocks_ret',
      'st:nfsd4_layout_lm_break',
    ],
  },
  'src/probes/st.ts',
);
