// The seal rule, the unseal rule and what a refused application does, as a user writes them (replay reference, section 3).
import { Random } from '../base/random.js';
import type { OnDeny } from '../engine/refusals.js';
import { parseSealRule, type SealRule } from '../engine/seal-plan.js';
import type { Unseal } from '../engine/seals.js';
import { UserError } from '../model/issue.js';

export function sealRuleOf(text: string): SealRule {
  const rule = parseSealRule(text);
  if (rule === null) throw new UserError(`--seal-rule is "${text}"; expected dma, explicit, mapped or files:GLOB`);
  return rule;
}

const UNITS: Readonly<Record<string, number>> = { ns: 1, us: 1e3, ms: 1e6, s: 1e9, min: 60e9, h: 3600e9 };

export const TIMINGS = ['closed', 'open'] as const;
export type Timing = (typeof TIMINGS)[number];

export function onDenyOf(text: string): OnDeny {
  if (text === 'skip' || text === 'unseal') return { kind: text };
  const ns = text.startsWith('retry:') ? timeOf(text.slice('retry:'.length)) : null;
  if (ns === null || ns === 0)
    throw new UserError(`--on-deny is "${text}"; expected skip, unseal or retry:TIME, with TIME such as 100us or 2s`);
  return { kind: 'retry', ns };
}

/** A time with its unit in ns; null when it is none. */
export function timeOf(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)(ns|us|ms|s|min|h)$/.exec(text);
  return match === null ? null : Math.round(Number(match[1]) * UNITS[match[2]!]!);
}

/** Where the machine crashes, as times of the replay, ns; `cut`: the replay ends there. */
export interface CrashPlan {
  readonly atNs: readonly number[];
  readonly cut: boolean;
}

const MOST_CRASHES = 10_000;

/** `random:N`, a time in the trace's clock in ns, or a time with a unit, counted from the trace's beginning. */
export function crashOf(
  text: string,
  trace: { readonly originNs: bigint; readonly endNs: number },
  seed: number,
): CrashPlan {
  const count = /^random:(\d+)$/.exec(text)?.[1];
  if (count !== undefined) {
    if (Number(count) < 1 || Number(count) > MOST_CRASHES)
      throw new UserError(`--crash-at is "${text}"; expected random:N with N from 1 to ${MOST_CRASHES}`);
    const random = new Random(seed);
    const atNs = Array.from({ length: Number(count) }, () => Math.floor(random.uniform() * (trace.endNs + 1)));
    return { atNs: atNs.sort((a, b) => a - b), cut: false };
  }
  const atNs = /^\d+$/.test(text) ? Number(text) - Number(trace.originNs) : timeOf(text);
  if (atNs === null)
    throw new UserError(`--crash-at is "${text}"; expected ns in the trace's clock, a time such as 2.5s, or random:N`);
  if (atNs < 0 || atNs > trace.endNs)
    throw new UserError(
      `--crash-at ${text} is not within the trace; expected a time from ${trace.originNs} to ${Number(trace.originNs) + trace.endNs} ns, or from its begin on, up to ${trace.endNs / 1e9}s`,
    );
  return { atNs: [atNs], cut: true };
}

export function unsealOf(text: string): Unseal {
  if (text === 'never' || text === 'last-release') return { kind: text };
  const ns = text.startsWith('idle:') ? timeOf(text.slice('idle:'.length)) : null;
  if (ns === null)
    throw new UserError(
      `--unseal is "${text}"; expected never, last-release or idle:TIME, with TIME such as 500ms or 2s`,
    );
  return { kind: 'idle', ns };
}
