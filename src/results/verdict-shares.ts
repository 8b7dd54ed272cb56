// How often each policy lets wait, refuses and recalls, with intervals, and whether two traces agree in it.
import { quantileSorted } from 'simple-statistics';
import { Random } from '../base/random.js';
import type { LaneResult } from '../engine/result.js';
import { VERDICTS } from '../model/policy.js';

/** A recording is cut into so many stretches of operations: those near each other are decided alike. */
const BLOCKS = 40;
const RESAMPLES = 400;
const LEVEL = 0.95;
/** 97.5th percentile of the normal distribution. */
const Z = 1.959964;

export interface Share {
  readonly count: number;
  readonly share: number;
  /** 95 % interval: the wider of Wilson's and that of the stretches drawn anew. */
  readonly low: number;
  readonly high: number;
}

export interface VerdictShares {
  readonly policy: string;
  readonly operations: number;
  /** By verdict, those apart that let everything through. */
  readonly shares: Readonly<Record<string, Share>>;
}

export function verdictShares({ answers, policy }: LaneResult, seed: number): VerdictShares {
  const all = Uint8Array.from({ length: answers.rows }, (_, row) => answers.verdictAt(row));
  const given = all.filter((verdict) => verdict > 0);
  const shares = VERDICTS.flatMap((name, verdict) =>
    name === 'proceed' ? [] : [[name, shareOf(given, verdict + 1, seed)] as const],
  );
  return { policy: policy.name, operations: given.length, shares: Object.fromEntries(shares) };
}

/** As the first of several tells it, with intervals that hold those of all: what chance does to the same workload is in them. */
export function together([first, ...others]: readonly VerdictShares[]): VerdictShares {
  const wide = ([verdict, share]: [string, Share]): [string, Share] => {
    const all = [share, ...others.map(({ shares }) => shares[verdict]!)];
    const [low, high] = [Math.min(...all.map((one) => one.low)), Math.max(...all.map((one) => one.high))];
    return [verdict, { ...share, low, high }];
  };
  return { ...first!, shares: Object.fromEntries(Object.entries(first!.shares).map(wide)) };
}

/** Do the intervals touch? */
export const agrees = (a: Share, b: Share): boolean => a.low <= b.high && b.low <= a.high;

function shareOf(given: Uint8Array, verdict: number, seed: number): Share {
  const n = given.length;
  const many = Math.min(BLOCKS, n);
  const blocks = Array.from({ length: many }, (_, i) => {
    const block = given.subarray(Math.floor((i * n) / many), Math.floor(((i + 1) * n) / many));
    return { of: block.length, count: block.reduce((sum, one) => sum + (one === verdict ? 1 : 0), 0) };
  });
  const count = blocks.reduce((sum, block) => sum + block.count, 0);
  const [low, high] = wilson(count, n);
  const [less, more] = resampled(blocks, seed);
  return { count, share: n === 0 ? 0 : count / n, low: Math.min(low, less), high: Math.max(high, more) };
}

/** E. B. Wilson, JASA 22 (1927): also for shares of 0 and 1. */
export function wilson(count: number, of: number): readonly [number, number] {
  if (of === 0) return [0, 1];
  const share = count / of;
  const middle = share + Z ** 2 / (2 * of);
  const half = Z * Math.sqrt((share * (1 - share)) / of + Z ** 2 / (4 * of ** 2));
  const whole = 1 + Z ** 2 / of;
  return [Math.max(0, (middle - half) / whole), Math.min(1, (middle + half) / whole)];
}

/** The share in stretches drawn anew from those there are. */
function resampled(
  blocks: readonly { readonly of: number; readonly count: number }[],
  seed: number,
): readonly [number, number] {
  if (blocks.length === 0) return [0, 1];
  const random = new Random(seed);
  const shares = Array.from({ length: RESAMPLES }, () => {
    let of = 0;
    let count = 0;
    for (let i = 0; i < blocks.length; i++) {
      const block = blocks[random.below(blocks.length)]!;
      of += block.of;
      count += block.count;
    }
    return of === 0 ? 0 : count / of;
  });
  shares.sort((a, b) => a - b);
  return [quantileSorted(shares, (1 - LEVEL) / 2), quantileSorted(shares, (1 + LEVEL) / 2)];
}
