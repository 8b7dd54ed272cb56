// What the kernel does about holders that no policy is about: an active swap file, and a device that translates on demand
// (IBV_ACCESS_ON_DEMAND, SVM). Such a device has no pin: whatever the policy of the file, a change takes its translation away.
// Rule: seal-semantics section 3, columns SW and OP with notes 7, 10 and 15, and section 4.3.
import type { Settings } from '../model/policy.js';
import { type Column, swapHeld } from './define.js';
import { setting } from './switches.js';

/** The column while an on-demand registration is alive. On ext4 a plain fallocate zaps nothing (note 10). */
export const onDemandHeld = (settings: Settings): Column =>
  setting(settings, 'fs') === 'ext4' ? { ...column, fallocate: 'ok' } : column;

/** Holds that have cells under every policy. */
export const alwaysHeld = (settings: Settings) => ({ swap: swapHeld, ondemand: onDemandHeld(settings) }) as const;

const column: Column = {
  read: 'ok',
  write_written: 'ok',
  write_unwritten: 'ok',
  write_hole: 'I',
  write_shared: 'I',
  write_past_eof: 'ok',
  read_fault: 'ok',
  write_fault_written: 'ok',
  write_fault_unwritten: 'ok',
  write_fault_hole: 'ok',
  write_fault_shared: 'I',
  truncate_down: 'I',
  truncate_up: 'I',
  truncate_same: 'I',
  fallocate: 'I',
  fallocate_move: 'I',
  unshare: 'I',
  reflink_source: 'I',
  reflink_target: 'I',
  exchange: 'I',
  swapext: 'I',
  unlink: 'I',
  rename: 'ok',
  attributes: 'ok',
  map_writable: 'ok',
  pin_short: 'ok',
  pin_long: '-',
  umount: 'BSY',
};
