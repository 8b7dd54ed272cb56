// GPUDirect Storage: what NVIDIA's nvidia-fs.ko reads and writes between files and GPU memory. It has no tracepoints; its
// exported nvfs_io_init() gets the request as the program made it, with inode, device and range. Arguments of x86-64.
// Source: github.com/NVIDIA/gds-nvidia-fs, src/nvfs-core.c and nvfs-core.h (struct nvfs_ioctl_ioargs, packed: offset +8, size
// +16, inum +40, majdev +52, mindev +56), src/nvfs-batch.c.
import { defineMap } from './define.js';

/** The driver's requests go through the file system as direct I/O, whose pages are those of the GPU. */
const transfer = (op: 'read' | 'write', number: number): object => ({
  op,
  enter: 'nvfs:io',
  return: 'nvfs:start_ret',
  when: { field: 'op', is: number },
  fields: {
    device: { field: 'major', form: 'number' },
    minor: 'minor',
    inode: 'ino',
    offset: 'offset',
    length: 'size',
    result: 'ret',
  },
  flags: { direct: true, p2p: true },
});

export const nvfs = defineMap(
  {
    schema: 'sealtrace.event-map/1',
    name: 'nvfs',
    title: 'kprobe group nvfs: GPUDirect Storage, what nvidia-fs reads and writes between files and GPU memory',
    source:
      'NVIDIA/gds-nvidia-fs, src/nvfs-core.c and nvfs-core.h; arguments of x86-64. Not recorded yet: no machine with nvidia-fs was at hand. An asynchronous request ends where it was queued; those of a batch end in no order',
    probes: [
      'p:nvfs/io nvidia_fs:nvfs_io_init op=%di:s32 offset=+8(%si):s64 size=+16(%si):u64 ino=+40(%si):u64 major=+52(%si):u32 minor=+56(%si):u32',
      'r:nvfs/start_ret nvidia_fs:nvfs_io_start_op ret=$retval:s64',
      'p:nvfs/get_dma nvidia_fs:nvfs_get_dma page=%si:x64 length=%cx:s32',
    ],
    // READ and WRITE of include/linux/kernel.h.
    operations: [transfer('read', 0), transfer('write', 1)],
    known: [
      // Of GPU memory, which is no file's.
      'nvfs:get_dma',
    ],
  },
  'src/probes/nvfs.ts',
);
