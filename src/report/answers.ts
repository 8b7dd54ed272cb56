// What a policy answered to an operation, and how two answers differ. Plain data in and out: the page's script uses it too.
import type { Chip, Tone } from './model.js';

export interface Answer {
  readonly verdict: string;
  /** Empty when not refused. */
  readonly errno: string;
  /** How often, 0 when only that it did is known. */
  readonly count: number;
  /** Wait of all of them, ns. */
  readonly waitNs: number;
}

export type Change = 'new' | 'gone' | 'changed' | 'inconclusive' | 'same';

/** From most to least telling. */
export const CHANGES: readonly Change[] = ['new', 'changed', 'gone', 'inconclusive', 'same'];

/** How answer `b` differs from `a`; null: that side never came to decide the operation. */
export const changeOf = (a: Answer | null, b: Answer | null): Change => {
  if (a === null || b === null) return 'inconclusive';
  const [before, after] = [isTrouble(a), isTrouble(b)];
  if (!before && !after) return 'same';
  if (!before) return 'new';
  if (!after) return 'gone';
  return a.verdict === b.verdict && a.errno === b.errno ? 'same' : 'changed';
};

const isTrouble = ({ verdict }: Answer): boolean => !QUIET.includes(verdict);
const QUIET = ['', 'none', 'ok', 'proceed'];

const TONES: Readonly<Record<string, Tone>> = {
  deny: 'bad',
  stale: 'bad',
  incoherent: 'bad',
  wait: 'warn',
  recall: 'warn',
  revoke: 'info',
  commit: 'info',
};
const WORDS: Readonly<Record<string, string>> = {
  deny: 'refused',
  stale: 'stale',
  incoherent: 'incoherent',
  wait: 'waits',
  recall: 'recalls',
  revoke: 'revokes',
  commit: 'commits',
};

export const verdictChip = (verdict: string, errno: string): Chip => {
  const text = verdict === 'deny' && errno !== '' ? errno : WORDS[verdict];
  if (text !== undefined) return { kind: 'chip', tone: TONES[verdict]!, text };
  return { kind: 'chip', tone: 'quiet', text: verdict === 'proceed' || verdict === 'ok' ? 'ok' : verdict || '–' };
};

const CHANGE_TONES: Readonly<Record<Change, Tone>> = {
  new: 'bad',
  changed: 'warn',
  gone: 'good',
  inconclusive: 'info',
  same: 'quiet',
};

export const changeChip = (change: Change): Chip => ({ kind: 'chip', tone: CHANGE_TONES[change], text: change });
