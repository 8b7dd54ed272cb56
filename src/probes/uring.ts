// io_uring's registered buffers, which the call itself passes behind a pointer: a uprobe on glibc's syscall(), which liburing's
// users without a wrapper of their own go through, reads the first iovec. Needs no kprobes. traces/recipes/libc-probe.sh records it.
// Sources: io_uring_register(2), include/uapi/linux/io_uring.h; arguments of x86-64.
import { defineMap } from './define.js';

export const uring = defineMap(
  {
    schema: 'sealtrace.event-map/1',
    name: 'uring',
    title: 'uprobe on syscall(): the first buffer that io_uring_register is given, and whether the kernel took it',
    source: 'io_uring_register(2); recorded by traces/recipes/libc-probe.sh on Linux 6.18',
    probes: [
      'p:seal/uring_buffers /lib/x86_64-linux-gnu/libc.so.6:SYSCALL nr=%di:s32 fd=%si:s32 opcode=%dx:u32 addr=+0(%cx):x64 len=+8(%cx):u64',
    ],
    operations: [
      {
        // SYS_io_uring_register, IORING_REGISTER_BUFFERS.
        op: 'register',
        enter: 'seal:uring_buffers',
        return: 'sys_exit_io_uring_register',
        when: [
          { field: 'nr', is: 427 },
          { field: 'opcode', is: 0 },
        ],
        fields: { address: 'addr', length: 'len', result: 'ret', handle: { field: 'fd', scope: 'process' } },
        flags: { write: true },
      },
      {
        // IORING_UNREGISTER_BUFFERS.
        op: 'deregister',
        enter: 'sys_enter_io_uring_register',
        return: 'sys_exit_io_uring_register',
        when: { field: 'opcode', is: 1 },
        fields: { result: 'ret', handle: { field: 'fd', scope: 'process' } },
      },
    ],
  },
  'src/probes/uring.ts',
);
