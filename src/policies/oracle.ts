// No policy that anybody could build: a seal that knows the future. The lower bound that every other is held against.
// Rule: issue "every policy exactly": refuses the changes that would make a later device access stale, and nothing else.
import type { PolicyEntry } from '../model/policy.js';
import { behaviourOf } from './choices.js';
import { definePolicy } from './define.js';
import { alwaysHeld } from './on-demand.js';

const label = { name: 'oracle', title: 'a seal that knows the future: refuses only what a device would meet' } as const;

export const oracle: PolicyEntry = {
  ...label,
  build: (settings) =>
    definePolicy({
      ...label,
      cites: ['no series and no kernel: a bound, worked out from the accesses that the trace shows'],
      reach: 'file',
      behaviour: behaviourOf(settings),
      held: { ...alwaysHeld(settings) },
      seal: null,
      foresees: true,
      notes: [
        'The table refuses nothing but what the kernel refuses on a swap file. A call is refused (ETXTBSY, a fault: SIGBUS) when it would move or free bytes that a device comes to later in the trace, through a pin, registration or other hold taken before the call, or by addresses that it asked for; or bytes that a recorded device access is at work on.',
        'Nothing waits, nothing is priced, no seal is opened: its refusals are what keeping devices from stale blocks costs at the least.',
        'It decides call by call: a clone that no device writes into is let through, the writes that copy on write after it are refused where they move such bytes; refusing the clone alone might have been less.',
        'So it is with two changes that undo each other before the device comes (an insert and the collapse of what it inserted, two exchanges): the first is refused, and then the second, where refusing neither would have harmed nobody. Without such pairs and clones no smaller set of refusals is without a hazard.',
        'Changes that no call of the trace makes (writeback, inode reclaim) cannot be refused: such hazards stay.',
      ],
    }),
};
