// What a section file exports: where it stands and how it reads a run.
import type { Run } from '../results/types.js';
import type { Section } from './model.js';

export interface SectionBuilder {
  /** Sections stand in rising order of this. */
  readonly place: number;
  /** Null: nothing to say. */
  build(run: Run): Section | null;
}
