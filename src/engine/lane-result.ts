// What a lane tells when it is over.

import type { Accesses } from './accesses.js';
import type { Claims } from './claims.js';
import type { Coherence } from './coherence.js';
import type { Conflicts } from './conflicts.js';
import type { Decider } from './decision.js';
import type { Fates } from './fates.js';
import type { Fidelity } from './fidelity.js';
import type { Hazards } from './hazards.js';
import type { EngineInput } from './input.js';
import type { LanePolicies } from './lane-policies.js';
import type { LateStarts } from './late-starts.js';
import type { Ledger } from './ledger.js';
import type { Operations } from './operations.js';
import type { OrdinaryLeases } from './ordinary-leases.js';
import type { CrashRow, LaneResult } from './result.js';
import type { Seals } from './seals.js';
import type { Threads } from './threads.js';

export interface EndedLane {
  readonly claims: Claims;
  readonly coherence: Coherence | null;
  readonly conflicts: Conflicts;
  readonly crashes: readonly CrashRow[];
  readonly decider: Decider;
  readonly devices: Accesses;
  readonly fates: Fates;
  readonly fidelity: Fidelity | null;
  readonly hazards: Hazards;
  readonly input: EngineInput;
  readonly leases: OrdinaryLeases;
  readonly ledger: Ledger;
  readonly operations: Operations;
  readonly policies: LanePolicies;
  readonly seals: Seals;
  readonly starts: LateStarts | null;
  readonly threads: Threads | null;
}

export function laneResult(lane: EndedLane, endNs: number): LaneResult {
  const {
    coherence,
    conflicts,
    crashes,
    decider,
    devices,
    fates,
    fidelity,
    hazards,
    input,
    ledger,
    operations,
    policies,
    seals,
    starts,
    threads,
  } = lane;
  const { tally } = ledger;
  fidelity?.finish();
  seals.settleCommits();
  conflicts.finish();
  conflicts.groups.forEach((group) => {
    endHold(group, lane);
  });
  return {
    policy: policies,
    operations: ledger.operations,
    counts: ledger.counts,
    denied: ledger.denied,
    latency: tally.ofOp.map((one) => one?.histogram),
    wait: ledger.wait,
    waitNs: ledger.waitNs,
    stillWaiting: operations.stillWaiting,
    secondary: ledger.secondary,
    interrupted: operations.interrupted,
    deadlocks: operations.deadlocks,
    notReached: (starts?.notReached ?? 0) + (threads?.notReached() ?? 0),
    latestNs: Math.max(0, endNs - input.endNs),
    conflicts: conflicts.count,
    groups: conflicts.groups,
    views: conflicts.views.pages,
    hazards: hazards.rows,
    hazardBytes: hazards.bytes,
    hazardClasses: hazards.classes,
    hazardCount: hazards.count,
    incoherent: hazards.incoherent,
    incoherentBytes: hazards.incoherentBytes,
    handOvers: coherence?.handOvers ?? 0,
    flushNs: coherence?.flushNs ?? null,
    seals: seals.rows,
    crashes,
    journalCommits: operations.bills.journalCommits,
    deviceRefaults: devices.deviceRefaults,
    bounced: devices.bounced,
    diverged: fates.diverged,
    measured: tally.measured,
    priced: tally.priced,
    uncertain: decider.uncertain,
    heats: tally.ofOp.map((one) => one?.heat),
    answers: ledger.answers,
    fidelity: fidelity?.counts ?? null,
  };
}

/** When the hold ended that the operations of a group met. A function by itself: there are thousands, and it is small to compile. */
function endHold(group: Conflicts['groups'][number], { claims, leases }: EndedLane): void {
  const handle = group.holdHandle;
  // The kernel may have taken a lease before its holder gave it back.
  const leaseNs = leases.endedNs(handle);
  const endedNs = handle === 0 ? -1 : leaseNs >= 0 ? leaseNs : claims.endings.endedNs(handle);
  if (endedNs >= 0) group.holdToNs = endedNs;
}
