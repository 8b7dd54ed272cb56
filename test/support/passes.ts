// What tests of passes replay under, and the one comparison of the kernel of plain rows with TypeScript.
import { reference } from '../../src/costs/reference.js';
import type { EngineInput } from '../../src/engine/input.js';
import { type ReplayPlan, replay } from '../../src/engine/replay.js';
import * as registry from '../../src/policies/index.js';
import { onDenyOf, sealRuleOf, unsealOf } from '../../src/results/rules.js';
import type { Story } from '../model/property.js';
import { laneText } from './lane-text.js';
import { build } from './replay.js';

export const ALL: readonly string[] = Object.values(registry).map(({ name }) => name);
export const EIGHT = ['pagecache', 'dax', 'mapsync-pin', 'ondisk', 'mapdirect', 'mapdirect-lease', 'odp', 'recorded'];
export const TIMINGS = ['open', 'closed'] as const;
export const USUAL = { sealRule: { kind: 'dma' }, unseal: { kind: 'never' }, onDeny: { kind: 'skip' } } as const;

export type Rules = Pick<ReplayPlan, 'sealRule' | 'unseal' | 'onDeny' | 'timing'>;
type Settings = Readonly<Record<string, string>>;

export function planOf(names: readonly string[], rules: Rules, settings: Settings = {}): ReplayPlan {
  const policies = names.map((name) => build(name, settings));
  return { ...rules, costs: reference, kernel: build('dax', settings), policies };
}

/** Those of a random story. */
export function rulesOf({ onDeny, sealRule, unitNs, unseal }: Story['chosen']): Omit<Rules, 'timing'> {
  return {
    sealRule: sealRuleOf(sealRule),
    unseal: unsealOf(unseal === 'idle' ? `idle:${611 * unitNs}ns` : unseal),
    onDeny: onDenyOf(onDeny === 'retry' ? `retry:${377 * unitNs + 1}ns` : onDeny),
  };
}

/** '' or which lane ends otherwise with the kernel of plain rows than without. */
export function kernelDifference(
  input: EngineInput,
  names: readonly string[],
  rules: Rules,
  settings: Settings = {},
): string {
  const plan = planOf(names, rules, settings);
  const compiled = replay(input, { ...plan, kernelFrom: 0 });
  const plain = replay(input, { ...plan, kernelFrom: Number.POSITIVE_INFINITY });
  return names.find((_, i) => laneText(compiled[i]!) !== laneText(plain[i]!)) ?? '';
}
