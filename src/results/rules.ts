// The seal rule, the unseal rule and what a refused application does, as a user writes them (replay reference, section 3).
import type { OnDeny } from '../engine/operations.js';
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

export function unsealOf(text: string): Unseal {
  if (text === 'never' || text === 'last-release') return { kind: text };
  const ns = text.startsWith('idle:') ? timeOf(text.slice('idle:'.length)) : null;
  if (ns === null)
    throw new UserError(
      `--unseal is "${text}"; expected never, last-release or idle:TIME, with TIME such as 500ms or 2s`,
    );
  return { kind: 'idle', ns };
}
