// What a lane is made of, put together: who keeps what, and who is told of what.
import type { Room } from '../base/room.js';
import type { Policy } from '../model/policy.js';
import { Accesses, Touches } from './accesses.js';
import { Claims } from './claims.js';
import { Coherence } from './coherence.js';
import { Conflicts } from './conflicts.js';
import { Decider } from './decision.js';
import { Effects } from './effects.js';
import { type FateBits, Fates } from './fates.js';
import { FileSizes } from './file-sizes.js';
import { FileStates } from './file-states.js';
import type { FileVersions } from './file-versions.js';
import { Foresight } from './foresight.js';
import { Hazards } from './hazards.js';
import { HoldTable } from './holds.js';
import { type EngineInput, pidAt } from './input.js';
import type { LanePolicies } from './lane-policies.js';
import { LateStarts } from './late-starts.js';
import { Ledger } from './ledger.js';
import { MapChanges } from './map-changes.js';
import { Obstacles } from './obstacles.js';
import { Operations } from './operations.js';
import { OrdinaryLeases } from './ordinary-leases.js';
import type { LaneParts } from './parts.js';
import { TimeQueue } from './queue.js';
import type { Prices } from './recipes.js';
import type { OnDeny } from './refusals.js';
import { refusingKinds } from './regimes.js';
import { Releases } from './releases.js';
import type { SealPlan } from './seal-plan.js';
import { Seals, type Unseal } from './seals.js';
import { SeenRows } from './seen-rows.js';
import { ShortWay } from './short-way.js';
import { Threads } from './threads.js';
import { Users } from './users.js';
import { Waits } from './waits.js';

export interface LaneOptions {
  readonly unseal: Unseal;
  readonly onDeny: OnDeny;
  readonly timing: 'open' | 'closed';
  /** The policy the trace was recorded under. */
  readonly kernel: Policy;
  /** From so many rows on, plain ones are run by WebAssembly. */
  readonly kernelFrom?: number;
}

/** What a lane has from the pass it is in. */
export interface LaneSeat {
  readonly versions: FileVersions;
  /** Its number among the lanes that share versions. */
  readonly lane: number;
  /** By task: the lanes in which it is late and runs from its own chain. */
  readonly apart: Int32Array;
  /** By `opId`, by file: what became of operations, and where a lane did not do what the recording just did. */
  readonly fates: FateBits;
  readonly interfered: Int32Array;
  /** By file: how often holds changed in any lane for whose sake plain operations are refused. */
  readonly epochs: Uint32Array;
  /** Other kinds of hold are alive on a file. */
  readonly changed: (file: number) => void;
  /** Where its arrays are. */
  readonly room: Room;
  /** A row went ahead as it may in other lanes, and took what it takes; false: it is not the one that the pass is at. */
  readonly wentAlike: (row: number) => boolean;
  /** Runs late rows in their order, as long as they are simple, up to a time; when the last of them ran, ns, -1 for none. */
  readonly late: (limitNs: number) => number;
  /** The short way of a plain row for this lane alone; false, and nothing has happened, when it is not as simple as that. */
  readonly short: (row: number, nowNs: number) => boolean;
}

/** What a lane is made for. */
interface Making {
  readonly input: EngineInput;
  readonly plan: SealPlan;
  readonly policies: LanePolicies;
  readonly prices: Prices;
  readonly options: LaneOptions;
  readonly seat: LaneSeat;
}

export type Organs = ReturnType<typeof organsOf>;

/** `over`: told of each operation that has run, and when. */
export function organsOf(
  { input, plan, policies, prices, options, seat }: Making,
  over: (row: number, nowNs: number) => void,
) {
  const { columns } = input;
  const { kernel } = options;
  const queue = new TimeQueue(seat.room);
  const files = new FileStates(seat.versions, seat.lane, input.deviceOf, plan.regions, seat.room);
  const refusing = policies.all.map(refusingKinds);
  const holds = new HoldTable(seat.epochs, plan.handles, (file) => refusing[policies.indexOf(file)]!, seat.changed);
  const users = new Users(input.fileCount, plan.handles);
  const obstacles = new Obstacles(columns, files, holds, users);
  const effects = new Effects(columns, files);
  const hazards = new Hazards(columns, files);
  const isSoftware = !policies.recorded && policies.all.some(({ behaviour }) => behaviour.coherence === 'software');
  const coherence = isSoftware ? new Coherence({ columns, policies, files, hazards, prices }) : null;
  const seals = new Seals({
    ...{ policies, files, holds, users, obstacles, prices, plan, queue },
    ...{ unseal: options.unseal, endNs: input.endNs },
    flushed: (file) => coherence?.flushAll(file),
  });
  const ledger = new Ledger(columns.rows, input.endNs);
  const fates = new Fates(seat.fates, seat.lane);
  // Blocks that are free may be what an operation waits for.
  const freed = (file: number): void => operations.stir(file);
  const claims = new Claims({ columns, policies, plan, holds, users, queue, files, seals, hazards, freed });
  const changes = new MapChanges({ columns, plan, files, effects, fates, hazards, claims });
  const isClosed = options.timing === 'closed' && !policies.recorded;
  const threads = isClosed ? new Threads(seat.apart, seat.lane, columns.timeNs, plan.chains, queue, seat.room) : null;
  const leases = new OrdinaryLeases({ columns, policies, plan: plan.leases, queue, freed });
  const waits = new Waits(columns, policies, plan, holds, threads, leases);
  const conflicts = new Conflicts(input, policies, files, holds, queue);
  const touches = new Touches(seat.interfered, seat.lane);
  const sizes = new FileSizes(columns, files, queue);
  const starts = threads === null ? null : new LateStarts(input, plan, threads, queue);
  const decider = new Decider(input, policies, kernel, plan.dax, files, holds, sizes);
  const devices = new Accesses({
    ...{ columns, policies, kernel, prices, files, holds, claims, queue, hazards, coherence, touches },
    diverge: (opId) => fates.diverge(opId),
  });
  const applyModel: LaneParts['applyModel'] = (row, nowNs, later, mostBytes) =>
    changes.applyModel(row, nowNs, later, mostBytes);
  const foresight = policies.all.some(({ foresees }) => foresees === true)
    ? new Foresight({
        ...{ columns, plan, policies, files, users, effects, hazards, accesses: devices, claims },
        pidOf: (row) => pidAt(input, row),
      })
    : null;
  const parts: LaneParts = {
    ...{ columns, policies, plan, prices, files, queue, onDeny: options.onDeny, sizes, foresight, decider, claims },
    ...{ waits, leases, threads, fates, ledger, conflicts, devices, touches, coherence },
    releases: new Releases(users, applyModel),
    observe: (row, nowNs) => seen.observation(row, nowNs),
    applyModel,
    wentAlike: seat.wentAlike,
    over,
  };
  const operations = new Operations(parts);
  const { fidelity } = decider;
  const seen = new SeenRows({
    ...{ columns, prices, files, changes, hazards, waits, devices, fates, fidelity, foresight, ledger },
    stir: freed,
  });
  const shortWay = new ShortWay(parts, hazards, holds, input, operations.bills);
  return {
    ...{ queue, files, holds, hazards, coherence, seals, ledger, fates, claims, changes, threads, leases, waits },
    ...{ conflicts, touches, sizes, starts, decider, devices, foresight, operations, seen, shortWay },
  };
}
