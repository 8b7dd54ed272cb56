// A swap file: the one seal that Linux has always had. The kernel keeps a list of the blocks and goes straight to them.
// Rule: seal-semantics section 3, column SW, and sections 2, 5, 6, 9.5 (swapon(2); IS_SWAPFILE in the VFS).
import type { PolicyEntry } from '../model/policy.js';
import { behaviourOf } from './choices.js';
import { definePolicy, unprivileged } from './define.js';
import { alwaysHeld } from './on-demand.js';

const label = { name: 'swap', title: 'Swap file: everything that could move a block is refused' } as const;

export const swap: PolicyEntry = {
  ...label,
  build(settings) {
    return definePolicy({
      ...label,
      cites: [
        'swapon(2)',
        'Linux 6.12.117 source: mm/swapfile.c, include/linux/fs.h IS_SWAPFILE, fs/iomap/swapfile.c',
        'Recorded on Linux 6.12, XFS and ext4: an active swap file refused 125 of 125 changes (seal-semantics 10.4, 10.11)',
      ],
      reach: 'file',
      behaviour: behaviourOf(settings),
      held: { ...alwaysHeld(settings) },
      seal: {
        hold: 'swap',
        taken: 'call',
        outlives: ['unmap', 'exit'],
        prepares: false,
        refusals: [
          ...unprivileged(settings, 'EPERM'),
          { when: 'hole', errno: 'EINVAL' },
          { when: 'reflinked', errno: 'EINVAL' },
        ],
      },
      notes: [
        'Growing by truncate is not refused; unlink and rename are EPERM, nearly everything else ETXTBSY.',
        'The kernel’s own swap traffic goes straight to the blocks and is no operation on the file; the process that called swapon gets what everybody gets.',
        'swapon refuses a hole or a shared block (EINVAL) and a file that is swap already (EBUSY); unwritten blocks will do. It needs CAP_SYS_ADMIN, and flushes the file once.',
        'A DAX file cannot be swapped on (EINVAL, recorded); that this one is none is supposed, not checked.',
        'Where the trace has no swapon, one is put before the mapping through which the device holds the file: the mapping itself is then refused.',
        'The holder is the kernel: exit does not end it, only swapoff does. After a crash it is an ordinary file.',
      ],
    });
  },
};
