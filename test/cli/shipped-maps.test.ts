// Event maps that come with sealtrace and could not be recorded here, on lines as kprobes and uprobes print them
// (Documentation/trace/kprobetrace.rst): what the drivers' sources say of the arguments becomes the operations they mean.
import { describe, expect, test } from 'vitest';
import { scratch } from './support.js';
import { toldBy } from './told.js';

const folder = scratch();

test('nvfs: requests are direct reads and writes of the file they name, from entry to the return of their start', async () => {
  const { rows, use } = await toldBy(
    folder,
    [
      'app-10 [000] 1.000010: io: (nvfs_io_init+0x0/0x620 [nvidia_fs]) op=0 offset=4096 size=16384 ino=131 major=8 minor=1',
      'app-10 [000] 1.000012: get_dma: (nvfs_get_dma+0x0/0x2a0 [nvidia_fs]) page=0xffffea0004b1c040 length=16384',
      'app-10 [000] 1.000090: start_ret: (nvfs_ioctl+0x3e8/0x9c0 [nvidia_fs] <- nvfs_io_start_op) ret=16384',
      'app-10 [000] 1.000110: io: (nvfs_io_init+0x0/0x620 [nvidia_fs]) op=1 offset=0 size=4096 ino=131 major=8 minor=1',
      'app-10 [000] 1.000150: start_ret: (nvfs_ioctl+0x3e8/0x9c0 [nvidia_fs] <- nvfs_io_start_op) ret=-5',
    ],
    'nvfs',
  );
  expect(rows).toMatchObject([
    { op: 'read', dev: '8:1', ino: 131, off: 4096, len: 16384, flags: ['direct', 'p2p'], ret: 0, ns: 80_000 },
    { op: 'write', dev: '8:1', ino: 131, off: 0, len: 4096, flags: ['direct', 'p2p'], ret: '-EIO', ns: 40_000 },
  ]);
  expect(use.events).toContainEqual({ event: 'nvfs:get_dma', records: 1 });
});

describe('mlx5', () => {
  test('a region holds its file from its registration until it is given back', async () => {
    const { rows } = await toldBy(
      folder,
      [
        'app-10 [000] 1.000010: reg: (mlx5_ib_reg_user_mr+0x0/0x430 [mlx5_ib]) start=0x12000 length=8192 iova=0x12000 access=0x7',
        'app-10 [000] 1.000030: reg_ret: (ib_uverbs_reg_mr+0x190/0x2b0 [ib_uverbs] <- mlx5_ib_reg_user_mr) mr=-131391637192704',
        'app-10 [000] 1.000040: reg: (mlx5_ib_reg_user_mr+0x0/0x430 [mlx5_ib]) start=0x14000 length=4096 iova=0x14000 access=0x41',
        'app-10 [000] 1.000050: reg_ret: (ib_uverbs_reg_mr+0x190/0x2b0 [ib_uverbs] <- mlx5_ib_reg_user_mr) mr=-131391637190656',
        'app-10 [000] 1.000060: dereg: (mlx5_ib_dereg_mr+0x0/0x80 [mlx5_ib]) mr=-131391637192704',
        'app-10 [000] 1.000070: dereg_ret: (ib_dereg_mr_user+0x4e/0xb0 [ib_core] <- mlx5_ib_dereg_mr) rc=0',
      ],
      'mlx5',
    );
    expect(rows).toMatchObject([
      { op: 'register', off: 0x2000, len: 8192, flags: ['write'], ret: 0, ns: 20_000 },
      { op: 'register', off: 0x4000, len: 4096, flags: ['write', 'odp'], ret: 0 },
      { op: 'deregister', off: 0x2000, len: 8192 },
    ]);
    expect(rows[2]!.handle).toBe(rows[0]!.handle);
    expect(rows[1]!.handle).not.toBe(rows[0]!.handle);
  });

  test('a refusal, and the whole address space on demand, hold nothing; both are counted', async () => {
    const { rows, use } = await toldBy(
      folder,
      [
        'app-10 [000] 1.000010: reg: (mlx5_ib_reg_user_mr+0x0/0x430 [mlx5_ib]) start=0x12000 length=4096 iova=0x12000 access=0x1',
        'app-10 [000] 1.000030: reg_ret: (ib_uverbs_reg_mr+0x190/0x2b0 [ib_uverbs] <- mlx5_ib_reg_user_mr) mr=-14',
        'app-10 [000] 1.000040: reg: (mlx5_ib_reg_user_mr+0x0/0x430 [mlx5_ib]) start=0x0 length=-1 iova=0x0 access=0x47',
        'app-10 [000] 1.000050: reg_ret: (ib_uverbs_reg_mr+0x190/0x2b0 [ib_uverbs] <- mlx5_ib_reg_user_mr) mr=-131391637190656',
        'kworker/u8:1-77 [001] 1.000060: odp_map: (ib_umem_odp_map_dma_and_lock+0x0/0x500 [ib_uverbs]) address=0x12000 length=4096 access=0x3',
      ],
      'mlx5',
    );
    expect(rows).toMatchObject([{ op: 'register', ret: '-EFAULT' }]);
    expect(rows[0]!.handle ?? null).toBeNull();
    expect(use.operations[0].unplaced).toEqual({ 'its memory, or its inode, is of no file known': 1 });
    expect(use.events).toContainEqual({ event: 'mlx5:odp_map', records: 1 });
  });
});

describe('vfio', () => {
  const asked = (us: number, words: string): string =>
    `app-10 [000] 1.0000${us}: vfio_ioctl: (7f2cf2210d30) fd=9 ${words}`;
  const call = (us: number, cmd: string): string =>
    `app-10 [000] 1.0000${us}: sys_enter_ioctl: fd: 0x9, cmd: ${cmd}, arg: 0x7ffd0`;
  const answered = (us: number, ret: string): string => `app-10 [000] 1.0000${us}: sys_exit_ioctl: ${ret}`;

  test.each([
    [
      'VFIO',
      '0x3b71',
      'cmd=0x3b71 flags=0x3 second=0x11000 third=0x100000 fourth=0x3000 fifth=0x0',
      '0x3b72',
      'cmd=0x3b72 flags=0x0 second=0x100000 third=0x3000 fourth=0x0 fifth=0x0',
    ],
    [
      'iommufd',
      '0x3b85',
      'cmd=0x3b85 flags=0x7 second=0x1 third=0x11000 fourth=0x3000 fifth=0x100000',
      '0x3b86',
      'cmd=0x3b86 flags=0x1 second=0x100000 third=0x3000 fourth=0x0 fifth=0x0',
    ],
  ])('%s: what the kernel took is held until its IOVA is given back', async (_, map, given, unmap, back) => {
    const lines = [
      asked(10, given),
      call(11, map),
      answered(15, '0x0'),
      asked(20, back),
      call(21, unmap),
      answered(25, '0x0'),
    ];
    const { rows } = await toldBy(folder, lines, 'vfio');
    expect(rows).toMatchObject([
      { op: 'register', off: 0x1000, len: 0x3000, flags: ['write'], ret: 0 },
      { op: 'deregister', off: 0x1000, len: 0x3000 },
    ]);
    expect(rows[1]!.handle).toBe(rows[0]!.handle);
  });
});
