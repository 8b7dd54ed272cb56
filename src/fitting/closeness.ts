// How near what a model makes is to the recording it was fitted to: counts by operation, and distances of samples.
import { criticalDistance, distanceOfSamples } from '../base/kolmogorov.js';
import type { Observations } from './observations.js';

/** Samples of fewer values say nothing. */
const LEAST = 20;
/** Distances above this are a difference, if they are not by chance: once in a hundred. */
export const BOUND = 0.15;
const ALPHA = 0.01;

export interface CountPair {
  readonly op: string;
  readonly recorded: number;
  readonly made: number;
}

export interface Distance {
  readonly of: string;
  readonly recorded: number;
  readonly made: number;
  /** Kolmogorov-Smirnov. */
  readonly distance: number;
  /** What two samples of this size may be apart by chance, and BOUND at least. */
  readonly bound: number;
  readonly near: boolean;
}

export interface Closeness {
  readonly counts: readonly CountPair[];
  readonly distances: readonly Distance[];
}

export function closeness(recorded: Observations, made: Observations): Closeness {
  const ops = [...new Set([...recorded.counts.keys(), ...made.counts.keys()])].sort();
  const names = [...recorded.samples.keys()].filter((name) => recorded.samples.get(name)!.length >= LEAST);
  return {
    counts: ops.map((op) => ({ op, recorded: recorded.counts.get(op) ?? 0, made: made.counts.get(op) ?? 0 })),
    distances: names.sort().map((name) => distanceFor(name, recorded.samples.get(name)!, made.samples.get(name) ?? [])),
  };
}

function distanceFor(of: string, a: readonly number[], b: readonly number[]): Distance {
  const distance = b.length === 0 ? 1 : distanceOfSamples(a, b);
  const bound = b.length === 0 ? BOUND : Math.max(BOUND, criticalDistance(a.length, b.length, ALPHA));
  return { of, recorded: a.length, made: b.length, distance, bound, near: distance <= bound };
}
