// The seal rule and the unseal rule as a user writes them (replay reference, section 3).
import { parseSealRule, type SealRule } from '../engine/seal-plan.js';
import type { Unseal } from '../engine/seals.js';
import { UserError } from '../model/issue.js';

export function sealRuleOf(text: string): SealRule {
  const rule = parseSealRule(text);
  if (rule === null) throw new UserError(`--seal-rule is "${text}"; expected dma, explicit, mapped or files:GLOB`);
  return rule;
}

const UNITS: Readonly<Record<string, number>> = { ns: 1, us: 1e3, ms: 1e6, s: 1e9, min: 60e9, h: 3600e9 };

export function unsealOf(text: string): Unseal {
  if (text === 'never' || text === 'last-release') return { kind: text };
  const idle = /^idle:(\d+(?:\.\d+)?)(ns|us|ms|s|min|h)$/.exec(text);
  if (idle === null)
    throw new UserError(
      `--unseal is "${text}"; expected never, last-release or idle:TIME, with TIME such as 500ms or 2s`,
    );
  return { kind: 'idle', ns: Number(idle[1]) * UNITS[idle[2]!]! };
}
