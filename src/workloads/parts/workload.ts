// What a workload is: its parameters, what must come out of it, and how it fills a world with files and actors.
import type { Recording } from './recorded-files.js';
import type { World } from './world.js';

/** A number that a workload can be told. */
export interface Parameter {
  readonly key: string;
  readonly fallback: number;
  /** `files`, `s` (also given as 10ms, 3us), `bytes` (also 64KiB), `/s` (a rate), `share` (0 to 1), or '' for a plain number. */
  readonly unit: string;
  readonly least: number;
  readonly most: number;
  /** Only whole numbers. */
  readonly whole: boolean;
  readonly text: string;
  /** How values are drawn with it. */
  readonly distribution: string;
  /** Where the distribution and the default come from; `guess` where nobody measured. */
  readonly source: string;
}

export type Values = Readonly<Record<string, number>>;

/** What must come out of a replay under one policy; what is left out is not promised. */
export interface Declaration {
  readonly policy: string;
  /** Switches of the replay. */
  readonly set?: Readonly<Record<string, string>>;
  /** Parameters of the workload that differ from their defaults. */
  readonly with?: Values;
  /** Stale device accesses; `unmapped`: if any, then only through registrations that outlived their mapping. */
  readonly hazards?: 'none' | 'some' | 'unmapped';
  /** Hazard classes of which there must be some, of `abc`. */
  readonly classes?: string;
  readonly refused?: 'none' | 'some';
  /** An errno that refusals must carry. */
  readonly errno?: string;
  readonly waited?: 'none' | 'some';
  readonly recalled?: 'none' | 'some';
  readonly commits?: 'none' | 'some';
  readonly refaults?: 'none' | 'some';
  readonly orphaned?: 'none' | 'some';
  readonly leftAfterCrash?: 'none' | 'some';
}

export interface Workload {
  readonly name: string;
  readonly title: string;
  /** Policies whose question it asks. */
  readonly meantFor: readonly string[];
  readonly parameters: readonly Parameter[];
  readonly declares: readonly Declaration[];
  /** Makes its files and starts its actors. */
  populate(world: World, values: Values): void;
  /** What it does to files of a recording; a workload without it can only stand alone. */
  readonly overlay?: Overlay;
}

export interface Overlay {
  /** Its parameters; `files` is a pattern then, and none of them. */
  readonly parameters: readonly Parameter[];
  populate(world: World, values: Values, recording: Recording): void;
}
