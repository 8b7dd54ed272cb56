// The figures of a lane by name, for gates: every number of its JSON by its path, and short names for those people ask for.
import { ERRNO } from '../model/errno.js';
import { OPS } from '../model/events.js';
import type { LaneReport } from './types.js';

const LATENCIES = ['mean', 'p50', 'p90', 'p99', 'p999', 'max'] as const;

export interface Figure {
  readonly value: number;
  /** True of durations, which are ns. */
  readonly time: boolean;
}

/**
 * The figure called `name` (`denied`, `denied.ETXTBSY`, `p99.write_fault`, `hazards.byClass.b` ...).
 * A string tells why the lane has none: a name that nothing has, or a latency without a sample.
 */
export function figureOf(lane: LaneReport, name: string): Figure | string {
  const path = fullName(name);
  const value = path.split('.').reduce<unknown>((at, key) => own(at, key), lane);
  if (typeof value === 'number') return { value, time: path.endsWith('Ns') };
  if (isCountOfNothing(path, lane)) return { value: 0, time: false };
  const [group, op = ''] = path.split('.');
  if (group === 'latency' && isOperation(op)) return `has no ${op} that was timed`;
  return `has no figure "${name}"; the figures are ${SHORT.join(', ')} and the numbers of replay --json by their path, such as seals.orphaned`;
}

const SHORT = ['denied', 'waited', 'recalled', 'hazards', 'denied.ERRNO', 'p50.OP', 'p90.OP', 'p99.OP', 'max.OP'];
const TOTALS: Readonly<Record<string, string>> = {
  denied: 'verdicts.deny',
  waited: 'verdicts.wait',
  recalled: 'verdicts.recall',
  hazards: 'hazards.count',
};

function fullName(name: string): string {
  if (Object.hasOwn(TOTALS, name)) return TOTALS[name]!;
  const [first = '', ...rest] = name.split('.');
  const latency = LATENCIES.find((one) => one === first);
  return latency === undefined ? name : `latency.${rest.join('.')}.${latency}Ns`;
}

const own = (at: unknown, key: string): unknown =>
  typeof at === 'object' && at !== null && Object.hasOwn(at, key) ? (at as Record<string, unknown>)[key] : undefined;

/** Errnos and operations that did not come up are left out of the JSON. */
function isCountOfNothing(path: string, lane: LaneReport): boolean {
  const [group, key = '', verdict = '', ...more] = path.split('.');
  if (group === 'denied') return verdict === '' && Object.hasOwn(ERRNO, key);
  return group === 'byOp' && isOperation(key) && Object.hasOwn(lane.verdicts, verdict) && more.length === 0;
}

const isOperation = (name: string): boolean => (OPS as readonly string[]).includes(name);
