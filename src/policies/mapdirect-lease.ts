// MAP_DIRECT with a layout lease: nothing is refused, but whoever changes or just writes the file breaks the lease first.
// Rule: seal-semantics section 3, column ML with notes 5 and 12, and section 4.2 (v7-v9, October 2017).
import type { PolicyEntry } from '../model/policy.js';
import { behaviourOf, inPlaceWrites, leaseBreakNs, mapChanges } from './choices.js';
import { type Column, definePolicy, unprivileged } from './define.js';
import { alwaysHeld } from './on-demand.js';
import { setting } from './switches.js';

const label = {
  name: 'mapdirect-lease',
  title: 'MAP_DIRECT with a lease: changes break it and wait for the holder',
} as const;

export const mapdirectLease: PolicyEntry = {
  ...label,
  usual: true,
  build: (settings) => {
    const written: Column = inPlaceWrites(settings, true) ? column : { ...column, write_written: 'ok' };
    const version = setting(settings, 'mapdirect_lease');
    return definePolicy({
      ...label,
      cites: [
        'D. Williams, MAP_DIRECT series v7-v9, linux-nvdimm, October 2017',
        'fcntl(2), /proc/sys/fs/lease-break-time',
        'Linux 6.12.117 source: fs/locks.c __break_lease',
      ],
      reach: 'file',
      behaviour: behaviourOf(settings),
      held: { lease: mapChanges(settings, written), ...alwaysHeld(settings) },
      seal: {
        hold: 'lease',
        taken: 'mapping',
        outlives: [],
        prepares: false,
        untilLastPin: setting(settings, 'pins_extend_seal') === 'true',
        refusals: [
          { when: 'private', errno: 'EINVAL' },
          { when: 'read_only', errno: 'EACCES' },
          ...unprivileged(settings, 'EACCES'),
          ...(version === 'v9' ? [{ when: 'reflinked', errno: 'EPERM' } as const] : []),
          { when: 'break_pending', errno: 'EAGAIN' },
        ],
      },
      breaks: {
        limitNs: leaseBreakNs(settings),
        notify:
          'SIGIO to the process that called mmap, not to its children; at the limit a kernel work item zaps the mapping and later accesses get SIGBUS',
        faultsBreak: version !== 'v7',
        zaps: true,
        device: version === 'v7' ? 'at_break' : version === 'v8' ? 'at_limit' : 'never',
      },
      notes: [
        'Any write(2) breaks the lease, in place too: the break is made before anybody looks at the blocks (lease.inplace_write_breaks=false: only map changes do).',
        'Write faults on holes and unwritten blocks are SIGBUS for everybody, ordinary mappings included; v8 and v9 start a break as well, so that a retry would succeed (note 5).',
        'The lease is for the owner of the file or CAP_LEASE. That the file is on DAX is supposed, not checked.',
        'v8 reading: at the limit the device loses its translation. v9 leaves that undefined, and refuses reflinked files (EPERM); elsewhere a shared block is written like any other.',
        'The old XFS swap-extents ioctl does not recall: it goes ahead and leaves stale translations (note 12).',
        'The limit is the sysctl’s value; a real kernel needs up to about 2 s more (46.65 s measured for 45 s). 0 means no limit.',
        'NOWAIT callers get EAGAIN and the break starts all the same (section 4.2).',
        'Only XFS recalls layout leases; this what-if does so for every file system.',
      ],
    });
  },
};

const column: Column = {
  read: 'ok',
  write_written: 'B',
  write_unwritten: 'B',
  write_hole: 'B',
  write_shared: '-',
  write_past_eof: 'B',
  read_fault: 'ok',
  write_fault_written: 'ok',
  write_fault_unwritten: 'BUS',
  write_fault_hole: 'BUS',
  write_fault_shared: '-',
  truncate_down: 'B',
  truncate_up: 'B',
  truncate_same: 'B',
  fallocate: 'B',
  fallocate_move: 'B',
  unshare: 'B',
  reflink_source: 'B',
  reflink_target: 'B',
  exchange: 'B',
  swapext: 'H',
  unlink: 'ok',
  rename: 'ok',
  attributes: 'ok',
  map_writable: 'ok',
  pin_short: 'ok',
  pin_long: 'ok',
  umount: 'BSY',
};
