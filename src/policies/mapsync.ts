// MAP_SYNC mappings of a DAX file: a store that needs a block waits until the journal knows of it; nothing is held still.
// Rule: seal-semantics section 3, column SY with notes 8, 10 and 16, and sections 4.1, 4.4 (dax_finish_sync_fault).
import type { PolicyEntry } from '../model/policy.js';
import { whilePinned } from './busy-wait.js';
import { behaviourOf } from './choices.js';
import { type Column, definePolicy } from './define.js';
import { alwaysHeld } from './on-demand.js';
import { setting } from './switches.js';

const label = { name: 'mapsync', title: 'MAP_SYNC: write faults commit the journal, nothing is held still' } as const;

export const mapsync: PolicyEntry = {
  ...label,
  build(settings) {
    const unpinned: Column = setting(settings, 'era') === 'modern' ? column : { ...column, pin_long: 'ok' };
    return definePolicy({
      ...label,
      cites: [
        'J. Kara, MAP_SYNC series, 2017 (spinics linux-ext4 msg58668)',
        'Linux 6.12.117 source: fs/dax.c dax_finish_sync_fault, fs/iomap IOMAP_F_DIRTY, fs/xfs/xfs_iomap.c',
        'mmap(2): MAP_SYNC asks for MAP_SHARED_VALIDATE and a DAX file on a synchronous device, else EOPNOTSUPP',
        'Recorded on Linux 6.12: two log forces for each write fault on a hole or unwritten page (seal-semantics 10.3)',
      ],
      reach: 'file',
      behaviour: behaviourOf(settings),
      unheld: unpinned,
      held: { ...alwaysHeld(settings), pin: whilePinned(settings, unpinned) },
      seal: null,
      notes: [
        'MAP_SYNC forbids nothing and protects no DMA: it promises that the map of what was stored survives a crash.',
        'Faults commit as if every mapping were MAP_SYNC; on written blocks only when the inode has uncommitted map metadata.',
        'The mark is per inode on XFS: a thread that allocates makes the faults of other threads on written blocks commit too.',
        'Changes wait for short pins and long-term pins are refused, as for any DAX file; era=2017: neither (notes 8, 16).',
        'A commit that fails would be SIGBUS; no trace tells one.',
        'A child inherits the mapping at fork; munmap and exit end it; a crash leaves nothing.',
      ],
    });
  },
};

const column: Column = {
  read: 'ok',
  write_written: 'ok',
  write_unwritten: 'ok',
  write_hole: 'ok',
  write_shared: 'ok',
  write_past_eof: 'ok',
  read_fault: 'ok',
  write_fault_written: 'C?',
  write_fault_unwritten: 'C',
  write_fault_hole: 'C',
  write_fault_shared: 'C',
  truncate_down: 'ok',
  truncate_up: 'ok',
  truncate_same: 'ok',
  fallocate: 'ok',
  fallocate_move: 'ok',
  unshare: 'ok',
  reflink_source: 'ok',
  reflink_target: 'ok',
  exchange: 'ok',
  swapext: 'ok',
  unlink: 'ok',
  rename: 'ok',
  attributes: 'ok',
  map_writable: 'ok',
  pin_short: 'ok',
  pin_long: 'NSUP',
  umount: 'ok',
};
