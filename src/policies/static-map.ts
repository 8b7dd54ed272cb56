// A copy of the map that nobody is told about: hypervisors, users of FIEMAP, controller memory, peer-to-peer engines.
// Rule: seal-semantics section 3, column ST with notes 11 and 15, and section 5.
import type { PolicyEntry } from '../model/policy.js';
import { behaviourOf } from './choices.js';
import { type Column, definePolicy } from './define.js';
import { alwaysHeld } from './on-demand.js';

const label = { name: 'static-map', title: 'Copied map: nothing is refused or delayed, the copy goes stale' } as const;

export const staticMap: PolicyEntry = {
  ...label,
  build(settings) {
    return definePolicy({
      ...label,
      cites: [
        'FIEMAP, Documentation/filesystems/fiemap.rst: the answer is out of date when it is given',
        'Recorded on Linux 6.12: 62 of 496 raw reads through an older FIEMAP stale at their start, 4 in flight, all successful (seal-semantics 10.11)',
      ],
      reach: 'file',
      behaviour: behaviourOf(settings),
      held: { translation: column, registration: column, pin: column, ...alwaysHeld(settings) },
      seal: null,
      requests: ['translation'],
      outliveExit: ['translation'],
      notes: [
        'There is no coordination: every change goes ahead, and a device that uses an older copy reads or writes blocks that may be another file’s by then.',
        'A registration or pin of the trace counts as such a copy, taken when it was made; so does an address query, for the range that it names.',
        'Reflinking the source moves nothing at once: its next CPU write does, and device writes meanwhile change the clone (note 11).',
        'unlink is a hazard when the last link, open file and mapping are gone (note 15). umount goes ahead, and every copy is then one of blocks that nobody guards.',
        'A copy stays when the process that asked is gone, until the domain or the device is reset; no trace tells that reset.',
        'There is no long-term pin to take: registering succeeds without one.',
      ],
    });
  },
};

const column: Column = {
  read: 'ok',
  write_written: 'ok',
  write_unwritten: 'ok',
  write_hole: 'ok',
  write_shared: 'H',
  write_past_eof: 'ok',
  read_fault: 'ok',
  write_fault_written: 'ok',
  write_fault_unwritten: 'ok',
  write_fault_hole: 'ok',
  write_fault_shared: 'H',
  truncate_down: 'H',
  truncate_up: 'ok',
  truncate_same: 'ok',
  fallocate: 'ok',
  fallocate_move: 'H',
  unshare: 'H',
  reflink_source: 'H',
  reflink_target: 'H',
  exchange: 'H',
  swapext: 'H',
  unlink: 'H',
  rename: 'ok',
  attributes: 'ok',
  map_writable: 'ok',
  pin_short: 'ok',
  pin_long: '-',
  umount: 'ok',
};
