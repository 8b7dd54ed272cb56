// What the compiled tables of a policy say, cell by cell.
import { CASES, type CaseName, Hold, type HoldName, MASKS, type Policy, Verdict } from '../../src/model/policy.js';
import * as registry from '../../src/policies/index.js';
import { validateSettings } from '../../src/policies/switches.js';
import type { Actor, Outcome } from './decision-table.js';

export const policyOf = (name: string, pairs: Record<string, string> = {}): Policy =>
  Object.values(registry)
    .find((entry) => entry.name === name)!
    .build(validateSettings(pairs));

export function compiled(policy: Policy, actor: Actor, name: CaseName, mask: number): Outcome {
  const at = CASES.indexOf(name) * MASKS + mask;
  const [verdict, errno] =
    actor === 'other' ? [policy.verdictOther, policy.errnoOther] : [policy.verdictHolder, policy.errnoHolder];
  return { verdict: verdictName(verdict[at]!), errno: errno[at]! };
}

const verdictName = (value: number) =>
  (Object.keys(Verdict) as (keyof typeof Verdict)[]).find((name) => Verdict[name] === value)!;
export const maskOf = (holds: readonly HoldName[]): number => holds.reduce((mask, hold) => mask | (1 << Hold[hold]), 0);
export const ORDER: readonly Outcome['verdict'][] = [
  'proceed',
  'commitIfDirty',
  'commit',
  'revoke',
  'recall',
  'wait',
  'deny',
];
export const stronger = (a: Outcome, b: Outcome): Outcome =>
  ORDER.indexOf(b.verdict) > ORDER.indexOf(a.verdict) ? b : a;
