// The replay: the same columns through every lane. Lanes share nothing that changes.
import type { CostModel } from '../model/costs.js';
import type { Policy } from '../model/policy.js';
import type { EngineInput } from './input.js';
import { Lane } from './lane.js';
import { type LanePolicies, lanePolicies, type MixedLane } from './lane-policies.js';
import type { OnDeny } from './operations.js';
import { foldPrices } from './recipes.js';
import type { LaneResult } from './result.js';
import { planSeals, type SealPlan, type SealRule } from './seal-plan.js';
import type { Unseal } from './seals.js';

/** What all lanes of a replay have in common. */
export interface LanePlan {
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

export interface ReplayPlan extends LanePlan {
  /** One lane each. */
  readonly policies: readonly (Policy | MixedLane)[];
}

export function replay(input: EngineInput, plan: ReplayPlan): LaneResult[] {
  const seals = planSeals(input, plan.sealRule);
  return plan.policies.map((policy) => replayLane(input, seals, lanePolicies(policy, input, plan.kernel), plan));
}

export function replayLane(input: EngineInput, seals: SealPlan, policies: LanePolicies, plan: LanePlan): LaneResult {
  const lane = laneOf(input, seals, policies, plan);
  const { crashAtNs = [], cut = false } = plan;
  for (const timeNs of crashAtNs) lane.crash(timeNs);
  return lane.finish(cut ? crashAtNs.at(-1) : undefined);
}

export const newLane = (input: EngineInput, seals: SealPlan, policy: Policy | MixedLane, plan: LanePlan): Lane =>
  laneOf(input, seals, lanePolicies(policy, input, plan.kernel), plan);

function laneOf(input: EngineInput, seals: SealPlan, policies: LanePolicies, plan: LanePlan): Lane {
  const { unseal, onDeny, timing, kernel } = plan;
  return new Lane(input, seals, policies, foldPrices(plan.costs), { unseal, onDeny, timing, kernel });
}
