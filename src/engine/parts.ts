// The parts of one lane, as its operations see them.
import type { EventColumns } from '../model/events.js';
import type { Accesses, Touches } from './accesses.js';
import type { Claims } from './claims.js';
import type { Coherence } from './coherence.js';
import type { Conflicts } from './conflicts.js';
import type { Decider } from './decision.js';
import type { Fates } from './fates.js';
import type { FileSizes } from './file-sizes.js';
import type { FileStates } from './file-states.js';
import type { Foresight } from './foresight.js';
import type { LanePolicies } from './lane-policies.js';
import type { Ledger } from './ledger.js';
import type { OrdinaryLeases } from './ordinary-leases.js';
import type { TimeQueue } from './queue.js';
import type { Prices } from './recipes.js';
import type { OnDeny } from './refusals.js';
import type { Releases } from './releases.js';
import type { SealPlan } from './seal-plan.js';
import type { Threads } from './threads.js';
import type { Waits } from './waits.js';

export interface LaneParts {
  readonly columns: EventColumns;
  readonly policies: LanePolicies;
  readonly plan: SealPlan;
  readonly prices: Prices;
  readonly onDeny: OnDeny;
  readonly files: FileStates;
  readonly sizes: FileSizes;
  readonly decider: Decider;
  /** Null where no policy of the lane knows the future. */
  readonly foresight: Foresight | null;
  readonly claims: Claims;
  readonly waits: Waits;
  readonly leases: OrdinaryLeases;
  /** Null in open time. */
  readonly threads: Threads | null;
  readonly fates: Fates;
  readonly ledger: Ledger;
  readonly conflicts: Conflicts;
  readonly devices: Accesses;
  readonly releases: Releases;
  readonly touches: Touches;
  /** Null where hardware keeps device memory coherent. */
  readonly coherence: Coherence | null;
  readonly queue: TimeQueue;
  /** An observed row whose operation has now run, or never will. */
  readonly observe: (row: number, nowNs: number) => void;
  /** What a call does to maps that were not recorded; `later`: some time after the call; `mostBytes`: cut short after so many. */
  readonly applyModel: (row: number, nowNs: number, later: boolean, mostBytes?: number) => void;
  /** The operation of a row went ahead, and took what it takes: counted with that of other lanes; false: the lane has to count it. */
  readonly wentAlike: (row: number) => boolean;
  /** The operation of a row has run or was refused: its thread is as late as it gets by it. */
  readonly over: (row: number, nowNs: number) => void;
}
