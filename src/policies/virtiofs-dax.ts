// virtiofs with DAX: the guest maps windows of the host's page cache; the map that must keep still is the table of windows.
// Rule: seal-semantics section 3, column VF with notes 8 and 18, and sections 2, 4.1 (fs/fuse/dax.c).
import type { Instead, PolicyEntry } from '../model/policy.js';
import { whilePinned } from './busy-wait.js';
import { behaviourOf } from './choices.js';
import { type Column, definePolicy } from './define.js';
import { alwaysHeld } from './on-demand.js';

const label = { name: 'virtiofs-dax', title: 'virtiofs DAX: waits for short pins, much is not supported' } as const;

export const virtiofsDax: PolicyEntry = {
  ...label,
  build(settings) {
    return definePolicy({
      ...label,
      cites: [
        'Linux 6.12.117 source: fs/fuse/dax.c fuse_dax_break_layouts, fs/fuse/file.c fuse_file_fallocate',
        'Documentation/filesystems/dax.rst, virtiofs',
      ],
      reach: 'file',
      // The I/O lock is that of the host's file system; the guest keeps none while it waits.
      behaviour: { ...behaviourOf(settings), waitKeepsLock: false },
      unheld: column,
      held: { ...alwaysHeld(settings), pin: { ...whilePinned({ ...settings, fs: 'xfs' }, column), umount: 'BSY' } },
      seal: null,
      instead: refused,
      notes: [
        'Reflink, dedupe, exchange, unshare, collapse and insert are not supported; an allocation that keeps the size never waits (note 18).',
        'Other changes wait for short pins (note 8; era=2017: they do not). The guest waits, so that fs, the file system of the host, makes no difference.',
        'Long-term pins of the window’s pages are refused.',
        'The window is handed out in ranges of 2 MiB; taking a range back waits for pins in that range only and is no operation of a trace.',
        'umount is EBUSY while a pin is alive.',
      ],
    });
  },
};

/** Note 18: two of the moving operations are refused like unshare; an allocation inside the size looks for pins no more than a write. */
const refused: readonly Instead[] = [
  { op: 'collapse', as: 'unshare' },
  { op: 'insert', as: 'unshare' },
  { op: 'fallocate', flag: 'keep_size', as: 'write_hole' },
];

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
  unshare: 'NSUP',
  reflink_source: 'NSUP',
  reflink_target: 'NSUP',
  exchange: 'NSUP',
  swapext: 'NSUP',
  unlink: 'ok',
  rename: 'ok',
  attributes: 'ok',
  map_writable: 'ok',
  pin_short: 'ok',
  pin_long: 'NSUP',
  umount: 'ok',
};
