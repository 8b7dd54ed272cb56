// The lane that decides nothing: it repeats the outcomes of the recording, refusals and delays included.
// Rule: replay.md section 5, fidelity.
import type { PolicyEntry } from '../model/policy.js';
import { behaviourOf } from './choices.js';
import { definePolicy } from './define.js';

const label = { name: 'recorded', title: 'what the trace says happened' } as const;

export const recorded: PolicyEntry = {
  ...label,
  usual: true,
  build: (settings) =>
    definePolicy({
      ...label,
      cites: ['the recording itself'],
      reach: 'file',
      behaviour: behaviourOf(settings),
      held: {},
      seal: null,
      recorded: true,
      notes: ['Every cell is ok: return codes and durations come from the trace, not from this table.'],
    }),
};
