// A cost model is a list of prices with their provenance. The policy decides, the cost model prices, the engine acts.
import type { Nanos } from './units.js';

/** What a lane may have to pay for, in code order. */
export const STEPS = [
  'syscall',
  'read',
  'write',
  'open',
  'mmap',
  'munmap',
  'read_fault',
  'write_fault',
  'allocate',
  'convert',
  'zero',
  'truncate',
  'punch',
  'reflink',
  'fsync',
  'commit',
  'zap',
  'recall',
  'invalidate',
  'refault',
  'pin',
  'register',
  'deregister',
  'dma',
  'refuse',
  'flush',
] as const;
export type Step = (typeof STEPS)[number];
export const STEP_COUNT = STEPS.length;
export const StepCode = Object.fromEntries(STEPS.map((name, code) => [name, code])) as { readonly [K in Step]: number };

/** measured: by us, on a named machine; sourced: published by others; derived: computed from those; guess: nobody measured it. */
export const BASES = ['measured', 'sourced', 'derived', 'guess'] as const;
export type Basis = (typeof BASES)[number];

export interface Price {
  readonly fixedNs: Nanos;
  readonly nsPerByte: number;
  readonly basis: Basis;
  readonly from: string;
  /** Range seen elsewhere, in words; empty when none is known. */
  readonly range: string;
}

export interface CostModel {
  readonly name: string;
  readonly title: string;
  readonly prices: Readonly<Record<Step, Price>>;
}

export const COSTS_SCHEMA = 'sealtrace.costs/1';

/** What a cost file holds (`--costs FILE`): prices that take the place of those of a model that comes with sealtrace. */
export interface CostFile extends Omit<CostModel, 'prices'> {
  readonly schema: typeof COSTS_SCHEMA;
  /** Name of the model whose prices hold for the other steps. */
  readonly base: string;
  readonly prices: Readonly<Partial<Record<Step, Price>>>;
}
