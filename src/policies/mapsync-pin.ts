// MAP_SYNC mappings, populated and pinned for good: what keeps the map still is the busy wait for the pins, not MAP_SYNC.
// Rule: seal-semantics section 3, column PI, and sections 4.1, 4.4.
import type { Cells, PolicyEntry } from '../model/policy.js';
import { behaviourOf } from './choices.js';
import { type Column, definePolicy } from './define.js';
import { alwaysHeld } from './on-demand.js';
import { setting } from './switches.js';

const label = {
  name: 'mapsync-pin',
  title: 'MAP_SYNC plus pins: faults commit, map changes wait for the pins',
} as const;

export const mapsyncPin: PolicyEntry = {
  ...label,
  usual: true,
  build(settings) {
    const pinned: Column = setting(settings, 'fs') === 'ext4' ? { ...column, fallocate: 'ok' } : column;
    return definePolicy({
      ...label,
      cites: [
        'J. Kara, MAP_SYNC series, 2017 (spinics linux-ext4 msg58668)',
        'C. Hellwig and D. Williams, linux-nvdimm, August 2017: MAP_SYNC | MAP_POPULATE and get_user_pages',
        'Linux 6.12.117 source: fs/dax.c dax_layout_busy_page, dax_finish_sync_fault',
        'mmap(2)',
      ],
      reach: 'file',
      behaviour: behaviourOf(settings),
      unheld: faults,
      held: { pin: pinned, registration: pinned, ...alwaysHeld(settings) },
      seal: { hold: 'registration', taken: 'registration', outlives: ['unmap'], prepares: false, refusals: [] },
      notes: [
        'What-if: long-term pins are assumed to be allowed (note 16), whatever the era, and to be waited for like short ones.',
        'MAP_SYNC forbids nothing and protects no DMA; the pins do, through an unlimited wait of the breaker.',
        'Faults commit as if every mapping were MAP_SYNC; on written blocks only when the inode has uncommitted map metadata.',
        'The old XFS swap-extents ioctl neither waits nor asks: it goes ahead and leaves stale translations (note 12).',
        'A read-only pin does not move to the copy when a shared block is written: class a hazard (note 2).',
        'Final close and umount under a pin: blocks are freed up to Linux 6.14 (implemented: ok), later kernels sleep until the pins go (note 13).',
        'fs=ext4: a plain fallocate does not look for pins (note 10).',
      ],
    });
  },
};

/** What MAP_SYNC adds to faults, with or without pins. */
const faults = {
  write_fault_written: 'C?',
  write_fault_unwritten: 'C',
  write_fault_hole: 'C',
  write_fault_shared: 'C',
} as const satisfies Cells;

const column: Column = {
  read: 'ok',
  write_written: 'ok',
  write_unwritten: 'ok',
  write_hole: 'ok',
  write_shared: 'ok',
  write_past_eof: 'ok',
  read_fault: 'ok',
  ...faults,
  truncate_down: 'W',
  truncate_up: 'W',
  truncate_same: 'W',
  fallocate: 'W',
  fallocate_move: 'W',
  unshare: 'W',
  reflink_source: 'W',
  reflink_target: 'W',
  exchange: 'W',
  swapext: 'H',
  unlink: 'ok',
  rename: 'ok',
  attributes: 'ok',
  map_writable: 'ok',
  pin_short: 'ok',
  pin_long: 'ok',
  umount: 'ok',
};
