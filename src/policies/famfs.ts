// famfs: files in shared memory, laid out once by a master host and never again; an append-only log is all the metadata there is.
// Rule: seal-semantics section 3, column FA with notes 4 and 9, and sections 2, 5, 6 (famfs README).
import type { Cells, PolicyEntry } from '../model/policy.js';
import { behaviourOf } from './choices.js';
import { type Column, definePolicy } from './define.js';
import { alwaysHeld } from './on-demand.js';
import { setting } from './switches.js';

const label = { name: 'famfs', title: 'famfs: allocated once at creation, most changes not supported' } as const;

export const famfs: PolicyEntry = {
  ...label,
  build(settings) {
    return definePolicy({
      ...label,
      cites: ['famfs README (github.com/cxl-micron-reskit/famfs)', 'J. Groves, famfs series, linux-fsdevel, 2024'],
      reach: 'file',
      behaviour: behaviourOf(settings),
      unheld: column,
      held: { seal: invalid, ...alwaysHeld(settings) },
      spoils: { cases: ['truncate_down', 'truncate_up'], hold: 'seal' },
      seal: null,
      ...(setting(settings, 'famfs.past_eof') === 'short' ? { shortWrites: 'nothing' } : {}),
      notes: [
        'Nobody has to hold the file: its map is fixed from its creation, on every host, until the log is replayed.',
        'A write past the end is refused; the errno is not documented, EFBIG is taken (famfs.past_eof=short: it writes nothing and says so, note 4).',
        'Ordinary tools are not stopped: a removed file is gone until the log is replayed; a resized one becomes invalid, and every later access fails with EIO (note 9). The hold `seal` is that mark: it is not a seal, nobody takes it, and the next mount ends it.',
        'Files are made by root on the master host, with all their blocks: holes, unwritten and shared blocks cannot occur.',
        'The seal is the log itself: it stays at exit, at umount and after a crash.',
      ],
    });
  },
};

/** Note 9: what a resized file answers until the log is replayed. */
const invalid: Cells = {
  read: 'EIO',
  write_written: 'EIO',
  write_unwritten: 'EIO',
  write_hole: 'EIO',
  write_shared: 'EIO',
  write_past_eof: 'EIO',
  read_fault: 'BUS',
  write_fault_written: 'BUS',
  write_fault_unwritten: 'BUS',
  write_fault_hole: 'BUS',
  write_fault_shared: 'BUS',
  pin_short: 'EIO',
};

const column: Column = {
  read: 'ok',
  write_written: 'ok',
  write_unwritten: '-',
  write_hole: '-',
  write_shared: '-',
  write_past_eof: 'FBG',
  read_fault: 'ok',
  write_fault_written: 'ok',
  write_fault_unwritten: '-',
  write_fault_hole: '-',
  write_fault_shared: '-',
  truncate_down: 'ok',
  truncate_up: 'ok',
  truncate_same: 'ok',
  fallocate: 'NSUP',
  fallocate_move: 'NSUP',
  unshare: 'NSUP',
  reflink_source: 'NSUP',
  reflink_target: 'NSUP',
  exchange: 'NSUP',
  swapext: 'NSUP',
  unlink: 'ok',
  rename: 'NSUP',
  attributes: 'ok',
  map_writable: 'ok',
  pin_short: 'ok',
  pin_long: 'NSUP',
  umount: 'ok',
};
