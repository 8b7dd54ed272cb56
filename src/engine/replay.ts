// The replay: the same columns through every lane. Lanes share nothing that changes.
import type { CostModel } from '../model/costs.js';
import type { Policy } from '../model/policy.js';
import type { EngineInput } from './input.js';
import { Lane } from './lane.js';
import { lanePolicies, type MixedLane } from './lane-policies.js';
import type { OnDeny } from './operations.js';
import { foldPrices } from './recipes.js';
import type { LaneResult } from './result.js';
import { planSeals, type SealPlan, type SealRule } from './seal-plan.js';
import type { Unseal } from './seals.js';

export interface ReplayPlan {
  /** One lane each. */
  readonly policies: readonly (Policy | MixedLane)[];
  readonly costs: CostModel;
  readonly sealRule: SealRule;
  readonly unseal: Unseal;
  readonly onDeny: OnDeny;
  readonly timing: 'open' | 'closed';
  /** Where the machine crashes, ns, rising; with `cut` the replay ends at the last of them. */
  readonly crashAtNs?: readonly number[];
  readonly cut?: boolean;
  /** The policy the trace was recorded under: its table predicts the recorded return codes. */
  readonly kernel: Policy;
}

export function replay(input: EngineInput, plan: ReplayPlan): LaneResult[] {
  const seals = planSeals(input, plan.sealRule);
  return plan.policies.map((policy) => {
    const lane = newLane(input, seals, policy, plan);
    const { crashAtNs = [], cut = false } = plan;
    for (const timeNs of crashAtNs) lane.crash(timeNs);
    return lane.finish(cut ? crashAtNs.at(-1) : undefined);
  });
}

export function newLane(input: EngineInput, seals: SealPlan, policy: Policy | MixedLane, plan: ReplayPlan): Lane {
  return new Lane(
    input,
    seals,
    lanePolicies(policy, input, plan.kernel),
    foldPrices(plan.costs),
    firstFreeAddress(input),
    {
      unseal: plan.unseal,
      onDeny: plan.onDeny,
      timing: plan.timing,
      kernel: plan.kernel,
    },
  );
}

/** Above every block the trace names: what only a replay allocates comes from there. */
function firstFreeAddress(input: EngineInput): number {
  const { columns: c } = input;
  let highest = 0;
  for (let i = 0; i < c.rows; i++)
    if (c.addr[i]! >= 0) highest = Math.max(highest, c.addr[i]! + Math.max(0, c.length[i]!));
  return Math.ceil((highest + 1) / 2 ** 20) * 2 ** 20;
}
