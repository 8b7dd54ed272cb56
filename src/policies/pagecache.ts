// An ordinary file through the page cache: devices reach page-cache pages, never blocks, and nothing is held still for them.
// Rule: seal-semantics section 3, column PC, and section 10.7 (mm/gup.c, writable_file_mapping_allowed).
import type { PolicyEntry } from '../model/policy.js';
import { behaviourOf } from './choices.js';
import { type Column, definePolicy } from './define.js';
import { alwaysHeld } from './on-demand.js';
import { setting } from './switches.js';

const label = { name: 'pagecache', title: 'Page cache: an ordinary file, nothing held still' } as const;

export const pagecache: PolicyEntry = {
  ...label,
  usual: true,
  build: (settings) =>
    definePolicy({
      ...label,
      cites: [
        'Linux 6.12.117 source, mm/gup.c: long-term writable pins of file pages that need dirty tracking fail',
        'Recorded on Linux 6.1, 6.12 and 6.18: ftruncate and punch under a live memory region neither waited nor failed (seal-semantics 10.6, 10.7)',
        'mmap(2)',
      ],
      reach: 'file',
      // Its pages are memory of the host, which hardware keeps coherent.
      behaviour: { ...behaviourOf(settings), coherence: 'hardware' },
      unheld: setting(settings, 'era') === '2017' ? { ...column, pin_long: 'ok' } : column,
      held: { ...alwaysHeld(settings) },
      seal: null,
      notes: [
        'Page cache plus a long-term pin is a hazard of its own: after a truncate or punch the page is no longer the file’s, the device write succeeds and its data is lost. The blocks are safe (class a).',
        'Long-term writable pins are refused with EFAULT (since Linux 6.5, from memory); with era=2017, that is before it, they are allowed. The RDMA recordings with page-cache regions were made on such a kernel.',
        'umount is EBUSY only while the file is open or mapped, which is no hold of this table: the cell reads ok.',
      ],
    }),
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
  pin_long: 'FLT',
  umount: 'ok',
};
