// What a hypervisor or a driver in user space gives to devices: VFIO's and iommufd's ioctls pass the range behind a pointer, which
// a uprobe on glibc's ioctl() reads. Needs no kprobes. traces/recipes/libc-probe.sh records it.
// Sources: include/uapi/linux/vfio.h (struct vfio_iommu_type1_dma_map and _unmap), include/uapi/linux/iommufd.h (struct
// iommu_ioas_map and _unmap); arguments of x86-64.
import { defineMap } from './define.js';

const VFIO_IOMMU_MAP_DMA = '0x3b71';
const VFIO_IOMMU_UNMAP_DMA = '0x3b72';
const IOMMU_IOAS_MAP = '0x3b85';
const IOMMU_IOAS_UNMAP = '0x3b86';

/** Both tell by bit 1 whether the device may write. */
const given = (cmd: string, address: string, length: string, iova: string): object => ({
  op: 'register',
  enter: 'seal:vfio_ioctl',
  return: 'sys_exit_ioctl',
  when: { field: 'cmd', is: cmd },
  fields: { address, length, result: 'ret', handle: { field: iova, scope: 'process' } },
  flags: { write: { field: 'flags', mask: '0x2' } },
});

const takenBack = (cmd: string, iova: string): object => ({
  op: 'deregister',
  enter: 'seal:vfio_ioctl',
  return: 'sys_exit_ioctl',
  when: { field: 'cmd', is: cmd },
  fields: { result: 'ret', handle: { field: iova, event: 'enter', scope: 'process' } },
});

export const vfio = defineMap(
  {
    schema: 'sealtrace.event-map/1',
    name: 'vfio',
    title: 'uprobe on ioctl(): memory that VFIO and iommufd are given for devices, and whether the kernel took it',
    source:
      'include/uapi/linux/vfio.h, include/uapi/linux/iommufd.h; recorded by traces/recipes/libc-probe.sh on Linux 6.18 without VFIO, whose kernel refuses them all. A range is given back as it was taken, by its IOVA; where iommufd chooses that, or all is given back at once, the release is counted and not placed',
    probes: [
      'p:seal/vfio_ioctl /lib/x86_64-linux-gnu/libc.so.6:IOCTL fd=%di:s32 cmd=%si:x32 flags=+4(%dx):x32 second=+8(%dx):x64 third=+16(%dx):x64 fourth=+24(%dx):x64 fifth=+32(%dx):x64',
    ],
    operations: [
      given(VFIO_IOMMU_MAP_DMA, 'second', 'fourth', 'third'),
      takenBack(VFIO_IOMMU_UNMAP_DMA, 'second'),
      given(IOMMU_IOAS_MAP, 'third', 'fourth', 'fifth'),
      takenBack(IOMMU_IOAS_UNMAP, 'second'),
    ],
  },
  'src/probes/vfio.ts',
);
