// On-demand paging (and shared virtual addressing): the device has no pin; a map change takes its translation away first.
// Rule: seal-semantics section 3, column OP with notes 7, 10 and 15, and section 4.3.
import type { PolicyEntry } from '../model/policy.js';
import { behaviourOf } from './choices.js';
import { type Column, definePolicy, swapHeld } from './define.js';
import { setting } from './switches.js';

const label = {
  name: 'odp',
  title: 'On-demand paging: the device’s translation is invalidated, it faults again',
} as const;

export const odp: PolicyEntry = {
  ...label,
  usual: true,
  build(settings) {
    const copied: Column = setting(settings, 'fs') === 'ext4' ? { ...column, fallocate: 'ok' } : column;
    return definePolicy({
      ...label,
      cites: [
        'On-demand paging, ASPLOS 2017, doi 10.1145/3037697.3037710',
        'ISPASS 2021, on-demand paging pitfalls',
        'ibv_reg_mr(3), IBV_ACCESS_ON_DEMAND',
        'Linux 6.12.117 source: drivers/infiniband/core/umem_odp.c, mm/mmu_notifier.c',
      ],
      reach: 'file',
      behaviour: behaviourOf(settings),
      held: { registration: copied, translation: copied, swap: swapHeld },
      seal: null,
      devicePages: true,
      notes: [
        'Nothing is refused or delayed beyond the synchronous, bounded invalidation; the next device access faults.',
        'An operation that breaks layouts zaps the mappings of the whole file, so the reach is the file (zap_scope=file).',
        'unlink invalidates when the last link, open file and mapping are gone (note 15).',
        'Write faults on holes and unwritten blocks may be the device’s own; with MAP_SYNC they would commit (note 7), which is not assumed here.',
        'There is no long-term pin to take: registering succeeds without one.',
        'fs=ext4: a plain fallocate zaps nothing (note 10).',
      ],
    });
  },
};

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
