// Memory regions of Mellanox and NVIDIA network cards: registered, on demand or pinned, and given back. What rdma_core's mr
// tracepoints do not tell is told here: the address, the length, the access. Arguments of x86-64.
// Sources: drivers/infiniband/hw/mlx5/mr.c (mlx5_ib_reg_user_mr, mlx5_ib_dereg_mr), odp.c, drivers/infiniband/core/umem_odp.c;
// the first five arguments are the same from Linux 3.11 to 6.18. include/uapi/rdma/ib_user_ioctl_verbs.h: access flags.
import { defineMap } from './define.js';

export const mlx5 = defineMap(
  {
    schema: 'sealtrace.event-map/1',
    name: 'mlx5',
    title: 'kprobe group mlx5: memory regions of mlx5_ib, pinned or on demand',
    source:
      'drivers/infiniband/hw/mlx5/mr.c and odp.c, core/umem_odp.c; arguments of x86-64. Not recorded yet: no kernel with kprobes and no such card was at hand. The whole address space as one region on demand, regions of a dma-buf and regions that are registered again are counted and not placed',
    probes: [
      'p:mlx5/reg mlx5_ib:mlx5_ib_reg_user_mr start=%si:x64 length=%dx:s64 iova=%cx:x64 access=%r8:x32',
      'r:mlx5/reg_ret mlx5_ib:mlx5_ib_reg_user_mr mr=$retval:s64',
      'p:mlx5/dereg mlx5_ib:mlx5_ib_dereg_mr mr=%di:s64',
      'r:mlx5/dereg_ret mlx5_ib:mlx5_ib_dereg_mr rc=$retval:s32',
      'p:mlx5/reg_dmabuf mlx5_ib:mlx5_ib_reg_user_mr_dmabuf offset=%si:x64 length=%dx:s64',
      'p:mlx5/rereg mlx5_ib:mlx5_ib_rereg_user_mr mr=%di:s64 flags=%si:x32 start=%dx:x64 length=%cx:s64',
      'p:mlx5/odp_map ib_uverbs:ib_umem_odp_map_dma_and_lock address=%si:x64 length=%dx:u64 access=%cx:x64',
      'p:mlx5/odp_invalidate mlx5_ib:mlx5_ib_invalidate_range range=%si:x64',
    ],
    operations: [
      {
        // ib_access_writable(): IB_ACCESS_LOCAL_WRITE, REMOTE_WRITE, REMOTE_ATOMIC, MW_BIND; IB_ACCESS_ON_DEMAND.
        op: 'register',
        enter: 'mlx5:reg',
        return: 'mlx5:reg_ret',
        fields: { address: 'start', length: 'length', result: 'mr', handle: { field: 'mr', event: 'return' } },
        flags: { write: { field: 'access', mask: '0x1b' }, odp: { field: 'access', mask: '0x40' } },
      },
      {
        op: 'deregister',
        enter: 'mlx5:dereg',
        return: 'mlx5:dereg_ret',
        fields: { handle: { field: 'mr', event: 'enter' }, result: 'rc' },
      },
    ],
    known: [
      'mlx5:reg_dmabuf',
      'mlx5:rereg',
      // A worker of the driver maps them, whatever process they are of.
      'mlx5:odp_map',
      'mlx5:odp_invalidate',
    ],
  },
  'src/probes/mlx5.ts',
);
