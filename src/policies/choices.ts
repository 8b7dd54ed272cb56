// What the switches of seal-semantics section 8 make of a policy, where more than one policy understands them.
import type { Behaviour, Settings } from '../model/policy.js';
import type { Column } from './define.js';
import { setting } from './switches.js';

/** With `unwritten_is_map_change=false` a first write to an unwritten block is one to a written block. */
export function mapChanges(settings: Settings, column: Column): Column {
  if (setting(settings, 'unwritten_is_map_change') === 'true') return column;
  return {
    ...column,
    write_unwritten: column.write_written,
    write_fault_unwritten: column.write_fault_written,
  };
}

/** `lease.inplace_write_breaks`: as the series had it, or as the switch says. */
export function inPlaceWrites(settings: Settings, byDefault: boolean): boolean {
  const value = setting(settings, 'lease.inplace_write_breaks');
  return value === 'default' ? byDefault : value === 'true';
}

/** `lease_break_time_s` in ns; 0 is "for ever", as in the kernel. */
export function leaseBreakNs(settings: Settings): number {
  const seconds = Number(setting(settings, 'lease_break_time_s'));
  return seconds === 0 ? Number.POSITIVE_INFINITY : Math.round(seconds * 1e9);
}

/** The switches that say what the engine does, whatever the policy. */
export function behaviourOf(settings: Settings): Behaviour {
  return {
    zapScope: setting(settings, 'zap_scope') as Behaviour['zapScope'],
    waitEnds: setting(settings, 'dax_wait') === 'wakes' ? 'release' : 'signal',
    waitKeepsLock: setting(settings, 'fs') === 'xfs',
    onRefusedPin: setting(settings, 'on_refused_pin') as Behaviour['onRefusedPin'],
    coherence: setting(settings, 'coherence') as Behaviour['coherence'],
    leaseBreakNs: leaseBreakNs(settings),
  };
}
