// Mainline today, as Linux answers the question: no long-term pin of DAX pages at all, so that nobody waits for one.
// Rule: seal-semantics section 3, column LT with notes 8 and 10, and section 9.9 (mm/gup.c check_vma_flags, FOLL_LONGTERM).
import type { PolicyEntry } from '../model/policy.js';
import { whilePinned } from './busy-wait.js';
import { behaviourOf } from './choices.js';
import { type Column, definePolicy } from './define.js';
import { alwaysHeld } from './on-demand.js';

const label = {
  name: 'longterm-refused',
  title: 'Mainline: long-term pins are refused, short ones waited for',
} as const;

export const longtermRefused: PolicyEntry = {
  ...label,
  build(settings) {
    return definePolicy({
      ...label,
      cites: [
        'Linux 6.12.117 source: mm/gup.c, FOLL_LONGTERM of fsdax pages is EOPNOTSUPP; fs/dax.c dax_layout_busy_page',
        'Recorded on Linux 6.1 and 6.18: ibv_reg_mr, VFIO and AF_XDP on DAX pages EOPNOTSUPP (seal-semantics 10.6)',
      ],
      reach: 'file',
      behaviour: behaviourOf(settings),
      unheld: column,
      held: { ...alwaysHeld(settings), pin: whilePinned(settings, column) },
      seal: null,
      notes: [
        'The refusal is at the pin, not at the truncate: EOPNOTSUPP whatever the era; what the application does then is on_refused_pin.',
        'Map changes wait for short pins, of any range, without a limit (note 8); era=2017: they do not.',
        'fs=ext4: a plain fallocate does not look for pins (note 10).',
        'umount is EBUSY only while the file is open or mapped, which is no hold of this table: the cell reads ok.',
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
