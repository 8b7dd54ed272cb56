// The layout lease of 2019: user space holds a lease on the layout. With an exclusive one it may pin for good and others are
// refused; a breakable one they break, and wait for.
// Rule: seal-semantics section 3, column LU with notes 1, 12 and 17, and sections 2, 4.2, 5 (I. Weiny, F_LAYOUT | F_EXCLUSIVE).
import type { BreakSpec, CaseName, Cells, PolicyEntry, Settings } from '../model/policy.js';
import { behaviourOf, inPlaceWrites, leaseBreakNs } from './choices.js';
import { type Column, definePolicy, unprivileged } from './define.js';
import { alwaysHeld } from './on-demand.js';
import { setting } from './switches.js';

const label = {
  name: 'layout-user',
  title: 'Layout lease by fcntl: changes refused or break it; pins need an exclusive one',
} as const;

export const layoutUser: PolicyEntry = {
  ...label,
  build(settings) {
    const lease = leased(settings);
    const isBreakable = setting(settings, 'layout-user.lease') === 'breakable';
    return definePolicy({
      ...label,
      cites: [
        'I. Weiny, RDMA/FS DAX truncate proposal, 2019 (LWN 795971): F_SETLEASE with F_LAYOUT and F_EXCLUSIVE, and its draft of fcntl(2)',
        'fcntl(2), /proc/sys/fs/lease-break-time',
      ],
      reach: 'file',
      behaviour: behaviourOf(settings),
      unheld: { pin_long: 'PRM' },
      held: {
        lease: { ...lease, pin_long: 'PRM' },
        ...(isBreakable ? { layout: broken(lease) } : {}),
        ...alwaysHeld(settings),
      },
      holder: {
        lease: { ...deadlocks(lease), pin_long: lease.pin_long },
        ...(isBreakable ? { layout: own(lease) } : {}),
      },
      ...(isBreakable ? { breakableLease: 'layout', breaks: breaksOf(settings) } : {}),
      seal: {
        hold: isBreakable ? 'layout' : 'lease',
        taken: 'call',
        outlives: ['unmap'],
        prepares: false,
        synced: false,
        untilLastPin: setting(settings, 'lease_until_last_pin') === 'true',
        refusals: unprivileged(settings, 'EACCES'),
      },
      requests: ['lease'],
      notes: [
        'Exclusive lease: nobody is told and nothing is broken. Whoever would change the map gets ETXTBSY at once, the holder itself EDEADLOCK.',
        'layout-user.lease=breakable: what is refused above breaks the lease instead (B): SIGIO to the holder, who has lease_break_time_s; then the kernel removes the lease, and what is still pinned is left stale (H), or by default (lease_until_last_pin) the lease and whoever waits for it stay until the last pin is gone. The holder’s own changes go ahead. A lease of the trace that says exclusive stays what it is beside them.',
        'Under a breakable lease faults break nothing (they cannot wait): a hole is filled, a shared block copied and its pin left behind; inferred.',
        'A write inside the file to blocks that are there is no change of the layout in the draft; layout-user.write=xfsrfc or lease.inplace_write_breaks=true: it is refused like one (note 1).',
        'A long-term pin is EPERM without an exclusive lease of the same process (note 17).',
        'Faults on holes and shared blocks are SIGBUS for everybody; inferred.',
        'The lease is for the owner of the file or CAP_LEASE. It is shared through fork with the description, ends at the last close, and by default not before the last pin (lease_until_last_pin).',
        'Where the trace has no lease, one is taken before the mapping through which the device holds the file, and ends when the last of mappings and device holds does.',
        'The old XFS swap-extents ioctl does not look at leases: it goes ahead and leaves stale translations (note 12).',
      ],
    });
  },
};

function leased(settings: Settings): Column {
  const refused = setting(settings, 'layout-user.write') === 'xfsrfc' || inPlaceWrites(settings, false);
  return refused ? { ...column, write_written: 'TXT', write_unwritten: 'TXT' } : column;
}

/** The kernel is the only one to act at the limit: it removes the lease, and touches neither mappings nor devices (section 4.2). */
const breaksOf = (settings: Settings): BreakSpec => ({
  limitNs: leaseBreakNs(settings),
  notify: 'SIGIO to the holder; at the limit the kernel removes the lease, the pins stay',
  faultsBreak: false,
  zaps: false,
  device: 'never',
});

/** The column of a breakable lease: what an exclusive one refuses breaks it. No pin for good without an exclusive one (note 17). */
function broken(lease: Column): Column {
  const refused = (Object.keys(lease) as CaseName[]).filter((name) => lease[name] === 'TXT');
  return {
    ...lease,
    ...Object.fromEntries(refused.map((name) => [name, 'B'])),
    ...{ write_fault_hole: 'ok', write_fault_shared: 'H' },
  };
}

/** The holder changes what it leases: a write lease on the layout (section 3, below the table). */
const own = (lease: Column): Cells =>
  Object.fromEntries(
    (Object.keys(lease) as CaseName[]).filter((name) => lease[name] === 'TXT').map((name) => [name, 'ok']),
  );

/** What is ETXTBSY for others is EDEADLOCK for the holder. */
function deadlocks(lease: Column): Cells {
  const own = (Object.keys(lease) as CaseName[]).filter((name) => lease[name] === 'TXT');
  return Object.fromEntries(own.map((name) => [name, 'DLK']));
}

const column: Column = {
  read: 'ok',
  write_written: 'ok',
  write_unwritten: 'ok',
  write_hole: 'TXT',
  write_shared: 'TXT',
  write_past_eof: 'TXT',
  read_fault: 'ok',
  write_fault_written: 'ok',
  write_fault_unwritten: 'ok',
  write_fault_hole: 'BUS',
  write_fault_shared: 'BUS',
  truncate_down: 'TXT',
  truncate_up: 'TXT',
  truncate_same: 'TXT',
  fallocate: 'TXT',
  fallocate_move: 'TXT',
  unshare: 'TXT',
  reflink_source: 'TXT',
  reflink_target: 'TXT',
  exchange: 'TXT',
  swapext: 'H',
  unlink: 'ok',
  rename: 'ok',
  attributes: 'ok',
  map_writable: 'ok',
  pin_short: 'ok',
  pin_long: 'ok',
  umount: 'BSY',
};
