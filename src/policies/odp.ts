// On-demand paging (and shared virtual addressing): the device has no pin; a map change takes its translation away first.
// Rule: seal-semantics section 3, column OP with notes 7, 10 and 15, and section 4.3.
import type { PolicyEntry } from '../model/policy.js';
import { behaviourOf } from './choices.js';
import { definePolicy } from './define.js';
import { alwaysHeld, onDemandHeld } from './on-demand.js';

const label = {
  name: 'odp',
  title: 'On-demand paging: the device’s translation is invalidated, it faults again',
} as const;

export const odp: PolicyEntry = {
  ...label,
  usual: true,
  build(settings) {
    const copied = onDemandHeld(settings);
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
      held: { registration: copied, translation: copied, ...alwaysHeld(settings) },
      seal: null,
      devicePages: true,
      syncMappingsCommit: true,
      notes: [
        'Nothing is refused or delayed beyond the synchronous, bounded invalidation; the next device access faults.',
        'An operation that breaks layouts zaps the mappings of the whole file, so every translation of the file goes; with zap_scope=range those that reach into what the operation is about.',
        'unlink invalidates when the last link, open file and mapping are gone (note 15).',
        'Write faults on holes and unwritten blocks may be the device’s own; those of a process that has the file mapped with MAP_SYNC commit (note 7).',
        'There is no long-term pin to take: registering succeeds without one.',
        'fs=ext4: a plain fallocate zaps nothing (note 10).',
      ],
    });
  },
};
