// What a recording's threads did, as a model needs it: one use per operation, holds with their length and what devices did
// through them, and what each operation met in the file's map.
import { Holding } from '../extents/extent-map.js';
import {
  type EventColumns,
  FLAGS,
  Flag,
  type FlagName,
  isObservation,
  OPS,
  Op,
  type OpName,
  opSet,
} from '../model/events.js';
import type { Trace } from '../model/trace.js';
import { type Bytes, type Nanos, NONE, UNKNOWN, UNKNOWN_RESULT } from '../model/units.js';
import type { CaseName, Forgets } from '../workloads/modelled/model.js';
import { Pages } from './pages.js';
import type { Access, HoldUse, MapsAt, Use, Uses } from './use.js';

const LEFT_OUT = opSet(['fork', 'mount', 'umount', 'crash', 'seal', 'unseal']);
const RELEASES: Readonly<Partial<Record<OpName, OpName>>> = {
  mmap: 'munmap',
  pin: 'unpin',
  register: 'deregister',
  lease: 'lease_release',
  layout_get: 'layout_return',
  swapon: 'swapoff',
  open: 'close',
};
const IS_RELEASE = opSet(Object.values(RELEASES));
const PAGE = 4096;
const IS_FAULT = opSet(['read_fault', 'write_fault']);
const GIVES_BLOCKS = opSet(['write', 'fallocate', 'zero', 'insert', 'unshare']);
const KNOWS = opSet(['map_reset', 'map_known']);
const IS_ACCESS = opSet(['dma_read', 'dma_write']);
/** Devices go through these without naming them. */
const FOR_DEVICES = opSet(['pin', 'register']);
/** Flags that tell how something was seen, or what came of it; a model keeps the others, which tell what was asked for. */
const SEEN = new Set<FlagName>([
  ...(['synthetic', 'second', 'killed', 'observed', 'unwritten', 'delalloc', 'reflinked'] as const),
  ...(['moved', 'attributes', 'unknown', 'dax', 'meta'] as const),
]);
/** Blocks that were another file's, or lay elsewhere in this one. */
const ELSEWHERE = Flag.moved | Flag.reflinked;
const KEPT = FLAGS.reduce((bits, name) => (SEEN.has(name) ? bits : bits | Flag[name]), 0);

export function readUses(trace: Trace, maps: MapsAt): Uses {
  return new Reader(trace, maps).run();
}

class Reader {
  readonly #c: EventColumns;
  readonly #pids: readonly number[];
  readonly #maps: MapsAt;
  readonly #uses: Use[] = [];
  /** By task: its last use. */
  readonly #lastOf = new Map<number, Use>();
  readonly #exits: { task: number; killed: boolean; timeNs: Nanos }[] = [];
  readonly #leftOut: Record<string, number> = {};
  readonly #live = new Map<number, HoldUse>();
  /** By file: pins and registrations that are alive. */
  readonly #devices = new Map<number, Set<HoldUse>>();
  /** By file: mappings that are alive. */
  readonly #mapped = new Map<number, Set<HoldUse>>();
  readonly #used = new Set<number>();
  readonly #forgotten = new Map<number, Forgets>();
  /** Files whose map is known, and those of them that were not used since it is. */
  readonly #known = new Set<number>();
  readonly #learnt = new Set<number>();
  /** Written pages that a fault had filled; and pages that calls ever wrote to. */
  readonly #faulted = new Pages();
  readonly #written = new Pages();
  #lastOpId = 0;
  #access: { readonly opId: number; readonly access: Access } | null = null;

  constructor(trace: Trace, maps: MapsAt) {
    this.#c = trace.columns;
    this.#pids = trace.tasks.map(({ pid }) => pid);
    this.#maps = maps;
  }

  run(): Uses {
    for (let row = 0; row < this.#c.rows; row++) this.#row(row);
    return { uses: this.#uses, exits: this.#exits, leftOut: this.#leftOut };
  }

  #row(row: number): void {
    const c = this.#c;
    const op = c.op[row]!;
    if (isObservation(op, c.flags[row]!)) return this.#observe(row);
    if (op === Op.exit) this.#exit(row);
    else if ((c.flags[row]! & Flag.second) !== 0) this.#second(row);
    else if (LEFT_OUT[op] === 1 || c.file[row] === NONE) this.#leave(op);
    else if (IS_RELEASE[op] === 1 && this.#live.has(c.handle[row]!)) this.#release(row);
    else if (IS_ACCESS[op] === 1 && this.#accessed(row)) return;
    else this.#use(row);
  }

  #observe(row: number): void {
    const c = this.#c;
    if (c.op[row] === Op.map_insert || c.op[row] === Op.extent) this.#appeared(row);
    const file = c.file[row]!;
    if (file === NONE) return;
    this.#know(file, c.op[row]!, c.flags[row]!);
    if (!this.#used.has(file)) return;
    if (c.op[row] === Op.map_unknown) this.#forgotten.set(file, 'map');
    else if (c.op[row] === Op.file && c.length[row]! < 0 && !this.#forgotten.has(file))
      this.#forgotten.set(file, 'size');
  }

  #know(file: number, op: number, flags: number): void {
    const comes = KNOWS[op] === 1 || (op === Op.file && (flags & Flag.unknown) === 0);
    if (comes && !this.#known.has(file)) this.#learnt.add(file);
    if (comes) this.#known.add(file);
    else if (op === Op.map_unknown) this.#known.delete(file);
  }

  /**
   * Holes got blocks, or blocks data, through no call that was seen: by a device, or by calls that were not recorded. What page faults
   * dirtied comes so too: lanes take it as it was seen, whether they let the faults through or not.
   */
  #appeared(row: number): void {
    const c = this.#c;
    const [file, task, offset, length] = [c.file[row]!, c.task[row]!, c.offset[row]!, c.length[row]!];
    const flags = c.flags[row]!;
    if (c.opId[row] !== 0 || file === NONE || task === NONE || (flags & ELSEWHERE) !== 0) return;
    const held = this.#maps.holding(file, offset, length, c.timeNs[row]! - 1);
    const unwritten = flags & Flag.unwritten;
    const before = unwritten === 0 ? Holding.hole | Holding.unwritten : Holding.hole;
    const faulted = unwritten === 0 && (held & Holding.written) === 0 && this.#faulted.has(file, offset, length);
    if (!faulted && ((held & ~before) !== 0 || this.#written.has(file, offset, length))) return;
    const met = faulted ? 'faulted' : (held & Holding.unwritten) !== 0 ? 'unwritten' : 'hole';
    if (faulted) this.#faulted.drop(file, offset, length);
    const last = this.#lastOf.get(task);
    const goesOn = last?.op === Op.extent && last.file === file && last.offset + last.length === offset;
    if (goesOn && last.case === met && last.flags === unwritten) last.length += length;
    else this.#add(row, Op.extent, unwritten, met);
  }

  #leave(op: number): void {
    const name = OPS[op]!;
    this.#leftOut[name] = (this.#leftOut[name] ?? 0) + 1;
  }

  #use(row: number): void {
    const c = this.#c;
    const size = this.#maps.size(c.file[row]!, c.timeNs[row]! - 1);
    this.#lastOpId = c.opId[row]!;
    const { op, file, offset, length } = this.#add(row, c.op[row]!, c.flags[row]! & KEPT, this.#case(row, size));
    if (GIVES_BLOCKS[op] === 1 && offset >= 0 && length > 0) this.#written.add(file, offset, length);
  }

  #add(row: number, op: number, flags: number, met: CaseName): Use {
    const c = this.#c;
    const file = c.file[row]!;
    const size = this.#maps.size(file, c.timeNs[row]! - 1);
    const result = c.result[row]!;
    const errno = result < 0 && result !== UNKNOWN_RESULT ? result : 0;
    const held = this.#held(row, file);
    const use: Use = {
      timeNs: c.timeNs[row]!,
      op,
      flags,
      file,
      task: c.task[row]!,
      offset: c.offset[row]!,
      length: c.length[row]!,
      errno,
      latencyNs: c.latencyNs[row]!,
      case: met,
      size,
      other: -1,
      hold: errno === 0 ? this.#acquire(row, size) : null,
      ...held,
      forgotten: this.#forgotten.get(file) ?? 'nothing',
      learnt: this.#learnt.delete(file),
    };
    this.#forgotten.delete(file);
    this.#used.add(file);
    this.#uses.push(use);
    this.#lastOf.set(use.task, use);
    return use;
  }

  /** Who had it when the operation came. */
  #held(row: number, file: number): Pick<Use, 'mapped' | 'pinned' | 'pinnedHere'> {
    const task = this.#c.task[row]!;
    const pid = this.#pids[this.#c.task[row]!] ?? -1;
    let mapped = false;
    for (const one of this.#mapped.get(file) ?? []) if (one.pid !== pid) mapped = true;
    const devices = this.#devices.get(file);
    let pinnedHere = false;
    for (const one of devices ?? []) if (one.task === task) pinnedHere = true;
    return { mapped, pinned: (devices?.size ?? 0) > 0, pinnedHere };
  }

  #case(row: number, size: Bytes): CaseName {
    const c = this.#c;
    const op = c.op[row]!;
    const length = c.length[row]!;
    const offset = c.offset[row]!;
    if (op === Op.truncate) return size < 0 ? '' : length < size ? 'down' : length > size ? 'up' : 'same';
    // Faults know whole pages only.
    if (IS_FAULT[op] === 1 && size >= 0 && offset >= Math.ceil(size / PAGE) * PAGE) return 'past_eof';
    if (op !== Op.write && op !== Op.write_fault) return '';
    if (op === Op.write && size >= 0 && offset >= 0 && offset + length > size) return 'past_eof';
    const held = this.#maps.holding(c.file[row]!, offset, length, c.timeNs[row]! - 1);
    const met = caseOf(held);
    if (op === Op.write || c.result[row]! < 0) {
      if (met !== 'written') this.#faulted.drop(c.file[row]!, offset, length);
      return met;
    }
    if (met !== 'written') this.#faulted.add(c.file[row]!, offset, PAGE);
    else if (this.#faulted.has(c.file[row]!, offset, PAGE)) return 'faulted';
    return met;
  }

  #acquire(row: number, size: Bytes): HoldUse | null {
    const c = this.#c;
    const op = c.op[row]!;
    const release = RELEASES[OPS[op]!];
    const handle = c.handle[row]!;
    if (release === undefined || handle === 0) return null;
    const file = c.file[row]!;
    const hold: HoldUse = {
      handle,
      timeNs: c.timeNs[row]!,
      file,
      task: c.task[row]!,
      pid: this.#pids[c.task[row]!] ?? -1,
      offset: Math.max(0, c.offset[row]!),
      length: c.length[row]! < 0 ? Math.max(0, size) : c.length[row]!,
      endNs: UNKNOWN,
      release,
      left: c.length[row]! < 0 ? 0 : c.length[row]!,
      accesses: [],
    };
    // A lease that becomes one of another kind.
    const before = this.#live.get(handle);
    if (before !== undefined) this.#forget(before);
    this.#live.set(handle, hold);
    if (FOR_DEVICES[op] === 1) holdsOf(this.#devices, file).add(hold);
    if (op === Op.mmap) holdsOf(this.#mapped, file).add(hold);
    return hold;
  }

  /** A mapping may be given back in parts. */
  #release(row: number): void {
    const c = this.#c;
    const hold = this.#live.get(c.handle[row]!)!;
    const length = c.length[row]!;
    hold.left -= length < 0 ? hold.left : length;
    if (hold.left > 0) this.#leave(c.op[row]!);
    else this.#ended(hold, c.timeNs[row]!);
  }

  #ended(hold: HoldUse, endNs: Nanos): void {
    hold.endNs = endNs;
    this.#forget(hold);
  }

  #forget(hold: HoldUse): void {
    this.#live.delete(hold.handle);
    this.#devices.get(hold.file)?.delete(hold);
    this.#mapped.get(hold.file)?.delete(hold);
  }

  /** True where it went through a hold. */
  #accessed(row: number): boolean {
    const c = this.#c;
    const hold = this.#live.get(c.handle[row]!) ?? this.#covering(row);
    if (hold === undefined) return false;
    this.#lastOpId = 0;
    const access = { timeNs: c.timeNs[row]!, bytes: Math.max(0, c.length[row]!), write: c.op[row] === Op.dma_write };
    hold.accesses.push(access);
    this.#access = { opId: c.opId[row]!, access };
    return true;
  }

  /** The next piece of an access through a hold. */
  #continued(row: number): boolean {
    const c = this.#c;
    if (this.#access === null || this.#access.opId !== c.opId[row] || c.opId[row] === 0) return this.#accessed(row);
    this.#access.access.bytes += Math.max(0, c.length[row]!);
    return true;
  }

  #covering(row: number): HoldUse | undefined {
    const c = this.#c;
    const offset = c.offset[row]!;
    for (const hold of this.#devices.get(c.file[row]!) ?? [])
      if (offset >= hold.offset && offset < hold.offset + hold.length) return hold;
    return undefined;
  }

  /** The second file of an operation, or the next piece of a device's transfer. */
  #second(row: number): void {
    const c = this.#c;
    const last = this.#uses.at(-1);
    const belongs = last !== undefined && this.#lastOpId !== 0 && this.#lastOpId === c.opId[row];
    if (IS_ACCESS[c.op[row]!] === 1 && this.#continued(row)) return;
    if (!belongs || c.file[row] === NONE) this.#leave(c.op[row]!);
    else if (IS_ACCESS[c.op[row]!] === 1) last.length += Math.max(0, c.length[row]!);
    else last.other = c.file[row]!;
  }

  #exit(row: number): void {
    const c = this.#c;
    const task = c.task[row]!;
    this.#exits.push({ task, killed: (c.flags[row]! & Flag.killed) !== 0, timeNs: c.timeNs[row]! });
    for (const hold of [...this.#live.values()]) if (hold.pid === this.#pids[task]) this.#forget(hold);
  }
}

function caseOf(held: number): CaseName {
  if ((held & Holding.hole) !== 0) return 'hole';
  if ((held & Holding.reflinked) !== 0) return 'shared';
  return (held & Holding.unwritten) !== 0 ? 'unwritten' : 'written';
}

function holdsOf(files: Map<number, Set<HoldUse>>, file: number): Set<HoldUse> {
  const known = files.get(file);
  if (known !== undefined) return known;
  const made = new Set<HoldUse>();
  files.set(file, made);
  return made;
}
