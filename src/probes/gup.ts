// kprobes at the places where the kernel pins memory for good and gives it back: direct I/O, RDMA, VFIO, io_uring, and where
// a map change sleeps until a DAX page is free. Arguments of x86-64; those of vmlinux were held against the BTF of Linux 6.18.
// Sources: mm/gup.c, block/bio.c, io_uring/rsrc.c, drivers/infiniband/core/umem.c, drivers/vfio/vfio_iommu_type1.c,
// fs/xfs/xfs_file.c, fs/ext4/inode.c.
import { defineMap } from './define.js';

export const gup = defineMap(
  {
    schema: 'sealtrace.event-map/1',
    name: 'gup',
    title: 'kprobe group gup: pins of direct I/O, RDMA, VFIO and io_uring; waits for pinned DAX pages',
    source:
      'mm/gup.c, block/bio.c, io_uring/rsrc.c, umem.c, vfio_iommu_type1.c, xfs_file.c, ext4/inode.c; arguments of x86-64. Not recorded yet: no kernel with kprobes was at hand',
    probes: [
      'p:gup/pin_fast pin_user_pages_fast start=%di:x64 nr=%si:s32',
      'r:gup/pin_fast_ret pin_user_pages_fast ret=$retval:s32',
      'p:gup/bio_pages bio_iov_iter_get_pages bio=%di:x64',
      'p:gup/bio_release __bio_release_pages bio=%di:x64',
      'p:gup/umem_get ib_uverbs:ib_umem_get addr=%si:x64 size=%dx:u64 access=%cx:x32',
      'r:gup/umem_get_ret ib_uverbs:ib_umem_get umem=$retval:s64',
      'p:gup/umem_release ib_uverbs:ib_umem_release umem=%di:s64',
      'p:gup/vfio_pin vfio_iommu_type1:vfio_pin_pages_remote dma=%di:x64 vaddr=%si:x64 npage=%dx:s64',
      'r:gup/vfio_pin_ret vfio_iommu_type1:vfio_pin_pages_remote ret=$retval:s64',
      'p:gup/vfio_remove vfio_iommu_type1:vfio_remove_dma dma=%si:x64',
      'p:gup/uring_buffer io_sqe_buffer_register ctx=%di:x64 addr=+0(%si):x64 len=+8(%si):u64',
      'r:gup/uring_buffer_ret io_sqe_buffer_register ret=$retval:s64',
      'p:gup/uring_unregister io_sqe_buffers_unregister ctx=%di:x64',
      'p:gup/xfs_wait xfs_wait_dax_page',
      'r:gup/xfs_wait_ret xfs_wait_dax_page',
      'p:gup/ext4_wait ext4_wait_dax_page',
      'r:gup/ext4_wait_ret ext4_wait_dax_page',
    ],
    operations: [
      {
        op: 'pin',
        enter: 'gup:pin_fast',
        return: 'gup:pin_fast_ret',
        fields: {
          address: 'start',
          length: { field: 'ret', event: 'return', unit: 'pages' },
          result: 'ret',
          handle: { field: 'bio', event: 'gup:bio_pages' },
        },
      },
      { op: 'unpin', event: 'gup:bio_release', fields: { handle: 'bio' } },
      {
        // ib_access_writable() and IB_ACCESS_ON_DEMAND.
        op: 'register',
        enter: 'gup:umem_get',
        return: 'gup:umem_get_ret',
        fields: { address: 'addr', length: 'size', result: 'umem', handle: { field: 'umem', event: 'return' } },
        flags: { write: { field: 'access', mask: '0x1b' }, odp: { field: 'access', mask: '0x40' } },
      },
      // Called with nothing to release after a registration that failed.
      { op: 'deregister', event: 'gup:umem_release', when: { field: 'umem', not: 0 }, fields: { handle: 'umem' } },
      {
        // One region takes several calls; all of it goes with its vfio_dma.
        op: 'register',
        enter: 'gup:vfio_pin',
        return: 'gup:vfio_pin_ret',
        fields: {
          address: 'vaddr',
          length: { field: 'ret', event: 'return', unit: 'pages' },
          result: 'ret',
          handle: 'dma',
        },
        flags: { write: true },
      },
      { op: 'deregister', event: 'gup:vfio_remove', fields: { handle: 'dma' } },
      {
        op: 'register',
        enter: 'gup:uring_buffer',
        return: 'gup:uring_buffer_ret',
        fields: { address: 'addr', length: 'len', result: 'ret', handle: 'ctx' },
        flags: { write: true },
      },
      { op: 'deregister', event: 'gup:uring_unregister', fields: { handle: 'ctx' } },
      { op: 'wait', enter: 'gup:xfs_wait', return: 'gup:xfs_wait_ret' },
      { op: 'wait', enter: 'gup:ext4_wait', return: 'gup:ext4_wait_ret' },
    ],
  },
  'src/probes/gup.ts',
);
