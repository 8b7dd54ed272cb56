// Who would have sealed what, and when (replay reference, section 3), worked out once before the lanes run:
// a seal is called before the mapping through which a device later holds the file. Also when each hold of the trace ends.
import { Flag, Op } from '../model/events.js';
import { Hold } from '../model/policy.js';
import { NONE, UNKNOWN_RESULT } from '../model/units.js';
import type { EngineInput } from './input.js';

export type SealRule =
  | { readonly kind: 'explicit' | 'dma' | 'mapped' }
  | { readonly kind: 'files'; readonly glob: RegExp };

/** Bits of `SealPlan.atRow`. */
export const SealHere = { callBefore: 1, direct: 2 } as const;
/** How a hold ended. */
export const EndedBy = { alive: 0, release: 1, exit: 2, killed: 3, unseal: 4, broken: 5 } as const;

export interface SealPlan {
  /** By event row: is a seal called before it, is this mapping a direct one. */
  readonly atRow: Uint8Array;
  /** By handle: when the trace releases it, Infinity for never. */
  readonly endNs: Float64Array;
  readonly endedBy: Uint8Array;
  /** By row of an unlink: when the last mapping or open handle of the file goes, and its blocks with it. */
  readonly goneNs: Map<number, number>;
  /** By file: sealed for the whole trace (rule `files`). */
  readonly wholeTrace: Uint8Array;
  /** By file: its map changes were recorded, so that nothing has to be modelled. */
  readonly observed: Uint8Array;
  /** By file: bits of the holds that operations of the trace take by themselves; a rule adds none of these. */
  readonly requested: Uint8Array;
  readonly highestId: number;
}

interface LiveHold {
  readonly handle: number;
  readonly file: number;
  readonly pid: number;
  readonly row: number;
  readonly mapping: boolean;
  readonly open: boolean;
  readonly from: number;
  readonly to: number;
  /** Row of the earliest mapping alive when this one was made: an application would have sealed before that. */
  readonly firstRow: number;
  remaining: number;
}

const ACQUIRES = new Set<number>([Op.open, Op.mmap, Op.pin, Op.register, Op.swapon, Op.lease, Op.layout_get]);
const REQUESTS: ReadonlyMap<number, number> = new Map<number, number>([
  [Op.swapon, Hold.swap],
  [Op.lease, Hold.lease],
  [Op.layout_get, Hold.layout],
  [Op.address_query, Hold.translation],
]);
const RELEASES = new Set<number>([
  Op.close,
  Op.munmap,
  Op.unpin,
  Op.deregister,
  Op.swapoff,
  Op.lease_release,
  Op.layout_return,
]);

export function parseSealRule(text: string): SealRule | null {
  if (text === 'explicit' || text === 'dma' || text === 'mapped') return { kind: text };
  const glob = /^files:(.+)$/.exec(text)?.[1];
  return glob === undefined ? null : { kind: 'files', glob: globPattern(glob) };
}

/** `*` and `?` within a name, `**` across directories; without a slash the pattern is held against the last part. */
function globPattern(glob: string): RegExp {
  const body = glob
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*\*|\*|\?/g, (w) => (w === '**' ? '.*' : w === '*' ? '[^/]*' : '[^/]'));
  return new RegExp(glob.includes('/') ? `^${body}$` : `(^|/)${body}$`);
}

export function planSeals(input: EngineInput, rule: SealRule): SealPlan {
  const { columns: c } = input;
  let highestId = 0;
  for (let i = 0; i < c.rows; i++) highestId = Math.max(highestId, c.handle[i]!, c.opId[i]!);
  const plan: SealPlan = {
    atRow: new Uint8Array(c.rows),
    endNs: new Float64Array(highestId + 1).fill(Number.POSITIVE_INFINITY),
    endedBy: new Uint8Array(highestId + 1),
    goneNs: new Map(),
    wholeTrace: new Uint8Array(input.fileCount),
    observed: observedFiles(input),
    requested: new Uint8Array(input.fileCount),
    highestId,
  };
  if (rule.kind === 'files')
    input.fileNames.forEach((name, file) => {
      plan.wholeTrace[file] = rule.glob.test(name) ? 1 : 0;
    });
  const live = new Map<number, LiveHold>();
  const ofFile = new Map<number, Set<LiveHold>>();
  const unlinked = new Map<number, number[]>();
  for (let i = 0; i < c.rows; i++) {
    const op = c.op[i]!;
    const requested = requestedBy(op, c.flags[i]!);
    if (requested >= 0 && c.file[i] !== NONE) plan.requested[c.file[i]!]! |= 1 << requested;
    if (ACQUIRES.has(op)) acquire(input, plan, rule, live, ofFile, i);
    else if (RELEASES.has(op)) release(input, plan, live, ofFile, i);
    else if (op === Op.exit) endOfProcess(input, plan, live, ofFile, i);
    else if (op === Op.unlink || (op === Op.rename && (c.flags[i]! & Flag.over) !== 0))
      unlinked.set(i, users(ofFile.get(c.file[i]!)));
  }
  for (const [row, handles] of unlinked)
    if (handles.length > 0) plan.goneNs.set(row, Math.max(...handles.map((handle) => plan.endNs[handle]!)));
  return plan;
}

/** The hold that an operation asks for by itself, -1 for none. A lease for reading only is no claim on a layout. */
export function requestedBy(op: number, flags: number): number {
  return op === Op.lease && (flags & Flag.read) !== 0 ? -1 : (REQUESTS.get(op) ?? -1);
}

/** What keeps an unlinked file alive: mappings and open files; pins do not. */
function users(holds: ReadonlySet<LiveHold> | undefined): number[] {
  return holds === undefined ? [] : [...holds].filter((hold) => hold.mapping || hold.open).map((hold) => hold.handle);
}

/** Devices with recorded map changes: there a call's effect follows as rows; elsewhere the engine works it out. */
function observedFiles(input: EngineInput): Uint8Array {
  const { columns: c, deviceOf } = input;
  const devices = new Set<number>();
  for (let i = 0; i < c.rows; i++) {
    const op = c.op[i]!;
    if ((op === Op.map_insert || op === Op.map_remove || op === Op.map_reset) && c.file[i] !== NONE)
      devices.add(deviceOf[c.file[i]!]!);
  }
  return Uint8Array.from({ length: input.fileCount }, (_, file) => (devices.has(deviceOf[file]!) ? 1 : 0));
}

function acquire(
  input: EngineInput,
  plan: SealPlan,
  rule: SealRule,
  live: Map<number, LiveHold>,
  ofFile: Map<number, Set<LiveHold>>,
  i: number,
): void {
  const { columns: c } = input;
  const file = c.file[i]!;
  const handle = c.handle[i]!;
  const op = c.op[i]!;
  const result = c.result[i]!;
  if (file === NONE || handle === 0 || (result < 0 && result !== UNKNOWN_RESULT)) return;
  const pid = pidAt(input, i);
  const known = live.get(handle);
  if (known !== undefined) end(plan, live, ofFile, known, c.timeNs[i]!, EndedBy.release);
  const holds = ofFile.get(file) ?? new Set<LiveHold>();
  ofFile.set(file, holds);
  const mapping = op === Op.mmap;
  const whole = (c.flags[i]! & Flag.whole) !== 0 || c.length[i]! < 0;
  let firstRow = i;
  if (mapping) for (const h of holds) if (h.mapping && h.firstRow < firstRow) firstRow = h.firstRow;
  const hold: LiveHold = {
    handle,
    file,
    pid,
    row: i,
    mapping,
    open: op === Op.open,
    from: whole ? 0 : c.offset[i]!,
    to: whole ? Number.POSITIVE_INFINITY : c.offset[i]! + c.length[i]!,
    firstRow,
    remaining: whole ? Number.POSITIVE_INFINITY : c.length[i]!,
  };
  live.set(handle, hold);
  holds.add(hold);
  if (mapping) {
    const direct = (c.flags[i]! & Flag.direct) !== 0;
    const written = rule.kind === 'mapped' && (c.flags[i]! & Flag.shared) !== 0 && (c.flags[i]! & Flag.writable) !== 0;
    const named = rule.kind === 'files' && plan.wholeTrace[file] === 1;
    if (direct || written || named) markDirect(plan, hold);
  } else if (
    (op === Op.pin || op === Op.register || op === Op.swapon) &&
    (rule.kind === 'dma' || rule.kind === 'mapped')
  ) {
    let through = false;
    for (const h of holds) {
      if (!h.mapping || h.pid !== pid || h.to <= hold.from || h.from >= hold.to) continue;
      markDirect(plan, h);
      through = true;
    }
    // No mapping seen for it: sealed when the device takes hold.
    if (!through) plan.atRow[i]! |= SealHere.callBefore | SealHere.direct;
  }
}

function markDirect(plan: SealPlan, hold: LiveHold): void {
  plan.atRow[hold.row]! |= SealHere.direct;
  plan.atRow[hold.firstRow]! |= SealHere.callBefore;
}

function release(
  input: EngineInput,
  plan: SealPlan,
  live: Map<number, LiveHold>,
  ofFile: Map<number, Set<LiveHold>>,
  i: number,
): void {
  const { columns: c } = input;
  const hold = live.get(c.handle[i]!);
  const result = c.result[i]!;
  if (hold === undefined || (result < 0 && result !== UNKNOWN_RESULT)) return;
  // Part of a mapping may go; the hold ends with its last byte.
  if (c.op[i] === Op.munmap && c.length[i]! > 0) hold.remaining -= c.length[i]!;
  else hold.remaining = 0;
  if (hold.remaining <= 0) end(plan, live, ofFile, hold, c.timeNs[i]!, EndedBy.release);
}

function endOfProcess(
  input: EngineInput,
  plan: SealPlan,
  live: Map<number, LiveHold>,
  ofFile: Map<number, Set<LiveHold>>,
  i: number,
): void {
  const { columns: c } = input;
  const pid = pidAt(input, i);
  const how = (c.flags[i]! & Flag.killed) !== 0 ? EndedBy.killed : EndedBy.exit;
  for (const hold of [...live.values()])
    if (hold.pid === pid && c.op[hold.row] !== Op.swapon) end(plan, live, ofFile, hold, c.timeNs[i]!, how);
}

function end(
  plan: SealPlan,
  live: Map<number, LiveHold>,
  ofFile: Map<number, Set<LiveHold>>,
  hold: LiveHold,
  timeNs: number,
  how: number,
): void {
  plan.endNs[hold.handle] = timeNs;
  plan.endedBy[hold.handle] = how;
  live.delete(hold.handle);
  ofFile.get(hold.file)?.delete(hold);
}

export function pidAt(input: EngineInput, row: number): number {
  const task = input.columns.task[row]!;
  return task === NONE ? -1 : input.pidOf[task]!;
}
