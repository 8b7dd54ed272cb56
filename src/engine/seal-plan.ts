// What is worked out once before the lanes run: who would have sealed what, and where (replay reference, section 3: a seal is
// called before the mapping through which a device later holds the file); which row ends each hold; each thread's own order.
import { globPattern } from '../base/glob.js';
import { type EventColumns, Flag, OBSERVED_OPS, OP_COUNT, OPS, Op, opSet } from '../model/events.js';
import { Hold } from '../model/policy.js';
import { NONE, UNKNOWN_RESULT } from '../model/units.js';
import { secondOf } from './file-sizes.js';
import { type Handles, numberHandles } from './handles.js';
import type { EngineInput } from './input.js';
import { asksLease, type LeasePlan, planLeases } from './lease-plan.js';
import { type Pauses, pausesOf } from './pauses.js';
import { Regions } from './regions.js';
import { survey } from './survey.js';
import { type Wakes, wakesOf } from './wakes.js';

export type SealRule =
  | { readonly kind: 'explicit' | 'dma' | 'mapped' }
  | { readonly kind: 'files'; readonly glob: RegExp };

/** Bits of `SealPlan.atRow`: a seal is called before it; this mapping is a direct one; the last of a hold goes with it. */
export const SealHere = { callBefore: 1, direct: 2, ends: 4 } as const;
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
  /** By row: the next row of the same thread, NONE after its last. What devices do by themselves and second rows of an operation are in no thread's chain. */
  readonly nextOfTask: Uint32Array;
  /** By row: 1 for an operation of one file that takes, gives back and asks for nothing, and succeeded as far as is known. */
  readonly plain: Uint8Array;
  /** Where blocks lie that only a replay allocates. */
  readonly regions: Regions;
  /** By `opId`: the op of the operation, 0 for none. Its observed changes of the map follow it as rows of their own. */
  readonly opOf: Uint8Array;
  /** By operation: how long the recorded run was seen to wait in it, from its first sleep to the end of its last, ns, and from when on; 0: it was not seen to. */
  readonly waitedNs: Float64Array;
  readonly waitedFromNs: Float64Array;
  readonly wakes: Wakes;
  /** By file: 1 where it took DAX faults at any time. */
  readonly dax: Uint8Array;
  /** Of waits that no probe saw. */
  readonly pauses: Pauses;
  readonly leases: LeasePlan;
  readonly highestId: number;
}

interface LiveHold {
  readonly handle: number;
  readonly file: number;
  readonly pid: number;
  readonly row: number;
  readonly mapping: boolean;
  readonly from: number;
  readonly to: number;
  /** Row of the earliest mapping alive when this one was made: an application would have sealed before that. */
  readonly firstRow: number;
  remaining: number;
}

const ACQUIRES = opSet(['open', 'mmap', 'pin', 'register', 'swapon', 'lease', 'layout_get', 'address_query']);
/** By op code: the hold it asks for, -1 for none. */
const REQUESTS = new Int8Array(OP_COUNT).fill(-1);
REQUESTS[Op.swapon] = Hold.swap;
REQUESTS[Op.lease] = Hold.lease;
REQUESTS[Op.layout_get] = Hold.layout;
REQUESTS[Op.address_query] = Hold.translation;
const RELEASES = opSet(['close', 'munmap', 'unpin', 'deregister', 'swapoff', 'lease_release', 'layout_return']);

export function parseSealRule(text: string): SealRule | null {
  if (text === 'explicit' || text === 'dma' || text === 'mapped') return { kind: text };
  const glob = /^files:(.+)$/.exec(text)?.[1];
  return glob === undefined ? null : { kind: 'files', glob: globPattern(glob) };
}

export function planSeals(input: EngineInput, rule: SealRule): SealPlan {
  return new Planner(input, rule).run();
}

class Planner {
  private readonly input: EngineInput;
  private readonly rule: SealRule;
  private readonly plan: SealPlan;
  private readonly live = new Map<number, LiveHold>();
  private readonly rawPids = new Set<number>();
  private readonly ofFile = new Map<number, Set<LiveHold>>();
  private anyWaits = false;

  constructor(input: EngineInput, rule: SealRule) {
    const { columns: c } = input;
    this.input = input;
    this.rule = rule;
    const { dax, hasLeases, hasWaits, highestByte, highestId, reach, tellsMaps } = survey(c, input.fileCount);
    const handles = numberHandles(c, highestId);
    let chains: Uint32Array | undefined;
    const { glob } = rule.kind === 'files' ? rule : { glob: null };
    this.plan = {
      atRow: new Uint8Array(c.rows),
      handles,
      startRow: new Uint32Array(handles.count).fill(NONE),
      endRow: new Uint32Array(handles.count).fill(NONE),
      wholeTrace: Uint8Array.from({ length: input.fileCount }, (_, file) =>
        glob?.test(input.fileNames[file]!) === true ? 1 : 0,
      ),
      observed: observedFiles(input, tellsMaps),
      requested: new Uint8Array(input.fileCount),
      rawPids: this.rawPids,
      plain: new Uint8Array(c.rows),
      // Only closed time asks for it.
      get nextOfTask() {
        chains ??= chainsOf(input);
        return chains;
      },
      regions: new Regions(highestByte, reach),
      opOf: new Uint8Array(highestId + 1),
      waitedNs: new Float64Array(highestId + 1),
      waitedFromNs: new Float64Array(highestId + 1),
      wakes: hasWaits ? wakesOf(input) : new Map(),
      dax,
      pauses: pausesOf(c, dax),
      leases: hasLeases ? planLeases(input) : { leased: new Uint8Array(input.fileCount), outlasted: new Map() },
      highestId,
    };
  }

  run(): SealPlan {
    const { columns: c } = this.input;
    const { plain, leases, opOf, requested, wholeTrace } = this.plan;
    for (let i = 0; i < c.rows; i++) {
      const op = c.op[i]!;
      const kind = KIND[op]!;
      const flags = c.flags[i]!;
      const file = c.file[i]!;
      if ((flags & Flag.raw) !== 0) this.rawPids.add(pidAt(this.input, i));
      // No row of these ops has a seal called before it: only what takes hold of a file has.
      if (kind === Kind.plain) {
        if (
          isPlain(c, i, op, flags, file) &&
          wholeTrace[file] === 0 &&
          !(op === Op.truncate && leases.leased[file] === 1)
        )
          plain[i] = 1;
      } else if (kind === Kind.acquires) {
        const wants = requestedBy(op, flags);
        if (wants >= 0 && file !== NONE && !failed(c.result[i]!)) requested[file]! |= 1 << wants;
        this.acquire(i);
      } else if (kind === Kind.releases) this.release(i);
      else if (kind === Kind.ends) this.endOfProcess(i);
      else if (kind === Kind.waits) this.waited(i);
      if (kind !== Kind.observes && (flags & NO_CALL) === 0 && opOf[c.opId[i]!] === 0) opOf[c.opId[i]!] = op;
    }
    opOf[0] = 0;
    if (this.rule.kind === 'dma' || this.rule.kind === 'mapped') this.placeQueries();
    if (this.anyWaits) for (let i = 0; i < c.rows; i++) if (this.plan.waitedNs[c.opId[i]!]! > 0) plain[i] = 0;
    return this.plan;
  }

  private waited(i: number): void {
    this.anyWaits = true;
    const { columns: c } = this.input;
    const { waitedNs, waitedFromNs } = this.plan;
    const opId = c.opId[i]!;
    if (waitedNs[opId] === 0) waitedFromNs[opId] = c.timeNs[i]!;
    // What lies between two sleeps is part of the wait: it looked, and found the next pin.
    waitedNs[opId] = c.timeNs[i]! + Math.max(0, c.latencyNs[i]!) - waitedFromNs[opId]!;
  }

  /** Who asks for a file's addresses and then goes to the blocks by itself is a device in all but name. */
  private placeQueries(): void {
    const { columns: c } = this.input;
    if (this.rawPids.size === 0) return;
    for (let i = 0; i < c.rows; i++)
      if (c.op[i] === Op.address_query && this.rawPids.has(pidAt(this.input, i)))
        this.plan.atRow[i]! |= SealHere.callBefore;
  }

  private acquire(i: number): void {
    const { columns: c } = this.input;
    const file = c.file[i]!;
    const handle = c.handle[i]!;
    if (file === NONE || handle === 0 || failed(c.result[i]!)) return;
    const known = this.live.get(handle);
    if (known !== undefined) this.end(known, i);
    const holds = this.ofFile.get(file) ?? new Set<LiveHold>();
    this.ofFile.set(file, holds);
    const mapping = c.op[i] === Op.mmap;
    const whole = (c.flags[i]! & Flag.whole) !== 0 || c.length[i]! < 0;
    let firstRow = i;
    if (mapping) for (const h of holds) if (h.mapping && h.firstRow < firstRow) firstRow = h.firstRow;
    const hold: LiveHold = {
      handle,
      file,
      pid: pidAt(this.input, i),
      row: i,
      mapping,
      from: whole ? 0 : c.offset[i]!,
      to: whole ? Number.POSITIVE_INFINITY : c.offset[i]! + c.length[i]!,
      firstRow,
      remaining: whole ? Number.POSITIVE_INFINITY : c.length[i]!,
    };
    this.live.set(handle, hold);
    this.plan.startRow[this.plan.handles.numberOf[handle]!] = i;
    holds.add(hold);
    this.place(hold, holds);
  }

  /** Where the seal for this hold would have been called. */
  private place(hold: LiveHold, holds: ReadonlySet<LiveHold>): void {
    const { rule, plan } = this;
    const { op, flags } = this.input.columns;
    const here = flags[hold.row]!;
    if (hold.mapping) {
      const direct = (here & Flag.direct) !== 0;
      const written = rule.kind === 'mapped' && (here & Flag.shared) !== 0 && (here & Flag.writable) !== 0;
      if (direct || written || plan.wholeTrace[hold.file] === 1) this.markDirect(hold);
      return;
    }
    const device = op[hold.row] === Op.pin || op[hold.row] === Op.register || op[hold.row] === Op.swapon;
    if (!device || (rule.kind !== 'dma' && rule.kind !== 'mapped')) return;
    let through = false;
    for (const h of holds) {
      if (!h.mapping || h.pid !== hold.pid || h.to <= hold.from || h.from >= hold.to) continue;
      this.markDirect(h);
      through = true;
    }
    // No mapping seen for it: sealed when the device takes hold.
    if (!through) plan.atRow[hold.row]! |= SealHere.callBefore | SealHere.direct;
  }

  private markDirect(hold: LiveHold): void {
    this.plan.atRow[hold.row]! |= SealHere.direct;
    this.plan.atRow[hold.firstRow]! |= SealHere.callBefore;
  }

  private release(i: number): void {
    const { columns: c } = this.input;
    const hold = this.live.get(c.handle[i]!);
    if (hold === undefined || failed(c.result[i]!)) return;
    // Part of a mapping may go; the hold ends with its last byte.
    if (c.op[i] === Op.munmap && c.length[i]! > 0) hold.remaining -= c.length[i]!;
    else hold.remaining = 0;
    if (hold.remaining <= 0) this.end(hold, i);
  }

  private endOfProcess(i: number): void {
    const pid = pidAt(this.input, i);
    for (const hold of [...this.live.values()])
      if (hold.pid === pid && this.input.columns.op[hold.row] !== Op.swapon) this.end(hold, i);
  }

  private end(hold: LiveHold, row: number): void {
    this.plan.endRow[this.plan.handles.numberOf[hold.handle]!] = row;
    this.plan.atRow[row]! |= SealHere.ends;
    this.live.delete(hold.handle);
    this.ofFile.get(hold.file)?.delete(hold);
  }
}

/** The hold that an operation asks for by itself, -1 for none. An ordinary lease is no claim on a layout. */
export function requestedBy(op: number, flags: number): number {
  return asksLease(op, flags) ? -1 : REQUESTS[op]!;
}

const failed = (result: number): boolean => result < 0 && result !== UNKNOWN_RESULT;

/** By file: a device with recorded map changes has them for all its files: there a call's effect follows as rows; elsewhere the engine works it out. */
function observedFiles({ deviceOf, fileCount }: EngineInput, tellsMaps: Uint8Array): Uint8Array {
  const devices = new Set<number>();
  for (let file = 0; file < fileCount; file++) if (tellsMaps[file] === 1) devices.add(deviceOf[file]!);
  return Uint8Array.from({ length: fileCount }, (_, file) => (devices.has(deviceOf[file]!) ? 1 : 0));
}

const NO_OPERATION = opSet([...OBSERVED_OPS, 'dma_read', 'dma_write']);
const PLAIN_OPS = opSet([
  ...(['read', 'write', 'truncate', 'fallocate', 'punch', 'zero', 'collapse', 'insert', 'setattr', 'fsync'] as const),
  ...(['read_fault', 'write_fault', 'msync'] as const),
]);
const UNPLAIN = Flag.second | Flag.synthetic | Flag.observed | Flag.attributes | Flag.raw;

function isPlain(c: EventColumns, i: number, op: number, flags: number, file: number): boolean {
  if (file === NONE || (flags & UNPLAIN) !== 0 || c.handle[i] !== 0 || c.result[i]! < 0) return false;
  if (c.length[i]! < 0 && (flags & Flag.whole) !== 0) return false;
  return i + 1 >= c.rows || c.op[i + 1] !== op || secondOf(c, i) < 0;
}

/** Rows with these are no operations, or not the first rows of them. */
const NO_CALL = Flag.second | Flag.observed;

/** What the planner does with a row, by op code; devices' accesses and what was only seen are no operations. */
const Kind = { nothing: 0, plain: 1, acquires: 2, releases: 3, ends: 4, waits: 5, observes: 6 } as const;
const KIND = Uint8Array.from(OPS, (_, op) => {
  if (PLAIN_OPS[op] === 1) return Kind.plain;
  if (ACQUIRES[op] === 1) return Kind.acquires;
  if (RELEASES[op] === 1) return Kind.releases;
  if (op === Op.exit) return Kind.ends;
  if (op === Op.wait) return Kind.waits;
  return NO_OPERATION[op] === 1 ? Kind.observes : Kind.nothing;
});

const DEVICE_OPS = opSet(['unpin', 'dma_read', 'dma_write', 'device_fault']);

/** Done by a device through a hold of the trace, whatever the thread is at that took it: an I/O that ends, a remote access. */
export const isDeviceRow = (c: EventColumns, row: number): boolean =>
  DEVICE_OPS[c.op[row]!] === 1 && c.handle[row] !== 0;

function chainsOf({ columns: c, pidOf }: EngineInput): Uint32Array {
  const next = new Uint32Array(c.rows);
  const first = new Uint32Array(pidOf.length).fill(NONE);
  for (let i = c.rows - 1; i >= 0; i--) {
    const task = c.task[i]!;
    if (task === NONE) continue;
    next[i] = first[task]!;
    if (isDeviceRow(c, i) || (c.flags[i]! & Flag.second) !== 0) continue;
    first[task] = i;
  }
  return next;
}

export function pidAt(input: EngineInput, row: number): number {
  const task = input.columns.task[row]!;
  return task === NONE ? -1 : input.pidOf[task]!;
}
