// Names of the hazard classes by the engine's codes (seal-semantics section 1), and the kind that is no stale block.
import type { Hazard } from './types.js';

export const HAZARD_CLASSES: readonly Hazard['hazardClass'][] = ['a', 'b', 'c', 'd', 'incoherent'];
