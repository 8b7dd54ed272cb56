// What is worked out once before the lanes run: who would have sealed what, and where; which row ends each hold; which rows are plain.
import { globPattern } from '../base/glob.js';
import { Op } from '../model/events.js';
import { NONE } from '../model/units.js';
import { type Handles, numberHandles } from './handles.js';
import { type EngineInput, pidAt } from './input.js';
import { type LeasePlan, planLeases } from './lease-plan.js';
import { LiveHolds, SealHere, type SealRule } from './live-holds.js';
import { type Pauses, pausesOf } from './pauses.js';
import { Regions } from './regions.js';
import { OpsById, type Survey, survey } from './survey.js';
import { ThreadChains } from './thread-chains.js';
import { type Wakes, wakesOf } from './wakes.js';

export { SealHere, type SealRule } from './live-holds.js';

/** How a hold ended. */
export const EndedBy = { alive: 0, release: 1, exit: 2, killed: 3, unseal: 4, broken: 5 } as const;

export interface SealPlan {
  /** By event row: bits of `SealHere`. */
  readonly atRow: Uint8Array;
  readonly handles: Handles;
  /** By number of a handle: row that releases it, NONE for none. */
  readonly endRow: Uint32Array;
  /** By file: sealed for the whole trace (rule `files`). */
  readonly wholeTrace: Uint8Array;
  /** By file: its map changes were recorded, so that nothing has to be modelled. */
  readonly observed: Uint8Array;
  /** By file: bits of the holds that operations of the trace take by themselves; a rule adds none of these. */
  readonly requested: Uint8Array;
  /** Processes that read or write block devices past the file system: what they ask of a file's blocks, they use. */
  readonly rawPids: ReadonlySet<number>;
  /** By number of a handle: row that acquires it, NONE for none. */
  readonly startRow: Uint32Array;
  /** Each thread's own order of rows. What devices do by themselves and second rows of an operation are in no thread's chain. */
  readonly chains: ThreadChains;
  /** By row: 1 for an operation of one file that takes, gives back and asks for nothing, and succeeded as far as is known. */
  readonly plain: Uint8Array;
  /** Bits by `opId`: operations that rows belong to which are no operations themselves, or the second ones of theirs. */
  readonly followed: Uint8Array;
  /** Where blocks lie that only a replay allocates. */
  readonly regions: Regions;
  /** Observed changes of the map follow their operation as rows of their own. */
  readonly operations: OpsById;
  /** By operation: how long the recorded run was seen to wait in it, from its first sleep to the end of its last, ns, and from when on; 0: it was not seen to. Empty where none was. */
  readonly waitedNs: Float64Array;
  readonly hasWaited: boolean;
  readonly waitedFromNs: Float64Array;
  readonly wakes: Wakes;
  /** By file: 1 where it took DAX faults at any time. */
  readonly dax: Uint8Array;
  /** By file: 1 where somebody maps it with MAP_SYNC at any time. */
  readonly synced: Uint8Array;
  /** Of waits that no probe saw. */
  readonly pauses: Pauses;
  readonly leases: LeasePlan;
  /** Devices are seen at work: what they meet depends on what the recorded run did when. */
  readonly hasAccesses: boolean;
  readonly highestId: number;
}

export function parseSealRule(text: string): SealRule | null {
  if (text === 'explicit' || text === 'dma' || text === 'mapped') return { kind: text };
  const glob = /^files:(.+)$/.exec(text)?.[1];
  return glob === undefined ? null : { kind: 'files', glob: globPattern(glob) };
}

export function planSeals(input: EngineInput, rule: SealRule): SealPlan {
  const { columns: c, fileCount } = input;
  const handles = numberHandles(c);
  const { glob } = rule.kind === 'files' ? rule : { glob: null };
  const wholeTrace = Uint8Array.from({ length: fileCount }, (_, file) =>
    glob?.test(input.fileNames[file]!) === true ? 1 : 0,
  );
  const holds = new LiveHolds(input, rule, handles, wholeTrace);
  const seen = survey(c, fileCount, handles.highestId, holds);
  const rawPids = new Set(seen.raw.map((row) => pidAt(input, row)));
  if (rule.kind === 'dma' || rule.kind === 'mapped') placeQueries(input, rawPids, holds.atRow);
  const { atRow, startRow, endRow } = holds;
  const { dax, followed, plain, requested, synced } = seen;
  const hasWaits = seen.waits.some((row) => c.file[row] !== NONE);
  const plan: SealPlan = {
    ...{ atRow, handles, startRow, endRow, wholeTrace, requested, rawPids, plain, followed, dax, synced },
    observed: observedFiles(input, seen.tellsMaps),
    operations: new OpsById(c, handles.highestId),
    chains: new ThreadChains(input),
    regions: new Regions(seen.highestByte, seen.reach),
    ...waited(input, seen, handles.highestId),
    wakes: hasWaits ? wakesOf(input) : new Map(),
    pauses: pausesOf(c, dax),
    leases: seen.hasLeases ? planLeases(input) : { leased: new Uint8Array(fileCount), outlasted: new Map() },
    hasAccesses: seen.hasAccesses || seen.raw.length > 0,
    highestId: handles.highestId,
  };
  takeFromPlain(input, plan, seen);
  return plan;
}

/** What is not plain for what is known of its file or of its operation only now. */
function takeFromPlain({ columns: c }: EngineInput, plan: SealPlan, { hasLeases, waits }: Survey): void {
  const { hasWaited, leases, plain, waitedNs, wholeTrace } = plan;
  if (!hasLeases && waits.length === 0 && !wholeTrace.includes(1)) return;
  for (let i = 0; i < c.rows; i++) {
    if (plain[i] === 0) continue;
    const file = c.file[i]!;
    const isLeased = c.op[i] === Op.truncate && leases.leased[file] === 1;
    if (wholeTrace[file] === 1 || isLeased || (hasWaited && waitedNs[c.opId[i]!]! > 0)) plain[i] = 0;
  }
}

/** Where the recorded run was seen to sleep. */
function waited(
  { columns: c }: EngineInput,
  { waits }: Survey,
  highestId: number,
): Pick<SealPlan, 'hasWaited' | 'waitedNs' | 'waitedFromNs'> {
  const hasWaited = waits.length > 0;
  // Of a long trace they are large, and mostly nobody asks for them.
  const waitedNs = new Float64Array(hasWaited ? highestId + 1 : 0);
  const waitedFromNs = new Float64Array(waitedNs.length);
  for (const row of waits) {
    const opId = c.opId[row]!;
    if (waitedNs[opId] === 0) waitedFromNs[opId] = c.timeNs[row]!;
    // What lies between two sleeps is part of the wait: it looked, and found the next pin.
    waitedNs[opId] = c.timeNs[row]! + Math.max(0, c.latencyNs[row]!) - waitedFromNs[opId]!;
  }
  return { hasWaited, waitedNs, waitedFromNs };
}

/** Who asks for a file's addresses and then goes to the blocks by itself is a device in all but name. */
function placeQueries(input: EngineInput, rawPids: ReadonlySet<number>, atRow: Uint8Array): void {
  const { columns: c } = input;
  if (rawPids.size === 0) return;
  for (let i = 0; i < c.rows; i++)
    if (c.op[i] === Op.address_query && rawPids.has(pidAt(input, i))) atRow[i]! |= SealHere.callBefore;
}

/** By file: a device with recorded map changes has them for all its files: there a call's effect follows as rows; elsewhere the engine works it out. */
function observedFiles({ deviceOf, fileCount }: EngineInput, tellsMaps: Uint8Array): Uint8Array {
  const devices = new Set<number>();
  for (let file = 0; file < fileCount; file++) if (tellsMaps[file] === 1) devices.add(deviceOf[file]!);
  return Uint8Array.from({ length: fileCount }, (_, file) => (devices.has(deviceOf[file]!) ? 1 : 0));
}
