// Time bins and latency levels: what lies in a range, and what can be said of it.
import { data } from './page.ts';
import type { State } from './state.ts';

/** From (included) and to (excluded). */
export const binsIn = (range: State['range']): readonly [number, number] => {
  const { bins, fromNs, toNs } = data!.time;
  const width = (toNs - fromNs) / bins;
  if (range === null) return [0, bins];
  return [Math.min(bins - 1, Math.floor(range[0] / width)), Math.min(bins, Math.ceil(range[1] / width))];
};

export const eachPair = (
  pairs: readonly number[],
  size: number,
  from: number,
  to: number,
  visit: (inBin: number, count: number, bin: number) => void,
): void => {
  for (let i = 0; i < pairs.length; i += 2) {
    const bin = Math.floor(pairs[i]! / size);
    if (bin >= from && bin < to) visit(pairs[i]! % size, pairs[i + 1]!, bin);
  }
};

export const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

/** Upper bound of the level in which a share is reached. */
export const reached = (levels: readonly number[], share: number): number | null => {
  const most = sum(levels);
  let below = 0;
  for (const [level, n] of levels.entries()) {
    below += n;
    if (most > 0 && n > 0 && below >= share * most) return data!.upperNs[level]!;
  }
  return null;
};

/** Operations by latency level. */
export const levelsIn = (heat: readonly number[], [from, to]: readonly [number, number]): number[] => {
  const levels = new Array<number>(data!.upperNs.length).fill(0);
  eachPair(heat, levels.length, from, to, (level, n) => {
    levels[level]! += n;
  });
  return levels;
};
