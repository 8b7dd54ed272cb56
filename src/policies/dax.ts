// A DAX file with plain shared mappings, as mainline has it: map changes wait for short pins, long-term pins are refused.
// Rule: seal-semantics section 3, column DX with notes 8, 10 and 16, and section 4.1 (dax_layout_busy_page, xfs_break_layouts).
import type { PolicyEntry } from '../model/policy.js';
import { whilePinned } from './busy-wait.js';
import { behaviourOf } from './choices.js';
import { type Column, definePolicy } from './define.js';
import { alwaysHeld } from './on-demand.js';
import { setting } from './switches.js';

const label = { name: 'dax', title: 'DAX: map changes wait for short pins, long-term pins refused' } as const;

export const dax: PolicyEntry = {
  ...label,
  usual: true,
  build(settings) {
    const column: Column = setting(settings, 'era') === 'modern' ? unpinned : { ...unpinned, pin_long: 'ok' };
    return definePolicy({
      ...label,
      cites: [
        'Linux 6.12.117 source: fs/dax.c dax_layout_busy_page, fs/xfs/xfs_file.c xfs_break_layouts, mm/gup.c vma_is_fsdax',
        'D. Chinner on fsdax truncate waits, October 2025',
        'A. Popple, fsdax rework, February 2025',
        'Recorded on Linux 6.1 and 6.12 (seal-semantics 10.1, 10.2, 10.11)',
      ],
      reach: 'file',
      behaviour: behaviourOf(settings),
      unheld: column,
      held: { ...alwaysHeld(settings), pin: whilePinned(settings, column) },
      seal: null,
      notes: [
        'One pinned page anywhere makes a change of any range wait; no limit; on XFS the I/O lock stays held meanwhile (note 8, section 4.1).',
        'era=2017: no wait and no refusal, so that a change under a pin leaves stale translations behind.',
        'fs=ext4: a plain fallocate does not look for pins; punch, zero, collapse, insert and truncate do (note 10).',
        'Up to Linux 6.14 the wait is skipped when no mapping of the file is left; this table cannot see mappings and waits.',
        'umount is EBUSY only while the file is open or mapped, which is no hold of this table: the cell reads ok.',
      ],
    });
  },
};

const unpinned: Column = {
  read: 'ok',
  write_written: 'ok',
  write_unwritten: 'ok',
  write_hole: 'ok',
  write_shared: 'ok',
  write_past_eof: 'ok',
  read_fault: 'ok',
  write_fault_written: 'ok',
  write_fault_unwritten: 'ok',
  write_fault_hole: 'ok',
  write_fault_shared: 'ok',
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
