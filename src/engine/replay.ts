// The replay: the same columns through every lane, in one pass.
import type { CostModel } from '../model/costs.js';
import type { Policy } from '../model/policy.js';
import type { FileStates } from './file-states.js';
import type { EngineInput } from './input.js';
import { type LanePolicies, lanePolicies, type MixedLane } from './lane-policies.js';
import { MOST_LANES, Pass } from './pass.js';
import { KERNEL_FROM } from './plain-kernel.js';
import { foldPrices } from './recipes.js';
import type { OnDeny } from './refusals.js';
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
  /** From so many rows on, plain ones are run by WebAssembly. */
  readonly kernelFrom?: number;
}

export interface ReplayPlan extends LanePlan {
  /** One lane each. */
  readonly policies: readonly (Policy | MixedLane)[];
}

export function replay(input: EngineInput, plan: ReplayPlan): LaneResult[] {
  const seals = planSeals(input, plan.sealRule);
  return replayLanes(
    input,
    seals,
    plan.policies.map((policy) => lanePolicies(policy, input, plan.kernel)),
    plan,
  );
}

/** Some lanes of a replay, in as few passes as they fit into. */
export function replayLanes(
  input: EngineInput,
  seals: SealPlan,
  policies: readonly LanePolicies[],
  plan: LanePlan,
): LaneResult[] {
  const results: LaneResult[] = [];
  for (let from = 0; from < policies.length; from += MOST_LANES) {
    const pass = passOf(input, seals, policies.slice(from, from + MOST_LANES), plan);
    const { crashAtNs = [], cut = false } = plan;
    for (const timeNs of crashAtNs) pass.crash(timeNs);
    results.push(...pass.finish(cut ? crashAtNs.at(-1) : undefined));
  }
  return results;
}

/** One lane by itself, to be looked at on its way. */
export interface LoneLane {
  readonly files: FileStates;
  /** Replays all events up to and including a time. */
  runTo(timeNs: number): void;
  finish(atNs?: number): LaneResult;
}

export function newLane(input: EngineInput, seals: SealPlan, policy: Policy | MixedLane, plan: LanePlan): LoneLane {
  const pass = passOf(input, seals, [lanePolicies(policy, input, plan.kernel)], plan);
  return {
    files: pass.lanes[0]!.files,
    runTo: (timeNs) => pass.runTo(timeNs),
    finish: (atNs) => pass.finish(atNs)[0]!,
  };
}

function passOf(input: EngineInput, seals: SealPlan, policies: readonly LanePolicies[], plan: LanePlan): Pass {
  const { unseal, onDeny, timing, kernel, kernelFrom = KERNEL_FROM } = plan;
  return new Pass(input, seals, policies, foldPrices(plan.costs), { unseal, onDeny, timing, kernel, kernelFrom });
}
